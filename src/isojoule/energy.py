"""From readings to the energies of devices and components. Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.counters import CounterSeries, EnergySpan
from isojoule.powers import PowerSeries
from isojoule.records import (
    Channel,
    Component,
    ComponentEnergy,
    EnergySource,
    Samples,
)

Floats = NDArray[np.float64]

_WEAKNESS: Final[dict[EnergySource, int]] = {"counter": 0, "sampled": 1, "modelled": 2}


@dataclass(frozen=True, slots=True)
class DeviceSeries:
    """The counter and the power readings of one device.

    Parameters
    ----------
    device : str
        Such as ``gpu0``.
    component : {"gpu", "cpu", "dram", "node", "wall"}
        What the device is part of.
    counter_channel, power_channel : Channel or None
        What was read.
    counter, power : CounterSeries or PowerSeries or None
        The readings; `None` where there are none.
    """

    device: str
    component: Component
    counter_channel: Channel | None
    counter: CounterSeries | None
    power_channel: Channel | None
    power: PowerSeries | None

    def energies(self, start_s: Floats, end_s: Floats) -> list[ComponentEnergy]:
        """Return the energy of each window: of the counter, else of the power.

        Parameters
        ----------
        start_s, end_s : ndarray of shape (n_windows,)
            Edges of the windows [s].
        """
        if self.counter_channel and self.counter_channel.provenance == "modelled":
            return self._modelled(start_s, end_s)
        nothing: list[EnergySpan | None] = [None] * len(start_s)
        counted = integrated = nothing
        if self.counter is not None:
            counted = self.counter.between(
                start_s, end_s, steady_w=self._steady_w(start_s, end_s)
            )
        if self.power is not None and None in counted:
            integrated = self.power.between(start_s, end_s)
        return [self._energy(*spans) for spans in zip(counted, integrated, strict=True)]

    def _steady_w(self, start_s: Floats, end_s: Floats) -> Floats | None:
        """Return the power around windows, if it is read and no running mean [W]."""
        channel = self.power_channel
        if self.power is None or channel is None or channel.averaging_s is not None:
            return None
        return self.power.steady_w(start_s, end_s)

    def energy_j(self, start_s: float, end_s: float) -> float | None:
        """Return the energy of one window [J]; `None` where it is not known."""
        (energy,) = self.energies(np.array([start_s]), np.array([end_s]))
        return energy.energy_j

    def _modelled(self, start_s: Floats, end_s: Floats) -> list[ComponentEnergy]:
        """Return the energies of a counter that assumed watts drive."""
        absent = ComponentEnergy(self.component, None, "absent")
        if self.counter is None or self.counter_channel is None:
            return [absent for _ in start_s]
        step_j = self.counter_channel.resolution or 0.0
        reached_j = np.interp(
            [start_s, end_s], self.counter.time_s, self.counter.energy_j
        )
        return [
            # Less than a step of the CPU times is not 0 J.
            ComponentEnergy(self.component, float(energy_j), "modelled")
            if energy_j >= step_j
            else absent
            for energy_j in reached_j[1] - reached_j[0]
        ]

    def _energy(
        self, counted: EnergySpan | None, integrated: EnergySpan | None
    ) -> ComponentEnergy:
        if counted is not None and self.counter_channel is not None:
            return _bounded(counted, self.counter_channel, "counter")
        if integrated is None or self.power_channel is None:
            return ComponentEnergy(self.component, None, "absent")
        if self.power_channel.provenance == "modelled":
            # How far assumed watts are off, no reading tells.
            return ComponentEnergy(self.component, integrated.energy_j, "modelled")
        return _bounded(integrated, self.power_channel, "sampled")


def _bounded(
    span: EnergySpan, channel: Channel, source: EnergySource
) -> ComponentEnergy:
    """Return the energy of a channel with its gain error and rounding in the bounds."""
    gain = channel.gain_error_fraction or 0.0
    step_j = channel.resolution or 0.0 if channel.quantity == "energy_j" else 0.0
    return ComponentEnergy(
        channel.component,
        span.energy_j,
        source,
        max(0.0, span.low_j - step_j) * (1 - gain),
        (span.high_j + step_j) * (1 + gain),
        channel.gain_error_fraction,
    )


def devices_of(samples: Samples) -> list[DeviceSeries]:
    """Return the series of every device that gave energy or power, by component.

    Parameters
    ----------
    samples : Samples
        Readings of all sensors.
    """
    rows = [
        (channel, row)
        for channel, row in zip(samples.channels, samples.values, strict=True)
        if channel.quantity in {"energy_j", "power_w"}
    ]
    rows.sort(key=lambda pair: (pair[0].component, pair[0].device))
    devices = []
    for (component, device), group in groupby(
        rows, key=lambda pair: (pair[0].component, pair[0].device)
    ):
        by_quantity = {channel.quantity: (channel, row) for channel, row in group}
        counter, counter_row = by_quantity.get("energy_j", (None, None))
        power, power_row = by_quantity.get("power_w", (None, None))
        devices.append(
            DeviceSeries(
                device,
                component,
                counter,
                None
                if counter is None or counter_row is None
                else CounterSeries.fit(
                    samples.time_s,
                    counter_row,
                    counter_range_j=counter.counter_range_j,
                ),
                power,
                None
                if power is None or power_row is None
                else PowerSeries.fit(
                    samples.time_s, power_row, averaging_s=power.averaging_s
                ),
            )
        )
    return devices


def component_energies(
    samples: Samples, spans_s: Sequence[tuple[float, float]]
) -> list[tuple[ComponentEnergy, ...]]:
    """Return the energy of every observed component in each of several windows.

    Parameters
    ----------
    samples : Samples
        Readings of all sensors.
    spans_s : sequence of (float, float)
        Start and end of each window on the time axis of the samples [s].

    Returns
    -------
    list of tuple of ComponentEnergy
        For each window one per component with an energy or power channel, the sum over
        its devices. A component of which any device gave nothing is ``absent``: a sum
        that leaves a device out would not be its energy.
    """
    return energies_of(devices_of(samples), spans_s)


def energies_of(
    devices: Sequence[DeviceSeries], spans_s: Sequence[tuple[float, float]]
) -> list[tuple[ComponentEnergy, ...]]:
    """Return what `component_energies` does, from series that are there already."""
    edges_s = np.array(spans_s, dtype=np.float64).reshape(-1, 2)
    by_device = [d.energies(edges_s[:, 0], edges_s[:, 1]) for d in devices]
    return [
        tuple(
            total_energy(list(group))
            for _, group in groupby(
                (energies[i] for energies in by_device), key=lambda e: e.component
            )
        )
        for i in range(len(edges_s))
    ]


def total_energy(parts: Sequence[ComponentEnergy]) -> ComponentEnergy:
    """Return the sum of energies of one component, over its devices or over machines.

    Parameters
    ----------
    parts : sequence of ComponentEnergy
        At least one, all of the same component.

    Returns
    -------
    ComponentEnergy
        ``absent`` if any part is. Its source is the weakest, its bounds are the sums of
        the bounds, as if all errors went the same way, which gains may.
    """
    component = parts[0].component
    known = [(e.energy_j, e) for e in parts if e.energy_j is not None]
    if len(known) < len(parts):
        return ComponentEnergy(component, None, "absent")
    energy_j = sum(value for value, _ in known)
    source = max((e.source for _, e in known), key=lambda s: _WEAKNESS.get(s, 3))
    lows = [e.energy_low_j for _, e in known if e.energy_low_j is not None]
    highs = [e.energy_high_j for _, e in known if e.energy_high_j is not None]
    gains = [
        value * e.gain_error_fraction
        for value, e in known
        if e.gain_error_fraction is not None
    ]
    bounded = len(lows) == len(highs) == len(known)
    gained = len(gains) == len(known) and energy_j > 0
    return ComponentEnergy(
        component,
        energy_j,
        source,
        sum(lows) if bounded else None,
        sum(highs) if bounded else None,
        sum(gains) / energy_j if gained else None,
    )


def mean_reading(
    samples: Samples, quantity: str, component: str, *, start_s: float, end_s: float
) -> float | None:
    """Return the time-weighted mean of a gauge over all devices of a component.

    Parameters
    ----------
    samples : Samples
        Readings of all sensors.
    quantity, component : str
        Which channels to average.
    start_s, end_s : float
        Between which times [s].

    Returns
    -------
    float or None
        In the unit of the channels; `None` where nothing was read.
    """
    if end_s <= start_s:
        return None
    edges = np.array([start_s]), np.array([end_s])
    means = [
        float(series.held_j(*edges)[0]) / (end_s - start_s)
        for channel, row in zip(samples.channels, samples.values, strict=True)
        if channel.quantity == quantity
        and channel.component == component
        and (series := PowerSeries.fit(samples.time_s, row)) is not None
        and series.time_s[0] <= end_s
    ]
    return sum(means) / len(means) if means else None
