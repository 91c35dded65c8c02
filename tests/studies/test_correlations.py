from math import nan, sqrt

import numpy as np
import pytest
from scipy import stats

from isojoule.studies.correlations import correlate
from isojoule.studies.intervals import correlation_interval

RNG = np.random.default_rng(7)
SPREAD = np.exp(RNG.normal(0, 2, 12))
ENERGY_J = SPREAD * np.exp(RNG.normal(0, 0.7, 12))


def test_quantities_that_span_decades_are_taken_in_logarithms_as_scipy_does():
    found = correlate(SPREAD, ENERGY_J, level=0.9)
    log = stats.pearsonr(np.log(SPREAD), np.log(ENERGY_J))
    low, high = log.confidence_interval(0.9)
    assert found.scale == "log-log"
    assert found.pearson.value == pytest.approx(log.statistic)
    assert (found.pearson.low, found.pearson.high) == pytest.approx((low, high))
    assert found.pearson_log == pytest.approx(log.statistic)
    assert found.pearson_raw == pytest.approx(
        stats.pearsonr(SPREAD, ENERGY_J).statistic
    )


def test_spearman_has_the_error_of_bonett_and_wright():
    found = correlate(SPREAD, ENERGY_J, level=0.95)
    rank = stats.spearmanr(SPREAD, ENERGY_J).statistic
    error = sqrt((1 + rank**2 / 2) / 9)
    assert found.spearman == correlation_interval(rank, error=error, level=0.95)


def test_quantities_within_a_decade_stay_as_they_are():
    x, energies_j = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2.0, 3.0, 5.0, 4.0])
    found = correlate(x, energies_j, level=0.95)
    assert found.scale == "raw"
    assert found.pearson.value == pytest.approx(0.8)  # by hand: 4 / 5
    assert found.spearman.value == pytest.approx(0.8)


def test_what_is_not_known_is_left_out():
    x = np.append(SPREAD, nan)
    found = correlate(x, np.append(ENERGY_J, 1.0), level=0.95)
    assert found == correlate(SPREAD, ENERGY_J, level=0.95)
    assert found.n == 12


def test_a_zero_has_no_logarithm_and_then_there_is_no_interval():
    x = np.array([0.0, 0.2, 0.5, 0.9])
    found = correlate(x, np.array([1.0, 5.0, 20.0, 100.0]), level=0.95)
    assert (found.scale, found.pearson_log) == ("raw", None)
    assert found.pearson.low is None
    assert "no logarithm" in found.pearson.reason


@pytest.mark.parametrize(
    ("x", "energies_j", "told"),
    [
        ([nan, nan], [1, 2], "not known for any workload"),
        ([1, 2, 3], [1, 2, 3], "known for 3 workloads, needs 4"),
        ([5, 5, 5, 5], [1, 2, 3, 4], "it has 1 value, needs 3"),
        ([0.3, 0.1 * 3, 3e-1, 0.1 + 0.2], [1, 2, 3, 4], "it has 1 value, needs 3"),
        ([1, 1, 2, 2], [1, 2, 3, 4], "it has 2 different values, needs 3"),
        ([1, 2, 3, 4], [7, 7, 7, 7], "the energy has 1 value, needs 3"),
    ],
)
def test_too_little_gives_a_reason_and_no_figure(x, energies_j, told):
    found = correlate(x, energies_j, level=0.95)
    assert found.reason == told
    assert (found.pearson, found.spearman) == (None, None)


def test_counts_of_any_size_do_not_overflow():
    x = np.array([1e200, 2e200, 3e200, 4.5e200])
    assert correlate(x, np.array([1.0, 2.0, 3.0, 5.0]), level=0.95).pearson.value > 0.99


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 43])
def test_both_intervals_cover_at_about_the_promised_rate(n):
    rng = np.random.default_rng(1)
    n_trials, rho = 1500, 0.8
    true_rank = 6 / np.pi * np.arcsin(rho / 2)  # Spearman of two normal quantities
    hits = np.zeros(2)
    for _ in range(n_trials):
        x, noise = rng.normal(size=(2, n))
        log_energy = rho * x + sqrt(1 - rho**2) * noise
        found = correlate(np.exp(3 * x), np.exp(3 * log_energy), level=0.95)
        for place, (seen, true) in enumerate(
            ((found.pearson, rho), (found.spearman, true_rank))
        ):
            # A sample in complete agreement has no interval: it counts as a miss.
            hits[place] += seen.low is not None and seen.low <= true <= seen.high
    # Fisher is near exact here, Bonett and Wright an approximation in small samples.
    assert hits[0] / n_trials == pytest.approx(0.95, abs=0.02)
    assert hits[1] / n_trials == pytest.approx(0.95, abs=0.04)
