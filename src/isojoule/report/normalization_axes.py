"""What the figures of a normalization study share: axes in kWh, edges, files."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from math import ceil, floor, isclose, isfinite, isnan, log10
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from isojoule.report.figures import GREY, INK, PURPLE, Figure, open_drawing, to_svg
from isojoule.report.tables import NOT_KNOWN

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

Values = NDArray[np.float64]

_DPI: Final = 300
_PAGE_DPI: Final = 150
_FACTOR_IN_FRAME: Final = 30.0
_SUPERFLUOUS: Final = {
    re.compile(r"(\d\.\d{2})\d+(?=[^<>]*>)"): r"\1",
    re.compile(r'<g id="[^"]*">'): "<g>",
    re.compile(r" ?font-family: [^;]*;"): "",
    re.compile(r"\n *"): "\n",
}
"""Decimals that no eye sees, names that nothing refers to, letters that a page sets."""

_SUPERSCRIPTS: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


@dataclass(frozen=True, slots=True)
class StudyFigure:
    """One figure of a study.

    Parameters
    ----------
    stem : str
        Name for files, without an ending; no two figures of a study share one.
    heading : str
        What it shows, in a few words.
    figure : Figure
        For a page.
    files : mapping of str to bytes
        The drawing by the ending of a file: ``.pdf``, ``.png``.
    is_on_page : bool, default True
        Whether a page shows it; the others are files alone.
    """

    stem: str
    heading: str
    figure: Figure
    files: Mapping[str, bytes]
    is_on_page: bool = True


@dataclass(frozen=True, slots=True)
class Frame:
    """The range of an axis, which keeps a few wild values from setting it.

    Parameters
    ----------
    low, high : float
        Ends of the axis.
    is_log : bool
        Whether the axis is logarithmic.
    """

    low: float
    high: float
    is_log: bool

    def place(self, values: Values) -> tuple[Values, NDArray[np.int8]]:
        """Return where values are drawn, and -1, 0, 1 for below, inside, above.

        What lies outside, or is not positive on a logarithmic axis, is drawn at the
        edge.
        """
        outside = np.where(values < self.low, -1, np.where(values > self.high, 1, 0))
        return np.clip(values, self.low, self.high), outside.astype(np.int8)


def energy_frame(true: Values, predicted: Values, *, is_log: bool) -> Frame:
    """Return the range that shows `true` in full, and `predicted` within reason.

    Parameters
    ----------
    true, predicted : ndarray
        Positive energies, and predictions of any sign, in one unit.
    is_log : bool
        Whether the axis is logarithmic: predictions over 30 times out of the true range
        are beyond it. A linear axis reaches from minus half to twice the highest.
    """
    known = predicted[np.isfinite(predicted)]
    if is_log:
        shown = np.concatenate([true, known[known > 0]])
        low = max(shown.min(), true.min() / _FACTOR_IN_FRAME)
        high = min(shown.max(), true.max() * _FACTOR_IN_FRAME)
        return Frame(float(low) / 1.6, float(high) * 1.6, is_log=True)
    shown = np.concatenate([true, known])
    low = max(min(shown.min(), 0.0), -0.5 * true.max())
    high = min(shown.max(), 2 * true.max())
    margin = 0.05 * (high - low)
    return Frame(float(low - margin), float(high + margin), is_log=False)


def spans_decades(values: Values) -> bool:
    """Return whether the positive `values` differ by more than a factor of ten."""
    return bool(values.max() > 10 * values.min())


def frame_energy(axes: "Axes", which: Literal["x", "y"], frame: Frame) -> None:
    """Set the range of an axis of energies; `unit_of` names the unit of its ticks."""
    if frame.is_log:
        frame_log(axes, which, frame)
        return
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}lim": (frame.low, frame.high)})
    scale = 10.0 ** _exponent_of(frame)
    axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axis.set_major_formatter(FuncFormatter(lambda value, _: power_text(value / scale)))


def unit_of(frame: Frame) -> str:
    """Return kWh in brackets, with the power of ten that the axis is stated in."""
    exponent = _exponent_of(frame)
    return f"[10{superscript(exponent)} kWh]" if exponent else "[kWh]"


def _exponent_of(frame: Frame) -> int:
    largest = max(abs(frame.low), abs(frame.high))
    return 0 if frame.is_log else exponent_of(largest)


def frame_log(axes: "Axes", which: Literal["x", "y"], frame: Frame) -> None:
    """Make an axis logarithmic, with ticks that are few and in full."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axes.set(**{f"{which}scale": "log", f"{which}lim": (frame.low, frame.high)})
    ticks = log_ticks(frame.low, frame.high, 4 if which == "x" else 5)
    decades = all(isclose(log10(t), round(log10(t)), abs_tol=1e-9) for t in ticks)
    in_powers = decades and (min(ticks) < 1e-2 or max(ticks) >= 1e4)
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(
        FuncFormatter(
            lambda value, _: (
                f"10{superscript(round(log10(value)))}"
                if in_powers
                else power_text(value)
            )
        )
    )


