"""From readings to energy: counters, integrated power, shares. Arithmetic only."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from isojoule.records import (
    Channel,
    Component,
    ComponentEnergy,
    EnergySource,
    Run,
    Samples,
    Status,
    Window,
)


def counter_energy_j(
    readings_j: NDArray[np.float64], *, counter_range_j: float | None = None
) -> float | None:
    """Return the energy between the first and last reading of a counter [J].

    Parameters
    ----------
    readings_j : ndarray of shape (n,)
        Counter values [J] in order of time; NaN where a reading failed.
    counter_range_j : float or None
        Where the counter starts again from zero [J]. With a known range every fall is
        one wrap-around, so at most one may lie between two readings.

    Returns
    -------
    float or None
        `None` if fewer than two readings succeeded, if nothing changed (the counter did
        not refresh: that is not 0 J), or if a counter without a range fell (it was
        reset, as by a driver reload).
    """
    known = readings_j[np.isfinite(readings_j)]
    if len(known) < 2:
        return None
    steps = np.diff(known)
    falls = steps < 0
    if falls.any():
        if counter_range_j is None:
            return None
        steps[falls] += counter_range_j
    total_j = float(steps.sum())
    return total_j if total_j > 0 else None


def integrated_energy_j(
    time_s: NDArray[np.float64],
    power_w: NDArray[np.float64],
    *,
    start_s: float,
    end_s: float,
) -> float | None:
    """Return power integrated over a window [J], each reading held to the next.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        Time of the readings [s], not decreasing.
    power_w : ndarray of shape (n,)
        Readings [W]; NaN where one failed.
    start_s, end_s : float
        Window [s]. The reading before the window holds into it; the first known
        reading also holds back to `start_s`.

    Returns
    -------
    float or None
        `None` if no reading at or before `end_s` succeeded.

    Notes
    -----
    Holding, not joining by straight lines: NVML answers with the value of its last
    refresh, so a reading is true until the next one, and equal readings are readings.
    """
    usable = np.isfinite(power_w) & (time_s <= end_s)
    if not usable.any():
        return None
    times, powers = time_s[usable], power_w[usable]
    edges = np.clip(np.append(times, end_s), start_s, end_s)
    edges[0] = start_s
    return float(np.dot(powers, np.diff(edges)))


def _device_energy(
    channels: list[tuple[Channel, NDArray[np.float64]]],
    time_s: NDArray[np.float64],
    start_s: float,
    end_s: float,
) -> tuple[float, EnergySource] | None:
    """Return energy and source of one device: its counter, else its power readings."""
    inside = (time_s >= start_s) & (time_s <= end_s)
    for channel, row in channels:
        if channel.quantity == "energy_j":
            energy_j = counter_energy_j(
                row[inside], counter_range_j=channel.counter_range_j
            )
            if energy_j is not None:
                return energy_j, "counter"
    for channel, row in channels:
        if channel.quantity == "power_w":
            energy_j = integrated_energy_j(time_s, row, start_s=start_s, end_s=end_s)
            if energy_j is not None:
                modelled = channel.provenance == "modelled"
                return energy_j, "modelled" if modelled else "sampled"
    return None


def component_energies(
    samples: Samples, *, start_s: float, end_s: float
) -> tuple[ComponentEnergy, ...]:
    """Return the energy of every observed component between two times.

    Parameters
    ----------
    samples : Samples
        Readings of all sensors.
    start_s, end_s : float
        Window on the time axis of the samples [s].

    Returns
    -------
    tuple of ComponentEnergy
        One per component with an energy or power channel, the sum over its devices.
        A component of which any device gave nothing is ``absent``: a sum that leaves a
        device out would not be its energy.
    """
    rows = zip(samples.channels, samples.values, strict=True)
    metered = [(c, v) for c, v in rows if c.quantity in {"energy_j", "power_w"}]
    metered.sort(key=lambda pair: (pair[0].component, pair[0].device))
    energies = []
    for component, of_component in groupby(metered, key=lambda pair: pair[0].component):
        devices = [
            _device_energy(list(group), samples.time_s, start_s, end_s)
            for _, group in groupby(of_component, key=lambda pair: pair[0].device)
        ]
        energies.append(_sum_devices(component, devices))
    return tuple(energies)


def _sum_devices(
    component: Component, devices: Iterable[tuple[float, EnergySource] | None]
) -> ComponentEnergy:
    found = list(devices)
    known = [d for d in found if d is not None]
    if len(known) < len(found):
        return ComponentEnergy(component, None, "absent")
    sources: set[EnergySource] = {source for _, source in known}
    weakest: EnergySource = "counter"
    for source in ("sampled", "modelled"):
        if source in sources:
            weakest = source
    return ComponentEnergy(component, sum(energy_j for energy_j, _ in known), weakest)


def mean_reading(samples: Samples, quantity: str, component: str) -> float | None:
    """Return the time-weighted mean of a gauge over all devices of a component.

    Parameters
    ----------
    samples : Samples
        Readings of all sensors.
    quantity, component : str
        Which channels to average.

    Returns
    -------
    float or None
        In the unit of the channels; `None` where nothing was read.
    """
    start_s, end_s = float(samples.time_s[0]), float(samples.time_s[-1])
    if end_s <= start_s:
        return None
    means = [
        area / (end_s - start_s)
        for channel, row in zip(samples.channels, samples.values, strict=True)
        if channel.quantity == quantity
        and channel.component == component
        and (
            area := integrated_energy_j(
                samples.time_s, row, start_s=start_s, end_s=end_s
            )
        )
        is not None
    ]
    return sum(means) / len(means) if means else None


def finish_run(
    run: Run, samples: Samples, windows: Iterable[Window], *, status: Status
) -> Run:
    """Return `run` with the energies, duration and utilization that its samples say.

    Parameters
    ----------
    run : Run
        As it was known at the start.
    samples : Samples
        All readings.
    windows : iterable of Window
        Edges of the windows; their energies are worked out here.
    status : {"complete", "interrupted", "failed", "recovered"}
        How it ended.
    """
    if len(samples.time_s) < 2:
        nothing = tuple(
            ComponentEnergy(component, None, "absent")
            for component in sorted({c.component for c in samples.channels})
        )
        return replace(
            run,
            status=status,
            energies=nothing,
            duration_s=0.0,
            samples=samples,
            warnings=(*run.warnings, "the run ended before a second reading"),
        )
    start_s, end_s = float(samples.time_s[0]), float(samples.time_s[-1])
    energies = component_energies(samples, start_s=start_s, end_s=end_s)
    return replace(
        run,
        status=status,
        energies=energies,
        duration_s=end_s - start_s,
        samples=samples,
        windows=tuple(
            replace(
                w,
                energies=component_energies(samples, start_s=w.start_s, end_s=w.end_s),
            )
            for w in windows
        ),
        gpu_utilization_fraction=mean_reading(samples, "utilization_fraction", "gpu"),
        warnings=(*run.warnings, *_doubts(energies)),
    )


def _doubts(energies: Iterable[ComponentEnergy]) -> list[str]:
    return [
        f"{energy.component} energy is not known: the run was shorter than a refresh "
        "of its counter, or readings failed"
        for energy in energies
        if energy.source == "absent"
    ]
