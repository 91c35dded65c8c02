"""Figures as inline SVG, drawn with matplotlib where it is installed.

The same data give the same bytes. Colors are those of Okabe and Ito (2008), "Color
universal design", jfly.uni-koeln.de/color; shapes and line styles differ as well, so
that a figure can be read in grey.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from io import StringIO
from math import floor, log10
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from warnings import catch_warnings, filterwarnings

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.records import Channel, Component, Provenance, Run, Samples, Window

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

_BLUE: Final = "#0072B2"
_VERMILLION: Final = "#D55E00"
_GREEN: Final = "#009E73"
_PURPLE: Final = "#CC79A7"
_SKY: Final = "#56B4E9"
_ORANGE: Final = "#E69F00"
_YELLOW: Final = "#F0E442"
_INK: Final = "#1f2328"
_GREY: Final = "#6b7280"

_RC: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",  # text stays text: small, searchable, read aloud
    "svg.hashsalt": "isojoule",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "text.color": _INK,
    "axes.edgecolor": _GREY,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
    "legend.frameon": False,
}

MAX_PANELS: Final = 12
"""Runs that `power_over_time` draws at most."""

_MAX_BINS: Final = 240
_MIN_BIN_S: Final = 0.5
_MAX_LABELLED: Final = 15
_MAX_WIDTH_PX_PER_IN: Final = 112

_COMPONENTS: Final[dict[Component, tuple[str, str, str]]] = {
    "gpu": ("GPU", _BLUE, "-"),
    "cpu": ("CPU", _VERMILLION, "--"),
    "dram": ("DRAM", _GREEN, ":"),
    "node": ("whole node", _INK, "-"),
    "wall": ("at the plug", _PURPLE, "-."),
    "unstated": ("component not stated", _GREY, "-"),
}
_PHASES: Final[dict[str, tuple[str, str]]] = {
    "train": (_SKY, ""),
    "validation": (_ORANGE, "//"),
    "test": (_GREEN, "\\\\"),
    "inference": (_PURPLE, "xx"),
    "data": (_YELLOW, ".."),
    "idle": ("#9ca3af", ""),
    "warm-up": ("#9ca3af", "||"),
    "other phase": ("#9ca3af", "--"),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing that can be put into a page as it is.

    Parameters
    ----------
    svg : str
        One ``<svg>`` element; trusted, so build it here.
    alt : str
        What it shows, for those who cannot see it.
    caption : str
        How to read it, and what was left out.
    """

    svg: str
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class ConversionPoint:
    """One workload, predicted for a machine and measured there.

    Parameters
    ----------
    workload : str
        Its name.
    measured_j : float or None
        Energy on the target [J]; `None` where it was not measured.
    predicted_j : float
        Energy predicted for the target [J].
    low_j, high_j : float or None
        Bounds of the interval [J].
    is_reference : bool
        Whether the prediction was fitted on this workload.
    in_range : bool
        Whether it lies within the range of the references.
    """

    workload: str
    measured_j: float | None
    predicted_j: float
    low_j: float | None
    high_j: float | None
    is_reference: bool
    in_range: bool


# --- From a drawing to an SVG that a page can hold -------------------------------


