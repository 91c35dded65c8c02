from itertools import pairwise
from math import exp, log
from statistics import median

import pytest

from comparison.submitted import figure
from isojoule.comparison.checks.figures import (
    count_of,
    digits_of,
    distance,
    listed,
    log_median,
    number_of,
    rounding_of,
)
from isojoule.submissions import Figure, Place


def stated(value, step=None):
    return Figure(text=str(value), value=value, place=Place("f"), step=step)


@pytest.mark.parametrize("value", [None, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_none(value):
    assert number_of(stated(value)) is None


@pytest.mark.parametrize("value", [0.0, -1.0, 1.5, 1e300])
def test_what_is_no_count_is_none(value):
    assert count_of(stated(value)) is None


@pytest.mark.parametrize(
    ("text", "digits", "rounding"),
    [("0.032", 2, 0.5 / 32), ("0.936", 3, 0.5 / 936), ("2.340", 4, 0.5 / 2340)],
)
def test_digits_and_rounding_are_those_that_were_written(text, digits, rounding):
    assert digits_of(figure(text)) == digits
    assert rounding_of(figure(text)) == pytest.approx(rounding)


def test_a_step_far_below_the_value_has_no_digits():
    assert digits_of(stated(1e308, 1e-10)) is None


@pytest.mark.parametrize("n", [2, 3, 4, 7, 10])
def test_the_median_without_one_equals_that_of_a_copy(n):
    values = [1.7**k for k in range(n)]
    logs = [log(v) for v in values]
    for left_out in range(n):
        kept = [v for i, v in enumerate(logs) if i != left_out]
        assert log_median(logs, without=left_out) == pytest.approx(exp(median(kept)))
    assert log_median(logs) == pytest.approx(exp(median(logs)))


def test_a_distance_is_the_same_both_ways():
    for a, b in pairwise([0.1, 3.0, 5e-324, 1e308]):
        assert distance(a, b) == distance(b, a) >= 1


def test_things_are_listed_as_in_a_sentence():
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
