"""What the study of the estimators gave, row by row: numbers in SI units."""

from typing import Final

from isojoule.studies.estimators.calculators import BoardPower, CalculatorScore
from isojoule.studies.estimators.grouped import GroupedScore
from isojoule.studies.estimators.held_out import HeldOut
from isojoule.studies.estimators.running import EstimatorStudy
from isojoule.studies.estimators.scores import Errors
from isojoule.studies.estimators.table10 import Table10Row
from isojoule.studies.estimators.tables89 import CrossValidated
from isojoule.tables import Cell, Table

UNITS: Final = {
    "power_w": "w",
    "epoch_energy_j": "j",
    "stable_epoch_energy_j": "j",
}
"""Ending of a score in the unit of the target."""

_CROSS: Final = {
    "target": "predicted",
    "model": "regression",
    "r2": "R2",
    "rmse_w": "RMSE, power",
    "rmse_j": "RMSE, energy",
    "published_rmse_w": "printed, power",
    "published_rmse_j": "printed, energy",
    "difference_fraction": "difference",
    "rmse_as_shipped_w": "RMSE, power, inputs as they are",
    "rmse_as_shipped_j": "RMSE, energy, inputs as they are",
    "mae_w": "MAE, power",
    "mae_j": "MAE, energy",
    "verdict": "verdict",
}
_HELD: Final = {
    "quantity": "predicted",
    "model": "by",
    "n": "runs",
    "rmse_w": "RMSE, power",
    "rmse_j": "RMSE, energy",
    "published_rmse_w": "printed, power",
    "published_rmse_j": "printed, energy",
    "r2": "R2",
    "mape_fraction": "MAPE",
    "mdape_fraction": "MdAPE",
}
_TABLE_10: Final = {
    "subset": "runs",
    "estimate": "estimate",
    "n": "n",
    "n_without": "without it",
    "rmse_j": "RMSE",
    "published_rmse_j": "printed",
    "difference_fraction": "difference",
    "verdict": "verdict",
    "mape_fraction": "MAPE",
    "mdape_fraction": "MdAPE",
    "bias_j": "bias",
}
_BOARDS: Final = {
    "name": "board",
    "n_runs": "runs",
    "specification_w": "specified",
    "limit_w": "limit of the driver",
}
_CALCULATORS: Final = {
    "subset": "runs",
    "method": "calculator",
    "figure": "power of the board",
    "n": "n",
    "n_gpu_only": "energy of the GPU alone",
    "rmse_j": "RMSE",
    "mape_fraction": "MAPE",
    "mdape_fraction": "MdAPE",
    "bias_j": "bias",
}
_GROUPED: Final = {
    "target": "predicted",
    "split": "held out together",
    "n_groups": "groups",
    "contender": "estimator",
    "n": "runs",
    "n_answered": "answered",
    "r2": "R2",
    "rmse_w": "RMSE, power",
    "rmse_j": "RMSE, energy",
    "mape_fraction": "MAPE",
    "mdape_fraction": "MdAPE",
    "n_intervals": "with interval",
    "coverage_fraction": "coverage",
    "width_fraction": "width",
    "reason": "why not answered",
}


def cross_validation_table(study: EstimatorStudy) -> Table:
    """Return Tables 8 and 9, recomputed beside what is printed."""
    return Table.from_rows(
        "Tables 8 and 9, five published folds",
        [_cross_row(scored) for scored in study.cross_validated],
        labels=_CROSS,
    )


def _cross_row(scored: CrossValidated) -> dict[str, Cell]:
    unit, printed = UNITS[scored.target], scored.published
    return {
        "target": scored.target,
        "model": scored.model,
        "r2": scored.r2,
        f"rmse_{unit}": scored.rmse,
        f"mae_{unit}": scored.mae,
        f"rmse_as_shipped_{unit}": scored.rmse_as_shipped,
        f"published_rmse_{unit}": printed.rmse if printed else None,
        "difference_fraction": scored.difference_fraction,
        "verdict": scored.verdict,
    }


