"""The figures of the study of the estimators, in the order of reading."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from isojoule.report.estimators_text import (
    CONTENDER_NAMES,
    ESTIMATE_NAMES,
    TARGET_NAMES,
    contender_name,
    unit_of,
)
from isojoule.report.figures import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    cut,
)
from isojoule.report.link_axes import styles_of
from isojoule.report.normalization_axes import (
    Frame,
    PanelSizes,
    StudyFigure,
    Values,
    energy_frame,
    frame_log,
    grid,
    mark_outside,
    open_panels,
    power_text,
    saved,
    show_key,
    spans_decades,
)
from isojoule.studies.estimators.contenders import TARGETS
from isojoule.studies.estimators.grouped import GroupedScore, Predictions
from isojoule.studies.estimators.running import EstimatorStudy
from isojoule.studies.estimators.scores import Errors
from isojoule.studies.estimators.table10 import Table10

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEMS: Final = {
    "power_w": "estimators-predictions-power",
    "epoch_energy_j": "estimators-predictions-epoch-energy",
}
"""Names of the figures of predictions, by target."""

_SPLIT_STYLES: Final[Mapping[str, dict[str, Any]]] = {
    "published-folds": {"marker": "o", "color": BLUE},
    "random-folds": {"marker": "o", "color": BLUE},
    "configuration": {"marker": "s", "color": VERMILLION},
    "each-configuration": {"marker": "D", "color": ORANGE},
    "architecture": {"marker": "^", "color": GREEN},
    "data-set": {"marker": "v", "color": SKY},
    "gpu": {"marker": "P", "color": PURPLE},
}
_SIZES: Final = PanelSizes(2.5, 2.4, 0.75, 0.55, 0.6, 0.4, bottom_in=0.95)
_RMSE_FACTOR: Final = 300.0
_READ_RMSE: Final = (
    "RMSE, errors of all folds pooled, on a logarithmic axis; an arrow at the edge "
    "lies beyond it. The gap from the circle to the other marks is what repeats of "
    "known configurations hide."
)
_READ_PREDICTIONS: Final = (
    "Each mark is a run. On the line a prediction is right; an arrow at the edge lies "
    "beyond it."
)
_READ_TABLE_10: Final = (
    "Each thin mark is a run. The bar holds the middle half, the line nine tenths of "
    "the runs, the white dot is the median."
)


def draw_estimators(study: EstimatorStudy) -> tuple[StudyFigure, ...]:
    """Return the figures of a study; none where there is nothing to draw.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    return tuple(_figures(study))


def _figures(study: EstimatorStudy) -> Iterator[StudyFigure]:
    if any(score.errors for score in study.grouped):
        yield _draw_rmse(study)
    splits = [p.split for p in study.predictions]
    split = "configuration" if "configuration" in splits else next(iter(splits), "")
    for target in TARGETS:
        shown = [
            p for p in study.predictions if p.split == split and p.target == target
        ]
        if shown:
            yield _draw_predictions(shown, STEMS[target], study)
    if study.table10 is not None:
        yield _draw_table10(study.table10)


def _draw_rmse(study: EstimatorStudy) -> StudyFigure:
    scores = [s for s in study.grouped if s.errors]
    names = list(dict.fromkeys(s.contender for s in scores))
    labels = {s.split.name: s.split.label for s in scores}
    sizes = PanelSizes(
        3.3, 0.3 + 0.34 * len(names), 1.35, 0.35, 0.4, 0.35, bottom_in=0.95
    )
    with open_panels(1, len(TARGETS), sizes) as (drawing, panels):
        for place, target in enumerate(TARGETS):
            of = [s for s in scores if s.target == target]
            axes = panels[0, place]
            if of:
                _rmse_panel(axes, of, names, target)
            else:
                axes.set_axis_off()
            if place:
                axes.set_yticklabels([])
        show_key(
            drawing,
            [
                {**_mark(_SPLIT_STYLES[name]), "label": label}
                for name, label in labels.items()
            ],
        )
        return saved(
            drawing,
            "estimators-rmse",
            "Errors by what was held out together",
            alt="Dots of the error of each estimator, for each way to hold out runs.",
            captions=[_READ_RMSE],
        )


