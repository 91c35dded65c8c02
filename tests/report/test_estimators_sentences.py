from dataclasses import replace

import pytest

from estimator_runs import make_published_like
from estimator_studies import FEW, own_study, published_study
from isojoule.report.estimators_sentences import (
    describe_recall,
    summarize_estimators,
)
from isojoule.studies.estimators.running import study_estimators

pytest.importorskip("sklearn", reason="the published folds need the study extra")


@pytest.fixture
def published():
    return published_study()


@pytest.fixture
def own():
    return own_study()


def test_the_recall_of_the_published_test_is_told_in_plain_words(published, own):
    told = describe_recall(published)
    assert "96 training rows are repeats of 24 configurations" in told
    assert "100 % of the rows" in told
    assert describe_recall(own) == ""


def test_the_summary_tells_verdicts_boards_and_what_is_left_out(published, own):
    told = " ".join(summarize_estimators(published))
    assert "0 of 6 rows of ridge and kernel ridge equal every printed digit" in told
    assert "of 6 estimates are within 2 % of the print" in told
    assert "RTX 3070 220 W as specified, 240 W as the driver reports" in told
    assert "singular" in told
    told = " ".join(summarize_estimators(own))
    assert "Tables 8 and 9" not in told
    assert "One data set held out at a time: left out" in told


def test_without_the_test_part_nothing_is_said_of_digits():
    runs = [r for r in make_published_like() if "cv_fold" in r.tags]
    study = study_estimators(runs, contenders=FEW)
    told = " ".join(summarize_estimators(study))
    assert "equal every printed digit" not in told
    assert "the printed digits of Tables 8 and 9 are not met" in told


def test_missing_gpu_use_is_told_with_what_to_do():
    runs = [
        replace(r, gpu_utilization_fraction=None)
        for r in make_published_like()
        if r.tags.get("delrey_table") == "table10_test"
    ]
    told = " ".join(summarize_estimators(study_estimators(runs, contenders=FEW)))
    assert "of 5 estimates" in told
