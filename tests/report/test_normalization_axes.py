from math import inf, nan

import numpy as np
import pytest

from isojoule.report.normalization_axes import (
    Frame,
    PanelSizes,
    energy_frame,
    exponent_of,
    frame_energy,
    log_ticks,
    mark_outside,
    open_panels,
    power_text,
    saved,
    spans_decades,
    superscript,
    unit_of,
)

pytest.importorskip("matplotlib", reason="figures need the plots extra")

SIZES = PanelSizes(1.5, 1.0, 0.5, 0.25, 0.4, top_in=0.3, right_in=0.2, bottom_in=0.6)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.83, "0.83"),
        (-0.31, "\N{MINUS SIGN}0.31"),
        (287.4, "287"),
        (2953.4, "2953"),
        (0.0042, "4.2\N{MULTIPLICATION SIGN}10⁻³"),
        (1e-6, "10⁻⁶"),
        (9.99e-4, "10⁻³"),
        (-2.5e5, "\N{MINUS SIGN}2.5\N{MULTIPLICATION SIGN}10⁵"),
        (inf, "∞"),
        (-inf, "\N{MINUS SIGN}∞"),
        (nan, "\N{EN DASH}"),
    ],
)
def test_numbers_are_short_and_need_no_e(value, text):
    assert power_text(value) == text


def test_superscripts_have_a_minus():
    assert superscript(-15) == "⁻¹⁵"


@pytest.mark.parametrize(
    ("largest", "exponent"),
    [(3.0, 0), (0.7, 0), (0.02, -3), (4e-7, -9), (1e-6, -6), (2e5, 3), (0.0, 0)],
)
def test_linear_axes_are_stated_in_powers_of_a_thousand(largest, exponent):
    assert exponent_of(largest) == exponent


def test_the_unit_names_the_power_of_ten_of_a_linear_axis():
    assert unit_of(Frame(0, 4e-6, is_log=False)) == "[10⁻⁶ kWh]"
    assert unit_of(Frame(1e-9, 4e-6, is_log=True)) == "[kWh]"
    assert unit_of(Frame(-1, 4, is_log=False)) == "[kWh]"


def test_ticks_are_few_and_round():
    assert log_ticks(2e-4, 2.0, 5) == pytest.approx([1e-3, 1e-2, 0.1, 1.0])
    assert log_ticks(1e-12, 1.0, 4) == pytest.approx([1e-12, 1e-8, 1e-4, 1.0])
    assert log_ticks(0.15, 0.7, 5) == pytest.approx([0.2, 0.5])
    assert log_ticks(0.3, 0.4, 5) == pytest.approx([0.3])


def test_energies_that_differ_tenfold_span_decades():
    assert spans_decades(np.array([1.0, 11.0]))
    assert not spans_decades(np.array([1.0, 9.0]))


def test_a_log_frame_shows_predictions_within_a_factor_of_thirty():
    true = np.array([1.0, 100.0])
    frame = energy_frame(true, np.array([1e-9, -5.0, 1e9, inf, nan]), is_log=True)
    assert frame.low == pytest.approx(1 / 30 / 1.6)
    assert frame.high == pytest.approx(100 * 30 * 1.6)
    near = energy_frame(true, np.array([0.5, 200.0]), is_log=True)
    assert (near.low, near.high) == pytest.approx((0.5 / 1.6, 320.0))


def test_a_linear_frame_goes_from_minus_half_to_twice_the_highest_at_most():
    frame = energy_frame(np.array([1.0, 10.0]), np.array([-99.0, 99.0]), is_log=False)
    assert (frame.low, frame.high) == pytest.approx((-5 - 1.25, 20 + 1.25))
    near = energy_frame(np.array([1.0, 10.0]), np.array([2.0, 8.0]), is_log=False)
    assert (near.low, near.high) == pytest.approx((-0.5, 10.5))


def test_what_is_outside_stands_at_the_edge_and_is_told():
    x, outside = Frame(1.0, 10.0, is_log=True).place(np.array([-3, 0, 1, 5, 10, inf]))
    assert x.tolist() == [1, 1, 1, 5, 10, 10]
    assert outside.tolist() == [-1, -1, 0, 0, 0, 1]


def test_arrow_heads_point_out_of_the_axis():
    with open_panels(1, 1, SIZES) as (_, panels):
        axes = panels[0, 0]
        values = np.array([1.0, 2.0, 3.0])
        mark_outside(axes, values, values, np.array([-1, 0, 1], dtype=np.int8))
        drawn = {line.get_marker(): line.get_xdata().tolist() for line in axes.lines}
    assert drawn == {"v": [1.0], "^": [3.0]}


def test_panels_have_the_size_that_was_asked_for():
    with open_panels(2, 3, SIZES) as (drawing, panels):
        width_in, height_in = drawing.get_size_inches()
        boxes = [axes.get_position() for axes in panels.flat]
    assert width_in == pytest.approx(0.5 + 3 * 1.5 + 2 * 0.25 + 0.2)
    assert height_in == pytest.approx(0.3 + 2 * 1.0 + 0.4 + 0.6)
    assert {round(box.width * width_in, 6) for box in boxes} == {1.5}
    assert {round(box.height * height_in, 6) for box in boxes} == {1.0}
    assert boxes[0].x0 * width_in == pytest.approx(0.5)


def labels_of(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


def test_ticks_of_a_linear_axis_are_in_its_unit():
    with open_panels(1, 1, SIZES) as (drawing, panels):
        axes = panels[0, 0]
        frame_energy(axes, "x", Frame(0.0, 4.1e-6, is_log=False))
        frame_energy(axes, "y", Frame(2e-4, 2.0, is_log=True))
        drawing.draw_without_rendering()
        assert labels_of(axes.xaxis)[:3] == ["0", "2", "4"]  # of 10⁻⁶ kWh
        assert labels_of(axes.yaxis) == ["10⁻³", "10⁻²", "10⁻¹", "10⁰"]


@pytest.mark.slow
def test_a_drawing_is_saved_the_same_every_time_and_in_few_letters():
    def figure():
        with open_panels(1, 1, SIZES) as (drawing, panels):
            panels[0, 0].plot([1 / 3, 2 / 3], [1 / 7, 2 / 7], "o")
            return saved(drawing, "stem", "Heading", alt="Two marks.", captions=["a."])

    first = figure()
    assert figure() == first
    assert first.files[".pdf"].startswith(b"%PDF")
    assert first.files[".png"].startswith(b"\x89PNG")
    assert int.from_bytes(first.files[".png"][16:20]) == round(2.2 * 300)
    assert "font-family" not in first.figure.svg
    assert 'aria-label="Two marks."' in first.figure.svg


@pytest.mark.slow
def test_a_figure_for_files_alone_has_no_svg():
    with open_panels(1, 1, SIZES) as (drawing, _):
        figure = saved(drawing, "s", "H", alt="a", captions=[], is_on_page=False)
    assert figure.figure.svg == ""
    assert sorted(figure.files) == [".pdf", ".png"]
