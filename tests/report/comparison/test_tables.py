from dataclasses import replace

import pytest

from compared import (
    KWH,
    make_comparison,
    make_figure,
    make_rules,
    make_submission,
)
from isojoule.comparison.budget import Doubt
from isojoule.comparison.rules import Amendment
from isojoule.comparison.use import BreakEven
from isojoule.formats.table import encode_csv
from isojoule.report.comparison.page_tables import (
    break_evens_for_page,
    caps_for_page,
    describe_break_evens,
    is_of_figures,
    steps_for_page,
)
from isojoule.report.comparison.tables import (
    budget_to_print,
    comparison_tables,
    tables_to_print,
)
from isojoule.report.latex import to_latex
from isojoule.report.markdown import to_markdown
from isojoule.submissions import Problem, ReferenceRun
from isojoule.tables import Column

pytest.importorskip("scipy", reason="a comparison needs the compare extra")


@pytest.fixture
def tables():
    return comparison_tables(make_comparison())


def test_systems_have_energies_in_kwh_ranks_and_places(tables):
    row = tables["systems"].rows()[1]
    assert row["label"] == "small"
    assert row["train_energy_kwh"] == pytest.approx(1.0)
    assert row["train_energy_high_kwh"] == pytest.approx(2.0)
    assert row["train_stated_kwh"] == pytest.approx(2.0)
    assert row["train_stated_from"] == "all.csv:3, kwh"
    assert row["rank_train"] == 2
    assert row["front_all systems_f1_train_fraction"] == pytest.approx(0.95)
    assert row["weighted_f1_train"] == pytest.approx(0.4)
    assert tables["systems"].rows()[3]["test_refused"] == "no test energy was stated"


def test_tables_without_rows_are_left_out(tables):
    assert "problems" not in tables
    assert "amendments" not in tables
    assert tables["inputs"].rows()[0]["sha256"] == "ab" * 32


def test_problems_tell_whose_they_are():
    troubled = make_submission("odd", problems=(Problem("warning", "no number"),))
    lost = (Problem("error", "not YAML"),)
    table = comparison_tables(make_comparison(submissions=[troubled], problems=lost))
    assert [(r["label"], r["text"]) for r in table["problems"].rows()] == [
        (None, "not YAML"),
        ("odd", "no number"),
    ]


def test_an_amendment_stands_beside_what_it_replaced():
    rules = make_rules(
        amendments=(
            Amendment(label="small", field="scores.f1", value=0.4, reason="typing"),
        )
    )
    score = make_figure("0.4", 0.4, original=make_figure("4", 4.0), reason="typing")
    changed = make_submission("small", scores={"f1": score})
    tables = comparison_tables(make_comparison(rules=rules, submissions=[changed]))
    (row,) = tables["amendments"].rows()
    assert (row["before"], row["after"], row["reason"]) == ("4", "0.4", "typing")


def amendment(field, value, reason):
    return Amendment(label="small", field=field, value=value, reason=reason)


def test_a_figure_that_is_amended_twice_has_one_row_with_its_last_reason():
    """One amendment names all references, a later one this; the original stays."""
    rules = make_rules(
        amendments=(
            amendment("reference_energy_kwh", 0.7, "unit"),
            amendment("reference_energy_kwh.crnn", 0.6, "agreed by mail"),
        )
    )
    before = make_figure("5610 Wh", 5.61 * KWH)
    after = make_figure("0.6", 0.6 * KWH, original=before, reason="agreed by mail")
    run = ReferenceRun("crnn", "train", after)
    changed = make_submission("small", references=(run,))
    tables = comparison_tables(make_comparison(rules=rules, submissions=[changed]))
    (row,) = tables["amendments"].rows()
    assert row["field"] == "reference_energy_kwh.crnn.train"
    assert (row["before"], row["after"]) == ("5.61 kWh", "0.600 kWh")
    assert row["reason"] == "agreed by mail"


def test_a_score_that_is_called_after_a_unit_is_no_energy():
    rules = make_rules(amendments=(amendment("scores.f1_kwh", 0.4, "typing"),))
    score = make_figure("0.4", 0.4, original=make_figure("4", 4.0), reason="typing")
    changed = make_submission("small", scores={"f1_kwh": score})
    tables = comparison_tables(make_comparison(rules=rules, submissions=[changed]))
    (row,) = tables["amendments"].rows()
    assert (row["before"], row["after"]) == ("4", "0.4")


def with_pairs(*pairs):
    everyone = make_comparison().cohorts["all systems"]
    return replace(everyone, break_evens=pairs)


def test_pairs_say_whether_they_differ_by_more_than_their_errors(tables):
    clear, unclear = (
        BreakEven(
            a="a", b=b, n_inferences=n, cheaper_below="a", cheaper_above=b, is_clear=is_
        )
        for b, n, is_ in (("b", 2.0, True), ("c", 3.0, False))
    )
    shown = break_evens_for_page(with_pairs(unclear, clear)).rows()
    assert [(r["above"], r["clear"]) for r in shown] == [("b", True), ("c", False)]
    assert "is_clear" in tables["break-even"].rows()[0]


