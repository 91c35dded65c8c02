"""Tests of energy-weighted scores and what they order by."""

from itertools import combinations
from math import inf, nan, sqrt

import numpy as np
import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import (
    entries,
    number,
    one_metric,
    published,
    scored,
    system,
)
from isojoule.comparison.rules import Metric, PhaseRules
from isojoule.comparison.scores import (
    RANKING,
    agreements,
    energy_weighted,
    ranking_scores,
    weighted_scores,
)
from isojoule.units import kwh_to_j

BASELINE = {"psds1": 0.4, "psds2": 0.5}
COLUMNS = {"train": "train", "test": "devtest"}
RULES_2022 = rules(
    phases={
        "train": PhaseRules(name="train", baseline_energy_j=kwh_to_j(1.717)),
        "test": PhaseRules(name="test", baseline_energy_j=kwh_to_j(0.030)),
    },
    metrics={
        # What the 101 published ranking scores are relative to, by least squares.
        "psds1": Metric(name="psds1", baseline_score=0.314701213834572),
        "psds2": Metric(name="psds2", baseline_score=0.5472469740466848),
    },
    baseline="Baseline",
)
RULES_2023 = rules(baseline="Baseline_task4a_1")


def test_half_the_energy_doubles_the_score_as_published():
    assert energy_weighted(0.4, 5.0, 10.0) == pytest.approx(0.8)


def test_the_exponent_is_the_weight_of_energy():
    assert energy_weighted(0.4, 5.0, 20.0, 0.5) == pytest.approx(0.8)
    assert energy_weighted(0.4, 5.0, 20.0, 0.0) == 0.4


def test_where_lower_is_better_less_energy_lowers_the_score():
    low = energy_weighted(0.4, 5.0, 10.0, higher_is_better=False)
    assert low == pytest.approx(0.2)
    assert 1 / low == pytest.approx(energy_weighted(1 / 0.4, 5.0, 10.0))


@pytest.mark.parametrize(
    ("score", "energy_j", "baseline_j"),
    [
        (-0.1, 1.0, 1.0),
        (nan, 1.0, 1.0),
        (inf, 1.0, 1.0),
        (0.5, 0.0, 1.0),
        (0.5, -1.0, 1.0),
        (0.5, nan, 1.0),
        (0.5, 1.0, 0.0),
        (0.5, 1.0, inf),
        (0.5, 5e-324, 1e300),
    ],
)
@pytest.mark.parametrize("exponent", [1.0, 3.0])
def test_what_cannot_be_weighted_is_refused(score, energy_j, baseline_j, exponent):
    with pytest.raises(ValueError, match="weighting needs a score from 0 on"):
        energy_weighted(score, energy_j, baseline_j, exponent)


def test_a_power_beyond_all_floats_is_refused():
    with pytest.raises(ValueError, match="weighting needs"):
        energy_weighted(0.5, 1e-200, 1.0, 2.0)


def test_ranking_scores_are_the_mean_ratio_to_the_baseline():
    systems = (
        system("base", scores=BASELINE),
        system("a", scores={"psds1": 0.6, "psds2": 0.25}),
        system("b", scores={"psds1": 0.6}),
    )
    found = ranking_scores(systems, rules(baseline="base"))
    assert found == {
        "base": pytest.approx(1.0),
        "a": pytest.approx((1.5 + 0.5) / 2),
    }


def test_ranking_scores_turn_metrics_where_lower_is_better():
    metrics = {
        "psds1": Metric(name="psds1"),
        "psds2": Metric(name="psds2", higher_is_better=False),
    }
    systems = (
        system("base", scores=BASELINE),
        system("a", scores={"psds1": 0.6, "psds2": 0.25}),
        system("zero", scores={"psds1": 0.6, "psds2": 0.0}),
    )
    found = ranking_scores(systems, rules(baseline="base", metrics=metrics))
    assert found["a"] == pytest.approx((1.5 + 2.0) / 2)
    assert "zero" not in found


def test_scores_of_the_baseline_in_the_rules_come_first():
    metrics = {"psds1": Metric(name="psds1", baseline_score=0.2)}
    systems = (scored("base", 1.0, 0.4), scored("a", 1.0, 0.6))
    found = ranking_scores(systems, rules(baseline="base", metrics=metrics))
    assert found == {"base": pytest.approx(2.0), "a": pytest.approx(3.0)}
    without = ranking_scores(systems[1:], rules(baseline="gone", metrics=metrics))
    assert without == {"a": pytest.approx(3.0)}


@pytest.mark.parametrize(
    "first",
    [
        system("other", scores=BASELINE),
        system("base", scores={"psds1": 0.4}),
        system("base", scores={"psds1": 0.4, "psds2": 0.0}),
        system("base", scores={"psds1": 0.4, "psds2": -1.0}),
        system("base", scores={"psds1": nan, "psds2": 0.5}),
    ],
)
def test_without_a_positive_baseline_there_is_no_ranking_score(first):
    systems = (first, system("a", scores=BASELINE))
    assert ranking_scores(systems, rules(baseline="base")) == {}


