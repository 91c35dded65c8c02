import numpy as np
import pytest

from isojoule.report.figures import open_drawing
from isojoule.report.link_axes import (
    fit_power_law,
    frame_log,
    saved,
    scatter,
    show_families,
    styles_of,
)


def test_every_family_has_a_mark_of_its_own_that_grey_keeps():
    styles = styles_of(f"family {i}" for i in range(12))
    assert len({marker for _, marker in styles.values()}) == 12
    assert len({color for color, _ in styles.values()}) == 8


def test_one_family_or_too_many_are_not_told_apart():
    assert styles_of(["mlp"]) == {}
    assert styles_of(f"family {i}" for i in range(13)) == {}


def test_the_slope_is_that_of_the_logarithms():
    with open_drawing(3.0, 3.0) as drawing:
        axes = drawing.add_subplot()
        x = np.array([1.0, 10.0, 100.0])
        assert fit_power_law(axes, x, 5 * x**0.5) == pytest.approx(0.5)
        assert len(axes.lines) == 1


@pytest.mark.parametrize("x", [[5.0, 5.0, 5.0], [1.0, 9.0, 1.0], [1.0, 1.2, 1.9]])
def test_no_line_is_drawn_through_what_hardly_varies(x):
    with open_drawing(3.0, 3.0) as drawing:
        axes = drawing.add_subplot()
        assert fit_power_law(axes, np.array(x), np.array([1.0, 2.0, 3.0])) is None
        assert not axes.lines


def test_an_axis_of_one_value_still_has_room_and_ticks():
    with open_drawing(3.0, 3.0) as drawing:
        axes = drawing.add_subplot()
        axes.plot([1.0], [1000.0], "o")
        frame_log(axes, "y", "energy", unit="J")
        low, high = axes.get_ylim()
        assert low < 600
        assert high > 1500


def test_a_dollar_sign_in_a_name_is_no_formula():
    styles = styles_of(["$a$", "b"])
    with open_drawing(4.0, 3.0, "constrained") as drawing:
        axes = drawing.add_subplot()
        families = np.array(["$a$", "b"])
        scatter(axes, np.array([1.0, 2.0]), np.array([1.0, 2.0]), families, styles)
        show_families(drawing, styles, families)
        figure, _ = saved(drawing, "alt", "caption")
    assert "$a$" in figure.svg


def test_a_drawing_is_saved_as_vector_and_pixels_the_same_every_time():
    def files():
        with open_drawing(3.0, 3.0) as drawing:
            drawing.add_subplot().plot([1, 2], [3, 4])
            return saved(drawing, "alt", "caption")[1]

    first = files()
    assert first[".png"].startswith(b"\x89PNG")
    assert first[".pdf"].startswith(b"%PDF")
    assert first[".svg"].startswith(b"<svg")
    assert files() == first
