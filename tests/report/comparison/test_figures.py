import re
from dataclasses import replace

import numpy as np
import pytest

from compared import make_comparison, make_rules, make_submission
from isojoule.comparison.rules import Metric
from isojoule.records import (
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)
from isojoule.report.comparison.figures import draw_comparison
from isojoule.report.comparison.runs_figures import stacked

pytest.importorskip("matplotlib", reason="figures need the plots extra")
pytest.importorskip("textalloc", reason="figures need the plots extra")


def make_recorded(**fields):
    power_w = np.array([[100.0] * 11])
    return Run(
        run_id="r1",
        name="run",
        workload=Workload("w", phase="train"),
        hardware=Hardware("node"),
        energies=(
            ComponentEnergy("gpu", 3.6e6, "counter"),
            ComponentEnergy("cpu", 1.8e6, "modelled"),
            ComponentEnergy("node", 7.2e6, "sampled"),
        ),
        duration_s=10.0,
        windows=(Window("epoch 0", "train", 0, 0.0, 10.0),),
        samples=Samples(
            (Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),),
            np.arange(11.0),
            power_w,
        ),
        **fields,
    )


@pytest.fixture(scope="module")
def recorded():
    submissions = [
        make_submission("small", runs=(make_recorded(),)),
        make_submission("large"),
        make_submission("base"),
    ]
    return make_comparison(submissions=submissions)


@pytest.fixture(scope="module")
def figures(recorded):
    return draw_comparison(recorded)


@pytest.mark.slow
def test_there_is_a_figure_of_each_kind_with_a_stem_of_its_own(figures):
    assert [f.kind for f in figures].count("scatter") == 3  # two phases, and one cohort
    assert {f.kind for f in figures} == {"scatter", "ranks", "runs"}
    assert [f.is_main for f in figures] == [True] + [False] * (len(figures) - 1)
    stems = [f.stem for f in figures]
    assert len(stems) == len(set(stems))
    assert all(re.fullmatch(r"[a-z0-9-]+", stem) for stem in stems)


@pytest.mark.slow
def test_figures_are_files_too_and_the_same_every_time(figures, recorded):
    main = figures[0]
    assert set(main.files) == {".svg", ".png", ".pdf"}
    again = draw_comparison(recorded)[0]
    assert again.files == main.files


@pytest.mark.slow
def test_the_scatter_names_the_front_and_draws_the_cap(figures):
    svg = figures[0].figure.svg
    assert ">small<" in svg
    assert ">Median: 2.50<" in svg
    assert "energy of train on A100 &amp; host [kWh]" in svg
    assert "3 systems of all systems" in figures[0].figure.caption


@pytest.mark.slow
def test_ranks_have_a_panel_for_energy_and_one_for_the_score(figures):
    (ranks,) = (f for f in figures if f.kind == "ranks")
    assert ranks.heading == "By train and f1"
    assert ">energy of train<" in ranks.figure.svg
    assert ">f1<" in ranks.figure.svg


@pytest.mark.slow
def test_records_are_drawn_by_component_and_over_time(figures):
    components, power = (f for f in figures if f.kind == "runs")
    assert ">small, train<" in components.figure.svg
    assert ">1.5<" in components.figure.svg  # 1 kWh of the GPU, 0.5 of the CPU
    assert "1 of 1 have no figure for some component" in components.figure.caption
    assert "Power over time of 1 run" in power.figure.svg


def test_a_figure_of_the_whole_is_not_stacked_on_its_parts():
    run = make_recorded()
    assert [e.component for e in stacked(run)] == ["gpu", "cpu"]
    whole = replace(run, energies=(ComponentEnergy("node", 5.0, "sampled"),))
    assert [e.component for e in stacked(whole)] == ["node"]
    absent = replace(run, energies=(ComponentEnergy("gpu", None, "absent"),))
    assert stacked(absent) == []


@pytest.mark.slow
def test_names_cannot_break_a_drawing_or_the_name_of_its_file():
    hostile = '<script>"&$x^2$\u202e' + "y" * 300
    small = replace(make_submission("small"), label=hostile)
    rules = make_rules(metrics={"f1": Metric(name="f1", higher_is_better=False)})
    comparison = make_comparison(rules=rules, submissions=[small])
    figures = draw_comparison(comparison)
    for figure in figures:
        assert "<script" not in figure.figure.svg
        assert "\u202e" not in figure.figure.svg
    assert "the axis points down" in figures[0].figure.caption


def test_nothing_is_drawn_of_nothing():
    comparison = make_comparison(submissions=[], rankings={})
    assert draw_comparison(comparison) == ()
