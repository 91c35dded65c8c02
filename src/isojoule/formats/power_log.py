"""A log of power readings of several GPUs as a run that keeps them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.finish import left_out_of
from isojoule.formats.foreign import run_id_of, unnamed_hardware
from isojoule.formats.straight_lines import Joined, join_readings
from isojoule.records import (
    Accelerator,
    Channel,
    ComponentEnergy,
    Hardware,
    Quantity,
    Run,
    Samples,
    Workload,
    counted_names,
)
from isojoule.units import format_duration, format_energy

_TOLD_GAPS: Final = 3


@dataclass(frozen=True, slots=True)
class Device:
    """One GPU of a log.

    Parameters
    ----------
    rank : int
        Its place among the GPUs of the log.
    label : str
        What channels call it: ``gpu0``.
    name, uuid, driver_version : str or None
        As the log states them.
    memory_bytes : int or None
        Its memory [bytes].
    """

    rank: int
    label: str
    name: str | None = None
    uuid: str | None = None
    memory_bytes: int | None = None
    driver_version: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Gauge:
    """What was read of every GPU under one heading.

    Parameters
    ----------
    ending : str
        End of the channel's name, with the unit.
    quantity : Quantity
        What is read.
    values : ndarray of shape (n_devices, n_polls)
        Readings in the unit of the channel; NaN where there is none.
    origin : str
        The column that is read.
    averaging_s : float or None
        Length of the running mean that a reading is [s]; `None` where not known.
    """

    ending: str
    quantity: Quantity
    values: NDArray[np.float64]
    origin: str
    averaging_s: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Readings:
    """Everything that a log, or a part of it, has.

    Parameters
    ----------
    devices : tuple of Device
        By rank.
    gauges : tuple of Gauge
        What was read of them.
    time_s : ndarray of shape (n_polls,)
        Times since the first reading [s].
    started : datetime
        Time of the first reading, of no stated zone.
    content : str
        Text of the log; the id of the run depends on it.
    doubts : tuple of str
        What is doubtful about the log.
    """

    devices: tuple[Device, ...]
    gauges: tuple[Gauge, ...]
    time_s: NDArray[np.float64]
    started: datetime
    content: str
    doubts: tuple[str, ...] = ()


def run_of_readings(
    readings: Readings, *, path: Path, program: str, part: str = ""
) -> Run:
    """Return the run that a log of power readings is.

    Parameters
    ----------
    readings : Readings
        What the log has.
    path : Path
        The log.
    program : str
        Who wrote it.
    part : str, default ""
        Which part of the log this is, where it is several runs.

    Returns
    -------
    Run
        With the readings, and the energy of all GPUs from the first reading to the last
        [J]; ``absent`` where the power of any of them is not known from end to end.
    """
    joined = _joined(readings, "power_w")
    lacking = [_why_unknown(readings, d, j) for d, j in joined]
    known = [j for _, j in joined if j is not None]
    has_total = not any(lacking)
    energy_j = fsum(j.area for j in known) if has_total else None
    limits_w = {_constant(readings, d, "power_limit_w") for d in readings.devices}
    limits_w.discard(None)
    origin = f"{program}, {path.name}"
    energy = ComponentEnergy("gpu", energy_j, "sampled" if has_total else "absent")
    return Run(
        run_id=run_id_of(readings.started, readings.content),
        name=f"{path.stem}, {part}" if part else path.stem,
        workload=Workload(path.stem),
        hardware=_hardware(readings, path),
        energies=(energy,),
        duration_s=float(readings.time_s[-1]),
        samples=_samples(readings),
        left_out=left_out_of([energy], has_gpu=True),
        gpu_utilization_fraction=_mean(readings, "utilization_fraction"),
        gpu_memory_utilization_fraction=_mean(readings, "memory_utilization_fraction"),
        power_limit_w=max((w for w in limits_w if w is not None), default=None),
        origin=f"{origin}, {part}" if part else origin,
        warnings=(
            *readings.doubts,
            *(reason for reason in lacking if reason),
            *_gaps(readings, [(d, j) for d, j in joined if j is not None], energy_j),
        ),
        tags={"started_at_local": readings.started.isoformat()},
    )


def _joined(readings: Readings, ending: str) -> list[tuple[Device, Joined | None]]:
    """Return the readings of a gauge of each GPU joined by straight lines."""
    gauge = next((g for g in readings.gauges if g.ending == ending), None)
    return [
        (d, None if gauge is None else join_readings(readings.time_s, gauge.values[i]))
        for i, d in enumerate(readings.devices)
    ]


def _why_unknown(readings: Readings, device: Device, joined: Joined | None) -> str:
    """Return why the energy of a GPU is not known; empty where it is."""
    if joined is None:
        return (
            f"GPU energy is not known: {device.label} has fewer than two power readings"
        )
    end_s = float(readings.time_s[-1])
    if joined.covers(0.0, end_s):
        return ""
    return (
        f"GPU energy is not known: power of {device.label} was read from "
        f"{format_duration(joined.start_s)} to {format_duration(joined.end_s)} only, "
        f"of {format_duration(end_s)}"
    )


def _gaps(
    readings: Readings, joined: Sequence[tuple[Device, Joined]], total_j: float | None
) -> list[str]:
    """Tell of the longest stretches without readings, and what was bridged there."""
    bridged: dict[tuple[float, float], list[tuple[str, float]]] = {}
    for device, lines in joined:
        for gap in lines.gaps:
            at = bridged.setdefault((gap.start_s, gap.end_s), [])
            at.append((device.label, gap.area))
    longest = sorted(bridged, key=lambda edges: edges[0] - edges[1])[:_TOLD_GAPS]
    told = [
        f"no power of {', '.join(label for label, _ in bridged[start_s, end_s])} for "
        f"{format_duration(end_s - start_s)} from "
        f"{readings.started + timedelta(seconds=start_s)} on: "
        f"{_share(fsum(j for _, j in bridged[start_s, end_s]), total_j)} bridged by a "
        "straight line"
        for start_s, end_s in sorted(longest)
    ]
    if len(bridged) > len(longest):
        rest = [
            j for edges, at in bridged.items() if edges not in longest for _, j in at
        ]
        told.append(
            f"{len(bridged) - len(longest)} shorter gaps: "
            f"{_share(fsum(rest), total_j)} bridged likewise"
        )
    return told


def _share(energy_j: float, total_j: float | None) -> str:
    if not total_j:
        return format_energy(energy_j)
    return f"{format_energy(energy_j)} ({energy_j / total_j:.1%} of the energy)"


def _mean(readings: Readings, ending: str) -> float | None:
    """Return the mean of a gauge over time and GPUs, where any was read."""
    known = [j for _, j in _joined(readings, ending) if j is not None]
    means = [j.area / (j.end_s - j.start_s) for j in known]
    return fsum(means) / len(means) if means else None


def _constant(readings: Readings, device: Device, ending: str) -> float | None:
    """Return the reading of a gauge that never changed; `None` where it did."""
    gauge = next((g for g in readings.gauges if g.ending == ending), None)
    if gauge is None:
        return None
    values = gauge.values[device.rank]
    found = np.unique(values[np.isfinite(values)])
    return float(found[0]) if len(found) == 1 else None


def _hardware(readings: Readings, path: Path) -> Hardware:
    names = [d.name for d in readings.devices if d.name]
    all_named = len(names) == len(readings.devices)
    drivers = {d.driver_version for d in readings.devices if d.driver_version}
    return Hardware(
        name=counted_names(names) if all_named else unnamed_hardware(path).name,
        accelerators=tuple(
            Accelerator(
                name=d.name or "NVIDIA GPU",
                vendor="nvidia",
                uuid=d.uuid,
                memory_bytes=d.memory_bytes,
                power_limit_w=_constant(readings, d, "power_limit_w"),
            )
            for d in readings.devices
        ),
        software={"nvidia_driver": ", ".join(sorted(drivers))} if drivers else {},
    )


def _samples(readings: Readings) -> Samples:
    rows = [
        (gauge, device)
        for device in readings.devices
        for gauge in readings.gauges
        if np.isfinite(gauge.values[device.rank]).any()
    ]
    return Samples(
        channels=tuple(
            Channel(
                name=f"{device.label}_{gauge.ending}",
                component="gpu",
                quantity=gauge.quantity,
                device=device.label,
                averaging_s=gauge.averaging_s,
                origin=gauge.origin,
            )
            for gauge, device in rows
        ),
        time_s=readings.time_s,
        values=np.array([gauge.values[device.rank] for gauge, device in rows]).reshape(
            len(rows), len(readings.time_s)
        ),
    )
