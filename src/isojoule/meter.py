"""Meter: samples sensors in one thread and cuts windows."""

import secrets
import sys
import threading
import time
import warnings
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from isojoule.energy import component_energies, finish_run
from isojoule.errors import SensorUnavailableError, StoreError
from isojoule.formats.journal import Journal
from isojoule.probe import probe_hardware
from isojoule.records import (
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Status,
    Window,
    Workload,
)
from isojoule.sensors import Sensor, open_sensors


class RunKeeper(Protocol):
    """Where runs go, such as a `RunStore`."""

    def start(self, run: Run, channels: Sequence[Channel]) -> Journal:
        """Return a journal for a run that begins now."""
        ...

    def finish(self, journal: Journal, run: Run) -> None:
        """Keep the ended run and remove its journal."""
        ...


def new_run_id(started_at: datetime) -> str:
    """Return an id that is unique and sorts by start."""
    return f"{started_at:%Y%m%dT%H%M%S%f}"[:-3] + f"-{secrets.token_hex(3)}"


def synchronize_devices() -> None:
    """Wait until the accelerators have done what was asked of them.

    Only where PyTorch is imported and has started CUDA; nothing is imported here.
    """
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is not None and cuda.is_initialized():
        cuda.synchronize()


class Meter:
    """Measures the energy between `start` and `stop`, or of a ``with`` block.

    Parameters
    ----------
    name : str, default "run"
        For people; names the workload too where none is given.
    workload : Workload or None
        What is being done.
    hardware : Hardware or None
        The machine; probed where `None`.
    sensors : sequence of Sensor or None
        Open sensors, which stay open; all usable ones where `None`.
    hz : float, default 10
        Readings per second, 1 to 100.
    store : RunKeeper or None
        Keeps the run, journaled while it lives; where `None` it is only in `run`.
    tags : mapping of str to str
        Labels for the record.
    command : sequence of str
        Command line that is being measured, for the record.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    ValueError
        If `hz` is out of range.

    Examples
    --------
    >>> with Meter("training") as meter:
    ...     with meter.window("train", phase="train", epoch=0):
    ...         total = sum(range(1000))
    >>> meter.run.duration_s > 0
    True
    """

    def __init__(
        self,
        name: str = "run",
        *,
        workload: Workload | None = None,
        hardware: Hardware | None = None,
        sensors: Sequence[Sensor] | None = None,
        hz: float = 10.0,
        store: RunKeeper | None = None,
        tags: Mapping[str, str] | None = None,
        command: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= hz <= 100:
            raise ValueError(f"hz must lie between 1 and 100, got {hz}")
        self._name = name
        self._workload = workload or Workload(name)
        self._hardware = hardware
        self._given_sensors = sensors
        self._period_s = 1 / hz
        self._store = store
        self._tags = dict(tags or {})
        self._command = tuple(command)
        self._clock = clock
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._rows = array("d")  # time and readings, one row after the other
        self._windows: dict[int, Window] = {}
        self._open: set[int] = set()
        self._journal: Journal | None = None
        self._journal_failed = False
        self._run: Run | None = None

    @property
    def run(self) -> Run:
        """The finished run.

        Raises
        ------
        RuntimeError
            If the meter has not been stopped yet.
        """
        if self._run is None:
            raise RuntimeError("the run is not finished: stop the meter first")
        return self._run

    def start(self) -> Self:
        """Open what is needed, take the first reading, and go on reading.

        Raises
        ------
        RuntimeError
            If it was started before.
        SensorUnavailableError
            If there is no usable sensor at all.
        StoreError
            If the journal cannot be made.
        """
        if self._rows:
            raise RuntimeError("a meter measures once: make a new one")
        given = self._given_sensors
        self._sensors = open_sensors() if given is None else list(given)
        self._channels = tuple(c for s in self._sensors for c in s.channels)
        if not self._channels:
            raise SensorUnavailableError(
                "no sensor can be used", "isojoule doctor tells what is missing"
            )
        self._stub = self._describe()
        if self._store is not None:
            self._journal = self._store.start(self._stub, self._channels)
        self._origin_s = self._clock()
        self._read()
        self._thread = threading.Thread(
            target=self._sample, name="isojoule-meter", daemon=True
        )
        self._thread.start()
        return self

    def _describe(self) -> Run:
        """Return the run as far as it is known before it begins."""
        started_at = datetime.now(UTC)
        hardware = self._hardware
        if hardware is None:
            accelerators = [
                a for s in self._sensors for a in getattr(s, "accelerators", ())
            ]
            hardware = probe_hardware(accelerators=accelerators)
        limits = [a.power_limit_w for a in hardware.accelerators if a.power_limit_w]
        return Run(
            run_id=new_run_id(started_at),
            name=self._name,
            workload=self._workload,
            hardware=hardware,
            energies=(),
            started_at=started_at,
            power_limit_w=max(limits, default=None),
            origin=", ".join(s.name for s in self._sensors),
            warnings=tuple(d for s in self._sensors for d in getattr(s, "doubts", ())),
            command=self._command,
            tags=self._tags,
            isojoule_version=version("isojoule"),
        )

    def _sample(self) -> None:
        due_s = self._clock() + self._period_s
        while not self._ended.wait(max(0.0, due_s - self._clock())):
            self._read()
            # After a stall the readings go on from now; none is made up in between.
            due_s = max(due_s + self._period_s, self._clock())

    def _read(self) -> float:
        """Read all sensors once; return the time of the reading [s]."""
        with self._lock:
            time_s = self._clock() - self._origin_s
            values = [v for s in self._sensors for v in s.read()]
            # One call, so that an interrupt cannot leave half a row.
            self._rows.extend([time_s, *values])
            self._note(lambda journal: journal.sample(time_s, values))
        return time_s

    def _note(self, write: Callable[[Journal], None]) -> None:
        """Write to the journal; where the disk refuses, say so once and go on."""
        if self._journal is None or self._journal_failed:
            return
        try:
            write(self._journal)
        except OSError as error:
            # It stays open and locked: nobody may take the run for ended.
            self._journal_failed = True
            reason = f"the journal ended early: {error.strerror}"
            self._stub = replace(self._stub, warnings=(*self._stub.warnings, reason))
            warnings.warn(f"{reason}; the measurement goes on", stacklevel=2)

    @contextmanager
    def window(
        self, name: str, *, phase: str | None = None, epoch: int | None = None
    ) -> Iterator[None]:
        """Cut a named window; windows may nest and repeat.

        Parameters
        ----------
        name : str
            Name of the window.
        phase : str or None
            ``train``, ``validation``, ``test``, ``data``, ``idle``, ``warm-up``.
        epoch : int or None
            Epoch, counted from 0.
        """
        synchronize_devices()
        opened = Window(name, phase, epoch, start_s=(now := self._read()), end_s=now)
        with self._lock:
            index = len(self._windows)
            self._windows[index] = opened
            self._open.add(index)
            self._note(lambda journal: journal.open_window(index, opened))
        try:
            yield
        finally:
            synchronize_devices()
            end_s = self._read()
            with self._lock:
                self._windows[index] = replace(opened, end_s=end_s)
                self._open.discard(index)
                self._note(lambda journal: journal.close_window(index, end_s))

    def energies_so_far(self) -> tuple[ComponentEnergy, ...]:
        """Return the energies from the start to the last reading."""
        samples = self._samples()
        start_s, end_s = float(samples.time_s[0]), float(samples.time_s[-1])
        return component_energies(samples, start_s=start_s, end_s=end_s)

    def _samples(self) -> Samples:
        with self._lock:
            rows = np.array(self._rows).reshape(-1, 1 + len(self._channels))
        return Samples(self._channels, rows[:, 0].copy(), rows[:, 1:].T.copy())

    def stop(self, status: Status = "complete", *, exit_code: int | None = None) -> Run:
        """Take the last reading and return the finished run.

        Parameters
        ----------
        status : {"complete", "interrupted", "failed"}
            How the measured work ended.
        exit_code : int or None
            Of the measured command, for the record.

        Warns
        -----
        UserWarning
            If the store does not take the run; it stays in `run`.
        """
        if self._run is not None:
            return self._run
        self._ended.set()
        self._thread.join()
        end_s = self._read()
        if self._given_sensors is None:
            for sensor in self._sensors:
                sensor.close()
        windows = [
            replace(w, end_s=end_s) if i in self._open else w
            for i, w in self._windows.items()
        ]
        run = finish_run(self._stub, self._samples(), windows, status=status)
        self._run = replace(run, exit_code=exit_code)
        if self._store is not None and self._journal is not None:
            try:
                self._store.finish(self._journal, self._run)
            except StoreError as error:
                warnings.warn(f"{error}; its journal stays", stacklevel=2)
        return self._run

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.stop()
        elif issubclass(kind, KeyboardInterrupt):
            self.stop("interrupted")
        else:
            self.stop("failed")
