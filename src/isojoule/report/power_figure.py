"""Power over time, drawn: one panel per run."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from isojoule.records import Component, Run, Window
from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    YELLOW,
    Figure,
    cut,
    open_drawing,
    to_svg,
)
from isojoule.report.power_series import PowerSeries, power_series

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

MAX_PANELS: Final = 12
"""Runs that `power_over_time` draws at most."""

_COMPONENTS: Final[dict[Component, tuple[str, str, str]]] = {
    "gpu": ("GPU", BLUE, "-"),
    "cpu": ("CPU", VERMILLION, "--"),
    "dram": ("DRAM", GREEN, ":"),
    "node": ("whole node", INK, "-"),
    "wall": ("at the plug", PURPLE, "-."),
    "unstated": ("component not stated", GREY, "-"),
}
_PHASES: Final[dict[str, tuple[str, str]]] = {
    "train": (SKY, ""),
    "validation": (ORANGE, "//"),
    "test": (GREEN, "\\\\"),
    "inference": (PURPLE, "xx"),
    "data": (YELLOW, ".."),
    "idle": ("#9ca3af", ""),
    "warm-up": ("#9ca3af", "||"),
    "other phase": ("#9ca3af", "--"),
}


def power_over_time(runs: Sequence[Run]) -> Figure | None:
    """Return the power of each run over its time, one panel per run.

    Parameters
    ----------
    runs : sequence of Run
        The first `MAX_PANELS` of those with power or energy readings are drawn.

    Returns
    -------
    Figure or None
        Power [W] over time [s], the devices of a component added up, the phases
        shaded; `None` where no run kept readings.

    Raises
    ------
    MissingExtraError
        If there are readings to draw and matplotlib is not installed.

    Notes
    -----
    Each value is the mean over an interval: from power readings where a device has
    them, each held to the next, else from the differences of its energy counter.
    """
    readable = [(run, series) for run in runs if (series := power_series(run))]
    if not readable:
        return None
    panels = readable[:MAX_PANELS]
    n_columns = 1 if len(panels) <= 3 else 2
    n_rows = -(-len(panels) // n_columns)
    runs_text = "1 run" if len(panels) == 1 else f"{len(panels)} runs"
    alt = f"Power over time of {runs_text}, one panel each, phases shaded."
    with open_drawing(9.2, 0.55 + 1.95 * n_rows, "constrained") as drawing:
        grid = drawing.subplots(n_rows, n_columns, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes, (run, series) in zip(grid.flat, panels, strict=False):
            _draw_panel(axes, run, series)
        for axes in grid.flat[max(0, len(panels) - n_columns) : len(panels)]:
            axes.set_xlabel("time [s]")
        for axes in grid[:, 0]:
            axes.set_ylabel("power [W]")
        _draw_key(drawing, panels)
        svg = to_svg(drawing, alt)
    return Figure(svg, alt, _power_caption(runs, readable, panels))


def _power_caption(
    runs: Sequence[Run],
    readable: Sequence[tuple[Run, list[PowerSeries]]],
    panels: Sequence[tuple[Run, list[PowerSeries]]],
) -> str:
    widest_s = max(float(np.diff(t.edges_s).max()) for _, ts in panels for t in ts)
    parts = [
        f"Each value is a mean over up to {widest_s:.2g} s: shorter peaks are smoothed."
    ]
    if any(t.modelled for _, ts in panels for t in ts):
        parts.append("Thin lines are modelled from assumed watts, not measured.")
    if len(readable) > len(panels):
        parts.append(
            f"The first {len(panels)} of {len(readable)} runs with readings are drawn; "
            f"{len(readable) - len(panels)} are left out."
        )
    n_without = len(runs) - len(readable)
    if n_without:
        parts.append(f"Without readings to draw: {n_without} of {len(runs)} runs.")
    return " ".join(parts)


def _draw_panel(axes: "Axes", run: Run, series: Sequence[PowerSeries]) -> None:
    for window in _joined(run.windows):
        color, hatch = _PHASES[_phase_of(window)]
        axes.axvspan(
            window.start_s, window.end_s, fc=color, alpha=0.22, hatch=hatch, lw=0
        )
    for trace in series:
        _, color, style = _COMPONENTS[trace.component]
        axes.stairs(
            trace.power_w,
            trace.edges_s,
            baseline=None,
            color=color,
            linestyle=style,
            linewidth=0.8 if trace.modelled else 1.4,
        )
    name = cut(run.name, 34)
    axes.set_title(f"{name} · {cut(run.hardware.name, 24)}", parse_math=False)
    axes.set_xlim(series[0].edges_s[0], series[0].edges_s[-1])
    axes.set_ylim(0, 1.1 * max(float(np.nanmax(t.power_w)) for t in series) or 1.0)
    axes.locator_params(axis="y", nbins=4)


def _phase_of(window: Window) -> str:
    return window.phase if window.phase in _PHASES else "other phase"


def _joined(windows: Sequence[Window]) -> list[Window]:
    """Return the windows with a phase, neighbors of one phase joined into one."""
    joined: list[Window] = []
    for window in sorted((w for w in windows if w.phase), key=lambda w: w.start_s):
        last = joined[-1] if joined else None
        # Epochs follow each other within moments: one patch shows them all.
        if (
            last is not None
            and last.phase == window.phase
            and window.start_s - last.end_s <= 0.01 * (window.end_s - last.start_s)
        ):
            end_s = max(last.end_s, window.end_s)
            joined[-1] = Window(last.name, last.phase, None, last.start_s, end_s)
        else:
            joined.append(window)
    return joined


def _draw_key(
    drawing: "Drawing", panels: Sequence[tuple[Run, Sequence[PowerSeries]]]
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = {(t.component, t.modelled) for _, series in panels for t in series}
    phases = {_phase_of(w) for run, _ in panels for w in run.windows if w.phase}
    handles: list[Artist] = []
    for component, (label, color, style) in _COMPONENTS.items():
        for modelled in (False, True):
            if (component, modelled) in lines:
                text = f"{label} (modelled)" if modelled else label
                width = 0.8 if modelled else 1.4
                line = Line2D([], [], color=color, ls=style, lw=width, label=text)
                handles.append(line)
    for phase, (color, hatch) in _PHASES.items():
        if phase in phases:
            patch = Patch(fc=color, alpha=0.4, hatch=hatch, lw=0, label=phase)
            handles.append(patch)
    drawing.legend(
        handles=handles, loc="outside upper left", ncols=min(len(handles), 7)
    )
