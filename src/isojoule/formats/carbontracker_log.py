"""The lines of carbontracker's logs: their dates, and the devices that they name."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.foreign import read_text, unnamed_hardware
from isojoule.records import Accelerator, Hardware, counted_names

STAMP: Final = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (.*)")
"""How a message begins."""

RAPL: Final = re.compile(r"(?:cpu|dram|package)\S*:\d+")
"""What carbontracker calls a domain of RAPL."""

APPLE: Final = {"GPU", "ANE", "CPU"}
"""What carbontracker calls the parts of an Apple chip."""

_DEVICES: Final = re.compile(
    r"(GPU|CPU) with device\(s\) (.*?)\.(?=\s*$| (?:GPU|CPU) with)"
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One message with its place, for messages of our own.

    Parameters
    ----------
    path : Path
        The log.
    line : int
        Where it begins there, counted from 1.
    stamp : datetime
        Its date, of no stated zone.
    text : str
        The message; it may go over several lines.
    """

    path: Path
    line: int
    stamp: datetime
    text: str

    def fail(self, what: str) -> FormatError:
        """Return an error that tells where the message is."""
        return FormatError(f"{self.path} line {self.line}: {what}")


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield the messages of a log, at least one.

    Parameters
    ----------
    path : Path
        The log.

    Raises
    ------
    FormatError
        If it is empty, or does not begin with a date.
    """
    current: Entry | None = None
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if match := STAMP.match(line):
            if current is not None:
                yield current
            stamp = _stamp(path, number, match[1])
            current = Entry(path, number, stamp, match[2])
        elif current is not None:
            text = f"{current.text}\n{line}"
            current = Entry(path, current.line, current.stamp, text)
        else:
            raise FormatError(
                f"{path} is no log of carbontracker: its first line does not begin "
                "with a date as in 2026-11-21 10:11:12 - "
            )
    if current is None:
        raise FormatError(f"{path} is empty")
    yield current


def _stamp(path: Path, line: int, text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise FormatError(f"{path} line {line}: {text}: {error}") from error


def devices_of(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Return the names of the devices of each component, ``gpu`` and ``cpu``.

    Parameters
    ----------
    entries : iterable of Entry
        Those of one tracker; one of them tells which components were found.
    """
    return {
        component.lower(): names.split(", ")
        for entry in entries
        if "components were found" in entry.text
        for component, names in _DEVICES.findall(entry.text)
    }


def hardware_of(path: Path, devices: Mapping[str, Sequence[str]]) -> Hardware:
    """Return the hardware that the devices are, as far as they are named.

    Parameters
    ----------
    path : Path
        The log; it names hardware that nothing else does.
    devices : mapping of str to sequence of str
        As `devices_of` returns them.
    """
    gpus, cpus = devices.get("gpu", []), devices.get("cpu", [])
    if set(gpus) & APPLE:
        return Hardware(
            unnamed_hardware(path).name, (Accelerator("Apple GPU", "apple"),)
        )
    named = [c for c in cpus if not RAPL.fullmatch(c) and c not in APPLE]
    return Hardware(
        name=counted_names(gpus or named) or unnamed_hardware(path).name,
        accelerators=tuple(Accelerator(gpu, "nvidia") for gpu in gpus),
        cpu_name=named[0] if named else None,
    )
