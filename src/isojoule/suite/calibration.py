"""From runs of the suite to a calibration, and to the table that shows it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version
from statistics import median

from isojoule.errors import InsufficientDataError
from isojoule.formats.calibration import CalibrationFile
from isojoule.observations import observe
from isojoule.records import Hardware, Run
from isojoule.suite.plan import is_too_large
from isojoule.suite.rules import Rules
from isojoule.tables import Table
from isojoule.workloads import N_EPOCHS, STEPS_PER_EPOCH


def make_calibration(
    runs: Iterable[Run], hardware: Hardware, rules: Rules, *, now: datetime
) -> CalibrationFile:
    """Return the calibration of `runs`, which a session kept or made.

    Parameters
    ----------
    runs : iterable of Run
        One per job; runs of models that did not fit are kept too.
    hardware : Hardware
        On what.
    rules : Rules
        Under which they were made.
    now : datetime
        Aware.

    Raises
    ------
    InsufficientDataError
        If no run gave an energy.
    """
    ordered = sorted(runs, key=lambda r: (r.workload.name, r.workload.phase, r.run_id))
    if not any(observe(run) for run in ordered if run.status == "complete"):
        raise InsufficientDataError(
            "no run gave an energy, so there is nothing to calibrate with: isojoule "
            "doctor tells which sensors are missing"
        )
    return CalibrationFile(
        hardware=hardware,
        rules=rules.described(),
        runs=tuple(ordered),
        made_at=now,
        isojoule_version=version("isojoule"),
    )


def by_workload(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    """Return the runs of each model and phase."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.workload.name, run.workload.phase), []).append(run)
    return groups


def spread_fraction(runs: Sequence[Run]) -> float | None:
    """Return half the range of the energies of repeats over their median.

    Parameters
    ----------
    runs : sequence of Run
        Of one workload and phase.

    Returns
    -------
    float or None
        `None` for fewer than two with an energy.
    """
    energies_j = [o.energy_j for run in runs if (o := observe(run))]
    if len(energies_j) < 2:
        return None
    return (max(energies_j) - min(energies_j)) / 2 / median(energies_j)


def calibration_table(runs: Iterable[Run]) -> Table:
    """Return one row per model and phase: per step, and as a training of 1980 steps.

    Parameters
    ----------
    runs : iterable of Run
        Of one calibration.
    """
    rows = [
        _row(name, phase, group)
        for (name, phase), group in sorted(by_workload(runs).items())
    ]
    return Table.from_rows(
        "Calibration",
        rows,
        labels={
            "workload": "model",
            "phase": "phase",
            "n_repeats": "repeats",
            "duration_s_per_step": "time",
            "energy_j_per_step": "energy",
            "energy_j": "ten epochs",
            "mean_power_w": "power",
            "idle_power_w": "idle",
            "loader_fraction": "loader",
            "spread_fraction": "spread",
            "provenance": "provenance",
            "outcome": "outcome",
        },
    )


def _row(
    name: str, phase: str, runs: Sequence[Run]
) -> Mapping[str, str | float | int | None]:
    seen = [o for run in runs if run.status == "complete" and (o := observe(run))]
    row: dict[str, str | float | int | None] = {"workload": name, "phase": phase}
    if not seen:
        is_large = any(is_too_large(run) for run in runs)
        return {**row, "outcome": "out of memory" if is_large else "no energy"}
    epoch_j = median(o.energy_j for o in seen)
    epoch_s = median(o.duration_s for o in seen if o.duration_s)
    return {
        **row,
        "n_repeats": len(seen),
        "duration_s_per_step": epoch_s / STEPS_PER_EPOCH,
        "energy_j_per_step": epoch_j / STEPS_PER_EPOCH,
        "energy_j": epoch_j * N_EPOCHS,
        "mean_power_w": epoch_j / epoch_s,
        "idle_power_w": _median_measure(runs, "idle_power_w"),
        "loader_fraction": _median_measure(runs, "loader_fraction"),
        "spread_fraction": spread_fraction(runs),
        "provenance": seen[0].provenance,
        "outcome": "warnings" if any(run.warnings for run in runs) else "ok",
    }


def _median_measure(runs: Sequence[Run], name: str) -> float | None:
    known = [run.measures[name] for run in runs if name in run.measures]
    return median(known) if known else None
