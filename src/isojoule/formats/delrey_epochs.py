"""The epochs of the raw runs of del Rey et al.: a second table beside that of the runs.

Their boundaries are not logged: they were inferred from the periodic power trace, the
number of epochs and the gap in which the network is compiled again for fine-tuning.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from math import isnan
from pathlib import Path
from typing import Any, Final

from isojoule.errors import FormatError
from isojoule.formats.parquet import parquet_lines
from isojoule.records import (
    Component,
    ComponentEnergy,
    EnergySource,
    Run,
    Window,
)

FILE_NAME: Final = "epochs.parquet"
"""What the table is called; it lies beside ``runs.parquet``."""

COLUMNS: Final[Mapping[str, str]] = {
    "run_id": "run_id",
    "epoch": "epoch",
    "phase": "name",
    "start_s": "start_s",
    "end_s": "end_s",
    "energy_gpu_j": "gpu_energy_j",
    "energy_ram_j": "dram_energy_j",
    "boundary_quality": "boundary_quality",
    "boundary_anchor": "boundary_anchor",
}
"""Their names to ours."""

_TAGS: Final = ("boundary_quality", "boundary_anchor")


@dataclass(frozen=True, slots=True)
class RunEpochs:
    """The epochs of one run, and how far they can be trusted.

    Parameters
    ----------
    windows : tuple of Window
        One per epoch, in order. Each holds training and validation; its name tells
        which part of the training it is of: ``frozen`` or ``finetune``.
    tags : mapping of str to str
        ``boundary_quality`` (good, medium, low) and ``boundary_anchor`` (``end``: the
        end of the training is in the recording; ``gap``: only the gap before the
        fine-tuning is, so the last epochs may be missing).
    """

    windows: tuple[Window, ...]
    tags: Mapping[str, str]

    def attached_to(self, run: Run) -> Run:
        """Return `run` with these epochs."""
        told = (
            "the edges of the epochs are inferred from the power trace (quality "
            f"{self.tags['boundary_quality']}), not logged"
        )
        return replace(
            run,
            windows=self.windows,
            tags={**run.tags, **self.tags},
            warnings=(*run.warnings, told),
        )


def read_delrey_epochs(path: Path) -> dict[str, RunEpochs]:
    """Return the epochs of each run by the id of the run.

    Parameters
    ----------
    path : Path
        ``epochs.parquet``.

    Raises
    ------
    FormatError
        If it is not that table, or a row holds impossible values.
    MissingExtraError
        If duckdb is not installed.
    """
    lines = parquet_lines(path)
    columns = next(lines)
    _require_columns(path, columns)
    rows: dict[str, list[dict[str, Any]]] = {}
    for cells in lines:
        row = dict(zip(columns, cells, strict=True))
        rows.setdefault(row["run_id"], []).append(row)
    return {run_id: _epochs(path, run_id, found) for run_id, found in rows.items()}


def _require_columns(path: Path, columns: Collection[str]) -> None:
    missing = sorted({*COLUMNS} - {*columns})
    if missing:
        raise FormatError(
            f"{path} lies beside a table of runs of del Rey et al. but is not their "
            f"table of epochs: it has no column {', '.join(missing)}; move it away"
        )


def _epochs(path: Path, run_id: str, rows: list[dict[str, Any]]) -> RunEpochs:
    """Return the epochs of one run.

    Raises
    ------
    FormatError
        If one of them cannot be.
    """
    rows.sort(key=lambda row: row["epoch"])
    try:
        windows = tuple(_window(row) for row in rows)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{path}, run {run_id}: {error}") from error
    return RunEpochs(windows, {name: str(rows[0][name]) for name in _TAGS})


def _window(row: Mapping[str, Any]) -> Window:
    return Window(
        str(row["phase"]),
        "train",
        int(row["epoch"]),
        float(row["start_s"]),
        float(row["end_s"]),
        (
            _energy("gpu", row["energy_gpu_j"], "sampled"),
            _energy("dram", row["energy_ram_j"], "modelled"),
        ),
    )


def _energy(
    component: Component, energy_j: float | None, source: EnergySource
) -> ComponentEnergy:
    if energy_j is None or isnan(energy_j):
        return ComponentEnergy(component, None, "absent")
    return ComponentEnergy(component, float(energy_j), source)
