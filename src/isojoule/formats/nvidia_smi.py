"""Logs of ``nvidia-smi --query-gpu=timestamp,... --format=csv -l 1``.

Names of the columns are those that ``nvidia-smi --help-query-gpu`` lists. The program
writes units into the header, and without ``nounits`` into the cells too.
"""

import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import inf, nan
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import FormatError
from isojoule.formats.foreign import read_text
from isojoule.formats.power_log import Device, Gauge, Readings, run_of_readings
from isojoule.records import Quantity, Run
from isojoule.units import BYTES_PER_MIB, HZ_PER_MHZ, percent_to_fraction


def _bytes(mebibytes: float) -> float:
    return mebibytes * BYTES_PER_MIB


def _hz(megahertz: float) -> float:
    return megahertz * HZ_PER_MHZ


class _Column(NamedTuple):
    ending: str
    quantity: Quantity
    unit: str = ""
    convert: Callable[[float], float] = float


_POWER: Final = _Column("power_w", "power_w", "W")
_LIMIT: Final = _Column("power_limit_w", "power_limit_w", "W")
_THROTTLE: Final = _Column("throttle_bits", "throttle_bits")


def _clock(ending: str) -> _Column:
    return _Column(ending, "clock_hz", "MHz", _hz)


def _share(quantity: Quantity) -> _Column:
    return _Column(quantity, quantity, "%", percent_to_fraction)


COLUMNS: Final[Mapping[str, _Column]] = {
    "power.draw.instant": _POWER,
    "power.draw": _POWER,
    "power.draw.average": _POWER,
    "enforced.power.limit": _LIMIT,
    "power.limit": _LIMIT,
    "utilization.gpu": _share("utilization_fraction"),
    "utilization.memory": _share("memory_utilization_fraction"),
    "memory.used": _Column("memory_bytes", "memory_bytes", "MiB", _bytes),
    "temperature.gpu": _Column("temperature_c", "temperature_c", "C"),
    "temperature.memory": _Column("memory_temperature_c", "temperature_c", "C"),
    "clocks.current.sm": _clock("sm_clock_hz"),
    "clocks.current.graphics": _clock("graphics_clock_hz"),
    "clocks.current.memory": _clock("memory_clock_hz"),
    "clocks_event_reasons.active": _THROTTLE,
    "clocks_throttle_reasons.active": _THROTTLE,
}
"""Their columns of readings: the end of our channel, their unit, the way to SI."""

_ALIASES: Final = {
    "gpu_name": "name",
    "gpu_uuid": "uuid",
    "gpu_bus_id": "pci.bus_id",
    "clocks.sm": "clocks.current.sm",
    "clocks.gr": "clocks.current.graphics",
    "clocks.mem": "clocks.current.memory",
}
_IDENTITIES: Final = ("uuid", "pci.bus_id", "index", "serial")
_STAMP: Final = re.compile(r"\d{4}[/-]\d\d[/-]\d\d \d\d:\d\d:\d\d(?:\.\d+)?")
_QUERY: Final = "--query-gpu=timestamp,index,name,power.draw --format=csv"
_TOLERATED_BACK_S: Final = 1.0  # the clock is being adjusted; more is a clock set back
_COLDEST_C: Final = -273.15
_AVERAGING_S: Final = 1.0  # of power.draw.average, says nvidia-smi --help-query-gpu
_CLOSE_S: Final = 0.05  # between the lines of one poll; the polls are further apart
_CLOSE_FRACTION: Final = 0.1
_CLOSE_SHARE: Final = 0.4


def is_nvidia_smi(head: str) -> bool:
    """Return whether a file that begins with `head` is a log of nvidia-smi."""
    cells = _cells(head.lstrip().partition("\n")[0])
    names = {_name(cell) for cell in cells}
    return bool(names & COLUMNS.keys()) or any(map(_STAMP.fullmatch, cells))


