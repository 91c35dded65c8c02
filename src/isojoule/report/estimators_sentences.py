"""What the study of the estimators found, a sentence each."""

from collections.abc import Iterator
from typing import Final

from isojoule.report.estimators_text import (
    CONTENDER_NAMES,
    contender_name,
    percent_text,
    unit_of,
)
from isojoule.report.normalization_axes import power_text
from isojoule.studies.estimators.grouped import GroupedScore
from isojoule.studies.estimators.running import EstimatorStudy
from isojoule.units import format_energy, format_power

SINGULAR: Final = (
    "The linear regression is singular (height equals width, and three boards give "
    "three figures of two dimensions): its printed scores depend on rounding, so they "
    "are compared to 0.5 %. Support vectors stop at the tolerance of their solver and "
    "are compared to 0.01 %."
)
ODD_ROW: Final = (
    "The digits need one detail that is inferred, not read: one test row of Stanford "
    "Dogs at 128 pixels must have had the GFLOP of Caltech-101 when the inputs were "
    "standardized. The last column shows the same without it."
)


def describe_recall(study: EstimatorStudy) -> str:
    """Return what the published test measures, in plain words; nothing without it.

    Parameters
    ----------
    study : EstimatorStudy
        With the published training part.
    """
    leak = study.leak
    if leak is None:
        return ""
    looked_up = {s.target: s.rmse for s in study.cross_validated if s.model == "lookup"}
    best = {
        s.target: s.rmse for s in study.cross_validated if s.model == "kernel-ridge"
    }
    return (
        f"What the published test measures: recall. The {leak.n_rows} training rows "
        f"are repeats of {leak.n_configurations} configurations, and "
        f"{percent_text(leak.validation_seen_fraction)} of the rows that a fold scores "
        "have their very configuration among the rows that were learned. A table with "
        "the mean of each configuration, which learns nothing about energy, beats the "
        "published kernel ridge under the published folds: "
        f"{format_power(looked_up['power_w'])} against "
        f"{format_power(best['power_w'])}, and "
        f"{format_energy(looked_up['epoch_energy_j'])} against "
        f"{format_energy(best['epoch_energy_j'])} an epoch. What a new configuration, "
        "network, data set or GPU would get is told by the scores that hold it out "
        "whole."
    )


def summarize_estimators(study: EstimatorStudy) -> tuple[str, ...]:
    """Return what was found and what was left out, a sentence each."""
    return tuple(
        sentence
        for sentence in (
            _of_printed(study),
            _of_table10(study),
            *_of_best(study),
            _of_boards(study),
            *(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in study.notes),
            *_of_left_out(study),
        )
        if sentence
    )


def _of_printed(study: EstimatorStudy) -> str:
    rows = [s for s in study.cross_validated if s.published]
    if not rows or any(s.verdict == "test part missing" for s in rows):
        return ""
    exact = [s for s in rows if s.published and s.published.tolerance == 0]
    met = [s for s in exact if s.verdict == "every digit"]
    near = [s for s in rows if s not in exact]
    within = [s for s in near if s.verdict == "within tolerance"]
    return (
        f"Tables 8 and 9: {len(met)} of {len(exact)} rows of ridge and kernel ridge "
        f"equal every printed digit, {len(within)} of {len(near)} rows of linear and "
        f"SVM are within their tolerance. {SINGULAR}"
    )


def _of_table10(study: EstimatorStudy) -> str:
    if study.table10 is None:
        return ""
    rows = [row for row in study.table10.rows if row.published_rmse]
    whole = [row for row in rows if row.verdict != "rows missing"]
    within = [row for row in whole if row.verdict == "within tolerance"]
    n_missing = max((row.n_without for row in rows), default=0)
    missing = (
        f" Green Algorithms with the memory size needs the GPU use of {n_missing} more "
        "rows: give regression_test.parquet or runs.parquet too."
        if n_missing
        else ""
    )
    return (
        f"Table 10: {len(within)} of {len(whole)} estimates are within 2 % of the "
        f"print.{missing}"
    )


def _of_best(study: EstimatorStudy) -> Iterator[str]:
    """Yield who does best where whole configurations are held out."""
    for target in ("power_w", "epoch_energy_j"):
        scores = [
            s
            for s in study.grouped
            if s.target == target and s.split.name == "configuration" and s.errors
        ]
        if len(scores) > 1:
            yield _best_of(scores)


def _best_of(scores: list[GroupedScore]) -> str:
    ranked = sorted(scores, key=lambda s: s.errors.rmse if s.errors else 0.0)
    told = [_told(score) for score in (ranked[0], ranked[-1])]
    what = "power" if scores[0].target == "power_w" else "energy of an epoch"
    return (
        f"Of new configurations ({scores[0].split.label}), {what}: best is {told[0]}, "
        f"worst {told[1]}."
    )


def _told(score: GroupedScore) -> str:
    errors = score.errors
    if errors is None:
        return contender_name(score.contender)
    unit, size = unit_of(score.target)
    name = CONTENDER_NAMES.get(score.contender, score.contender)
    rmse = power_text(errors.rmse / size)
    return f"{name} (R² {power_text(errors.r2)}, RMSE {rmse} {unit})"


def _of_boards(study: EstimatorStudy) -> str:
    differing = [
        b
        for b in study.boards
        if b.limit_w and b.specification_w and b.limit_w != b.specification_w
    ]
    if not differing:
        return ""
    named = "; ".join(
        f"{b.name} {b.specification_w:g} W as specified, {b.limit_w:g} W as the driver "
        "reports"
        for b in differing
    )
    limit = ", the calculators of Table 10 the limit" if study.table10 else ""
    return (
        f"The power of a board is not one figure: {named}. The regressions take what "
        f"is specified{limit}."
    )


def _of_left_out(study: EstimatorStudy) -> Iterator[str]:
    if study.left_out:
        reasons = ", ".join(f"{n} {reason}" for reason, n in study.left_out.items())
        yield f"Runs left out: {reasons}."
