"""The run table rebuilt from the replication packages of del Rey et al. (2023, 2024).

References
----------
.. [1] del Rey et al. (2023), "Do DL models and training environments have an impact on
   energy consumption?", doi:10.1109/SEAA60479.2023.00031; data CC BY 4.0,
   doi:10.5281/zenodo.7828518.
.. [2] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training"; data CC BY 4.0,
   doi:10.5281/zenodo.11505891.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from isojoule.errors import FormatError
from isojoule.formats.delrey_epochs import FILE_NAME, RunEpochs, read_delrey_epochs
from isojoule.formats.parquet import parquet_lines
from isojoule.records import (
    Accelerator,
    Component,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Workload,
)
from isojoule.units import BYTES_PER_GIB, BYTES_PER_MIB, percent_to_fraction

COLUMNS: Final[Mapping[str, str]] = {
    "architecture": "model",
    "dataset": "task",
    "gpu": "hardware",
    "environment": "host",
    "gflops_forward": "forward_flop_per_sample",
    "params_total": "n_params",
    "n_train": "n_samples_per_epoch",
    "epochs_trained": "n_epochs",
    "energy_gpu_j": "gpu_energy_j",
    "energy_ram_j": "dram_energy_j",
    "gpu_util_pct": "gpu_utilization_fraction",
    "gpu_mem_util_pct": "gpu_memory_utilization_fraction",
    "gpu_power_limit_w": "power_limit_w",
}
"""Their names to ours; a table that lacks one of them is none of theirs."""

MEASURES: Final[Mapping[str, str]] = {
    "epochs_trained": "n_epochs",
    "epoch_index_max_published": "epoch_index_max",
    "n_val": "n_validation_samples",
    "input_size": "input_side_pixels",
    "gpu_cuda_cores": "n_cuda_cores",
    "gpu_tdp_spec_w": "gpu_tdp_w",
    "mean_gpu_power_w": "mean_gpu_power_w",
    "mean_ram_power_w": "mean_dram_power_w",
    "gpu_temp_c": "gpu_temperature_c",
    "stable_duration_s": "stable_duration_s",
    "phase_change_s": "phase_change_s",
    "fluss_time_s": "fluss_s",
    "fluss_time_float_s": "fluss_unrounded_s",
    "energy_total_j_published": "published_energy_j",
    "energy_per_image_j_published": "published_energy_j_per_sample",
    "online_power_10_5_j": "online_power_energy_j",
    "online_epoch_10_5_j": "online_epoch_energy_j",
    "mlco2_j": "mlco2_energy_j",
    "ga_j": "green_algorithms_energy_j",
    "clean_position": "clean_position",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "f1",
    "auc": "auc",
}
"""Further numbers, kept under these names in the units that end them."""

_TAGS: Final = (
    "config_id",
    "block",
    "environment",
    "paper_split",
    "in_clean_set",
    "duration_source",
    "epoch_quality",
)

_ASSUMED_DRAM: Final = "DRAM energy is the resident memory times 0.375 W/GB, assumed"
_SPLIT: Final = (
    "the source states GPU and DRAM energy as a sum: split by the mean GPU power and "
    "the median DRAM power of the configuration"
)


def is_delrey(columns: Collection[str]) -> bool:
    """Return whether a Parquet file with these columns is the table of runs."""
    return {"run_id", "config_id", "train_mode", *COLUMNS} <= {*columns}


def read_delrey(path: Path) -> list[Run]:
    """Return one run per row of the table.

    Parameters
    ----------
    path : Path
        ``runs.parquet``. Where ``epochs.parquet`` lies beside it, the runs that have
        rows there have one window per epoch.

    Raises
    ------
    FormatError
        If it is not that table, or a row of either table holds impossible values.
    MissingExtraError
        If duckdb is not installed.

    Notes
    -----
    A workload is named after what is the same on every machine: network, data, batch
    size, input size. Their ``config_id``, which names GPU and memory too, is a tag.
    The training part of the data is what counts as samples; the energies hold the
    validation after each epoch as well. GPU energy is ``sampled`` by nvidia-smi, DRAM
    energy ``modelled``. Rows without the two but with their sum are split: GPU energy
    is mean GPU power times duration, which holds to rounding where both are known.
    """
    lines = parquet_lines(path)
    columns = next(lines)
    if not is_delrey(columns):
        missing = sorted({"run_id", "config_id", "train_mode", *COLUMNS} - {*columns})
        raise FormatError(
            f"{path} is not a table of runs of del Rey et al.: it has no column "
            f"{', '.join(missing)}"
        )
    runs = [
        _Row(path, number, dict(zip(columns, cells, strict=True))).run()
        for number, cells in enumerate(lines, start=1)
    ]
    epochs = _epochs_beside(path)
    return [
        epochs[run.run_id].attached_to(run) if run.run_id in epochs else run
        for run in runs
    ]


def _epochs_beside(path: Path) -> dict[str, RunEpochs]:
    beside = path.with_name(FILE_NAME)
    return read_delrey_epochs(beside) if beside.exists() else {}


@dataclass(frozen=True, slots=True)
class _Row:
    """One row with its place, for messages."""

    path: Path
    number: int
    cells: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.cells.get(name)
        return "" if value is None else str(value)

    def amount(self, name: str) -> float | None:
        """Return a number that cannot be negative; `None` where there is none.

        Raises
        ------
        FormatError
            If it is negative or not finite.
        """
        value = self.cells.get(name)
        if value is None:
            return None
        if not (isfinite(value) and value >= 0):
            raise FormatError(
                f"{self.path} row {self.number}: {name} is {value}, which cannot be"
            )
        return float(value)

    def fraction(self, name: str) -> float | None:
        percent = self.amount(name)
        return None if percent is None else percent_to_fraction(percent)

    def count(self, name: str) -> int | None:
        value = self.amount(name)
        return None if value is None else int(value)

    def run(self) -> Run:
        """Return the run of this row.

        Raises
        ------
        FormatError
            If it cannot be one.
        """
        try:
            energies, warnings = self.energies()
            return Run(
                run_id=self.text("run_id"),
                name=self.text("config_id"),
                workload=self.workload(),
                hardware=self.hardware(),
                energies=energies,
                duration_s=self.amount("duration_s"),
                gpu_utilization_fraction=self.fraction("gpu_util_pct"),
                gpu_memory_utilization_fraction=self.fraction("gpu_mem_util_pct"),
                measures=self.measures(),
                power_limit_w=self.amount("gpu_power_limit_w"),
                left_out=("CPU", *(["memory"] if energies[1].energy_j is None else [])),
                origin=f"{self.path.name} row {self.number}: {self.text('source')}",
                warnings=warnings,
                tags={name: self.text(name) for name in _TAGS if self.text(name)},
            )
        except ValueError as error:
            raise FormatError(f"{self.path} row {self.number}: {error}") from error

    def workload(self) -> Workload:
        n_train, n_epochs = self.count("n_train"), self.count("epochs_trained")
        gflop = self.amount("gflops_forward")
        batch, side = self.text("batch_size"), self.count("input_size")
        return Workload(
            name="/".join(
                (
                    self.text("architecture"),
                    self.text("dataset"),
                    batch,
                    f"{side or ''}px",
                )
            ),
            model=self.text("architecture") or None,
            task=self.text("dataset") or None,
            settings={"layers": self.text("train_mode")},
            batch_size=self.count("batch_size"),
            n_samples=n_train * n_epochs if n_train and n_epochs else None,
            n_samples_per_epoch=n_train,
            n_validation_samples_per_epoch=self.count("n_val"),
            input_shape=(side, side) if side else None,
            n_params=self.amount("params_total"),
            forward_flop_per_sample=None if gflop is None else gflop * 1e9,
        )

    def hardware(self) -> Hardware:
        name = self.text("gpu")
        memory_gib, ram_gib = self.count("gpu_memory_gb"), self.count("ram_total_gb")
        return Hardware(
            name,
            accelerators=(
                Accelerator(
                    name,
                    "nvidia",
                    memory_bytes=memory_gib * BYTES_PER_GIB if memory_gib else None,
                    power_limit_w=self.amount("gpu_power_limit_w"),
                ),
            ),
            memory_bytes=ram_gib * BYTES_PER_GIB if ram_gib else None,
            host=self.text("environment") or None,
        )

    def energies(self) -> tuple[tuple[ComponentEnergy, ...], tuple[str, ...]]:
        """Return the energies of GPU and memory, and the doubts about them."""
        gpu_j, dram_j = self.amount("energy_gpu_j"), self.amount("energy_ram_j")
        total_j, power_w = (
            self.amount("energy_total_j"),
            self.amount("mean_gpu_power_w"),
        )
        duration_s = self.amount("duration_s")
        doubts = []
        if gpu_j is None and total_j is not None and power_w and duration_s:
            gpu_j = power_w * duration_s
            dram_j = total_j - gpu_j
            doubts.append(_SPLIT)
        if dram_j is not None:
            doubts.append(_ASSUMED_DRAM)
        pair = (_energy("gpu", gpu_j), _energy("dram", dram_j))
        return pair, tuple(doubts)

    def measures(self) -> dict[str, float]:
        """Return further numbers under our names, in our units."""
        numbers = {ours: self.amount(theirs) for theirs, ours in MEASURES.items()}
        used_mib, resident_mb = (
            self.amount("gpu_mem_used_mb"),
            self.amount("host_rss_mb"),
        )
        numbers["gpu_memory_bytes"] = (
            None if used_mib is None else used_mib * BYTES_PER_MIB
        )
        numbers["resident_bytes"] = None if resident_mb is None else resident_mb * 1e6
        numbers["cpu_utilization_fraction"] = self.fraction("host_cpu_pct")
        return {name: value for name, value in numbers.items() if value is not None}


def _energy(component: Component, energy_j: float | None) -> ComponentEnergy:
    source: EnergySource = "sampled" if component == "gpu" else "modelled"
    return ComponentEnergy(
        component, energy_j, "absent" if energy_j is None else source
    )
