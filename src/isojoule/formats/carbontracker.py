"""Logs of carbontracker: mean power and length of each epoch, or only its totals.

Each run writes two files. ``..._carbontracker.log`` has what was measured, epoch by
epoch. ``..._carbontracker_output.log`` has what was printed: a total times a PUE that
this file does not name, and a prediction.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import fsum, inf
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.finish import left_out_of
from isojoule.formats.carbontracker_log import (
    APPLE,
    RAPL,
    STAMP,
    Entry,
    devices_of,
    hardware_of,
    read_entries,
)
from isojoule.formats.foreign import run_id_of
from isojoule.formats.windows import summed_energies
from isojoule.records import (
    Component,
    ComponentEnergy,
    EnergySource,
    Run,
    Status,
    Window,
    Workload,
)
from isojoule.units import kwh_to_j

COLUMNS: Final[dict[str, Component]] = {"gpu": "gpu", "cpu": "cpu"}
"""Their components to ours."""

_BEGIN: Final = re.compile(r"carbontracker version (\S+)")
_PUE: Final = re.compile(r"PUE coefficient of (\d+(?:\.\d+)?)")
_EPOCH: Final = re.compile(r"Epoch (\d+):")
_DURATION: Final = re.compile(r"Duration: (-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_POWER: Final = re.compile(r"Average power usage \(W\) for (\w+): (.*)", re.DOTALL)
_TOTAL: Final = re.compile(
    r"(Actual|Predicted) consumption(?: for (\d+) epoch\(s\))?:"
    r"\s+Time:\s+(\d+):(\d\d):(\d\d)\s+Energy:\s+(\d+(?:\.\d+)?) kWh"
)
_INTERRUPTED: Final = "Training was interrupted"
_ENDED: Final = "Monitoring thread ended"


def is_carbontracker(head: str) -> bool:
    """Return whether a file that begins with `head` is a log of carbontracker."""
    match = STAMP.match(head)
    return match is not None and (
        _BEGIN.match(match[2]) is not None or match[2].startswith("CarbonTracker:")
    )


def read_carbontracker(path: Path) -> list[Run]:
    """Return one run per tracker of a log, with its epochs as windows.

    Parameters
    ----------
    path : Path
        Either of the two logs. Beside its ``..._carbontracker.log`` an output log is
        not read: the other one has what it was made from.

    Raises
    ------
    FormatError
        If it is no such log, has no finished epoch, or holds impossible values.

    Notes
    -----
    Energy is mean power times length, ``sampled``, without any PUE. Versions from 2.0
    on write the mean over the devices as if it were one; it is multiplied with their
    number. A CPU that is neither RAPL nor Apple's is half of a TDP, ``modelled``. 0 W
    is *not measured*. The total of an output log is ``declared``: it holds a PUE, and
    from 2.0 on the mean of the devices. A prediction is never an energy; it becomes a
    tag.
    """
    measured = path.with_name(path.name.replace("_output.log", ".log"))
    if path.name.endswith("_carbontracker_output.log") and measured.is_file():
        path = measured
    entries = list(read_entries(path))
    begins = [i for i, entry in enumerate(entries) if _BEGIN.match(entry.text)]
    if not begins:
        return [_printed_run(path, entries)]
    sections = [_Section.of(path, entries[a:b]) for a, b in pairwise([*begins, None])]
    runs = [section.run() for section in sections if section.epochs]
    if not runs:
        raise FormatError(
            f"{path} has no finished epoch; carbontracker writes figures when an epoch "
            "ends, so there is nothing to import"
        )
    return runs


@dataclass(slots=True)
class _Epoch:
    """One epoch as the log has it: its length [s], its powers by component."""

    number: int
    duration_s: float | None = None
    powers: dict[str, Entry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Section:
    """What one tracker wrote into a log of measurements."""

    path: Path
    entries: Sequence[Entry]
    devices: dict[str, list[str]]
    epochs: list[_Epoch]
    ended: bool
    doubts: list[str]

    @classmethod
    def of(cls, path: Path, entries: Sequence[Entry]) -> "_Section":
        devices = devices_of(entries)
        epochs: list[_Epoch] = []
        for entry in entries:
            if match := _EPOCH.match(entry.text):
                epochs.append(_Epoch(int(match[1])))
            elif match := _DURATION.match(entry.text):
                _last(epochs, entry).duration_s = _duration_s(entry, match)
            elif match := _POWER.match(entry.text):
                _last(epochs, entry).powers[match[1]] = entry
        ended = any(entry.text.startswith(_ENDED) for entry in entries)
        doubts = []
        if not ended and epochs and epochs[-1].powers.keys() != devices.keys():
            doubts.append(f"epoch {epochs.pop().number} is cut off and left out")
        return cls(path, entries, devices, epochs, ended, doubts)

    def run(self) -> Run:
        """Return the run of the finished epochs.

        Raises
        ------
        FormatError
            If the log does not name the devices, or an epoch has no length.
        """
        begin = self.entries[0]
        if not self.devices:
            raise begin.fail("no line tells which components were found")
        windows = self._windows()
        energies = summed_energies(windows, windows)
        hardware = hardware_of(self.path, self.devices)
        status: Status = "complete" if self.ended else "interrupted"
        content = "\n".join(f"{e.stamp} {e.text}" for e in self.entries)
        return Run(
            run_id=run_id_of(begin.stamp, content),
            name=self.path.stem,
            workload=Workload(self.path.stem),
            hardware=hardware,
            energies=energies,
            duration_s=fsum(w.duration_s for w in windows),
            status=status,
            windows=windows,
            left_out=left_out_of(energies, has_gpu=bool(hardware.accelerators)),
            origin=f"carbontracker, {self.path.name} line {begin.line}",
            warnings=(*self.doubts, *self._doubts(energies)),
            tags=self._tags(),
        )

    def _windows(self) -> tuple[Window, ...]:
        """Return the epochs end to end: what happens between them is not measured.

        Raises
        ------
        FormatError
            If an epoch has no length.
        """
        windows: list[Window] = []
        start_s = 0.0
        for epoch in self.epochs:
            if epoch.duration_s is None:
                raise self.entries[0].fail(f"epoch {epoch.number} has no duration")
            energies = tuple(self._energy(name, epoch) for name in self.devices)
            end_s = start_s + epoch.duration_s
            windows.append(
                Window("epoch", None, epoch.number - 1, start_s, end_s, energies)
            )
            start_s = end_s
        return tuple(windows)

    def _energy(self, name: str, epoch: _Epoch) -> ComponentEnergy:
        entry, devices = epoch.powers.get(name), self.devices[name]
        power_w = None if entry is None else _power_w(entry, devices)
        if power_w is None or epoch.duration_s is None:
            return ComponentEnergy(COLUMNS[name], None, "absent")
        energy_j = power_w * epoch.duration_s
        return ComponentEnergy(COLUMNS[name], energy_j, _source(name, devices))

    def _tags(self) -> dict[str, str]:
        begin = self.entries[0]
        tags = {"started_at_local": begin.stamp.isoformat()}
        if version := _BEGIN.match(begin.text):
            tags["carbontracker_version"] = version[1]
        for pue in filter(None, (_PUE.search(e.text) for e in self.entries)):
            tags["carbontracker_pue"] = pue[1]
        return tags

    def _doubts(self, energies: Sequence[ComponentEnergy]) -> Iterator[str]:
        for energy in energies:
            if energy.energy_j is None:
                yield (
                    f"{energy.component} energy is not known: in an epoch no power was "
                    "read, because it was too short or reading was not allowed"
                )
        for name, devices in self.devices.items():
            if self._is_mean(name):
                yield (
                    f"carbontracker writes the mean of {len(devices)} devices as if it "
                    f"were one; {name} power is multiplied by {len(devices)}"
                )
        cpus = self.devices.get("cpu", [])
        if any(RAPL.fullmatch(device) for device in cpus):
            yield (
                "carbontracker takes a sample in which a RAPL counter started again "
                "for 0 W: CPU energy may be too low"
            )
        if any(device.startswith("dram") for device in cpus):
            yield "CPU energy contains the memory, which carbontracker adds to it"
        if cpus and _source("cpu", cpus) == "modelled":
            yield f"CPU power is half of a TDP for {', '.join(cpus)}: modelled"
        if any(entry.text.startswith(_INTERRUPTED) for entry in self.entries):
            yield "stopped before all epochs: the training ended early, or was ended"
        if not self.ended:
            yield "the log has no end: the job was killed, or had more epochs to come"

    def _is_mean(self, name: str) -> bool:
        devices = self.devices[name]
        entry = self.epochs[0].powers.get(name)
        return entry is not None and _divided_by(entry, devices) > 1


def _last(epochs: Sequence[_Epoch], entry: Entry) -> _Epoch:
    if not epochs:
        raise entry.fail(f"{entry.text!r} stands before the first epoch")
    return epochs[-1]


def _duration_s(entry: Entry, match: re.Match[str]) -> float:
    sign, hours, minutes, seconds = match.groups()
    duration_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    if sign:
        raise entry.fail(
            f"an epoch lasts -{duration_s:g} s: the clock was set back in it; remove "
            "the epoch"
        )
    return duration_s


def _power_w(entry: Entry, devices: Sequence[str]) -> float | None:
    """Return the mean power of all devices [W]; `None` where none was read."""
    match = _POWER.match(entry.text)
    text = match[2].strip() if match else ""
    if text in {"None", "nan"}:
        return None
    try:
        powers_w = [float(part) for part in text.strip("[]").split()]
    except ValueError as error:
        raise entry.fail(f"the power {text!r} is not a number") from error
    if not all(0 <= power_w < inf for power_w in powers_w):
        raise entry.fail(f"the power is {text}, which cannot be")
    return fsum(powers_w) * _divided_by(entry, devices) or None


def _divided_by(entry: Entry, devices: Sequence[str]) -> int:
    """Return the number of devices whose mean a power is; 1 where it is their sum."""
    is_list = "[" in entry.text
    return 1 if is_list or set(devices) <= APPLE else len(devices)


def _source(name: str, devices: Sequence[str]) -> EnergySource:
    read = name == "gpu" or set(devices) <= APPLE
    return "sampled" if read or all(map(RAPL.fullmatch, devices)) else "modelled"


def _printed_run(path: Path, entries: Sequence[Entry]) -> Run:
    """Return the run of an output log: its printed total, which holds a PUE.

    Raises
    ------
    FormatError
        If it has neither a total nor a prediction.
    """
    text = "\n".join(entry.text for entry in entries)
    totals = {match[1]: match.groups() for match in _TOTAL.finditer(text)}
    if not totals:
        raise FormatError(
            f"{path} has neither an actual nor a predicted consumption: carbontracker "
            "prints them at the end, so the job may have been killed"
        )
    devices = devices_of(entries)
    tags = {"started_at_local": entries[0].stamp.isoformat()}
    if "Predicted" in totals:
        *_, energy_kwh = totals["Predicted"]
        tags["predicted_energy_j"] = f"{kwh_to_j(float(energy_kwh)):g}"
        tags["predicted_n_epochs"] = totals["Predicted"][1] or ""
    energy_j, duration_s = _printed(totals.get("Actual"))
    return Run(
        run_id=run_id_of(entries[0].stamp, text),
        name=path.stem,
        workload=Workload(path.stem),
        hardware=hardware_of(path, devices),
        energies=(
            ComponentEnergy("unstated", energy_j, "declared" if energy_j else "absent"),
        ),
        duration_s=duration_s,
        origin=f"carbontracker, {path.name}",
        warnings=(
            "a printed total holds a PUE (1.55 to 1.67 by version, not named here) and "
            "from 2.0 on the mean of the devices: import the log without _output "
            "instead"
            if energy_j
            else "no total above 0 was printed: nothing was measured, or the training "
            "ended early",
        ),
        tags=tags,
    )


def _printed(total: tuple[str, ...] | None) -> tuple[float | None, float | None]:
    """Return energy [J] and time [s] of a printed total."""
    if total is None:
        return None, None
    _, _, hours, minutes, seconds, energy_kwh = total
    duration_s = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
    return kwh_to_j(float(energy_kwh)) or None, float(duration_s)
