import json
import re
import shutil
import subprocess
from base64 import b64encode
from hashlib import sha256
from html import unescape

import numpy as np
import pytest

from builders import skip_or_fail
from isojoule.report.figures import Figure
from isojoule.report.html import render_html
from isojoule.report.page import Page, Section
from isojoule.report.plane import draw_planes, place_plane, turning_script, turns
from normalization_results import make_panel

pytest.importorskip("matplotlib", reason="figures need the plots extra")

KWH = 3.6e6


def flat_panel(**fields):
    """Target = 1 kWh + 2 x source + 3e-9 kWh/FLOP x FLOP, one measured 2 kWh above."""
    source_kwh, flop = np.array([0.0, 10.0, 10.0, 4.0]), np.array([0, 0, 2e9, 1e9])
    predicted_kwh = 1 + 2 * source_kwh + 3e-9 * flop
    ordinary = {
        "features": ("flop",),
        "workloads": ("a", "b", "c", "<d>"),
        "source_energy_j": tuple(source_kwh * KWH),
        "true_energy_j": tuple((predicted_kwh + np.array([0, 0, 0, 2])) * KWH),
        "predicted_energy_j": tuple(predicted_kwh * KWH),
        "is_reference": (True, True, True, False),
        "feature_values": {"flop": tuple(flop)},
    }
    return make_panel(**{**ordinary, **fields})


def test_the_plane_goes_through_the_predictions():
    plane = place_plane(flat_panel())
    along_energy, along_flop = plane.slopes
    span_kwh = plane.axes[2].frame.high - plane.axes[2].frame.low
    assert along_energy * span_kwh == pytest.approx(2 * 10.5)  # edges are 5 % longer
    assert along_flop * span_kwh == pytest.approx(3 * 2.1)
    assert plane.points[:3, 2] == pytest.approx(plane.heights[:3])
    assert (plane.points[3, 2] - plane.heights[3]) * span_kwh == pytest.approx(2)


def test_axes_have_units_and_start_at_zero():
    plane = place_plane(flat_panel())
    labels = [axis.label for axis in plane.axes]
    assert labels == ["source [kWh]", "FLOP [10⁹]", "target [kWh]"]
    assert plane.axes[0].ticks[0] == (0.0, "0")
    assert plane.axes[1].frame.low == 0


def test_the_outline_stays_inside_the_box():
    steep = flat_panel(predicted_energy_j=(-9e9, 9e9, 9e9, 0.0))
    corners = place_plane(steep).corners
    assert len(corners) >= 3
    assert corners.min() >= -1e-9
    assert corners.max() <= 1 + 1e-9


def test_a_feature_that_is_the_same_for_all_still_has_a_plane():
    plane = place_plane(flat_panel(feature_values={"flop": (0.0,) * 4}))
    assert np.isfinite(plane.corners).all()
    assert plane.slopes[1] == pytest.approx(0, abs=1e-9)


@pytest.fixture(scope="module")
def figure():
    return draw_planes([flat_panel(), flat_panel(target="C")], "features-plane-flop")


@pytest.mark.slow
def test_the_page_gets_a_still_drawing_and_the_data_to_turn_it(figure):
    svg = figure.figure.svg
    assert svg.startswith('<div data-planes="')
    assert "<svg" in svg
    drawings = json.loads(unescape(re.search(r'data-planes="([^"]*)"', svg)[1]))
    assert [drawing["title"] for drawing in drawings] == ["A → B", "A → C"]
    points = drawings[0]["points"]
    assert [point["name"].split(":")[0] for point in points] == ["a", "<d>", "b", "c"]
    assert points[1]["name"] == "<d>: measured 14 kWh, predicted 12 kWh"
    assert [point["isReference"] for point in points] == [True, False, True, True]
    assert sorted(figure.files) == [".pdf", ".png"]


@pytest.mark.slow
def test_of_very_many_workloads_a_part_can_be_turned_and_it_is_said():
    n = 500
    source_j = tuple(float(i + 1) for i in range(n))
    panel = flat_panel(
        workloads=tuple(map(str, range(n))),
        source_energy_j=source_j,
        true_energy_j=source_j,
        predicted_energy_j=source_j,
        is_reference=(True,) * n,
        feature_values={"flop": tuple(reversed(source_j))},
    )
    many = draw_planes([panel], "plane")
    svg = unescape(many.figure.svg)
    assert svg.count('"position"') == 200
    assert '"0: measured' in svg
    assert '"499: measured' in svg
    assert "Of more than 200 workloads, 200" in many.figure.caption


def test_only_a_figure_of_planes_turns(figure):
    assert turns(figure.figure)
    assert not turns(Figure("<svg></svg>", "", ""))


@pytest.mark.slow
def test_the_page_lets_the_one_script_run_and_no_other(figure, now):
    document = render_html(make_page(figure, now))
    (script,) = re.findall(r"<script>(.*?)</script>", document, flags=re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', document)[1]
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}'; ")
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert not re.search(r'\b(?:src|href)="(?!#|data:)', document)


def make_page(figure, now):
    return Page(
        title="T",
        lead="L",
        facts=(),
        sections=(Section("Plane", figure=figure.figure),),
        generated_by="test",
        created_at=now,
        script=turning_script(),
    )


def dump_dom(document, tmp_path):
    """The page after its scripts ran, and what the browser complained about."""
    chromium = shutil.which("chromium")
    if chromium is None:
        skip_or_fail("chromium is not installed")
    file = tmp_path / "page.html"
    file.write_text(document, encoding="utf-8")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--enable-logging=stderr",
        "--virtual-time-budget=2000",
        "--dump-dom",
        f"--user-data-dir={tmp_path / 'profile'}",
    ]
    shown = subprocess.run(
        [chromium, *flags, file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    return shown.stdout, [li for li in shown.stderr.splitlines() if "CONSOLE" in li]


@pytest.mark.slow
def test_the_browser_draws_every_plane_under_the_policy_of_the_page(
    figure, now, tmp_path
):
    document = render_html(make_page(figure, now))
    shown, complaints = dump_dom(document, tmp_path)
    assert not complaints
    holder = shown[shown.index("data-planes") : shown.index("</figure>")]
    assert holder.count("<svg") == holder.count("<polygon") == 2
    assert holder.count("<circle") == 2
    assert holder.count("<rect") == 6
    assert "&lt;d&gt;: measured 14 kWh, predicted 12 kWh</title>" in holder


@pytest.mark.slow
def test_arrow_keys_turn_the_planes_and_a_double_click_turns_them_back(
    figure, now, tmp_path
):
    keys = """<script>
    const holder = document.querySelector("[data-planes]");
    const corners = () => holder.querySelector("polygon").getAttribute("points");
    const seen = [corners()];
    for (const event of [
      new KeyboardEvent("keydown", { key: "ArrowLeft" }),
      new KeyboardEvent("keydown", { key: "ArrowUp" }),
      new Event("dblclick"),
    ]) {
      holder.dispatchEvent(event);
      seen.push(corners());
    }
    document.title = JSON.stringify(seen);
    </script>"""
    document = render_html(make_page(figure, now))
    free = re.sub(r"<meta http-equiv[^>]*>", "", document)
    shown, complaints = dump_dom(free.replace("</body>", f"{keys}</body>"), tmp_path)
    assert not complaints
    first, left, up, back = json.loads(re.search(r"<title>(\[.*?)</title>", shown)[1])
    assert len({first, left, up}) == 3
    assert back == first
