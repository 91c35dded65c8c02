"""A log with one line per epoch, CSV or JSONL, as any training script can write it."""

import csv
import io
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any, Final

from isojoule.errors import FormatError
from isojoule.formats.files import read_bytes
from isojoule.records import ComponentEnergy, Hardware, Run, Window, Workload
from isojoule.units import kwh_to_j

COLUMNS: Final[Mapping[str, str]] = {
    "epoch": "epoch",
    "epochs": "epoch",
    "epoch_index": "epoch",
    "current_epoch": "epoch",
    "energy_j": "energy_j",
    "energy_joules": "energy_j",
    "joules": "energy_j",
    "energy_kj": "energy_kj",
    "energy_wh": "energy_wh",
    "energy_kwh": "energy_kwh",
    "kwh": "energy_kwh",
    "power_w": "power_w",
    "mean_power_w": "power_w",
    "duration_s": "duration_s",
    "duration": "duration_s",
    "duration_sec": "duration_s",
    "duration_seconds": "duration_s",
    "epoch_duration": "duration_s",
    "epoch_duration_s": "duration_s",
    "epoch_time": "duration_s",
    "epoch_time_s": "duration_s",
    "start_s": "start_s",
    "end_s": "end_s",
    "elapsed_s": "elapsed_s",
    "elapsed": "elapsed_s",
    "elapsed_seconds": "elapsed_s",
    "time_elapsed": "elapsed_s",
    "time_elapsed_s": "elapsed_s",
}
"""Their names to ours; all else is a score. Case, spaces, brackets do not matter:
``Energy [kWh]`` is ``energy_kwh``. Times without a unit are seconds."""

_JOULES: Final[Mapping[str, float]] = {
    "energy_j": 1.0,
    "energy_kj": 1e3,
    "energy_wh": kwh_to_j(1e-3),
    "energy_kwh": kwh_to_j(1.0),
}
_NO_UNIT: Final = frozenset({"energy", "epoch_energy", "energy_consumed"})
_N_SUMS: Final = 4
_IN_STEP: Final = 0.2  # a first epoch at another power is off by less
_EMPTY: Final = frozenset({"", "null", "none", "na", "n/a"})


def is_epoch_log(head: str) -> bool:
    """Return whether a text that begins with `head` is such a log."""
    lines = head.lstrip("\ufeff \n").splitlines()
    first = lines[0] if lines else ""
    if first.startswith("{"):
        return bool(re.search(r'"epochs?"\s*:', first, re.IGNORECASE))
    names = {_ours(name) for name in first.split(_delimiter(first))}
    return "epoch" in names and bool(names & {*_JOULES, "power_w"})


