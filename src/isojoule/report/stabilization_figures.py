"""The figures of a stabilization study: examples, shares by epoch; with the sweeps."""

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILLION,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.report.stabilization_sweep_figures import (
    Drawn,
    StabilizationFigure,
    draw_heat,
    draw_lines,
    draw_random,
    draw_rules,
    grid_lines,
)
from isojoule.report.stabilization_tables import (
    PUBLISHED_SHARES,
    detector_label,
    is_delrey,
)
from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.results import EVERYWHERE, StabilizationStudy
from isojoule.studies.stabilization.shares import (
    SETTLED,
    SETTLED_FIRST,
    share_by,
    stable_epochs,
)
from isojoule.studies.stabilization.traces import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "published": {"color": VERMILLION, "linestyle": (0, (5, 2))},
    "published-unrounded": {"color": ORANGE, "linestyle": (0, (3, 1, 1, 1))},
    "sane": {"color": BLUE, "linestyle": "-"},
    SETTLED_FIRST: {"color": PURPLE, "linestyle": (0, (1, 1.5))},
    SETTLED: {"color": GREEN, "linestyle": (0, (6, 1.5, 1, 1.5))},
}
_SWITCH_STYLE: Final[dict[str, Any]] = {"color": INK, "linestyle": ":"}
_MAX_POINTS: Final = 1500
_MAX_ENVIRONMENTS: Final = 5
_MAX_EPOCH: Final = 40


def draw_stabilization(study: StabilizationStudy) -> tuple[StabilizationFigure, ...]:
    """Return the figures of a study; those for which there are no data are left out.

    Parameters
    ----------
    study : StabilizationStudy
        What to draw.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    drawn = []
    for stem, (heading, draw) in _FIGURES.items():
        try:
            figure, files = draw(study)
        except InsufficientDataError:
            continue
        drawn.append(StabilizationFigure(stem, heading, figure, files))
    return tuple(drawn)


def choose_examples(study: StabilizationStudy) -> tuple[Finding, ...]:
    """Return the runs to show: of two environments the most and the least agreed one.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.

    Returns
    -------
    tuple of Finding
        At most four; only runs with power over time.
    """
    chosen: dict[str, Finding] = {}
    for environment in study.environments:
        searched = [f for f in study.of(environment) if f.changes]
        if not searched or len(chosen) > 2:
            continue
        answered = [f for f in searched if isfinite(_apart_s(f))] or searched
        ordered = sorted(answered, key=lambda f: (_apart_s(f), f.case.run.run_id))
        for finding in (ordered[0], ordered[-1]):
            chosen[finding.case.run.run_id] = finding
    return tuple(chosen.values())


def _apart_s(finding: Finding) -> float:
    """Return how far the changes of one run lie apart [s]; infinite if one misses."""
    found_s = [change.time_s for change in finding.changes.values()]
    known_s = [time_s for time_s in (*found_s, finding.case.switch_s) if time_s]
    if None in found_s or not known_s:
        return float("inf")
    return max(known_s) - min(known_s)


def _draw_examples(study: StabilizationStudy) -> Drawn:
    """Return power and arc curve of some runs.

    Raises
    ------
    InsufficientDataError
        If no run has power over time.
    MissingExtraError
        If matplotlib is not installed.
    """
    examples = choose_examples(study)
    if not examples:
        raise InsufficientDataError("no run has power over time")
    n_columns = min(2, len(examples))
    n_rows = -(-len(examples) // n_columns)
    size = (4.4 * n_columns, 3.7 * n_rows + 0.5)
    with open_drawing(*size, "constrained") as drawing:
        panels = drawing.subplots(
            2 * n_rows,
            n_columns,
            squeeze=False,
            height_ratios=[1.7, 1] * n_rows,
            sharex="col" if n_rows == 1 else False,
        )
        for place, finding in enumerate(examples):
            row, column = divmod(place, n_columns)
            top, bottom = panels[2 * row, column], panels[2 * row + 1, column]
            _draw_power(top, finding)
            _draw_arcs(bottom, finding)
            bottom.set_xlim(top.get_xlim())
        for place in range(len(examples), n_rows * n_columns):
            for axes in panels[-2:, place % n_columns]:
                axes.set_visible(False)
        handles = _handles(study, examples)
        drawing.legend(
            handles=handles, loc="outside lower center", ncols=min(3, len(handles))
        )
        alt = f"Power over time and arc curves of {len(examples)} runs."
        return saved(drawing, alt, _EXAMPLES_CAPTION)


_EXAMPLES_CAPTION: Final = (
    "Of two environments the run in which the detectors agree best, and the one in "
    "which they differ most; where there are any, of those in which all find a change. "
    "Above the power, below what the detectors go by: few arcs "
    "over a place, few stretches after it that are like one before. As published the "
    "lowest place counts, however high it is; with care it has to be a true minimum "
    "below the grey line."
)


def _handles(study: StabilizationStudy, examples: Sequence[Finding]) -> list[Any]:
    from matplotlib.lines import Line2D

    names = [*study.detectors, SETTLED]
    handles = [Line2D([], [], label=detector_label(n), **_STYLES[n]) for n in names]
    if any(finding.case.switch_s is not None for finding in examples):
        label = "the work changes"
        handles.insert(0, Line2D([], [], label=label, **_SWITCH_STYLE))
    return handles


def _draw_power(axes: "Axes", finding: Finding) -> None:
    case = finding.case
    if case.trace is None:
        return
    shown = _thinned(case.trace)
    axes.plot(shown.time_s, shown.power_w, color="#9aa4b2", lw=0.6)
    for start_s, style in _marks(finding):
        axes.axvline(start_s, lw=1.4, **style)
    axes.set_ylabel("power [W]")
    axes.set_xlim(float(shown.time_s[0]), float(shown.time_s[-1]))
    axes.set_title(f"{case.environment}, {case.model}", parse_math=False)
    axes.tick_params(labelbottom=False)


def _marks(finding: Finding) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yield where something is said to change, and how that is drawn."""
    if finding.case.switch_s is not None:
        yield finding.case.switch_s, _SWITCH_STYLE
    for name, change in finding.changes.items():
        if change.time_s is not None:
            yield change.time_s, _STYLES[name]
    since = finding.settled.since
    if since is not None:
        yield finding.case.epochs[since].start_s, _STYLES[SETTLED]


