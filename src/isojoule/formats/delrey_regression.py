"""The tables behind the published regressions of del Rey et al. (2024).

``regression_train`` and ``regression_test`` hold the ten inputs and the targets of the
offline estimates, ``table10_test`` the six estimates that their Table 10 compares.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", arXiv:2307.05520; data CC BY 4.0,
   doi:10.5281/zenodo.11505891.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final, Literal

from isojoule.errors import FormatError
from isojoule.formats.parquet import parquet_lines
from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload
from isojoule.units import BYTES_PER_GIB, percent_to_fraction

Table = Literal["regression_train", "regression_test", "table10_test"]

COLUMNS: Final[Mapping[str, str]] = {
    "gpu": "hardware",
    "architecture": "model",
    "dataset": "task",
    "batch_size": "batch_size",
    "ram_total_gb": "memory_bytes",
    "n_train": "n_samples_per_epoch",
    "n_val": "n_validation_samples_per_epoch",
    "gflops_forward": "forward_flop_per_sample",
    "image_height": "input_shape",
    "image_width": "input_shape",
    "gpu_cuda_cores": "n_cuda_cores",
    "gpu_memory_gb": "memory_bytes of the accelerator",
    "gpu_tdp_spec_w": "gpu_tdp_w",
    "mean_gpu_power_w": "mean_gpu_power_w",
}
"""Inputs and target that a regression table has, and our names."""

ESTIMATES: Final[Mapping[str, str]] = {
    "ga_kj": "green_algorithms_energy_j",
    "mlco2_kj": "mlco2_energy_j",
    "online_power_kj": "online_power_energy_j",
    "online_epoch_kj": "online_epoch_energy_j",
    "offline_power_kj": "offline_power_energy_j",
    "offline_epoch_kj": "offline_epoch_energy_j",
}
"""The six estimates of Table 10, and the measures that keep them."""

MEASURES: Final[Mapping[str, str]] = {
    "gpu_cuda_cores": "n_cuda_cores",
    "gpu_tdp_spec_w": "gpu_tdp_w",
    "mean_gpu_power_w": "mean_gpu_power_w",
    "epoch_index_max": "epoch_index_max",
    "clean_position": "clean_position",
}
"""Numbers that are kept as they are."""

LIMITS_W: Final[Mapping[str, float]] = {
    "GTX 750 Ti": 60.0,
    "RTX 3070": 240.0,
    "RTX 3090": 350.0,
}
"""Largest limit that nvidia-smi reported on the machines of the authors [W]; column
``gpu_power_limit_w`` of their runs. The tables here do not repeat it."""

N_PARAMS: Final[Mapping[str, int]] = {
    "mobilenet_v2": 2_914_369,
    "nasnet_mobile": 4_811_413,
    "vgg16": 14_715_201,
    "xception": 22_960_681,
    "resnet50": 26_211_201,
    "inception_v3": 40_797_062,
}
"""Parameters of the networks: [1]_, Table 2, and ``params_total`` of their runs."""

TABLE_TAG: Final = "delrey_table"
"""Tag that says which of the tables a run is from."""

_TAGS: Final = (
    "config_id",
    "cv_fold",
    "duration_source",
    "label_source",
    "also_in_regression_train",
)
_OF_TABLE_10: Final = {"energy_true_kj", *ESTIMATES}
_KJ_MEASURES: Final = {
    "mean_epoch_energy_kj": "mean_epoch_energy_j",
    "mean_stable_epoch_energy_kj": "mean_stable_epoch_energy_j",
    **ESTIMATES,
}
_FROZEN: Final = "frozen backbone, head only"
_FINE_TUNED: Final = "10 frozen epochs then full fine-tuning"
_ASSUMED_DRAM: Final = "DRAM energy is the resident memory times 0.375 W/GB, assumed"


def is_delrey_regression(columns: Collection[str]) -> bool:
    """Return whether a Parquet file with these columns is a part of the regressions."""
    return {"clean_position", *COLUMNS} <= {*columns} and "run_id" not in columns


def is_delrey_table10(columns: Collection[str]) -> bool:
    """Return whether a Parquet file with these columns holds the six estimates."""
    return {*columns} >= _OF_TABLE_10


def read_delrey_regression(path: Path) -> list[Run]:
    """Return one run per row of the training or the test part of the regressions.

    Parameters
    ----------
    path : Path
        ``regression_train.parquet``, which has folds, or ``regression_test.parquet``.

    Raises
    ------
    FormatError
        If it is neither, or a row holds impossible values.
    MissingExtraError
        If duckdb is not installed.

    Notes
    -----
    Workloads are named as those of ``runs.parquet``. Which layers are trained is not in
    the table: the backbone of Inception V3 was always frozen, the other networks were
    fine-tuned after ten epochs. The mean epoch energies are of GPU and memory; memory
    was modelled.
    """
    header, rows = _rows_of(path)
    if not is_delrey_regression(header):
        missing = sorted({"clean_position", *COLUMNS} - {*header})
        raise FormatError(
            f"{path} is not a table of the regressions of del Rey et al.: it has no "
            f"column {', '.join(missing) or 'free of run_id'}"
        )
    table: Table = "regression_train" if "cv_fold" in header else "regression_test"
    return [_Row(path, table, n, cells).run() for n, cells in enumerate(rows, start=1)]


def read_delrey_table10(path: Path) -> list[Run]:
    """Return one run per row of the test figure, with the six estimates as measures.

    Parameters
    ----------
    path : Path
        ``table10_test.parquet``.

    Raises
    ------
    FormatError
        If it is not that table, or a row holds impossible values.
    MissingExtraError
        If duckdb is not installed.
    """
    header, rows = _rows_of(path)
    if not is_delrey_table10(header):
        missing = sorted(_OF_TABLE_10 - {*header})
        raise FormatError(
            f"{path} is not the table of estimates of del Rey et al.: it has no column "
            f"{', '.join(missing)}"
        )
    return [
        _Row(path, "table10_test", n, cells).run()
        for n, cells in enumerate(rows, start=1)
    ]


def _rows_of(path: Path) -> tuple[list[str], list[dict[str, Any]]]:
    lines = parquet_lines(path)
    header = next(lines)
    return header, [dict(zip(header, cells, strict=True)) for cells in lines]


@dataclass(frozen=True, slots=True)
class _Row:
    """One row with its place, for messages."""

    path: Path
    table: Table
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

    def count(self, name: str) -> int | None:
        value = self.amount(name)
        return None if value is None else int(value)

    def bytes_of(self, name: str) -> int | None:
        gib = self.count(name)
        return None if gib is None else gib * BYTES_PER_GIB

    def run(self) -> Run:
        """Return the run of this row.

        Raises
        ------
        FormatError
            If it cannot be one.
        """
        use_percent = self.amount("gpu_util_pct")
        workload = self.workload()
        try:
            return Run(
                run_id=f"{self.table}-{self.number:04}",
                name=self.text("config_id") or workload.name,
                workload=workload,
                hardware=self.hardware(),
                energies=self.energies(),
                duration_s=self.amount("duration_s"),
                gpu_utilization_fraction=(
                    None if use_percent is None else percent_to_fraction(use_percent)
                ),
                measures=self.measures(),
                power_limit_w=LIMITS_W.get(self.text("gpu")),
                left_out=("CPU",),
                origin=f"{self.path.name} row {self.number}",
                warnings=(_ASSUMED_DRAM,),
                tags={
                    TABLE_TAG: self.table,
                    **{name: self.text(name) for name in _TAGS if self.text(name)},
                },
            )
        except ValueError as error:
            raise FormatError(f"{self.path} row {self.number}: {error}") from error

    def workload(self) -> Workload:
        model = self.text("architecture")
        side = "image_height" if "image_height" in self.cells else "input_size"
        height = self.count(side)
        width = self.count("image_width") or height
        index_max, n_train = self.count("epoch_index_max"), self.count("n_train")
        gflop = self.amount("gflops_forward")
        parts = (model, self.text("dataset"), self.text("batch_size"), f"{height}px")
        try:
            return Workload(
                name="/".join(parts),
                model=model or None,
                task=self.text("dataset") or None,
                settings={"layers": _FROZEN if "inception" in model else _FINE_TUNED},
                batch_size=self.count("batch_size"),
                # The index counts from 0, so there is one epoch more.
                n_samples=(
                    n_train * (index_max + 1)
                    if n_train and index_max is not None
                    else None
                ),
                n_samples_per_epoch=n_train,
                n_validation_samples_per_epoch=self.count("n_val"),
                input_shape=(height, width) if height and width else None,
                n_params=N_PARAMS.get(model),
                forward_flop_per_sample=None if gflop is None else gflop * 1e9,
            )
        except ValueError as error:
            raise FormatError(f"{self.path} row {self.number}: {error}") from error

    def hardware(self) -> Hardware:
        name = self.text("gpu")
        board = Accelerator(
            name,
            "nvidia",
            memory_bytes=self.bytes_of("gpu_memory_gb"),
            power_limit_w=LIMITS_W.get(name),
        )
        return Hardware(name, (board,), memory_bytes=self.bytes_of("ram_total_gb"))

    def energies(self) -> tuple[ComponentEnergy, ...]:
        """Return GPU and memory apart where the mean power of the GPU tells them."""
        total_kj = self.amount(
            "energy_true_kj" if self.table == "table10_test" else "total_energy_kj"
        )
        power_w, duration_s = self.amount("mean_gpu_power_w"), self.amount("duration_s")
        if total_kj is None:
            return (
                ComponentEnergy("gpu", None, "absent"),
                ComponentEnergy("dram", None, "absent"),
            )
        if power_w is None or duration_s is None:
            return (ComponentEnergy("node", total_kj * 1e3, "modelled"),)
        gpu_j = power_w * duration_s
        return (
            ComponentEnergy("gpu", gpu_j, "sampled"),
            ComponentEnergy("dram", total_kj * 1e3 - gpu_j, "modelled"),
        )

    def measures(self) -> dict[str, float]:
        numbers = {ours: self.amount(theirs) for theirs, ours in MEASURES.items()}
        for theirs, ours in _KJ_MEASURES.items():
            kj = self.amount(theirs)
            numbers[ours] = None if kj is None else kj * 1e3
        return {name: value for name, value in numbers.items() if value is not None}
