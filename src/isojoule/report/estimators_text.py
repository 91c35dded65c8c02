"""The tables of the study of the estimators for people: digits, names, no long rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from isojoule.estimators.targets import Target
from isojoule.report.normalization_axes import power_text
from isojoule.report.tables import NOT_KNOWN
from isojoule.studies.estimators.grouped import GroupedScore
from isojoule.studies.estimators.running import EstimatorStudy
from isojoule.studies.estimators.table10 import ALL_RUNS, BY_SIZE, GREEN_ALGORITHMS
from isojoule.studies.estimators.tables89 import CrossValidated
from isojoule.tables import Cell, Table

TARGET_NAMES: Final[Mapping[Target, str]] = {
    "power_w": "mean power of the GPU",
    "epoch_energy_j": "mean energy of an epoch",
    "stable_epoch_energy_j": "mean energy of an epoch, from epoch 10 on",
}
"""What is predicted, in words."""

CONTENDER_NAMES: Final[Mapping[str, str]] = {
    "linear": "linear",
    "ridge": "ridge",
    "kernel-ridge": "kernel ridge",
    "svm": "SVM",
    "lookup": "lookup (no model)",
    "physics": "physics (ours)",
}
"""What people call who is judged."""

ESTIMATE_NAMES: Final[Mapping[str, str]] = {
    GREEN_ALGORITHMS: "Green Algorithms, memory in use",
    BY_SIZE: "Green Algorithms, memory size",
    "mlco2_energy_j": "ML CO2 Impact",
    "online_power_energy_j": "online, power",
    "online_epoch_energy_j": "online, epoch energy",
    "offline_power_energy_j": "offline, power",
    "offline_epoch_energy_j": "offline, epoch energy",
}
"""The estimates of Table 10."""

METHOD_NAMES: Final[Mapping[str, str]] = {
    "ml-co2": "ML CO2 Impact",
    "green-algorithms-delrey": "Green Algorithms, as in Table 10",
}

_FIGURE_NAMES: Final = {
    "specification": "as specified",
    "limit": "limit of the driver",
}

_UNIT_NAMES: Final[Mapping[Target, tuple[str, float]]] = {
    "power_w": ("W", 1.0),
    "epoch_energy_j": ("kJ", 1e3),
    "stable_epoch_energy_j": ("kJ", 1e3),
}


def contender_name(contender: str) -> str:
    """Return what people call a contender; its own name where it is a further one."""
    return CONTENDER_NAMES.get(contender, contender)


def unit_of(target: Target) -> tuple[str, float]:
    """Return the unit that people read a target in, and its size in W or J.

    Parameters
    ----------
    target : {"power_w", "epoch_energy_j", "stable_epoch_energy_j"}
        What is predicted.
    """
    return _UNIT_NAMES[target]


def percent_text(fraction: float | None, *, is_signed: bool = False) -> str:
    """Return a share in percent, three digits; small ones as powers of ten.

    Parameters
    ----------
    fraction : float or None
        A share; `None` is not known.
    is_signed : bool, default False
        Whether to write a plus.
    """
    if fraction is None:
        return NOT_KNOWN
    sign = "+" if is_signed and fraction > 0 else ""
    return f"{sign}{power_text(100 * fraction)} %"


def printed_tables(study: EstimatorStudy) -> dict[Target, Table]:
    """Return Tables 8 and 9 with every digit that is compared, one for each target.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    """
    found: dict[Target, list[CrossValidated]] = {}
    for scored in study.cross_validated:
        found.setdefault(scored.target, []).append(scored)
    return {target: _printed(target, rows) for target, rows in found.items()}


def _printed(target: Target, rows: Sequence[CrossValidated]) -> Table:
    unit, size = unit_of(target)
    number = "8" if target == "power_w" else "9"
    return Table.from_rows(
        f"Table {number}: {TARGET_NAMES[target]}, mean over five published folds",
        [_printed_row(scored, size) for scored in rows],
        labels={
            "model": "regression",
            "r2": "R²",
            "mae": f"MAE [{unit}]",
            "rmse": f"RMSE [{unit}]",
            "printed": f"printed [{unit}]",
            "difference": "difference",
            "verdict": "verdict",
            "shipped": f"inputs as they are [{unit}]",
        },
    )


def _printed_row(scored: CrossValidated, size: float) -> dict[str, Cell]:
    printed = scored.published
    is_lookup = printed is None
    return {
        "model": contender_name(scored.model),
        "r2": f"{scored.r2:.6f}",
        "mae": f"{scored.mae / size:.6f}",
        "rmse": f"{scored.rmse / size:.6f}",
        "printed": NOT_KNOWN if printed is None else f"{printed.rmse / size:.10g}",
        "difference": percent_text(scored.difference_fraction, is_signed=True),
        "verdict": "not theirs" if is_lookup else scored.verdict,
        "shipped": NOT_KNOWN if is_lookup else f"{scored.rmse_as_shipped / size:.6f}",
    }


def held_out_text(study: EstimatorStudy) -> Table:
    """Return the errors on the test part, in W and kJ."""
    rows: list[dict[str, Cell]] = []
    for scored in study.held_out:
        is_power = scored.quantity == "mean power"
        unit, size = ("W", 1.0) if is_power else ("kJ", 1e3)
        printed = scored.published_rmse
        rows.append(
            {
                "quantity": scored.quantity,
                "model": contender_name(scored.model),
                "n": scored.errors.n,
                "rmse": f"{scored.errors.rmse / size:.5g} {unit}",
                "printed": NOT_KNOWN
                if printed is None
                else f"{printed / size:.6g} {unit}",
                "mape": percent_text(scored.errors.mape),
                "mdape": percent_text(scored.errors.mdape),
            }
        )
    return Table.from_rows(
        "Published test part",
        rows,
        labels={
            "quantity": "predicted",
            "model": "by",
            "n": "runs",
            "rmse": "RMSE",
            "printed": "printed",
            "mape": "MAPE",
            "mdape": "MdAPE",
        },
    )


def table10_text(study: EstimatorStudy) -> Table:
    """Return Table 10 over all runs, in kJ."""
    rows = study.table10.rows if study.table10 else ()
    return Table.from_rows(
        "Table 10: total energy, all runs of the figure",
        [
            {
                "estimate": ESTIMATE_NAMES[row.estimate],
                "n": row.errors.n,
                "rmse": f"{row.errors.rmse / 1e3:.2f}",
                "printed": NOT_KNOWN
                if row.published_rmse is None
                else f"{row.published_rmse / 1e3:.2f}",
                "difference": percent_text(row.difference_fraction, is_signed=True),
                "verdict": row.verdict,
                "mape": percent_text(row.errors.mape),
                "mdape": percent_text(row.errors.mdape),
                "bias": power_text(row.errors.bias / 1e3),
            }
            for row in rows
            if row.subset == ALL_RUNS
        ],
        labels={
            "estimate": "estimate",
            "n": "runs",
            "rmse": "RMSE [kJ]",
            "printed": "printed [kJ]",
            "difference": "difference",
            "verdict": "verdict",
            "mape": "MAPE",
            "mdape": "MdAPE",
            "bias": "bias [kJ]",
        },
    )


def table10_parts(study: EstimatorStudy) -> Table:
    """Return RMSE [kJ] and MAPE of the estimates of Table 10 on parts of the runs."""
    rows = study.table10.rows if study.table10 else ()
    subsets = list(dict.fromkeys(row.subset for row in rows))
    n_of = {row.subset: row.errors.n + row.n_without for row in rows}
    by_estimate: dict[str, dict[str, Cell]] = {}
    for row in rows:
        cells = by_estimate.setdefault(
            row.estimate, {"estimate": ESTIMATE_NAMES[row.estimate]}
        )
        cells[row.subset] = (
            f"{row.errors.rmse / 1e3:.1f} / {percent_text(row.errors.mape)}"
        )
    return Table.from_rows(
        "Table 10 on parts of the runs: RMSE [kJ] / MAPE",
        list(by_estimate.values()),
        labels={"estimate": "estimate", **{s: f"{s} ({n_of[s]})" for s in subsets}},
    )


def grouped_text(study: EstimatorStudy, target: Target) -> Table:
    """Return R², RMSE and MAPE of each contender, a column for each way to hold out.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    target : {"power_w", "epoch_energy_j"}
        What is predicted.
    """
    unit, size = unit_of(target)
    return _matrix(
        study,
        target,
        f"{TARGET_NAMES[target]}: R² / RMSE [{unit}] / MAPE, errors pooled",
        lambda score: _scores_text(score, size),
    )


def _scores_text(score: GroupedScore, size: float) -> str:
    errors = score.errors
    if errors is None:
        return NOT_KNOWN
    r2 = f"{errors.r2:.2f}".replace("-", "\N{MINUS SIGN}")
    if errors.r2 <= -100:
        r2 = power_text(errors.r2)
    rmse = errors.rmse / size
    told = power_text(rmse) if rmse >= 1e4 else f"{rmse:.3g}"
    percent = 100 * errors.mape
    mape = f"{percent:,.0f}" if percent >= 1000 else f"{percent:.3g}"
    missing = f" ({errors.n} of {score.n})" if errors.n < score.n else ""
    return f"{r2} / {told} / {mape} %{missing}"


def coverage_text(study: EstimatorStudy, target: Target) -> Table:
    """Return what intervals hold, a column for each way to hold out.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    target : {"power_w", "epoch_energy_j"}
        What is predicted.
    """
    return _matrix(
        study,
        target,
        f"{TARGET_NAMES[target]}: coverage of {study.level:.0%} intervals / median "
        "width over truth / share of runs with one",
        _coverage_cell,
    )


def _coverage_cell(score: GroupedScore) -> str:
    coverage = score.coverage
    if coverage is None:
        return NOT_KNOWN
    share = coverage.n / score.n
    return (
        f"{coverage.fraction:.0%} / {coverage.width_fraction:.2g} / {share:.0%}"
    ).replace("%", " %")


def _matrix(
    study: EstimatorStudy,
    target: Target,
    title: str,
    tell: Callable[[GroupedScore], str],
) -> Table:
    scores = [s for s in study.grouped if s.target == target]
    splits = {s.split.name: s.split for s in scores}
    by_contender: dict[str, dict[str, Cell]] = {}
    for score in scores:
        cells = by_contender.setdefault(
            score.contender, {"contender": contender_name(score.contender)}
        )
        cells[score.split.name] = tell(score)
    known = [
        name
        for name in splits
        if any(row.get(name) != NOT_KNOWN for row in by_contender.values())
    ]
    rows = [
        row
        for row in by_contender.values()
        if any(row.get(name, NOT_KNOWN) != NOT_KNOWN for name in known)
    ]
    return Table.from_rows(
        title,
        rows,
        labels={
            "contender": "estimator",
            **{name: splits[name].label for name in known},
        },
    )


def calculators_text(study: EstimatorStudy) -> Table:
    """Return the errors of the calculators with both powers, in kJ."""
    return Table.from_rows(
        "Calculators on finished runs, by the power that stands for a board",
        [
            {
                "subset": f"{score.subset} ({score.errors.n})",
                "method": METHOD_NAMES[score.method],
                "figure": _FIGURE_NAMES[score.figure],
                "rmse": f"{score.errors.rmse / 1e3:.2f}",
                "mape": percent_text(score.errors.mape),
                "mdape": percent_text(score.errors.mdape),
                "bias": power_text(score.errors.bias / 1e3),
            }
            for score in study.calculators
        ],
        labels={
            "subset": "runs",
            "method": "calculator",
            "figure": "power",
            "rmse": "RMSE [kJ]",
            "mape": "MAPE",
            "mdape": "MdAPE",
            "bias": "bias [kJ]",
        },
    )
