from dataclasses import replace

import pytest

from compared import (
    KWH,
    make_comparison,
    make_figure,
    make_findings,
    make_rules,
    make_submission,
)
from isojoule.comparison.rules import Metric
from isojoule.report.comparison.cells import cells, ordered
from isojoule.report.comparison.headings import headings
from isojoule.report.comparison.index import Index
from isojoule.report.comparison.interactive import script_data


def row_of(comparison, label):
    (system,) = (s for s in comparison.systems if s.label == label)
    keys = [heading.key for heading in headings(comparison)]
    found = cells(comparison, Index.of(comparison), system)
    return dict(zip(keys, found, strict=True))


@pytest.fixture
def small():
    return row_of(make_comparison(), "small")


def test_every_heading_has_its_cell_and_a_key_of_its_own():
    keys = [heading.key for heading in headings(make_comparison())]
    assert len(keys) == len(set(keys))


def test_an_energy_has_its_interval_and_says_where_it_comes_from(small):
    cell = small["energy.train"]
    assert (cell.text, cell.small) == ("1.00", "0.500\N{EN DASH}2.00")
    assert cell.key == pytest.approx(1.0)
    assert cell.source == (
        "2.00 kWh \N{MULTIPLICATION SIGN} 0.500; method single-median by crnn, train; "
        "declared, scope not stated; all.csv:3, kwh; beyond the references by a factor "
        "of 3.00"
    )


def test_a_stated_energy_keeps_its_digits_its_provenance_and_its_scope(small):
    cell = small["stated.train"]
    assert (cell.text, cell.small) == ("2.00", "declared\nno scope")
    assert cell.source == "all.csv:3, kwh: “2.00”"


def test_a_tie_and_a_front_are_marked(small):
    assert small["rank.energy.train"].text == "2 ="
    assert small["rank.energy.train"].source == "tied with base"
    assert small["front.all systems.train.f1"].text == "● 95 %"
    assert small["weighted.f1.train"].small == "rank 1"


def test_what_is_refused_says_why_and_sorts_last():
    cell = row_of(make_comparison(), "odd")["energy.test"]
    assert cell.key is None
    assert cell.source == "No number: no test energy was stated"


def test_an_amended_figure_shows_what_stood_there():
    amended = make_figure(
        "1", KWH, step=KWH, original=make_figure("9.36", 9.36 * KWH), reason="agreed"
    )
    changed = make_submission("base", energies={"train": amended})
    cell = row_of(make_comparison(submissions=[changed]), "base")["stated.train"]
    assert (cell.original, cell.text) == ("9.36", "1")
    assert cell.source.endswith("amended: agreed")


def test_findings_sort_by_the_gravest_and_waived_ones_do_not_count(small):
    assert (small["findings"].text, small["findings"].small) == ("1", "error")
    odd = row_of(make_comparison(), "odd")["findings"]
    assert (odd.text, odd.key) == ("0", 0)


def test_several_references_are_counted_and_told():
    submission = make_submission("base")
    (run,) = submission.references
    two = replace(submission, references=(run, replace(run, name="beats")))
    cell = row_of(make_comparison(submissions=[two]), "base")["reference"]
    assert (cell.text, cell.small) == ("2", "references")
    assert "beats, train: 0.500 kWh (all.csv:2, ref)" in cell.source


def test_systems_stand_by_rank_and_those_without_one_last():
    comparison = make_comparison()
    (ranking,) = (comparison.rankings["energy.train"],)
    fewer = replace(ranking, rows=ranking.rows[1:])
    rankings = {**comparison.rankings, "energy.train": fewer}
    comparison = replace(comparison, rankings=rankings)
    labels = [s.label for s in ordered(comparison, Index.of(comparison))]
    assert labels == ["small", "large", "odd", "base"]


def test_the_baseline_of_the_rules_is_marked():
    unmarked = make_submission("base", is_baseline=False)
    comparison = make_comparison(submissions=[unmarked, make_submission("small")])
    assert row_of(comparison, "base")["system"].small == "organizers · baseline"
    assert row_of(comparison, "small")["system"].small == "Ann"
    index = Index.of(comparison)
    rows = [(s, cells(comparison, index, s)) for s in comparison.systems]
    data = script_data(comparison, index, headings(comparison), rows)
    assert [s["isBaseline"] for s in data["systems"]] == [True, False]