def held_out_table(study: EstimatorStudy) -> Table:
    """Return the errors on the published test part."""
    return Table.from_rows(
        "Published test part",
        [_held_row(scored) for scored in study.held_out],
        labels=_HELD,
    )


def _held_row(scored: HeldOut) -> dict[str, Cell]:
    unit = "w" if scored.quantity == "mean power" else "j"
    return {
        "quantity": scored.quantity,
        "model": scored.model,
        f"published_rmse_{unit}": scored.published_rmse,
        **_errors(scored.errors, unit),
    }


def _errors(errors: Errors, unit: str) -> dict[str, Cell]:
    return {
        "n": errors.n,
        "r2": errors.r2,
        f"rmse_{unit}": errors.rmse,
        f"bias_{unit}": errors.bias,
        "mape_fraction": errors.mape,
        "mdape_fraction": errors.mdape,
    }


def table10_table(study: EstimatorStudy) -> Table:
    """Return Table 10, recomputed beside the print, also for parts of the runs."""
    rows = study.table10.rows if study.table10 else ()
    return Table.from_rows(
        "Table 10, total energy", [_table10_row(row) for row in rows], labels=_TABLE_10
    )


def _table10_row(row: Table10Row) -> dict[str, Cell]:
    return {
        "subset": row.subset,
        "estimate": row.estimate,
        "n_without": row.n_without,
        "published_rmse_j": row.published_rmse,
        "difference_fraction": row.difference_fraction,
        "verdict": row.verdict,
        **_errors(row.errors, "j"),
    }


def boards_table(study: EstimatorStudy) -> Table:
    """Return both powers of each board."""
    return Table.from_rows(
        "Power of the boards", [_board_row(b) for b in study.boards], labels=_BOARDS
    )


def _board_row(board: BoardPower) -> dict[str, Cell]:
    return {
        "name": board.name,
        "n_runs": board.n_runs,
        "specification_w": board.specification_w,
        "limit_w": board.limit_w,
    }


def calculators_table(study: EstimatorStudy) -> Table:
    """Return the errors of the calculators with both powers."""
    return Table.from_rows(
        "Calculators on finished runs",
        [_calculator_row(score) for score in study.calculators],
        labels=_CALCULATORS,
    )


def _calculator_row(score: CalculatorScore) -> dict[str, Cell]:
    return {
        "subset": score.subset,
        "method": score.method,
        "figure": score.figure,
        "n_gpu_only": score.n_gpu_only,
        **_errors(score.errors, "j"),
    }


def grouped_table(study: EstimatorStudy) -> Table:
    """Return the scores of every contender on every way to hold out runs."""
    return Table.from_rows(
        "Held out together", [_grouped_row(s) for s in study.grouped], labels=_GROUPED
    )


def _grouped_row(score: GroupedScore) -> dict[str, Cell]:
    errors, coverage = score.errors, score.coverage
    return {
        "target": score.target,
        "split": score.split.name,
        "n_groups": score.split.n_groups,
        "contender": score.contender,
        **(_errors(errors, UNITS[score.target]) if errors else {}),
        "n": score.n,
        "n_answered": errors.n if errors else 0,
        "n_intervals": coverage.n if coverage else None,
        "coverage_fraction": coverage.fraction if coverage else None,
        "width_fraction": coverage.width_fraction if coverage else None,
        "reason": score.reason or None,
    }


def estimator_tables(study: EstimatorStudy) -> dict[str, Table]:
    """Return all tables that hold something, by a name for files.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    """
    tables = {
        "tables-8-9": cross_validation_table(study),
        "held-out": held_out_table(study),
        "table-10": table10_table(study),
        "boards": boards_table(study),
        "calculators": calculators_table(study),
        "grouped": grouped_table(study),
    }
    return {name: table for name, table in tables.items() if table.n_rows}