@contextmanager
def _drawing(
    width_in: float, height_in: float, layout: Literal["constrained"] | None = None
) -> Iterator["Drawing"]:
    """Yield an empty drawing under our style, whatever the user's settings are.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure as Drawing
    except ImportError as error:
        raise MissingExtraError("plots", "drawing figures") from error
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        yield Drawing(figsize=(width_in, height_in), layout=layout)


def _to_svg(drawing: "Drawing", alt: str) -> str:
    """Return `drawing` as one SVG element with ids of its own and a text for `alt`."""
    text = StringIO()
    with catch_warnings():
        # The browser sets the text, so what our font lacks does not matter.
        filterwarnings("ignore", message="Glyph .* missing from")
        drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return _inline(text.getvalue(), alt, drawing.get_figwidth())


def _inline(document: str, alt: str, width_in: float) -> str:
    """Return the SVG element of `document` so that several can stand in one page."""
    svg = document[document.index("<svg") :].rstrip()
    svg = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # matplotlib numbers its groups from 1 in every figure: make the ids differ.
    prefix = f"f{sha256(svg.encode()).hexdigest()[:8]}-"
    svg = re.sub(r"<[^<>]+>", lambda tag: _prefix_ids(tag[0], prefix), svg)
    head, _, body = svg.partition(">")
    head = re.sub(r' (?:width|height)="[^"]*"', "", head)
    label = escape(alt)
    # The page sets the width; larger than this the letters would look clumsy.
    style = f"max-width: {_MAX_WIDTH_PX_PER_IN * width_in:.0f}px"
    attributes = f'role="img" aria-label="{label}" style="{style}"'
    return f"{head} {attributes}>\n <title>{label}</title>{body}"


def _prefix_ids(tag: str, prefix: str) -> str:
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{prefix}", tag)


def _cut(text: str, n_characters: int) -> str:
    """Return `text`, its end left out where it is longer than `n_characters`."""
    return text if len(text) <= n_characters else f"{text[: n_characters - 1]}…"


# --- Predicted against measured --------------------------------------------------


def conversion_scatter(
    points: Sequence[ConversionPoint],
    *,
    provenance: Provenance,
    source_name: str,
    target_name: str,
    level: float,
) -> Figure:
    """Return predicted against measured energy on two logarithmic axes.

    Parameters
    ----------
    points : sequence of ConversionPoint
        Workloads; those without a positive prediction and a positive measurement
        cannot stand on such axes, and the caption counts them.
    provenance : {"measured", "modelled", "declared"}
        Of the energies on the target; the figure names it.
    source_name, target_name : str
        The machine converted from, and the machine converted to.
    level : float
        Coverage that the intervals claim, in (0, 1).

    Returns
    -------
    Figure
        With the diagonal where prediction and measurement agree.

    Raises
    ------
    InsufficientDataError
        If no point can be drawn.
    MissingExtraError
        If matplotlib is not installed.
    """
    drawn = [p for p in points if p.predicted_j > 0 and (p.measured_j or 0.0) > 0]
    if not drawn:
        raise InsufficientDataError(
            f"none of {len(points)} workloads has a positive prediction and a positive "
            f"energy on {target_name!r}: measure one there"
        )
    alt = (
        f"Scatter plot of {len(drawn)} workloads: energy predicted for {target_name} "
        f"from {source_name} against {provenance} energy."
    )
    with _drawing(6.4, 6.0) as drawing:
        axes = drawing.add_axes((0.13, 0.11, 0.78, 0.78 * 6.4 / 6.0))
        _frame_conversion(axes, drawn, provenance, source_name, target_name)
        _draw_points(axes, drawn)
        if len(drawn) <= _MAX_LABELLED:
            _label_points(axes, drawn)
        svg = _to_svg(drawing, alt)
    return Figure(svg, alt, _conversion_caption(points, drawn, provenance, level))


def _conversion_caption(
    points: Sequence[ConversionPoint],
    drawn: Sequence[ConversionPoint],
    provenance: Provenance,
    level: float,
) -> str:
    parts = ["On the dashed line the prediction is exact."]
    if any(p.low_j is not None for p in drawn):
        parts.append(f"Bars are {100 * level:g} % prediction intervals.")
    else:
        parts.append("No interval is known.")
    if any((p.low_j or 1.0) <= 0 for p in drawn):
        parts.append(
            "A bar that meets the lower edge has a bound that is not positive."
        )
    if provenance != "measured":
        parts.append(f"Both axes rest on {provenance} energies, not on measurements.")
    n_negative = sum(p.predicted_j <= 0 for p in points)
    if n_negative:
        parts.append(
            f"Left out, as logarithmic axes cannot show them: {n_negative} with a "
            "prediction that is not positive."
        )
    n_unknown = len(points) - len(drawn) - n_negative
    if n_unknown:
        parts.append(f"Left out: {n_unknown} with no positive energy on the target.")
    return " ".join(parts)


def _limits_j(points: Sequence[ConversionPoint]) -> tuple[float, float]:
    """Return the range of both axes [J], at least a factor of four."""
    values = [p.predicted_j for p in points] + [p.measured_j or 0.0 for p in points]
    smallest, largest = min(values), max(values)
    # A wide interval must not squeeze the points into a corner.
    bounds = [b for p in points for b in (p.low_j, p.high_j) if b is not None]
    low = min([smallest, *(b for b in bounds if b > smallest / 10)])
    high = max([largest, *(b for b in bounds if b < largest * 10)])
    widen = max(1.25, (4.0 / (high / low)) ** 0.5)
    return low / widen, high * widen


def _frame_conversion(
    axes: "Axes",
    points: Sequence[ConversionPoint],
    provenance: Provenance,
    source_name: str,
    target_name: str,
) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low_j, high_j = _limits_j(points)
    factor, unit = next(
        (f, u)
        for f, u in ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (0.0, "J"))
        if high_j >= 3 * f
    )
    factor = factor or 1.0
    subs = (1.0, 2.0, 5.0) if high_j / low_j < 300 else (1.0,)
    axes.set(xscale="log", yscale="log", xlim=(low_j, high_j), ylim=(low_j, high_j))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(subs=subs))
        axis.set_major_formatter(FuncFormatter(lambda v, _: f"{v / factor:g}"))
        axis.set_minor_locator(NullLocator())
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    # Names are the users': a dollar sign in one is no formula.
    axes.set_title(
        f"{source_name} → {target_name}, {provenance} energies",
        parse_math=False,
        fontweight="bold",
        pad=10,
    )
    axes.set_xlabel(f"{provenance} on {target_name} [{unit}]", parse_math=False)
    axes.set_ylabel(f"predicted from {source_name} [{unit}]", parse_math=False)
    axes.plot([low_j, high_j], [low_j, high_j], "--", color=_GREY, lw=1.0, zorder=1)


def _draw_points(axes: "Axes", points: Sequence[ConversionPoint]) -> None:
    groups = (
        ("reference (fitted on)", _INK, "o", False),
        ("in the range of the references", _BLUE, "o", True),
        ("extrapolated", _VERMILLION, "D", True),
    )
    handles: list[Artist] = []
    for place, (label, color, marker, filled) in enumerate(groups):
        group = [p for p in points if _group_of(p) == place]
        if not group:
            continue
        for point in group:
            _draw_interval(axes, point, color)
        (line,) = axes.plot(
            [p.measured_j or 0.0 for p in group],
            [p.predicted_j for p in group],
            linestyle="none",
            marker=marker,
            markersize=6.5 if marker == "o" else 5.5,
            color=color,
            markerfacecolor=color if filled else "white",
            markeredgewidth=1.3,
            label=label,
            zorder=4,
        )
        handles.append(line)
    axes.legend(handles=handles, loc="lower right", handletextpad=0.3)


def _group_of(point: ConversionPoint) -> int:
    if point.is_reference:
        return 0
    return 1 if point.in_range else 2


def _draw_interval(axes: "Axes", point: ConversionPoint, color: str) -> None:
    if point.low_j is None or point.high_j is None:
        return
    bottom_j = max(point.low_j, axes.get_ylim()[0])  # a log axis has no zero
    axes.vlines(
        point.measured_j or 0.0,
        bottom_j,
        point.high_j,
        colors=color,
        linewidth=1.4,
        alpha=0.55,
        zorder=3,
    )


_Box: TypeAlias = tuple[float, float, float, float]


def _label_points(axes: "Axes", points: Sequence[ConversionPoint]) -> None:
    """Write each name where it covers least of what is already there."""
    low_j, high_j = axes.get_xlim()
    side_pt = 0.78 * 6.4 * 72

    def to_pt(energy_j: float) -> float:
        return side_pt * log10(max(energy_j, low_j) / low_j) / log10(high_j / low_j)

    centers = [(to_pt(p.measured_j or 0.0), to_pt(p.predicted_j)) for p in points]
    taken = [(x - 5, y - 5, x + 5, y + 5) for x, y in centers]
    taken += [
        (x - 3, to_pt(p.low_j), x + 3, to_pt(p.high_j))
        for p, (x, _) in zip(points, centers, strict=True)
        if p.low_j is not None and p.high_j is not None
    ]
    taken.append((side_pt - 170, 0.0, side_pt, 48.0))  # the legend
    for point, (x, y) in zip(points, centers, strict=True):
        name = _cut(point.workload, 28)
        width_pt = 4.9 * len(name)
        box = min(_label_boxes(x, y, width_pt), key=lambda b: _cover(b, taken, side_pt))
        taken.append(box)
        axes.annotate(
            name,
            (point.measured_j or 0.0, point.predicted_j),
            xytext=(box[0] - x, box[1] - y + 2),
            textcoords="offset points",
            fontsize=8,
            parse_math=False,
            zorder=5,
        )


def _label_boxes(x: float, y: float, width_pt: float) -> list[_Box]:
    """Return places for a label around a point, the preferred ones first [pt]."""
    height_pt = 11.0
    corners = []
    for gap in (7.0, 15.0, 26.0):
        right, left, middle = x + gap, x - gap - width_pt, x - width_pt / 2
        above, below, beside = y + gap * 0.6, y - gap * 0.6 - height_pt, y - 5.5
        corners += [
            (left, above),
            (right, below),
            (left, beside),
            (right, beside),
            (middle, y + gap),
            (middle, y - gap - height_pt),
            (right, above),
            (left, below),
        ]
    return [(a, b, a + width_pt, b + height_pt) for a, b in corners]


def _cover(box: _Box, taken: Sequence[_Box], side_pt: float) -> float:
    """Return how much of `box` is covered or outside the axes [pt^2]."""
    left, bottom, right, top = box
    covered = sum(
        max(0.0, min(right, r) - max(left, a)) * max(0.0, min(top, t) - max(bottom, b))
        for a, b, r, t in taken
    )
    inside = max(0.0, min(right, side_pt) - max(left, 0.0)) * max(
        0.0, min(top, side_pt) - max(bottom, 0.0)
    )
    outside = (right - left) * (top - bottom) - inside
    # Where the diagonal runs through, a label is hard to read.
    crossed = max(0.0, min(right, top) - max(left, bottom))
    return covered + 4 * outside + 2 * crossed


# --- Power over time -------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Trace:
    """Mean power of one component [W] between `edges_s` [s]."""

    component: Component
    modelled: bool
    edges_s: NDArray[np.float64]
    power_w: NDArray[np.float64]


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
    readable = [(run, traces) for run in runs if (traces := _traces(run))]
    if not readable:
        return None
    panels = readable[:MAX_PANELS]
    n_columns = 1 if len(panels) <= 3 else 2
    n_rows = -(-len(panels) // n_columns)
    runs_text = "1 run" if len(panels) == 1 else f"{len(panels)} runs"
    alt = f"Power over time of {runs_text}, one panel each, phases shaded."
    with _drawing(9.2, 0.55 + 1.95 * n_rows, "constrained") as drawing:
        grid = drawing.subplots(n_rows, n_columns, squeeze=False)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes, (run, traces) in zip(grid.flat, panels, strict=False):
            _draw_panel(axes, run, traces)
        for axes in grid.flat[max(0, len(panels) - n_columns) : len(panels)]:
            axes.set_xlabel("time [s]")
        for axes in grid[:, 0]:
            axes.set_ylabel("power [W]")
        _draw_key(drawing, panels)
        svg = _to_svg(drawing, alt)
    return Figure(svg, alt, _power_caption(runs, readable, panels))


def _power_caption(
    runs: Sequence[Run],
    readable: Sequence[tuple[Run, list[_Trace]]],
    panels: Sequence[tuple[Run, list[_Trace]]],
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


def _traces(run: Run) -> list[_Trace]:
    samples = run.samples
    if samples is None or len(samples.time_s) < 2:
        return []
    edges_s = _bin_edges_s(samples.time_s)
    by_component: dict[Component, list[tuple[Channel, NDArray[np.float64]]]] = {}
    for channel, row in _one_channel_per_device(samples):
        power_w = _mean_power_w(channel, samples.time_s, row, edges_s)
        by_component.setdefault(channel.component, []).append((channel, power_w))
    traces = [
        _Trace(
            component,
            any(channel.provenance != "measured" for channel, _ in devices),
            edges_s,
            # NaN spreads: a sum that leaves a device out is not the component's power.
            np.sum([power_w for _, power_w in devices], axis=0),
        )
        for component, devices in by_component.items()
    ]
    return [t for t in traces if np.isfinite(t.power_w).any()]


def _bin_edges_s(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    start_s, end_s = float(time_s[0]), float(time_s[-1])
    # Narrower bins than half a second would show the refresh of the sensor.
    fitting = floor((end_s - start_s) / _MIN_BIN_S)
    n_bins = max(1, min(_MAX_BINS, len(time_s) - 1, fitting))
    return np.linspace(start_s, end_s, n_bins + 1)


def _one_channel_per_device(
    samples: Samples,
) -> list[tuple[Channel, NDArray[np.float64]]]:
    """Return the power readings of each device, or its counter where it has none."""
    chosen: dict[tuple[str, str], tuple[Channel, NDArray[np.float64]]] = {}
    for quantity in ("power_w", "energy_j"):
        for channel, row in zip(samples.channels, samples.values, strict=True):
            if channel.quantity == quantity and np.isfinite(row).sum() >= 2:
                chosen.setdefault((channel.component, channel.device), (channel, row))
    return list(chosen.values())


def _mean_power_w(
    channel: Channel,
    time_s: NDArray[np.float64],
    row: NDArray[np.float64],
    edges_s: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return the mean power between `edges_s` [W], NaN where it cannot be known."""
    known = np.isfinite(row)
    times_s, readings = time_s[known], row[known]
    lengths_s = np.diff(times_s)
    if channel.quantity == "power_w":
        steps_j = readings[:-1] * lengths_s
    else:
        steps_j = np.diff(readings)
        # Without a range a fall is a reset, and what was used meanwhile is lost.
        wrap_j = np.nan if channel.counter_range_j is None else channel.counter_range_j
        steps_j[steps_j < 0] += wrap_j
    lost_s = np.where(np.isnan(steps_j), lengths_s, 0.0)
    energy_j = _between(edges_s, times_s, np.nan_to_num(steps_j, nan=0.0))
    power_w: NDArray[np.float64] = energy_j / np.diff(edges_s)
    power_w[_between(edges_s, times_s, lost_s) > 0] = np.nan
    return power_w


