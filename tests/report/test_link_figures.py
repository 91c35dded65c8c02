import sys
from xml.etree import ElementTree as ET

import pytest

from isojoule.errors import MissingExtraError
from isojoule.report.link_figures import draw_link
from isojoule.studies.link import study_link
from link_runs import make_link_run, suite_like_runs

pytest.importorskip("matplotlib", reason="figures need the plots extra")
pytestmark = pytest.mark.slow  # three formats of five figures take seconds

NAMES = [
    "energy-flop",
    "energy-parameters",
    "energy-utilization",
    "prediction-error",
    "test-train",
]


def texts_of(figure):
    root = ET.fromstring(figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def drawn(runs):
    return draw_link(study_link(runs))


@pytest.fixture(scope="module")
def both():
    found = drawn(suite_like_runs("train", "test"))
    assert not found.not_drawn
    return {f.name: f for f in found.figures}


def test_a_setup_with_both_phases_has_every_figure_in_three_formats(both):
    assert sorted(both) == NAMES
    for name, figure in both.items():
        assert figure.stem == f"{name}-1-nvidia-h200"
        assert sorted(figure.files) == [".pdf", ".png", ".svg"]
        assert figure.figure.alt.endswith(".")


def test_flop_figure_names_phases_slopes_units_and_families(both):
    texts = texts_of(both["energy-flop"].figure)
    assert "train: n = 20, slope 1.00" in texts
    assert "test: n = 20, slope 1.00" in texts
    assert "training FLOP per epoch" in texts
    assert "forward FLOP per epoch" in texts
    assert "energy per epoch" in texts
    assert {"mlp", "cnn", "rnn", "crnn"} <= set(texts)
    assert "NVIDIA H200, scope gpu, measured" in texts


def test_utilization_has_two_panels_for_each_phase(both):
    texts = texts_of(both["energy-utilization"].figure)
    assert texts.count("GPU utilization") == 2
    assert texts.count("GPU memory utilization") == 2


def test_test_against_train_tells_the_ratio(both):
    texts = texts_of(both["test-train"].figure)
    assert "n = 20, training takes 3 times as much" in texts
    assert "train, energy per sample" in texts


def test_bars_are_named_by_predictor(both):
    texts = texts_of(both["prediction-error"].figure)
    assert {"flop", "roofline", "constant", "duration"} <= set(texts)


def test_what_cannot_be_drawn_says_why_and_the_rest_is_drawn():
    unknown = {
        "n_params": None,
        "forward_flop_per_sample": None,
        "training_flop_per_sample": None,
    }
    found = drawn([make_link_run(size=s, **unknown) for s in (1, 2, 4)])
    assert [f.name for f in found.figures] == ["energy-utilization"]
    reasons = {name: reason for _, name, reason in found.not_drawn}
    assert reasons == {
        "energy-flop": "FLOP are not known for any workload",
        "energy-parameters": "parameters are not known for any workload",
        "test-train": "no workload has runs of training and of a test",
        "prediction-error": "no predictor could be tried on a family left out",
    }


def test_a_single_workload_makes_figures_without_lines():
    found = drawn([make_link_run()])
    flop = next(f for f in found.figures if f.name == "energy-flop")
    assert "train: n = 1" in texts_of(flop.figure)


def test_the_caption_counts_what_is_left_out():
    runs = [*suite_like_runs(), make_link_run("odd", n_params=None)]
    found = drawn(runs)
    caption = next(f for f in found.figures if f.name == "energy-parameters")
    assert "train: 1 of 21 left out, it is not known." in caption.figure.caption


def test_every_setup_has_figures_of_its_own():
    runs = suite_like_runs() + suite_like_runs(hardware="A40")
    stems = [f.stem for f in drawn(runs).figures if f.name == "energy-flop"]
    assert stems == ["energy-flop-1-a40", "energy-flop-2-nvidia-h200"]


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    study = study_link(suite_like_runs())
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        draw_link(study)
