"""Energy against score, drawn: intervals, the front, caps."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.caps import ALL
from isojoule.comparison.compare import Comparison
from isojoule.comparison.systems import System
from isojoule.errors import MissingExtraError
from isojoule.report.comparison.index import is_baseline
from isojoule.report.comparison.methods import machine_text
from isojoule.report.comparison.words import kwh_text, level_text, plural, shown
from isojoule.report.figures import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.report.normalization_axes import grid, power_text
from isojoule.units import j_to_kwh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_Values = NDArray[np.float64]
_Lines = list[list[float] | _Values]
_MANY: Final = 600
_MAX_NAMED: Final = 16
_OTHER: Final = "#8a949e"


@dataclass(frozen=True, slots=True)
class Group:
    """Systems that are drawn alike.

    Parameters
    ----------
    label : str
        What they are.
    systems : tuple of System
        Who.
    color, marker : str
        How.
    size : float
        Of the marks [pt].
    """

    label: str
    systems: tuple[System, ...]
    color: str
    marker: str
    size: float


@dataclass(frozen=True, slots=True)
class _View:
    """What one scatter is about."""

    comparison: Comparison
    cohort: str
    phase: str
    metric: str

    @property
    def systems(self) -> tuple[System, ...]:
        """Those that have both, and can stand on a logarithmic axis."""
        return tuple(
            s
            for s in self.comparison.cohorts[self.cohort].systems
            if (s.energy_j(self.phase) or 0.0) > 0 and s.score(self.metric) is not None
        )

    @property
    def members(self) -> tuple[str, ...]:
        """Labels of those on the front."""
        front = self.comparison.cohorts[self.cohort].fronts.get(
            (self.phase, self.metric)
        )
        return () if front is None else front.members

    def points(self, systems: Sequence[System]) -> tuple[_Values, _Values]:
        """Return energies [kWh] and scores with bounds, each of shape (3, n)."""
        energies = [s.energies[self.phase].estimate for s in systems]
        figures = [s.submission.scores[self.metric] for s in systems]
        middle_j = [e.energy_j for e in energies]
        x_j = (
            _or(middle_j, [e.energy_low_j for e in energies]),
            middle_j,
            _or(middle_j, [e.energy_high_j for e in energies]),
        )
        scores = [f.value or 0.0 for f in figures]
        y = (
            _or(scores, [f.low for f in figures]),
            scores,
            _or(scores, [f.high for f in figures]),
        )
        return j_to_kwh(1.0) * np.array(x_j, np.float64), np.array(y, np.float64)


def _or(values: Sequence[float], bounds: Sequence[float | None]) -> list[float]:
    """Return the bounds, and the value itself where one is not known."""
    return [v if b is None else b for v, b in zip(values, bounds, strict=True)]


def draw_scatter(
    comparison: Comparison, cohort: str, phase: str, metric: str
) -> tuple[Figure, dict[str, bytes]] | None:
    """Return the systems of a cohort by energy and score; `None` where there is none.

    Parameters
    ----------
    comparison : Comparison
        What to draw.
    cohort, phase, metric : str
        Names in it.

    Raises
    ------
    MissingExtraError
        If matplotlib or textalloc is not installed.
    """
    view = _View(comparison, cohort, phase, metric)
    systems = view.systems
    if not systems:
        return None
    alt = (
        f"Scatter plot of {shown(metric)} against energy of {shown(phase)} for "
        f"{len(systems)} systems, with the front."
    )
    with open_drawing(8.4, 5.2, "constrained") as drawing:
        axes = drawing.subplots()
        groups = _groups(view)
        for group in groups:
            _draw_group(axes, view, group, is_many=len(systems) > _MANY)
        _frame(axes, view)
        _draw_front(axes, view)
        _draw_caps(axes, view)
        drawing.legend(loc="outside lower center", ncols=5, fontsize=8)
        drawing.draw_without_rendering()
        _name_front(axes, view)
        return saved(drawing, alt, _caption(view, len(systems)))


def _groups(view: _View) -> list[Group]:
    members = set(view.members)
    doubtful = {
        f.label
        for f in view.comparison.findings
        if f.severity == "error" and not f.waived
    }
    front: list[System] = []
    doubted: list[System] = []
    baselines: list[System] = []
    errors: list[System] = []
    others: list[System] = []
    for system in view.systems:
        if system.label in members:
            (doubted if system.label in doubtful else front).append(system)
        elif is_baseline(view.comparison, system):
            baselines.append(system)
        elif system.label in doubtful:
            errors.append(system)
        else:
            others.append(system)
    groups = (
        Group("other", tuple(others), _OTHER, "o", 4.0),
        Group("with an error found", tuple(errors), VERMILLION, "x", 4.5),
        Group("baseline", tuple(baselines), INK, "D", 5.0),
        Group("on the front", tuple(front), BLUE, "o", 5.5),
        Group("on the front, error found", tuple(doubted), BLUE, "X", 6.5),
    )
    return [group for group in groups if group.systems]


def _draw_group(axes: "Axes", view: _View, group: Group, *, is_many: bool) -> None:
    x, y = view.points(group.systems)
    if not is_many or group.marker != "o" or group.color == BLUE:
        bars: dict[str, Any] = {"colors": group.color, "lw": 0.8, "alpha": 0.4}
        axes.hlines(y[1], x[0], x[2], **bars, zorder=2)
        axes.vlines(x[1], y[0], y[2], **bars, zorder=2)
    axes.plot(
        x[1],
        y[1],
        linestyle="none",
        marker=group.marker,
        markersize=group.size,
        color=group.color,
        markeredgecolor=group.color if group.marker == "x" else "white",
        markeredgewidth=1.2 if group.marker == "x" else 0.5,
        label=group.label,
        rasterized=is_many and group.color == _OTHER,
        zorder=4 if group.color == BLUE else 3,
    )


def _frame(axes: "Axes", view: _View) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    x, _ = view.points(view.systems)
    low, high = float(x.min()), float(x.max())
    axes.set_xscale("log")
    axes.set_xlim(low / 1.25, high * 1.25)
    subs = (1.0,) if high / low > 50 else (1.0, 2.0, 5.0)
    axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
    hardware = cut(shown(view.comparison.rules.hardware), 48)
    machine = machine_text(view.comparison.rules, view.phase, hardware)
    axes.set_xlabel(f"energy of {shown(view.phase)} {machine} [kWh]", parse_math=False)
    axes.set_ylabel(shown(view.metric), parse_math=False)
    grid(axes)
    axes.grid(color="#e5e7eb", linewidth=0.6)
    axes.tick_params(labelsize=8)
    if not view.comparison.rules.metrics[view.metric].higher_is_better:
        axes.invert_yaxis()


def _front_points(view: _View) -> tuple[list[System], _Values, _Values]:
    by_label = {s.label: s for s in view.systems}
    front = [by_label[label] for label in view.members if label in by_label]
    if not front:
        return [], np.empty(0), np.empty(0)
    x, y = view.points(front)
    return front, x[1], y[1]


def _draw_front(axes: "Axes", view: _View) -> None:
    front, x, y = _front_points(view)
    if front:
        axes.plot(
            [*x, axes.get_xlim()[1]],
            [*y, y[-1]],
            drawstyle="steps-post",
            color=BLUE,
            lw=1.1,
            zorder=1,
        )


def _draw_caps(axes: "Axes", view: _View) -> None:
    caps = view.comparison.cohorts[view.cohort].caps.get(view.metric, ())
    for row in caps:
        if row.quantity != view.phase or row.cap == ALL or not row.max_value:
            continue
        axes.axvline(j_to_kwh(row.max_value), color=GREY, lw=0.8, ls=":", zorder=1)
        axes.annotate(
            f"{row.cap}: {kwh_text(row.max_value)}",
            (j_to_kwh(row.max_value), 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
            color=GREY,
        )


def _name_front(axes: "Axes", view: _View) -> None:
    """Write the labels of the front beside its marks, clear of all others.

    Raises
    ------
    MissingExtraError
        If textalloc is not installed.
    """
    try:
        from textalloc import allocate
    except ImportError as error:
        raise MissingExtraError("plots", "drawing figures") from error
    front, x, y = _front_points(view)
    if not front:
        return
    best = sorted(range(len(front)), key=lambda i: -i)[:_MAX_NAMED]
    every = _thinned(view)
    step_x, step_y = _steps(x, y)
    allocate(
        axes,
        x[best],
        y[best],
        [cut(shown(front[i].label), 28) for i in best],
        x_scatter=every[0],
        y_scatter=every[1],
        x_lines=step_x,
        y_lines=step_y,
        textsize=7.5,
        textcolor=INK,
        linecolor=GREY,
        linewidth=0.5,
        max_distance=0.25,
        parse_math=False,
        zorder=5,
    )


def _thinned(view: _View) -> tuple[_Values, _Values]:
    """Return the marks that names keep clear of; of very many, a part."""
    x, y = view.points(view.systems)
    every = max(1, x.shape[1] // _MANY)
    return x[1][::every], y[1][::every]


def _steps(x: _Values, y: _Values) -> tuple[_Lines, _Lines]:
    """Return the lines of the front, each from one point to the next."""
    across_x: _Lines = [[a, b] for a, b in pairwise(x.tolist())]
    across_y: _Lines = [[a, a] for a in y[:-1].tolist()]
    up_x: _Lines = [[b, b] for b in x[1:].tolist()]
    up_y: _Lines = [[a, b] for a, b in pairwise(y.tolist())]
    return across_x + up_x, across_y + up_y


def _caption(view: _View, n: int) -> str:
    rules = view.comparison.rules
    read = (
        f"{plural(n, 'system')} of {shown(view.cohort)}. On the line of the front no "
        "other is as good for less energy. Thin lines are intervals: of energies at "
        f"{level_text(rules.level)}, of scores as stated."
    )
    told = [read]
    if n > _MANY:
        told.append("Of this many systems those beside the front have none.")
    if not rules.metrics[view.metric].higher_is_better:
        told.append("Lower is better: the axis points down.")
    n_missing = len(view.comparison.cohorts[view.cohort].systems) - n
    if n_missing:
        told.append(f"{n_missing} without an energy or a score are not drawn.")
    return " ".join(told)
