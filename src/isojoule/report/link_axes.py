"""Scatter plots by family on logarithmic axes, and drawings as files."""

from collections.abc import Iterable, Mapping
from io import BytesIO
from textwrap import fill
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

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
    to_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

Styles: TypeAlias = Mapping[str, tuple[str, str]]
"""Color and marker of each family; empty where there are too many to tell apart."""

_COLORS: Final = (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY, INK, GREY)
_MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "h", "p", "d")
_MAX_FAMILIES: Final = len(_MARKERS)
_MANY_POINTS: Final = 400
_MIN_DIFFERENT: Final = 3
_MIN_SPAN: Final = 2.0
_DPI: Final = 200


def styles_of(families: Iterable[str]) -> Styles:
    """Return how each family is drawn, the same in every panel."""
    names = sorted(set(families))
    if not 1 < len(names) <= _MAX_FAMILIES:
        return {}
    return {
        name: (_COLORS[place % len(_COLORS)], _MARKERS[place])
        for place, name in enumerate(names)
    }


def scatter(
    axes: "Axes",
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    families: NDArray[np.str_],
    styles: Styles,
) -> None:
    """Draw workloads, each family in its color and with its marker."""
    groups = {name: families == name for name in styles} or {
        "": np.full(len(families), fill_value=True)
    }
    many = len(x) > _MANY_POINTS
    for name, chosen in groups.items():
        color, marker = styles.get(name, (BLUE, "o"))
        axes.plot(
            x[chosen],
            y[chosen],
            linestyle="none",
            marker=marker,
            markersize=3.0 if many else 5.5,
            color=color,
            markerfacecolor="none" if many else color,
            markeredgewidth=0.6 if many else 0.4,
            markeredgecolor=color if many else "white",
            rasterized=many,  # a page of thousands of vector marks is slow to open
            zorder=3,
        )


def show_families(drawing: "Drawing", styles: Styles, drawn: Iterable[str]) -> None:
    """Write below the panels which mark is which of the families that were drawn."""
    from matplotlib.lines import Line2D

    names = set(drawn)
    shown = {name: style for name, style in styles.items() if name in names}
    handles = [
        Line2D(
            [],
            [],
            linestyle="none",
            marker=marker,
            color=color,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=cut(name, 28),
        )
        for name, (color, marker) in shown.items()
    ]
    if handles:
        width_in = 0.4 + 0.085 * max(len(cut(name, 28)) for name in shown)
        legend = drawing.legend(
            handles=handles,
            loc="outside lower center",
            ncols=max(1, min(len(handles), int(drawing.get_figwidth() / width_in))),
            handletextpad=0.2,
            columnspacing=1.2,
        )
        for text in legend.get_texts():
            text.set_parse_math(False)  # a dollar sign in a name is no formula


def fit_power_law(
    axes: "Axes", x: NDArray[np.float64], y: NDArray[np.float64]
) -> float | None:
    """Draw the line through the logarithms and return its slope.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Where to draw.
    x, y : ndarray of shape (n,)
        Positive.

    Returns
    -------
    float or None
        `None`, and nothing drawn, where `x` hardly varies.
    """
    if len(np.unique(x)) < _MIN_DIFFERENT or x.max() < _MIN_SPAN * x.min():
        return None
    log_x, log_y = np.log(x), np.log(y)
    slope, offset = np.polyfit(log_x, log_y, 1)
    edges = np.array([log_x.min(), log_x.max()])
    axes.plot(
        np.exp(edges), np.exp(offset + slope * edges), "--", color=INK, lw=1.0, zorder=2
    )
    return float(slope)


def frame_log(
    axes: "Axes", which: Literal["x", "y"], label: str, *, unit: str = ""
) -> None:
    """Make one axis logarithmic, with prefixes at its ticks."""
    from matplotlib.ticker import EngFormatter, LogLocator, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}scale": "log"})
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    if high / low < 4:
        middle = (low * high) ** 0.5
        low, high = middle / 2.2, middle * 2.2
        axes.set(**{f"{which}lim": (low, high)})
    n_decades = np.log10(high / low)
    subs = (1.0, 2.0, 5.0) if n_decades < 2 else (1.0,)
    axis.set_major_locator(LogLocator(subs=subs, numticks=8))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(EngFormatter(unit=unit, sep=" " if unit else ""))
    axis.set_label_text(label)
    _grid(axes)


def frame_share(axes: "Axes", label: str) -> None:
    """Make the horizontal axis one of shares, from nothing to all."""
    from matplotlib.ticker import PercentFormatter

    axes.set_xlim(-0.03, 1.03)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0, symbol=" %"))
    axes.set_xlabel(label)
    _grid(axes)


def _grid(axes: "Axes") -> None:
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)


def entitle(drawing: "Drawing", title: str, *, n_panels: int) -> None:
    """Write what a drawing is about above its panels, in as many lines as it takes."""
    drawing.suptitle(fill(title, 58 * n_panels), parse_math=False, fontsize=9.5)


def saved(
    drawing: "Drawing", alt: str, caption: str
) -> tuple[Figure, dict[str, bytes]]:
    """Return a drawing for a page, and as files by their ending."""
    figure = Figure(to_svg(drawing, alt), alt, caption)
    files = {".svg": figure.svg.encode()}
    for ending, metadata in ((".png", {}), (".pdf", {"CreationDate": None})):
        stream = BytesIO()
        drawing.savefig(stream, format=ending[1:], dpi=_DPI, metadata=metadata)
        files[ending] = stream.getvalue()
    return figure, files
