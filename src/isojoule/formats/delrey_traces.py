"""The readings of the raw runs of del Rey et al.: a table beside that of the runs.

nvidia-smi once a second, and beside it what psutil said of the host.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import FormatError, MissingExtraError
from isojoule.formats.files import read_bytes
from isojoule.formats.parquet import parquet_columns
from isojoule.records import Channel, Run, Samples
from isojoule.units import BYTES_PER_MIB

FILE_NAME: Final = "power.parquet"
"""What the table is called; it lies beside ``runs.parquet``."""

_S_PER_MS: Final = 1e-3
_BYTES_PER_MB: Final = 1e6
_PER_PERCENT: Final = 1e-2


@dataclass(frozen=True, slots=True)
class _Reading:
    """A column of theirs as a channel of ours.

    Parameters
    ----------
    channel : Channel
        What it is.
    factor : float
        From their unit to ours.
    """

    channel: Channel
    factor: float = 1.0


COLUMNS: Final[Mapping[str, _Reading]] = {
    "power_w": _Reading(
        Channel("gpu0_power_w", "gpu", "power_w", "gpu0", origin="nvidia-smi")
    ),
    "gpu_util_pct": _Reading(
        Channel("gpu0_utilization_fraction", "gpu", "utilization_fraction", "gpu0"),
        _PER_PERCENT,
    ),
    "mem_util_pct": _Reading(
        Channel(
            "gpu0_memory_utilization_fraction",
            "gpu",
            "memory_utilization_fraction",
            "gpu0",
        ),
        _PER_PERCENT,
    ),
    "mem_used_mib": _Reading(
        Channel("gpu0_memory_bytes", "gpu", "memory_bytes", "gpu0"),
        float(BYTES_PER_MIB),
    ),
    "gpu_temp_c": _Reading(
        Channel("gpu0_temperature_c", "gpu", "temperature_c", "gpu0")
    ),
    "host_cpu_pct": _Reading(
        Channel("cpu_utilization_fraction", "cpu", "utilization_fraction", "cpu"),
        _PER_PERCENT,
    ),
    "host_rss_mb": _Reading(
        Channel("process_memory_bytes", "dram", "memory_bytes", "dram"), _BYTES_PER_MB
    ),
}
"""Their names to our channels; ``run_id`` and ``t_ms`` say whose and when."""

_CHANNELS: Final = tuple(reading.channel for reading in COLUMNS.values())

_Columns: TypeAlias = dict[str, NDArray[np.float64]]


def is_delrey_traces(columns: Iterable[str]) -> bool:
    """Return whether a Parquet file with these columns is the table of readings."""
    return {"run_id", "t_ms", *COLUMNS} <= {*columns}


def with_traces(runs: Iterable[Run], path: Path) -> list[Run]:
    """Return the runs, those that have readings in a table with them as samples.

    Parameters
    ----------
    runs : iterable of Run
        As `read_delrey` gives them; those without readings stay as they are.
    path : Path
        ``power.parquet``.

    Raises
    ------
    FormatError
        If it is not that table, or holds impossible values.
    MissingExtraError
        If duckdb is not installed.
    """
    traces = read_delrey_traces(path)
    return [
        replace(run, samples=traces[run.run_id]) if run.run_id in traces else run
        for run in runs
    ]


def read_delrey_traces(path: Path) -> dict[str, Samples]:
    """Return the readings of each run by its id, on seconds from the first of them.

    Parameters
    ----------
    path : Path
        ``power.parquet``.

    Raises
    ------
    FormatError
        If it is not that table, or holds impossible values.
    MissingExtraError
        If duckdb is not installed.
    """
    _require_columns(path)
    run_ids, time_s, columns = _fetch(path)
    values = np.stack([columns[name] * r.factor for name, r in COLUMNS.items()])
    starts = np.flatnonzero(np.append(True, run_ids[1:] != run_ids[:-1]))
    ends = np.append(starts[1:], len(run_ids))
    _require_possible(path, run_ids, time_s, columns["power_w"])
    return {
        str(run_ids[start]): Samples(_CHANNELS, time_s[start:end], values[:, start:end])
        for start, end in zip(starts, ends, strict=True)
        if end > start
    }


def _require_columns(path: Path) -> None:
    read_bytes(path)  # a missing file is told in our words
    columns = parquet_columns(path)
    if not is_delrey_traces(columns):
        missing = sorted({"run_id", "t_ms", *COLUMNS} - {*columns})
        raise FormatError(
            f"{path} is not the table of readings of del Rey et al.: it has no column "
            f"{', '.join(missing)}"
        )


def _fetch(path: Path) -> tuple[NDArray[Any], NDArray[np.float64], _Columns]:
    """Return run ids, times [s] and columns in order of run and time; NaN is unknown.

    Raises
    ------
    FormatError
        If the file cannot be read.
    MissingExtraError
        If duckdb is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("parquet", f"reading {path.name}") from error
    numbers = ", ".join(f"CAST({name} AS DOUBLE) AS {name}" for name in COLUMNS)
    sql = (
        f"SELECT run_id, CAST(t_ms AS DOUBLE) AS t_ms, {numbers} "  # noqa: S608
        "FROM read_parquet(?) ORDER BY run_id, t_ms"
    )
    try:
        found = duckdb.connect().execute(sql, [str(path)]).fetchnumpy()
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise FormatError(f"{path} cannot be read: {reason}") from error
    columns = {name: _floats(found[name]) for name in COLUMNS}
    return np.asarray(found["run_id"]), _floats(found["t_ms"]) * _S_PER_MS, columns


def _floats(column: NDArray[Any]) -> NDArray[np.float64]:
    filled = np.ma.filled(np.ma.asarray(column).astype(np.float64), np.nan)
    return np.asarray(filled, dtype=np.float64)


def _require_possible(
    path: Path,
    run_ids: NDArray[Any],
    time_s: NDArray[np.float64],
    power_w: NDArray[np.float64],
) -> None:
    for what, wrong in (
        ("t_ms", ~np.isfinite(time_s)),
        ("power_w", (power_w < 0) | np.isinf(power_w)),
    ):
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise FormatError(
                f"{path}, run {run_ids[at]}: a {what} cannot be (time {time_s[at]:g} "
                f"s, power {power_w[at]:g} W)"
            )
