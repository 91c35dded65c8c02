"""The uncertainty budget by hand."""

from math import exp, log, sqrt

import pytest

from comparison.submitted import figure
from isojoule.comparison.budget import (
    Doubt,
    bounds_of,
    model_doubts,
    repeats_log_std,
    rounding_of,
    shares_of,
    total_log_std,
)
from isojoule.comparison.rules import Errors
from isojoule.submissions import Figure, Place


def test_variances_add_up_and_shares_are_parts_of_their_sum():
    doubts = [Doubt("a", 0.3, "system"), Doubt("b", 0.4, "site")]
    assert total_log_std(doubts) == pytest.approx(0.5)
    assert shares_of(doubts) == pytest.approx({"b": 0.64, "a": 0.36})
    assert list(shares_of(doubts)) == ["b", "a"]
    assert shares_of([]) == {}


def test_bounds_are_factors_up_and_down():
    low_j, high_j = bounds_of(100.0, [Doubt("a", 0.5, "system")], 0.95)
    factor = exp(1.959963984540054 * 0.5)
    assert (low_j, high_j) == pytest.approx((100 / factor, 100 * factor))
    assert bounds_of(100.0, [], 0.95) == (100.0, 100.0)


@pytest.mark.parametrize("n_references", [1, 2, 5])
def test_the_parts_of_a_conversion_make_its_whole_error(n_references):
    parts = model_doubts(0.4, n_references, of="r")
    assert total_log_std(parts) == pytest.approx(0.4)
    own, site, everybody = (d.log_std**2 for d in parts)
    assert site == pytest.approx(everybody)
    assert own / (site + everybody) == pytest.approx(n_references)
    assert [d.shared for d in parts] == ["system", "site", "all"]


def test_with_one_reference_half_of_the_error_is_its_own():
    own, site, everybody = model_doubts(0.4, 1, of="r")
    assert own.log_std**2 == pytest.approx(0.08)
    assert site.log_std**2 == everybody.log_std**2 == pytest.approx(0.04)


def test_repeats_are_pooled_with_the_prior_of_one_run():
    errors = Errors(repeat_fraction=0.1)
    assert repeats_log_std([50.0], errors) == pytest.approx(0.1)
    assert repeats_log_std([50.0, 50.0], errors) == pytest.approx(0.1 / 2)
    half = log(60 / 50) / 2
    expected = sqrt((0.1**2 + 2 * half**2) / 4)
    assert repeats_log_std([50.0, 60.0], errors) == pytest.approx(expected)


def test_a_figure_without_a_last_digit_is_not_rounded():
    assert rounding_of(figure("0.032")) == pytest.approx(0.001 / 0.032 / sqrt(12))
    assert rounding_of(figure("40")) == pytest.approx(1 / 40 / sqrt(12))
    exact = Figure(text="0.032", value=0.032, place=Place("entries.csv", 1))
    assert rounding_of(exact) == 0.0