def test_pairs_that_need_the_same_are_not_counted_as_decided():
    crossing = BreakEven(
        a="a", b="b", n_inferences=2.0, cheaper_below="a", cheaper_above="b"
    )
    decided = BreakEven(a="a", b="c", cheaper_below="a", cheaper_above="a")
    alike = BreakEven(a="b", b="c", reason="both need the same")
    (told,) = describe_break_evens(with_pairs(crossing, decided, alike))
    assert told == (
        "Of 3 pairs of systems on the fronts, 1 has such a number; in 1 one system "
        "never needs more however much it is used; in 1 both need the same. At most 30 "
        "systems are paired, those with the best scores."
    )


def test_the_budget_has_median_errors_and_shares(tables):
    largest, other = tables["uncertainty-budget"].rows()[:2]
    assert largest["source"] == "rounding of the reference"
    assert largest["error_fraction"] == pytest.approx(0.4)
    assert largest["share_fraction"] == pytest.approx(0.16 / 0.25)
    assert other["share_fraction"] == pytest.approx(0.09 / 0.25)
    assert largest["shared"] == "all systems of a team"


def test_tiny_shares_are_not_written_with_powers_of_ten():
    """Of errors of 0.3 and 0.0001 the smaller has a share of 1e-7 of the variance."""
    comparison = make_comparison()
    doubts = (Doubt("conversion", 0.3, "system"), Doubt("meter", 1e-4, "system"))
    systems = tuple(
        replace(
            s, energies={p: replace(e, doubts=doubts) for p, e in s.energies.items()}
        )
        for s in comparison.systems
    )
    large, tiny = budget_to_print(replace(comparison, systems=systems)).rows()[:2]
    assert (large["error_fraction"], large["share_fraction"]) == ("30 %", ">99.9 %")
    assert (tiny["error_fraction"], tiny["share_fraction"]) == ("0.010 %", "<0.1 %")


def test_the_system_that_the_rules_call_baseline_is_one(tables):
    unmarked = make_submission("base", is_baseline=False)
    others = [make_submission(label) for label in ("small", "large", "odd")]
    found = comparison_tables(make_comparison(submissions=[unmarked, *others]))
    marks = {r["label"]: r["is_baseline"] for r in found["systems"].rows()}
    assert marks == {"base": True, "small": False, "large": False, "odd": False}


def test_the_ranking_for_a_paper_has_intervals_ties_and_the_front():
    table = tables_to_print(make_comparison())["ranking"]
    first, second = table.rows()[:2]
    dash = "\N{EN DASH}"
    assert first == {
        "rank": "1",
        "label": "large",
        "team": "Ann",
        "score": f"0.50 (0.49{dash}0.51)",
        "energy_train": f"4.00 (2.00{dash}8.00)",
        "energy_test": f"0.400 (0.200{dash}0.800)",
        "by_energy": f"3 = (2{dash}4)",
        "front": "yes (95 %)",
        "weighted": dash,
    }
    assert second["rank"] == dash  # the others have no rank in the main score
    assert second["label"] == "base (baseline)"
    assert second["front"] == "no (25 %)"


def test_what_is_printed_fits_a_page(tables):
    printed = tables_to_print(make_comparison())
    assert set(printed) == {
        "ranking",
        "findings",
        "caps",
        "fronts",
        "marginal-costs",
        "energy-weighting",
        "uncertainty-budget",
    }
    assert len(printed["ranking"].columns) < len(tables["systems"].columns) / 3


def test_all_tables_can_be_written(tables):
    for table in (*tables.values(), *tables_to_print(make_comparison()).values()):
        assert table.title.split("<")[0] in to_markdown(table)
        assert "\\toprule" in to_latex(table)
        assert len(encode_csv(table).splitlines()) > table.n_rows


def test_caps_are_told_with_the_unit_of_what_is_capped():
    rows = caps_for_page(make_comparison(), "all systems").rows()
    assert [row["most"] for row in rows] == ["4.00 kWh", "2.50 kWh", "1.50 M"]
    assert rows[1]["loss"] == "0.10 (0.08\N{EN DASH}0.12)"


def test_a_verdict_is_told_where_there_is_a_price():
    assert "worthy" not in {c.name for c in _steps(make_comparison())}
    priced = make_comparison(rules=make_rules(price_kwh_per_point=1.0))
    everyone = priced.cohorts["all systems"]
    (step,) = everyone.steps["train", "f1"]
    worthy = replace(
        everyone, steps={("train", "f1"): (replace(step, is_worthy=True),)}
    )
    cohorts = {**priced.cohorts, "all systems": worthy}
    assert _steps(replace(priced, cohorts=cohorts))[-1].values == ("yes",)


def _steps(comparison):
    return steps_for_page(comparison, "all systems").columns


@pytest.mark.parametrize(
    "texts",
    [
        ("1.2", "\N{EN DASH}"),
        ("<1 %", "95 %"),
        ("2.50 kWh",),
        ("1.50 M", "512"),
        ("0.1 (0.08\N{EN DASH}0.12)",),
    ],
)
def test_columns_of_figures_are_known_as_such(texts):
    assert is_of_figures(Column("a", texts))


@pytest.mark.parametrize("texts", [("2023.csv:3",), ("1.2", "no"), (None,), (True,)])
def test_other_columns_are_not(texts):
    assert not is_of_figures(Column("a", texts))
