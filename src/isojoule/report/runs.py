"""The page that shows runs: facts, tables, provenance, warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Final

from isojoule.errors import InsufficientDataError, MissingExtraError
from isojoule.observations import bounds_in_scope, energy_in_scope
from isojoule.records import (
    Accelerator,
    Component,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Provenance,
    Run,
    Scope,
    Window,
)
from isojoule.report.limits import describe_gaps, describe_limits
from isojoule.report.page import Fact, Page, Section
from isojoule.report.power_figure import power_over_time
from isojoule.report.tables import format_cell
from isojoule.report.words import COMPONENT_NAMES, count_of
from isojoule.tables import Cell, Table
from isojoule.units import format_energy

_SCOPES: Final[dict[Scope | None, str]] = {
    "gpu": "GPUs only",
    "node": "parts of the machine that were read",
    "wall": "at the plug",
    None: "scope not stated",
}
_SHORT_SCOPES: Final[dict[Scope | None, str]] = {
    "gpu": "GPUs",
    "node": "parts read",
    "wall": "plug",
    None: "not stated",
}
_SOURCES: Final[dict[EnergySource, str]] = {
    "counter": "energy counter",
    "sampled": "power readings, integrated",
    "modelled": "assumed watts",
    "declared": "somebody's statement",
    "absent": "nothing: it was tried and gave no figure",
}


def describe_runs(runs: Sequence[Run], *, now: datetime) -> Page:
    """Return the page that shows `runs`, their provenance and their limits.

    Parameters
    ----------
    runs : sequence of Run
        In the order of display.
    now : datetime
        Date of the page, aware.

    Returns
    -------
    Page
        Energies [J] are added up within one provenance and one scope, never across.

    Raises
    ------
    InsufficientDataError
        If there is no run.
    ValueError
        If `now` is naive.
    """
    if not runs:
        raise InsufficientDataError(
            "a page needs at least one run: measure one with `isojoule measure`"
        )
    return Page(
        title=f"Energy of {runs[0].name if len(runs) == 1 else f'{len(runs)} runs'}",
        lead="What was used, on which machine, how each figure came about, and what "
        "is missing from it.",
        facts=_facts(runs),
        sections=(
            Section("Runs", table=_runs_table(runs)),
            *_windows_section(runs),
            *_power_section(runs),
            _provenance_section(runs),
            Section("Machines", table=_machines_table(runs)),
            _warnings_section(runs),
            Section("Limits", text=describe_limits(runs)),
        ),
        notice=_notice(runs),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
    )


# --- Facts and notice ------------------------------------------------------------


def _headline(run: Run) -> tuple[float, Provenance] | None:
    """Return the energy [J] and provenance of `run` in the scope that fits it."""
    return energy_in_scope(run.energies, run.default_scope)


def _totals_j(runs: Sequence[Run]) -> dict[tuple[Provenance, Scope | None], float]:
    totals_j: dict[tuple[Provenance, Scope | None], float] = {}
    for run in runs:
        if (found := _headline(run)) is not None:
            key = (found[1], run.default_scope)
            totals_j[key] = totals_j.get(key, 0.0) + found[0]
    return totals_j


def _facts(runs: Sequence[Run]) -> tuple[Fact, ...]:
    statuses = Counter(run.status for run in runs)
    ended = ", ".join(f"{n} {status}" for status, n in statuses.items())
    energies = tuple(
        Fact(f"{provenance.capitalize()} energy, {_SCOPES[scope]}", format_energy(e))
        for (provenance, scope), e in _totals_j(runs).items()
    )
    facts = (
        *energies,
        Fact("Runs", ended if len(statuses) == 1 else f"{len(runs)} ({ended})"),
        Fact("Machines", str(len({run.hardware.name for run in runs}))),
        Fact("Sensors or source", _listed(run.origin for run in runs)),
        Fact("Recorded", _span([r.started_at for r in runs if r.started_at])),
    )
    return tuple(fact for fact in facts if fact.value)


def _span(dates: Sequence[datetime]) -> str:
    if not dates:
        return ""
    first, last = (f"{d.astimezone(UTC):%Y-%m-%d}" for d in (min(dates), max(dates)))
    return first if first == last else f"{first} to {last}"


def _notice(runs: Sequence[Run]) -> str:
    found = [_headline(run) for run in runs]
    counts = Counter(f[1] for f in found if f is not None)
    n_known = counts.total()
    if not n_known:
        return "No energy is known for any run on this page."
    weak = [(p, counts[p]) for p in ("modelled", "declared") if counts[p]]
    if not weak:
        return ""
    words = " or ".join(p for p, _ in weak)
    if sum(n for _, n in weak) == n_known:
        return f"All energies on this page are {words}, not measured."
    which = ", ".join(f"{p} in {count_of(n, len(runs))}" for p, n in weak)
    return f"Some energies on this page are {words}, not measured: {which}."


# --- Tables ----------------------------------------------------------------------


def _without_empty(table: Table) -> Table:
    """Return `table` without the columns of which nothing is known."""
    known = [c for c in table.columns if any(v is not None for v in c.values)]
    return Table(table.title, tuple(known))


def _runs_table(runs: Sequence[Run]) -> Table:
    labels = {
        "run": "Run",
        "workload": "Workload",
        "hardware": "Machine",
        "energy_j": "Energy",
        "energy_low_j": "Low",
        "energy_high_j": "High",
        "provenance": "Provenance",
        "scope": "Covers",
        "duration_s": "Duration",
        "mean_power_w": "Mean power",
        "gpu_utilization_fraction": "GPU use",
        "status": "Ended",
        "started_at": "Started, UTC",
    }
    if all(run.workload.name == run.name for run in runs):
        del labels["workload"]
    rows = [_run_row(run) for run in runs]
    return _without_empty(Table.from_rows("Energy of each run", rows, labels=labels))


def _run_row(run: Run) -> dict[str, Cell]:
    energy_j, provenance = _headline(run) or (None, None)
    low_j, high_j = bounds_in_scope(run.energies, run.default_scope) or (None, None)
    power_w = energy_j / run.duration_s if energy_j and run.duration_s else None
    started = run.started_at
    return {
        "run": run.name,
        "workload": run.workload.name,
        "hardware": run.hardware.name,
        "energy_j": energy_j,
        "energy_low_j": low_j,
        "energy_high_j": high_j,
        "provenance": provenance,
        "scope": None if energy_j is None else _SHORT_SCOPES[run.default_scope],
        "duration_s": run.duration_s,
        "mean_power_w": power_w,
        "gpu_utilization_fraction": run.gpu_utilization_fraction,
        "status": run.status,
        "started_at": f"{started.astimezone(UTC):%Y-%m-%d %H:%M}" if started else None,
    }


def _machines_table(runs: Sequence[Run]) -> Table:
    labels = {
        "hardware": "Machine",
        "accelerators": "Accelerators",
        "cpu_name": "CPU",
        "n_cpus": "CPUs used",
        "n_threads": "Threads",
        "memory_bytes": "Memory",
        "host": "Host",
        "software": "Software",
        "n_runs": "Runs",
    }
    machines: list[Hardware] = []
    for run in runs:
        if run.hardware not in machines:
            machines.append(run.hardware)
    rows = [_machine_row(m, sum(r.hardware == m for r in runs)) for m in machines]
    return _without_empty(Table.from_rows("Machines", rows, labels=labels))


def _machine_row(hardware: Hardware, n_runs: int) -> dict[str, Cell]:
    boards = Counter(_accelerator_text(a) for a in hardware.accelerators)
    software = ", ".join(f"{name} {v}" for name, v in hardware.software.items())
    return {
        "hardware": hardware.name,
        "accelerators": "; ".join(
            f"{n} x {text}" if n > 1 else text for text, n in boards.items()
        )
        or None,
        "cpu_name": hardware.cpu_name,
        "n_cpus": hardware.n_cpus,
        "n_threads": hardware.n_threads,
        "memory_bytes": hardware.memory_bytes,
        "host": hardware.host,
        "software": software or None,
        "n_runs": n_runs,
    }


def _accelerator_text(accelerator: Accelerator) -> str:
    details = []
    if accelerator.memory_bytes is not None:
        details.append(format_cell("memory_bytes", accelerator.memory_bytes))
    if accelerator.power_limit_w is not None:
        limit = format_cell("power_limit_w", accelerator.power_limit_w)
        details.append(f"limit {limit}")
    return f"{accelerator.name} ({', '.join(details)})" if details else accelerator.name


# --- Sections --------------------------------------------------------------------


def _power_section(runs: Sequence[Run]) -> tuple[Section, ...]:
    try:
        figure = power_over_time(runs)
    except MissingExtraError as error:
        return (Section("Power over time", (f"Not drawn: {error}.",)),)
    return () if figure is None else (Section("Power over time", figure=figure),)


def _windows_section(runs: Sequence[Run]) -> tuple[Section, ...]:
    """Tell of the windows of a single run, those of one name and phase together."""
    if len(runs) > 1 or not runs[0].windows:
        return ()
    (run,) = runs
    groups: dict[tuple[str, str | None], list[Window]] = {}
    for window in run.windows:
        groups.setdefault((window.name, window.phase), []).append(window)
    labels = {
        "window": "Window",
        "phase": "Phase",
        "n_windows": "Count",
        "duration_s": "Time",
        "energy_j": "Energy",
        "energy_low_j": "Low",
        "energy_high_j": "High",
    }
    rows = [_window_row(*key, windows, run) for key, windows in groups.items()]
    table = _without_empty(Table.from_rows("Energy by window", rows, labels=labels))
    return (Section("Windows", ("Windows may lie within each other.",), table=table),)


def _window_row(
    name: str, phase: str | None, windows: Sequence[Window], run: Run
) -> dict[str, Cell]:
    scope = run.default_scope
    found = [energy_in_scope(w.energies, scope) for w in windows]
    energies_j = [f[0] for f in found if f is not None]
    bounds_j = [
        b for w in windows if (b := bounds_in_scope(w.energies, scope)) is not None
    ]
    known, bounded = len(energies_j) == len(windows), len(bounds_j) == len(windows)
    return {
        "window": name,
        "phase": phase,
        "n_windows": len(windows),
        "duration_s": sum(w.duration_s for w in windows),
        "energy_j": sum(energies_j) if known else None,
        "energy_low_j": sum(low for low, _ in bounds_j) if bounded else None,
        "energy_high_j": sum(high for _, high in bounds_j) if bounded else None,
    }


def _provenance_section(runs: Sequence[Run]) -> Section:
    groups: dict[tuple[Component, EnergySource], list[ComponentEnergy]] = {}
    for component in COMPONENT_NAMES:
        for source in _SOURCES:
            members = [
                e
                for run in runs
                for e in run.energies
                if (e.component, e.source) == (component, source)
            ]
            if members:
                groups[component, source] = members
    labels = {
        "component": "Component",
        "source": "Comes from",
        "provenance": "Provenance",
        "n_runs": "Runs",
        "energy_j": "Energy",
    }
    rows = [_source_row(*key, members) for key, members in groups.items()]
    return Section(
        "Where the figures come from",
        describe_gaps(runs),
        table=Table.from_rows("Energy by component and source", rows, labels=labels),
    )


def _source_row(
    component: Component, source: EnergySource, energies: Sequence[ComponentEnergy]
) -> dict[str, Cell]:
    known_j = [e.energy_j for e in energies if e.energy_j is not None]
    return {
        "component": COMPONENT_NAMES[component],
        "source": _SOURCES[source],
        "provenance": energies[0].provenance,
        "n_runs": len(energies),
        "energy_j": sum(known_j) if known_j else None,
    }


def _warnings_section(runs: Sequence[Run]) -> Section:
    runs_by_warning: dict[str, list[str]] = {}
    for run in runs:
        for warning in dict.fromkeys(run.warnings):
            runs_by_warning.setdefault(warning, []).append(run.name)
    if not runs_by_warning:
        return Section("Warnings", ("No run recorded a warning.",))
    rows: list[dict[str, Cell]] = [
        {"warning": warning, "n_runs": len(names), "runs": _listed(names)}
        for warning, names in runs_by_warning.items()
    ]
    labels = {"warning": "Warning", "n_runs": "Count", "runs": "Runs"}
    return Section("Warnings", table=Table.from_rows("Warnings", rows, labels=labels))


def _listed(names: Iterable[str], n_shown: int = 3) -> str:
    """Return the distinct names in their order, cut after `n_shown`."""
    distinct = list(dict.fromkeys(n for n in names if n))
    more = len(distinct) - n_shown
    return ", ".join(distinct[:n_shown]) + (f" and {more} more" if more > 0 else "")
