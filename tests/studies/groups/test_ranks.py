from math import erf, sqrt

import numpy as np
import pytest

from group_runs import naive_dunn_z, naive_h, naive_permutation_p
from isojoule.studies.groups.ranks import (
    adjust,
    band_of,
    dunn,
    eta_squared,
    kruskal_wallis,
    normality,
    spread,
)

GROUPS = [
    [2.9, 3.0, 2.5, 2.6, 3.2],
    [3.8, 2.7, 4.0, 2.4, 3.1],
    [2.8, 3.4, 3.7, 2.2, 2.0],
]
TIED = [[1.0, 1.0, 2.0, 3.0, 5.0], [2.0, 2.0, 3.0, 4.0, 5.0], [5.0, 5.0, 5.0, 6.0, 6.0]]


def arrays(groups):
    return [np.array(group) for group in groups]


def two_sided(z):
    return 1 - erf(abs(z) / sqrt(2))


@pytest.mark.parametrize("groups", [GROUPS, TIED])
def test_h_is_that_of_ranks_counted_by_hand(groups):
    assert kruskal_wallis(arrays(groups)).statistic == pytest.approx(naive_h(groups))


def test_h_of_two_groups_that_do_not_overlap_is_as_worked_out_on_paper():
    # Ranks 1 to 5 and 6 to 10: 12 / (10 * 11) * (15^2 + 40^2) / 5 - 3 * 11 = 75 / 11.
    found = kruskal_wallis(arrays([[1, 2, 3, 4, 5], [6, 7, 8, 9, 10.0]]))
    assert found.statistic == pytest.approx(75 / 11)
    assert found.method == "chi-square"


def test_p_of_small_groups_is_the_share_of_all_orders():
    found = kruskal_wallis(arrays([[1, 2, 3.0], [4, 5, 6.0]]))
    # 20 ways to deal six values to two groups, two of which do not overlap.
    assert (found.p, found.method) == (pytest.approx(2 / 20), "exact")
    groups = [[1.0, 4.0, 5.0], [2.0, 6.0, 6.0]]
    found = kruskal_wallis(arrays(groups))
    assert found.p == pytest.approx(naive_permutation_p(groups))


def test_p_of_many_orders_is_drawn_and_agrees_with_chi_square_within_its_error():
    random = np.random.default_rng(1)
    groups = [random.normal(size=n) for n in (4, 30, 30)]
    drawn = kruskal_wallis(groups)
    assert drawn.method == "permutations"
    assert drawn == kruskal_wallis(groups)
    chi_square = float(np.exp(-(drawn.statistic or 0) / 2))  # of 2 degrees of freedom
    assert drawn.p == pytest.approx(chi_square, abs=0.02)


@pytest.mark.parametrize("groups", [GROUPS, TIED])
def test_dunn_is_that_of_ranks_counted_by_hand(groups):
    for pair in dunn(arrays(groups), correction="none"):
        z = naive_dunn_z(groups, pair.first, pair.second)
        assert pair.z == pytest.approx(z)
        assert pair.p == pytest.approx(two_sided(z))
        assert pair.p_adjusted == pair.p


def test_dunn_of_two_groups_says_what_h_says():
    groups = arrays([TIED[0], TIED[2]])
    (pair,) = dunn(groups, correction="holm")
    assert pair.z**2 == pytest.approx(kruskal_wallis(groups).statistic)
    assert pair.p == pytest.approx(kruskal_wallis(groups).p)
    assert pair.z > 0


def test_holm_takes_the_smallest_p_times_all_and_never_falls():
    # 0.01 * 4; then max(0.04, 0.02 * 3); then max(0.06, 0.03 * 2); then 0.06 again.
    assert adjust([0.02, 0.01, 0.04, 0.03], "holm") == pytest.approx(
        [0.06, 0.04, 0.06, 0.06]
    )
    assert adjust([0.02, 0.5], "bonferroni") == pytest.approx([0.04, 1.0])
    # 0.01 * 4 / 1 = 0.04, 0.02 * 4 / 2 = 0.04, 0.03 * 4 / 3 = 0.04, 0.04 * 4 / 4.
    assert adjust([0.02, 0.01, 0.04, 0.03], "fdr_bh") == pytest.approx([0.04] * 4)
    assert adjust([], "holm") == []
    assert adjust([0.2], "none") == [0.2]


@pytest.mark.parametrize("correction", ["holm", "bonferroni", "fdr_bh"])
def test_corrected_p_values_are_those_of_scikit_posthocs(correction):
    from scikit_posthocs import posthoc_dunn

    expected = posthoc_dunn(TIED, p_adjust=correction).to_numpy()
    for pair in dunn(arrays(TIED), correction=correction):
        assert pair.p_adjusted == pytest.approx(expected[pair.first, pair.second])