def _mark(style: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "linestyle": "none",
        "markersize": 6.0,
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
        **style,
    }


def _rmse_panel(
    axes: "Axes", scores: Sequence[GroupedScore], names: Sequence[str], target: str
) -> None:
    unit, size = unit_of(scores[0].target)
    values = np.array([s.errors.rmse / size for s in scores if s.errors])
    low, high = values.min(), min(values.max(), values.min() * _RMSE_FACTOR)
    frame = Frame(float(low) / 1.5, float(high) * 1.5, is_log=True)
    offsets = np.linspace(-0.24, 0.24, len(_SPLIT_STYLES))
    for place, (split, style) in enumerate(_SPLIT_STYLES.items()):
        of = [s for s in scores if s.split.name == split and s.errors]
        if not of:
            continue
        x, outside = frame.place(
            np.array([s.errors.rmse / size for s in of if s.errors])
        )
        y = np.array([names.index(s.contender) + offsets[place] for s in of])
        axes.plot(x[outside == 0], y[outside == 0], **_mark(style))
        mark_outside(axes, x, y, outside, along="x", color=str(style["color"]))
    frame_log(axes, "x", frame)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [contender_name(name) for name in names])
    grid(axes)
    axes.tick_params(axis="y", length=0, labelsize=8)
    axes.set_xlabel(f"RMSE [{unit}]", fontsize=8)
    axes.set_title(_short(target), fontsize=9)


def _short(target: str) -> str:
    return "mean power" if target == "power_w" else "energy of an epoch"


