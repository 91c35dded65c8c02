"""Records that came with submissions, drawn: power over time, energy by component."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from isojoule.comparison.compare import Comparison
from isojoule.records import Component, ComponentEnergy, Run
from isojoule.report.comparison.words import shown
from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    PURPLE,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.report.power_figure import power_over_time
from isojoule.report.words import COMPONENT_NAMES
from isojoule.units import j_to_kwh

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

_MAX_BARS: Final = 30
_PARTS: Final[tuple[Component, ...]] = ("gpu", "cpu", "dram")
_WHOLES: Final[tuple[Component, ...]] = ("node", "wall", "unstated")
_COLORS: Final[dict[Component, str]] = {
    "gpu": BLUE,
    "cpu": VERMILLION,
    "dram": GREEN,
    "node": INK,
    "wall": PURPLE,
    "unstated": GREY,
}


def draw_power(runs: Sequence[Run]) -> tuple[Figure, dict[str, bytes]] | None:
    """Return the power of runs over time; `None` where none has readings.

    Parameters
    ----------
    runs : sequence of Run
        Those that came with submissions.

    Raises
    ------
    MissingExtraError
        If there are readings to draw and matplotlib is not installed.
    """
    figure = power_over_time(runs)
    return None if figure is None else (figure, {".svg": figure.svg.encode()})


def draw_stack(
    comparison: Comparison,
) -> tuple[Figure, dict[str, bytes]] | None:
    """Return the energy of every component of the runs; `None` where there are none.

    Parameters
    ----------
    comparison : Comparison
        Its submissions may have come with records.

    Raises
    ------
    MissingExtraError
        If there is something to draw and matplotlib is not installed.
    """
    bars = [
        (f"{system.label}, {run.workload.phase}", run, parts)
        for system in comparison.systems
        for run in system.submission.runs
        if (parts := stacked(run))
    ]
    if not bars:
        return None
    drawn = bars[:_MAX_BARS]
    alt = f"Stacked bars of energy by component for {len(drawn)} runs."
    with open_drawing(8.4, 0.9 + 0.27 * len(drawn), "constrained") as drawing:
        axes = drawing.subplots()
        _draw_bars(axes, drawn)
        _draw_key(drawing, [part for _, _, parts in drawn for part in parts])
        return saved(drawing, alt, _caption(len(bars), len(drawn), drawn))


def stacked(run: Run) -> list[ComponentEnergy]:
    """Return the figures of a run that add up to a whole, the accelerators first.

    Parameters
    ----------
    run : Run
        A figure of the whole is taken only where there is none of a part: it holds the
        parts already.
    """
    known = {e.component: e for e in run.energies if e.energy_j is not None}
    parts = [known[c] for c in _PARTS if c in known]
    wholes = [known[c] for c in _WHOLES if c in known]
    return parts or wholes[:1]


_Bar = tuple[str, Run, list[ComponentEnergy]]


def _draw_bars(axes: "Axes", bars: Sequence[_Bar]) -> None:
    for place, (_, _, parts) in enumerate(bars):
        left = 0.0
        for part in parts:
            width = j_to_kwh(part.energy_j or 0.0)
            axes.barh(
                place,
                width,
                left=left,
                height=0.66,
                color=_COLORS[part.component],
                edgecolor="white",
                linewidth=0.5,
                hatch="////" if part.provenance != "measured" else None,
            )
            left += width
        axes.annotate(
            f"{left:.3g}",
            (left, place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
        )
    labels = [cut(shown(label), 40) for label, _, _ in bars]
    axes.set_yticks(range(len(bars)), labels, fontsize=7.5)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.margins(x=0.08)
    axes.grid(axis="x", color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("energy [kWh]")


def _draw_key(drawing: "Drawing", parts: Sequence[ComponentEnergy]) -> None:
    from matplotlib.patches import Patch

    used = {part.component for part in parts}
    handles = [
        Patch(color=_COLORS[name], label=COMPONENT_NAMES[name])
        for name in (*_PARTS, *_WHOLES)
        if name in used
    ]
    if any(part.provenance != "measured" for part in parts):
        handles.append(
            Patch(fc="white", ec=GREY, hatch="////", lw=0.5, label="not measured")
        )
    drawing.legend(handles=handles, loc="outside upper left", ncols=len(handles))


def _caption(n: int, n_drawn: int, bars: Sequence[_Bar]) -> str:
    told = ["Each bar is one run on the hardware of its team, not normalized."]
    lacking = sum(
        {p.component for p in parts} < {"gpu", "cpu", "dram"} for _, _, parts in bars
    )
    if lacking:
        told.append(f"{lacking} of {n_drawn} have no figure for some component.")
    if n > n_drawn:
        told.append(f"The first {n_drawn} of {n} runs are drawn.")
    return " ".join(told)
