"""Figures of the errors of the online estimators: sweeps, rules, random windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.report.figures import (
    BLUE,
    GREY,
    INK,
    VERMILLION,
    Figure,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.report.stabilization_error_tables import METHOD_NAMES
from isojoule.studies.stabilization.panel import METHODS
from isojoule.studies.stabilization.results import StabilizationStudy
from isojoule.studies.stabilization.sweeps import Grid

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Drawn: TypeAlias = tuple[Figure, dict[str, bytes]]
"""A figure for a page, and the drawing by the ending of a file."""

Metric: TypeAlias = Literal["mape_fraction", "rmse_j"]

_COLORS: Final = {"power": BLUE, "epoch": VERMILLION}
_MARKERS: Final = {"power": "o", "epoch": "s"}
_METRIC_NAMES: Final[dict[Metric, str]] = {"mape_fraction": "MAPE", "rmse_j": "RMSE"}
_DASHES: Final = ((0, (1, 1.5)), (0, (5, 2)), (0, (5, 2, 1, 2)))


@dataclass(frozen=True, slots=True)
class StabilizationFigure:
    """One figure of a study, to be shown and to be written.

    Parameters
    ----------
    stem : str
        Name for files, without an ending.
    heading : str
        What it shows, in a few words.
    figure : Figure
        For a page.
    files : mapping of str to bytes
        The drawing by the ending of a file: ``.svg``, ``.png``, ``.pdf``.
    """

    stem: str
    heading: str
    figure: Figure
    files: dict[str, bytes]


def whole_ticks(axes: "Axes") -> None:
    """Put the ticks of the horizontal axis at whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def grid_lines(axes: "Axes") -> None:
    """Draw thin lines at the ticks, below everything."""
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)


def draw_lines(study: StabilizationStudy, metric: Metric) -> Drawn:
    """Return the errors against the start, and against the window.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.
    metric : {"mape_fraction", "rmse_j"}
        What is drawn.

    Raises
    ------
    InsufficientDataError
        If there is but one start and one window.
    MissingExtraError
        If matplotlib is not installed.
    """
    grid, asked = study.grid, study.question
    _require_spread(grid)
    windows = _among(grid.windows, (1, asked.window, 4 * asked.window))
    starts = _among(grid.starts, (asked.start, asked.start + 1, 2 * asked.start))
    with open_drawing(8.6, 6.0, "constrained") as drawing:
        panels = drawing.subplots(2, 2, sharey="row", sharex="col")
        for row, method in zip(panels, METHODS, strict=True):
            values = getattr(grid, metric)[method]
            for window, style in _styles(windows, asked.window):
                column = values[:, grid.windows.index(window)]
                style |= {"color": _COLORS[method], "label": f"window {window}"}
                row[0].plot(grid.starts, column, **style)
            for start, style in _styles(starts, asked.start):
                line = values[grid.starts.index(start)]
                style |= {"color": _COLORS[method], "label": f"start {start}"}
                row[1].plot(grid.windows, line, **style)
            _frame(row[0], metric, f"{METHOD_NAMES[method]}, by start", asked.start)
            _frame(row[1], metric, f"{METHOD_NAMES[method]}, by window", asked.window)
            row[0].set_ylabel(_METRIC_NAMES[metric])
        _shade_short(panels[:, 0], grid, asked.window)
        panels[1, 0].set_xlabel("first epoch of the window")
        panels[1, 1].set_xlabel("epochs in the window")
        alt = (
            f"{_METRIC_NAMES[metric]} of both online estimators against start and "
            "window."
        )
        caption = (
            f"{_METRIC_NAMES[metric]} over all runs that are long enough, on a "
            "logarithmic axis. Dotted: the choice that is looked at. Shaded: not all "
            "runs are long enough, so that the errors are those of others."
        )
        return saved(drawing, alt, caption)


def _require_spread(grid: Grid) -> None:
    """Raise unless there are choices to draw.

    Raises
    ------
    InsufficientDataError
        If there are too few.
    """
    if len(grid.starts) < 2 or len(grid.windows) < 2:
        raise InsufficientDataError("needs two starts and two windows")


