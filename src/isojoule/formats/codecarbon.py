"""CodeCarbon's emissions.csv, in and out.

Columns by version, from the program's own output records:

==========  ========================================================================
1.2         energies only as one total; no hardware, no run id
2.0 to 2.1  energy and power of CPU, GPU, RAM; hardware, place, ``tracking_mode``
2.2         and ``codecarbon_version``; from 2.3 on ``pue``
2.8 to 3.0  and ``experiment_id``
3.1         and ``water_consumed``, ``wue``
3.2, 3.3    and utilization of CPU, GPU, RAM
==========  ========================================================================

No version says what was measured and what was assumed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from isojoule.finish import left_out_of
from isojoule.formats.codecarbon_rows import codecarbon_rows, column_names
from isojoule.formats.files import write_whole
from isojoule.formats.foreign import Row, run_id_of, unnamed_hardware
from isojoule.formats.table import encode_csv
from isojoule.observations import energy_in_scope
from isojoule.records import (
    Accelerator,
    Component,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Workload,
)
from isojoule.tables import Cell, Table
from isojoule.units import BYTES_PER_GIB, j_to_kwh, kwh_to_j, percent_to_fraction

COLUMNS: Final[Mapping[str, tuple[Component, EnergySource]]] = {
    "gpu_energy": ("gpu", "measured"),
    "cpu_energy": ("cpu", "declared"),
    "ram_energy": ("dram", "modelled"),
}
"""Their columns of energies [kWh], what drew them, and how they can have come about."""

_TAGS: Final = (
    "project_name",
    "experiment_id",
    "run_id",
    "codecarbon_version",
    "tracking_mode",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
)

_TOTAL_ONLY: Final = (
    "CodeCarbon gives one total of GPU readings and of a CPU that it read or assumed, "
    "and does not say which: declared"
)
_CPU_DOUBT: Final = (
    "CPU energy: CodeCarbon read RAPL or assumed watts, and its file does not say "
    "which: declared"
)
_RAM_DOUBT: Final = (
    "RAM energy: CodeCarbon assumes watts by the size of the memory: modelled"
)
_GPU_DOUBT: Final = (
    "GPU energy: 0 kWh with a GPU there is not measured; known causes are a GPU-UUID "
    "in CUDA_VISIBLE_DEVICES and a board without an energy counter"
)
_SUM_TOLERANCE: Final = 0.01


def is_codecarbon(head: str) -> bool:
    """Return whether a file that begins with `head` is an emissions.csv."""
    return {"energy_consumed", "timestamp"} <= set(column_names(head))


def read_codecarbon(path: Path) -> list[Run]:
    """Return one run per row of an emissions.csv, or of a file of CodeCarbon's tasks.

    Parameters
    ----------
    path : Path
        As CodeCarbon 1.2 to 3.3 writes it.

    Raises
    ------
    FormatError
        If it is not such a file or holds impossible values; the message has the line.

    Notes
    -----
    GPU energies are ``measured`` (read from the driver), RAM ``modelled``, CPU and the
    total of version 1.2 ``declared``. Rows that ``flush`` wrote hold the sum so far: of
    those of one run only the last is kept. A PUE that was multiplied in is divided out.
    Emissions are left out. The file has the local time of the end without its zone, so
    that the start is not known as a date.
    """
    rows = codecarbon_rows(path)
    if not rows:
        raise Row(path, 1, {}).fail(
            "a header and no runs: the job may have been killed"
        )
    return [_run(row, n_flushed) for row, n_flushed in _last_of_each_run(rows)]


def _last_of_each_run(rows: Sequence[Row]) -> list[tuple[Row, int]]:
    """Return the rows that count, each with how many rows of its run it sums up."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        is_task = bool(row.text("task_name"))
        key = "" if is_task else row.text("run_id")
        groups.setdefault(key or f"line {row.line}", []).append(row)
    kept = []
    for group in groups.values():
        totals = [row.amount("energy_consumed") for row in group]
        if totals == sorted(totals):
            kept.append((group[-1], len(group) - 1))
        else:
            kept += [(row, 0) for row in group]
    return kept


