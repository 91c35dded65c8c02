"""The figures of a groups study: boxes with their points, energy against a score."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean
from textwrap import fill
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from isojoule.report.figures import BLUE, GREY, INK, Figure, cut, open_drawing
from isojoule.report.groups_tradeoff_figure import draw_trade_off
from isojoule.report.groups_words import context_texts, significant, value_text
from isojoule.report.link_axes import saved
from isojoule.studies.groups.asking import FactorResult
from isojoule.studies.groups.comparison import GroupComparison
from isojoule.studies.groups.factors import Value
from isojoule.studies.groups.quantities import Quantity
from isojoule.studies.groups.study import GroupsStudy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_COLUMNS: Final = 4
_MOST_PANELS: Final = 12
_MOST_FIGURES: Final = 4
_PANEL_IN: Final = (2.3, 2.2)
_LETTERS_PER_IN: Final = 8.5
_GOLDEN: Final = 0.618034
_READ_BOXES: Final = (
    "Boxes go from the lower to the upper quartile with the median inside, whiskers to "
    "the last run within 1.5 times that height; every run is a point."
)
_WIDE: Final = 8.0
"""Ratio from which powers of ten make better ticks than even steps."""


@dataclass(frozen=True, slots=True)
class GroupsFigure:
    """One figure, to be shown and to be written.

    Parameters
    ----------
    about : str
        Name of the factor, or of the task; with ``score-`` in front for the score.
    stem : str
        Name for files, without an ending; no two figures of a study share one.
    figure : Figure
        For a page.
    files : mapping of str to bytes
        The drawing by the ending of a file: ``.svg``, ``.png``, ``.pdf``.
    """

    about: str
    stem: str
    figure: Figure
    files: dict[str, bytes]


def draw_groups(
    study: GroupsStudy, *, on_progress: Callable[[int, int], None] | None = None
) -> tuple[GroupsFigure, ...]:
    """Return the figures of a study: of each factor, and of each task with a score.

    Parameters
    ----------
    study : GroupsStudy
        What to draw.
    on_progress : callable or None
        Told how many of how many figures are drawn.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    results = (*study.factors, *study.score_factors)
    n_all = sum(len(_chunks(r)) for r in results) + len(study.trade_offs)
    drawn: list[GroupsFigure] = []
    for about, stem, (figure, files) in _drawings(study):
        drawn.append(GroupsFigure(about, stem, figure, files))
        if on_progress is not None:
            on_progress(len(drawn), n_all)
    return tuple(drawn)


_Drawn: TypeAlias = tuple[Figure, dict[str, bytes]]


def _drawings(study: GroupsStudy) -> Iterator[tuple[str, str, _Drawn]]:
    """Yield what each figure is about, its name for files, and the figure."""
    for prefix, results in (("", study.factors), ("score-", study.score_factors)):
        for result in results:
            about = f"{prefix}{result.factor.name}"
            words = re.sub(r"[^a-z0-9]+", "-", about.casefold()).strip("-")
            for number, chunk in enumerate(_chunks(result), start=1):
                yield about, f"boxes-{words}-{number}", _draw_boxes(result, chunk)
    for number, board in enumerate(study.trade_offs, start=1):
        yield f"trade-off-{number}", f"trade-off-{number}", draw_trade_off(board)


def _chunks(result: FactorResult) -> list[list[int]]:
    """Return the places of the comparisons of each figure, all about equally many."""
    n = len(result.comparisons)
    if not n:
        return []
    n_figures = min(ceil(n / _MOST_PANELS), _MOST_FIGURES)
    size = min(ceil(n / n_figures), _MOST_PANELS)
    return [
        list(range(start, min(start + size, n)))
        for start in range(0, min(n, size * n_figures), size)
    ]


