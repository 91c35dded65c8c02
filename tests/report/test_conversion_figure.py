import re
import sys
from math import inf
from xml.etree import ElementTree as ET

import pytest

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.report.conversion_figure import ConversionPoint, conversion_scatter


def _point(workload, measured_j, predicted_j, low_j=None, high_j=None, **flags):
    flags = {"is_reference": False, "in_range": True} | flags
    return ConversionPoint(workload, measured_j, predicted_j, low_j, high_j, **flags)


def _scatter(points, provenance="measured", **names):
    names = {"source_name": "A100", "target_name": "H200"} | names
    return conversion_scatter(points, provenance=provenance, level=0.9, **names)


def texts_of(figure):
    root = ET.fromstring(figure.svg)
    return ["".join(e.itertext()) for e in root.iter() if e.tag.endswith("}text")]


@pytest.fixture
def points():
    return [
        _point("mlp", 1000.0, 1100.0, is_reference=True),
        _point("cnn", 4000.0, 3500.0, 3000.0, 4500.0),
        _point("crnn", 9000.0, 12000.0, -1.0, 20000.0, in_range=False),
    ]


def test_scatter_names_workloads_axes_and_groups(points):
    texts = texts_of(_scatter(points))
    assert {"mlp", "cnn", "crnn"} <= set(texts)
    assert "measured on H200 [kJ]" in texts
    assert "predicted from A100 [kJ]" in texts
    assert "extrapolated" in texts
    assert "A100 → H200, measured energies" in texts


def test_scatter_draws_the_diagonal_from_corner_to_corner(points):
    svg = _scatter(points).svg
    dashed = re.search(
        r'<path d="M ([\d.]+) ([\d.]+)\s+L ([\d.]+) ([\d.]+)[^>]*dash', svg
    )
    x0, y0, x1, y1 = map(float, dashed.groups())
    assert x1 - x0 == pytest.approx(y0 - y1, rel=1e-6)  # the y of an SVG points down
    assert x1 - x0 > 300


def test_scatter_says_modelled_in_title_axis_and_caption(points):
    figure = _scatter(points, "modelled")
    assert sum("modelled" in text for text in texts_of(figure)) == 2
    assert "modelled energies, not on measurements" in figure.caption


def test_scatter_counts_what_logarithmic_axes_cannot_show(points):
    more = [*points, _point("negative", 5.0, -2.0), _point("unseen", None, 10.0)]
    figure = _scatter(more)
    assert not {"negative", "unseen"} & set(texts_of(figure))
    assert "1 with a prediction that is not positive" in figure.caption
    assert "Left out: 1 with no positive energy" in figure.caption


def test_scatter_states_the_level_or_that_there_is_no_interval(points):
    assert "90 % prediction intervals" in _scatter(points).caption
    assert "has a bound that is not positive" in _scatter(points).caption
    assert "No interval is known" in _scatter([_point("a", 1.0, 1.0)]).caption


def test_scatter_refuses_when_nothing_can_be_drawn():
    with pytest.raises(InsufficientDataError, match="none of 1 workloads"):
        _scatter([_point("a", None, 1.0)])


def test_scatter_leaves_names_out_when_there_are_more_than_fifteen():
    crowd = [_point(f"w{i}", 100.0 + i, 100.0 + i) for i in range(16)]
    assert "w3" in texts_of(_scatter(crowd[:15]))
    assert "w3" not in texts_of(_scatter(crowd))


def test_names_with_markup_and_dollars_stay_text():
    figure = _scatter(
        [_point("<script>$x$", 1.0, 2.0)], source_name="$\\bad", target_name='"><b>'
    )
    assert "<script" not in figure.svg
    assert "<b>" not in figure.svg
    assert "<script>$x$" in texts_of(figure)


def test_every_label_is_drawn_once_even_where_points_coincide():
    crowd = [_point(f"w{i}", 100.0, 90.0, 50.0, 200.0) for i in range(15)]
    texts = texts_of(_scatter(crowd))
    assert [texts.count(f"w{i}") for i in range(15)] == [1] * 15


def test_labels_give_the_same_bytes_twice_and_print_nothing(points, capsys):
    assert _scatter(points).svg == _scatter(points).svg
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "bounds_j", [(-5.0, -1.0), (-5.0, inf), (0.0, 0.0), (1, 1e300)]
)
def test_bounds_beyond_the_axes_neither_warn_nor_cost_a_label(bounds_j):
    figure = _scatter([_point("a", 10.0, 12.0, *bounds_j), _point("b", 10.0, 12.0)])
    assert {"a", "b"} <= set(texts_of(figure))


def test_a_name_that_our_font_lacks_raises_no_warning():
    assert "日本語" in texts_of(_scatter([_point("日本語", 1.0, 2.0)]))


def test_a_missing_textalloc_names_the_extra(points, monkeypatch):
    monkeypatch.setitem(sys.modules, "textalloc", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        _scatter(points)