def read_nvidia_smi(path: Path) -> list[Run]:
    """Return the run of a log, its readings kept; several where it is several logs.

    Parameters
    ----------
    path : Path
        Output of ``nvidia-smi --query-gpu=... --format=csv``, also with ``nounits``,
        with the columns in any order. It needs ``timestamp`` and, of several GPUs,
        one of ``uuid``, ``pci.bus_id``, ``index``, ``serial``.

    Raises
    ------
    FormatError
        If it is not such a log; the message has the line.

    Notes
    -----
    The energy of the GPUs is their power joined by straight lines from the first to the
    last reading, ``sampled``. A GPU whose power is not known from end to end makes the
    sum ``absent``. Gaps of more than three times the median spacing become warnings
    that tell how much energy was bridged. The log begins anew, as another run, where
    its header is repeated and where the clock runs backwards. A last line without a
    line break is left out.

    The dates have no time zone, so that the start is not known as a date.
    """
    text = read_text(path)
    lines = text.splitlines()
    doubts = []
    if len(lines) > 1 and not text.endswith("\n"):
        lines.pop()
        doubts.append("the last line has no line break and is left out as cut off")
    sections = _sections(path, lines)
    if not sections:
        raise FormatError(f"{path} has a header and no readings")
    sections[-1].doubts += doubts
    return [
        run_of_readings(
            section.readings(),
            path=path,
            program="nvidia-smi",
            part=f"part {number} of {len(sections)}" if len(sections) > 1 else "",
        )
        for number, section in enumerate(sections, start=1)
    ]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split(",")]


def _name(cell: str) -> str:
    """Return the name of a column, without the unit that stands in its heading."""
    name = cell.partition(" [")[0].casefold()
    return _ALIASES.get(name, name)


@dataclass(frozen=True, slots=True)
class _Header:
    """Where a log has what."""

    cells: Sequence[str]
    position: Mapping[str, int]
    gauges: tuple[str, ...]
    identity: str | None

    @classmethod
    def of(cls, path: Path, line: int, cells: Sequence[str]) -> "_Header":
        if any(map(_STAMP.fullmatch, cells)):
            raise FormatError(
                f"{path} line {line} has readings and no header (noheader): put the "
                "header above them, the names that were queried separated by commas"
            )
        position = {_name(cell): i for i, cell in enumerate(cells)}
        gauges = tuple(name for name in COLUMNS if name in position)
        for name in gauges:
            unit = cells[position[name]].partition(" [")[2].rstrip("]")
            if unit not in {"", COLUMNS[name].unit}:
                raise FormatError(
                    f"{path} line {line}: {name} is in {unit!r}, expected "
                    f"{COLUMNS[name].unit or 'no unit'}"
                )
        if "timestamp" not in position or not gauges:
            raise FormatError(
                f"{path} line {line} has the columns {', '.join(cells)}, but needs "
                f"timestamp and one such as power.draw: log with nvidia-smi {_QUERY}"
            )
        identity = next((name for name in _IDENTITIES if name in position), None)
        return cls(cells, position, gauges, identity)


@dataclass(slots=True)
class _Section:
    """What lies between two headers, or two jumps of the clock, as it is read."""

    path: Path
    header: _Header
    started: datetime
    doubts: list[str] = field(default_factory=list)
    times: "array[float]" = field(default_factory=lambda: array("d"))
    ranks: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))
    devices: dict[str, Device] = field(default_factory=dict)
    content: list[str] = field(default_factory=list)

    @property
    def ended(self) -> datetime:
        """Time of the last reading."""
        return self.started + timedelta(seconds=self.times[-1] if self.times else 0.0)

    def add(self, line: int, text: str, cells: Sequence[str], stamp: datetime) -> None:
        """Take in the readings of one GPU at one time."""
        header = self.header
        key = cells[header.position[header.identity]] if header.identity else ""
        if key not in self.devices:
            self.devices[key] = self._device(line, cells)
        time_s = (stamp - self.started).total_seconds()
        self.times.append(max(time_s, self.times[-1] if self.times else 0.0))
        self.ranks.append(self.devices[key].rank)
        for name in header.gauges:
            cell = cells[header.position[name]]
            self.values.append(_reading(self.path, line, name, cell))
        self.content.append(text)

    def _device(self, line: int, cells: Sequence[str]) -> Device:
        position = self.header.position
        known = {name: cells[i] for name, i in position.items() if cells[i][:1] != "["}
        rank = len(self.devices)
        index = known.get("index", str(rank))
        if not index.isdecimal():
            raise FormatError(f"{self.path} line {line}: index is {index!r}")
        memory = known.get("memory.total", "").partition(" ")[0]
        return Device(
            rank=rank,
            label=f"gpu{index}",
            name=known.get("name"),
            uuid=known.get("uuid"),
            memory_bytes=int(memory) * BYTES_PER_MIB if memory.isdecimal() else None,
            driver_version=known.get("driver_version"),
        )

    def readings(self) -> Readings:
        """Return the readings by poll, one poll having each GPU at most once.

        Raises
        ------
        FormatError
            If there are several GPUs and no column that tells them apart.
        """
        time_s, ranks = np.array(self.times), np.array(self.ranks)
        if self.header.identity is None and _is_interleaved(time_s):
            raise FormatError(
                f"{self.path} has lines of several GPUs and no column that tells them "
                "apart: log with index or uuid too"
            )
        values = np.array(self.values).reshape(len(time_s), len(self.header.gauges))
        poll = np.cumsum(np.diff(ranks, prepend=ranks[0] - 1) <= 0)
        first = np.flatnonzero(np.diff(poll, prepend=-1))
        table = np.full((len(self.devices), values.shape[1], len(first)), np.nan)
        table[ranks, :, poll] = values
        return Readings(
            devices=tuple(self.devices.values()),
            gauges=_gauges(self.header.gauges, table),
            time_s=time_s[first],
            started=self.started,
            content="\n".join(self.content),
            doubts=tuple(self.doubts),
        )