def _draw_predictions(
    shown: Sequence[Predictions], stem: str, study: EstimatorStudy
) -> StudyFigure:
    target = shown[0].target
    unit, size = unit_of(target)
    order = [*CONTENDER_NAMES, *(p.contender for p in shown)]
    ranked = sorted(shown, key=lambda p: order.index(p.contender))
    columns = min(3, len(ranked))
    n_rows = -(-len(ranked) // columns)
    split = next(s.split for s in study.grouped if s.split.name == shown[0].split)
    styles = styles_of({model for p in ranked for model in p.models})
    with open_panels(n_rows, columns, _SIZES) as (drawing, panels):
        flat: list[Any] = panels.ravel().tolist()
        for axes, predicted in zip(flat, ranked, strict=False):
            _prediction_panel(axes, predicted, styles, size)
        for axes in flat[len(ranked) :]:
            axes.set_axis_off()
        for axes in panels[:, 0].tolist():
            axes.set_ylabel(f"predicted [{unit}]", fontsize=8)
        for axes in flat[max(0, len(ranked) - columns) : len(ranked)]:
            axes.set_xlabel(f"measured [{unit}]", fontsize=8)
        show_key(
            drawing,
            [
                {**_mark({"color": color, "marker": marker}), "label": cut(name, 24)}
                for name, (color, marker) in styles.items()
            ],
        )
        return saved(
            drawing,
            stem,
            f"Predicted against measured: {TARGET_NAMES[target]}",
            alt=f"Scatter plots of predicted against measured, {_short(target)}, a "
            f"panel for each of {len(ranked)} estimators.",
            captions=[f"Held out together: {split.label}.", _READ_PREDICTIONS],
        )


def _prediction_panel(
    axes: "Axes",
    predicted: Predictions,
    styles: Mapping[str, tuple[str, str]],
    size: float,
) -> None:
    true, value = predicted.true / size, predicted.predicted / size
    frame = energy_frame(true, value, is_log=spans_decades(true))
    y, outside = frame.place(np.where(value > 0, value, frame.low - 1.0))
    if not frame.is_log:
        y, outside = frame.place(value)
    models = np.array(predicted.models)
    for name in styles or {"": (BLUE, "o")}:
        color, marker = styles.get(name, (BLUE, "o"))
        inside = (outside == 0) & ((models == name) | (not styles))
        axes.plot(
            true[inside],
            y[inside],
            linestyle="none",
            marker=marker,
            markersize=3.2,
            color=color,
            markerfacecolor="none",
            markeredgewidth=0.7,
            rasterized=True,  # hundreds of marks in each of many panels
            zorder=3,
        )
    mark_outside(axes, true, y, outside)
    edges = [frame.low, frame.high]
    axes.plot(edges, edges, color=GREY, lw=0.8, zorder=1)
    _frame_both(axes, frame)
    errors = Errors.of(predicted.predicted, predicted.true)
    r2 = power_text(round(errors.r2, 2))
    axes.set_title(
        f"{contender_name(predicted.contender)}\nR² {r2}, RMSE "
        f"{power_text(errors.rmse / size)}",
        fontsize=8,
        parse_math=False,
    )


def _frame_both(axes: "Axes", frame: Frame) -> None:
    if frame.is_log:
        frame_log(axes, "x", frame)
        frame_log(axes, "y", frame)
    else:
        from matplotlib.ticker import MaxNLocator

        axes.set(xlim=(frame.low, frame.high), ylim=(frame.low, frame.high))
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    grid(axes)


def _draw_table10(table: Table10) -> StudyFigure:
    known = {
        name: factors[np.isfinite(factors)]
        for name, errors in table.relative.items()
        if np.isfinite(factors := 1 + errors).any()
    }
    sizes = PanelSizes(5.2, 0.3 + 0.36 * len(known), 2.1, 0.3, 0.4, 0.2, bottom_in=0.5)
    with open_panels(1, 1, sizes) as (drawing, panels):
        axes = panels[0, 0]
        every = np.concatenate(list(known.values()))
        low, high = every[every > 0].min(), every.max()
        frame = Frame(float(low) / 1.15, float(high) * 1.15, is_log=True)
        for place, factors in enumerate(known.values()):
            _factor_row(axes, place, factors, frame)
        axes.axvline(1.0, color=INK, lw=0.8, zorder=1)
        frame_log(axes, "x", frame)
        axes.set_ylim(len(known) - 0.5, -0.5)
        axes.set_yticks(range(len(known)), [ESTIMATE_NAMES[name] for name in known])
        grid(axes)
        axes.tick_params(axis="y", length=0, labelsize=8)
        axes.set_xlabel("estimate over measured energy", fontsize=8)
        return saved(
            drawing,
            "estimators-table-10",
            "Table 10: estimate over measured energy of each run",
            alt="Strips of the ratio of estimate to measured energy, a row for each of "
            f"{len(known)} estimates.",
            captions=[_READ_TABLE_10],
        )


def _factor_row(axes: "Axes", place: int, factors: Values, frame: Frame) -> None:
    x, outside = frame.place(factors)
    inside = outside == 0
    axes.plot(
        x[inside],
        np.full(int(inside.sum()), place + 0.24),
        "|",
        color=GREY,
        markersize=6.0,
        markeredgewidth=0.4,
        alpha=0.6,
        rasterized=True,
        zorder=2,
    )
    low, first, middle, third, high = np.percentile(x, [5, 25, 50, 75, 95])
    axes.plot([low, high], [place - 0.08] * 2, color=BLUE, lw=1.2, zorder=3)
    axes.plot(
        [first, third],
        [place - 0.08] * 2,
        color=BLUE,
        lw=6.0,
        solid_capstyle="butt",
        zorder=4,
    )
    axes.plot(
        middle,
        place - 0.08,
        "o",
        markersize=4.0,
        markerfacecolor="white",
        markeredgecolor=BLUE,
        zorder=5,
    )
    mark_outside(axes, x, np.full(len(x), place + 0.24), outside, along="x")
