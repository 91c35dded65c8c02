from comparison.submitted import rules, submission
from isojoule.comparison.checks.above_training import find_tests_above_training


def found(train, test):
    made = submission(train_kwh=train, test_kwh=test)
    return list(find_tests_above_training([made], rules()))


def test_a_test_that_takes_more_than_its_training_is_a_note():
    (finding,) = found("0.03", "1.4")
    assert (finding.check, finding.severity) == ("test-above-training", "note")
    assert "1.4 kWh" in finding.text


def test_less_or_nothing_says_nothing():
    assert not found("1.4", "0.03")
    assert not found("1.4", "1.4")
    assert not found(None, "1.4")
