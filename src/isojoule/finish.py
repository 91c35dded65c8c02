"""What a run says once its readings are there: energies, doubts, what is missing."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.counters import middle
from isojoule.energy import DeviceSeries, devices_of, energies_of, mean_reading
from isojoule.records import (
    Component,
    ComponentEnergy,
    Run,
    Samples,
    Status,
    Window,
)
from isojoule.units import format_duration, format_energy

MIN_REFRESHES: Final = 10
"""A window of fewer refreshes of its sensor has wide bounds and is told of."""

MAX_DISAGREEMENT: Final = 0.05
"""Relative gap between counter and integrated power beyond which a run tells of it."""

_MAX_PERIODS: Final = 5  # readings further apart than this many periods are a gap
_MIN_GAP_S: Final = 1.0
_MIN_CHECKED_S: Final = 10.0  # shorter runs are all edges: nothing to compare

# NVML: hardware slowdown, software and hardware thermal slowdown, power brake. A power
# cap is how a GPU works and is not among them.
_SLOWDOWN_BITS: Final = 0x08 | 0x20 | 0x40 | 0x80
_MAX_SLOWED_FRACTION: Final = 0.01

_UNSEEN: Final = "fans, disks, network and losses of the power supply"
_PARTS: Final[dict[Component, str]] = {"cpu": "CPU", "dram": "memory"}


def finish_run(
    run: Run,
    samples: Samples,
    windows: Iterable[Window],
    *,
    status: Status,
    start_s: float | None = None,
    end_s: float | None = None,
) -> Run:
    """Return `run` with the energies, duration and utilization that its samples say.

    Parameters
    ----------
    run : Run
        As it was known at the start.
    samples : Samples
        All readings, also those from before and after the run proper.
    windows : iterable of Window
        Edges of the windows; their energies are worked out here.
    status : {"complete", "interrupted", "failed", "recovered"}
        How it ended.
    start_s, end_s : float or None
        Edges of the run proper [s]; the first and last reading where `None`.
    """
    if len(samples.time_s) < 2:
        return _unmeasured(run, samples, status=status)
    start_s = float(samples.time_s[0]) if start_s is None else start_s
    end_s = max(start_s, float(samples.time_s[-1]) if end_s is None else end_s)
    windows = list(windows)
    devices = devices_of(samples)
    spans_s = [(start_s, end_s), *((w.start_s, w.end_s) for w in windows)]
    energies, *of_windows = energies_of(devices, spans_s)
    finished = replace(
        run,
        status=status,
        energies=energies,
        start_s=start_s,
        duration_s=end_s - start_s,
        samples=samples,
        refresh_s={
            d.counter_channel.name: d.counter.refresh_s
            for d in devices
            if d.counter_channel
            and d.counter_channel.provenance == "measured"
            and d.counter
            and d.counter.refresh_s
        },
        windows=tuple(
            replace(window, energies=found)
            for window, found in zip(windows, of_windows, strict=True)
        ),
        gpu_utilization_fraction=mean_reading(
            samples, "utilization_fraction", "gpu", start_s=start_s, end_s=end_s
        ),
        gpu_memory_utilization_fraction=mean_reading(
            samples, "memory_utilization_fraction", "gpu", start_s=start_s, end_s=end_s
        ),
    )
    return replace(
        finished,
        warnings=(*run.warnings, *_doubts(finished, samples, devices)),
        left_out=(
            *run.left_out,
            *left_out_of(energies, has_gpu=bool(run.hardware.accelerators)),
        ),
    )


def _unmeasured(run: Run, samples: Samples, *, status: Status) -> Run:
    components = {
        c.component for c in samples.channels if c.quantity in {"energy_j", "power_w"}
    }
    energies = tuple(ComponentEnergy(c, None, "absent") for c in sorted(components))
    return replace(
        run,
        status=status,
        energies=energies,
        duration_s=0.0,
        samples=samples if len(samples.time_s) else None,
        warnings=(*run.warnings, "the run ended before a second reading"),
        left_out=(
            *run.left_out,
            *left_out_of(energies, has_gpu=bool(run.hardware.accelerators)),
        ),
    )


def left_out_of(
    energies: Iterable[ComponentEnergy], *, has_gpu: bool
) -> tuple[str, ...]:
    """Return what the energies of a run do not cover, for people.

    Parameters
    ----------
    energies : iterable of ComponentEnergy
        Those of the run.
    has_gpu : bool
        Whether the run used accelerators.
    """
    known = {e.component for e in energies if e.energy_j is not None}
    if "wall" in known:
        return ()
    if "node" in known:
        return (_UNSEEN,)
    missing = [name for part, name in _PARTS.items() if part not in known]
    if has_gpu and "gpu" not in known:
        missing.insert(0, "GPU")
    return (*missing, _UNSEEN)


def _doubts(run: Run, samples: Samples, devices: Sequence[DeviceSeries]) -> list[str]:
    """Return what is doubtful about the energies of a run."""
    return [
        *_doubts_of_gaps(run, samples, devices),
        *_doubts_of_losses(run, devices),
        *_doubts_of_instruments(run, devices),
        *_doubts_of_conditions(run, samples),
        *_doubts_of_short_windows(run, devices),
    ]


def _doubts_of_gaps(
    run: Run, samples: Samples, devices: Sequence[DeviceSeries]
) -> list[str]:
    """Tell of stretches without any reading, and without one of a power alone."""
    apart_s = np.diff(samples.time_s)
    period_s = run.sampling_period_s or middle(apart_s)
    limit_s = max(_MIN_GAP_S, _MAX_PERIODS * period_s)
    said = _told_gaps("", samples.time_s, limit_s, period_s)
    for device in devices:
        if device.counter is None and device.power is not None:
            more_s = max(limit_s, float(apart_s.max()))
            whose = f" of {device.device}"
            said += _told_gaps(whose, device.power.time_s, more_s, period_s)
    return said


def _told_gaps(
    whose: str, time_s: NDArray[np.float64], limit_s: float, period_s: float
) -> list[str]:
    apart_s = np.diff(time_s)
    gaps = np.flatnonzero(apart_s > limit_s)
    if not len(gaps):
        return []
    longest = gaps[np.argmax(apart_s[gaps])]
    return [
        f"no reading{whose} for {format_duration(float(apart_s[longest]))} at "
        f"{format_duration(float(time_s[longest]))}"
        + (f" and in {len(gaps) - 1} more gaps" if len(gaps) > 1 else "")
        + f" (one every {format_duration(period_s)} was asked for): a counter bridges "
        "gaps, integrated power holds its last reading across them"
    ]


def _doubts_of_losses(run: Run, devices: Sequence[DeviceSeries]) -> list[str]:
    """Tell of components without an energy, and until when it was known."""
    said = []
    for energy in run.energies:
        if energy.source != "absent":
            continue
        reason = "the run was shorter than a refresh of its counter, or readings failed"
        for device in devices:
            if device.component != energy.component or device.counter is None:
                continue
            last_s = float(device.counter.time_s[-1])
            if last_s < run.start_s + (run.duration_s or 0.0) - _MIN_GAP_S:
                drawn_j = float(
                    device.counter.energy_j[-1] - device.counter.energy_j[0]
                )
                reason = (
                    f"{device.device} gave no reading after {format_duration(last_s)}; "
                    f"until then it had drawn {format_energy(drawn_j)}"
                )
            elif device.counter.segment[-1] > 0:
                reason = (
                    f"the counter of {device.device} started again during the run, as "
                    "after a driver reload"
                )
        said.append(f"{energy.component} energy is not known: {reason}")
    return said


def _doubts_of_instruments(run: Run, devices: Sequence[DeviceSeries]) -> list[str]:
    """Tell of devices whose counter and integrated power do not agree."""
    said = []
    start, end = (
        np.array([run.start_s]),
        np.array([run.start_s + (run.duration_s or 0)]),
    )
    for device in devices:
        if device.counter is None or device.power is None:
            continue
        (counted,) = device.counter.between(start, end)
        (integrated,) = device.power.between(start, end)
        if counted is None:
            last_s = float(device.counter.time_s[-1])
            reason = ""
            if device.counter.segment[-1] > 0:
                reason = "started again during the run, as after a driver reload"
            elif last_s < float(end[0]) - _MIN_GAP_S:
                reason = f"gave no reading after {format_duration(last_s)}"
            if reason and integrated is not None:
                said.append(
                    f"the counter of {device.device} {reason}: its power readings were "
                    "integrated instead"
                )
            continue
        if integrated is None or (run.duration_s or 0) < _MIN_CHECKED_S:
            continue
        gap = integrated.energy_j / counted.energy_j - 1
        overlap = (
            integrated.low_j <= counted.high_j and counted.low_j <= integrated.high_j
        )
        if abs(gap) > MAX_DISAGREEMENT and not overlap:
            said.append(
                f"the two instruments of {device.device} disagree: integrated power "
                f"gives {format_energy(integrated.energy_j)}, {gap:+.1%} of its "
                f"counter's {format_energy(counted.energy_j)}"
            )
    return said


def _doubts_of_conditions(run: Run, samples: Samples) -> list[str]:
    """Tell of devices that others used too, or that slowed themselves down."""
    said = []
    during = samples.time_s >= run.start_s
    during &= samples.time_s <= run.start_s + (run.duration_s or 0.0)
    for channel, row in zip(samples.channels, samples.values, strict=True):
        known = row[during & np.isfinite(row)]
        if not len(known):
            continue
        if channel.quantity == "n_processes" and known.max() > 1:
            said.append(
                f"up to {known.max():.0f} processes used {channel.device}: its energy "
                "is that of all of them"
            )
        if channel.quantity == "throttle_bits":
            slowed = np.mean((known.astype(np.int64) & _SLOWDOWN_BITS) != 0)
            if slowed > _MAX_SLOWED_FRACTION:
                said.append(
                    f"{channel.device} was slowed down by heat or by its power supply "
                    f"in {slowed:.0%} of the readings"
                )
    return said


def _doubts_of_short_windows(run: Run, devices: Sequence[DeviceSeries]) -> list[str]:
    """Tell of windows that are short beside the refresh of what measured them."""
    limit_s = MIN_REFRESHES * max((_refresh_s(d) for d in devices), default=0.0)
    short = Counter(w.name for w in run.windows if w.duration_s < limit_s)
    return [
        f"{n} window{'s' if n > 1 else ''} {name!r} shorter than {MIN_REFRESHES} "
        f"refreshes of the sensor ({format_duration(limit_s)}): the bounds are wide; "
        "put several repeats of the work into one window"
        for name, n in sorted(short.items())
    ]


def _refresh_s(device: DeviceSeries) -> float:
    """Return how old the readings of a device may be [s]; 0 where that is not known."""
    channel = device.counter_channel or device.power_channel
    if channel is None or channel.provenance == "modelled":
        return 0.0
    if device.counter is not None:
        return device.counter.refresh_s or 0.0
    return 0.0 if device.power is None else device.power.lag_s
