"""Predicted against measured energy, and fits through it: panels of small multiples."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from textwrap import fill
from typing import TYPE_CHECKING, Any, Final

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
)
from isojoule.report.normalization_axes import (
    Frame,
    PanelSizes,
    StudyFigure,
    Values,
    edge_style,
    energy_frame,
    entitle,
    frame_energy,
    grid,
    head_column,
    mark_outside,
    open_panels,
    power_text,
    saved,
    show_key,
    spans_decades,
    unit_of,
)
from isojoule.report.normalization_groups import Pair, fit_label, grouped
from isojoule.studies.normalization.results import Panel
from isojoule.units import J_PER_KWH

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MANY_POINTS: Final = 400
_LABEL_WIDTH: Final = 22
_READ_PREDICTIONS: Final = (
    "Each mark is a workload; on the dashed line the prediction is as measured. R², "
    "MSE and MdAPE are those of the workloads held out in the first random split."
)
_READ_FITS: Final = (
    "Marks are measured energies; lines join what each fit predicts for them, as far "
    "as that is inside the frame."
)
_SQUARE: Final = PanelSizes(1.95, 1.95, 0.95, 0.22, 0.85, top_in=1.0)
_SPACED: Final = PanelSizes(1.95, 1.95, 0.95, 0.85, 0.75, top_in=0.15, bottom_in=1.0)

REFERENCE: Final[dict[str, Any]] = {
    "linestyle": "none",
    "marker": "s",
    "color": VERMILLION,
    "markerfacecolor": "none",
    "markersize": 4.6,
    "markeredgewidth": 0.9,
    "zorder": 3,
    "label": "reference",
}
"""How a workload that the fit used is drawn."""

HELD_OUT: Final[dict[str, Any]] = {
    "linestyle": "none",
    "marker": "o",
    "color": BLUE,
    "markersize": 4.0,
    "markeredgecolor": "white",
    "markeredgewidth": 0.4,
    "zorder": 4,
    "label": "held out",
}
"""How a workload that the fit did not see is drawn."""

_IDEAL: Final[dict[str, Any]] = {
    "linestyle": "--",
    "color": GREY,
    "linewidth": 0.9,
    "zorder": 1,
    "label": "predicted as measured",
}
_EDGE: Final = {**edge_style("v"), "label": "beyond the edge, or not positive"}
_CURVES: Final[tuple[dict[str, Any], ...]] = tuple(
    {"color": color, "linestyle": line, "linewidth": 1.3, "zorder": 5}
    for color, line in (
        (INK, "-"),
        (VERMILLION, "--"),
        (GREEN, "-."),
        (PURPLE, ":"),
        (ORANGE, (0, (6, 1, 1, 1, 1, 1))),
        (SKY, (0, (2, 1))),
    )
)


@dataclass(frozen=True, slots=True)
class _Energies:
    """The energies of a panel [kWh], and which of them are references."""

    source: Values
    true: Values
    predicted: Values
    is_reference: NDArray[np.bool_]


def draw_predictions(
    panels: Sequence[Panel], stem: str, *, is_log: bool, is_on_page: bool = True
) -> StudyFigure:
    """Return predicted against measured energy: a row per pair, a column per method.

    Parameters
    ----------
    panels : sequence of Panel
        Of one source.
    stem : str
        Name for files.
    is_log : bool
        Whether the axes are logarithmic.
    is_on_page : bool, default True
        Whether the figure is made for a page as well.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    rows = grouped(panels, _pair_of)
    columns = list(dict.fromkeys(_label(panel) for panel in panels))
    source = panels[0].source
    n_outside = 0
    with open_panels(len(rows), len(columns), _SQUARE) as (drawing, all_axes):
        for axes_of_row, of_pair in zip(all_axes, rows.values(), strict=True):
            n_outside += _draw_row(axes_of_row, of_pair, columns, is_log=is_log)
        for axes, label in zip(all_axes[0], columns, strict=True):
            head_column(axes, label, above_pt=26)
        entitle(drawing, f"Carried over from {source}")
        show_key(
            drawing, [REFERENCE, HELD_OUT, _IDEAL, *([_EDGE] if n_outside else [])]
        )
        return saved(
            drawing,
            stem,
            f"Predicted and measured, from {source}",
            alt=f"Scatter plots of predicted against measured energy, from {source}: "
            f"{len(rows)} pairs by {len(columns)} methods.",
            captions=_prediction_captions(panels, n_outside, is_log=is_log),
            is_on_page=is_on_page,
        )


