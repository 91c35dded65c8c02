from dataclasses import replace

from comparison.submitted import figure, rules, submission
from isojoule.comparison.checks.interpreted import find_interpretations
from isojoule.comparison.checks.unreadable import find_unreadable
from isojoule.submissions import Place, Problem


def found(made):
    return list(find_unreadable([made], rules()))


def test_an_energy_that_is_no_number_is_an_error_and_quoted():
    (finding,) = found(submission(train_kwh="1,7 or 1.8"))
    assert (finding.check, finding.severity) == ("unreadable", "error")
    assert "'1,7 or 1.8'" in finding.text
    assert "train energy" in finding.mail


def test_references_and_scores_are_errors_and_counts_warnings():
    made = submission(reference_kwh="?", psds1="nan", params="4.2MB")
    assert sorted((f.severity, f.evidence[0][0]) for f in found(made)) == [
        ("error", "reference baseline (test)"),
        ("error", "score psds1"),
        ("warning", "parameters"),
    ]


def test_a_figure_that_was_read_with_a_remark_is_a_note():
    remark = "20 trainings of 31 h taken one after another"
    odd = submission(energies={"train": figure("5", problem=remark)})
    assert not found(odd)
    (finding,) = find_interpretations([odd], rules())
    assert (finding.check, finding.severity) == ("interpreted", "note")
    assert remark in finding.text
    assert finding.mail == ""


def test_notes_of_reading_are_interpretations_and_ask_nothing():
    note = Problem("note", "taken for a run of reference 'crnn'", Place("a.csv", 3))
    made = submission(problems=(note,))
    assert not found(made)
    (finding,) = find_interpretations([made], rules())
    assert (finding.text, finding.mail) == (note.text, "")
    assert finding.evidence == (("place", "a.csv:3"),)


def test_a_figure_that_was_read_with_a_warning_is_asked_about():
    remark = "its interval 0.5 to 0.6 does not hold it and is left out"
    place = Place("entries.csv", 1, "psds1")
    made = submission(
        scores={"psds1": figure("0.4", "psds1", problem=remark)},
        problems=(Problem("warning", f"psds1: {remark}", place),),
    )
    (finding,) = found(made)
    assert finding.severity == "warning"
    assert finding.mail.endswith("Is it meant that way?")
    assert not list(find_interpretations([made], rules()))


def test_only_figures_with_a_unit_are_asked_for_with_it():
    made = submission(train_kwh="x", psds1="y", params="z")
    asked = {f.evidence[0][0]: f.mail.rpartition(". ")[2] for f in found(made)}
    assert asked == {
        "train energy": "Could you send it as a plain number with its unit?",
        "score psds1": "Could you send it as a plain number?",
        "parameters": "Could you send it as a plain number?",
    }


def test_problems_of_reading_are_told_once():
    made = submission(
        train_kwh="x",
        problems=(
            Problem(
                "error", "train: not a number", Place("entries.csv", 1, "train_kwh")
            ),
            Problem("warning", "a line is cut off", Place("a.yaml", 3)),
        ),
    )
    findings = found(made)
    assert [f.severity for f in findings] == ["error", "warning"]
    assert findings[1].evidence == (("place", "a.yaml:3"),)


def test_a_long_text_is_quoted_in_part():
    (finding,) = found(submission(train_kwh="9" * 10 + "x" * 10_000))
    assert len(finding.text) < 300


def test_what_an_energy_is_used_as_is_said_in_its_own_unit():
    odd = submission(train_kwh=None, reference_kwh=None, test_kwh="0.2")
    test = replace(odd.energies["test"], problem="the sum of 2 runs")
    (finding,) = find_interpretations([replace(odd, energies={"test": test})], rules())
    assert "is used as 0.2 kWh" in finding.text
