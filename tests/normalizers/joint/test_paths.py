"""Ways put together, by hand."""

from math import sqrt

import numpy as np
import pytest

from isojoule.normalizers.joint.paths import Way, combine, join


def way(log_ratio: float, scale: float, *, freedom: float = 9.0, **shares) -> Way:
    return Way(("A", "C"), log_ratio, scale, freedom, shares or {"x": 1.0})


FIRST = Way(("A", "B"), 0.5, 0.3, 8.0, {"x": 0.25, "y": 0.75})
SECOND = Way(("B", "C"), -0.2, 0.4, 6.0, {"y": 0.5, "z": 0.5})


def test_one_way_after_another_adds_ratios_and_variances():
    both = join(FIRST, SECOND, slope=0.0)
    assert both.label == "A -> B -> C"
    assert both.log_ratio == pytest.approx(0.3)
    assert both.scale == pytest.approx(0.5)  # 0.09 + 0.16
    assert both.freedom == 6.0
    assert both.shares == pytest.approx(
        {
            "x": 0.25 * 0.36,
            "y": 0.75 * 0.36 + 0.5 * 0.64,
            "z": 0.5 * 0.64,
        }
    )


@pytest.mark.parametrize(
    ("slope", "variance"), [(-0.5, 0.0225 + 0.16), (-1.0, 0.16), (1.0, 0.36 + 0.16)]
)
def test_where_the_second_depends_on_the_first_its_error_is_carried(slope, variance):
    both = join(FIRST, SECOND, slope=slope)
    assert both.scale == pytest.approx(sqrt(variance))
    assert sum(both.shares.values()) == pytest.approx(1.0)


def test_a_first_way_that_is_known_leaves_the_doubt_of_the_second():
    known = Way(("A", "B"), 0.7, 0.0, 1e6, {})
    both = join(known, SECOND, slope=0.0)
    assert (both.log_ratio, both.scale, both.freedom) == (
        pytest.approx(0.5),
        pytest.approx(0.4),
        6.0,
    )
    assert sum(both.shares.values()) == pytest.approx(1.0)


def test_a_single_way_stays_what_it_is():
    assert combine([FIRST]) is FIRST


def test_two_ways_that_agree_narrow_but_share_half_of_their_doubt():
    both = combine([way(1.0, 0.2), way(1.0, 0.2, freedom=4.0)])
    # Weights 1/2: 2 * 0.25 * 0.04, and 2 * 0.25 * 0.5 * 0.04 that they share.
    assert both.scale == pytest.approx(sqrt(0.03))
    assert both.log_ratio == pytest.approx(1.0)
    assert both.freedom == 4.0


def test_the_narrower_way_counts_more():
    both = combine([way(0.0, 0.1), way(0.2, 0.2)])
    assert both.log_ratio == pytest.approx(0.2 * 0.2)  # weights 0.8 and 0.2


def test_a_wide_way_does_not_widen_a_narrow_one():
    both = combine([way(0.0, 0.1), way(0.0, 1.0)])
    assert both.scale == pytest.approx(0.1)


def test_ways_that_disagree_are_widened():
    both = combine([way(0.0, 0.2), way(1.0, 0.2)])
    # chi^2 = 2 * (0.5 / 0.2)^2 = 12.5 of one degree of freedom; half of the variance is
    # shared and makes no difference between the ways.
    assert both.scale == pytest.approx(sqrt(0.03 * 25))
    assert both.scale > 0.5  # each of the two lies within one scale


@pytest.mark.parametrize("seed", range(8))
def test_agreeing_ways_lie_between_the_best_and_independent_ones(seed):
    rng = np.random.default_rng(seed)
    scales = rng.uniform(0.05, 2.0, 2 + seed % 4)
    both = combine([way(0.3, s) for s in scales])
    independent = (scales**-2).sum() ** -0.5
    assert independent <= both.scale <= scales.min() + 1e-12


def test_shares_are_weighted_as_the_ways_are():
    both = combine([way(0.0, 0.1, x=1.0), way(0.0, 0.2, x=0.5, y=0.5)])
    assert both.shares == pytest.approx({"x": 0.8 + 0.2 * 0.5, "y": 0.2 * 0.5})
