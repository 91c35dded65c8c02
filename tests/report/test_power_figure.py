import sys
from xml.etree import ElementTree as ET

import numpy as np

from isojoule.records import Channel, ComponentEnergy, Samples
from isojoule.report import power_figure
from isojoule.report.power_figure import power_over_time


def texts_of(figure):
    root = ET.fromstring(figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def test_epochs_that_follow_each_other_are_one_patch(sampled_run):
    joined = power_figure._joined(sampled_run.windows)
    assert [(w.phase, w.start_s, w.end_s) for w in joined] == [
        ("warm-up", 0.0, 10.0),
        ("train", 10.0, 20.0),
    ]


def test_power_names_run_component_and_phases(sampled_run):
    figure = power_over_time([sampled_run])
    texts = texts_of(figure)
    assert {"GPU", "train", "warm-up", "time [s]", "power [W]"} <= set(texts)
    assert "sampled · node-h200" in texts
    assert "mean over up to 1 s" in figure.caption


def test_power_marks_modelled_watts(make_run):
    channel = Channel("cpu_power_w", "cpu", "power_w", "cpu", provenance="modelled")
    samples = Samples((channel,), np.arange(3.0), np.full((1, 3), 20.0))
    energies = (ComponentEnergy("cpu", 40.0, "modelled"),)
    figure = power_over_time([make_run(samples=samples, energies=energies)])
    assert "CPU (modelled)" in texts_of(figure)
    assert "modelled from assumed watts" in figure.caption


def test_power_draws_at_most_twelve_runs_and_says_so(sampled_run, make_run):
    figure = power_over_time([sampled_run] * 14 + [make_run()])
    assert sum("sampled ·" in text for text in texts_of(figure)) == 12
    assert "first 12 of 14 runs" in figure.caption
    assert "1 of 15 runs" in figure.caption


def test_power_is_none_without_readings_even_without_matplotlib(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert power_over_time([make_run()]) is None
