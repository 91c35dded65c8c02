from xml.etree import ElementTree as ET

import pytest

from isojoule.report.normalization_scatter import (
    draw_fits,
    draw_predictions,
    scores_text,
    spans_decades_of,
)
from normalization_results import make_panel

pytest.importorskip("matplotlib", reason="figures need the plots extra")


def texts_of(figure):
    root = ET.fromstring(figure.figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


def negative(**fields):
    return make_panel(predicted_energy_j=(-1.0, 7.2e7, 1e15), **fields)


def test_a_panel_tells_its_scores_with_units():
    assert scores_text(make_panel()) == "R² 0.75, MSE 0.5 kWh²\nMdAPE 100 %"
    assert scores_text(negative()).endswith("MdAPE 100 %, 1 not positive")


def test_energies_span_decades_on_any_target():
    flat = make_panel(true_energy_j=(1.0, 2.0, 3.0))
    assert spans_decades_of([flat, make_panel()])
    assert not spans_decades_of([flat])


@pytest.mark.slow
def test_rows_are_pairs_and_columns_are_fits():
    panels = [
        make_panel(target=target, method=method)
        for target in ("V100", "P100 $x$")
        for method in ("none", "dual")
    ]
    figure = draw_predictions(panels, "stem", is_log=True)
    texts = texts_of(figure)
    assert texts.count("none") == texts.count("dual") == 1
    assert "predicted for V100 [kWh]" in texts
    assert "predicted for P100 $x$ [kWh]" in texts
    assert texts.count("measured [kWh]") == 4
    assert "2 pairs by 2 methods" in figure.figure.alt
    assert "beyond the edge, or not positive" not in texts


@pytest.mark.slow
def test_a_pair_without_a_method_leaves_its_place_empty():
    panels = [
        make_panel(method="none"),
        make_panel(method="dual"),
        make_panel(target="C", method="dual"),
    ]
    texts = texts_of(draw_predictions(panels, "stem", is_log=True))
    assert texts.count("measured [kWh]") == 3
    assert "predicted for C [kWh]" in texts


@pytest.mark.slow
def test_what_cannot_stand_on_a_log_axis_is_at_the_edge_and_counted():
    figure = draw_predictions([negative()], "stem", is_log=True)
    assert "1 of 3 predictions is not positive: at the lower edge" in (
        figure.figure.caption
    )
    assert "1 lies beyond the frame" in figure.figure.caption
    assert "beyond the edge, or not positive" in texts_of(figure)


@pytest.mark.slow
def test_a_linear_axis_shows_the_negative_and_still_counts_it():
    panel = make_panel(predicted_energy_j=(-3.6e6, 7.2e7, 7.2e8))
    figure = draw_predictions([panel], "stem", is_log=False)
    assert "1 of 3 predictions is not positive." in figure.figure.caption
    assert "beyond" not in figure.figure.caption
    assert "\N{MINUS SIGN}1" not in texts_of(figure)
    assert "measured [kWh]" in texts_of(figure)


@pytest.mark.slow
def test_small_energies_are_stated_in_a_power_of_ten():
    panel = make_panel(
        true_energy_j=(3.6, 7.2, 10.8), predicted_energy_j=(3.6, 7.2, 10.8)
    )
    texts = texts_of(draw_predictions([panel], "stem", is_log=False))
    assert "measured [10⁻⁶ kWh]" in texts


@pytest.mark.slow
def test_thousands_of_marks_become_pixels():
    many = [float(i) for i in range(1, 3001)]
    panel = make_panel(
        workloads=tuple(map(str, many)),
        source_energy_j=tuple(many),
        true_energy_j=tuple(many),
        predicted_energy_j=tuple(many),
        is_reference=(True,) * 3000,
    )
    svg = draw_predictions([panel], "stem", is_log=True).figure.svg
    assert "data:image/png" in svg
    assert len(svg) < 200_000


@pytest.mark.slow
def test_fits_have_a_line_each_over_the_measured_energies():
    panels = [
        make_panel(target=target, method=method)
        for target in "BCDEF"
        for method in ("linear", "poly2", "svr")
    ]
    figure = draw_fits(panels, "stem")
    texts = texts_of(figure)
    assert {"linear", "poly2", "svr", "reference", "held out"} <= set(texts)
    assert texts.count("on A [kWh]") == 5
    assert {f"on {target} [kWh]" for target in "BCDEF"} <= set(texts)