def _thinned(trace: Trace) -> Trace:
    if len(trace.time_s) <= _MAX_POINTS:
        return trace
    return trace.averaged(trace.duration_s / _MAX_POINTS)


def _draw_arcs(axes: "Axes", finding: Finding) -> None:
    for name, change in finding.changes.items():
        if change.arcs is None or name == "published-unrounded":
            continue  # two curves of one kind cannot be told apart
        inside = slice(change.arcs.first, change.arcs.last + 1)
        time_s, heights = change.arcs.time_s[inside], change.arcs.heights[inside]
        every = max(1, len(time_s) // _MAX_POINTS)
        color = _STYLES[name]["color"]
        axes.plot(time_s[::every], heights[::every], color=color, lw=0.9)
    axes.axhline(0.1, color=GREY, lw=0.6, alpha=0.6)
    axes.set(ylim=(-0.03, 1.05), ylabel="arcs", xlabel="time [s]")


def _draw_shares(study: StabilizationStudy) -> Drawn:
    """Return the share of runs that are stable by each epoch, by environment."""
    places = [EVERYWHERE, *study.environments]
    if len(places) == 2 or len(places) > _MAX_ENVIRONMENTS + 1:
        places = places[:1]
    n_columns = min(3, len(places))
    n_rows = -(-len(places) // n_columns)
    size = (3.4 * n_columns + 0.4, 3.0 * n_rows + 0.7)
    with open_drawing(*size, "constrained") as drawing:
        panels = drawing.subplots(n_rows, n_columns, squeeze=False, sharey=True)
        for axes, place in zip(panels.flat, places, strict=False):
            _draw_share(axes, study, place)
        for axes in list(panels.flat)[len(places) :]:
            axes.set_visible(False)
        for axes in panels[:, 0]:
            axes.set_ylabel("share of runs")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        drawing.legend(handles, labels, loc="outside lower center", ncols=3)
        alt = "Share of runs that are stable by each epoch."
        return saved(drawing, alt, _shares_caption(study))


def _draw_share(axes: "Axes", study: StabilizationStudy, place: str) -> None:
    from matplotlib.ticker import PercentFormatter

    findings = study.of(place)
    n_most = max(len(finding.case.epochs) for finding in findings)
    epochs = np.arange(min(_MAX_EPOCH, n_most) + 1)
    for name in (*study.detectors, SETTLED_FIRST, SETTLED):
        found = stable_epochs(findings, name)
        if found:
            shares = [share_by(found, int(epoch)) or 0.0 for epoch in epochs]
            label = detector_label(name)
            axes.step(
                epochs, shares, where="post", label=label, lw=1.5, **_STYLES[name]
            )
    if place == EVERYWHERE and is_delrey(study):
        known = PUBLISHED_SHARES
        circles: dict[str, Any] = {"ls": "none", "marker": "o", "ms": 5}
        circles |= {"color": INK, "mfc": "white"}
        axes.plot(
            [*known], [*known.values()], label="published figure", zorder=5, **circles
        )
    axes.axvline(study.question.start, color=GREY, lw=0.8, ls=":")
    axes.set(ylim=(0, 1.02), xlim=(0, float(epochs[-1])), xlabel="epoch")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_title(f"{place}: {len(findings)} runs", parse_math=False)
    grid_lines(axes)


def _shares_caption(study: StabilizationStudy) -> str:
    told = (
        "Cumulative share of runs whose change lies before the end of an epoch. A run "
        "in which a detector finds nothing counts from epoch 0 on. The dotted line is "
        f"epoch {study.question.start}."
    )
    if is_delrey(study):
        told += (
            " Circles are read off the published figure, of these and further runs "
            "whose power is not published."
        )
    return told


_FIGURES: Final[dict[str, tuple[str, Callable[[StabilizationStudy], Drawn]]]] = {
    "examples": ("Where the power of some runs changes", _draw_examples),
    "stable-by-epoch": ("Stable by epoch", _draw_shares),
    "start-rules": ("Where to begin the window", draw_rules),
    "sweep-mape": (
        "Every start and every window",
        lambda study: draw_lines(study, "mape_fraction"),
    ),
    "sweep-rmse": (
        "The same in joules",
        lambda study: draw_lines(study, "rmse_j"),
    ),
    "sweep-map": ("Start and window together", draw_heat),
    "random-windows": ("Windows at random places", draw_random),
}
