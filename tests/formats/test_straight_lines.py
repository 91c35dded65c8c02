from itertools import pairwise

import numpy as np
import pytest

from isojoule.formats.straight_lines import join_readings


def joined(times, values):
    return join_readings(np.array(times, float), np.array(values, float))


def naive_area(times, values):
    """Return the area under straight lines between the readings that succeeded."""
    known = [(t, v) for t, v in zip(times, values, strict=True) if v == v]
    area = 0.0
    for (t0, v0), (t1, v1) in pairwise(known):
        area += (t1 - t0) * (v0 + v1) / 2
    return area


def test_the_area_is_that_of_trapezoids():
    lines = joined([0, 1, 3], [100, 300, 200])
    assert lines.area == 200.0 + 500.0
    assert (lines.start_s, lines.end_s, lines.period_s) == (0.0, 3.0, 1.5)


def test_random_readings_with_failures_equal_the_naive_sum():
    random = np.random.default_rng(1)
    times = np.cumsum(random.uniform(0.5, 1.5, 500))
    values = np.where(random.random(500) < 0.2, np.nan, random.uniform(50, 300, 500))
    assert joined(times, values).area == pytest.approx(naive_area(times, values))


def test_a_stretch_over_three_median_spacings_is_a_gap():
    lines = joined([0, 1, 2, 6, 7], [10, 10, 10, 30, 10])
    (gap,) = lines.gaps
    assert (gap.start_s, gap.end_s, gap.area) == (2.0, 6.0, 80.0)
    assert not joined([0, 1, 2, 5, 6], [10, 10, 10, 30, 10]).gaps


def test_failed_readings_make_a_gap_too():
    lines = joined([0, 1, 2, 3, 4, 5, 6], [1, 1, np.nan, np.nan, np.nan, 1, 1])
    assert [(g.start_s, g.end_s) for g in lines.gaps] == [(1.0, 5.0)]


def test_readings_cover_a_window_whose_edges_are_near():
    lines = joined([1, 2, 3], [1, 1, 1])
    assert lines.covers(0.0, 6.0)
    assert not lines.covers(0.0, 6.5)
    assert not lines.covers(-2.5, 3.0)


@pytest.mark.parametrize("values", [[], [5.0], [np.nan, 5.0]])
def test_fewer_than_two_readings_have_no_area(values):
    assert joined(range(len(values)), values) is None


def test_two_readings_at_one_time_have_no_area():
    assert joined([1, 1], [5, 5]) is None
