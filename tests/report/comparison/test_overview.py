from dataclasses import replace

import pytest

from compared import make_comparison, make_findings, make_submission, place
from isojoule.report.comparison.overview import overview_sentences, overview_table
from isojoule.submissions import Place, Problem

pytest.importorskip("scipy", reason="a comparison needs the compare extra")


def found(check, severity, team, label=""):
    first = make_findings()[0]
    label = label or f"{team}_1"
    return replace(first, check=check, severity=severity, team=team, label=label)


def told_of(comparison, **asked):
    return overview_sentences(comparison, **asked)


def test_problems_of_files_are_told_with_their_place_gravest_first():
    cut = Problem("warning", "the row has 10 cells", Place("2023.csv", 12))
    lost = Problem("error", "not YAML", Place("a/meta.yaml"))
    told = told_of(make_comparison(problems=(cut, lost)))
    first = told.index("error: a/meta.yaml: not YAML")
    assert told[first + 1] == "warning: 2023.csv:12: the row has 10 cells"


def test_of_very_many_problems_the_first_are_told():
    rows = tuple(Problem("error", "cut", Place("a.csv", n)) for n in range(2, 32))
    told = told_of(make_comparison(problems=rows))
    assert "error: a.csv:13: cut" in told
    assert "error: a.csv:14: cut" not in told
    assert "and 18 more problems of files: see the page or --json" in told


def test_a_team_is_told_with_the_severity_of_its_findings_errors_first():
    findings = (
        *[found("reference-outlier", "warning", "Chen_CHT")] * 4,
        *[found("reference-follows-ensemble", "error", "Chen_CHT")] * 2,
        *[found("few-digits", "warning", "Amy")] * 8,
        found("reference-of-other-phase", "warning", "", label="odd"),
    )
    told = told_of(make_comparison(findings=findings))
    outlier = "warning reference-outlier (4)"
    assert told[-4:] == [
        "checks: 2 errors, 13 warnings, 0 notes",
        f"  Chen_CHT: error reference-follows-ensemble (2), {outlier}",
        "  Amy: warning few-digits (8)",
        "  the rules: warning reference-of-other-phase (1)",
    ]


def test_of_very_many_teams_the_first_twelve_are_told():
    findings = [found("identity", "error", f"team{n:02}") for n in range(14)]
    told = told_of(make_comparison(findings=tuple(findings)))
    assert told[-2:] == [
        "  team11: error identity (1)",
        "  and 2 more teams: see the page or --json",
    ]


def test_what_is_waived_is_not_told():
    assert not any("few-digits" in line for line in told_of(make_comparison()))


def test_of_few_submissions_the_findings_themselves_are_told():
    rules = replace(found("amendment-unused", "note", ""), label="", evidence=())
    few = make_comparison(
        submissions=[make_submission("small")],
        findings=(rules, *make_findings()),
    )
    expected = [
        "  error: all.csv:3: small: implied-power: 3000 W on one <GPU>",
        "  note: the rules: amendment-unused: 3000 W on one <GPU>",
    ]
    assert told_of(few)[-2:] == expected
    assert not set(expected) & set(told_of(few, detailed=False))
    assert expected[0] in told_of(make_comparison(), detailed=True)


def test_of_few_submissions_their_problems_are_told():
    problem = Problem("warning", "no number", place("odd", "f1"))
    odd = make_submission("odd", problems=(problem,))
    told = told_of(make_comparison(submissions=[odd]))
    assert "warning: all.csv:5: odd: no number" in told


def test_why_all_energies_are_missing_is_told_once():
    comparison = without_energies(make_comparison(), lambda system: "no reference")
    told = told_of(comparison)
    assert "no train energy for all 4: no reference" in told
    assert "no test energy for all 4: no reference" in told


def test_of_several_reasons_the_most_frequent_is_told_with_its_count():
    comparison = without_energies(
        make_comparison(),
        lambda system: "not stated" if system.label == "odd" else "no reference",
    )
    assert "no train energy for all 4, most often (3 times): no reference" in told_of(
        comparison
    )
    told = told_of(make_comparison())
    assert "no test energy for 1 of 4: no test energy was stated" in told


def without_energies(comparison, reason):
    systems = tuple(
        replace(s, energies={}, refusals=dict.fromkeys(("train", "test"), reason(s)))
        for s in comparison.systems
    )
    return replace(comparison, systems=systems)


def test_without_any_score_there_is_no_table():
    comparison = make_comparison()
    assert overview_table(comparison, n_most=5).n_rows == 1
    assert overview_table(replace(comparison, rankings={}), n_most=5).n_rows == 0
