import pytest

from comparison.submitted import rules, submission
from isojoule.comparison.checks.reference_outlier import find_reference_outliers


def found(*kwh_by_team, device="A100", **changes):
    made = [
        submission(f"{team}_1", reference_kwh=kwh, device=device)
        for team, kwh in kwh_by_team
    ]
    return list(find_reference_outliers(made, rules(hardware="other", **changes)))


def test_far_from_the_middle_of_three_other_sites_is_a_warning():
    (finding,) = found(("A", "0.025"), ("B", "0.03"), ("C", "0.04"), ("D", "0.09"))
    assert (finding.check, finding.severity) == ("reference-outlier", "warning")
    assert finding.label == "D_1"
    assert "3 times the 0.03 kWh in the middle of 3 other sites" in finding.text
    assert "too low" in finding.text


def test_too_low_a_reference_makes_energies_too_high():
    (finding,) = found(("A", "0.025"), ("B", "0.03"), ("C", "0.04"), ("D", "0.006"))
    assert "only 1/5 of the 0.03 kWh" in finding.text
    assert "too high" in finding.text


def test_two_sites_that_differ_are_a_note_for_both():
    findings = found(("A", "0.017"), ("B", "0.075"))
    assert {(f.label, f.severity) for f in findings} == {
        ("A_1", "note"),
        ("B_1", "note"),
    }
    assert "do not tell which" in findings[0].text


def test_a_site_counts_once_however_many_systems_it_sent():
    many = [submission(f"A_{i}", reference_kwh="0.1", device="A100") for i in range(9)]
    others = [
        submission(f"{team}_1", reference_kwh="0.03", device="A100") for team in "BCD"
    ]
    findings = list(find_reference_outliers([*many, *others], rules(hardware="other")))
    assert {f.team for f in findings} == {"A"}
    assert len(findings) == 9


def test_spellings_of_one_device_are_compared_and_other_devices_are_not():
    devices = ["A100", "Telsa A100", "NVIDIA A100-PCIE-40GB", "V100"]
    made = [
        submission(f"{team}_1", reference_kwh=kwh, device=device)
        for team, kwh, device in zip(
            "ABCD", ["0.1", "0.03", "0.03", "0.9"], devices, strict=True
        )
    ]
    findings = list(find_reference_outliers(made, rules(hardware="other")))
    assert [f.label for f in findings] == ["A_1"]


def test_the_organizers_are_a_site_where_no_baseline_brings_their_value():
    made = [submission("A_1", reference_kwh="0.1", device="A100")]
    (finding,) = find_reference_outliers(made, rules())  # 0.032 on an A100
    assert "0.032 kWh" in finding.text
    base = submission("Base_1", reference_kwh="0.032", device="A100", is_baseline=True)
    findings = list(find_reference_outliers([*made, base], rules()))
    assert {f.label for f in findings} == {"A_1", "Base_1"}
    assert all(("other sites", "1") in f.evidence for f in findings)


@pytest.mark.parametrize("kwh", ["0.06", "0.015"])
def test_a_factor_of_two_is_not_beyond_two(kwh):
    assert not found(("A", "0.03"), ("B", "0.03"), ("C", "0.03"), ("D", kwh))


def test_one_site_alone_and_references_of_other_names_say_nothing():
    assert not found(("A", "0.03"))
    made = [
        submission("A_1", reference_kwh="0.03", device="A100"),
        submission("B_1", reference_kwh="9", device="A100", reference_name="other"),
        submission("C_1", reference_kwh="9", device="A100", reference_phase="train"),
        submission("D_1", reference_kwh="9", device=None),
        submission("E_1", reference_kwh="-9", device="A100"),
    ]
    assert not list(find_reference_outliers(made, rules(hardware="other")))
