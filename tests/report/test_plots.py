import re
import sys
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.records import Channel, ComponentEnergy, Samples
from isojoule.report import plots
from isojoule.report.plots import (
    ConversionPoint,
    conversion_scatter,
    power_over_time,
)


def _point(workload, measured_j, predicted_j, low_j=None, high_j=None, **flags):
    flags = {"is_reference": False, "in_range": True} | flags
    return ConversionPoint(workload, measured_j, predicted_j, low_j, high_j, **flags)


def _scatter(points, provenance="measured", **names):
    names = {"source_name": "A100", "target_name": "H200"} | names
    return conversion_scatter(points, provenance=provenance, level=0.9, **names)


def _texts(figure):
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
    texts = _texts(_scatter(points))
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
    assert sum("modelled" in text for text in _texts(figure)) == 2
    assert "modelled energies, not on measurements" in figure.caption


def test_scatter_counts_what_logarithmic_axes_cannot_show(points):
    more = [*points, _point("negative", 5.0, -2.0), _point("unseen", None, 10.0)]
    figure = _scatter(more)
    assert not {"negative", "unseen"} & set(_texts(figure))
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
    assert "w3" in _texts(_scatter(crowd[:15]))
    assert "w3" not in _texts(_scatter(crowd))


def test_labels_of_spread_points_do_not_cover_each_other():
    taken = []
    for x, y in [(50, 50), (60, 55), (70, 48), (200, 200)]:
        box = min(
            plots._label_boxes(x, y, 40.0), key=lambda b: plots._cover(b, taken, 360)
        )
        assert all(
            box[2] <= a or c <= box[0] or box[3] <= b or d <= box[1]
            for a, b, c, d in taken
        )
        taken.append(box)


def test_the_same_data_give_the_same_bytes_and_other_data_other_ids(points):
    first, again = _scatter(points), _scatter(points)
    assert first.svg == again.svg
    other = _scatter(points[:2])
    ids = [set(re.findall(r' id="([^"]+)"', f.svg)) for f in (first, other)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for figure, own in zip((first, other), ids, strict=True):
        used = re.findall(r'(?:href="#|url\(#)([^")]+)', figure.svg)
        assert used
        assert set(used) <= own


def test_svg_is_one_labelled_element_without_prolog_or_date(points):
    svg = _scatter(points).svg
    assert svg.startswith("<svg")
    assert 'role="img"' in svg
    assert "<title>Scatter plot of 3 workloads" in svg
    assert "<metadata" not in svg
    assert ' width="' not in svg[: svg.index(">")]


def test_names_with_markup_and_dollars_stay_text():
    figure = _scatter(
        [_point("<script>$x$", 1.0, 2.0)], source_name="$\\bad", target_name='"><b>'
    )
    assert "<script" not in figure.svg
    assert "<b>" not in figure.svg
    assert "<script>$x$" in _texts(figure)


def test_drawing_leaves_the_settings_of_the_user_alone(points):
    import matplotlib as mpl

    with mpl.rc_context({"font.size": 23.0, "svg.fonttype": "path"}):
        figure = _scatter(points)
        assert mpl.rcParams["font.size"] == 23.0
    assert figure == _scatter(points)


def test_a_missing_matplotlib_names_the_extra(points, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[plots\]"):
        _scatter(points)


def test_mean_power_of_a_counter_survives_its_wrap_around():
    # 50 W throughout; the counter starts again at 1000 J between 1 s and 2 s.
    channel = Channel(
        "cpu0_energy_j", "cpu", "energy_j", "cpu0", counter_range_j=1000.0
    )
    time_s, row = np.array([0.0, 1.0, 2.0, 3.0]), np.array([920.0, 970.0, 20.0, 70.0])
    power_w = plots._mean_power_w(channel, time_s, row, time_s)
    assert power_w == pytest.approx([50.0, 50.0, 50.0])


def test_mean_power_is_unknown_where_a_counter_was_reset():
    channel = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")
    time_s, row = np.array([0.0, 1.0, 2.0, 3.0]), np.array([920.0, 970.0, 20.0, 70.0])
    power_w = plots._mean_power_w(channel, time_s, row, time_s)
    assert np.isnan(power_w[1])
    assert power_w[[0, 2]] == pytest.approx([50.0, 50.0])


def test_mean_power_holds_a_reading_over_a_failed_one():
    channel = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")
    time_s, row = np.array([0.0, 1.0, 2.0]), np.array([100.0, np.nan, 300.0])
    power_w = plots._mean_power_w(channel, time_s, row, np.array([0.0, 2.0]))
    assert power_w == pytest.approx([100.0])


def test_the_devices_of_a_component_are_added_up(make_run):
    channels = tuple(
        Channel(f"gpu{i}_power_w", "gpu", "power_w", f"gpu{i}") for i in range(2)
    )
    samples = Samples(channels, np.arange(3.0), np.array([[100.0] * 3, [50.0] * 3]))
    (trace,) = plots._traces(make_run(samples=samples))
    assert trace.power_w == pytest.approx([150.0, 150.0])


def test_epochs_that_follow_each_other_are_one_patch(sampled_run):
    joined = plots._joined(sampled_run.windows)
    assert [(w.phase, w.start_s, w.end_s) for w in joined] == [
        ("warm-up", 0.0, 10.0),
        ("train", 10.0, 20.0),
    ]


def test_power_names_run_component_and_phases(sampled_run):
    figure = power_over_time([sampled_run])
    texts = _texts(figure)
    assert {"GPU", "train", "warm-up", "time [s]", "power [W]"} <= set(texts)
    assert "sampled · node-h200" in texts
    assert "mean over up to 1 s" in figure.caption


def test_power_marks_modelled_watts(make_run):
    channel = Channel("cpu_power_w", "cpu", "power_w", "cpu", provenance="modelled")
    samples = Samples((channel,), np.arange(3.0), np.full((1, 3), 20.0))
    energies = (ComponentEnergy("cpu", 40.0, "modelled"),)
    figure = power_over_time([make_run(samples=samples, energies=energies)])
    assert "CPU (modelled)" in _texts(figure)
    assert "modelled from assumed watts" in figure.caption


def test_power_draws_at_most_twelve_runs_and_says_so(sampled_run, make_run):
    figure = power_over_time([sampled_run] * 14 + [make_run()])
    assert sum("sampled ·" in text for text in _texts(figure)) == 12
    assert "first 12 of 14 runs" in figure.caption
    assert "1 of 15 runs" in figure.caption


def test_power_is_none_without_readings_even_without_matplotlib(make_run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert power_over_time([make_run()]) is None
