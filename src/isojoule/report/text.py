"""Runs and sensors in words and as tables for the terminal."""

from collections.abc import Sequence

from isojoule.observations import energy_in_scope
from isojoule.records import Run
from isojoule.sensors import SensorState, metered_channels
from isojoule.tables import Cell, Table
from isojoule.units import format_duration, format_energy, format_power, j_to_kwh


def describe_energies(run: Run) -> str:
    """Return the energy of every component with its source, in one line."""
    parts = [
        f"{e.component} not measured"
        if e.energy_j is None
        else f"{e.component} {format_energy(e.energy_j)} ({e.source})"
        for e in run.energies
    ]
    return ", ".join(parts) or "no energy"


def summarize_run(run: Run) -> list[str]:
    """Return what a user wants to know of one run, a line each."""
    duration_s = run.duration_s or 0.0
    lines = [f"{run.name}: {run.status} after {format_duration(duration_s)}"]
    lines.append(f"  energy      {describe_energies(run)}")
    scope = run.default_scope
    total = energy_in_scope(run.energies, scope)
    if total is not None and duration_s > 0:
        energy_j, provenance = total
        lines.append(
            f"  total       {j_to_kwh(energy_j):.3g} kWh, mean "
            f"{format_power(energy_j / duration_s)}; scope {scope or 'not stated'}, "
            f"{provenance}"
        )
    if run.gpu_utilization_fraction is not None:
        lines.append(f"  GPU busy    {run.gpu_utilization_fraction:.0%} of the time")
    lines.append(f"  hardware    {run.hardware.name}")
    if run.origin:
        lines.append(f"  read from   {run.origin}")
    lines += [f"  warning     {warning}" for warning in run.warnings]
    lines.append(f"  run         {run.run_id}")
    return lines


def runs_table(runs: Sequence[Run]) -> Table:
    """Return one row per run, by its start."""
    rows = [
        {
            "run_id": r.run_id,
            "name": r.name,
            "phase": r.workload.phase,
            "hardware": r.hardware.name,
            "status": r.status,
            "duration_s": r.duration_s,
            "gpu_energy_j": r.gpu_energy_j,
            "cpu_energy_j": r.cpu_energy_j,
            "dram_energy_j": r.dram_energy_j,
            "sources": ", ".join(f"{e.component} {e.source}" for e in r.energies),
        }
        for r in runs
    ]
    return Table.from_rows(
        f"{len(runs)} runs",
        rows,
        labels={
            "run_id": "run",
            "name": "name",
            "phase": "phase",
            "hardware": "hardware",
            "status": "status",
            "duration_s": "time",
            "gpu_energy_j": "GPU",
            "cpu_energy_j": "CPU",
            "dram_energy_j": "DRAM",
            "sources": "how",
        },
    )


def windows_table(run: Run) -> Table:
    """Return one row per window of a run."""
    rows = [
        {
            "window": w.name,
            "phase": w.phase,
            "epoch": w.epoch,
            "start_s": w.start_s,
            "duration_s": w.duration_s,
            **{f"{e.component}_energy_j": e.energy_j for e in w.energies},
        }
        for w in run.windows
    ]
    components = list(dict.fromkeys(e.component for e in run.energies))
    return Table.from_rows(
        "Windows",
        rows,
        labels={
            "window": "window",
            "phase": "phase",
            "epoch": "epoch",
            "start_s": "from",
            "duration_s": "time",
            **{f"{c}_energy_j": c for c in components},
        },
    )


def sensors_table(states: Sequence[SensorState]) -> Table:
    """Return one row per sensor: what it can do here, or what is missing."""
    return Table.from_rows(
        "Sensors of this machine",
        [_sensor_row(state) for state in states],
        labels={
            "sensor": "sensor",
            "usable": "usable",
            "provenance": "gives",
            "channels": "reads",
            "reason": "why not",
            "remedy": "remedy",
            "assumption": "assumes",
        },
    )


def _sensor_row(state: SensorState) -> dict[str, Cell]:
    sensor = state.sensor
    if sensor is None:
        return {
            "sensor": state.name,
            "usable": False,
            "reason": state.reason,
            "remedy": state.remedy or None,
        }
    provenances = {c.provenance for c in metered_channels(sensor)}
    return {
        "sensor": state.name,
        "usable": True,
        "provenance": ", ".join(sorted(provenances)),
        "channels": ", ".join(c.name for c in sensor.channels),
        "assumption": getattr(sensor, "assumption", None),
    }


def describe_sensors(states: Sequence[SensorState]) -> str:
    """Return where the energies on this machine will come from, a line each."""
    measured = {
        c.component
        for s in states
        if s.sensor is not None
        for c in metered_channels(s.sensor)
        if c.provenance == "measured"
    }
    lines = []
    for state in states:
        if state.sensor is None:
            lines.append(f"{state.name}: not usable, {state.reason}")
            continue
        components = {c.component for c in metered_channels(state.sensor)}
        assumption = getattr(state.sensor, "assumption", "")
        if not assumption:
            lines.append(f"{state.name}: {', '.join(sorted(components))} measured")
        elif components <= measured:
            lines.append(
                f"{state.name}: not needed, {', '.join(components)} is measured"
            )
        else:
            lines.append(f"{state.name}: cpu modelled, not measured: {assumption}")
    return "\n".join(lines)