def test_the_gravest_findings_are_counted_apart_where_there_are_others():
    error, _ = make_findings()
    warning = replace(error, severity="warning")
    several = make_comparison(findings=(error, warning, warning))
    assert row_of(several, "small")["findings"].text == "3"
    assert row_of(several, "small")["findings"].small == "1 error"
    alike = make_comparison(findings=(warning, warning))
    assert row_of(alike, "small")["findings"].small == "warnings"


@pytest.mark.parametrize(
    ("value_j", "said"),
    [(5.61 * KWH, "from 5.61 kWh (“5610 Wh”) to"), (None, "from “5610 Wh” to")],
)
def test_an_amended_reference_is_told_in_its_unit_and_as_written(value_j, said):
    after = make_figure(
        "0.6", 0.6 * KWH, original=make_figure("5610 Wh", value_j), reason="typing"
    )
    submission = make_submission("base")
    (run,) = submission.references
    changed = replace(submission, references=(replace(run, energy=after),))
    cell = row_of(make_comparison(submissions=[changed]), "base")["energy.train"]
    assert f"reference crnn amended {said} 0.600 kWh: typing" in cell.source


def explained(comparison):
    return {heading.key: heading.explained for heading in headings(comparison)}


def test_a_weighted_score_is_explained_by_its_direction():
    metrics = {
        "f1": Metric(name="f1"),
        "eer": Metric(name="eer", higher_is_better=False),
    }
    told = explained(make_comparison(rules=make_rules(metrics=metrics)))
    times = "\N{MULTIPLICATION SIGN}"
    assert told["weighted.f1.train"].startswith(
        f"f1 {times} (energy of the baseline / energy)^1"
    )
    assert told["weighted.eer.train"].startswith(
        f"eer {times} (energy / energy of the baseline)^1"
    )
    assert "(for eer its inverse)" in told["weighted.ranking.train"]
    all_high = {"f1": Metric(name="f1")}
    told = explained(make_comparison(rules=make_rules(metrics=all_high)))
    assert "inverse" not in told["weighted.ranking.train"]


def test_the_chart_tells_the_texts_of_the_table_and_why_it_is_empty():
    comparison = make_comparison()
    index, columns = Index.of(comparison), headings(comparison)
    rows = [(s, cells(comparison, index, s)) for s in comparison.systems]
    data = script_data(comparison, index, columns, rows)
    keys = [column.key for column in columns]
    assert [keys[k] for k in data["places"]["energies"]] == [
        "energy.train",
        "energy.test",
    ]
    assert [keys[k] for k in data["places"]["scores"]] == ["score.f1", "score.eer"]
    assert data["systems"][1]["fronts"]["0.0.0"] == ["95 %", True]
    assert set(data["empty"]) == {"0.0.1", "0.1.1", "1.0.1", "1.1.1"}  # of eer
    assert data["empty"]["0.1.1"] == (
        "Nothing to draw: among all systems, no system has both an energy of test "
        "above 0 and a score in eer."
    )


def test_a_front_that_is_all_but_certain_is_not_told_as_certain():
    comparison = make_comparison()
    everyone = comparison.cohorts["all systems"]
    front = everyone.fronts["train", "f1"]
    points = tuple(
        replace(p, probability=0.9999 if p.is_on_front else 0.0001)
        for p in front.points
    )
    fronts = {**everyone.fronts, ("train", "f1"): replace(front, points=points)}
    cohorts = {**comparison.cohorts, "all systems": replace(everyone, fronts=fronts)}
    comparison = replace(comparison, cohorts=cohorts)
    index = Index.of(comparison)
    rows = [(s, cells(comparison, index, s)) for s in comparison.systems]
    data = script_data(comparison, index, headings(comparison), rows)
    told = [system["fronts"]["0.0.0"][0] for system in data["systems"]]
    assert told == ["<1 %", ">99 %", ">99 %", "<1 %"]
