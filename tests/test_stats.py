from math import inf, log, pi, sqrt, tan

import numpy as np
import pytest
from scipy.stats import t as student_t

from isojoule.stats import (
    conformal_quantile,
    highest_conformal_level,
    log_ratio,
    student_half_width,
)


def test_nine_residuals_support_ninety_percent_with_the_largest():
    residuals = [0.1, 0.9, 0.3, 0.2, 0.8, 0.4, 0.7, 0.5, 0.6]
    assert conformal_quantile(residuals, 0.9) == 0.9
    assert conformal_quantile(residuals, 0.8) == 0.8
    assert conformal_quantile(residuals, 0.5) == 0.5


def test_eight_residuals_do_not_support_ninety_percent():
    assert conformal_quantile([1.0] * 8, 0.9) is None
    assert highest_conformal_level(8) == pytest.approx(8 / 9)


def test_no_residuals_support_nothing():
    assert conformal_quantile([], 0.1) is None
    assert highest_conformal_level(0) == 0.0


def test_failed_predictions_count_as_infinitely_wrong():
    assert conformal_quantile([0.1] * 8 + [inf], 0.9) == inf
    assert conformal_quantile([0.1] * 8 + [inf], 0.8) == 0.1


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(ValueError, match="level"):
        conformal_quantile([1.0], level)


def test_the_promised_coverage_is_kept_on_simulated_data():
    rng = np.random.default_rng(1)
    level, n, trials = 0.8, 12, 4000
    errors = np.abs(rng.standard_t(2, size=(trials, n + 1)))  # heavy tails on purpose
    covered = sum(
        row[-1] <= conformal_quantile(row[:-1].tolist(), level) for row in errors
    )
    # Exact coverage is ceil(13 * 0.8) / 13 = 11 / 13; four standard errors either side.
    expected = 11 / 13
    tolerance = 4 * np.sqrt(expected * (1 - expected) / trials)
    assert covered / trials == pytest.approx(expected, abs=tolerance)


def test_the_log_ratio_of_a_prediction_that_is_not_positive_is_infinite():
    assert log_ratio(2.0, 1.0) == pytest.approx(log(2))
    assert log_ratio(0.0, 1.0) == inf
    assert log_ratio(-1.0, 1.0) == inf


@pytest.mark.parametrize("level", [0.01, 0.5, 0.9, 0.99, 0.999])
def test_half_widths_of_one_and_two_degrees_of_freedom_have_closed_forms(level):
    assert student_half_width(level, 1) == pytest.approx(tan(pi * level / 2))
    closed = level * sqrt(2 / (1 - level**2))
    assert student_half_width(level, 2) == pytest.approx(closed, rel=1e-5)


@pytest.mark.parametrize("freedom", [2.1, 3.6, 5.5, 10, 30.5, 404, 1000])
@pytest.mark.parametrize("level", [0.01, 0.1, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_half_widths_are_the_quantiles_of_student(freedom, level):
    expected = student_t.ppf((1 + level) / 2, freedom)
    assert student_half_width(level, freedom) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90, float("nan")])
def test_half_widths_of_a_level_outside_its_range_are_refused(level):
    with pytest.raises(ValueError, match="the level must lie in"):
        student_half_width(level, 5.0)


def test_half_widths_need_a_degree_of_freedom():
    with pytest.raises(ValueError, match=r"at least 1 degree of freedom, got 0\.5"):
        student_half_width(0.9, 0.5)
