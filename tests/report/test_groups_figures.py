import sys
from xml.etree import ElementTree as ET

import pytest

from group_runs import make_training
from group_studies import studied
from isojoule.errors import MissingExtraError
from isojoule.report.groups_figures import draw_groups
from isojoule.studies.groups.asking import GroupsQuestion
from isojoule.studies.groups.study import study_groups

pytest.importorskip("matplotlib", reason="figures need the plots extra")
pytestmark = pytest.mark.slow  # three formats of several figures take seconds


def texts_of(figure):
    root = ET.fromstring(figure.figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


@pytest.fixture(scope="module")
def drawn():
    told = []
    found = draw_groups(studied(), on_progress=lambda *done: told.append(done))
    assert told == [(i + 1, len(found)) for i in range(len(found))]
    return {figure.stem: figure for figure in found}


def test_each_factor_and_each_task_has_its_figures_in_three_formats(drawn):
    assert sorted(drawn) == [
        "boxes-batch-size-1",
        "boxes-hardware-1",
        "boxes-model-1",
        "boxes-score-batch-size-1",
        "boxes-score-hardware-1",
        "boxes-score-model-1",
        "trade-off-1",
    ]
    for figure in drawn.values():
        assert sorted(figure.files) == [".pdf", ".png", ".svg"]
        assert figure.figure.alt.endswith(".")


def test_panels_name_their_context_the_effect_and_the_groups(drawn):
    texts = texts_of(drawn["boxes-hardware-1"])
    assert {"A", "B", "energy per sample"} <= set(texts)
    assert {"best", "large", "small"} <= set(texts)
    assert texts.count("eta² 0.73, ratio 3.00") == 3
    caption = drawn["boxes-hardware-1"].figure.caption
    assert "All panels span the same ratio" in caption


def test_one_panel_says_that_its_axis_is_logarithmic(drawn):
    figure = drawn["boxes-batch-size-1"]
    assert "The axis is logarithmic." in figure.figure.caption
    assert [t for t in texts_of(figure) if t in {"10", "20", "40"}] == [
        "10",
        "20",
        "40",
    ]


def test_the_trade_off_names_machines_and_networks(drawn):
    texts = texts_of(drawn["trade-off-1"])
    assert {"A", "B", "best, batch 10", "small, batch 40"} <= set(texts)
    assert "data, train, gpu, measured" in texts
    assert "f1" in texts


def test_a_loss_points_down_and_scores_near_one_are_spread_out():
    def board_of(name, scores):
        runs = [
            make_training(e + 10 * i, model=f"m{i}", measures={name: score})
            for i, score in enumerate(scores)
            for e in (1, 2, 3)
        ]
        question = GroupsQuestion(score=name, lower_is_better=name == "loss")
        found = draw_groups(study_groups(runs, question=question))
        return next(f for f in found if f.about == "trade-off-1")

    loss = board_of("loss", (3.0, 2.0, 1.0))
    assert "Lower is better: the axis points down." in loss.figure.caption
    near = board_of("f1", (0.6, 0.9, 0.99))
    assert "drawn as logit" in near.figure.caption
    assert {"0.600", "0.900", "0.990"} <= set(texts_of(near))


def test_many_comparisons_are_spread_over_figures_and_the_rest_is_told():
    runs = [
        make_training(e * batch, model=m, batch_size=batch)
        for batch in range(1, 51)
        for m in "ab"
        for e in (1.0, 1.1)
    ]
    study = study_groups(runs, question=GroupsQuestion(by=("model",)))
    found = draw_groups(study)
    assert len(found) == 4
    assert "2 more comparisons are in the tables only." in found[-1].figure.caption


def test_many_networks_are_named_on_the_front():
    runs = [
        make_training(10.0 * i + 1, model=f"net{i}", measures={"f1": i / 20})
        for i in range(15)
    ]
    found = draw_groups(study_groups(runs))
    figure = next(f for f in found if f.about == "trade-off-1")
    assert "net14" in texts_of(figure)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match="plots"):
        draw_groups(studied())