def test_an_unnamed_baseline_is_the_only_one_that_says_so():
    one = system("base", scores=BASELINE, is_baseline=True)
    a = system("a", scores={"psds1": 0.8, "psds2": 1.0})
    assert ranking_scores((a, one), rules())["a"] == pytest.approx(2.0)
    assert ranking_scores((a, one, one), rules()) == {}


def test_weighted_scores_hold_every_metric_and_the_ranking():
    systems = (
        system("base", 1.0, scores=BASELINE),
        system("a", 2.0, scores={"psds1": 0.6, "psds2": 0.25}),
        system("b", 0.5, scores={"psds1": 0.3, "psds2": -0.1}),
    )
    phases = {"train": PhaseRules(name="train", baseline_energy_j=kwh_to_j(4.0))}
    with_rules = rules(baseline="base", phases=phases)
    found = {w.label: w for w in weighted_scores(systems, "train", with_rules)}
    assert found["a"].values == {
        "psds1": pytest.approx(1.2),
        "psds2": pytest.approx(0.5),
        RANKING: pytest.approx(2.0),
    }
    assert (found["a"].phase, found["a"].exponent) == ("train", 1.0)
    assert set(found["b"].values) == {"psds1", RANKING}


def test_without_an_energy_of_the_baseline_in_the_rules_its_own_counts():
    phases = {"train": PhaseRules(name="train")}
    systems = (scored("base", 3.0, 0.4), scored("a", 1.5, 0.4))
    with_rules = rules(baseline="base", phases=phases)
    found = weighted_scores(systems, "train", with_rules)
    assert [w.values["psds1"] for w in found] == pytest.approx([0.4, 0.8])
    assert weighted_scores(systems[1:], "train", with_rules) == ()


def test_systems_without_energy_or_score_are_left_out():
    systems = (
        scored("none", None, 0.5),
        scored("zero", 0.0, 0.5),
        scored("nan", 1.0, nan),
        system("empty", 1.0),
        scored("a", 1.39, 0.5),
    )
    found = weighted_scores(systems, "train", rules())
    assert [(w.label, w.values) for w in found] == [
        ("a", {"psds1": pytest.approx(0.5)})
    ]


def test_all_81_weighted_rows_of_2022_reproduce(dcase_folder):
    systems = published(dcase_folder, 2022, energies="declared")
    rows = {row["system"]: row for row in entries(dcase_folder, 2022)}
    names = {"psds1": "psds1", "psds2": "psds2", RANKING: "ranking_score"}
    for phase, column in COLUMNS.items():
        found = {w.label: w.values for w in weighted_scores(systems, phase, RULES_2022)}
        assert len(found) == 81
        for metric, name in names.items():
            printed = {
                label: number(row[f"ew_{name}_{column}"]) for label, row in rows.items()
            }
            printed = {label: v for label, v in printed.items() if not np.isnan(v)}
            assert {label: v[metric] for label, v in found.items()} == pytest.approx(
                printed, rel=1e-12
            )


def test_all_101_ranking_scores_of_2022_reproduce(dcase_folder):
    systems = published(dcase_folder, 2022, energies="declared")
    printed = {
        row["system"]: number(row["ranking_score"])
        for row in entries(dcase_folder, 2022)
    }
    assert ranking_scores(systems, RULES_2022) == pytest.approx(printed, rel=1e-12)


def test_weighted_rows_of_2023_reproduce_within_a_percent(dcase_folder):
    """They were made from energies of three decimals; for training all digits do, too.

    In the test phase three decimals of 0.002 kWh are 25 %; with all digits the scores
    deviate by what those decimals leave open.
    """
    rows = {row["system"]: row for row in entries(dcase_folder, 2023)}
    for energies, phase in [
        ("printed", "train"),
        ("printed", "test"),
        ("normalized", "train"),
    ]:
        systems = published(dcase_folder, 2023, energies=energies)
        found = weighted_scores(systems, phase, RULES_2023)
        assert len(found) == 84
        for weighted in found:
            row = rows[weighted.label]
            for metric in ("psds1", "psds2"):
                printed = number(row[f"ew_{metric}_{COLUMNS[phase]}"])
                assert weighted.values[metric] == pytest.approx(printed, rel=0.01)
            printed = number(row[f"ew_ranking_score_{COLUMNS[phase]}"])
            assert weighted.values[RANKING] == pytest.approx(printed, rel=0.003)


def test_exact_test_energies_of_2023_deviate_by_the_third_decimal(dcase_folder):
    systems = published(dcase_folder, 2023)
    rows = {row["system"]: row for row in entries(dcase_folder, 2023)}
    for weighted in weighted_scores(systems, "test", RULES_2023):
        row = rows[weighted.label]
        open_fraction = 0.0005 / number(row["energy_devtest_norm_kwh"])
        printed = number(row["ew_psds1_devtest"])
        assert abs(weighted.values["psds1"] / printed - 1) < open_fraction * 1.4 + 0.01