def _prediction_captions(
    panels: Sequence[Panel], n_outside: int, *, is_log: bool
) -> list[str]:
    captions = [_READ_PREDICTIONS]
    n_nonpositive = sum(_count_nonpositive(panel) for panel in panels)
    n_predictions = sum(len(panel.workloads) for panel in panels)
    if n_nonpositive:
        at_edge = ": at the lower edge" if is_log else ""
        told = f"{n_nonpositive} of {n_predictions} predictions {_is(n_nonpositive)}"
        captions.append(f"{told} not positive{at_edge}.")
    n_beyond = n_outside - (n_nonpositive if is_log else 0)
    if n_beyond:
        verb = "lies" if n_beyond == 1 else "lie"
        captions.append(f"{n_beyond} {verb} beyond the frame, where arrows point.")
    return captions


def _is(n: int) -> str:
    return "is" if n == 1 else "are"


def _count_nonpositive(panel: Panel) -> int:
    return sum(energy_j <= 0 for energy_j in panel.predicted_energy_j)


def spans_decades_of(panels: Sequence[Panel]) -> bool:
    """Return whether the energies on any target differ by more than a factor of ten."""
    return any(spans_decades(_energies(panel).true) for panel in panels)


def _pair_of(panel: Panel) -> Pair:
    return panel.source, panel.target


def _label(panel: Panel) -> str:
    return fit_label(panel.method, panel.features)


def _energies(panel: Panel) -> _Energies:
    return _Energies(
        np.array(panel.source_energy_j) / J_PER_KWH,
        np.array(panel.true_energy_j) / J_PER_KWH,
        np.array(panel.predicted_energy_j) / J_PER_KWH,
        np.array(panel.is_reference, dtype=bool),
    )


def _common_frame(panels: Sequence[Panel], *, is_log: bool) -> Frame:
    """Return the range that all panels of a pair share."""
    energies = [_energies(panel) for panel in panels]
    return energy_frame(
        np.concatenate([e.true for e in energies]),
        np.concatenate([e.predicted for e in energies]),
        is_log=is_log,
    )


def _draw_row(
    row: Sequence["Axes"],
    panels: Sequence[Panel],
    columns: Sequence[str],
    *,
    is_log: bool,
) -> int:
    """Draw one pair, and return how many marks stand at an edge."""
    by_label = {_label(panel): panel for panel in panels}
    frame = _common_frame(panels, is_log=is_log)
    n_outside = 0
    drawn = []
    for axes, label in zip(row, columns, strict=True):
        if label in by_label:
            n_outside += _draw_panel(axes, by_label[label], frame)
            drawn.append(axes)
        else:
            axes.set_axis_off()
    for axes in drawn[1:]:
        axes.tick_params(labelleft=False)
    named = fill(f"predicted for {panels[0].target}", _LABEL_WIDTH)
    drawn[0].set_ylabel(f"{named} {unit_of(frame)}", parse_math=False, fontsize=8)
    return n_outside


