"""The covariance against a double loop, and what it must be whatever it is made of."""

from dataclasses import replace

import numpy as np
import pytest

from isojoule.normalizers.joint.covariance import (
    GROUPS,
    Inputs,
    covariance_of,
    distances,
    mean_of,
    parts_of,
)
from joint_cases import (
    WIDTHS,
    joined,
    naive_covariance,
    naive_mean,
    random_inputs,
)


def one(*values: float, network: int = 0) -> Inputs:
    return Inputs(np.array([values]), np.array([network]), np.zeros((1, 0)))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("unknown", [0.0, 0.4, 1.0])
def test_it_equals_a_double_loop(seed, unknown):
    inputs = random_inputs(np.random.default_rng(seed), 9, unknown=unknown)
    found = covariance_of(WIDTHS, distances(inputs))
    assert found == pytest.approx(naive_covariance(WIDTHS, inputs), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_it_is_symmetric_and_positive_semidefinite(seed):
    rng = np.random.default_rng(seed)
    inputs = random_inputs(rng, 25, unknown=seed / 6)
    twice = joined(inputs, inputs)  # equal rows too
    for of in (inputs, twice):
        found = covariance_of(WIDTHS, distances(of))
        assert (found == found.T).all()
        assert np.linalg.eigvalsh(found).min() > -1e-12


@pytest.mark.parametrize("seed", range(4))
def test_other_rows_are_a_block_of_all_rows(seed):
    rng = np.random.default_rng(seed)
    a, b = random_inputs(rng, 4), random_inputs(rng, 7)
    whole = covariance_of(WIDTHS, distances(joined(a, b)))
    across = covariance_of(WIDTHS, distances(a, b))
    assert across == pytest.approx(whole[:4, 4:], rel=1e-12)
    assert across == pytest.approx(naive_covariance(WIDTHS, a, b), rel=1e-12)


def test_stacks_of_workloads_are_worked_out_side_by_side():
    rng = np.random.default_rng(3)
    stack = [random_inputs(rng, 5) for _ in range(3)]
    together = Inputs(
        np.stack([s.values for s in stack]),
        np.stack([s.network for s in stack]),
        np.stack([s.elsewhere for s in stack]),
    )
    found = covariance_of(WIDTHS, distances(together))
    for each, single in zip(found, stack, strict=True):
        assert each == pytest.approx(naive_covariance(WIDTHS, single), rel=1e-12)


def test_the_parts_add_up_and_each_has_a_name_for_users():
    inputs = random_inputs(np.random.default_rng(1), 6)
    parts = parts_of(WIDTHS, distances(inputs))
    assert sum(parts.values()) == pytest.approx(
        covariance_of(WIDTHS, distances(inputs))
    )
    assert parts.keys() == GROUPS.keys()


@pytest.mark.parametrize("place", range(1, 5))
def test_an_unknown_input_ties_nothing_and_counts_in_full_as_doubt(place):
    values = np.ones((2, 5))
    values[0, place] = np.nan
    inputs = Inputs(values, np.array([0, 1]), np.zeros((2, 0)))
    parts = parts_of(WIDTHS, distances(inputs))
    name = ("energy", "power", "efficiency", "params", "batch")[place]
    curve, slope = parts[f"{name}_curve"], parts[f"{name}_slope"]
    full = WIDTHS.curve_sd[place] ** 2
    assert curve == pytest.approx(np.array([[full, 0.0], [0.0, full]]))
    assert slope == pytest.approx(
        np.array([[0.0, 0.0], [0.0, WIDTHS.slope_sd[place] ** 2]])
    )


def test_an_unknown_input_is_new_to_a_second_look_at_the_same_workload():
    # Whatever its batch size was, that the same one is meant twice is not known.
    bare = one(0.0, 0.0, 0.0, 0.0, float("nan"))
    within = covariance_of(WIDTHS, distances(bare))
    across = covariance_of(WIDTHS, distances(bare, bare))
    assert within - across == pytest.approx(WIDTHS.curve_sd[4] ** 2)


def test_parts_equal_hand_arithmetic():
    # One curve length apart in energy: exp(-1/2); product of 1.1 and 2.2.
    left, right = one(1.1, 0, 0, 0, 0), one(2.2, 0, 0, 0, 0, network=1)
    parts = {n: p.item() for n, p in parts_of(WIDTHS, distances(left, right)).items()}
    assert parts["energy_curve"] == pytest.approx(0.31**2 * 0.60653066)
    assert parts["energy_slope"] == pytest.approx(0.21**2 * 2.42)
    assert parts["network"] == parts["network_surface"] == 0.0
    assert parts["ratio"] == pytest.approx(0.81)


@pytest.mark.parametrize("seed", range(4))
def test_the_mean_equals_a_loop(seed):
    inputs = random_inputs(np.random.default_rng(seed), 9)
    assert mean_of(WIDTHS, inputs) == pytest.approx(naive_mean(WIDTHS, inputs))


def test_what_one_machine_tells_counts_like_what_two_tell_alike():
    told = Inputs(np.zeros((2, 5)), np.arange(2), np.array([[0.4, 0.0], [0.4, 0.4]]))
    flat = replace(WIDTHS, elsewhere_weight=0.5)
    assert mean_of(flat, told) == pytest.approx([0.2, 0.2])


def test_rows_are_chosen_by_place():
    inputs = random_inputs(np.random.default_rng(0), 5)
    chosen = inputs.of([3, 1])
    assert chosen.network.tolist() == inputs.network[[3, 1]].tolist()
    assert chosen.elsewhere.tolist() == inputs.elsewhere[[3, 1]].tolist()
    np.testing.assert_array_equal(chosen.values, inputs.values[[3, 1]])