def _among(known: Sequence[int], wanted: Sequence[int]) -> list[int]:
    """Return those that were tried, else the ends of what was."""
    found = [value for value in dict.fromkeys(wanted) if value in known]
    return found or [known[0], known[-1]]


def _styles(values: Sequence[int], chosen: int) -> list[tuple[int, dict[str, Any]]]:
    """Return how the line of each value is drawn: in full where chosen, else broken."""
    dashes = iter(_DASHES)
    full: dict[str, Any] = {"ls": "-", "lw": 1.9}
    return [
        (v, dict(full) if v == chosen else {"ls": next(dashes), "lw": 1.2})
        for v in values
    ]


def _frame(axes: "Axes", metric: Metric, title: str, chosen: int) -> None:
    axes.set_yscale("log")
    _log_labels(axes, "y", metric)
    axes.axvline(chosen, color=GREY, lw=0.8, ls=":")
    axes.set_title(title)
    whole_ticks(axes)
    axes.legend(fontsize=8)
    grid_lines(axes)


def _log_labels(axes: "Axes", which: Literal["x", "y"], metric: Metric) -> None:
    """Write percents, or joules with prefixes, at few ticks."""
    from matplotlib.ticker import (
        EngFormatter,
        FuncFormatter,
        LogLocator,
        NullFormatter,
    )

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=10))
    axis.set_minor_formatter(NullFormatter())
    if metric == "rmse_j":
        axis.set_major_formatter(EngFormatter(unit="J", sep=" "))
    else:
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g} %"))


def _shade_short(panels: Sequence["Axes"], grid: Grid, window: int) -> None:
    """Shade the starts at which not all runs are long enough."""
    column = grid.windows.index(window) if window in grid.windows else 0
    n_runs = grid.n_runs[:, column]
    short = [s for s, n in zip(grid.starts, n_runs, strict=True) if n < n_runs.max()]
    if short:
        for axes in panels:
            axes.axvspan(min(short), max(short), color=GREY, alpha=0.12, lw=0)


def draw_heat(study: StabilizationStudy) -> Drawn:
    """Return the mean errors for every start and window as a map.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.

    Raises
    ------
    InsufficientDataError
        If there is but one start or one window.
    MissingExtraError
        If matplotlib is not installed.
    """
    grid, asked = study.grid, study.question
    _require_spread(grid)
    shown = {
        m: np.where(grid.n_runs > 0, grid.mape_fraction[m], np.nan) for m in METHODS
    }
    known = np.concatenate([v[np.isfinite(v) & (v > 0)] for v in shown.values()])
    with open_drawing(8.6, 4.6, "constrained") as drawing:
        from matplotlib.colors import LogNorm
        from matplotlib.ticker import FuncFormatter

        norm = LogNorm(float(known.min()), float(known.max()))
        panels = drawing.subplots(1, 2, sharey=True)
        for axes, method in zip(panels, METHODS, strict=True):
            mesh = axes.pcolormesh(
                np.arange(len(grid.windows) + 1) - 0.5,
                np.arange(len(grid.starts) + 1) - 0.5,
                shown[method],
                norm=norm,
                cmap="cividis_r",
                rasterized=True,  # hundreds of cells are slow to open as vectors
            )
            _label_cells(axes, grid)
            if asked.start in grid.starts and asked.window in grid.windows:
                place = grid.windows.index(asked.window), grid.starts.index(asked.start)
                axes.plot(*place, "o", ms=9, mfc="none", mec="white", mew=2.4)
                axes.plot(*place, "o", ms=9, mfc="none", mec=INK, mew=1.2)
            axes.set(title=METHOD_NAMES[method], xlabel="epochs in the window")
        panels[0].set_ylabel("first epoch of the window")
        bar = drawing.colorbar(mesh, ax=panels, label="MAPE", shrink=0.9)
        bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:g} %"))
        alt = "Mean error of both online estimators for every start and window."
        caption = (
            "Mean absolute error as a share, over all runs that are long enough; dark "
            f"is worse. The ring is start {asked.start}, window {asked.window}."
        )
        return saved(drawing, alt, caption)


