"""Plans of references against conditioning from scratch and against every choice."""

from itertools import pairwise

import numpy as np
import pytest

from isojoule.normalizers.joint.planning import Planner, as_new_networks, plan_order
from isojoule.normalizers.joint.process import JITTER
from joint_cases import WIDTHS, joined, naive_covariance, random_inputs


def case(seed: int, n: int = 8, m: int = 11):
    rng = np.random.default_rng(seed)
    return random_inputs(rng, n), random_inputs(rng, m)


def naive_mean_sd(h, candidates, wanted, taken):
    """Mean standard deviation once `taken` have run, from the whole covariance."""
    noise = h.noise_sd**2 + JITTER
    known = candidates.of(list(taken))
    inverse = np.linalg.inv(naive_covariance(h, known) + noise * np.eye(len(taken)))
    across = naive_covariance(h, wanted, known)
    total = 0.0
    for i in range(len(wanted.network)):
        own = naive_covariance(h, wanted.of([i]))[0, 0]
        total += np.sqrt(own - across[i] @ inverse @ across[i] + noise)
    return total / len(wanted.network)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("taken", [(), (2,), (5, 0, 3)])
def test_what_each_candidate_would_leave_is_conditioning_from_scratch(seed, taken):
    candidates, wanted = case(seed)
    planner = Planner(WIDTHS, candidates, wanted)
    for place in taken:
        step = planner.take(place)
        assert step.place == place
    expected = naive_mean_sd(WIDTHS, candidates, wanted, taken)
    assert planner.mean_sd == pytest.approx(expected, rel=1e-9)
    left = [p for p in range(8) if p not in taken]
    after = planner.mean_sd_after()
    for place in left:
        expected = naive_mean_sd(WIDTHS, candidates, wanted, (*taken, place))
        assert after[place] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_the_first_reference_is_the_best_of_all(seed):
    candidates, wanted = case(seed)
    left = [naive_mean_sd(WIDTHS, candidates, wanted, [p]) for p in range(8)]
    (step,) = plan_order(WIDTHS, candidates, wanted, k=1)
    assert step.place == int(np.argmin(left))
    assert step.mean_sd == pytest.approx(min(left))


def test_each_further_reference_is_the_best_after_those_before():
    candidates, wanted = case(9)
    taken: list[int] = []
    for step in plan_order(WIDTHS, candidates, wanted, k=4):
        left = {
            p: naive_mean_sd(WIDTHS, candidates, wanted, [*taken, p])
            for p in range(8)
            if p not in taken
        }
        assert step.place == min(left, key=left.__getitem__)
        taken.append(step.place)
    assert len(taken) == 4


def test_the_doubt_never_grows_and_no_reference_comes_twice():
    candidates, wanted = case(3)
    steps = plan_order(WIDTHS, candidates, wanted, k=99)
    assert sorted(s.place for s in steps) == [0, 1, 2, 3, 4, 5, 6, 7]
    for before, after in pairwise(steps):
        assert after.mean_sd <= before.mean_sd + 1e-12


def test_nothing_is_left_once_all_have_run():
    candidates, wanted = case(6, n=2)
    planner = Planner(WIDTHS, candidates, wanted)
    planner.take(1)
    planner.take(0)
    assert planner.best() is None
    assert plan_order(WIDTHS, candidates, wanted, k=0) == []


def test_new_networks_share_nothing_with_each_other_or_with_known_ones():
    inputs, _ = case(7)
    new = as_new_networks(inputs)
    both = joined(inputs, new).network.tolist()
    assert len(set(both[8:])) == 8
    assert not set(both[:8]) & set(both[8:])
    np.testing.assert_array_equal(new.values, inputs.values)