def log_ticks(low: float, high: float, n_most: int) -> list[float]:
    """Return at most `n_most` round values from `low` to `high`, both positive."""
    first, last = ceil(log10(low) - 1e-9), floor(log10(high) + 1e-9)
    decades = [10.0**power for power in range(first, last + 1)]
    if len(decades) > 2:
        return decades[:: ceil(len(decades) / n_most)]
    finer = [
        step * 10.0**power
        for power in range(first - 1, last + 1)
        for step in (1, 2, 5)
        if low <= step * 10.0**power <= high
    ]
    return finer[:: ceil(len(finer) / n_most)] if finer else [float(f"{low:.1g}")]


def power_text(value: float) -> str:
    """Return a number for a tick or a title: in full, or as a power of ten.

    Parameters
    ----------
    value : float
        Any; two significant digits are kept where it becomes a power of ten.
    """
    if not isfinite(value):
        return NOT_KNOWN if isnan(value) else "∞" if value > 0 else "\N{MINUS SIGN}∞"
    if value == 0 or 1e-2 <= abs(value) < 1e4:
        plain = f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return plain.replace("-", "\N{MINUS SIGN}")
    exponent = floor(log10(abs(value)) + 1e-9)
    mantissa = f"{value / 10.0**exponent:.2g}".replace("-", "\N{MINUS SIGN}")
    if mantissa == "10":  # 9.99 is rounded up
        mantissa, exponent = "1", exponent + 1
    power = f"10{superscript(exponent)}"
    return power if mantissa == "1" else f"{mantissa}\N{MULTIPLICATION SIGN}{power}"


def exponent_of(largest: float) -> int:
    """Return the power of ten, a multiple of three, to state `largest` in."""
    if largest <= 0 or not isfinite(largest) or 0.05 <= largest < 1e4:
        return 0
    return 3 * floor(log10(largest) / 3 + 1e-9)


def superscript(number: int) -> str:
    """Return `number` in raised digits."""
    return str(number).translate(_SUPERSCRIPTS)


def mark_outside(
    axes: "Axes",
    x: Values,
    y: Values,
    outside: NDArray[np.int8],
    *,
    along: Literal["x", "y"] = "y",
    color: str = PURPLE,
) -> None:
    """Draw arrow heads at the edge for values that lie beyond it."""
    markers = {-1: "v", 1: "^"} if along == "y" else {-1: "<", 1: ">"}
    for side, marker in markers.items():
        at = outside == side
        style = edge_style(marker, color)
        axes.plot(x[at], y[at], clip_on=False, **style)


def edge_style(marker: str, color: str = PURPLE) -> dict[str, Any]:
    """Return how a value beyond the axis is drawn."""
    return {
        "linestyle": "none",
        "marker": marker,
        "markersize": 4.5,
        "color": color,
        "markeredgecolor": INK,
        "markeredgewidth": 0.5,
        "zorder": 5,
    }


def grid(axes: "Axes") -> None:
    """Draw thin lines at the ticks, below everything."""
    axes.grid(visible=True)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=7.5, length=2.5, color=GREY)


@dataclass(frozen=True, slots=True)
class PanelSizes:
    """Sizes of small multiples and of what stands around them [in]."""

    width_in: float
    height_in: float
    left_in: float
    gap_x_in: float
    gap_y_in: float
    top_in: float
    right_in: float = 0.15
    bottom_in: float = 0.8


