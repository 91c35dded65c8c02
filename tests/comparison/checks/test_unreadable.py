from comparison.submitted import figure, rules, submission
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
    (finding,) = found(odd)
    assert finding.severity == "note"
    assert remark in finding.text


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
