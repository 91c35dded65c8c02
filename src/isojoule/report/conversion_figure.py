"""Predicted against measured energy, drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.records import Provenance
from isojoule.report.figures import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
    to_svg,
)

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.legend import Legend

_MAX_LABELLED: Final = 15


@dataclass(frozen=True, slots=True)
class ConversionPoint:
    """One workload, predicted for a machine and measured there.

    Parameters
    ----------
    workload : str
        Its name.
    measured_j : float or None
        Energy on the target [J]; `None` where it was not measured.
    predicted_j : float
        Energy predicted for the target [J].
    low_j, high_j : float or None
        Bounds of the interval [J].
    is_reference : bool
        Whether the prediction was fitted on this workload.
    in_range : bool
        Whether it lies within the range of the references.
    """

    workload: str
    measured_j: float | None
    predicted_j: float
    low_j: float | None
    high_j: float | None
    is_reference: bool
    in_range: bool


def conversion_scatter(
    points: Sequence[ConversionPoint],
    *,
    provenance: Provenance,
    source_name: str,
    target_name: str,
    level: float,
) -> Figure:
    """Return predicted against measured energy on two logarithmic axes.

    Parameters
    ----------
    points : sequence of ConversionPoint
        Workloads; those without a positive prediction and a positive measurement
        cannot stand on such axes, and the caption counts them.
    provenance : {"measured", "modelled", "declared"}
        Of the energies on the target; the figure names it.
    source_name, target_name : str
        The machine converted from, and the machine converted to.
    level : float
        Coverage that the intervals claim, in (0, 1).

    Returns
    -------
    Figure
        With the diagonal where prediction and measurement agree.

    Raises
    ------
    InsufficientDataError
        If no point can be drawn.
    MissingExtraError
        If matplotlib or textalloc is not installed.
    """
    drawn = [p for p in points if p.predicted_j > 0 and (p.measured_j or 0.0) > 0]
    if not drawn:
        raise InsufficientDataError(
            f"none of {len(points)} workloads has a positive prediction and a positive "
            f"energy on {target_name!r}: measure one there"
        )
    alt = (
        f"Scatter plot of {len(drawn)} workloads: energy predicted for {target_name} "
        f"from {source_name} against {provenance} energy."
    )
    with open_drawing(6.4, 6.0) as drawing:
        axes = drawing.add_axes((0.13, 0.11, 0.78, 0.78 * 6.4 / 6.0))
        _frame_conversion(axes, drawn, provenance, source_name, target_name)
        legend = _draw_points(axes, drawn)
        if len(drawn) <= _MAX_LABELLED:
            _label_points(axes, drawn, legend)
        svg = to_svg(drawing, alt)
    return Figure(svg, alt, _conversion_caption(points, drawn, provenance, level))


def _conversion_caption(
    points: Sequence[ConversionPoint],
    drawn: Sequence[ConversionPoint],
    provenance: Provenance,
    level: float,
) -> str:
    parts = ["On the dashed line the prediction is exact."]
    if any(p.low_j is not None for p in drawn):
        parts.append(f"Bars are {100 * level:g} % prediction intervals.")
    else:
        parts.append("No interval is known.")
    if any((p.low_j or 1.0) <= 0 for p in drawn):
        parts.append(
            "A bar that meets the lower edge has a bound that is not positive."
        )
    if provenance != "measured":
        parts.append(f"Both axes rest on {provenance} energies, not on measurements.")
    n_negative = sum(p.predicted_j <= 0 for p in points)
    if n_negative:
        parts.append(
            f"Left out, as logarithmic axes cannot show them: {n_negative} with a "
            "prediction that is not positive."
        )
    n_unknown = len(points) - len(drawn) - n_negative
    if n_unknown:
        parts.append(f"Left out: {n_unknown} with no positive energy on the target.")
    return " ".join(parts)


def _limits_j(points: Sequence[ConversionPoint]) -> tuple[float, float]:
    """Return the range of both axes [J], at least a factor of four."""
    values = [p.predicted_j for p in points] + [p.measured_j or 0.0 for p in points]
    smallest, largest = min(values), max(values)
    # A wide interval must not squeeze the points into a corner.
    bounds = [b for p in points for b in (p.low_j, p.high_j) if b is not None]
    low = min([smallest, *(b for b in bounds if b > smallest / 10)])
    high = max([largest, *(b for b in bounds if b < largest * 10)])
    widen = max(1.25, (4.0 / (high / low)) ** 0.5)
    return low / widen, high * widen


def _frame_conversion(
    axes: "Axes",
    points: Sequence[ConversionPoint],
    provenance: Provenance,
    source_name: str,
    target_name: str,
) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low_j, high_j = _limits_j(points)
    factor, unit = next(
        (f, u)
        for f, u in ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (0.0, "J"))
        if high_j >= 3 * f
    )
    factor = factor or 1.0
    subs = (1.0, 2.0, 5.0) if high_j / low_j < 300 else (1.0,)
    axes.set(xscale="log", yscale="log", xlim=(low_j, high_j), ylim=(low_j, high_j))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / factor:g}"))
        axis.set_minor_locator(NullLocator())
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    # Names are the users': a dollar sign in one is no formula.
    axes.set_title(
        f"{source_name} → {target_name}, {provenance} energies",
        parse_math=False,
        fontweight="bold",
        pad=10,
    )
    axes.set_xlabel(f"{provenance} on {target_name} [{unit}]", parse_math=False)
    axes.set_ylabel(f"predicted from {source_name} [{unit}]", parse_math=False)
    axes.plot([low_j, high_j], [low_j, high_j], "--", color=GREY, lw=1.0, zorder=1)


def _draw_points(axes: "Axes", points: Sequence[ConversionPoint]) -> "Legend":
    groups = (
        ("reference (fitted on)", INK, "o", False),
        ("in the range of the references", BLUE, "o", True),
        ("extrapolated", VERMILLION, "D", True),
    )
    handles: list[Artist] = []
    for place, (label, color, marker, filled) in enumerate(groups):
        group = [p for p in points if _group_of(p) == place]
        if not group:
            continue
        for point in group:
            _draw_interval(axes, point, color)
        (line,) = axes.plot(
            [p.measured_j or 0.0 for p in group],
            [p.predicted_j for p in group],
            linestyle="none",
            marker=marker,
            markersize=6.5 if marker == "o" else 5.5,
            color=color,
            markerfacecolor=color if filled else "white",
            markeredgewidth=1.3,
            label=label,
            zorder=4,
        )
        handles.append(line)
    return axes.legend(handles=handles, loc="lower right", handletextpad=0.3)


def _group_of(point: ConversionPoint) -> int:
    if point.is_reference:
        return 0
    return 1 if point.in_range else 2


def _bar_j(axes: "Axes", point: ConversionPoint) -> tuple[float, float] | None:
    """Return the interval of `point` as far as it lies inside the axes [J]."""
    if point.low_j is None or point.high_j is None:
        return None
    low_j, high_j = np.clip((point.low_j, point.high_j), *axes.get_ylim())
    return float(low_j), float(high_j)


def _draw_interval(axes: "Axes", point: ConversionPoint, color: str) -> None:
    bar_j = _bar_j(axes, point)
    if bar_j is not None:
        x = point.measured_j or 0.0
        axes.vlines(x, *bar_j, colors=color, linewidth=1.4, alpha=0.55, zorder=3)


def _label_points(
    axes: "Axes", points: Sequence[ConversionPoint], legend: "Legend"
) -> None:
    """Write each name beside its point, clear of what is already there.

    Raises
    ------
    MissingExtraError
        If textalloc is not installed.
    """
    try:
        from textalloc import allocate
    except ImportError as error:
        raise MissingExtraError("plots", "drawing figures") from error
    x = [p.measured_j or 0.0 for p in points]
    y = [p.predicted_j for p in points]
    x_lines, y_lines = _lines_to_avoid(axes, points, legend)
    allocate(
        axes,
        x,
        y,
        [cut(p.workload, 28) for p in points],
        x_scatter=x,
        y_scatter=y,
        x_lines=x_lines,
        y_lines=y_lines,
        textsize=8,
        textcolor=INK,
        linecolor=GREY,
        linewidth=0.5,
        parse_math=False,
        zorder=5,
    )


_Lines: TypeAlias = list[list[float] | NDArray[np.float64]]


def _lines_to_avoid(
    axes: "Axes", points: Sequence[ConversionPoint], legend: "Legend"
) -> tuple[_Lines, _Lines]:
    """Return x and y [J] of the diagonal, the intervals and lines over the legend."""
    x_lines: _Lines = [[*axes.get_xlim()]]
    y_lines: _Lines = [[*axes.get_ylim()]]
    for point in points:
        bar_j = _bar_j(axes, point)
        if bar_j is not None:
            x_lines.append([point.measured_j or 0.0] * 2)
            y_lines.append([*bar_j])
    box = legend.get_window_extent().transformed(axes.transData.inverted())
    # So dense that no label finds place between two of them.
    for y in np.geomspace(box.y0, box.y1, 6):
        x_lines.append([box.x0, box.x1])
        y_lines.append([y, y])
    return x_lines, y_lines
