import re
import sys

import pytest

from isojoule.errors import MissingExtraError
from isojoule.report.figures import Figure, open_drawing, to_svg


def _line(*values):
    with open_drawing(3.0, 2.0) as drawing:
        drawing.add_subplot().plot(values)
        return Figure(to_svg(drawing, "A <line>"), "A <line>", "")


def test_the_same_data_give_the_same_bytes_and_other_data_other_ids():
    first, other = _line(1.0, 2.0), _line(1.0, 3.0)
    assert first == _line(1.0, 2.0)
    ids = [set(re.findall(r' id="([^"]+)"', f.svg)) for f in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for figure, own in zip((first, other), ids, strict=True):
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', figure.svg)
        assert used
        assert set(used) <= own


def test_svg_is_one_labelled_element_without_prolog_or_date():
    svg = _line(1.0, 2.0).svg
    assert svg.startswith("<svg")
    assert 'role="img"' in svg
    assert "<title>A &lt;line&gt;</title>" in svg
    assert "<metadata" not in svg
    assert ' width="' not in svg[: svg.index(">")]


def test_drawing_leaves_the_settings_of_the_user_alone():
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 23.0, "svg.fonttype": "path"}):
        figure = _line(1.0, 2.0)
        assert mpl.rcParams["font.size"] == 23.0
    assert figure == _line(1.0, 2.0)


def test_a_missing_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        _line(1.0)
