"""What a forecast of a training says: sentences, and plain data for JSON."""

from isojoule.estimators.stream.replay import Replay
from isojoule.estimators.streaming import Forecast, TimeEstimate
from isojoule.records import Estimate
from isojoule.report.forecast_tables import (
    left_cells,
    regimes_table,
    replay_table,
    total_cells,
)
from isojoule.report.tables import format_cell, to_records
from isojoule.units import format_duration, format_energy, j_to_kwh


def forecast_document(
    replayed: Replay, *, run_id: str, with_replay: bool = False
) -> dict[str, object]:
    """Return a forecast as plain data, with the keys that ``--json`` documents.

    Parameters
    ----------
    replayed : Replay
        The forecasts; the last is told.
    run_id : str
        Of the training.
    with_replay : bool, default False
        Whether to list those after each epoch too.
    """
    last, total = replayed.last, replayed.last.total
    left = left_cells(last)
    document: dict[str, object] = {
        "method": "streaming",
        "run_id": run_id,
        "workload": replayed.subject.workload,
        "hardware": replayed.subject.hardware,
        "scope": replayed.subject.scope,
        "provenance": replayed.subject.provenance,
        "n_epochs": last.n_epochs,
        "n_seen": last.n_seen,
        "until_epoch": last.until_epoch,
        "is_whole": last.is_whole,
        "energy_so_far_j": last.energy_so_far_j,
        "duration_so_far_s": last.duration_so_far_s,
        **total_cells(last),
        **{_left_name(name): value for name, value in left.items()},
        "level": total and total.level,
        "energy_fraction": spent_fraction(replayed),
        "stable_since": last.stable_since,
        "stable_since_s": last.stable_since_s,
        "period": last.period,
        "regimes": to_records(regimes_table(last, replayed.epochs[0].start_s)),
        "uncertainty": list(total.uncertainty) if total else [],
        "sources": dict(total.sources) if total else {},
        "notes": list(last.notes),
        "reason": last.reason or None,
        "measured_energy_j": replayed.energy_j,
        "measured_duration_s": replayed.duration_s,
        "error_fraction": replayed.error_fraction,
    }
    if with_replay:
        document["replay"] = to_records(replay_table(replayed))
    return document


def _left_name(name: str) -> str:
    """Return the key of what is left: ``energy_low_j`` is ``energy_left_low_j``."""
    quantity, _, rest = name.partition("_")
    return f"{quantity}_left_{rest}"


def summarize_forecast(replayed: Replay) -> tuple[str, ...]:
    """Return what a forecast says, a sentence each."""
    last = replayed.last
    return (
        *_said_of_progress(replayed),
        *_said_of_stability(last),
        *(f"{note[0].upper()}{note[1:]}." for note in last.notes),
        *_said_of_truth(replayed),
    )


def spent_fraction(replayed: Replay) -> float | None:
    """Return the share of the energy that is spent; `None` where that is not known.

    Parameters
    ----------
    replayed : Replay
        Where its first epochs are missing, as those of a resumed training are, so is
        what they took.
    """
    return None if replayed.epochs[0].index else replayed.last.energy_fraction


def progress(replayed: Replay) -> str:
    """Return how many epochs are over, by their numbers: ``20 of 30 epochs``."""
    first, last = replayed.epochs[0].index, replayed.last
    return f"{first + last.n_seen} of {last.n_epochs:g} epochs"


def _said_of_progress(replayed: Replay) -> list[str]:
    forecast, first = replayed.last, replayed.epochs[0].index
    seen = f"{progress(replayed)} are over"
    if first:
        seen += f", seen from epoch {first} on"
    if forecast.total is None or forecast.left is None:
        return [f"{seen}. No forecast yet: {forecast.reason}."]
    spent = spent_fraction(replayed)
    said = f"{seen}."
    if spent is not None:
        said = f"{seen}, {format_cell('spent_fraction', spent)} of the energy is spent."
    told = f"To come: {_told(forecast.left)}"
    if not forecast.is_whole:
        told += f" before epoch {forecast.until_epoch:g}"
    time = forecast.duration_left
    if time is not None and time.duration_high_s > 0:
        told += f", in {_timed(time)}"
    level = format_cell("level_fraction", forecast.left.level)
    return [said, f"{told}; intervals of {level}."]


def _timed(time: TimeEstimate) -> str:
    middle, low, high = (
        format_duration(s)
        for s in (time.duration_s, time.duration_low_s, time.duration_high_s)
    )
    return middle if low == high else f"{middle} ({low} to {high})"


def _told(left: Estimate) -> str:
    told = f"{format_energy(left.energy_j)}, {j_to_kwh(left.energy_j):.4g} kWh"
    if left.energy_low_j is None or left.energy_high_j is None:
        return told
    low, high = j_to_kwh(left.energy_low_j), j_to_kwh(left.energy_high_j)
    return f"{told} ({low:.4g} to {high:.4g})"


def _said_of_stability(forecast: Forecast) -> list[str]:
    if forecast.stable_since is None or forecast.stable_since_s is None:
        return ["Not stable, or not for long enough to tell."]
    since = format_duration(forecast.stable_since_s)
    return [f"Stable since epoch {forecast.stable_since}, which began after {since}."]


def _said_of_truth(replayed: Replay) -> list[str]:
    true_j, error = replayed.energy_j, replayed.error_fraction
    if true_j is None or error is None or replayed.last.n_seen == len(replayed.epochs):
        return []
    total = replayed.last.total
    is_in = (
        total is not None
        and total.energy_low_j is not None
        and total.energy_high_j is not None
        and total.energy_low_j <= true_j <= total.energy_high_j
    )
    where = "in" if is_in else "out of"
    took = f"It took {format_energy(true_j)} in the end"
    return [
        f"{took}: the forecast is off by {100 * error:+.2f} %, {where} its interval."
    ]


def estimate_document(
    estimate: Estimate, *, run_id: str, n_seen: int, true_j: float | None
) -> dict[str, object]:
    """Return what one of the published online methods says, as plain data.

    Parameters
    ----------
    estimate : Estimate
        Of the whole training.
    run_id : str
        Of the training.
    n_seen : int
        Epochs that the method was allowed to see.
    true_j : float or None
        What the whole training took [J], where that is known.
    """
    return {
        "method": estimate.method,
        "run_id": run_id,
        "workload": estimate.workload,
        "hardware": estimate.hardware,
        "scope": estimate.scope,
        "provenance": estimate.provenance,
        "n_seen": n_seen,
        "energy_j": estimate.energy_j,
        "energy_low_j": estimate.energy_low_j,
        "energy_high_j": estimate.energy_high_j,
        "level": estimate.level,
        "uncertainty": list(estimate.uncertainty),
        "notes": list(estimate.notes),
        "measured_energy_j": true_j,
        "error_fraction": estimate.energy_j / true_j - 1 if true_j else None,
    }


def summarize_estimate(estimate: Estimate, true_j: float | None) -> tuple[str, ...]:
    """Return what one of the published online methods says, a sentence each."""
    said = [f"The whole training by {estimate.method}: {_told(estimate)}."]
    said += [f"Interval: {made_of}." for made_of in estimate.uncertainty]
    said += [f"{note[0].upper()}{note[1:]}." for note in estimate.notes]
    if true_j:
        said.append(
            f"It took {format_energy(true_j)} in the end: the estimate is off by "
            f"{100 * (estimate.energy_j / true_j - 1):+.2f} %."
        )
    return tuple(said)
