from math import isnan, nan

import numpy as np
import pytest

from isojoule.studies.estimators.scores import Coverage, Errors


def test_errors_by_hand():
    found = Errors.of(np.array([1.0, 4.0, 9.0]), np.array([2.0, 4.0, 6.0]))
    assert found.n == 3
    assert found.rmse == pytest.approx((10 / 3) ** 0.5)
    assert found.mae == pytest.approx(4 / 3)
    assert found.bias == pytest.approx(2 / 3)
    assert found.mape == pytest.approx((0.5 + 0 + 0.5) / 3)
    assert found.mdape == 0.5
    assert found.r2 == pytest.approx(1 - 10 / 8)


def test_a_truth_that_does_not_vary_has_no_r2():
    same = np.full(3, 0.1) * 3
    assert isnan(Errors.of(np.array([1.0, 2.0, 3.0]), same).r2)


def test_nothing_cannot_be_scored():
    with pytest.raises(ValueError, match="nothing to score"):
        Errors.of(np.array([]), np.array([]))


def test_intervals_that_are_not_there_do_not_count():
    low = np.array([1.0, nan, 0.0, 5.0])
    high = np.array([3.0, nan, 1.0, 6.0])
    found = Coverage.of(low, high, np.array([2.0, 2.0, 2.0, 5.0]))
    assert found.n == 3
    assert found.fraction == pytest.approx(2 / 3)
    assert found.width_fraction == 0.5
    assert Coverage.of(low[1:2], high[1:2], np.ones(1)).n == 0
