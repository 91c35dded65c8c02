from math import comb, erf, sqrt

import numpy as np
import pytest

from group_runs import naive_counts
from isojoule.studies.groups.effects import (
    mann_whitney_counts,
    median_interval,
    ratio_interval,
    shift_interval,
    superiority_interval,
)


def test_interval_of_a_median_lies_between_two_runs():
    found = median_interval(np.array([5.0, 1, 2, 3, 4, 6]), level=0.95)
    # The chance that all six lie on one side is 2 / 64, less than 0.05.
    assert (found.value, found.low, found.high) == (3.5, 1.0, 6.0)
    found = median_interval(np.arange(1.0, 10.0), level=0.95)
    # P(at most 1 of 9 below) = 10 / 512 <= 0.025 < P(at most 2) = 46 / 512.
    assert (found.value, found.low, found.high) == (5.0, 2.0, 8.0)


@pytest.mark.parametrize(("n", "told"), [(1, "1 run is"), (5, "5 runs are")])
def test_too_few_runs_have_a_median_without_an_interval(n, told):
    found = median_interval(np.arange(float(n)), level=0.95)
    assert (found.low, found.high) == (None, None)
    assert found.reason == f"{told} too few for 95%"


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (2, 3), (3, 3), (4, 3)])
def test_orders_are_counted_as_by_writing_them_all_down(n, m):
    assert mann_whitney_counts(n, m).tolist() == naive_counts(n, m)
    assert mann_whitney_counts(n, m).sum() == comb(n + m, n)


def test_large_groups_are_counted_too():
    assert mann_whitney_counts(30, 30).sum() == comb(60, 30)


def test_shift_is_the_median_of_all_differences():
    found = shift_interval(
        np.array([0.0, 1, 2, 3]), np.array([10.0, 11, 12, 13]), level=0.9
    )
    assert found.value == 10.0
    # P(U <= 1) = 2 / 70 <= 0.05 < P(U <= 2) = 4 / 70: the second of the differences
    # 7 8 8 ... on either side.
    assert (found.low, found.high) == (8.0, 12.0)


def test_three_against_three_have_a_ratio_without_an_interval():
    found = ratio_interval(np.array([1.0, 1, 1]), np.array([2.0, 2, 2]), level=0.95)
    assert found.value == pytest.approx(2.0)
    assert found.reason == "3 and 3 runs are too few for 95%"


def test_a_ratio_turned_round_is_its_inverse():
    one, other = np.array([1.0, 2, 4, 8, 9]), np.array([3.0, 5, 20, 40])
    there = ratio_interval(one, other, level=0.9)
    back = ratio_interval(other, one, level=0.9)
    assert there.value == pytest.approx(1 / back.value)
    assert there.low == pytest.approx(1 / back.high)


def test_a_ratio_of_zero_is_refused():
    with pytest.raises(ValueError, match="a ratio needs positive values"):
        ratio_interval(np.array([0.0, 1.0]), np.array([1.0, 2.0]), level=0.9)


def test_superiority_counts_pairs_and_ties_half():
    found = superiority_interval(np.array([1.0, 3.0]), np.array([2.0, 3.0]), level=0.95)
    # Pairs (1,2) (1,3) (3,2) (3,3): won, won, lost, tied.
    assert found.value == pytest.approx(2.5 / 4)
    assert 0 < found.low < found.value < found.high < 1


def test_groups_that_do_not_overlap_have_a_bound_below_one():
    found = superiority_interval(np.arange(9.0), np.arange(9.0) + 100, level=0.95)
    assert (found.value, found.high) == (1.0, 1.0)
    # There 1 - t = z sqrt(t (1 - t) (1 + 8 ((1-t)/(2-t) + t/(1+t))) / 81).
    t = found.low
    rest = (1 - t) / (2 - t) + t / (1 + t)
    assert 1 - t == pytest.approx(1.959964 * sqrt(t * (1 - t) * (1 + 8 * rest) / 81))
    turned = superiority_interval(np.arange(9.0) + 100, np.arange(9.0), level=0.95)
    assert (turned.low, turned.high) == (0.0, pytest.approx(1 - t))


def test_a_single_run_has_no_interval_of_superiority():
    found = superiority_interval(np.array([1.0]), np.array([2.0, 3.0]), level=0.9)
    assert (found.value, found.low) == (1.0, None)
    assert found.reason == "1 and 2 runs are too few for 90%"


@pytest.mark.slow
def test_intervals_cover_what_they_claim():
    random = np.random.default_rng(3)
    n, level, ratio = 1500, 0.9, 1.3
    error = 3 * sqrt(level * (1 - level) / n)
    # Of logarithms with a deviation of 1, a shift by ln 1.3.
    theta = (1 + erf(np.log(ratio) / sqrt(2) / sqrt(2))) / 2
    within = {"median": 0, "ratio": 0, "superiority": 0}
    for _ in range(n):
        one, other = random.lognormal(size=12), ratio * random.lognormal(size=15)
        for name, truth, found in (
            ("median", 1.0, median_interval(one, level=level)),
            ("ratio", ratio, ratio_interval(one, other, level=level)),
            ("superiority", theta, superiority_interval(one, other, level=level)),
        ):
            within[name] += found.low <= truth <= found.high
    # The first two are of ranks, so that they cover at least what they claim.
    assert within["median"] / n >= level - error
    assert level - error <= within["ratio"] / n <= level + 0.03 + error
    assert within["superiority"] / n == pytest.approx(level, abs=error + 0.02)


@pytest.mark.slow
def test_large_groups_cover_as_well_as_small_ones():
    random = np.random.default_rng(4)
    n, level = 300, 0.9
    within = 0
    for _ in range(n):
        found = shift_interval(
            random.normal(size=40), random.normal(size=50), level=level
        )
        within += found.low <= 0 <= found.high
    assert within / n == pytest.approx(level, abs=3 * sqrt(level * (1 - level) / n))
