"""The tables of a forecast."""

from typing import Final

from isojoule.estimators.stream.replay import Replay
from isojoule.estimators.streaming import Forecast, TimeEstimate
from isojoule.records import Estimate
from isojoule.tables import Cell, Table

_AMOUNTS: Final = {
    "what": "",
    "energy_j": "energy",
    "energy_low_j": "low",
    "energy_high_j": "high",
    "duration_s": "time",
    "duration_low_s": "low",
    "duration_high_s": "high",
}
_REGIMES: Final = {
    "start": "from epoch",
    "start_s": "since the start",
    "n_epochs": "epochs so far",
    "energy_j": "energy of an epoch",
    "duration_s": "time of an epoch",
    "mean_power_w": "mean power",
    "is_planned": "announced",
}
_REPLAY: Final = {
    "n_seen": "epochs seen",
    "energy_j": "total",
    "energy_low_j": "low",
    "energy_high_j": "high",
    "error_fraction": "error",
    "covers": "in the interval",
    "energy_left_j": "left",
    "duration_left_s": "time left",
    "stable_since": "stable since epoch",
    "n_regimes": "kinds of epochs",
    "reason": "no forecast since",
}


def amounts_table(forecast: Forecast) -> Table:
    """Return what is spent, what is left and the total, as energy and as time.

    Parameters
    ----------
    forecast : Forecast
        Where it ends before a change that was announced, so do the rows.
    """
    until = "" if forecast.is_whole else f" before epoch {forecast.until_epoch:g}"
    spent: dict[str, Cell] = {
        "what": "so far",
        "energy_j": forecast.energy_so_far_j,
        "duration_s": forecast.duration_so_far_s,
    }
    rows = (
        spent,
        {"what": f"left{until}", **left_cells(forecast)},
        {"what": f"total{until}", **total_cells(forecast)},
    )
    return Table.from_rows("", rows, labels=_AMOUNTS)


def total_cells(forecast: Forecast) -> dict[str, Cell]:
    """Return the total with its bounds by column name; unknown where there is none."""
    return _cells(forecast.total, forecast.total_duration)


def left_cells(forecast: Forecast) -> dict[str, Cell]:
    """Return what is left with its bounds by column name, likewise."""
    return _cells(forecast.left, forecast.duration_left)


def _cells(energy: Estimate | None, time: TimeEstimate | None) -> dict[str, Cell]:
    cells: dict[str, Cell] = dict.fromkeys(n for n in _AMOUNTS if n != "what")
    if energy is not None:
        cells["energy_j"] = energy.energy_j
        cells["energy_low_j"] = energy.energy_low_j
        cells["energy_high_j"] = energy.energy_high_j
    if time is not None:
        cells["duration_s"] = time.duration_s
        cells["duration_low_s"] = time.duration_low_s
        cells["duration_high_s"] = time.duration_high_s
    return cells


def regimes_table(forecast: Forecast, start_s: float) -> Table:
    """Return one row per kind of epochs.

    Parameters
    ----------
    forecast : Forecast
        What was seen.
    start_s : float
        When the training began, on the axis of the epochs [s].
    """
    rows: list[dict[str, Cell]] = [
        {
            "start": regime.start,
            "start_s": regime.start_s - start_s,
            "n_epochs": regime.n_epochs,
            "energy_j": regime.energy_j,
            "duration_s": regime.duration_s,
            "mean_power_w": regime.mean_power_w,
            "is_planned": regime.is_planned,
        }
        for regime in forecast.regimes
    ]
    return Table.from_rows("", rows, labels=_REGIMES)


def replay_table(replayed: Replay) -> Table:
    """Return the forecast of the whole training after each epoch."""
    rows = [_replayed(f, replayed.energy_j) for f in replayed.forecasts]
    labels = _REPLAY
    if replayed.energy_j is None:
        labels = {n: v for n, v in _REPLAY.items() if n not in _OF_TRUTH}
    return Table.from_rows("", rows, labels=labels)


_OF_TRUTH: Final = {"error_fraction", "covers"}


def _replayed(forecast: Forecast, true_j: float | None) -> dict[str, Cell]:
    total, left, time = forecast.total, forecast.left, forecast.duration_left
    row: dict[str, Cell] = {
        "n_seen": forecast.n_seen,
        "stable_since": forecast.stable_since,
        "n_regimes": len(forecast.regimes),
        "reason": forecast.reason or None,
    }
    if total is None or left is None or not forecast.is_whole:
        if forecast.total is not None:
            row["reason"] = f"the work changes at epoch {forecast.until_epoch:g}"
        return row
    row |= {
        "energy_j": total.energy_j,
        "energy_low_j": total.energy_low_j,
        "energy_high_j": total.energy_high_j,
        "energy_left_j": left.energy_j,
        "duration_left_s": None if time is None else time.duration_s,
    }
    low_j, high_j = total.energy_low_j, total.energy_high_j
    if true_j and low_j is not None and high_j is not None:
        row["error_fraction"] = total.energy_j / true_j - 1
        row["covers"] = low_j <= true_j <= high_j
    return row