def _label_cells(axes: "Axes", grid: Grid) -> None:
    for values, put in (
        (grid.windows, axes.set_xticks),
        (grid.starts, axes.set_yticks),
    ):
        every = max(1, len(values) // 7)
        places = [
            n for n, v in enumerate(values) if (v % every if every > 1 else 0) == 0
        ]
        put(places, [str(values[n]) for n in places])


def draw_rules(study: StabilizationStudy) -> Drawn:
    """Return the mean errors under every rule for the start.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.

    Raises
    ------
    InsufficientDataError
        If no rule gives an estimate.
    MissingExtraError
        If matplotlib is not installed.
    """
    judged = [rule for rule in study.rules if rule.errors["power"].n_runs]
    if not judged:
        raise InsufficientDataError("no rule gives an estimate")
    with open_drawing(8.0, 1.3 + 0.3 * len(judged), "constrained") as drawing:
        axes = drawing.subplots()
        places = np.arange(len(judged))[::-1]
        for method in METHODS:
            shares = [rule.errors[method].mape_fraction or np.nan for rule in judged]
            axes.plot(
                shares,
                places,
                _MARKERS[method],
                color=_COLORS[method],
                label=METHOD_NAMES[method],
                ms=6,
            )
        labels = [
            f"{r.rule.label} ({r.errors['power'].n_runs} runs)"
            + ("*" if r.rule.looks_ahead else "")
            for r in judged
        ]
        axes.set_yticks(places, labels)
        axes.set_xscale("log")
        _log_labels(axes, "x", "mape_fraction")
        axes.set(xlabel=f"MAPE, window of {study.question.window} epochs")
        axes.tick_params(axis="y", length=0)
        grid_lines(axes)
        drawing.legend(loc="outside upper right", ncols=2)
        caption = (
            "Mean absolute error as a share of both online estimators, where the "
            "window begins with the epoch that a rule names. Rules with a star need "
            "the run to be over. In brackets the runs for which there is an estimate: "
            "fewer are other runs."
        )
        return saved(drawing, "Mean error by rule for the start.", caption)


def draw_random(study: StabilizationStudy) -> Drawn:
    """Return mean errors for windows at random places, by their length.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.

    Raises
    ------
    InsufficientDataError
        If no run has room, or there is but one window.
    MissingExtraError
        If matplotlib is not installed.
    """
    firsts = list(dict.fromkeys(draws.first for draws in study.draws))
    if len({draws.window for draws in study.draws}) < 2:
        raise InsufficientDataError("needs two windows")
    low, high = (1 - study.level) / 2, (1 + study.level) / 2
    size = (4.3 * len(firsts), 3.7)
    with open_drawing(*size, "constrained") as drawing:
        panels = drawing.subplots(1, len(firsts), squeeze=False, sharey=True)[0]
        for axes, first in zip(panels, firsts, strict=True):
            drawn = [d for d in study.draws if d.first == first]
            drawn.sort(key=lambda draws: draws.window)
            windows = [draws.window for draws in drawn]
            for method in METHODS:
                values = [draws.mape_fraction[method] for draws in drawn]
                bounds = np.array([np.quantile(v, [low, high]) for v in values])
                means = [float(v.mean()) for v in values]
                color = _COLORS[method]
                axes.fill_between(windows, *bounds.T, color=color, alpha=0.25, lw=0)
                name = METHOD_NAMES[method]
                axes.plot(
                    windows,
                    means,
                    _MARKERS[method] + "-",
                    color=color,
                    ms=3,
                    lw=1.2,
                    label=name,
                )
            axes.set_yscale("log")
            _log_labels(axes, "y", "mape_fraction")
            axes.set(
                title="anywhere" if first == 0 else f"from epoch {first} on",
                xlabel="epochs in the window",
            )
            whole_ticks(axes)
            grid_lines(axes)
        panels[0].set_ylabel("MAPE")
        panels[0].legend(fontsize=8)
        caption = (
            "Each run has its window at a place of its own, drawn "
            f"{study.question.n_draws} times. Lines are means over draws, bands hold "
            f"{study.level:.0%} of them. "
            "Where the window may not begin before an epoch, those before it count as "
            "they were."
        )
        return saved(drawing, "Mean error for windows at random places.", caption)
