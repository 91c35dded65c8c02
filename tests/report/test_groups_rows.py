import pytest

from group_studies import studied
from isojoule.report.groups_rows import (
    bounded,
    comparison_row,
    group_row,
    inverse,
    pair_row,
    trend_rows,
)
from isojoule.studies.intervals import Interval


@pytest.fixture(scope="module")
def comparison():
    study = studied()
    (found,) = (
        c for r in study.factors if r.factor.name == "batch_size" for c in r.comparisons
    )
    return found


def test_intervals_keep_their_unit_at_the_end():
    interval = Interval(2.0, 1.0, 3.0)
    assert bounded("median_j_per_sample", interval, "_j_per_sample") == {
        "median_j_per_sample": 2.0,
        "median_low_j_per_sample": 1.0,
        "median_high_j_per_sample": 3.0,
    }
    assert bounded("ratio", None) == {}


def test_a_ratio_turned_round_swaps_its_bounds():
    assert inverse(Interval(2.0, 1.0, 4.0)) == Interval(0.5, 0.25, 1.0)
    assert inverse(Interval(2.0, reason="few")) == Interval(0.5, reason="few")


def test_a_comparison_has_its_tests_in_one_row(comparison):
    row = comparison_row(comparison)
    # Ranks 1 to 5, 6 to 10, 11 to 15: 12 / (15 * 16) * 5 * (9 + 64 + 169) - 48.
    assert row["kruskal_h"] == pytest.approx(12.5)
    assert (row["n_groups"], row["n"], row["kruskal_freedom"]) == (3, 15, 2)
    assert row["eta_squared"] == pytest.approx((12.5 - 2) / 12)
    assert row["kruskal_method"] == "chi-square"
    assert row["reason"] is None


def test_groups_pairs_and_trends_are_rows_of_their_own(comparison):
    assert group_row(comparison.groups[0], comparison)["value"] == "10"
    row = pair_row(comparison.pairs[0], comparison)
    assert (row["first"], row["second"]) == ("10", "20")
    assert row["ratio"] == pytest.approx(0.5)
    (trend,) = trend_rows(comparison)
    assert (trend["against"], trend["n"], trend["n_values"]) == ("batch_size", 15, 3)
