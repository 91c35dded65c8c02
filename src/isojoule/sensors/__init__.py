"""Energy and power sources behind one protocol, one file each."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from isojoule.errors import SensorUnavailableError
from isojoule.records import Channel, Quantity
from isojoule.sensors.amd import AmdSensor
from isojoule.sensors.apple import AppleSensor
from isojoule.sensors.cpu_model import CpuModelSensor
from isojoule.sensors.nvml import NvmlSensor
from isojoule.sensors.rapl import RaplSensor
from isojoule.sensors.unusable import UnusableSensor


class Sensor(Protocol):
    """A source of readings; `open` returned it usable."""

    @property
    def name(self) -> str:
        """Name of the source."""
        ...

    @property
    def quantity(self) -> Literal["energy_j", "power_w"]:
        """What its energies are made from: a counter or power readings."""
        ...

    @property
    def channels(self) -> Sequence[Channel]:
        """What `read` returns, in this order."""
        ...

    def read(self, quantities: Collection[Quantity] | None = None) -> Sequence[float]:
        """Return one reading per channel in its unit; NaN where a reading failed.

        Parameters
        ----------
        quantities : collection of str or None
            Only channels of these need to be read; the others may be NaN. `None` asks
            for all. Counters are asked for alone at the edges of windows, where every
            further call would delay the work.
        """
        ...

    def close(self) -> None:
        """Release the source; reading afterwards is an error."""
        ...


SENSORS: Mapping[str, Callable[[], Sensor]] = {
    "nvml": NvmlSensor.open,
    "amd": AmdSensor.open,
    "apple": AppleSensor.open,
    "rapl": RaplSensor.open,
    "cpu-model": CpuModelSensor.open,
}


@dataclass(frozen=True, slots=True)
class SensorState:
    """What became of one sensor on this machine.

    Parameters
    ----------
    name : str
        Key in `SENSORS`.
    sensor : Sensor or None
        The open sensor, where it could be opened.
    reason : str
        Why not, where it could not.
    remedy : str
        What makes it usable, where anything does.
    is_present : bool
        Whether its hardware is here.
    """

    name: str
    sensor: Sensor | None
    reason: str = ""
    remedy: str = ""
    is_present: bool = True


def probe_sensors() -> list[SensorState]:
    """Return the state of every known sensor; the usable ones are open."""
    states = []
    for name, open_sensor in SENSORS.items():
        try:
            states.append(SensorState(name, open_sensor()))
        except SensorUnavailableError as error:
            why = error.reason, error.remedy, error.is_present
            states.append(SensorState(name, None, *why))
    return states


def close_sensors(states: Sequence[SensorState]) -> None:
    """Close the sensors that `probe_sensors` opened."""
    for state in states:
        if state.sensor is not None:
            state.sensor.close()


def open_sensors() -> list[Sensor]:
    """Return all usable sensors, opened; the CPU model only where no CPU is measured.

    Returns
    -------
    list of Sensor
        Never two for the same component. One without channels stands for each sensor
        whose hardware is here but cannot be read.
    """
    states = probe_sensors()
    opened = [s.sensor for s in states if s.sensor is not None]
    measured = {
        c.component
        for s in opened
        for c in metered_channels(s)
        if c.provenance == "measured"
    }
    kept: list[Sensor] = [
        UnusableSensor(s.name, s.reason, s.remedy)
        for s in states
        if s.sensor is None and s.is_present
    ]
    for sensor in opened:
        components = {c.component for c in metered_channels(sensor)}
        modelled = all(c.provenance == "modelled" for c in metered_channels(sensor))
        if modelled and components <= measured:
            sensor.close()
        else:
            kept.append(sensor)
    return kept


def metered_channels(sensor: Sensor) -> list[Channel]:
    """Return the channels that energies are made from; a load is no energy."""
    return [c for c in sensor.channels if c.quantity in {"energy_j", "power_w"}]
