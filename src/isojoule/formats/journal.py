"""The journal of a live run: lines appended every second, so that a kill loses no more.

The first line is the head: schema version, channels, and the run as far as it is known.
Then a line per reading ``{"t": s, "v": [...]}``, per opened window ``{"open": i, ...}``
and per closed one ``{"close": i, "t": s}``; ``{"edge": "start", "t": s}`` and ``"end"``
where the run proper does not begin with the first reading or end with the last;
``{"t": s, "window": i, "scores": {...}}`` where scores of a window were reported. A
line cut short by a kill is left out.
"""

import fcntl
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import msgspec
import numpy as np

from isojoule.errors import FormatError, StoreError
from isojoule.formats.native import (
    SCHEMA_VERSION,
    check_version,
    encode_lines,
    encode_record,
)
from isojoule.records import Channel, Run, Samples, Window

_WRITE_EVERY_S: Final = 0.6  # with a late reading still less than a second


class _Head(msgspec.Struct):
    schema_version: int
    run: Run
    channels: tuple[Channel, ...]


class _Line(msgspec.Struct):
    t: float
    v: list[float | None] | None = None
    open: int | None = None
    close: int | None = None
    edge: str | None = None
    name: str = ""
    phase: str | None = None
    epoch: int | None = None
    window: int | None = None
    scores: dict[str, float] | None = None


class Journal:
    """Appends to the journal of one live run and holds its lock.

    Parameters
    ----------
    path : Path
        New file; made by `create`.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._waiting: list[dict[str, object]] = []
        self._due_s = 0.0
        self._lock = threading.RLock()  # a signal handler may write too
        # A forked process would hold the lock on when this one is gone.
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _close_in_child(reference))

    @classmethod
    def create(cls, path: Path, run: Run, channels: Sequence[Channel]) -> "Journal":
        """Return a new, locked journal with its head written.

        Parameters
        ----------
        path : Path
            File that must not exist yet.
        run : Run
            The run as far as it is known: no energies, no samples.
        channels : sequence of Channel
            What the readings will be of.

        Raises
        ------
        StoreError
            If the file cannot be made.
        """
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        fresh = path.with_suffix(".new")
        try:
            descriptor = os.open(fresh, flags, 0o644)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            journal = cls(path, descriptor)
            head = _Head(SCHEMA_VERSION, run, tuple(channels))
            _write_all(descriptor, encode_record(head) + b"\n")
            fresh.rename(path)  # only now may others look at it
        except OSError as error:
            raise StoreError(
                f"cannot start a journal at {path}: {error.strerror}; "
                "choose another store"
            ) from error
        return journal

    def _append(self, line: dict[str, object], *, time_s: float) -> None:
        """Append a line; what comes within a second is written at once."""
        with self._lock:  # windows come from the thread of the work, readings do not
            self._waiting.append(line)
            if time_s >= self._due_s:
                self._due_s = time_s + _WRITE_EVERY_S
                self._write()

    def _write(self) -> None:
        lines, self._waiting = self._waiting, []
        if self._descriptor is not None:
            _write_all(self._descriptor, encode_lines(lines))

    def sample(self, time_s: float, values: Sequence[float]) -> None:
        """Append one reading of all channels.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        self._append({"t": time_s, "v": values}, time_s=time_s)

    def open_window(self, index: int, window: Window) -> None:
        """Append that a window opened.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        self._append(
            {
                "t": window.start_s,
                "open": index,
                "name": window.name,
                "phase": window.phase,
                "epoch": window.epoch,
            },
            time_s=window.start_s,
        )

    def close_window(self, index: int, end_s: float) -> None:
        """Append that a window closed.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        self._append({"t": end_s, "close": index}, time_s=end_s)

    def report(self, index: int, scores: Mapping[str, float], time_s: float) -> None:
        """Append scores of a window that is open or was closed.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        line = {"t": time_s, "window": index, "scores": dict(scores)}
        self._append(line, time_s=time_s)

    def edge(self, edge: str, time_s: float) -> None:
        """Append where the run proper begins, ``start``, or ends, ``end``.

        Raises
        ------
        OSError
            If the disk does not take it.
        """
        self._append({"t": time_s, "edge": edge}, time_s=time_s)

    def close(self) -> None:
        """Let go of the file; whoever reads it next takes the run for ended."""
        with suppress(OSError):  # a full disk: the run tells of it
            self._write()
        self.leave()

    def leave(self) -> None:
        """Let go of the file without writing what waits."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        self.close()  # of a meter that nobody stopped: its run has ended


