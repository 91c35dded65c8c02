"""Runs and sensors in words and as tables for the terminal."""

from collections.abc import Mapping, Sequence

from isojoule.checkup import DeviceCheck
from isojoule.observations import energy_in_scope
from isojoule.records import Component, ComponentEnergy, Run, Window
from isojoule.report.power_series import peak_powers_w
from isojoule.sensors import SensorState, metered_channels
from isojoule.tables import Cell, Table
from isojoule.units import format_duration, format_energy, format_power, j_to_kwh


def describe_energy(energy: ComponentEnergy) -> str:
    """Return one energy with its bounds and source."""
    if energy.energy_j is None:
        return f"{energy.component} not measured"
    text = f"{energy.component} {format_energy(energy.energy_j)}"
    if energy.energy_low_j is None or energy.energy_high_j is None:
        return f"{text} ({energy.source})"
    low, high = format_energy(energy.energy_low_j), format_energy(energy.energy_high_j)
    return f"{text} ({low} to {high}, {energy.source})"


def describe_energies(run: Run) -> str:
    """Return the energy of every component with bounds and source, in one line."""
    return ", ".join(map(describe_energy, run.energies)) or "no energy"


def summarize_run(run: Run) -> list[str]:
    """Return what a user wants to know of one run, a line each."""
    duration_s = run.duration_s or 0.0
    facts = [("energy", describe_energies(run))]
    scope = run.default_scope
    total = energy_in_scope(run.energies, scope)
    if total is not None and duration_s > 0:
        energy_j, provenance = total
        mean = (
            f"{j_to_kwh(energy_j):.3g} kWh, mean {format_power(energy_j / duration_s)}"
        )
        facts.append(("total", f"{mean}; scope {scope or 'not stated'}, {provenance}"))
    peaks_w = peak_powers_w(run)
    if peaks_w:
        facts.append(("peak", _listed_powers(peaks_w) + " over 1 s"))
    facts += [
        (window.name, _listed_powers(_mean_powers_w(window)) or "too little to tell")
        for window in run.windows
        if window.phase == "idle"
    ]
    if run.gpu_utilization_fraction is not None:
        facts.append(("GPU busy", f"{run.gpu_utilization_fraction:.0%} of the time"))
    facts.append(("hardware", run.hardware.name))
    if run.origin:
        facts.append(("read from", run.origin))
    if run.left_out:
        facts.append(("left out", ", ".join(run.left_out)))
    facts += [("warning", warning) for warning in run.warnings]
    facts.append(("run", run.run_id))
    head = f"{run.name}: {run.status} after {format_duration(duration_s)}"
    return [head, *(f"  {word:<11} {text}" for word, text in facts)]


def _listed_powers(powers_w: Mapping[Component, float]) -> str:
    return ", ".join(f"{c} {format_power(power_w)}" for c, power_w in powers_w.items())


def _mean_powers_w(window: Window) -> dict[Component, float]:
    return {
        e.component: e.energy_j / window.duration_s
        for e in window.energies
        if e.energy_j is not None and window.duration_s > 0
    }


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
            **{
                f"{e.component}_{bound}": value
                for e in w.energies
                for bound, value in (
                    ("energy_j", e.energy_j),
                    ("energy_low_j", e.energy_low_j),
                    ("energy_high_j", e.energy_high_j),
                )
            },
        }
        for w in run.windows
    ]
    components = list(dict.fromkeys(e.component for e in run.energies))
    bounded = {
        e.component
        for w in run.windows
        for e in w.energies
        if e.energy_low_j is not None
    }
    return Table.from_rows(
        "Windows",
        rows,
        labels={
            "window": "window",
            "phase": "phase",
            "epoch": "epoch",
            "start_s": "from",
            "duration_s": "time",
            **{
                f"{c}_{bound}": f"{c}{word}"
                for c in components
                for bound, word in (
                    ("energy_j", ""),
                    ("energy_low_j", " low"),
                    ("energy_high_j", " high"),
                )
                if c in bounded or not word
            },
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


def checks_table(checks: Sequence[DeviceCheck]) -> Table:
    """Return one row per device that was tried."""
    rows = [
        {
            "device": c.device,
            "component": c.component,
            "sensor": c.sensor,
            "provenance": c.provenance,
            "refresh_s": c.refresh_s,
            "power_w": c.power_w,
            "read_s": c.read_s,
            "origin": c.origin or None,
        }
        for c in checks
    ]
    return Table.from_rows(
        "What they gave",
        rows,
        labels={
            "device": "device",
            "component": "part",
            "sensor": "sensor",
            "provenance": "gives",
            "refresh_s": "renewed every",
            "power_w": "power now",
            "read_s": "one reading takes",
            "origin": "read from",
        },
    )


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
