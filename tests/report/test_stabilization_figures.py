from dataclasses import replace

import pytest

from isojoule.report.stabilization_figures import choose_examples, draw_stabilization
from isojoule.studies.stabilization.results import StabilizationQuestion
from isojoule.studies.stabilization.study import study_stabilization
from stabilized import make_stabilization_study
from trainings import make_training

pytest.importorskip("matplotlib", reason="figures need the plots extra")


@pytest.fixture(scope="module")
def study():
    return make_stabilization_study()


@pytest.fixture(scope="module")
def drawn(study):
    return {figure.stem: figure for figure in draw_stabilization(study)}


@pytest.mark.slow
def test_there_is_a_figure_for_each_question(drawn):
    assert list(drawn) == [
        "examples",
        "stable-by-epoch",
        "start-rules",
        "sweep-mape",
        "sweep-rmse",
        "sweep-map",
        "random-windows",
    ]
    for figure in drawn.values():
        assert figure.figure.svg.startswith("<svg")
        assert figure.figure.alt
        assert set(figure.files) == {".svg", ".png", ".pdf"}


@pytest.mark.slow
def test_the_same_study_is_drawn_alike(study, drawn):
    again = {figure.stem: figure for figure in draw_stabilization(study)}
    for stem, figure in drawn.items():
        assert again[stem].figure.svg == figure.figure.svg


def test_examples_agree_most_and_least_in_each_environment(study):
    shown = [finding.case.run.run_id for finding in choose_examples(study)]
    # In the lab only a has all changes; in the office there is one run.
    assert shown == ["a", "c"]


@pytest.mark.slow
def test_detectors_and_the_published_figure_are_named(drawn):
    svg = drawn["stable-by-epoch"].figure.svg
    for words in ("FLUSS with care", "epochs agree until the end", "published figure"):
        assert words in svg
    assert "the work changes" in drawn["examples"].figure.svg


@pytest.mark.slow
def test_rules_that_need_the_end_have_a_star(drawn):
    svg = drawn["start-rules"].figure.svg
    assert "epoch 10 (3 runs)" in svg
    assert "epochs agree until the end (3 runs)*" in svg


def test_what_has_no_data_is_not_drawn():
    asked = StabilizationQuestion(starts=(10,), windows=(5,), n_draws=3)
    blind = study_stabilization([make_training(has_samples=False)], question=asked)
    stems = {figure.stem for figure in draw_stabilization(blind)}
    assert stems == {"stable-by-epoch", "start-rules"}


@pytest.mark.slow
def test_a_choice_that_was_not_tried_is_not_marked(study):
    other = replace(study, question=replace(study.question, start=99, window=7))
    assert "sweep-map" in {figure.stem for figure in draw_stabilization(other)}


@pytest.mark.slow
def test_one_detector_alone_can_be_drawn(study):
    findings = tuple(
        replace(f, changes={"sane": f.changes["sane"]}) if f.changes else f
        for f in study.findings
    )
    only = replace(study, detectors=("sane",), findings=findings)
    (examples, *_) = draw_stabilization(only)
    assert "FLUSS as published" not in examples.figure.svg