def _draw_panel(axes: "Axes", panel: Panel, frame: Frame) -> int:
    """Draw one method on one pair, and return how many marks stand at an edge."""
    energies = _energies(panel)
    placed, outside = frame.place(energies.predicted)
    inside = outside == 0
    axes.plot([frame.low, frame.high], [frame.low, frame.high], **_IDEAL)
    y = np.where(inside, placed, np.nan)
    _draw_marks(axes, energies, energies.true, y, markersize=4.2)
    mark_outside(axes, energies.true, placed, outside)
    frame_energy(axes, "x", frame)
    frame_energy(axes, "y", frame)
    grid(axes)
    axes.set_xlabel(f"measured {unit_of(frame)}", fontsize=8)
    axes.set_title(scores_text(panel), fontsize=7.5)
    return int((~inside).sum())


def _draw_marks(
    axes: "Axes", energies: _Energies, x: Values, y: Values, *, markersize: float
) -> None:
    """Draw the workloads, smaller and as pixels where they are many."""
    many = len(x) > _MANY_POINTS
    size = {"markersize": 2.0 if many else markersize}
    for style, chosen in (
        (HELD_OUT, ~energies.is_reference),
        (REFERENCE, energies.is_reference),
    ):
        axes.plot(x[chosen], y[chosen], **{**style, **size}, rasterized=many)


def scores_text(panel: Panel) -> str:
    """Return how a panel did, in two lines."""
    n_nonpositive = _count_nonpositive(panel)
    told = f", {n_nonpositive} not positive" if n_nonpositive else ""
    return (
        f"R² {power_text(panel.r2)}, MSE {power_text(panel.mse_kwh2)} kWh²\n"
        f"MdAPE {power_text(100 * panel.mdape)} %{told}"
    )


def draw_fits(panels: Sequence[Panel], stem: str) -> StudyFigure:
    """Return the fitted curves over the measured energies, one panel per pair.

    Parameters
    ----------
    panels : sequence of Panel
        Without features: a curve needs one input.
    stem : str
        Name for files.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    pairs = grouped(panels, _pair_of)
    columns = min(4, len(pairs))
    n_rows = -(-len(pairs) // columns)
    curves = dict(zip(grouped(panels, _label), cycle(_CURVES), strict=False))
    with open_panels(n_rows, columns, _SPACED) as (drawing, all_axes):
        for axes in all_axes.flat[len(pairs) :]:
            axes.set_axis_off()
        for axes, of_pair in zip(
            all_axes.ravel().tolist(), pairs.values(), strict=False
        ):
            _draw_fits_of_pair(axes, of_pair, curves)
        lines = [{**style, "label": name} for name, style in curves.items()]
        show_key(drawing, [*lines, REFERENCE, HELD_OUT])
        return saved(
            drawing,
            stem,
            "The fits",
            alt=f"Measured energies and the fits of {', '.join(curves)}, one panel for "
            f"each of {len(pairs)} pairs.",
            captions=(_READ_FITS,),
        )


def _draw_fits_of_pair(
    axes: "Axes", panels: Sequence[Panel], curves: Mapping[str, dict[str, Any]]
) -> None:
    measured = _energies(panels[0])
    is_log = spans_decades(measured.source) or spans_decades(measured.true)
    x_frame = energy_frame(measured.source, measured.source, is_log=is_log)
    y_frame = energy_frame(measured.true, measured.true, is_log=is_log)
    _draw_marks(axes, measured, measured.source, measured.true, markersize=3.2)
    for panel in panels:
        fitted = _energies(panel)
        order = np.argsort(fitted.source, kind="stable")
        predicted = np.where(fitted.predicted > 0, fitted.predicted, np.nan)
        y = predicted if is_log else fitted.predicted
        axes.plot(fitted.source[order], y[order], **curves[_label(panel)])
    for which, machine, frame in (
        ("x", panels[0].source, x_frame),
        ("y", panels[0].target, y_frame),
    ):
        frame_energy(axes, "x" if which == "x" else "y", frame)
        label = f"{fill(f'on {machine}', _LABEL_WIDTH)} {unit_of(frame)}"
        axis = axes.xaxis if which == "x" else axes.yaxis
        axis.set_label_text(label, fontsize=8, parse_math=False)
    grid(axes)