def _between(
    edges_s: NDArray[np.float64],
    times_s: NDArray[np.float64],
    steps: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return how much of what grew by `steps` falls between the edges."""
    grown = np.concatenate(([0.0], np.cumsum(steps)))
    return np.diff(np.interp(edges_s, times_s, grown, left=np.nan, right=np.nan))


def _draw_panel(axes: "Axes", run: Run, traces: Sequence[_Trace]) -> None:
    for window in _joined(run.windows):
        color, hatch = _PHASES[_phase_of(window)]
        axes.axvspan(
            window.start_s, window.end_s, fc=color, alpha=0.22, hatch=hatch, lw=0
        )
    for trace in traces:
        _, color, style = _COMPONENTS[trace.component]
        axes.stairs(
            trace.power_w,
            trace.edges_s,
            baseline=None,
            color=color,
            linestyle=style,
            linewidth=0.8 if trace.modelled else 1.4,
        )
    name = _cut(run.name, 34)
    axes.set_title(f"{name} · {_cut(run.hardware.name, 24)}", parse_math=False)
    axes.set_xlim(traces[0].edges_s[0], traces[0].edges_s[-1])
    axes.set_ylim(0, 1.1 * max(float(np.nanmax(t.power_w)) for t in traces) or 1.0)
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
    drawing: "Drawing", panels: Sequence[tuple[Run, Sequence[_Trace]]]
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    lines = {(t.component, t.modelled) for _, traces in panels for t in traces}
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