def _run(row: Row, n_flushed: int) -> Run:
    ended_at = _ended_at(row)
    hardware = _hardware(row)
    energies, doubts = _energies(row, has_gpu=bool(hardware.accelerators))
    name = row.text("task_name") or row.text("project_name") or "codecarbon"
    if n_flushed:
        doubts.append(f"{n_flushed} earlier rows hold the sum so far and are left out")
    tags = {tag: row.text(tag) for tag in _TAGS if row.text(tag)}
    return Run(
        run_id=run_id_of(ended_at, repr(sorted(row.cells.items()))),
        name=name,
        workload=Workload(name),
        hardware=hardware,
        energies=energies,
        duration_s=row.amount("duration"),
        left_out=_left_out(energies, hardware),
        gpu_utilization_fraction=_gpu_utilization(row),
        origin=f"CodeCarbon, {row.path.name} line {row.line}",
        warnings=tuple(doubts),
        tags=tags | {"ended_at_local": ended_at.isoformat()},
    )


def _left_out(
    energies: Sequence[ComponentEnergy], hardware: Hardware
) -> tuple[str, ...]:
    left_out = left_out_of(energies, has_gpu=bool(hardware.accelerators))
    is_total = energies[0].component == "node"  # of version 1.2: GPU and CPU
    return ("memory", *left_out) if is_total else left_out


def _ended_at(row: Row) -> datetime:
    text = row.text("timestamp")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise row.fail(
            f"timestamp is {text!r}, expected one like 2026-11-21T10:11:12"
        ) from error


def _energies(
    row: Row, *, has_gpu: bool
) -> tuple[tuple[ComponentEnergy, ...], list[str]]:
    """Return the energies of a row with the doubts about them."""
    pue = row.amount_or_none("pue") or 1.0
    doubts = []
    if pue != 1.0:
        doubts.append(f"energies divided by the PUE {pue:g} that CodeCarbon multiplied")
    if not COLUMNS.keys() & row.cells.keys():
        total_j = kwh_to_j(row.amount("energy_consumed")) / pue
        return (ComponentEnergy("node", total_j, "declared"),), [*doubts, _TOTAL_ONLY]
    energies = []
    for column, (component, source) in COLUMNS.items():
        energy_kwh = row.amount_or_none(column)
        if energy_kwh:
            energy_j = kwh_to_j(energy_kwh) / pue
            energies.append(ComponentEnergy(component, energy_j, source))
        elif component != "gpu" or has_gpu:
            energies.append(ComponentEnergy(component, None, "absent"))
    doubts += _doubts(row, energies)
    return tuple(energies), doubts


def _doubts(row: Row, energies: Sequence[ComponentEnergy]) -> list[str]:
    known = {e.component: e.energy_j is not None for e in energies}
    doubts = []
    if known.get("gpu") is False:
        doubts.append(_GPU_DOUBT)
    if known.get("cpu"):
        doubts.append(_CPU_DOUBT)
    if known.get("dram"):
        doubts.append(_RAM_DOUBT)
    n_gpus = row.amount_or_none("gpu_count") or 0
    if known.get("gpu") and n_gpus > 1:
        doubts.append(
            f"the {n_gpus:.0f} GPUs are those of the machine; which of them were "
            "measured (gpu_ids) the file does not say"
        )
    if row.text("tracking_mode") == "process":
        doubts.append(
            "CPU and RAM are shares of this process (tracking_mode process), the GPU "
            "is whole"
        )
    parts_kwh = sum(row.amount_or_none(column) or 0.0 for column in COLUMNS)
    total_kwh = row.amount("energy_consumed")
    if abs(parts_kwh - total_kwh) > _SUM_TOLERANCE * total_kwh:
        doubts.append(
            f"the parts add up to {parts_kwh:.3g} kWh, energy_consumed is "
            f"{total_kwh:.3g} kWh"
        )
    return doubts


def _hardware(row: Row) -> Hardware:
    gpus, cpu_name = row.text("gpu_model"), row.text("cpu_model")
    one_kind = re.fullmatch(r"(\d{1,4}) x ((?:(?!\d+ x ).)+)", gpus)
    # Several kinds are run together without anything between them, and their counts
    # cannot be told from the digits of a name.
    count, name = (int(one_kind[1]), one_kind[2]) if one_kind else (1, gpus)
    named = f"{count}x {name}" if count > 1 else name
    return Hardware(
        name=named or cpu_name or unnamed_hardware(row.path).name,
        accelerators=(Accelerator(name, _vendor(name)),) * count if gpus else (),
        cpu_name=cpu_name or None,
        n_cpus=_whole_or_none(row, "cpu_count"),
        memory_bytes=_whole_or_none(row, "ram_total_size", unit=BYTES_PER_GIB),
        software={
            ours: row.text(theirs)
            for ours, theirs in (("os", "os"), ("python", "python_version"))
            if row.text(theirs)
        },
    )


