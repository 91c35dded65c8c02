"""The likelihood and its gradient, and what is found again in simulated pairs."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import multivariate_t

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.hyperparameters import START
from isojoule.normalizers.joint.learning import (
    SUBSETS,
    KnownPair,
    _objective,
    _stack,
    _stacks,
    learn,
    likelihood,
)
from isojoule.normalizers.joint.process import JITTER
from joint_cases import (
    WIDTHS,
    draw_log_ratios,
    joined,
    naive_covariance,
    naive_mean,
    random_inputs,
)


def some_pairs(seed: int = 0) -> list[KnownPair]:
    """Pairs of two sources, of different sizes, asking up to two further machines."""
    rng = np.random.default_rng(seed)
    return [
        KnownPair(
            name,
            random_inputs(rng, n, n_machines=n_machines),
            rng.normal(0.3, 0.6, n),
        )
        for name, n, n_machines in (("s", 7, 2), ("s", 3, 0), ("t", 12, 1))
    ]


def test_the_likelihood_is_that_of_a_multivariate_student_t():
    pairs = some_pairs()
    drawn = [(pair, np.arange(len(pair.log_ratios)), 1.0) for pair in pairs]
    values, _ = likelihood(WIDTHS, _stack(drawn))
    for pair, found in zip(pairs, values, strict=True):
        n, nu = len(pair.log_ratios), WIDTHS.freedom
        covariance = naive_covariance(WIDTHS, pair.inputs)
        covariance += (WIDTHS.noise_sd**2 + JITTER) * np.eye(n)
        expected = multivariate_t.logpdf(
            pair.log_ratios,
            naive_mean(WIDTHS, pair.inputs),
            covariance * (nu - 2) / nu,
            df=nu,
        )
        assert found == pytest.approx(-expected, rel=1e-9)


@pytest.mark.parametrize("of", ["start", "widths"])
def test_the_gradient_is_that_of_small_steps(of):
    stacks = _stacks(some_pairs(1), np.random.default_rng(0))
    vector = (START if of == "start" else WIDTHS).to_vector()
    _, gradient = _objective(vector, stacks)
    for place in range(len(vector)):
        step = np.zeros(len(vector))
        step[place] = 1e-5
        above, _ = _objective(vector + step, stacks)
        below, _ = _objective(vector - step, stacks)
        slope = (above - below) / 2e-5
        assert gradient[place] == pytest.approx(slope, rel=1e-5, abs=1e-7), place


def test_each_gradient_of_a_stack_is_of_its_own_pair():
    pairs = some_pairs(2)
    drawn = [(pair, np.arange(len(pair.log_ratios)), 1.0) for pair in pairs]
    together = likelihood(WIDTHS, _stack(drawn))
    for i, single in enumerate(drawn):
        value, gradient = likelihood(WIDTHS, _stack([single]))
        assert together[0][i] == pytest.approx(value[0])
        assert together[1][i] == pytest.approx(gradient[0])


def test_every_source_counts_alike_whatever_its_pairs_and_workloads():
    pairs = some_pairs()
    stacks = _stacks(pairs, np.random.default_rng(0))
    # All subsets, each with as many terms as it has workloads, have weight 1.
    total = sum(float(s.weight @ s.is_real.sum(axis=1)) for s in stacks)
    assert total == pytest.approx(1.0)
    assert sum(len(s.weight) for s in stacks) == len(pairs) * sum(SUBSETS.values())
    # Of the pair of three workloads no subset has more.
    assert max(s.is_real.sum(axis=1).max() for s in stacks) == 12


def simulated(noise_sd: float, n_pairs: int, *, seed: int) -> list[KnownPair]:
    """Pairs that ran each of 12 workloads twice: what differs then is noise."""
    truth = replace(START, noise_sd=noise_sd, curve_sd=(0.1,) * 5, freedom=9.0)
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(n_pairs):
        once = random_inputs(rng, 12, unknown=0.0, n_machines=0)
        inputs = joined(once, once)
        pairs.append(KnownPair("s", inputs, draw_log_ratios(truth, inputs, rng)))
    return pairs


@pytest.mark.slow
@pytest.mark.parametrize("noise_sd", [0.03, 0.3])
def test_the_noise_of_simulated_pairs_is_found_again(noise_sd):
    found = learn(simulated(noise_sd, 30, seed=5))
    assert noise_sd / 1.3 < found.noise_sd < noise_sd * 1.3
    # 30 ratios of deviation 1: a relative error of 1 / sqrt(60) = 0.13 at least.
    assert 0.6 < found.ratio_sd < 1.6


@pytest.mark.slow
def test_the_same_seed_learns_the_same():
    pairs = simulated(0.1, 4, seed=6)
    assert learn(pairs, seed=3) == learn(pairs, seed=3)


@pytest.mark.slow
def test_what_is_learned_is_more_likely_than_the_start():
    stacks = _stacks(pairs := simulated(0.02, 6, seed=7), np.random.default_rng(0))
    found = learn(pairs)
    assert (
        _objective(found.to_vector(), stacks)[0]
        < _objective(START.to_vector(), stacks)[0] - 0.1
    )


def test_pairs_of_one_workload_and_none_known_are_learned_from():
    blank = Inputs(np.full((1, 5), np.nan), np.zeros(1, dtype=int), np.zeros((1, 0)))
    blank.values[0, 0] = 0.0
    found = learn([KnownPair("s", blank, np.array([0.5]))])
    assert np.isfinite(found.to_vector()).all()


def test_no_pair_is_refused():
    with pytest.raises(InsufficientDataError, match="none was given"):
        learn([])


def test_learning_needs_scipy_and_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    with pytest.raises(MissingExtraError) as caught:
        learn(some_pairs())
    assert caught.value.extra == "study"
    assert "pip install 'isojoule[study]'" in str(caught.value)
