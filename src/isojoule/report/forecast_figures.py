"""The figure of a forecast: energy of each epoch above, forecast of the total below."""

from typing import TYPE_CHECKING, Final

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stream.replay import Replay
from isojoule.estimators.streaming import Forecast
from isojoule.records import Estimate
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
    to_svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH_IN: Final = 7.6
_HEIGHT_IN: Final = 5.6
_UNITS: Final = ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ"), (1.0, "J"), (1e-3, "mJ"))
_REACH: Final = 4.0
"""How far the lower axis reaches to either side, in half-widths of the latest interval,
at the least: the wide ones at the beginning are cut off."""

_MIN_SHARE: Final = 0.03
_MAX_SHARE: Final = 0.6


def draw_forecast(replayed: Replay) -> Figure:
    """Return the energy of each epoch, and the forecast of the total after each.

    Parameters
    ----------
    replayed : Replay
        What to draw.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    with open_drawing(_WIDTH_IN, _HEIGHT_IN, layout="constrained") as drawing:
        above, below = drawing.subplots(2, 1, sharex=True)
        _draw_epochs(above, replayed)
        _draw_totals(below, replayed)
        below.set_xlabel("epoch")
        below.set_xlim(-0.5, max(replayed.n_epochs, len(replayed.epochs)) - 0.5)
        return Figure(to_svg(drawing, _alt(replayed)), _alt(replayed), _CAPTION)


_CAPTION: Final = (
    "Above: the energy of each epoch that was seen, those that the forecast goes by "
    "filled, and the level it takes those to come to have, with the interval of their "
    "mean; gray dots are epochs that it was not shown. Below: the forecast of the "
    "whole training after each epoch, with its interval; where that reaches beyond the "
    "axis it is cut off. Vertical lines: another kind of epochs begins."
)


def _alt(replayed: Replay) -> str:
    last = replayed.last
    said = f"Energy per epoch and forecast of the total after {last.n_seen} epochs"
    return f"{said} of {replayed.subject.workload} on {replayed.subject.hardware}"


def _unit_of(energy_j: float) -> tuple[float, str]:
    return next(((f, u) for f, u in _UNITS if energy_j >= f), _UNITS[-1])


def _draw_epochs(axes: "Axes", replayed: Replay) -> None:
    last = replayed.last
    factor, unit = _unit_of(max(e.energy_j for e in replayed.epochs))
    seen = replayed.epochs[: last.n_seen]
    later = replayed.epochs[last.n_seen :]
    since = last.stable_since
    stable = [e for e in seen if since is not None and e.index >= since]
    _dots(axes, later, factor, color=GREY, alpha=0.45, s=9, label="not shown to it")
    _dots(axes, seen, factor, facecolors="none", edgecolors=BLUE, s=16, label="seen")
    _dots(axes, stable, factor, color=BLUE, s=16, label="stable")
    _draw_level(axes, last, factor)
    _draw_regimes(axes, last)
    axes.set_ylim(bottom=0)
    axes.set_ylabel(f"energy of an epoch [{unit}]")
    axes.legend(loc="best", ncols=2)


def _dots(
    axes: "Axes",
    epochs: "tuple[Epoch, ...] | list[Epoch]",
    factor: float,
    **style: object,
) -> None:
    if epochs:
        axes.scatter(
            [e.index for e in epochs],
            [e.energy_j / factor for e in epochs],
            linewidths=0.8,
            zorder=3,
            **style,  # type: ignore[arg-type]
        )


def _draw_level(axes: "Axes", last: Forecast, factor: float) -> None:
    """Draw what the epochs to come are taken to have."""
    left = last.left
    begin = last.regimes[0].start + last.n_seen
    n_left = last.until_epoch - begin
    if left is None or n_left <= 0:
        return
    edges = [begin - 0.5, last.until_epoch - 0.5]
    axes.plot(
        edges,
        [left.energy_j / n_left / factor] * 2,
        color=VERMILLION,
        label="forecast",
        zorder=4,
    )
    if left.energy_low_j is not None and left.energy_high_j is not None:
        low, high = (
            e / n_left / factor for e in (left.energy_low_j, left.energy_high_j)
        )
        axes.fill_between(edges, low, high, color=ORANGE, alpha=0.35, linewidth=0)


def _draw_regimes(axes: "Axes", last: Forecast) -> None:
    for regime in last.regimes[1:]:
        axes.axvline(regime.start - 0.5, color=GREY, linewidth=0.8, linestyle=":")
    if not last.is_whole:
        axes.axvline(last.until_epoch - 0.5, color=INK, linewidth=0.8, linestyle="--")


def _draw_totals(axes: "Axes", replayed: Replay) -> None:
    """Draw the forecast of the whole after each epoch, and what it came to."""
    known = [(f, f.total) for f in replayed.forecasts if f.total and f.is_whole]
    totals = [t.energy_j for _, t in known]
    center_j = replayed.energy_j or (totals[-1] if totals else 0.0)
    factor, unit = _unit_of(center_j)
    axes.set_ylabel(f"forecast of the total [{unit}]")
    _draw_regimes(axes, replayed.last)
    if not known:
        axes.set_yticks([])
        reason = replayed.last.reason or "the work changes: the whole cannot be known"
        axes.text(0.5, 0.5, reason, transform=axes.transAxes, ha="center", wrap=True)
        return
    places = [replayed.epochs[f.n_seen - 1].index for f, _ in known]
    lows, highs = zip(*(_bounds(t) for _, t in known), strict=True)
    axes.fill_between(
        places,
        [low / factor for low in lows],
        [high / factor for high in highs],
        color=SKY,
        alpha=0.45,
        linewidth=0,
        label=f"interval of {100 * known[-1][1].level:.3g} %",
    )
    axes.plot(
        places,
        [total / factor for total in totals],
        color=BLUE,
        marker=".",
        markersize=4,
        linewidth=1,
        label="forecast",
    )
    if replayed.energy_j is not None:
        axes.axhline(
            replayed.energy_j / factor,
            color=GREEN,
            linestyle="--",
            linewidth=1,
            label="what it took",
        )
    half_j = (highs[-1] - lows[-1]) / 2
    share = min(max(_REACH * half_j / center_j, _MIN_SHARE), _MAX_SHARE)
    axes.set_ylim(center_j * (1 - share) / factor, center_j * (1 + share) / factor)
    axes.legend(loc="best")


def _bounds(total: Estimate) -> tuple[float, float]:
    low, high = total.energy_low_j, total.energy_high_j
    return (
        total.energy_j if low is None else low,
        total.energy_j if high is None else high,
    )
