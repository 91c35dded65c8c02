"""Energy against a score: configurations with their intervals, and the front."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    Figure,
    cut,
    open_drawing,
)
from isojoule.report.groups_tables import trade_labels
from isojoule.report.groups_words import kind_text, labelled
from isojoule.report.link_axes import entitle, frame_log, saved
from isojoule.studies.groups.tradeoff import TradeOff, TradePoint
from isojoule.studies.intervals import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

_COLORS: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK, GREY)
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "d")
_READ_MARKS: Final = (
    "Each mark is a configuration: medians of its runs with their intervals, where "
    "there are enough runs. Filled marks are on the front, the dashed line: no other "
    "is as good for less energy."
)
_CROWDED: Final = 8.0
"""Ratio of the shares missing to 1 from which the axis spreads the top out."""

_SHARES: Final = (
    0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999
)  # fmt: skip


def draw_trade_off(board: TradeOff) -> tuple[Figure, dict[str, bytes]]:
    """Return the configurations of a task, color by machine and mark by network.

    Parameters
    ----------
    board : TradeOff
        Two configurations or more.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    machines = sorted({point.hardware for point in board.points})
    kinds = _kinds(board)
    told = sorted(set(kinds))
    alt = f"Scatter plot of {board.score} against energy of a training."
    spread = _is_crowded(board)
    with open_drawing(6.2, 4.4, "constrained") as drawing:
        entitle(
            drawing,
            ", ".join(part for part in (board.task, kind_text(board.kind)) if part),
            n_panels=1,
        )
        axes = drawing.subplots()
        _draw_front(axes, board)
        for point, kind in zip(board.points, kinds, strict=True):
            _draw_point(
                axes,
                point,
                color=_COLORS[machines.index(point.hardware) % len(_COLORS)],
                marker=_MARKERS[told.index(kind) % len(_MARKERS)],
            )
        if len(told) > len(_MARKERS) or len(machines) > len(_COLORS):
            _name_front(axes, board)
        frame_log(axes, "x", "energy of a training", unit="J")
        _frame_score(axes, board, spread=spread)
        _legend(drawing, machines, told)
        return saved(drawing, alt, _caption(board, spread=spread))


def _kinds(board: TradeOff) -> list[str]:
    """Return what is trained, for each configuration, in few words."""
    told: list[tuple[str, ...]] = [() for _ in board.points]
    for place, (factor, _) in enumerate(board.points[0].values):
        if factor.side == "machine":
            continue
        texts = [labelled(*point.values[place]) for point in board.points]
        longer = [(*old, new) for old, new in zip(told, texts, strict=True)]
        if len(set(longer)) > len(set(told)):
            told = longer
    return [", ".join(parts) or "all" for parts in told]


def _is_crowded(board: TradeOff) -> bool:
    """Return whether scores crowd below 1."""
    seen = [point.score.value for point in board.points]
    if board.lower_is_better or not 0 < min(seen) <= max(seen) < 1:
        return False
    return (1 - min(seen)) / (1 - max(seen)) >= _CROWDED


def _draw_point(axes: "Axes", point: TradePoint, *, color: str, marker: str) -> None:
    x, y = point.energy_j, point.score
    axes.errorbar(
        x.value,
        y.value,
        xerr=_arms(x),
        yerr=_arms(y),
        color=color,
        marker=marker,
        ms=7 if point.on_front else 5.5,
        markerfacecolor=color if point.on_front else "white",
        markeredgecolor=color,
        elinewidth=0.9,
        linestyle="none",
        zorder=3,
    )


def _arms(interval: Interval) -> list[list[float]] | None:
    if interval.low is None or interval.high is None:
        return None
    return [[interval.value - interval.low], [interval.high - interval.value]]


def _draw_front(axes: "Axes", board: TradeOff) -> None:
    front = board.front
    axes.plot(
        [p.energy_j.value for p in front],
        [p.score.value for p in front],
        drawstyle="steps-post",
        linestyle="--",
        color=INK,
        lw=0.9,
        zorder=1,
    )


def _name_front(axes: "Axes", board: TradeOff) -> None:
    for point, label in zip(board.points, trade_labels(board), strict=True):
        if point.on_front:
            text = axes.annotate(
                cut(label, 28),
                (point.energy_j.value, point.score.value),
                xytext=(5, -9),
                textcoords="offset points",
                fontsize=7.5,
            )
            text.set_parse_math(False)


def _frame_score(axes: "Axes", board: TradeOff, *, spread: bool) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    axes.set_ylabel(board.score)
    if spread:
        bounds = [
            bound
            for p in board.points
            for bound in (p.score.value, p.score.low, p.score.high)
            if bound is not None and 0 < bound < 1
        ]
        axes.set_yscale("logit")
        low, high = min(bounds), max(bounds)
        axes.set_ylim(low / (low + 1.2 * (1 - low)), 1 - 0.85 * (1 - high))
        axes.yaxis.set_major_locator(FixedLocator(_SHARES))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))
    if board.lower_is_better:
        axes.invert_yaxis()


def _legend(drawing: "Drawing", machines: Sequence[str], kinds: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=color, lw=3, label=cut(name, 28))
        for name, color in zip(machines, _COLORS, strict=False)
        if len(machines) <= len(_COLORS)
    ]
    if 1 < len(kinds) <= len(_MARKERS):
        handles += [
            Line2D(
                [], [], linestyle="none", marker=marker, color=GREY, label=cut(k, 28)
            )
            for k, marker in zip(kinds, _MARKERS, strict=False)
        ]
    legend = drawing.legend(
        handles=handles, loc="outside lower center", ncols=4, columnspacing=1.2
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _caption(board: TradeOff, *, spread: bool) -> str:
    told = [_READ_MARKS]
    if spread:
        told.append(
            "The score is drawn as logit, which spreads out what is close to 1."
        )
    if board.lower_is_better:
        told.append("Lower is better: the axis points down.")
    return " ".join(told)
