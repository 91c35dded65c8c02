from dataclasses import replace

from comparison.submitted import rules, submission
from isojoule.comparison.checks.reference_of_other_phase import (
    find_references_of_other_phases,
)


def found(asked):
    made = [submission("A_1", train_kwh="0.036"), submission("B_1", train_kwh="446.6")]
    return list(find_references_of_other_phases(made, asked))


def test_an_inference_run_that_scales_training_is_a_finding_about_the_rules():
    (finding,) = found(rules())
    assert (finding.check, finding.severity) == ("reference-of-other-phase", "warning")
    assert (finding.label, finding.team) == ("", "")
    assert "0.036 kWh to 446.6 kWh" in finding.text
    assert "0.032 kWh" in finding.text


def test_references_of_the_phase_and_no_references_say_nothing():
    asked = rules()
    train = asked.phases["train"]
    own = tuple(replace(r, phase="train") for r in train.references)
    for right in (
        replace(train, references=own),
        replace(train, references=()),
        replace(train, method="none"),
    ):
        assert not found(replace(asked, phases={**asked.phases, "train": right}))
