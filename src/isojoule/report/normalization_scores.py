"""How well each method did, drawn: over all pairs, and by the number of references."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from math import nan
from statistics import fmean, median
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from isojoule.report.figures import BLUE, GREEN, PURPLE, VERMILLION
from isojoule.report.normalization_axes import (
    Frame,
    PanelSizes,
    StudyFigure,
    Values,
    entitle,
    frame_log,
    grid,
    head_column,
    mark_outside,
    open_panels,
    power_text,
    saved,
    show_key,
)
from isojoule.report.normalization_groups import (
    fit_label,
    grouped,
    known_means,
    known_values,
    pair_of,
    split_of,
)
from isojoule.studies.normalization.results import Scored

if TYPE_CHECKING:
    from matplotlib.axes import Axes


Style: TypeAlias = dict[str, Any]
"""How matplotlib draws a line or its marks."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One way to judge, and the axis that it is drawn on.

    Parameters
    ----------
    name : str
        Field of `Scored`.
    heading : str
        What people call it, with its unit.
    scale : float
        Factor to the unit of the heading.
    is_log : bool
        Whether the axis is logarithmic.
    """

    name: str
    heading: str
    scale: float = 1.0
    is_log: bool = False


METRICS: Final = (
    Metric("r2", "R²"),
    Metric("mse_kwh2", "MSE [kWh²]", is_log=True),
    Metric("mdape", "MdAPE [%]", 100.0, is_log=True),
    Metric("male", "MALE", is_log=True),
    Metric("nonpositive_fraction", "not positive [%]", 100.0),
)
"""The two that are published, then the three that show what these hide."""

_SPLIT_STYLES: Final[tuple[Style, ...]] = (
    {"color": BLUE, "marker": "o", "fillstyle": "full"},
    {"color": VERMILLION, "marker": "s", "fillstyle": "none"},
    {"color": GREEN, "marker": "^", "fillstyle": "none"},
)
_LINE_STYLES: Final[tuple[Style, ...]] = (
    {"color": BLUE, "marker": "o", "linestyle": "-"},
    {"color": VERMILLION, "marker": "s", "linestyle": "--"},
    {"color": GREEN, "marker": "^", "linestyle": ":"},
    {"color": PURPLE, "marker": "D", "linestyle": "-."},
)
_SMALL: Final[Style] = {
    "markersize": 3.2,
    "markeredgewidth": 0.8,
    "alpha": 0.45,
    "zorder": 3,
}
_LARGE: Final[Style] = {
    "markersize": 7.0,
    "markeredgewidth": 1.4,
    "alpha": 1.0,
    "zorder": 4,
}
_DOT: Final[Style] = {
    "markersize": 4.2,
    "markeredgecolor": "white",
    "markeredgewidth": 0.4,
}
_LOWEST_R2: Final = -1.0
_MOST_DECADES: Final = 12.0
_BARS: Final = PanelSizes(1.75, 0.0, 1.5, 0.28, 0.3, top_in=0.15, bottom_in=0.85)
_LINES: Final = PanelSizes(1.75, 1.55, 0.75, 0.55, 0.55, top_in=0.7, bottom_in=0.85)
_READ_OVERVIEW: Final = (
    "Each small mark is a pair, the mean over its splits; the large one is the median "
    "over pairs."
)
_READ_PAIRS: Final = (
    "Marks are medians over pairs; bars hold the middle half of the pairs."
)
_READ_SPLITS: Final = (
    "Marks are means over splits; bars go from the lowest to the highest."
)
_READ_EDGE: Final = "Arrow heads at an edge go on beyond it."


def frame_metric(metric: Metric, values: ArrayLike) -> Frame:
    """Return the range of an axis: in full where that can be read.

    Parameters
    ----------
    metric : Metric
        What the values are.
    values : array-like
        In the unit of its heading; what is not finite does not count.

    Notes
    -----
    R2 ends at -1, below which a method is useless by any amount; a logarithmic axis
    spans twelve decades below its highest value at most.
    """
    known = np.ravel(values)
    known = known[np.isfinite(known)]
    if metric.name == "r2":
        lowest = min(0.0, known.min()) if len(known) else 0.0
        return Frame(max(_LOWEST_R2, float(lowest)) - 0.06, 1.06, is_log=False)
    if not metric.is_log:
        highest = max(float(known.max()), 5.0) if len(known) else 5.0
        return Frame(-0.05 * highest, 1.08 * highest, is_log=False)
    positive = known[known > 0]
    if not len(positive):
        return Frame(0.1, 10.0, is_log=True)
    high = float(positive.max())
    low = max(float(positive.min()), high / 10**_MOST_DECADES)
    if high < 2 * low:
        low, high = low / 1.6, high * 1.6
    margin = (high / low) ** 0.07
    return Frame(low / margin, high * margin, is_log=True)


def draw_overview(scores: Sequence[Scored], stem: str) -> StudyFigure:
    """Return every metric of every method: a mark per pair, and their median.

    Parameters
    ----------
    scores : sequence of Scored
        Of fits that are no series over the number of references.
    stem : str
        Name for files.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    rows = grouped(scores, _label)
    splits = dict(zip(grouped(scores, split_of), cycle(_SPLIT_STYLES), strict=False))
    sizes = PanelSizes(
        _BARS.width_in,
        0.3 + 0.42 * len(rows),
        0.25 + 0.075 * max(len(label) for label in rows),
        _BARS.gap_x_in,
        _BARS.gap_y_in,
        _BARS.top_in,
        bottom_in=_BARS.bottom_in,
    )
    with open_panels(1, len(METRICS), sizes) as (drawing, panels):
        for axes, metric in zip(panels[0], METRICS, strict=True):
            _draw_metric(axes, metric, rows, splits)
            axes.set_yticks(range(len(rows)), list(rows), parse_math=False)
            axes.set_ylim(len(rows) - 0.5, -0.5)
            axes.tick_params(axis="y", labelleft=axes is panels[0][0], length=0)
        show_key(
            drawing,
            [
                {**style, **_LARGE, "linestyle": "none", "label": f"{split} split"}
                for split, style in splits.items()
            ],
        )
        n_pairs = len(grouped(scores, pair_of))
        return saved(
            drawing,
            stem,
            "All methods, all pairs",
            alt=f"R2, MSE, MdAPE, MALE and share of predictions that are not positive "
            f"of {len(rows)} methods on {n_pairs} pairs.",
            captions=(_READ_OVERVIEW, _READ_EDGE),
        )


