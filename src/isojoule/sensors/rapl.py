"""CPU packages and memory through RAPL, as the Linux powercap tree shows it.

===========================  ====  ====================================================
channel                      unit  rights and support
===========================  ====  ====================================================
``cpu<n>_energy_j``          J     package *n* with cores and cache; readable by root
                                   only unless granted (CVE-2020-8694)
``dram<n>_energy_j``         J     memory of package *n*; servers, some desktops
===========================  ====  ====================================================

Never read: ``core`` and ``uncore`` (parts of the package) and ``psys`` (contains it).
"""

import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Literal, Self

from isojoule.errors import SensorUnavailableError
from isojoule.records import Channel, Component
from isojoule.units import J_PER_UJ

# Packages of several dies have one zone, and one counter, per die.
_PACKAGE_NAME = re.compile(r"package-(?P<package>\d+)(?:-die-(?P<die>\d+))?")
_ZONE_ID = re.compile(r"intel-rapl(?P<mmio>-mmio)?:(?P<top>\d+)(?::(?P<sub>\d+))?")

# The longest 64-bit number has 20 digits, and a line feed follows.
_MAX_CHARACTERS = 32


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone to read: what it is, and where."""

    folder: Path
    component: Component
    device: str

    def channel(self) -> Channel:
        return Channel(
            name=f"{self.device}_energy_j",
            component=self.component,
            quantity="energy_j",
            device=self.device,
            counter_range_j=_counter_range_j(self.folder),
        )


class RaplSensor:
    """Reads the energy counters of CPU packages and memory.

    Parameters
    ----------
    channels : sequence of Channel
        One per counter.
    descriptors : sequence of int
        Open ``energy_uj`` files, in the same order; closed by `close`.
    """

    name = "rapl"
    quantity: Literal["energy_j"] = "energy_j"

    def __init__(self, channels: Sequence[Channel], descriptors: Sequence[int]) -> None:
        self.channels = tuple(channels)
        self._descriptors = tuple(descriptors)
        self._closed = False

    @classmethod
    def open(cls, root: Path = Path("/sys/class/powercap")) -> Self:
        """Return a sensor for all packages and their memory.

        Parameters
        ----------
        root : Path
            The powercap tree.

        Returns
        -------
        RaplSensor
            Open; counters [J] that start again at ``counter_range_j``.

        Raises
        ------
        SensorUnavailableError
            If there is no package here, or a counter cannot be read: a sum that leaves
            one out would not be the energy of the CPU.

        Notes
        -----
        A package may show in several zones: through MSR and MMIO, or mirrored by the
        kernel. Each package, and each memory, is counted once, through MSR if possible.
        """
        zones = _zones(root)
        if not zones:
            raise SensorUnavailableError(
                f"no RAPL packages in {root}: a virtual machine, a container, or a CPU "
                "or system without RAPL",
                "measure on the bare machine, or let a container see "
                "/sys/devices/virtual/powercap",
            )
        with ExitStack() as cleanup:
            descriptors = []
            for zone in zones:
                descriptor = _opened_counter(zone.folder / "energy_uj", root)
                cleanup.callback(os.close, descriptor)
                descriptors.append(descriptor)
            sensor = cls([zone.channel() for zone in zones], descriptors)
            cleanup.pop_all()
        return sensor

    def read(self) -> list[float]:
        """Return one counter value per channel [J]; NaN where a file gave none.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the rapl sensor is closed: open another one")
        return [_counter_j(descriptor) for descriptor in self._descriptors]

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        if not self._closed:
            self._closed = True
            for descriptor in self._descriptors:
                os.close(descriptor)


def _zones(root: Path) -> list[_Zone]:
    """Return the zones to read: each package and each memory once, MSR before MMIO."""
    found = []
    for folder in root.glob("intel-rapl*:*"):
        zone_id = _ZONE_ID.fullmatch(folder.name)
        if zone_id is not None:
            sub = -1 if zone_id["sub"] is None else int(zone_id["sub"])
            order = (zone_id["mmio"] is not None, int(zone_id["top"]), sub)
            found.append((order, folder))
    by_device: dict[str, _Zone] = {}
    for _, folder in sorted(found):
        zone = _zone(folder)
        if zone is not None:
            by_device.setdefault(zone.device, zone)
    # CPU before memory; packages stay in the order of their zones.
    return sorted(by_device.values(), key=lambda zone: zone.component)


def _zone(folder: Path) -> _Zone | None:
    """Return the zone in `folder`; `None` if it is none that we count."""
    head = folder.name.rpartition(":")[0]
    is_subzone = ":" in head
    if is_subzone and _line(folder / "name") != "dram":
        return None
    package = _line((folder.with_name(head) if is_subzone else folder) / "name")
    match = _PACKAGE_NAME.fullmatch(package)
    if match is None:
        return None
    number = match["package"] + (f"_die{match['die']}" if match["die"] else "")
    if is_subzone:
        return _Zone(folder, "dram", f"dram{number}")
    return _Zone(folder, "cpu", f"cpu{number}")


def _line(path: Path) -> str:
    """Return the text of a small file; empty where it cannot be read.

    Containers mask the tree behind the links of the class folder, so that a zone shows
    whose files do not exist.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _counter_range_j(folder: Path) -> float | None:
    text = _line(folder / "max_energy_range_uj")
    return int(text) * J_PER_UJ if text.isdecimal() and int(text) > 0 else None


def _opened_counter(path: Path, root: Path) -> int:
    """Return a file descriptor that gives counter values.

    Raises
    ------
    SensorUnavailableError
        If it does not, with the command that grants it where rights are missing.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        raise SensorUnavailableError(
            f"RAPL is here, but this user may not read {path}",
            f"sudo chmod a+r {root}/intel-rapl*:*/energy_uj (until the next restart)",
        ) from error
    except OSError as error:
        raise SensorUnavailableError(
            f"RAPL is here, but {path} does not open: {error.strerror}"
        ) from error
    try:
        _parsed_j(descriptor)
    except (OSError, ValueError) as error:
        os.close(descriptor)
        raise SensorUnavailableError(
            f"RAPL is here, but {path} holds no counter: {error}"
        ) from error
    return descriptor


def _parsed_j(descriptor: int) -> float:
    # Reading at offset 0 makes the kernel evaluate the counter again.
    return int(os.pread(descriptor, _MAX_CHARACTERS, 0)) * J_PER_UJ


def _counter_j(descriptor: int) -> float:
    try:
        return _parsed_j(descriptor)
    except (OSError, ValueError):
        return nan
