import numpy as np
import pytest
from scipy import stats

from isojoule.studies.lengths import fit_length

N = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0])


def test_the_line_and_its_errors_are_those_of_scipy():
    energies_j = 50 + 2 * N + np.array([3, -4, 2, -1, 4, -3])
    found = fit_length("w", N, energies_j, n_samples_per_epoch=100, level=0.9)
    line = stats.linregress(N, energies_j)
    t = stats.t.ppf(0.95, 4)
    assert found.energy_j_per_sample.value == pytest.approx(line.slope)
    assert found.energy_j_per_sample.low == pytest.approx(line.slope - t * line.stderr)
    assert found.energy_offset_j.value == pytest.approx(line.intercept)
    assert found.energy_offset_j.high == pytest.approx(
        line.intercept + t * line.intercept_stderr
    )
    assert found.r2 == pytest.approx(line.rvalue**2)
    assert found.energy_j_per_epoch == pytest.approx(100 * line.slope)
    log = stats.linregress(np.log(N), np.log(energies_j))
    assert found.log_slope.value == pytest.approx(log.slope)
    assert found.log_slope.high == pytest.approx(log.slope + t * log.stderr)


def test_the_largest_residual_is_a_share_of_the_line():
    # The line through these pairs is E = 10 n; the first ones lie 1 of 10 beside it.
    found = fit_length("w", [1, 1, 2, 2, 3, 3], [9, 11, 19, 21, 29, 31], level=0.95)
    assert found.largest_residual_fraction == pytest.approx(0.1)


def test_the_quadratic_term_is_tested_as_numpy_fits_it():
    energies_j = 50 + 2 * N + np.array([3, -4, 2, -1, 4, -3])
    factors, covariance = np.polyfit(N / 600, energies_j, 2, cov=True)
    p = 2 * stats.t.sf(abs(factors[0]) / np.sqrt(covariance[0, 0]), 3)
    found = fit_length("w", N, energies_j, level=0.95)
    assert found.quadratic_p == pytest.approx(p)


@pytest.mark.parametrize(
    ("energies_j", "verdict"),
    [
        (2 * N + np.array([3, -4, 2, -1, 4, -3]), "proportional"),
        (500 + 2 * N + np.array([3, -4, 2, -1, 4, -3]), "linear with an offset"),
        (N**2 / 100 + np.array([3, -4, 2, -1, 4, -3]), "not linear"),
        (2 * N * np.array([0.4, 2, 0.5, 1.8, 0.6, 1.3]), "cannot tell"),
    ],
)
def test_what_the_fit_says(energies_j, verdict):
    assert fit_length("w", N, energies_j, level=0.95).verdict == verdict


@pytest.mark.parametrize(
    ("n_samples", "told"),
    [
        ([1, 1, 2, 2], "4 runs of 2 lengths, needs 4 of 3"),
        ([1, 2, 3], "3 runs of 3 lengths, needs 4 of 3"),
        ([100, 101, 102, 103], "longest run is less than 1.2 times the shortest"),
    ],
)
def test_too_few_or_too_similar_lengths_are_not_fitted(n_samples, told):
    found = fit_length("w", n_samples, n_samples, level=0.95)
    assert told in found.reason
    assert (found.verdict, found.r2) == ("cannot tell", None)


def test_energies_without_any_scatter_do_not_fail():
    found = fit_length("w", N, 2 * N, level=0.95)
    assert found.energy_j_per_sample.value == pytest.approx(2.0)
    assert found.verdict in {"proportional", "not linear", "linear with an offset"}


@pytest.mark.slow
def test_energy_that_is_proportional_is_rarely_called_anything_else():
    rng = np.random.default_rng(5)
    verdicts = []
    for _ in range(1000):
        n = rng.integers(50, 150, 30).astype(float)
        energies_j = 3 * n + rng.normal(0, 3, 30)
        verdicts.append(fit_length("w", n, energies_j, level=0.95).verdict)
    # Two tests at 5 % each reject in at most 10 % of cases, four errors above it 14 %.
    wrong = [v for v in verdicts if v in {"not linear", "linear with an offset"}]
    assert 0.02 < len(wrong) / 1000 < 0.14
