"""Tidy tables: one row per measurement of a workload on a hardware, CSV or Parquet."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, Final, TypeVar

from isojoule.errors import FormatError
from isojoule.formats.files import read_bytes, write_whole
from isojoule.formats.parquet import is_parquet, parquet_lines
from isojoule.formats.table import encode_csv, write_parquet
from isojoule.observations import observe
from isojoule.records import (
    Component,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Workload,
)
from isojoule.tables import Cell, Table
from isojoule.units import percent_to_fraction

COLUMNS: Final[Mapping[str, str]] = {
    "workload_id": "workload",
    "flops_per_sample": "forward_flop_per_sample",
    "params": "n_params",
    "samples_processed": "n_samples",
    "gpu_util_pct": "gpu_utilization_percent",
    "gpu_mem_util_pct": "gpu_memory_utilization_percent",
}
"""Their names to ours; columns that already have our name are taken as they are."""

REQUIRED: Final = ("workload", "hardware", "energy_j")

_LABELS: Final = ("source", "repeat", "quality_metric_name", "quality_metric")

_WRITTEN: Final = (
    "workload",
    "phase",
    "model",
    "family",
    "task",
    "hardware",
    "energy_j",
    "duration_s",
    "provenance",
    "scope",
    "batch_size",
    "n_samples",
    "n_params",
    "forward_flop_per_sample",
    "training_flop_per_sample",
    "gpu_utilization_fraction",
    "gpu_memory_utilization_fraction",
    "power_limit_w",
    "run_id",
    "started_at",
    "status",
    "gpu_energy_j",
    "cpu_energy_j",
    "dram_energy_j",
)

_COMPONENTS: Final[Mapping[str, Component]] = {
    "gpu": "gpu",
    "node": "node",
    "wall": "wall",
    "": "unstated",
}
_SOURCES: Final[Mapping[str, EnergySource]] = {
    "measured": "measured",
    "modelled": "modelled",
    "declared": "declared",
    "": "declared",
}


def read_tidy(path: Path) -> list[Run]:
    """Return one run per row of a tidy table.

    Parameters
    ----------
    path : Path
        CSV with a header, or Parquet (needs the ``parquet`` extra). Needed columns:
        ``workload_id`` (or ``workload``), ``hardware``, ``energy_j``. Optional:
        ``phase`` (default ``train``), ``task``, ``model``, ``family``, ``batch_size``,
        ``n_devices``, ``duration_s``, ``gpu_util_pct``, ``gpu_mem_util_pct``,
        ``flops_per_sample``, ``training_flop_per_sample``, ``params``,
        ``samples_processed``, ``power_limit_w``, ``scope`` (``gpu``, ``node``,
        ``wall``), ``provenance`` (``measured``, ``modelled``, ``declared``),
        ``source``, ``repeat``. An empty cell is *not measured*.

    Raises
    ------
    FormatError
        If a needed column is missing or a value is impossible; the message names the
        row, counted from 1 below the header.
    MissingExtraError
        If the file is Parquet and duckdb is not installed.

    Notes
    -----
    Where the table does not state a provenance the energies are ``declared``; where it
    does not state how many samples a unit of work has, at any row, the unit is one.
    """
    rows = parquet_lines(path) if is_parquet(path) else _csv_rows(path)
    names, cells = _renamed(path, rows)
    known_samples = "n_samples" in names and any(row["n_samples"] for row in cells)
    return [
        _Row(path, number, row).run(unit_is_sample=not known_samples)
        for number, row in enumerate(cells, start=1)
    ]


def _named(hardware: str, n_devices: int) -> str:
    return f"{n_devices}x {hardware}" if n_devices > 1 else hardware


def _theirs(name: str) -> str:
    """Return our name of a column and the other one that would do."""
    others = [theirs for theirs, ours in COLUMNS.items() if ours == name]
    return " or ".join(repr(n) for n in (name, *others))


def _csv_rows(path: Path) -> Iterator[list[Any]]:
    try:
        text = read_bytes(path).decode("utf-8-sig")
        yield from csv.reader(io.StringIO(text, newline=""), strict=True)
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"{path} is not a CSV table: {error}") from error


def _renamed(
    path: Path, rows: Iterable[list[Any]]
) -> tuple[list[str], list[dict[str, Any]]]:
    """Return our column names and the rows by them.

    Raises
    ------
    FormatError
        If columns or cells are missing.
    """
    lines = iter(rows)
    header = [str(name).strip() for name in next(lines, [])]
    names = [COLUMNS.get(name, name) for name in header]
    for name in REQUIRED:
        if name not in names:
            raise FormatError(
                f"{path} has no column {_theirs(name)}; it has "
                f"{', '.join(header) or 'none'}"
            )
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise FormatError(f"{path} has columns twice: {', '.join(sorted(twice))}")
    table = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue  # a blank line at the end of a CSV
        if len(line) != len(names):
            raise FormatError(
                f"{path} row {number} has {len(line)} cells, the header {len(names)}"
            )
        table.append(dict(zip(names, line, strict=True)))
    if not table:
        raise FormatError(f"{path} has no rows")
    return names, table


T = TypeVar("T")


class _Row:
    """One row with its place, for messages."""

    def __init__(self, path: Path, number: int, cells: Mapping[str, Any]) -> None:
        self.path, self.number, self.cells = path, number, cells

    def fail(self, what: str) -> FormatError:
        return FormatError(f"{self.path} row {self.number}: {what}")

    def text(self, name: str) -> str:
        value = self.cells.get(name)
        return "" if value is None else str(value).strip()

    def required(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise self.fail(f"{name} is empty")
        return value

    def number_or_none(self, name: str) -> float | None:
        text = self.text(name)
        if not text or text.casefold() in {"null", "none", "na", "n/a"}:
            return None
        try:
            value = float(text)
        except ValueError as error:
            raise self.fail(f"{name} is {text!r}, not a number") from error
        if not isfinite(value):
            raise self.fail(f"{name} is {text}; leave the cell empty if not measured")
        return value

    def positive_or_none(self, name: str) -> float | None:
        value = self.number_or_none(name)
        if value is not None and value <= 0:
            raise self.fail(f"{name} is {value:g}, must be positive")
        return value

    def count_or_none(self, name: str) -> int | None:
        value = self.positive_or_none(name)
        if value is not None and value != int(value):
            raise self.fail(f"{name} is {value:g}, must be a whole number")
        return None if value is None else int(value)

    def utilization_or_none(self, of: str) -> float | None:
        percent = self.number_or_none(f"{of}_utilization_percent")
        if percent is None:
            fraction = self.number_or_none(f"{of}_utilization_fraction")
        else:
            fraction = percent_to_fraction(percent)
        if fraction is not None and not 0 <= fraction <= 1:
            raise self.fail(
                f"{of.replace('gpu', 'GPU').replace('_', ' ')} utilization is "
                f"{fraction:.0%}, must lie in 0 to 100 %"
            )
        return fraction

    def one_of(self, name: str, known: Mapping[str, T]) -> T:
        text = self.text(name)
        if text not in known:
            wanted = ", ".join(k for k in known if k)
            raise self.fail(f"{name} is {text!r}, must be one of {wanted}")
        return known[text]

    def run(self, *, unit_is_sample: bool) -> Run:
        energy_j = self.positive_or_none("energy_j")
        component = self.one_of("scope", _COMPONENTS)
        source = self.one_of("provenance", _SOURCES)
        n_devices = self.count_or_none("n_devices") or 1
        hardware = self.required("hardware")
        return Run(
            run_id=f"{self.path.name}:{self.number}",
            name=self.required("workload"),
            workload=self.workload(unit_is_sample=unit_is_sample),
            hardware=Hardware(_named(hardware, n_devices)),
            energies=(
                ComponentEnergy(
                    component, energy_j, "absent" if energy_j is None else source
                ),
            ),
            duration_s=self.positive_or_none("duration_s"),
            gpu_utilization_fraction=self.utilization_or_none("gpu"),
            gpu_memory_utilization_fraction=self.utilization_or_none("gpu_memory"),
            power_limit_w=self.positive_or_none("power_limit_w"),
            origin=f"{self.path.name} row {self.number}",
            tags={name: self.text(name) for name in _LABELS if self.text(name)},
        )

    def workload(self, *, unit_is_sample: bool) -> Workload:
        return Workload(
            name=self.required("workload"),
            phase=self.text("phase") or "train",
            model=self.text("model") or None,
            family=self.text("family") or None,
            task=self.text("task") or None,
            batch_size=self.count_or_none("batch_size"),
            n_samples=1.0 if unit_is_sample else self.positive_or_none("n_samples"),
            n_params=self.positive_or_none("n_params"),
            forward_flop_per_sample=self.positive_or_none("forward_flop_per_sample"),
            training_flop_per_sample=self.positive_or_none("training_flop_per_sample"),
        )


def tidy_table(runs: Sequence[Run]) -> Table:
    """Return one row per run, with columns that `read_tidy` reads back.

    Parameters
    ----------
    runs : sequence of Run
        Finished runs. Energy, duration and samples are per unit of work: one epoch
        where the run knows how long an epoch is, else the whole run; the energies of
        the components are those of the whole run.
    """
    return Table.from_rows(
        "runs", [_tidy_row(run) for run in runs], labels=dict.fromkeys(_WRITTEN, "")
    )


def _tidy_row(run: Run) -> dict[str, Cell]:
    work = run.workload
    seen = observe(run)
    return {
        "workload": work.name,
        "phase": work.phase,
        "model": work.model,
        "family": work.family,
        "task": work.task,
        "hardware": run.hardware.name,
        "energy_j": seen.energy_j if seen else None,
        "duration_s": seen.duration_s if seen else run.duration_s,
        "provenance": seen.provenance if seen else None,
        "scope": seen.scope if seen else None,
        "batch_size": work.batch_size,
        "n_samples": work.n_samples_per_epoch or work.n_samples,
        "n_params": work.n_params,
        "forward_flop_per_sample": work.forward_flop_per_sample,
        "training_flop_per_sample": work.training_flop_per_sample,
        "gpu_utilization_fraction": run.gpu_utilization_fraction,
        "gpu_memory_utilization_fraction": run.gpu_memory_utilization_fraction,
        "power_limit_w": run.power_limit_w,
        "run_id": run.run_id,
        "started_at": run.started_at.isoformat() if run.started_at else None,
        "status": run.status,
        "gpu_energy_j": run.gpu_energy_j,
        "cpu_energy_j": run.cpu_energy_j,
        "dram_energy_j": run.dram_energy_j,
    }


def write_tidy_csv(path: Path, runs: Sequence[Run]) -> None:
    """Write one row per run to a CSV file.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_whole(path, encode_csv(tidy_table(runs)))


def write_tidy_parquet(path: Path, runs: Sequence[Run]) -> None:
    """Write one row per run to a Parquet file.

    Raises
    ------
    MissingExtraError
        If duckdb is not installed.
    StoreError
        If the file cannot be written.
    """
    write_parquet(path, tidy_table(runs))
