"""CPU packages and memory through RAPL, as the Linux powercap tree shows it.

========================  ====  =======================================================
channel                   unit  meaning, support and rights
========================  ====  =======================================================
``cpu<n>_energy_j``       J     package *n* with cores and cache; Intel, AMD from Zen on
``dram<n>_energy_j``      J     memory of package *n*; Intel servers, some desktops
========================  ====  =======================================================

Both come from ``energy_uj`` files, which only root may read unless granted, since
readings give away secrets of other users (CVE-2020-8694). A package of several dies
has a zone for each: ``cpu<n>_die<m>_energy_j``.

Never read: ``core`` and ``uncore`` (parts of the package) and ``psys`` (contains it).
No gain error is stated, since it differs with machine and load. Servers from Haswell
on measure, others estimate from activity: Desrochers, Paradis, Weaver (2016),
doi:10.1145/2989081.2989088; for AMD Schöne et al. (2021), arXiv:2108.00808.
"""

import os
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Final, Literal, Self

from isojoule.errors import SensorUnavailableError
from isojoule.records import Channel, Quantity
from isojoule.sensors.visible import local_rank, require_first_rank
from isojoule.units import J_PER_UJ

# Packages of several dies have one zone per die.
_PACKAGE_NAME = re.compile(r"package-(?P<package>\d+)(?:-die-(?P<die>\d+))?")
_ZONE_ID = re.compile(r"intel-rapl(?P<mmio>-mmio)?:(?P<top>\d+)(?::(?P<sub>\d+))?")

# The longest 64-bit number has 20 digits, and a line feed follows.
_MAX_CHARACTERS: Final = 32

_SKEW_J: Final = 0.5
"""How far two views of one counter may be apart [J].

Counters are renewed about every millisecond (Intel SDM 3B, "RAPL interfaces"): 0.5 J
is what 500 W take in one. Counters of their own count to 65 kJ and more, so that two of
them are that close by chance once in 65,000 times.
"""


@dataclass(frozen=True, slots=True)
class _Zone:
    """A zone to read: what it is, and where."""

    folder: Path
    component: Literal["cpu", "dram"]
    package: str
    die: str | None

    @property
    def device(self) -> str:
        die = "" if self.die is None else f"_die{self.die}"
        return f"{self.component}{self.package}{die}"

    @property
    def counter_path(self) -> Path:
        return self.folder / "energy_uj"

    def channel(self) -> Channel:
        return Channel(
            name=f"{self.device}_energy_j",
            component=self.component,
            quantity="energy_j",
            device=self.device,
            counter_range_j=_counter_range_j(self.folder),
            origin=str(self.counter_path),
        )


@dataclass(frozen=True, slots=True)
class _Counter:
    """A zone with its open file."""

    zone: _Zone
    descriptor: int