def test_eta_squared_and_its_bands():
    # 5 groups, 25 runs, H = 8: (8 - 5 + 1) / 20.
    assert eta_squared(8.0, n_groups=5, n=25) == pytest.approx(0.2)
    assert eta_squared(1.0, n_groups=5, n=25) == pytest.approx(-0.15)
    bands = [band_of(eta2) for eta2 in (-0.1, 0.0099, 0.01, 0.0599, 0.06, 0.14)]
    assert bands == ["negligible", "negligible", "small", "small", "moderate", "large"]


@pytest.mark.parametrize("k", [2, 3, 4])
def test_many_runs_that_do_not_overlap_reach_less_than_one(k):
    n = 400
    groups = [np.arange(n) + 1000.0 * i for i in range(k)]
    h = kruskal_wallis(groups).statistic
    assert eta_squared(h, n_groups=k, n=k * n) == pytest.approx(1 - 1 / k**2, abs=0.003)


def test_levene_is_the_analysis_of_variance_of_distances_from_the_median():
    groups = arrays([[1.0, 2.0, 6.0], [1.0, 5.0, 9.0]])
    # Distances 1 0 4 and 4 0 4, means 5/3 and 8/3, in all 13/6: between the groups
    # 3 (1/4 + 1/4) = 3/2, within 26/3 + 32/3 = 58/3 over 4 degrees of freedom.
    assert spread(groups).statistic == pytest.approx((3 / 2) / (58 / 3 / 4))


@pytest.mark.parametrize("test", [kruskal_wallis, spread])
def test_groups_too_small_to_test_are_told_and_left_out(test):
    found = test(arrays([[1.0, 2.0], [3.0], [1.0, 2.0, 3.0]]))
    assert found.p is None
    told = "groups of 2 and 1 and 3 runs, where a test needs two of 3 or more"
    assert found.reason == told
    small = test(arrays([*GROUPS, [9.0]]))
    assert small == test(arrays(GROUPS))


def test_pairs_with_a_group_too_small_are_not_tested():
    pairs = dunn(arrays([[9.0], *GROUPS]), correction="holm")
    assert [(pair.first, pair.second) for pair in pairs] == [(1, 2), (1, 3), (2, 3)]
    assert dunn(arrays([[1.0], [2.0]]), correction="holm") == ()


def test_groups_without_any_difference_are_told():
    same = arrays([[5.0] * 4, [5.0] * 4])
    assert kruskal_wallis(same).reason == "all values of all groups are the same"
    assert spread(same).reason == "no group has a spread that could be compared"
    assert dunn(same, correction="holm") == ()
    constant = arrays([[5.0] * 5, [6.0] * 5])
    assert kruskal_wallis(constant).p == pytest.approx(0.0027, abs=1e-4)


def test_normality_needs_three_values_that_differ():
    assert normality(np.array([1.0, 2.0])).reason == "2 runs, needs 3"
    assert normality(np.array([1.0])).reason == "1 run, needs 3"
    assert normality(np.ones(9)).reason == "all values are the same"
    assert normality(np.arange(6000.0)).reason.startswith("more than 5000 runs")
    skewed = np.exp(np.linspace(0, 9, 30))
    assert normality(skewed).p < 1e-6
    # Energies of megajoules that differ by joules: the test must not lose them.
    near = 1e6 + np.random.default_rng(0).normal(size=30)
    assert normality(near).p > 0.05


@pytest.mark.slow
def test_where_nothing_differs_five_percent_are_found_different():
    random = np.random.default_rng(7)
    n = 2000
    error = 3 * sqrt(0.05 * 0.95 / n)
    drawn = [random.lognormal(size=(4, 12)) for _ in range(n)]
    share = np.mean([kruskal_wallis(list(groups)).p < 0.05 for groups in drawn])
    assert share == pytest.approx(0.05, abs=error)
    small = [kruskal_wallis(list(groups[:2, :4])).p for groups in drawn]
    assert np.mean([p <= 0.05 for p in small]) <= 0.05 + error


@pytest.mark.slow
def test_holm_keeps_the_chance_of_any_false_pair():
    random = np.random.default_rng(8)
    n = 600
    found = [
        min(
            p.p_adjusted
            for p in dunn(list(random.normal(size=(4, 10))), correction="holm")
        )
        for _ in range(n)
    ]
    share = np.mean([p < 0.05 for p in found])
    assert share <= 0.05 + 3 * sqrt(0.05 * 0.95 / n)