@contextmanager
def open_panels(
    n_rows: int, n_columns: int, sizes: PanelSizes, *, projection: str | None = None
) -> Iterator[tuple["Drawing", NDArray[np.object_]]]:
    """Yield a drawing and its panels, ndarray of shape (n_rows, n_columns).

    Sizes are stated, not found by matplotlib: panels of all figures are then alike,
    and drawing takes half the time.

    Yields
    ------
    tuple of Figure and ndarray of Axes
        Draw on them inside the context.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    width_in = n_columns * (sizes.width_in + sizes.gap_x_in) - sizes.gap_x_in
    height_in = n_rows * (sizes.height_in + sizes.gap_y_in) - sizes.gap_y_in
    all_width_in = width_in + sizes.left_in + sizes.right_in
    all_height_in = height_in + sizes.top_in + sizes.bottom_in
    with open_drawing(all_width_in, all_height_in) as drawing:
        import matplotlib as mpl

        mpl.rcParams.update({"grid.color": "#e5e7eb", "grid.linewidth": 0.6})
        panels = drawing.subplots(
            n_rows, n_columns, squeeze=False, subplot_kw={"projection": projection}
        )
        drawing.subplots_adjust(
            left=sizes.left_in / all_width_in,
            right=1 - sizes.right_in / all_width_in,
            bottom=sizes.bottom_in / all_height_in,
            top=1 - sizes.top_in / all_height_in,
            wspace=sizes.gap_x_in / sizes.width_in,
            hspace=sizes.gap_y_in / sizes.height_in,
        )
        yield drawing, panels


def entitle(drawing: "Drawing", title: str) -> None:
    """Write what a drawing is about at its top, in as many lines as it takes."""
    text = fill(title, int(12 * drawing.get_figwidth()))
    y = 1 - 0.1 / drawing.get_figheight()
    drawing.suptitle(text, y=y, va="top", parse_math=False, fontsize=10)


def head_column(axes: "Axes", text: str, above_pt: float) -> None:
    """Write a bold heading above a panel [pt]."""
    axes.annotate(
        text,
        xy=(0.5, 1.0),
        xycoords="axes fraction",
        xytext=(0, above_pt),
        textcoords="offset points",
        ha="center",
        fontsize=9,
        fontweight="bold",
        parse_math=False,
    )


def show_key(drawing: "Drawing", styles: Sequence[Mapping[str, Any]]) -> None:
    """Write at the bottom what each mark is, from its style and label."""
    from matplotlib.lines import Line2D

    columns = min(len(styles), max(1, int(drawing.get_figwidth() / 1.8)))
    legend = drawing.legend(
        handles=[Line2D([], [], **style) for style in styles],
        loc="lower center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=columns,
        handletextpad=0.5,
        columnspacing=1.6,
        fontsize=8,
    )
    for text in legend.get_texts():
        text.set_parse_math(False)  # a dollar sign in a name is no formula


def saved(
    drawing: "Drawing",
    stem: str,
    heading: str,
    *,
    alt: str,
    captions: Iterable[str],
    is_on_page: bool = True,
) -> StudyFigure:
    """Return a drawing for a page, and as files for a paper.

    Call it where the drawing is open. The PNG has 300 dots per inch; the PDF has
    TrueType letters, which publishers ask for.
    """
    import matplotlib as mpl

    mpl.rcParams.update({"savefig.dpi": _PAGE_DPI, "pdf.fonttype": 42})
    files = {}
    for ending, metadata in ((".pdf", {"CreationDate": None}), (".png", {})):
        stream = BytesIO()
        drawing.savefig(stream, format=ending[1:], dpi=_DPI, metadata=metadata)
        files[ending] = stream.getvalue()
    svg = _lighten(to_svg(drawing, alt)) if is_on_page else ""
    figure = Figure(svg, alt, " ".join(captions))
    return StudyFigure(stem, heading, figure, files, is_on_page)


def _lighten(svg: str) -> str:
    """Return the same drawing in fewer letters: a page holds many."""
    for pattern, instead in _SUPERFLUOUS.items():
        svg = pattern.sub(instead, svg)
    return svg
