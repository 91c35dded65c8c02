"""The plane of a fit with one feature, in three dimensions: still, and to be turned.

A page gets the still drawing and a small script of our own, `templates/plane.js`, that
puts drawings in its place which turn under the mouse, a finger or the arrow keys.
plotly could do that too, but a page would grow by 4.8 MB and every pair would need one
of the few WebGL contexts that a browser grants; without WebGL there is nothing to see.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from importlib.resources import files
from math import cos, radians, sin
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.report.figures import BLUE, GREY, SKY, Figure
from isojoule.report.normalization_axes import (
    Frame,
    PanelSizes,
    StudyFigure,
    Values,
    energy_frame,
    exponent_of,
    open_panels,
    power_text,
    saved,
    show_key,
    superscript,
)
from isojoule.report.normalization_groups import FEATURE_NAMES
from isojoule.report.normalization_scatter import HELD_OUT, REFERENCE, scores_text
from isojoule.studies.normalization.results import Panel
from isojoule.units import J_PER_KWH

_MAX_POINTS: Final = 200
_TURNING: Final = "<div data-planes="
_AZIMUTH_DEG: Final = -56.0
_ELEVATION_DEG: Final = 22.0
_SIZES: Final = PanelSizes(
    2.9, 2.6, 0.1, 0.35, 0.5, top_in=0.45, right_in=0.5, bottom_in=0.5
)
_READ_PLANE: Final = (
    "The plane is the fit; lines lead from workloads to their prediction on it. "
    "Squares are references, filled circles were held out. Axes are linear: on "
    "logarithmic ones it would be no plane."
)
_HOW_TO_TURN: Final = (
    "To turn all panels, drag one, or press the arrow keys when one is chosen; "
    "double-click to turn back. Rest on a mark to see its workload."
)


if TYPE_CHECKING:
    from mpl_toolkits.mplot3d import Axes3D


@dataclass(frozen=True, slots=True)
class Axis:
    """One edge of the box that a plane is drawn in, from 0 to 1.

    Parameters
    ----------
    label : str
        Quantity and unit.
    frame : Frame
        Linear range of the values.
    ticks : tuple of tuple of float and str
        Place along the edge and what is written there.
    """

    label: str
    frame: Frame
    ticks: tuple[tuple[float, str], ...]

    def place(self, values: Values) -> Values:
        """Return where values are along the edge."""
        return (values - self.frame.low) / (self.frame.high - self.frame.low)


@dataclass(frozen=True, slots=True)
class Plane:
    """A fit in the unit cube: source energy, feature, target energy.

    Parameters
    ----------
    axes : tuple of three Axis
        Its edges.
    points : ndarray of shape (n, 3)
        The workloads.
    slopes : tuple of two floats
        Rise of the plane along the first and the second edge.
    heights : ndarray of shape (n,)
        Of the plane at each workload.
    corners : ndarray of shape (m, 3)
        Outline of the plane inside the cube.
    """

    axes: tuple[Axis, Axis, Axis]
    points: Values
    slopes: tuple[float, float]
    heights: Values
    corners: Values


def place_plane(panel: Panel) -> Plane:
    """Return the plane of a fit with one feature, and the workloads around it.

    Parameters
    ----------
    panel : Panel
        Of a fit that is linear in the source energy and one feature.

    Notes
    -----
    The plane is the one through the predictions, which all lie on it.
    """
    (feature,) = panel.features
    source = np.array(panel.source_energy_j) / J_PER_KWH
    values = np.array(panel.feature_values[feature], dtype=np.float64)
    true = np.array(panel.true_energy_j) / J_PER_KWH
    predicted = np.array(panel.predicted_energy_j) / J_PER_KWH
    name = FEATURE_NAMES.get(feature, feature)
    axes = (
        _axis("source", "kWh", _from_zero(source)),
        _axis(name, "", _from_zero(values)),
        _axis("target", "kWh", energy_frame(true, predicted, is_log=False)),
    )
    x, y, z, heights = (
        axis.place(v)
        for axis, v in zip(
            (*axes, axes[2]), (source, values, true, predicted), strict=True
        )
    )
    inputs = np.column_stack([np.ones_like(x), x, y])
    (height, along_x, along_y), *_ = np.linalg.lstsq(inputs, heights, rcond=None)
    square = [
        np.array([i, j, height + i * along_x + j * along_y])
        for i, j in ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    ]
    return Plane(
        axes,
        np.column_stack([x, y, z]),
        (float(along_x), float(along_y)),
        heights,
        np.array(_keep_inside(square)).reshape(-1, 3),
    )


def _from_zero(values: Values) -> Frame:
    highest = float(values.max())
    return Frame(0.0, 1.05 * highest if highest > 0 else 1.0, is_log=False)


def _axis(name: str, unit: str, frame: Frame) -> Axis:
    from matplotlib.ticker import MaxNLocator

    exponent = exponent_of(max(abs(frame.low), abs(frame.high)))
    power = f"10{superscript(exponent)}" if exponent else ""
    stated_in = " ".join(part for part in (power, unit) if part)
    label = f"{name} [{stated_in}]" if stated_in else name
    span = frame.high - frame.low
    values = MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(frame.low, frame.high)
    ticks = tuple(
        (float((value - frame.low) / span), power_text(float(value) / 10.0**exponent))
        for value in values
        if frame.low <= value <= frame.high
    )
    return Axis(label, frame, ticks)


def _keep_inside(corners: Sequence[Values]) -> list[Values]:
    """Return the part of a flat outline whose heights are in [0, 1]."""
    kept = list(corners)
    for limit, sign in ((0.0, 1.0), (1.0, -1.0)):
        before, kept = kept, []
        for here, after in zip(before, before[1:] + before[:1], strict=True):
            above, above_after = (sign * (c[2] - limit) for c in (here, after))
            if above >= 0:
                kept.append(here)
            if above * above_after < 0:
                kept.append(here + (after - here) * above / (above - above_after))
    return kept


def draw_planes(panels: Sequence[Panel], stem: str) -> StudyFigure:
    """Return the planes of fits with the same one feature, a panel for each pair.

    Parameters
    ----------
    panels : sequence of Panel
        Fits that are linear in the source energy and the feature.
    stem : str
        Name for files.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    name = FEATURE_NAMES.get(panels[0].features[0], panels[0].features[0])
    columns = min(3, len(panels))
    n_rows = -(-len(panels) // columns)
    heads = [_head(panel) for panel in panels]
    head_in = 0.1 + 0.15 * max(head.count("\n") + 1 for head in heads)
    sizes = replace(_SIZES, top_in=head_in, gap_y_in=head_in)
    with open_panels(n_rows, columns, sizes, projection="3d") as (drawing, all_axes):
        planes = [place_plane(panel) for panel in panels]
        for axes, panel, plane in zip(
            all_axes.ravel().tolist(), panels, planes, strict=False
        ):
            _draw_plane(axes, panel, plane)
        for axes in all_axes.flat[len(panels) :]:
            axes.set_axis_off()
        show_key(drawing, [REFERENCE, HELD_OUT])
        still = saved(
            drawing,
            stem,
            f"The plane over source energy and {name}",
            alt=f"Planes of target energy over source energy and {name}, with the "
            f"workloads around them, for {len(panels)} pairs.",
            captions=_captions(panels),
        )
    svg = _turnable(still.figure, panels, planes)
    return replace(still, figure=replace(still.figure, svg=svg))


def _captions(panels: Sequence[Panel]) -> list[str]:
    captions = [_READ_PLANE, _HOW_TO_TURN]
    most = max(len(panel.workloads) for panel in panels)
    if most > _MAX_POINTS:
        captions.append(
            f"Of more than {_MAX_POINTS} workloads, {_MAX_POINTS} from the lowest to "
            "the highest source energy can be turned; the files show all."
        )
    return captions


def _draw_plane(axes: "Axes3D", panel: Panel, plane: Plane) -> None:
    from mpl_toolkits.mplot3d.art3d import Line3DCollection, Poly3DCollection

    axes.computed_zorder = False  # we know what is in front: half of the points
    axes.set_proj_type("ortho")
    axes.view_init(elev=_ELEVATION_DEG, azim=_AZIMUTH_DEG)
    outline = Poly3DCollection(
        [plane.corners], facecolor=SKY, edgecolor=BLUE, linewidth=0.8, alpha=0.4
    )
    axes.add_collection3d(outline)
    outline.set_zorder(2)
    feet = np.column_stack([plane.points[:, :2], plane.heights])
    stems = np.stack([plane.points, feet], axis=1)
    is_reference = np.array(panel.is_reference, dtype=bool)
    in_front = _in_front(plane)
    for side, zorder in ((~in_front, 1), (in_front, 3)):
        if not side.any():
            continue
        lines = Line3DCollection(stems[side], colors=GREY, linewidths=0.5)
        axes.add_collection3d(lines)
        lines.set_zorder(zorder)
        for style, chosen in ((HELD_OUT, ~is_reference), (REFERENCE, is_reference)):
            axes.plot(
                *plane.points[side & chosen].T,
                **{**style, "zorder": zorder},
                rasterized=len(in_front) > _MAX_POINTS,
            )
    _frame_box(axes, plane.axes)
    axes.set_title(_head(panel), fontsize=8, loc="center", parse_math=False)


def _in_front(plane: Plane) -> NDArray[np.bool_]:
    """Return which points lie on the side of the plane that faces the reader."""
    elevation, azimuth = radians(_ELEVATION_DEG), radians(_AZIMUTH_DEG)
    along_x, along_y = plane.slopes
    upper_side = sin(elevation) - cos(elevation) * (
        along_x * cos(azimuth) + along_y * sin(azimuth)
    )
    is_above = plane.points[:, 2] >= plane.heights
    return np.asarray(is_above == (upper_side > 0))


def _frame_box(axes: "Axes3D", edges: Sequence[Axis]) -> None:
    for which, edge in zip("xyz", edges, strict=True):
        axis = getattr(axes, f"{which}axis")
        getattr(axes, f"set_{which}lim")(0.0, 1.0)
        getattr(axes, f"set_{which}ticks")([at for at, _ in edge.ticks])
        getattr(axes, f"set_{which}ticklabels")([text for _, text in edge.ticks])
        getattr(axes, f"set_{which}label")(edge.label, fontsize=7.5, parse_math=False)
        axis.set_tick_params(labelsize=6.5, pad=-1)
        axis.labelpad = -3
        axis.pane.set_facecolor("white")
        axis.pane.set_edgecolor("#d3d7dc")


def _head(panel: Panel) -> str:
    pair = fill(f"{panel.source} → {panel.target}", 42)
    return f"{pair}\n{scores_text(panel)}"


def _turnable(figure: Figure, panels: Sequence[Panel], planes: Sequence[Plane]) -> str:
    """Return the still drawing with all that the script needs to replace it."""
    drawings = [
        _drawing(panel, plane) for panel, plane in zip(panels, planes, strict=True)
    ]
    data = escape(json.dumps(drawings, separators=(",", ":")))
    return f'{_TURNING}"{data}">{figure.svg}</div>'


def _drawing(panel: Panel, plane: Plane) -> dict[str, Any]:
    """Return a plane as `templates/plane.js` expects it."""
    order = np.argsort(plane.points[:, 0], kind="stable")
    n_drawn = min(len(order), _MAX_POINTS)
    chosen = order[np.linspace(0, len(order) - 1, n_drawn).round().astype(int)]
    return {
        "title": f"{panel.source} → {panel.target}",
        "scores": scores_text(panel),
        "axes": [
            {"label": edge.label, "ticks": [[round(at, 4), t] for at, t in edge.ticks]}
            for edge in plane.axes
        ],
        "points": [
            {
                "position": plane.points[i].round(4).tolist(),
                "foot": round(float(plane.heights[i]), 4),
                "isReference": panel.is_reference[i],
                "name": _told(panel, int(i)),
            }
            for i in chosen
        ],
        "plane": {
            "slopes": [round(slope, 4) for slope in plane.slopes],
            "corners": plane.corners.round(4).tolist(),
        },
    }


def _told(panel: Panel, i: int) -> str:
    true, predicted = (
        power_text(energies_j[i] / J_PER_KWH)
        for energies_j in (panel.true_energy_j, panel.predicted_energy_j)
    )
    return f"{panel.workloads[i]}: measured {true} kWh, predicted {predicted} kWh"


def turns(figure: Figure) -> bool:
    """Return whether a figure is one that `turning_script` turns."""
    return figure.svg.startswith(_TURNING)


def turning_script() -> str:
    """Return the script that turns the planes of a page."""
    return files("isojoule.report").joinpath("templates", "plane.js").read_text("utf-8")