def _label(score: Scored) -> str:
    return fit_label(score.method, score.features, score.sampling)


def _draw_metric(
    axes: "Axes",
    metric: Metric,
    rows: Mapping[str, Sequence[Scored]],
    splits: Mapping[str, Style],
) -> None:
    found = {
        (place, split): metric.scale
        * np.array(known_means((s for s in own if s.split == split), metric.name))
        for place, own in enumerate(rows.values())
        for split in splits
    }
    frame = frame_metric(metric, np.concatenate([*found.values()]))
    for number, (split, style) in enumerate(splits.items()):
        shift = 0.36 * (number - (len(splits) - 1) / 2)
        for place in range(len(rows)):
            values = found[place, split]
            if len(values):
                middle = np.median(values, keepdims=True)
                _draw_marks(axes, values, place + shift, frame, {**style, **_SMALL})
                _draw_marks(axes, middle, place + shift, frame, {**style, **_LARGE})
    _frame_axis(axes, "x", frame)
    axes.set_xlabel(metric.heading, fontsize=8.5)


def _draw_marks(
    axes: "Axes", values: Values, height: float, frame: Frame, style: Style
) -> None:
    x, outside = frame.place(values)
    y = np.full(len(x), height)
    inside = outside == 0
    axes.plot(x[inside], y[inside], linestyle="none", **style)
    mark_outside(axes, x, y, outside, along="x", color=style["color"])


def _frame_axis(axes: "Axes", which: Literal["x", "y"], frame: Frame) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    if frame.is_log:
        frame_log(axes, which, frame)
    else:
        axis = axes.xaxis if which == "x" else axes.yaxis
        axes.set(**{f"{which}lim": (frame.low, frame.high)})
        axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value)))
    grid(axes)