def read_epoch_log(path: Path) -> Run:
    """Return a log as a run with one window per epoch, counted from 0.

    Parameters
    ----------
    path : Path
        CSV with a header, or JSONL with one object per line. Columns: ``epoch``; an
        energy per epoch in ``energy_j``, ``energy_kj``, ``energy_wh`` or
        ``energy_kwh``, or ``power_w``; ``duration_s``, ``start_s`` with ``end_s``, or
        ``elapsed_s`` at the end of the epoch. `COLUMNS` has further spellings. Any
        other column of numbers is a score.

    Returns
    -------
    Run
        Its energies are ``declared`` and of unstated scope. A score that the log states
        as NaN is NaN; one that it leaves empty is not there.

    Raises
    ------
    FormatError
        If the file is no such log, or an epoch in it cannot be.

    Notes
    -----
    Several lines of one epoch, as loggers write that log training and validation
    apart, are put together. A log that begins at epoch 1 is taken to count from 1; one
    that begins later is that of a resumed training, and its epochs keep their numbers.
    """
    lines = _lines(path)
    _require_columns(path, columns := {name for line in lines for name in line.cells})
    windows = _windows(_by_epoch(lines))
    if len(windows) >= _N_SUMS and columns & {*_JOULES}:
        _require_of_each(path, windows)
    total_j = sum(e.energy_j or 0.0 for w in windows for e in w.energies)
    return Run(
        run_id=path.stem,
        name=path.name,
        workload=Workload(path.stem),
        hardware=Hardware("not stated"),
        energies=(_declared(total_j),),
        duration_s=windows[-1].end_s - windows[0].start_s,
        start_s=windows[0].start_s,
        windows=windows,
        origin=path.name,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """One line with its place, for messages; cells by our names."""

    path: Path
    number: int
    cells: Mapping[str, Any]

    def fail(self, what: str) -> FormatError:
        return FormatError(f"{self.path} line {self.number}: {what}")

    def value(self, name: str) -> float | None:
        """Return a number; `None` where the cell is empty.

        Raises
        ------
        FormatError
            If it is something else.
        """
        cell = self.cells.get(name, "")
        if _is_empty(cell):
            return None
        try:
            return float(str(cell))
        except (TypeError, ValueError) as error:
            raise self.fail(f"{name} is {cell!r}, not a number") from error

    def amount(self, name: str) -> float | None:
        """Return a number that is finite and not negative; `None` where none is.

        Raises
        ------
        FormatError
            If it is negative or not finite.
        """
        value = self.value(name)
        if value is not None and not (isfinite(value) and value >= 0):
            raise self.fail(f"{name} is {value:g}, which cannot be")
        return value

    def scores(self) -> dict[str, float]:
        """Return all other cells that are numbers; NaN is one."""
        found = {}
        for name in self.cells.keys() - {*COLUMNS.values()}:
            with suppress(FormatError):
                value = self.value(name)
                if value is not None:
                    found[name] = value
        return dict(sorted(found.items()))

    def epoch(self) -> int:
        """Return the number of the epoch.

        Raises
        ------
        FormatError
            If it is missing or not whole.
        """
        value = self.amount("epoch")
        if value is None or value != int(value):
            raise self.fail(f"epoch is {self.cells.get('epoch')!r}, not a whole number")
        return int(value)


def _is_empty(cell: object) -> bool:
    return str(cell).strip().casefold() in _EMPTY


def _plain(name: object) -> str:
    return re.sub(r"[^a-z0-9]+", "_", str(name).casefold()).strip("_")


def _ours(name: object) -> str:
    plain = _plain(name)
    return COLUMNS.get(plain, plain)


def _lines(path: Path) -> list[_Line]:
    """Return the lines of a log by our names.

    Raises
    ------
    FormatError
        If it is neither CSV nor JSONL, or empty.
    """
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text file: {error}") from error
    is_json = text.lstrip().startswith("{")
    lines = [*(_json_lines if is_json else _csv_lines)(path, text)]
    if not lines:
        raise FormatError(f"{path} has no lines: a log needs one per epoch")
    return lines


def _delimiter(head: str) -> str:
    return max(",;\t", key=head.count)


def _json_lines(path: Path, text: str) -> Iterator[_Line]:
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        try:
            found = json.loads(row)
        except json.JSONDecodeError as error:
            raise FormatError(f"{path} line {number} is not JSON: {error}") from error
        if not isinstance(found, dict):
            raise FormatError(f"{path} line {number} is not a JSON object")
        yield _Line(path, number, {_ours(name): cell for name, cell in found.items()})


def _csv_lines(path: Path, text: str) -> Iterator[_Line]:
    delimiter = _delimiter(text.split("\n", 1)[0])
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    names = [_ours(name) for name in next(rows, [])]
    twice = sorted({n for n in names if n and names.count(n) > 1})
    if twice:
        raise FormatError(f"{path} has columns twice: {', '.join(twice)}")
    for number, cells in enumerate(rows, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise FormatError(
                f"{path} line {number} has {len(cells)} cells, the header {len(names)}"
            )
        yield _Line(path, number, dict(zip(names, cells, strict=True)))


def _require_columns(path: Path, columns: set[str]) -> None:
    has_time = {"start_s", "end_s"} <= columns or columns & {"duration_s", "elapsed_s"}
    found = f"it has {', '.join(sorted(columns))}"
    if "epoch" not in columns:
        raise FormatError(f"{path} has no column epoch; {found}")
    if not columns & {*_JOULES, "power_w"}:
        unclear = "".join(f" ({c} names no unit)" for c in sorted(columns & _NO_UNIT))
        raise FormatError(
            f"{path} has no energy per epoch: name it energy_j, energy_wh or "
            f"energy_kwh; {found}{unclear}"
        )
    if not has_time:
        raise FormatError(
            f"{path} does not tell how long an epoch took: it needs duration_s, "
            f"elapsed_s, or start_s and end_s; {found}"
        )


def _by_epoch(lines: list[_Line]) -> dict[int, _Line]:
    """Return one line per epoch; what several lines say of one is put together.

    Of the time that has elapsed the last counts.

    Raises
    ------
    FormatError
        If two lines of one epoch both state its energy or time.
    """
    merged: dict[int, _Line] = {}
    measured = {*COLUMNS.values()} - {"epoch", "elapsed_s"}
    for line in lines:
        index = line.epoch()
        known = {n: c for n, c in line.cells.items() if not _is_empty(c)}
        before = merged.get(index)
        if before is None:
            merged[index] = _Line(line.path, line.number, known)
            continue
        twice = sorted(measured & before.cells.keys() & known.keys())
        if twice:
            raise line.fail(f"epoch {index} has {twice[0]} already")
        merged[index] = _Line(line.path, line.number, {**before.cells, **known})
    return merged


def _windows(by_epoch: Mapping[int, _Line]) -> tuple[Window, ...]:
    """Return one window per epoch, in the order of the log.

    Raises
    ------
    FormatError
        If one of them cannot be.
    """
    first = min(by_epoch)
    shift = 1 if first == 1 else 0
    windows: list[Window] = []
    for index, line in by_epoch.items():
        if first > 1 and not windows and not {*line.cells} & {"start_s", "duration_s"}:
            raise line.fail(
                f"how long epoch {index}, the first one, took is not known: it needs "
                "duration_s, or start_s and end_s"
            )
        start_s, end_s = _edges(line, windows[-1].end_s if windows else 0.0)
        if not start_s < end_s:
            raise line.fail(
                f"epoch {index} has no length: {start_s:g} s to {end_s:g} s"
            )
        windows.append(
            Window(
                "epoch",
                "train",
                index - shift,
                start_s,
                end_s,
                (_declared(_energy_j(line, start_s, end_s)),),
                line.scores(),
            )
        )
    return tuple(windows)


def _require_of_each(path: Path, windows: tuple[Window, ...]) -> None:
    """Raise where energies rise in step with the time since the start.

    Raises
    ------
    FormatError
        If they look like sums of all epochs so far.
    """
    times = [w.end_s - windows[0].start_s for w in windows]
    sums = [w.energies[0].energy_j or 0.0 for w in windows]
    step, span = (median(b - a for a, b in pairwise(v)) for v in (sums, times))
    in_step = all(
        abs(e * times[-1] - sums[-1] * t) <= _IN_STEP * sums[-1] * t
        for e, t in [*zip(sums, times, strict=True), (step, span)]
    )
    if in_step and sums == sorted(sums) and sums[-1] > 2.5 * step:
        raise FormatError(
            f"{path}: its energies rise in step with the time since the start and look "
            "cumulative: write the energy of each epoch by itself"
        )


def _declared(energy_j: float) -> ComponentEnergy:
    return ComponentEnergy("unstated", energy_j, "declared")


def _edges(line: _Line, before_s: float) -> tuple[float, float]:
    """Return where an epoch begins and ends, given where the one before ended [s].

    Raises
    ------
    FormatError
        If the line does not tell.
    """
    start_s, end_s = line.amount("start_s"), line.amount("end_s")
    duration_s, elapsed_s = line.amount("duration_s"), line.amount("elapsed_s")
    if start_s is not None and end_s is not None:
        return start_s, end_s
    if duration_s is not None and elapsed_s is not None:
        # Rounded figures must not make an epoch begin before the last has ended.
        start_s = max(before_s, elapsed_s - duration_s)
        return start_s, max(elapsed_s, start_s)
    if duration_s is not None:
        return before_s, before_s + duration_s
    if elapsed_s is not None:
        return before_s, elapsed_s
    raise line.fail("it does not tell how long the epoch took")


def _energy_j(line: _Line, start_s: float, end_s: float) -> float:
    """Return the energy of an epoch [J].

    Raises
    ------
    FormatError
        If the line does not state it.
    """
    for name, factor in _JOULES.items():
        energy = line.amount(name)
        if energy is not None:
            return energy * factor
    power_w = line.amount("power_w")
    if power_w is None:
        raise line.fail("it states no energy of the epoch")
    return power_w * (end_s - start_s)