class RaplSensor:
    """Reads the energy counters of CPU packages and memory.

    Parameters
    ----------
    channels : sequence of Channel
        One per counter.
    descriptors : sequence of int
        Open ``energy_uj`` files, in the same order.
    resources : ExitStack
        What `close` closes: these files, and those that turned out not to count.
    doubts : sequence of str
        What was left out, and what may be missing.
    """

    name = "rapl"
    quantity: Literal["energy_j"] = "energy_j"

    def __init__(
        self,
        channels: Sequence[Channel],
        descriptors: Sequence[int],
        *,
        resources: ExitStack,
        doubts: Sequence[str] = (),
    ) -> None:
        self.channels = tuple(channels)
        self.doubts = tuple(doubts)
        self._descriptors = tuple(descriptors)
        self._resources = resources
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
            If there is no package here, or the counter of one cannot be read: a sum
            that leaves one out would not be the energy of the CPU. Also on all ranks
            of a job but the first on its machine, which measures for all of them.

        Notes
        -----
        A package may show in several zones: through MSR and MMIO, or once for each of
        its dies with one and the same counter. Each package, and each memory, is
        counted once, through MSR if possible. Where a memory cannot be read, all of it
        is left out, and `doubts` says so.
        """
        require_first_rank("the CPUs", local_rank())
        zones = _zones(root)
        packages = [zone for zone in zones if zone.component == "cpu"]
        if not packages:
            reason, remedy = _absence(root)
            raise SensorUnavailableError(reason, remedy)
        doubts: list[str] = []
        with ExitStack() as resources:
            counters = [_opened(zone, root, resources) for zone in packages]
            try:
                memories = [z for z in zones if z.component == "dram"]
                counters += [_opened(zone, root, resources) for zone in memories]
            except SensorUnavailableError as error:
                doubts.append(f"The energy of memory is left out: {error}.")
            counters = _counted_once(counters, doubts)
            channels = [counter.zone.channel() for counter in counters]
            doubts += _range_doubts(channels)
            return cls(
                channels,
                [counter.descriptor for counter in counters],
                resources=resources.pop_all(),
                doubts=doubts,
            )

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return one counter value per channel [J]; NaN where a file gave none.

        Parameters
        ----------
        quantities : collection of str or None
            What to read; without ``energy_j`` nothing is.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the rapl sensor is closed: open another one")
        if quantities is not None and "energy_j" not in quantities:
            return [nan] * len(self.channels)
        return [_counter_j(descriptor) for descriptor in self._descriptors]

    def close(self) -> None:
        """Close the files; a second call does nothing."""
        self._closed = True
        self._resources.close()


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
    return list(by_device.values())


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
    component: Literal["cpu", "dram"] = "dram" if is_subzone else "cpu"
    return _Zone(folder, component, match["package"], match["die"])


def _line(path: Path) -> str:
    """Return the text of a small file; empty where it cannot be read.

    Containers mask the tree behind the links of the class folder, so that a zone shows
    whose files do not exist.
    """
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _absence(root: Path) -> tuple[str, str]:
    """Return why there is no package to read, and what helps."""
    names = [_line(folder / "name") for folder in root.glob("intel-rapl*:*")]
    reason = f"no RAPL packages in {root}"
    if "psys" in names:
        reason += (
            ", only psys: that is the whole platform, and what it takes in differs"
        )
        return reason, ""
    if names and not any(names):
        reason += ": the container hides the files behind it"
        docker, podman = (
            "systempaths=unconfined",
            "unmask=/sys/devices/virtual/powercap",
        )
        option = "--security-opt"
        return reason, f"docker run {option} {docker}, or podman run {option} {podman}"
    reason += ": a virtual machine, a container, or a CPU or system without RAPL"
    driver = "`sudo modprobe intel_rapl_msr` loads the driver, for AMD too"
    return reason, f"measure on the bare machine; there, {driver}"


def _opened(zone: _Zone, root: Path, resources: ExitStack) -> _Counter:
    """Return the counter of a zone; `resources` closes it.

    Raises
    ------
    SensorUnavailableError
        If it gives no value, with the command that grants it where rights are missing.
    """
    path = zone.counter_path
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as error:
        files = f"{root}/intel-rapl*:*/energy_uj"
        raise SensorUnavailableError(
            f"RAPL is here, but this user may not read {path}",
            f"`sudo chmod a+r {files}` grants it until the next restart; to keep it, "
            f"also `echo 'z {files} 0444' | sudo tee /etc/tmpfiles.d/isojoule.conf`",
            is_present=True,
        ) from error
    except OSError as error:
        raise SensorUnavailableError(
            f"RAPL is here, but {path} does not open: {error.strerror}",
            is_present=True,
        ) from error
    resources.callback(os.close, descriptor)
    try:
        _parsed_j(descriptor)
    except (OSError, ValueError) as error:
        raise SensorUnavailableError(
            f"RAPL is here, but {path} holds no counter: {error}"
        ) from error
    return _Counter(zone, descriptor)


def _counted_once(counters: Iterable[_Counter], doubts: list[str]) -> list[_Counter]:
    """Return the counters without those that mirror one of another die.

    AMD Zen 1 and Zen 2 parts of several dies show a zone per die, each with the counter
    of the whole package: their sum would be a multiple of its energy.
    """
    kept: list[_Counter] = []
    for counter in counters:
        original = next((k for k in kept if _mirrors(counter, k)), None)
        if original is None:
            kept.append(counter)
        else:
            doubts.append(
                f"RAPL shows the counter of {original.zone.device} again as "
                f"{counter.zone.device}: it was counted once."
            )
    return kept


def _mirrors(counter: _Counter, original: _Counter) -> bool:
    """Return whether two dies of a package show one counter."""
    zone, other = counter.zone, original.zone
    if (zone.component, zone.package) != (other.component, other.package):
        return False
    before_j = _counter_j(original.descriptor)
    seen_j = _counter_j(counter.descriptor)
    after_j = _counter_j(original.descriptor)
    # Two that never counted are no sign of anything.
    return before_j > 0 and before_j - _SKEW_J <= seen_j <= after_j + _SKEW_J


def _range_doubts(channels: Sequence[Channel]) -> list[str]:
    return [
        f"Nothing tells where {channel.name} starts again from zero: a window in which "
        "it does has no energy."
        for channel in channels
        if channel.counter_range_j is None
    ]


def _counter_range_j(folder: Path) -> float | None:
    text = _line(folder / "max_energy_range_uj")
    return int(text) * J_PER_UJ if text.isdecimal() and int(text) > 0 else None


def _parsed_j(descriptor: int) -> float:
    # Reading at offset 0 makes the kernel evaluate the counter again.
    return int(os.pread(descriptor, _MAX_CHARACTERS, 0)) * J_PER_UJ


def _counter_j(descriptor: int) -> float:
    try:
        return _parsed_j(descriptor)
    except (OSError, ValueError):
        return nan
