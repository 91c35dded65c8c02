from comparison.submitted import rules, submission
from isojoule.comparison.checks.reference_inconsistent import (
    find_inconsistent_references,
)


def found(*kwh, **changes):
    made = [
        submission(f"A_{i}", reference_kwh=k, device="A100", **changes)
        for i, k in enumerate(kwh, start=1)
    ]
    return list(find_inconsistent_references(made, rules()))


def test_a_slip_in_one_of_several_is_found():
    (finding,) = found("0.030", "0.031", "0.310", "0.030")
    assert (finding.check, finding.severity) == ("reference-inconsistent", "warning")
    assert finding.label == "A_3"
    assert "0.31 kWh, and 0.03 kWh" in finding.text


def test_of_two_the_higher_is_named():
    (finding,) = found("0.30", "0.03")
    assert finding.label == "A_1"


def test_repeats_that_differ_a_little_are_right():
    assert not found("0.030", "0.040", "0.055")


def test_other_devices_of_the_team_are_other_machines():
    made = [
        submission("A_1", reference_kwh="0.03", device="A100"),
        submission("A_2", reference_kwh="0.3", device="V100"),
    ]
    assert not list(find_inconsistent_references(made, rules()))


def test_what_follows_the_ensemble_is_left_to_that_check():
    made = [
        submission("A_1", reference_kwh="0.156", device="A100"),
        submission("A_2", reference_kwh="0.936", device="A100", n_subsystems=6),
    ]
    assert not list(find_inconsistent_references(made, rules()))
