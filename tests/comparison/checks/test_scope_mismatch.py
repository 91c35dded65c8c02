from dataclasses import replace

import pytest

from comparison.submitted import energy, rules, submission
from isojoule.comparison.checks.scope_mismatch import find_scope_mismatches
from isojoule.records import Calibration, Hardware, Observation, Run, Workload
from isojoule.submissions import ReferenceRun


def found(*submissions, **changes):
    return list(find_scope_mismatches(submissions, rules(**changes)))


def test_a_reference_of_another_scope_is_an_error_in_every_phase():
    findings = found(submission(scope="node", reference_scope="gpu"))
    assert [(f.check, f.severity) for f in findings] == [
        ("scope-mismatch", "error")
    ] * 2
    assert "the whole machine" in findings[0].text
    assert "the accelerators alone" in findings[0].text


def test_a_calibration_is_a_reference_too():
    observed = {"mlp": Observation("mlp", "here", 5.0, scope="gpu")}
    calibration = Calibration("here", observed)
    made = submission(scope="node", reference_kwh=None, calibration=calibration)
    assert [f.severity for f in found(made)] == ["error", "error"]


def test_equal_and_unknown_scopes_say_nothing():
    assert not found(submission(scope="node"))
    assert not found(submission(scope=None, reference_scope="gpu"))
    unstated = ReferenceRun("baseline", "test", energy("0.03"))
    assert not found(replace(submission(scope="gpu"), references=(unstated,)))


def test_another_scope_than_that_of_the_rules_is_a_warning():
    findings = found(submission(scope="gpu"), scope="node")
    assert {f.severity for f in findings} == {"warning"}
    assert not found(submission(scope="node"), scope="node")


def test_another_tracker_than_most_is_a_note():
    trackers = ["codecarbon 2.1.4", "codecarbon 2.1.4", "codecarbon 1.2.0", None]
    made = [submission(f"S_{i}", tracker=t) for i, t in enumerate(trackers)]
    (finding,) = found(*made)
    assert (finding.label, finding.severity) == ("S_2", "note")
    assert "1.2.0" in finding.text
    assert "2.1.4" in finding.mail


@pytest.mark.parametrize("tag", ["codecarbon_version", "tracking_mode"])
def test_records_that_were_measured_differently_are_a_note(tag):
    def run(told):
        return Run(
            run_id=told,
            name=told,
            workload=Workload("w"),
            hardware=Hardware("h"),
            energies=(),
            tags={tag: told},
        )

    (finding,) = found(submission(runs=(run("a"), run("b"), run("a"))))
    assert finding.severity == "note"
    assert "a and b" in finding.text
    assert not found(submission(runs=(run("a"), run("a"))))


@pytest.mark.parametrize(
    ("trackers", "told"),
    [
        (["codecarbon", "codecarbon", "codecarbon 2.3.4"], []),
        (["codecarbon 2.3.4", "codecarbon 2.3.4", "codecarbon"], []),
        (["codecarbon 2.3.4", "codecarbon 2.4.0", "codecarbon 2.5.0"], []),
        (["codecarbon 2.3.4", "CodeCarbon v2.3.4", "codecarbon==2.3.4"], []),
        (["codecarbon 2.3.4", "codecarbon 2.3.4", "codecarbon 2.4.0"], ["S_2"]),
    ],
)
def test_only_versions_that_are_known_and_mostly_another_are_told(trackers, told):
    made = [submission(f"S_{i}", tracker=t) for i, t in enumerate(trackers)]
    assert [f.label for f in found(*made)] == told