def _sections(path: Path, lines: Sequence[str]) -> list[_Section]:
    sections: list[_Section] = []
    section: _Section | None = None
    header: _Header | None = None
    for number, line in enumerate(lines, start=1):
        cells = _cells(line)
        if cells == [""]:
            continue
        if header is None or "timestamp" in map(str.casefold, cells):
            header, section = _Header.of(path, number, cells), None
            continue
        stamp = _stamp(path, number, header, cells)
        if section is None:
            section = _Section(path, header, stamp)
            sections.append(section)
        elif (section.ended - stamp).total_seconds() > _TOLERATED_BACK_S:
            told = f"the clock runs backwards at line {number}, from {section.ended} to"
            section = _Section(path, header, stamp)
            section.doubts.append(f"{told} {stamp}: the log is split there")
            sections.append(section)
        section.add(number, line, cells, stamp)
    return sections


def _stamp(path: Path, line: int, header: _Header, cells: Sequence[str]) -> datetime:
    if len(cells) != len(header.cells):
        raise FormatError(
            f"{path} line {line} has {len(cells)} cells, the header "
            f"{len(header.cells)}: remove it if it is a message and no reading"
        )
    text = cells[header.position["timestamp"]]
    if not _STAMP.fullmatch(text):
        raise FormatError(
            f"{path} line {line}: timestamp is {text!r}, expected one like "
            "2026/11/21 10:11:12.345"
        )
    try:
        return datetime.fromisoformat(text.replace("/", "-"))
    except ValueError as error:
        raise FormatError(f"{path} line {line}: timestamp {text}: {error}") from error


def _reading(path: Path, line: int, name: str, cell: str) -> float:
    """Return a cell in the unit of our channel; NaN where the driver gave none.

    Raises
    ------
    FormatError
        If it is no number or in another unit.
    """
    if cell[:1] in {"", "["} or cell in {"N/A", "ERR!"}:
        return nan
    column = COLUMNS[name]
    least = _COLDEST_C if column.quantity == "temperature_c" else 0.0
    number, _, unit = cell.partition(" ")
    if unit not in {"", column.unit}:
        wanted = column.unit or "no unit"
        raise FormatError(f"{path} line {line}: {name} is {cell!r}, expected {wanted}")
    try:
        value = float(int(number, 16) if number.startswith("0x") else number)
    except (ValueError, OverflowError) as error:
        raise FormatError(
            f"{path} line {line}: {name} is {cell!r}, not a number"
        ) from error
    if not least <= value < inf:
        raise FormatError(f"{path} line {line}: {name} is {cell!r}, which cannot be")
    return column.convert(value)


def _is_interleaved(time_s: NDArray[np.float64]) -> bool:
    """Return whether lines come in groups, as those of several GPUs at one time do."""
    steps_s = np.diff(time_s)
    if not len(steps_s):
        return False
    period_s = np.quantile(steps_s, 0.97)
    close = (steps_s < _CLOSE_S) & (steps_s <= _CLOSE_FRACTION * period_s)
    return bool(close.mean() >= _CLOSE_SHARE)


def _gauges(names: Sequence[str], table: NDArray[np.float64]) -> tuple[Gauge, ...]:
    """Return what was read by any GPU, each of our channels from one of their columns.

    Of several powers an instant one comes first, and a mean stays beside it.
    """
    gauges: dict[str, Gauge] = {}
    for column, name in enumerate(names):
        values = table[:, column]
        if not np.isfinite(values).any():
            continue
        ending, quantity, *_ = COLUMNS[name]
        if name.startswith("power.draw") and ending in gauges:
            ending, quantity = "average_power_w", "average_power_w"
        averaging_s = _AVERAGING_S if name == "power.draw.average" else None
        gauge = Gauge(ending, quantity, values, f"nvidia-smi {name}", averaging_s)
        gauges.setdefault(ending, gauge)
    return tuple(gauges.values())
