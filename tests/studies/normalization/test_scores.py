from math import inf, isnan, log

import numpy as np
import pytest

from isojoule.studies.normalization.scores import METRICS, score_all


def score(predicted_j, true_j, is_test=None):
    """Scores of one fold."""
    tested = np.ones(len(true_j), bool) if is_test is None else np.array(is_test)
    found = score_all(np.array([predicted_j]), np.array([true_j]), tested[np.newaxis])
    return {name: float(values[0]) for name, values in found.items()}


def test_scores_by_hand():
    found = score([3.6e6, 7.2e6, -3.6e6], [3.6e6, 3.6e6, 7.2e6])
    # In kWh: predicted 1, 2, -1; true 1, 1, 2, of mean 4/3.
    assert found["mse_kwh2"] == pytest.approx((0 + 1 + 9) / 3)
    assert found["r2"] == pytest.approx(1 - 10 / (1 / 9 + 1 / 9 + 4 / 9))
    assert found["mdape"] == pytest.approx(1.0)  # of 0, 1 and 1.5
    assert found["male"] == inf
    assert found["nonpositive_fraction"] == pytest.approx(1 / 3)


def test_the_log_error_is_that_of_factors():
    found = score([2.0, 0.5, 1.0], [1.0, 1.0, 1.0])
    assert found["male"] == pytest.approx(2 / 3 * log(2))


def test_only_what_is_held_out_counts():
    found = score([1.0, 99.0, 3.0], [1.0, 1.0, 2.0], [True, False, True])
    assert found == pytest.approx(score([1.0, 3.0], [1.0, 2.0]))


@pytest.mark.parametrize("true_j", [[5.0], [0.1, 0.1, 0.1]])
def test_r2_is_undefined_for_one_workload_and_for_equal_energies(true_j):
    found = score([x * 1.1 for x in true_j], true_j)
    assert isnan(found.pop("r2"))
    assert found["mdape"] == pytest.approx(0.1)


def test_an_infinite_prediction_is_an_infinite_error():
    found = score([inf, 1.0], [1.0, 2.0])
    assert found["r2"] == -inf
    assert found["mse_kwh2"] == inf
    assert found["male"] == inf
    assert found["nonpositive_fraction"] == 0


def test_scores_equal_a_loop_and_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(3)
    predicted_j, true_j = 10 ** rng.uniform(0, 7, (2, 50, 16))
    predicted_j[rng.random((50, 16)) < 0.05] *= -1
    is_test = rng.random((50, 16)) < 0.4
    is_test[:, :2] = True
    found = score_all(predicted_j, true_j, is_test)
    assert found.keys() == METRICS.keys()
    for row, tested in enumerate(is_test):
        p, t = predicted_j[row, tested], true_j[row, tested]
        expected = {
            "r2": metrics.r2_score(t, p),
            "mse_kwh2": metrics.mean_squared_error(t, p) / 3.6e6**2,
            "mdape": np.median(abs(p / t - 1)),
            "male": inf if (p <= 0).any() else np.mean(abs(np.log(p / t))),
            "nonpositive_fraction": np.mean(p <= 0),
        }
        for name, value in expected.items():
            assert found[name][row] == pytest.approx(value, rel=1e-9), name
