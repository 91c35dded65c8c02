"""Rankings: ranks, their intervals, first places and ties."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import one_metric, published, scored, system
from isojoule.comparison.budget import Doubt
from isojoule.comparison.ranking import rank_all
from isojoule.comparison.rules import Metric

RULES = replace(one_metric(), n_draws=4000)


def doubtful(label, train_kwh, own=0.0, site=0.0, *, team=None, psds1=0.5):
    """A system with an error of its own and one of its site."""
    made = scored(label, train_kwh, psds1, **({"team": team} if team else {}))
    doubts = (
        Doubt("conversion of the system", own, "system"),
        Doubt("repeats of the site's reference", site, "site", "r", -1.0),
    )
    kept = tuple(d for d in doubts if d.log_std)
    found = replace(made.energies["train"], doubts=kept)
    return replace(made, energies={"train": found})


def by_label(systems, key="energy.train", asked=RULES):
    return {row.label: row for row in rank_all(systems, asked)[key].rows}


def test_keys_are_those_of_all_quantities():
    asked = replace(rules(), n_draws=10)
    assert set(rank_all([], asked)) == {
        "energy.train",
        "energy.test",
        "score.psds1",
        "score.psds2",
        "score.ranking",
        *(
            f"weighted.{name}.{phase}"
            for name in ("psds1", "psds2", "ranking")
            for phase in ("train", "test")
        ),
    }


def test_exact_energies_have_exact_ranks_and_equal_ones_share_theirs():
    systems = [
        doubtful(n, e) for n, e in zip("cabd", (2.0, 1.0, 2.0, 3.0), strict=True)
    ]
    rows = rank_all(systems, RULES)["energy.train"].rows
    assert [(r.label, r.rank, r.low, r.high) for r in rows] == [
        ("a", 1, 1, 1),
        ("b", 2, 2, 2),
        ("c", 2, 2, 2),
        ("d", 4, 4, 4),
    ]
    assert [r.first_probability for r in rows] == [1.0, 0.0, 0.0, 0.0]
    assert [r.tied_with for r in rows] == [(), ("c",), ("b",), ()]


def test_two_equal_systems_in_doubt_are_first_half_the_time():
    rows = by_label([doubtful("a", 1.0, 0.2), doubtful("b", 1.0, 0.2)])
    for row in rows.values():
        assert (row.rank, row.low, row.high) == (1, 1, 2)
        assert row.first_probability == pytest.approx(0.5, abs=4 * 0.5 / 4000**0.5)


@pytest.mark.parametrize(("ratio", "is_tied"), [(1.55, True), (1.65, False)])
def test_energies_are_tied_where_the_interval_of_their_ratio_holds_1(ratio, is_tied):
    # ln ratio has a deviation of 0.2 sqrt 2: 90 % reach to a factor of 1.593.
    systems = [doubtful("a", 1.0, 0.2), doubtful("b", ratio, 0.2)]
    rows = by_label(systems, asked=replace(RULES, n_draws=20_000))
    assert bool(rows["a"].tied_with) is is_tied
    assert bool(rows["b"].tied_with) is is_tied


@pytest.mark.parametrize(("apart", "is_tied"), [(0.033, True), (0.034, False)])
def test_scores_are_tied_where_their_intervals_overlap(apart, is_tied):
    # 95 % intervals of +-0.02 are +-0.016785 at 90 %.
    systems = [
        scored(label, 1.0, (s, s - 0.02, s + 0.02))
        for label, s in (("a", 0.5), ("b", 0.5 - apart))
    ]
    rows = by_label(systems, "score.psds1")
    assert rows["a"].rank == 1
    assert bool(rows["a"].tied_with) is is_tied


def test_ranks_inside_a_team_stay_sharp_when_only_the_site_is_in_doubt():
    systems = [
        doubtful("a_1", 1.0, 0.01, 0.5, team="a"),
        doubtful("a_2", 1.2, 0.01, 0.5, team="a"),
        doubtful("b_1", 1.1, 0.01, 0.5, team="b"),
    ]
    rows = by_label(systems)
    assert rows["a_1"].tied_with == ("b_1",)
    assert rows["b_1"].tied_with == ("a_1", "a_2")
    pair = by_label(systems[:2])
    assert [(r.low, r.high) for r in pair.values()] == [(1, 1), (2, 2)]
    assert pair["a_1"].first_probability == 1.0


def test_the_order_of_the_input_changes_nothing():
    rng = np.random.default_rng(3)
    systems = [
        doubtful(
            f"s{k}", float(e), 0.3, 0.2, team=f"t{k % 4}", psds1=(s, s - 0.1, s + 0.1)
        )
        for k, (e, s) in enumerate(rng.uniform(0.5, 2.0, (15, 2)))
    ]
    asked = replace(RULES, n_draws=500)
    assert rank_all(systems, asked) == rank_all(systems[::-1], asked)


def test_lower_scores_may_be_better():
    systems = [scored("a", 1.0, 0.2), scored("b", 1.0, 0.3)]
    assert by_label(systems, "score.psds1")["b"].rank == 1
    less = replace(one_metric(higher_is_better=False), n_draws=10)
    assert by_label(systems, "score.psds1", less)["a"].rank == 1


def test_systems_without_a_number_are_not_ranked():
    systems = [scored("a", None, 0.5), scored("b", 1.0, None), scored("c", 2.0, 0.4)]
    ranked = rank_all(systems, replace(RULES, n_draws=10))
    assert [r.label for r in ranked["energy.train"].rows] == ["b", "c"]
    assert [r.label for r in ranked["score.psds1"].rows] == ["a", "c"]
    assert [r.label for r in ranked["weighted.psds1.train"].rows] == ["c"]


def test_published_orders_come_out_of_every_key(dcase_folder):
    systems = published(dcase_folder, 2023, energies="printed")
    asked = replace(rules(baseline="Baseline_task4a_1"), n_draws=20)
    columns = {
        "score.psds1": "psds1_eval",
        "weighted.psds1.train": "ew_psds1_train",
        "weighted.psds2.test": "ew_psds2_devtest",
        "weighted.ranking.train": "ew_ranking_score_train",
    }
    ranked = rank_all(systems, asked)
    for key, column in columns.items():
        ranks = {row.label: row.rank for row in ranked[key].rows}
        shown = {s.label: float(s.submission.cells[column]) for s in systems}
        assert len(ranks) == 84
        labels = sorted(ranks, key=ranks.__getitem__)
        for better, worse in pairwise(labels):
            # Published scores carry the rounding of three decimals of the inputs.
            assert shown[better] >= shown[worse] * (1 - 0.02)


def test_a_weighted_score_is_as_unsure_as_its_energy():
    systems = [
        doubtful("a", 1.0, 0.2, psds1=0.6),
        doubtful("b", 1.0, 0.2, psds1=0.5),
    ]
    rows = by_label(systems, "weighted.psds1.train", replace(RULES, n_draws=20_000))
    assert rows["a"].rank == 1
    # P(0.6 / 0.5 > lognormal ratio) = Phi(ln 1.2 / (0.2 sqrt 2)) = Phi(0.6446)
    assert rows["a"].first_probability == pytest.approx(0.7404, abs=0.013)


def test_a_ranking_score_is_over_the_baseline_of_the_same_draw():
    # Both scores of the baseline are exact, those of the others twice and once as good.
    systems = [
        system("base", 1.0, scores={"psds1": 0.2, "psds2": 0.4}),
        system("a", 1.0, scores={"psds1": (0.4, 0.36, 0.44), "psds2": 0.4}),
        system("b", 1.0, scores={"psds1": 0.2, "psds2": (0.8, 0.72, 0.88)}),
    ]
    asked = replace(rules(baseline="base"), n_draws=8000)
    rows = by_label(systems, "score.ranking", asked)
    assert (rows["a"].rank, rows["b"].rank, rows["base"].rank) == (1, 1, 3)
    assert rows["a"].first_probability == pytest.approx(0.5, abs=0.03)
    assert rows["a"].tied_with == ("b",)


def test_metrics_where_lower_is_better_divide_the_other_way():
    metrics = {"error": Metric(name="error", higher_is_better=False)}
    systems = [
        system("base", 1.0, scores={"error": 0.4}),
        system("a", 1.0, scores={"error": 0.1}),
        system("b", 2.0, scores={"error": 0.1}),
    ]
    asked = replace(rules(baseline="base", metrics=metrics), n_draws=10)
    ranked = rank_all(systems, asked)
    assert [r.label for r in ranked["score.ranking"].rows] == ["a", "b", "base"]
    assert [r.label for r in ranked["weighted.error.train"].rows] == ["a", "b", "base"]
    assert [r.label for r in ranked["weighted.ranking.train"].rows] == [
        "a",
        "b",
        "base",
    ]


def test_the_interval_holds_the_rank_of_the_figures():
    systems = [doubtful("far", 1.0, 2.0)]
    systems += [doubtful(f"s{k}", 1.01 + k / 100, 0.01) for k in range(20)]
    for row in rank_all(systems, RULES)["energy.train"].rows:
        assert row.low <= row.rank <= row.high


def world(rng, n_teams, n_each):
    """True log energies, and systems as they were seen with known errors."""
    own, site = 0.2, 0.3
    true = rng.normal(0, 2, n_teams * n_each)
    seen = true + rng.normal(0, own, true.shape)
    seen += np.repeat(rng.normal(0, site, n_teams), n_each)
    systems = [
        doubtful(f"s{k}", float(np.exp(x)), own, site, team=f"t{k // n_each}")
        for k, x in enumerate(seen)
    ]
    return true, systems


@pytest.mark.slow
def test_rank_intervals_cover_true_ranks_at_their_level():
    rng = np.random.default_rng(11)
    covered, first_told, first_true = [], [], []
    for seed in range(100):
        true, systems = world(rng, n_teams=10, n_each=3)
        ranks = 1 + np.argsort(np.argsort(true))
        rows = by_label(systems, asked=replace(RULES, n_draws=500, seed=seed))
        for k, rank in enumerate(ranks):
            row = rows[f"s{k}"]
            covered.append(row.low <= rank <= row.high)
            first_told.append(row.first_probability)
            first_true.append(rank == 1)
    # Ranks are whole numbers: an interval that must hold 90 % holds somewhat more.
    assert 0.88 <= np.mean(covered) <= 0.97
    told, true_ = np.array(first_told), np.array(first_true, float)
    for low, high in ((0.02, 0.3), (0.3, 0.7), (0.7, 0.98)):
        inside = (told > low) & (told <= high)
        spread = 4 * np.sqrt(0.25 / inside.sum())
        assert true_[inside].mean() == pytest.approx(told[inside].mean(), abs=spread)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_figures_out_of_single_precision_are_ranked_without_a_warning(higher_is_better):
    figures = [
        (1e300, 5e300),
        (1e-300, 1e-300),
        (1e-290, -5e300),
        (2.0, 0.5),
        (4.0, 0.5),
        (1.0, 0.0),
    ]
    systems = [scored(f"s{k}", *figure) for k, figure in enumerate(figures)]
    asked = replace(
        one_metric(higher_is_better=higher_is_better), n_draws=200, baseline="s3"
    )
    found = rank_all(systems, asked)
    by_energy = [row.label for row in found["energy.train"].rows]
    assert by_energy == ["s1", "s2", "s5", "s3", "s4", "s0"]
    by_score = ["s0", "s3", "s4", "s5", "s1", "s2"]
    rows = found["score.psds1"].rows
    assert {row.label for row in rows} == set(by_score)
    best = rows[0] if higher_is_better else rows[-1]
    assert best.label == "s0"
    for ranking in found.values():
        n = len(ranking.rows)
        assert all(1 <= r.low <= r.rank <= r.high <= n for r in ranking.rows)
    weighted = {r.label: r for r in found["weighted.psds1.train"].rows}
    assert weighted["s3"].high <= weighted["s4"].low  # half the energy, no doubt
