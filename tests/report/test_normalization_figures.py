import sys
from dataclasses import replace

import pytest

from isojoule.errors import MissingExtraError
from isojoule.report import normalization_figures
from isojoule.report.figures import Figure
from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.normalization_figures import draw_study, tell_undrawn
from normalization_results import make_energies, make_panel, make_result, make_study


@pytest.fixture
def no_ink(monkeypatch):
    """Figures without a drawing: what would be drawn, at no cost; with their data."""
    drawn = {}

    def draw(data, stem, *, is_on_page=True, **_):
        drawn[stem] = data
        return StudyFigure(stem, "heading", Figure("", "", ""), {}, is_on_page)

    for name in (
        "draw_overview",
        "draw_fractions",
        "draw_fits",
        "draw_planes",
        "draw_predictions",
    ):
        monkeypatch.setattr(normalization_figures, name, draw)
    return drawn


def shown(result):
    return [figure.stem for figure in draw_study(result) if figure.is_on_page]


def test_references_have_panels_per_pair_and_a_series_over_their_number(no_ink):
    assert shown(make_result("references", make_energies(2))) == [
        "references-overview",
        "references-fractions-overview",
        "references-predicted-1-gpu-a",
        "references-predicted-2-gpu-b",
        "references-fractions-random-1-gpu-a",
        "references-fractions-random-2-gpu-b",
        "references-fractions-by-model-1-gpu-a",
        "references-fractions-by-model-2-gpu-b",
    ]
    series = no_ink["references-fractions-overview"]
    assert list(series) == ["random split", "by-model split"]
    assert {score.sampling for score in series["random split"]} == {
        "random",
        "min-max",
        "medoid",
    }
    assert {score.sampling for score in no_ink["references-overview"]} == {"all"}


def test_regressions_have_their_curves_too(no_ink):
    assert shown(make_result("regressions", make_energies(2))) == [
        "regressions-overview",
        "regressions-fits",
        "regressions-predicted-1-gpu-a",
        "regressions-predicted-2-gpu-b",
    ]


def test_features_have_a_plane_for_each_that_is_alone(no_ink):
    assert shown(make_result("features", make_energies(2)))[:3] == [
        "features-overview",
        "features-plane-flop",
        "features-plane-params",
    ]
    assert {panel.features for panel in no_ink["features-plane-flop"]} == {("flop",)}


def test_energies_over_decades_are_drawn_on_linear_axes_too_but_in_files(no_ink):
    figures = draw_study(make_result("features", make_energies(2)))
    on_page = {figure.stem: figure.is_on_page for figure in figures}
    assert on_page["features-predicted-1-gpu-a"]
    assert not on_page["features-predicted-1-gpu-a-linear-axes"]


def test_energies_within_a_decade_are_drawn_on_linear_axes_alone(no_ink):
    energies_j = {
        machine: {f"net{i % 2}/{i}": 10.0 + i + shift for i in range(10)}
        for machine, shift in (("A", 0), ("B", 3))
    }
    stems = shown(make_result("features", energies_j))
    assert "features-predicted-1-a-linear-axes" in stems
    assert "features-predicted-1-a" not in no_ink


def test_many_methods_become_several_figures(no_ink):
    result = make_result("regressions", make_energies(2))
    methods = ("svr-standardized", "log-linear", "theil-sen")
    more = [
        replace(panel, method=other)
        for panel, other in zip(result.panels, methods * 2, strict=True)
    ]
    result = replace(result, panels=(*result.panels, *more))
    assert [stem for stem in shown(result) if "predicted-1" in stem] == [
        "regressions-predicted-1-gpu-a-linear-poly2-svr",
        "regressions-predicted-1-gpu-a-svr-standardized-log-linear-theil-sen",
    ]


def test_many_targets_of_one_source_become_several_figures(no_ink):
    result = make_result("features", make_energies(6, n_workloads=12), seeds=1)
    from_a = [s for s in result.scores if s.source == "GPU A"]
    panels = [p for p in result.panels if p.source == "GPU A"]
    result = replace(result, scores=tuple(from_a), panels=tuple(panels))
    assert [stem for stem in shown(result) if "predicted" in stem] == [
        "features-predicted-1-gpu-a-1",
        "features-predicted-1-gpu-a-2",
    ]


def test_of_many_pairs_twelve_are_drawn_and_named(no_ink):
    result = make_result("features", make_energies(5, n_workloads=12), seeds=1)
    told = tell_undrawn(result)
    assert "12 of 20 pairs, those with the most workloads: GPU A → GPU B; " in told
    assert told.count("→") == 12
    draw_study(result)
    assert len(no_ink["features-plane-flop"]) == 12


def test_few_pairs_need_no_word():
    assert tell_undrawn(make_result("features", make_energies(3))) == ""


def test_without_scores_there_is_nothing_to_draw():
    assert draw_study(make_study(panels=[make_panel()])) == ()


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        draw_study(make_result("features", make_energies(2)))
