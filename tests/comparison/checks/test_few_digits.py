import pytest

from comparison.submitted import energy, rules, submission
from isojoule.comparison.checks.few_digits import find_few_digits
from isojoule.submissions import ReferenceRun


def found(reference_kwh):
    made = submission(reference_kwh=reference_kwh)
    return list(find_few_digits([made], rules()))


def test_two_digits_are_a_note_with_the_error_of_rounding():
    (finding,) = found("0.032")  # half of 0.001 in 0.032 is 1.6 %
    assert (finding.check, finding.severity) == ("few-digits", "note")
    assert "\N{PLUS-MINUS SIGN}1.6%" in finding.text
    assert "3 digits" in finding.mail


def test_rounding_by_a_twentieth_and_more_is_a_warning():
    (finding,) = found("0.006")  # half of 0.001 in 0.006 is 8.3 %
    assert finding.severity == "warning"
    assert "8.3%" in finding.mail


@pytest.mark.parametrize("text", ["0.0320", "0.156", "12.5", "100", None, "0", "-0.03"])
def test_three_digits_or_nothing_that_can_be_rounded_say_nothing(text):
    assert not found(text)


def test_it_quotes_the_figure_that_it_cites_first():
    good, bad = energy("0.032", "a"), energy("0.006", "b")
    runs = (ReferenceRun("crnn", "test", good), ReferenceRun("crnn", "test", bad))
    (finding,) = find_few_digits([submission(references=runs)], rules())
    assert "0.006 kWh" in finding.mail
    assert [seen.text for _, seen in finding.evidence] == ["0.006", "0.032"]


def test_with_the_decimals_that_were_asked_for_the_rules_are_told_not_the_team():
    made = [
        submission("A_1", reference_kwh="0.032"),
        submission("B_1", reference_kwh="0.006"),
        submission("C_1", reference_kwh="0.03"),
        submission("D_1", reference_kwh="0.156"),
    ]
    findings = list(find_few_digits(made, rules(stated_decimals_kwh=3)))
    found = {f.label: f for f in findings}
    assert list(found) == ["A_1", "B_1", "C_1", ""]
    assert found["A_1"].mail == found["B_1"].mail == ""
    assert found["C_1"].mail  # two decimals only
    assert found["B_1"].severity == "note"
    assert (found[""].team, found[""].severity) == ("", "warning")
    for part in ("3 decimals", "2 references", "0.006 kWh", "8.3%", "3 significant"):
        assert part in found[""].text
