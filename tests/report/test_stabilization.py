import json
from dataclasses import replace

import pytest

from isojoule.report.stabilization import (
    say_design,
    say_detectors,
    say_start,
    stabilization_document,
    summarize_stabilization,
)
from isojoule.studies.stabilization.study import study_stabilization
from stabilized import make_stabilization_study
from trainings import make_training


@pytest.fixture(scope="module")
def study():
    return make_stabilization_study()


def test_the_document_is_plain_data_with_its_sentences(study):
    document = json.loads(json.dumps(stabilization_document(study), allow_nan=False))
    assert (document["n_runs"], document["n_used"]) == (5, 4)
    assert document["left_out"] == [
        {"reason": "have no windows of epochs", "n_runs": 1, "run_ids": ["e"]}
    ]
    assert document["sentences"] == list(summarize_stabilization(study))
    assert {row["run_id"] for row in document["runs"]} == {"a", "b", "c", "d"}
    assert {
        "agreement",
        "best_start",
        "detectors",
        "errors",
        "random_windows",
        "rules",
        "runs",
        "stable_by_epoch",
        "sweep",
    } <= document.keys()


def test_what_was_left_out_or_not_searched_is_told_first(study):
    first = summarize_stabilization(study)[0]
    assert first == (
        "4 of 5 runs studied; left out: 1 have no windows of epochs. 1 of 4 runs has "
        "no samples and could not be searched for a change of power."
    )


def test_a_detector_is_told_with_its_edge_its_hits_and_its_false_alarms(study):
    published, _, sane, watts = say_detectors(study)
    # b at 30 s: epoch 1; a at 198 s: epoch 9; c at 208 s: epoch 10; change at 200 s.
    assert published.startswith(
        "FLUSS as published has 100 % of 3 runs stable by epoch 10 (published "
        "figure: 90.9 %). In 33.3 % the change is at the first place that it may "
        "return, in 0 % at the last. It lies within 15 s of where the work changes in "
        "66.7 %, within an epoch in 66.7 %."
    )
    assert "still finds a change in 100 %: in 100 % exactly" in published
    assert "in 1 it finds no change, and they count as stable from epoch 0" in sane
    assert "published figure" not in sane
    assert "still finds a change in 0 %." in sane
    assert "within 15 s in 100 % of 3 runs" in watts


def test_ten_is_told_to_be_made_by_design(study):
    said = say_design(study)
    assert said[0] == "The work changes in epoch 10 in all 4 runs, as they state."
    assert said[-1].endswith("Do not carry the 10 over to other trainings.")
    assert "30.0 to 31.1 s" in said[1]


def test_own_trainings_are_told_of_their_own_design():
    own = study_stabilization([make_training(has_samples=False)])
    assert say_design(own)[1].startswith("A change that is found there is how these")


def test_without_a_known_change_nothing_is_said_of_one(study):
    plain = study_stabilization([make_training(has_samples=False, switch=None)])
    assert say_design(plain) == []
    findings = tuple(
        replace(f, case=replace(f.case, switch_s=None), controls={})
        for f in study.findings
    )
    told = say_detectors(replace(study, findings=findings))[0]
    assert told.endswith("no run states when its work changes.")


def test_the_errors_of_the_choice_are_told_with_their_runs(study):
    # 200, 200 and 180 W for 600 s, against 100, 100 and 90 kJ.
    assert say_start(study)[0] == (
        "At start 10 and window 5 the power-based estimate is off by 20.0 % (RMSE "
        "19.36 kJ) and the epoch-energy-based one by 0 % (RMSE 0 kJ), over 3 runs."
    )
    assert "over the 3 runs that are long enough" in say_start(study)[-2]
    assert say_start(study)[-1] == (
        "Windows of 1, 5, 10 epochs from epoch 11 on make the epoch-energy-based "
        "estimate off by 0 %, 0 %, 0 %."
    )


def test_where_most_runs_without_a_change_are_is_told(study):
    blind = [f for f in study.findings if f.case.run.run_id == "b"]
    several = replace(study, findings=(*study.findings, *blind, *blind))
    told = say_detectors(several)[2]
    assert "in 3 (3 of them net, lab) it finds no change" in told