def _write_all(descriptor: int, data: bytes) -> None:
    while data:  # a disk that gets full takes a part first
        data = data[os.write(descriptor, data) :]


def _close_in_child(reference: "weakref.ref[Journal]") -> None:
    journal = reference()
    if journal is not None:
        journal.leave()


@dataclass(frozen=True, slots=True)
class Journaled:
    """What a journal holds.

    Parameters
    ----------
    run : Run
        As far as it was known at the start.
    samples : Samples
        All readings that reached the file.
    windows : tuple of Window
        Without energies; windows that were open end at the last reading.
    start_s, end_s : float or None
        Edges of the run proper [s], where the journal tells them.
    """

    run: Run
    samples: Samples
    windows: tuple[Window, ...]
    start_s: float | None = None
    end_s: float | None = None


def lock_if_ended(path: Path) -> IO[bytes] | None:
    """Return the opened journal, locked, if no live run holds it.

    Parameters
    ----------
    path : Path
        A journal.

    Returns
    -------
    binary file or None
        Close it to let go of the lock. `None` while the run lives, or if somebody else
        is recovering it, or it is gone.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def is_ended(path: Path) -> bool:
    """Return whether no live run holds this journal."""
    file = lock_if_ended(path)
    if file is None:
        return not path.exists()
    file.close()
    return True


def read_journal(file: IO[bytes], *, where: str) -> Journaled:
    """Return what a journal holds.

    Parameters
    ----------
    file : binary file
        A journal, as `lock_if_ended` opened it.
    where : str
        Its name, for messages.

    Raises
    ------
    FormatError
        If the file is not a journal, is damaged, or comes from a newer isojoule.
    """
    head_line, *lines = file.read().split(b"\n")
    try:
        head = msgspec.json.decode(head_line, type=_Head)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"{where} is not an isojoule journal: {error}") from error
    check_version(head.schema_version, where=where)
    try:
        return _replayed(head, lines)
    except ValueError as error:
        raise FormatError(f"{where} is damaged: {error}") from error


def _replayed(head: _Head, lines: Sequence[bytes]) -> Journaled:
    decoder = msgspec.json.Decoder(_Line)
    times, rows = [], []
    windows: dict[int, Window] = {}
    closed: dict[int, float] = {}
    scores: dict[int, dict[str, float]] = {}
    edges: dict[str, float] = {}
    for data in lines:
        try:
            line = decoder.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue  # cut short by a kill or a full disk
        if line.v is not None and len(line.v) == len(head.channels):
            times.append(line.t)
            rows.append(line.v)
        elif line.open is not None:
            windows[line.open] = Window(
                line.name, line.phase, line.epoch, line.t, line.t
            )
        elif line.close is not None:
            closed[line.close] = line.t
        elif line.window is not None and line.scores is not None:
            scores.setdefault(line.window, {}).update(line.scores)
        elif line.edge is not None:
            edges[line.edge] = line.t
    last_s = times[-1] if times else 0.0
    values = np.array(rows, dtype=np.float64).reshape(len(rows), len(head.channels))
    return Journaled(
        run=head.run,
        samples=Samples(head.channels, np.array(times, dtype=np.float64), values.T),
        windows=tuple(
            Window(
                w.name,
                w.phase,
                w.epoch,
                w.start_s,
                max(w.start_s, closed.get(i, last_s)),
                scores=scores.get(i, {}),
            )
            for i, w in sorted(windows.items())
        ),
        start_s=edges.get("start"),
        end_s=edges.get("end"),
    )