def _draw_boxes(result: FactorResult, places: Sequence[int]) -> _Drawn:
    """Return a panel for each comparison.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    chosen = [result.comparisons[place] for place in places]
    labels, common = context_texts([c.context for c in result.comparisons])
    quantity = chosen[0].quantity
    n_columns = min(_N_COLUMNS, len(chosen))
    n_rows = ceil(len(chosen) / n_columns)
    widest = max(len(c.groups) for c in chosen)
    width = max(_PANEL_IN[0], 0.55 * widest) if n_columns > 1 else 4.6
    is_ratio = _is_ratio(result.comparisons, quantity)
    alt = f"Box plots of {quantity.label} by {result.factor.label}."
    span = _span(result.comparisons, is_ratio=is_ratio)
    order = _order(result.comparisons)
    size = (width * n_columns, _PANEL_IN[1] * n_rows + 0.4)
    with open_drawing(*size, "constrained") as drawing:
        panels = drawing.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, place in zip(panels, places, strict=False):
            comparison = result.comparisons[place]
            _draw_panel(axes, comparison, order, width_in=width)
            named = fill(cut(labels[place], 80), int(12 * width))
            above = f"{named}\n" if len(labels) > 1 else ""
            axes.set_title(f"{above}{_effect(comparison)}", fontsize=8)
            axes.title.set_parse_math(False)
            _frame(axes, comparison, span, is_ratio=is_ratio)
        for axes in panels[len(places) :]:
            axes.set_axis_off()
        for axes in panels[: len(places) : n_columns]:
            axes.set_ylabel(quantity.label)
        caption = _caption(result, len(places), common, is_ratio=is_ratio)
        return saved(drawing, alt, caption)


def _order(comparisons: Sequence[GroupComparison]) -> dict[Value, float]:
    """Return where each value of the factor mostly stands, the same in all panels."""
    places: dict[Value, list[float]] = {}
    for comparison in comparisons:
        n = len(comparison.groups)
        for place, group in enumerate(comparison.groups):
            places.setdefault(group.value, []).append(place / (n - 1))
    return {value: fmean(found) for value, found in places.items()}


def _is_ratio(comparisons: Sequence[GroupComparison], quantity: Quantity) -> bool:
    """Return whether figures can be held against each other as ratios."""
    if quantity.unit in {"", "_fraction"}:
        return False
    return all(f > 0 for c in comparisons for g in c.groups for f in g.figures)


def _span(comparisons: Sequence[GroupComparison], *, is_ratio: bool) -> float:
    """Return the widest span of a panel: a ratio, or a difference."""
    figures = [[f for g in c.groups for f in g.figures] for c in comparisons]
    if is_ratio:
        return max(max(seen) / min(seen) for seen in figures)
    return max(max(seen) - min(seen) for seen in figures)


def _draw_panel(
    axes: "Axes",
    comparison: GroupComparison,
    order: Mapping[Value, float],
    *,
    width_in: float,
) -> None:
    factor = comparison.factor
    key = factor.sort_key if factor.is_ordered else order.__getitem__
    groups = sorted(comparison.groups, key=lambda group: key(group.value))
    for place, group in enumerate(groups):
        ordered = np.sort(group.figures)
        # A golden-ratio walk spreads the points evenly and alike at every drawing.
        aside = ((np.arange(len(ordered)) * _GOLDEN) % 1 - 0.5) * 0.5
        axes.plot(place + aside, ordered, "o", ms=2.2, mew=0, color=GREY, alpha=0.55)
    axes.boxplot(
        [group.figures for group in groups],
        positions=range(len(groups)),
        widths=0.62,
        showfliers=False,
        patch_artist=True,
        boxprops={"facecolor": "none", "edgecolor": BLUE, "linewidth": 1.1},
        medianprops={"color": INK, "linewidth": 1.4},
        whiskerprops={"color": BLUE, "linewidth": 0.9},
        capprops={"color": BLUE, "linewidth": 0.9},
        zorder=3,
    )
    names = [cut(value_text(factor, group.value), 16) for group in groups]
    long = max(map(len, names)) * len(names) > _LETTERS_PER_IN * width_in
    axes.set_xticks(
        range(len(names)),
        names,
        rotation=25 if long else 0,
        ha="right" if long else "center",
        parse_math=False,
    )
    axes.set_xlim(-0.6, len(names) - 0.4)


def _effect(comparison: GroupComparison) -> str:
    eta2 = comparison.eta_squared
    told = ["not tested" if eta2 is None else f"eta² {significant(eta2, 2)}"]
    widest = comparison.widest
    if widest is not None and widest.ratio is not None and comparison.quantity.unit:
        ratio = widest.ratio.value
        told.append(f"ratio {significant(max(ratio, 1 / ratio))}")
    return ", ".join(told)


def _frame(
    axes: "Axes", comparison: GroupComparison, span: float, *, is_ratio: bool
) -> None:
    """Give all panels of a figure the same span, so that their heights compare."""
    figures = [f for g in comparison.groups for f in g.figures]
    low, high = min(figures), max(figures)
    if is_ratio:
        half = max(span, 1.02) ** 0.5 * max(span, 1.02) ** 0.06
        middle = (low * high) ** 0.5
        axes.set_yscale("log")
        axes.set_ylim(middle / half, middle * half)
    else:
        half = 0.56 * (span or abs(high) or 1.0)
        axes.set_ylim((low + high) / 2 - half, (low + high) / 2 + half)
    _tick(axes, comparison.quantity, is_wide=is_ratio and span >= _WIDE)
    axes.grid(visible=True, axis="y", color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)


_UNITS: Final = {"_j": "J", "_j_per_sample": "J", "_w": "W", "_s": "s"}


def _tick(axes: "Axes", quantity: Quantity, *, is_wide: bool) -> None:
    from matplotlib.ticker import (
        EngFormatter,
        LogLocator,
        MaxNLocator,
        NullLocator,
        PercentFormatter,
        ScalarFormatter,
    )

    axis = axes.yaxis
    axis.set_minor_locator(NullLocator())
    even = MaxNLocator(nbins=5, steps=[1, 2, 2.5, 5, 10])
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if is_wide else even)
    if quantity.unit in _UNITS:
        axis.set_major_formatter(EngFormatter(unit=_UNITS[quantity.unit]))
    elif quantity.unit == "_fraction":
        axis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    else:
        axis.set_major_formatter(ScalarFormatter(useOffset=False))


def _caption(result: FactorResult, n_drawn: int, common: str, *, is_ratio: bool) -> str:
    n_all = len(result.comparisons)
    told = [_READ_BOXES]
    if n_drawn > 1:
        told.append(
            "All panels span the same ratio, each around its own middle: equal heights "
            "are equal ratios."
            if is_ratio
            else "All panels span the same difference, each around its own middle."
        )
    elif is_ratio:
        told.append("The axis is logarithmic.")
    if common:
        told.append(f"The same in all: {common}.")
    n_most = _MOST_PANELS * _MOST_FIGURES
    if n_all > n_most:
        told.append(f"{n_all - n_most} more comparisons are in the tables only.")
    return " ".join(told)
