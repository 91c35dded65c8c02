"""The figure of stopping: score against energy above, gain per kWh below."""

from typing import TYPE_CHECKING, Final

import numpy as np

from isojoule.estimators.stopping.study import StopStudy
from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    SKY,
    VERMILLION,
    Figure,
    open_drawing,
)
from isojoule.report.link_axes import saved
from isojoule.units import J_PER_KWH, j_to_kwh

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN: Final = 7.6
_HEIGHT_IN: Final = 6.2
_DECADES: Final = 3.0
"""How far below the price the lower axis reaches."""

_CAPTION: Final = (
    "Above: the score of each epoch against the energy until its end, the fitted "
    "curve, and what is expected of epochs to come, with its interval; dotted lines: "
    "where 90, 95 and 99 % of the best score were reached. Below: the points that the "
    "next window was expected to bring per kWh, as known after each epoch; triangles "
    "lie below the axis."
)


def draw_stopping(study: StopStudy, score: str) -> tuple[Figure, dict[str, bytes]]:
    """Return score and expected gain against energy, and the drawing as files.

    Parameters
    ----------
    study : StopStudy
        What to draw.
    score : str
        Name of the score.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    with open_drawing(_WIDTH_IN, _HEIGHT_IN, layout="constrained") as drawing:
        above, below = drawing.subplots(2, 1, sharex=True, height_ratios=(3, 2))
        _draw_scores(above, study)
        above.set_ylabel(score, parse_math=False)
        _draw_gains(below, study)
        below.set_xlabel("energy since the start [kWh]")
        _draw_ends(above, study, named=True)
        _draw_ends(below, study, named=False)
        above.legend(loc="best", fontsize=8)
        first = study.first_stop
        told = "never" if first is None else f"after epoch {first.epoch}"
        alt = f"{score} and its expected gain against energy; the rule stops {told}"
        return saved(drawing, alt, _CAPTION)


def _spent_kwh(study: StopStudy) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.array([j_to_kwh(d.spent_j) for d in study.replay.decisions])


def _draw_scores(axes: "Axes", study: StopStudy) -> None:
    spent_kwh = _spent_kwh(study)
    first = study.epochs[0].index
    axes.scatter(
        spent_kwh,
        [np.nan if e.score is None else e.score for e in study.epochs],
        s=13,
        facecolors="none",
        edgecolors=GREY,
        linewidths=0.8,
        label="score",
    )
    for number, piece in enumerate(study.pieces):
        begin = piece.start - first
        places = spent_kwh[begin : begin + len(piece.levels)]
        label = "fitted curve" if number == 0 else None
        axes.plot(places, piece.levels, color=BLUE, linewidth=1.5, label=label)
    _draw_ahead(axes, study)
    for mark in study.marks:
        axes.axvline(j_to_kwh(mark.energy_j), color=GREY, linewidth=0.8, linestyle=":")
        axes.annotate(
            f"{100 * mark.fraction:.0f} %",
            (j_to_kwh(mark.energy_j), 0.02),
            xycoords=("data", "axes fraction"),
            rotation=90,
            fontsize=7.5,
            color=GREY,
            ha="right",
        )


def _draw_ahead(axes: "Axes", study: StopStudy) -> None:
    """Draw the epochs to come, at most as many as were seen."""
    shown = study.ahead[: max(len(study.epochs) // 2, study.rule.window)]
    if not shown:
        return
    places = [j_to_kwh(a.energy_j) for a in shown]
    axes.fill_between(
        places,
        [a.score_low for a in shown],
        [a.score_high for a in shown],
        color=SKY,
        alpha=0.4,
        linewidth=0,
        label=f"expected, interval of {100 * study.rule.level:.3g} %",
    )
    axes.plot(places, [a.score for a in shown], "--", color=BLUE, linewidth=1.2)


def _draw_gains(axes: "Axes", study: StopStudy) -> None:
    """Draw what the next window was expected to bring, after each epoch."""
    known = [
        (j_to_kwh(d.spent_j), d.gain.points_per_j * J_PER_KWH)
        for d in study.replay.decisions
        if d.gain is not None and d.gain.energy_j > 0
    ]
    axes.set_ylabel("points per kWh")
    price_j = study.rule.price_j_per_point
    if price_j is not None:
        least = J_PER_KWH / price_j
        label = f"worth it from {least:.3g} on"
        axes.axhline(least, color=VERMILLION, linewidth=1.2, label=label)
    if known:
        places, gains = np.array(known).T
        floor = _floor(gains, price_j)
        is_low = gains < floor
        axes.plot(places, np.maximum(gains, floor), color=GREEN, linewidth=1.0)
        axes.plot(places[~is_low], gains[~is_low], ".", color=GREEN, label="expected")
        axes.plot(places[is_low], np.full(is_low.sum(), floor), "v", color=GREEN, ms=4)
        axes.set_yscale("log")
        axes.set_ylim(bottom=floor / 1.3)
    if price_j is not None or known:
        axes.legend(loc="best", fontsize=8)


def _floor(
    gains: "np.ndarray[tuple[int], np.dtype[np.float64]]", price_j: float | None
) -> float:
    """Return the least gain that the axis shows."""
    highest = max(float(gains.max()), 1e-12)
    reference = highest if price_j is None else J_PER_KWH / price_j
    positive = gains[gains > 0]
    least = float(positive.min()) if len(positive) else highest
    return max(least, reference * 10**-_DECADES)


def _draw_ends(axes: "Axes", study: StopStudy, *, named: bool) -> None:
    """Draw where the rule stops, where the log ends, and the budget."""
    ends = [(study.decision.spent_j, GREY, "-", "now")]
    if study.first_stop is not None:
        ends.append((study.first_stop.spent_j, VERMILLION, "--", "the rule stops"))
    if study.rule.budget_j is not None:
        ends.append((study.rule.budget_j, ORANGE, "-.", "the budget"))
    for energy_j, color, style, label in ends:
        axes.axvline(
            j_to_kwh(energy_j),
            color=color,
            linestyle=style,
            linewidth=1.2,
            label=label if named else None,
        )
    axes.grid(visible=True, color="#e5e7eb", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(labelcolor=INK)
