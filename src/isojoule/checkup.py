"""What the sensors of this machine can do, measured: refresh, power now, cost."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from isojoule.energy import devices_of
from isojoule.meter import Meter
from isojoule.records import Component, Provenance
from isojoule.sensors import Sensor

_N_READS: Final = 20


@dataclass(frozen=True, slots=True)
class DeviceCheck:
    """What one device gave within a short time.

    Parameters
    ----------
    sensor : str
        Name of the sensor that reads it.
    device : str
        Such as ``gpu0``.
    component : {"gpu", "cpu", "dram", "node", "wall"}
        What it is part of.
    provenance : {"measured", "modelled"}
        Of its energy.
    origin : str
        What its energy is read from.
    refresh_s : float or None
        Time between two changes of its counter, or age that a power reading may have
        [s]; `None` where that could not be seen.
    power_w : float or None
        Mean power meanwhile [W], whatever ran.
    read_s : float
        Time that one reading of the whole sensor takes [s].
    """

    sensor: str
    device: str
    component: Component
    provenance: Provenance
    origin: str
    refresh_s: float | None
    power_w: float | None
    read_s: float


def check_sensors(
    sensors: Sequence[Sensor],
    *,
    duration_s: float,
    wait: Callable[[float], object] = time.sleep,
) -> list[DeviceCheck]:
    """Return what the devices of open sensors give, measured for a while.

    Parameters
    ----------
    sensors : sequence of Sensor
        Open sensors; they stay open.
    duration_s : float
        How long to measure [s].
    wait : callable
        Returns after so many seconds.

    Raises
    ------
    SensorUnavailableError
        If no sensor has a channel.
    """
    read_s = {sensor.name: _read_s(sensor) for sensor in sensors}
    with Meter("doctor", sensors=sensors) as meter:
        wait(duration_s)
    run = meter.run
    if run.samples is None or not run.duration_s:
        return []
    owners = {c.name: sensor.name for sensor in sensors for c in sensor.channels}
    checks = []
    for device in devices_of(run.samples):
        channel = device.counter_channel or device.power_channel
        if channel is None:
            continue
        energy_j = device.energy_j(run.start_s, run.start_s + run.duration_s)
        refresh_s = run.refresh_s.get(channel.name)
        if device.counter_channel is None and device.power is not None:
            refresh_s = device.power.lag_s
        sensor_name = owners[channel.name]
        checks.append(
            DeviceCheck(
                sensor=sensor_name,
                device=device.device,
                component=device.component,
                provenance=channel.provenance,
                origin=channel.origin,
                refresh_s=refresh_s,
                power_w=None if energy_j is None else energy_j / run.duration_s,
                read_s=read_s[sensor_name],
            )
        )
    return checks


def _read_s(sensor: Sensor) -> float:
    """Return the time that one reading takes [s]."""
    before_s = time.perf_counter()
    for _ in range(_N_READS):
        sensor.read()
    return (time.perf_counter() - before_s) / _N_READS
