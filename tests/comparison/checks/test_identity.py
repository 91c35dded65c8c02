from dataclasses import replace

from comparison.submitted import rules, submission
from isojoule.comparison.checks.identity import find_broken_identities
from isojoule.comparison.rules import Reference
from isojoule.units import kwh_to_j


def found(*submissions, **changes):
    return list(find_broken_identities(submissions, rules(**changes)))


def baseline(**stated):
    return submission("Base_1", is_baseline=True, **stated)


def test_a_reference_that_is_not_the_baseline_run_is_an_error():
    (finding,) = found(baseline(reference_kwh="0.032", test_kwh="0.019"))
    assert (finding.check, finding.severity) == ("identity", "error")
    assert "0.032 kWh" in finding.text
    assert "0.019 kWh" in finding.text
    assert "a factor of 1.7" in finding.text
    assert "?" in finding.mail


def test_the_baseline_on_the_organizers_hardware_is_right():
    asked = rules()
    test = replace(asked.phases["test"], baseline_energy_j=kwh_to_j(0.032))
    phases = {**asked.phases, "test": test}
    assert not found(baseline(reference_kwh="0.032", test_kwh="0.032"), phases=phases)


def test_a_baseline_that_its_references_bring_elsewhere_is_an_error():
    # 1.39 kWh x 0.032 / 0.016 = 2.78 kWh, and 0.016 kWh is the baseline of the test
    findings = found(baseline(reference_kwh="0.016", test_kwh="0.016"))
    assert any("1.39 kWh, becomes 2.78 kWh" in f.text for f in findings)


def test_with_several_references_the_published_value_may_lie_between():
    references = tuple(
        Reference(name=name, phase="test", energy_j=kwh_to_j(kwh))
        for name, kwh in (("small", 0.01), ("large", 0.1))
    )
    asked = rules()
    phases = {
        name: replace(phase, method="dual", references=references)
        for name, phase in asked.phases.items()
    }
    handed = [
        submission(reference_kwh=kwh, reference_name=name).references[0]
        for name, kwh in (("small", "0.008"), ("large", "0.12"))
    ]
    made = replace(baseline(), references=tuple(handed))
    assert not found(made, phases=phases)
    # 1.39 kWh becomes 0.83 to 1.25 kWh with these, not 1.39 kWh
    off = [
        submission(reference_kwh=kwh, reference_name=name).references[0]
        for name, kwh in (("small", "0.012"), ("large", "0.15"))
    ]
    findings = found(replace(made, references=tuple(off)), phases=phases)
    assert {f.severity for f in findings} == {"error"}


def test_without_references_the_energy_itself_must_be_the_published_one():
    assert not found(baseline(reference_kwh=None))
    (finding,) = found(baseline(reference_kwh=None, train_kwh="2.0"))
    assert "publish" in finding.text


def test_only_the_baseline_that_the_rules_name_is_tested():
    others = [submission("A_1"), submission("Base_2", is_baseline=True)]
    (finding,) = found(baseline(), *others, baseline="Base_1")
    assert finding.label == "Base_1"
    assert not found(*others, baseline="Base_1")


def test_rounding_is_not_held_against_it():
    # 0.032 against 0.03: 6.7 % apart, of which rounding of 0.03 explains more
    asked = rules()
    test = replace(asked.phases["test"], baseline_energy_j=None)
    phases = {"test": test}
    assert not found(baseline(test_kwh="0.03", reference_kwh="0.032"), phases=phases)


def part(
    train_kwh, reference_kwh, *, name="baseline", published_kwh=1.5, rules_kwh=0.12
):
    """Rules with a reference of training, and what the baseline hands in."""
    reference = Reference(name=name, phase="train", energy_j=kwh_to_j(rules_kwh))
    train = replace(
        rules().phases["train"],
        references=(reference,),
        baseline_energy_j=published_kwh and kwh_to_j(published_kwh),
    )
    made = baseline(
        train_kwh=train_kwh,
        reference_kwh=reference_kwh,
        reference_name=name,
        reference_phase="train",
    )
    return found(made, phases={"train": train})


def test_a_reference_of_fewer_epochs_is_what_the_rules_say_it_is():
    # 1.5 / 0.12 = 12.5 in the rules and in the entry
    assert not part("1.5", "0.12")


def test_a_reference_that_seems_to_be_a_part_is_a_note_where_the_rules_are_silent():
    (finding,) = part("1.5", "0.12", published_kwh=None)
    assert (finding.check, finding.severity) == ("identity", "note")
    assert "1/12 of the 1.5 kWh" in finding.text


def test_a_reference_that_takes_more_than_the_same_system_is_an_error():
    (finding,) = part("1.5", "3.0", published_kwh=None, rules_kwh=3.0)
    assert finding.severity == "error"
    assert "name, data and phase" in finding.text


def test_a_reference_that_only_mentions_the_baseline_is_another_run():
    asked = {"published_kwh": None, "rules_kwh": 3.0}
    assert not part("1.5", "3.0", name="baseline 10 epochs", **asked)
    assert part("1.5", "3.0", name="Base_1", **asked)  # the label of the entry
