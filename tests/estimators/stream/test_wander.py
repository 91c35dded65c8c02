import numpy as np
import pytest

from isojoule.estimators.stream.wander import (
    MEMORIES,
    RATIOS,
    WEIGHTS,
    mean_to_come,
)


def naive_mean_to_come(residuals, n_left, prior2):
    """Kriging with the whole covariance matrix, for each wander of the grid."""
    m, r = len(residuals), n_left
    shifts, variances, logs = [], [], []
    for t, memory in enumerate(MEMORIES):
        for q, ratio in enumerate(RATIOS):
            lag = np.abs(np.subtract.outer(np.arange(m + r), np.arange(m + r)))
            whole = ratio * np.exp(-lag / memory) + np.eye(m + r)
            seen, cross = whole[:m, :m], whole[:m, m:].mean(axis=1)
            inverse, ones = np.linalg.inv(seen), np.ones(m)
            level = ones @ inverse @ residuals / (ones @ inverse @ ones)
            off = residuals - level
            squares = 3 * prior2 + off @ inverse @ off
            freedom = 3 + m - 1
            unknown = (1 - cross @ inverse @ ones) ** 2 / (ones @ inverse @ ones)
            shifts.append(level + cross @ inverse @ off)
            variances.append(
                squares
                / freedom
                * (whole[m:, m:].mean() - cross @ inverse @ cross + unknown)
            )
            logs.append(
                np.log(WEIGHTS[t, q])
                - np.linalg.slogdet(seen)[1] / 2
                - np.log(ones @ inverse @ ones) / 2
                - freedom / 2 * np.log(squares)
            )
    weights = np.exp(np.array(logs) - max(logs))
    weights /= weights.sum()
    shift = weights @ np.array(shifts)
    return shift, weights @ (np.array(variances) + (np.array(shifts) - shift) ** 2)


@pytest.mark.parametrize("n_left", [1, 7, 60])
@pytest.mark.parametrize("n", [1, 2, 9, 16])
def test_the_prediction_is_that_of_the_whole_matrix(n, n_left):
    residuals = np.random.default_rng(n).standard_normal(n).cumsum() * 0.01
    residuals -= residuals.mean()
    found = mean_to_come(residuals, n_left=n_left, prior2=1e-4)
    shift, variance = naive_mean_to_come(residuals, n_left, 1e-4)
    assert found.shift == pytest.approx(shift, abs=1e-12)
    assert found.scatter2 + found.wander2 == pytest.approx(variance, rel=1e-9)
    assert found.freedom == 3 + n - 1


def test_means_of_batches_stand_for_many_epochs_and_never_sharpen():
    # Within a batch wander counts as scatter: that widens, the more it wanders.
    for wanders, widest in ((0.0, 1.3), (0.003, 2.0), (0.01, 4.0)):
        random = np.random.default_rng(4)
        residuals = 0.01 * random.standard_normal(96)
        residuals += wanders * random.standard_normal(96).cumsum()
        residuals -= residuals.mean()
        found = mean_to_come(residuals, n_left=20, prior2=1e-4)
        shift, variance = naive_mean_to_come(residuals, 20, 1e-4)
        assert found.shift == pytest.approx(shift, abs=variance**0.5)
        assert 0.9 < (found.scatter2 + found.wander2) / variance < widest


def test_scatter_alone_leaves_the_mean_and_a_drift_draws_to_the_last():
    random = np.random.default_rng(0)
    white = random.standard_normal(64)
    white -= white.mean()
    drift = np.linspace(-3, 3, 64) + 0.1 * random.standard_normal(64)
    drift -= drift.mean()
    assert abs(mean_to_come(white, n_left=50, prior2=1.0).shift) < 0.3
    assert mean_to_come(drift, n_left=50, prior2=1.0).shift > 1.0


def test_what_wanders_has_the_wider_interval():
    random = np.random.default_rng(2)
    white = random.standard_normal(40)
    walk = random.standard_normal(40).cumsum()
    walk *= white.std() / walk.std()
    calm, restless = (
        mean_to_come(v - v.mean(), n_left=60, prior2=1.0) for v in (white, walk)
    )
    assert restless.wander2 > 3 * calm.wander2


def test_epochs_of_no_energy_have_no_doubt_and_no_error():
    found = mean_to_come(np.zeros(5), n_left=10, prior2=0.0)
    assert (found.shift, found.scatter2) == (0.0, pytest.approx(0.0))