def draw_fractions(
    rows: dict[str, list[Scored]], stem: str, *, title: str, is_spread_over_pairs: bool
) -> StudyFigure:
    """Return every metric against the share of the training part used as references.

    Parameters
    ----------
    rows : dict of str to list of Scored
        Scores of one row of panels by its name.
    stem : str
        Name for files.
    title : str
        What all of it is about.
    is_spread_over_pairs : bool
        Whether a bar is the middle half of the pairs, not the range over the splits.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    scores = [score for own in rows.values() for score in own]
    fractions = sorted({score.fraction for score in scores})
    samplings = list(grouped(scores, lambda score: score.sampling))
    styles = dict(zip(samplings, cycle(_LINE_STYLES), strict=False))
    spread = _over_pairs if is_spread_over_pairs else _over_splits
    with open_panels(len(rows), len(METRICS), _LINES) as (drawing, panels):
        for axes_of_row, (name, own) in zip(panels, rows.items(), strict=True):
            places = grouped(own, lambda s: (s.sampling, fractions.index(s.fraction)))
            for axes, metric in zip(axes_of_row, METRICS, strict=True):
                found = {
                    place: metric.scale * np.array(spread(at_place, metric.name))
                    for place, at_place in places.items()
                }
                _draw_lines(
                    axes, frame_metric(metric, [*found.values()]), found, styles
                )
                _frame_fractions(axes, fractions)
            axes_of_row[0].set_ylabel(fill(name, 24), fontsize=8, parse_math=False)
        for axes, metric in zip(panels[0], METRICS, strict=True):
            head_column(axes, metric.heading, above_pt=7)
        entitle(drawing, title)
        show_key(
            drawing,
            [
                {**style, **_DOT, "label": f"{name} references"}
                for name, style in styles.items()
            ],
        )
        return saved(
            drawing,
            stem,
            title,
            alt=f"R2, MSE, MdAPE, MALE and share of predictions that are not positive "
            f"against the share of references, by {', '.join(samplings)} sampling.",
            captions=(
                _READ_PAIRS if is_spread_over_pairs else _READ_SPLITS,
                _READ_EDGE,
            ),
        )


_Spread = tuple[float, float, float]
_NOTHING: Final = (nan, nan, nan)


def _over_splits(scores: Sequence[Scored], metric: str) -> _Spread:
    """Return the mean, the lowest and the highest split of a pair."""
    known = known_values(scores, metric)
    return (fmean(known), min(known), max(known)) if known else _NOTHING


def _over_pairs(scores: Sequence[Scored], metric: str) -> _Spread:
    """Return the median over pairs, and between what the middle half of them lies."""
    known = sorted(known_means(scores, metric))
    if not known:
        return _NOTHING
    n_out = len(known) // 4  # whole pairs: half of an infinite error is no number
    return median(known), known[n_out], known[-1 - n_out]


def _draw_lines(
    axes: "Axes",
    frame: Frame,
    found: Mapping[tuple[str, int], Values],
    styles: Mapping[str, Style],
) -> None:
    """Draw value, low and high by sampling and place, a line for each sampling."""
    for number, (sampling, style) in enumerate(styles.items()):
        known = {
            place: values
            for (name, place), values in found.items()
            if name == sampling and not np.isnan(values[0])
        }
        if not known:
            continue
        shift = 0.16 * (number - (len(styles) - 1) / 2)
        order = sorted(known)
        x = np.array(order) + shift
        values = np.array([known[place] for place in order])
        (y, outside), (low, _), (high, _) = (frame.place(v) for v in values.T)
        color = style["color"]
        axes.vlines(x, low, high, colors=color, linewidth=0.9, alpha=0.8, zorder=2)
        axes.plot(x, y, color=color, linestyle=style["linestyle"], linewidth=1.0)
        inside = outside == 0
        dots = {**style, **_DOT, "linestyle": "none", "zorder": 4}
        axes.plot(x[inside], y[inside], **dots)
        mark_outside(axes, x, y, outside, color=color)
    _frame_axis(axes, "y", frame)


def _frame_fractions(axes: "Axes", fractions: Sequence[float]) -> None:
    axes.set_xlim(-0.5, len(fractions) - 0.5)
    axes.set_xticks(range(len(fractions)), [f"{100 * f:.3g}" for f in fractions])
    axes.set_xlabel("references [%]", fontsize=8)
