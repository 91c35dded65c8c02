from dataclasses import replace

from comparison.submitted import rules, submission
from isojoule.comparison.checks.missing_baseline import find_missing_baseline
from isojoule.comparison.checks.missing_figure import find_missing_figures
from isojoule.records import Calibration

SCORES = {"psds1": "0.3", "psds2": "0.5"}


def found(made, **changes):
    return list(find_missing_figures([made], rules(**changes)))


def test_all_that_is_missing_is_one_finding():
    (finding,) = found(submission(train_kwh=None, psds1="0.3"))
    assert (finding.check, finding.severity) == ("missing-figure", "warning")
    assert "the energy of train and the score psds2" in finding.text
    assert finding.mail.startswith("We miss")


def test_a_whole_submission_misses_nothing():
    assert not found(submission(**SCORES))


def test_a_reference_of_another_name_does_not_count_and_is_named():
    (finding,) = found(submission(reference_name="crnn", **SCORES))
    assert "a reference run: baseline (test)" in finding.text
    assert ("references handed in", "crnn (test)") in finding.evidence


def test_no_reference_is_needed_without_a_method_or_by_the_baseline():
    without = submission(reference_kwh=None, **SCORES)
    assert found(without)
    assert not found(replace(without, is_baseline=True))
    assert not found(without, baseline=without.label)
    assert not found(replace(without, calibration=Calibration("here", {})))
    phases = {n: replace(p, method="none") for n, p in rules().phases.items()}
    assert not found(without, phases=phases)


def test_what_is_there_and_cannot_be_read_is_not_missing():
    assert not found(submission(train_kwh="a lot", **SCORES))


def test_a_baseline_that_nobody_handed_in_is_a_finding_about_the_rules():
    made = [submission("Baseline_task4_1")]
    assert not list(find_missing_baseline(made, rules()))
    assert not list(find_missing_baseline(made, rules(baseline="Baseline_task4_1")))
    (finding,) = find_missing_baseline(made, rules(baseline="Baseline_tsk4_1"))
    assert finding.label == ""
    assert "'Baseline_task4_1'" in finding.text
