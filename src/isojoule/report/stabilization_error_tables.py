"""How far the online estimators are off, row by row: by choice, rule and draw."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from isojoule.studies.stabilization.panel import METHODS
from isojoule.studies.stabilization.results import (
    EVERYWHERE,
    GroupErrors,
    StabilizationStudy,
)
from isojoule.studies.stabilization.rules import RuleErrors
from isojoule.studies.stabilization.sweeps import Draws, Grid
from isojoule.tables import Cell, Table

METHOD_NAMES: Final = {"power": "power-based", "epoch": "epoch-energy-based"}
"""The online estimators as people call them."""

_ERRORS: Final = {
    f"{method}_{what}": f"{name} {label}"
    for method, name in (("power", "power"), ("epoch", "epoch energy"))
    for what, label in (("rmse_j", "RMSE"), ("mape_fraction", "MAPE"))
}
_GROUPS: Final = {
    "environment": "environment",
    "model": "model",
    "truth": "against",
    "n_runs": "runs",
    "n_fitting": "long enough",
    **_ERRORS,
}
_BEST: Final = {
    "environment": "environment",
    "model": "model",
    "window": "window",
    "power_start": "best start, power",
    "power_mape_fraction": "MAPE",
    "epoch_start": "best start, epoch energy",
    "epoch_mape_fraction": "MAPE ",
}
_SWEEP: Final = {
    "environment": "environment",
    "model": "model",
    "start": "start",
    "window": "window",
    "n_runs": "long enough",
    **_ERRORS,
}
_RULES: Final = {
    "rule": "start",
    "looks_ahead": "needs the end",
    "n_fitting": "runs",
    "n_without": "no answer",
    "n_too_short": "too late",
    "median_start": "median start",
    "median_seen_fraction": "seen",
    **_ERRORS,
    "power_median_fraction": "power median",
    "epoch_median_fraction": "epoch energy median",
}
_DRAWS: Final = {
    "first": "not before",
    "window": "window",
    "n_runs": "runs",
    **{
        f"{method}_{statistic}_{what}": f"{name} {label} {words}"
        for method, name in (("power", "power"), ("epoch", "epoch energy"))
        for what, label in (("rmse_j", "RMSE"), ("mape_fraction", "MAPE"))
        for statistic, words in (
            ("mean", "mean"),
            ("std", "SD"),
            ("low", "low"),
            ("high", "high"),
        )
    },
}


def groups_table(study: StabilizationStudy) -> Table:
    """Return the errors at the choice looked at, against both truths."""
    asked = study.question
    title = f"Errors at start {asked.start}, window {asked.window}"
    rows = [_group_row(group) for group in study.groups]
    return Table.from_rows(title, rows, labels=_GROUPS)


def _group_row(group: GroupErrors) -> dict[str, Cell]:
    return {
        "environment": group.environment,
        "model": group.model,
        "truth": group.truth,
        "n_runs": group.n_runs,
        "n_fitting": group.errors["power"].n_runs,
        **{
            f"{method}_{what}": getattr(group.errors[method], what)
            for method in METHODS
            for what in ("rmse_j", "mape_fraction")
        },
    }


def best_table(study: StabilizationStudy) -> Table:
    """Return the start that would have been best, for the window looked at."""
    rows = [
        row
        for (environment, model), grid in study.grids.items()
        if (row := _best_row(environment, model, grid, study.question.window))
    ]
    title = f"Best start in hindsight, window {study.question.window}"
    return Table.from_rows(title, rows, labels=_BEST)


def _best_row(
    environment: str, model: str, grid: Grid, window: int
) -> dict[str, Cell] | None:
    """Return the best starts among those at which all runs are long enough."""
    if window not in grid.windows:
        return None
    column = grid.windows.index(window)
    n_runs = grid.n_runs[:, column]
    full = np.flatnonzero((n_runs == n_runs.max()) & (n_runs > 0))
    if not len(full):
        return None
    row: dict[str, Cell] = {
        "environment": environment,
        "model": model,
        "window": window,
    }
    for method in METHODS:
        shares = grid.mape_fraction[method][full, column]
        best = int(full[np.argmin(shares)])
        row[f"{method}_start"] = grid.starts[best]
        row[f"{method}_mape_fraction"] = float(shares.min())
    return row


def sweep_table(study: StabilizationStudy) -> Table:
    """Return the errors for every start and window, of all and of each part."""
    rows = [
        row
        for (environment, model), grid in study.grids.items()
        for row in _grid_rows(grid, environment, model)
    ]
    return Table.from_rows("Errors for every start and window", rows, labels=_SWEEP)


def choices_table(
    study: StabilizationStudy, starts: Sequence[int], windows: Sequence[int], title: str
) -> Table:
    """Return the errors over all runs at some starts and windows.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.
    starts, windows : sequence of int
        Those that were not tried are passed over.
    title : str
        Of the table.
    """
    labels = {n: t for n, t in _SWEEP.items() if n not in {"environment", "model"}}
    rows = [
        row
        for row in _grid_rows(study.grid, EVERYWHERE, EVERYWHERE)
        if row["start"] in starts and row["window"] in windows
    ]
    return Table.from_rows(title, rows, labels=labels)


def _grid_rows(grid: Grid, environment: str, model: str) -> list[dict[str, Cell]]:
    return [
        {
            "environment": environment,
            "model": model,
            "start": start,
            "window": window,
            "n_runs": int(grid.n_runs[i, j]),
            **{
                f"{method}_{what}": float(values[method][i, j])
                for method in METHODS
                for what, values in (
                    ("rmse_j", grid.rmse_j),
                    ("mape_fraction", grid.mape_fraction),
                )
            },
        }
        for i, start in enumerate(grid.starts)
        for j, window in enumerate(grid.windows)
    ]


def rules_table(study: StabilizationStudy) -> Table:
    """Return the errors where the start is taken from what was found."""
    title = f"Where the window of {study.question.window} epochs begins"
    rows = [_rule_row(judged) for judged in study.rules]
    return Table.from_rows(title, rows, labels=_RULES)


def _rule_row(judged: RuleErrors) -> dict[str, Cell]:
    return {
        "rule": judged.rule.label,
        "looks_ahead": judged.rule.looks_ahead,
        "n_fitting": judged.errors["power"].n_runs,
        "n_without": judged.n_without,
        "n_too_short": judged.n_too_short,
        "median_start": judged.median_start,
        "median_seen_fraction": judged.median_seen_fraction,
        **{
            f"{method}_{what}": getattr(judged.errors[method], what)
            for method in METHODS
            for what in ("rmse_j", "mape_fraction", "median_fraction")
        },
    }


def draws_table(study: StabilizationStudy) -> Table:
    """Return mean and spread over draws of the place of the window."""
    title = f"Windows at random places, {study.question.n_draws} draws"
    rows = [_draws_row(draws, study.level) for draws in study.draws]
    return Table.from_rows(title, rows, labels=_DRAWS)


def _draws_row(draws: Draws, level: float) -> dict[str, Cell]:
    row: dict[str, Cell] = {
        "first": draws.first,
        "window": draws.window,
        "n_runs": draws.n_runs,
    }
    for what, by_method in (
        ("rmse_j", draws.rmse_j),
        ("mape_fraction", draws.mape_fraction),
    ):
        for method, values in by_method.items():
            low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
            row[f"{method}_mean_{what}"] = float(values.mean())
            row[f"{method}_std_{what}"] = float(values.std())
            row[f"{method}_low_{what}"] = float(low)
            row[f"{method}_high_{what}"] = float(high)
    return row