def _whole_or_none(row: Row, name: str, *, unit: int = 1) -> int | None:
    amount = row.amount_or_none(name)
    if amount is not None and amount * unit >= 2**63:  # more than a record can hold
        raise row.fail(f"{name} is {amount:g}, which cannot be")
    return int(amount * unit) if amount else None


def _vendor(name: str) -> str:
    for vendor in ("amd", "apple"):
        if name.casefold().startswith(vendor):
            return vendor
    return "nvidia"


def _gpu_utilization(row: Row) -> float | None:
    """Return the mean share of time that the GPUs were busy; 0 is also *not read*."""
    percent = row.amount_or_none("gpu_utilization_percent")
    return percent_to_fraction(percent) if percent and percent <= 100 else None


WRITTEN: Final = (
    "timestamp",
    "project_name",
    "run_id",
    "experiment_id",
    "duration",
    "emissions",
    "emissions_rate",
    "cpu_power",
    "gpu_power",
    "ram_power",
    "cpu_energy",
    "gpu_energy",
    "ram_energy",
    "energy_consumed",
    "water_consumed",
    "country_name",
    "country_iso_code",
    "region",
    "cloud_provider",
    "cloud_region",
    "os",
    "python_version",
    "codecarbon_version",
    "cpu_count",
    "cpu_model",
    "gpu_count",
    "gpu_model",
    "longitude",
    "latitude",
    "ram_total_size",
    "tracking_mode",
    "cpu_utilization_percent",
    "gpu_utilization_percent",
    "ram_utilization_percent",
    "ram_used_gb",
    "on_cloud",
    "pue",
    "wue",
)
"""The columns of CodeCarbon 3.2 and 3.3, in their order."""


def write_codecarbon(path: Path, runs: Sequence[Run]) -> None:
    """Write one row per run as CodeCarbon 3.3 does; what is not known stays empty.

    Emissions stay empty: carbon is a step of its own. A modelled energy cannot be told
    from a measured one in such a file.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    labels = dict.fromkeys(WRITTEN, "")
    rows = [_written_row(run) for run in runs]
    write_whole(path, encode_csv(Table.from_rows("emissions", rows, labels=labels)))


def _written_row(run: Run) -> dict[str, Cell]:
    hardware, utilization = run.hardware, run.gpu_utilization_fraction
    memory_bytes = hardware.memory_bytes
    energies_j = {
        "cpu": run.cpu_energy_j,
        "gpu": run.gpu_energy_j,
        "ram": run.dram_energy_j,
    }
    complete = all(e.energy_j is not None for e in run.energies)
    total = energy_in_scope(run.energies, "node") if complete else None
    row: dict[str, Cell] = {
        "timestamp": _written_end(run),
        "project_name": run.workload.name,
        "run_id": run.run_id,
        "duration": run.duration_s,
        "energy_consumed": j_to_kwh(total[0]) if total else None,
        "os": hardware.software.get("os"),
        "python_version": hardware.software.get("python"),
        "cpu_count": hardware.n_cpus,
        "cpu_model": hardware.cpu_name,
        "gpu_count": len(hardware.accelerators),
        "gpu_model": _written_gpus(hardware.accelerators),
        "ram_total_size": memory_bytes and memory_bytes / BYTES_PER_GIB,
        "tracking_mode": "machine",
        "gpu_utilization_percent": None if utilization is None else 100 * utilization,
        "pue": 1.0,
    }
    for part, energy_j in energies_j.items():
        if energy_j is not None:
            row[f"{part}_energy"] = j_to_kwh(energy_j)
            row[f"{part}_power"] = energy_j / run.duration_s if run.duration_s else None
    return row


def _written_end(run: Run) -> str | None:
    """Return when the run ended, to the second as CodeCarbon has it; here in UTC."""
    if run.started_at is None:
        return run.tags.get("ended_at_local")
    end = run.started_at.astimezone(UTC) + timedelta(seconds=run.duration_s or 0.0)
    return f"{end:%Y-%m-%dT%H:%M:%S}"


def _written_gpus(accelerators: Sequence[Accelerator]) -> str | None:
    counts: dict[str, int] = {}
    for accelerator in accelerators:
        counts[accelerator.name] = counts.get(accelerator.name, 0) + 1
    return "".join(f"{n} x {name}" for name, n in counts.items()) or None
