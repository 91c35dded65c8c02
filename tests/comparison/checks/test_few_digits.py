import pytest

from comparison.submitted import rules, submission
from isojoule.comparison.checks.few_digits import find_few_digits


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