def test_ranking_scores_of_2023_reproduce_within_the_printed_digits(dcase_folder):
    printed = {
        row["system"]: number(row["ranking_score"])
        for row in entries(dcase_folder, 2023)
    }
    found = ranking_scores(published(dcase_folder, 2023), RULES_2023)
    assert found == pytest.approx(printed, rel=0.00135)


def naive_tau_b(x, y):
    concordant = untied_x = untied_y = 0
    for i, j in combinations(range(len(x)), 2):
        a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        concordant += a * b
        untied_x += a != 0
        untied_y += b != 0
    return concordant / sqrt(untied_x * untied_y)


def by_name(systems, with_rules):
    return {(a.phase, a.metric): a for a in agreements(systems, with_rules)}


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_agreement_equals_naive_counting(higher_is_better):
    random = np.random.default_rng(4)
    scores, kwh = random.integers(1, 9, 30) / 10, 10.0 ** random.integers(-1, 2, 30)
    systems = tuple(
        scored(str(i), e, s) for i, (s, e) in enumerate(zip(scores, kwh, strict=True))
    )
    with_rules = one_metric(higher_is_better=higher_is_better)
    found = by_name(systems, with_rules)["train", "psds1"]
    sign = 1 if higher_is_better else -1
    for trial in found.sensitivity:
        weighted = [
            sign * s * e ** (-sign * trial.exponent)
            for s, e in zip(scores, kwh, strict=True)
        ]
        # Equal products differ in their last digit by the way of computing them.
        weighted = [float(f"{w:.12g}") for w in weighted]
        tau = naive_tau_b([sign * s for s in scores], weighted)
        assert trial.kendall_tau == pytest.approx(tau, abs=1e-12)
        tau = naive_tau_b(weighted, [-e for e in kwh])
        assert trial.tau_with_energy == pytest.approx(tau, abs=1e-12)
    assert [t.exponent for t in found.sensitivity] == [0.0, 0.25, 0.5, 1.0]
    assert found.kendall_tau == found.sensitivity[-1].kendall_tau
    assert found.tau_with_energy == found.sensitivity[-1].tau_with_energy
    assert found.sensitivity[0].kendall_tau == pytest.approx(1)


def test_energies_that_span_decades_decide_alone():
    """The best scores need the most, so that the weighted order is the reverse."""
    systems = tuple(scored(str(i), 10.0**i, 0.3 + i / 100) for i in range(6))
    found = by_name(systems, rules())["train", "psds1"]
    assert found.kendall_tau == pytest.approx(-1)
    assert found.tau_with_energy == pytest.approx(1)
    assert found.is_energy_alone is True


def test_equal_energies_leave_the_order_to_the_score():
    systems = tuple(scored(str(i), 1.0, i / 10) for i in range(6))
    found = by_name(systems, rules())["train", "psds1"]
    assert found.kendall_tau == pytest.approx(1)
    assert found.tau_with_energy is None
    assert found.is_energy_alone is False


def test_without_three_different_systems_there_is_a_reason():
    for systems in (
        (),
        (scored("a", 1.0, 0.3),),
        tuple(scored(str(i), 1.0 + i, 0.3) for i in range(5)),
        tuple(scored(str(i), 0.0, i) for i in range(5)),
        tuple(scored(str(i), 1.0 + i, -0.1) for i in range(5)),
    ):
        found = by_name(systems, rules())["train", "psds1"]
        assert found.kendall_tau is None
        assert found.is_energy_alone is None
        assert found.reason


def test_a_cohort_without_the_baseline_says_why_it_has_no_ranking():
    systems = tuple(scored(str(i), 1.0 + i, 1 + i / 10) for i in range(6))
    found = by_name(systems, rules(baseline="gone"))["train", RANKING]
    assert found.kendall_tau is None
    assert found.reason.startswith("no ranking score: no baseline")


def test_a_single_exponent_of_the_rules_is_among_the_trials():
    systems = tuple(scored(str(i), 1.0 + i, 1 + i / 10) for i in range(6))
    found = by_name(systems, rules(exponent=2.0))["train", "psds1"]
    assert [t.exponent for t in found.sensitivity] == [0.0, 0.25, 0.5, 1.0, 2.0]
    assert found.exponent == 2.0


def test_weighted_rankings_of_2023_hardly_order_by_quality(dcase_folder):
    """0.08 and 0.06 of the research are of the ranking score, of both metrics."""
    for energies in ("normalized", "printed"):
        systems = published(dcase_folder, 2023, energies=energies)
        found = by_name(systems, RULES_2023)
        assert round(found["train", RANKING].kendall_tau, 2) == 0.08
        assert round(found["test", RANKING].kendall_tau, 2) == 0.06
    assert all(a.is_energy_alone for a in found.values())
    assert {a.n for a in found.values()} == {84}
    rows = entries(dcase_folder, 2023)
    for metric in ("psds1", "psds2"):
        for phase, column in COLUMNS.items():
            quality = [number(row[f"{metric}_eval"]) for row in rows]
            weighted = [number(row[f"ew_{metric}_{column}"]) for row in rows]
            tau = naive_tau_b(quality, weighted)
            assert found[phase, metric].kendall_tau == pytest.approx(tau, abs=0.002)
