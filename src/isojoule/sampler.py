"""Reads sensors in one thread: regularly, at edges, and closely until the next tick.

A counter stands still between its ticks. To know the energy at an edge the counter is
read right there and then every few milliseconds until it moves; only the readings that
enclose the move are kept. How often that may happen is bounded, so that many short
windows cannot make a busy loop of it.
"""

import threading
import time
import warnings
import weakref
import zlib
from array import array
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from math import isfinite, nan
from typing import Final

import numpy as np

from isojoule.counters import CounterSeries
from isojoule.formats.journal import Journal
from isojoule.records import Channel, Quantity, Samples
from isojoule.sensors import Sensor, metered_channels
from isojoule.units import format_duration

COUNTERS: Final[frozenset[Quantity]] = frozenset({"energy_j"})
METERED: Final[frozenset[Quantity]] = frozenset({"energy_j", "power_w"})

_EXPLAINED_EVERY_S: Final = (
    1.0  # utilization, clocks, ...: drivers renew them no faster
)
_POLL_S: Final = 0.003
_POLL_SHARE: Final = 4  # a poll may take this part of the time between two polls
_TICK_PATIENCE_S: Final = 0.3
_START_PATIENCE_S: Final = 1.0
_FREE_TRACE_S: Final = 20.0  # close reading that every run may do ...
_TRACE_SHARE: Final = 0.1  # ... and beyond that this share of its time
_LOCK_PATIENCE_S: Final = 1.0  # a driver that hangs must not hang the work
_MIN_SUSPENDED_S: Final = 1.0
_CHUNK_ROWS: Final = 600


class Sampler:
    """The readings of one measurement.

    Parameters
    ----------
    sensors : sequence of Sensor
        Open sensors.
    period_s : float
        Time between regular readings [s].
    clock : callable
        Monotonic seconds.
    journal : Journal or None
        Gets every reading that is kept.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        period_s: float,
        clock: Callable[[], float],
        journal: Journal | None = None,
    ) -> None:
        self._sensors = tuple(sensors)
        self._period_s = period_s
        self._clock = clock
        self._journal = journal
        self.channels: tuple[Channel, ...] = tuple(
            c for s in sensors for c in s.channels
        )
        self._counters = [i for i, c in enumerate(self.channels) if _ticks(c)]
        self._at_edges = [
            COUNTERS if any(map(_ticks, s.channels)) else METERED for s in sensors
        ]
        # What is not measured need not be read at every turn.
        self._is_slow = [
            all(c.provenance == "modelled" for c in metered_channels(s))
            for s in sensors
        ]
        self._unread = [[nan] * len(s.channels) for s in sensors]
        self.doubts: list[str] = []
        self._lock = threading.Lock()
        self._wake = threading.Lock()  # released to wake the thread: lighter than Event
        self._settled = threading.Event()
        self._hangs = False
        self._ended = False
        self._origin_s: float | None = None
        self._packed: list[bytes] = []
        self._rows = array("d")  # time and readings, one row after the other
        self._last_j = [nan] * len(self.channels)
        self._pending: dict[int, int] = {}  # ticks that are still waited for
        self._trace_until_s = 0.0
        self._traced_s = 0.0
        self._skipped: tuple[float, list[float]] | None = None
        self._due_s = 0.0
        self._explained_due_s = 0.0
        self._poll_s = _POLL_S

    def start(self) -> None:
        """Take the first reading and go on in a thread of our own."""
        self._suspended_s = _suspended_s()
        with self._lock:
            self._read(None)
            self._trace(3, _START_PATIENCE_S)
        self._due_s = self._period_s
        self._explained_due_s = _EXPLAINED_EVERY_S
        self._thread = threading.Thread(
            target=_run,
            args=(weakref.ref(self), self._wake),
            name="isojoule-meter",
            daemon=True,
        )
        self._thread.start()

    @property
    def now_s(self) -> float:
        """Time since the first reading [s], which is the first time it is asked for."""
        time_s = self._clock()
        if self._origin_s is None:
            self._origin_s = time_s
        return time_s - self._origin_s

    def mark(self, *, is_start: bool = False, n_ticks: int = 1) -> float:
        """Read what energies are made from, right now; return when that was [s].

        Parameters
        ----------
        is_start : bool, default False
            At the start of work the time is that after reading, else that before: what
            reading takes is not part of the work.
        n_ticks : int, default 1
            How many ticks of the counters to wait for afterwards, in the thread.
        """
        if not self._acquire():
            self.doubt("a sensor did not answer at the edge of a window")
            return self.now_s
        try:
            time_s = self._read(METERED, at_edge=True, is_start=is_start)
            self._trace(n_ticks, _TICK_PATIENCE_S)
        finally:
            self._lock.release()
        self._rouse()
        return time_s

    def _acquire(self) -> bool:
        """Take the lock; while a driver hangs it is waited for only once."""
        held = self._lock.acquire(timeout=0 if self._hangs else _LOCK_PATIENCE_S)
        self._hangs = not held
        return held

    def _rouse(self) -> None:
        """Wake the thread."""
        with suppress(RuntimeError):  # another thread of the work was quicker
            self._wake.release()

    def note(self, write: Callable[[Journal], None]) -> None:
        """Write to the journal; where the disk refuses, say so once and go on."""
        if self._journal is None:
            return
        try:
            write(self._journal)
        except OSError as error:
            # It stays open and locked: nobody may take the run for ended.
            self._journal = None
            reason = f"the journal ended early: {error.strerror}"
            self.doubt(reason)
            with suppress(UserWarning):  # where warnings are errors, the record tells
                warnings.warn(f"{reason}; the measurement goes on", stacklevel=2)

    def settle(self) -> None:
        """Wait until the counters have ticked, two refreshes at most."""
        longest_s = max(self._refreshes_s(), default=0.0) or _TICK_PATIENCE_S / 3
        if self._pending:
            self._settled.wait(2.5 * longest_s)

    def stop(self) -> bool:
        """End the thread; return whether it let go of the sensors."""
        self._ended = True
        self._rouse()
        self._doubt_of_sleep()
        self._thread.join(0 if self._hangs else 2 * _LOCK_PATIENCE_S)
        if self._thread.is_alive():
            self.doubt("a sensor did not answer any more at the end")
        return not self._thread.is_alive()

    def _doubt_of_sleep(self) -> None:
        asleep_s = _suspended_s() - self._suspended_s
        if asleep_s >= _MIN_SUSPENDED_S:
            slept = format_duration(asleep_s)
            self.doubt(
                f"the machine was suspended for {slept}, which is not in the duration"
            )

    def samples(self, first_row: int = 0) -> Samples:
        """Return the readings so far.

        Parameters
        ----------
        first_row : int, default 0
            Leave out those before.
        """
        n_chunks = min(first_row // _CHUNK_ROWS, len(self._packed))
        # One row is added at once, so an unlocked copy would do; a chunk is not.
        held = self._acquire()
        try:
            chunks = [zlib.decompress(c) for c in self._packed[n_chunks:]]
            data = b"".join([*chunks, self._rows.tobytes()])
        finally:
            if held:
                self._lock.release()
        rows = np.frombuffer(data).reshape(-1, 1 + len(self.channels))
        rows = rows[first_row - n_chunks * _CHUNK_ROWS :]
        return Samples(self.channels, rows[:, 0].copy(), rows[:, 1:].T.copy())

    def doubt(self, reason: str) -> None:
        """Note what makes the figures doubtful, once."""
        if reason not in self.doubts:
            self.doubts.append(reason)

    def _refreshes_s(self) -> list[float]:
        samples = self.samples()
        series = [
            CounterSeries.fit(samples.time_s, samples.values[i]) for i in self._counters
        ]
        return [s.refresh_s for s in series if s is not None and s.refresh_s]

    def _trace(self, n_ticks: int, patience_s: float) -> None:
        """Follow the counters closely until they have moved `n_ticks` times."""
        if self._traced_s > _FREE_TRACE_S + _TRACE_SHARE * self.now_s:
            return
        self._settled.clear()
        for i in self._counters:
            self._pending[i] = max(n_ticks, self._pending.get(i, 0))
        self._trace_until_s = max(self._trace_until_s, self.now_s + patience_s)
        if not self._pending:
            self._settled.set()

    def step(self) -> float:
        """Read what is due; return how long to pause [s]."""
        with self._lock:
            now_s = self.now_s
            if self._pending and now_s > self._trace_until_s:
                self._pending.clear()  # a counter that stands still
                self._settled.set()
            if now_s >= self._due_s:
                now_s = self._read_regularly(now_s)
            elif self._pending:
                now_s = self._read(COUNTERS, keep=False)
            wait_s = max(0.0, self._due_s - now_s)
            if self._pending:
                wait_s = min(wait_s, self._poll_s)
                self._traced_s += wait_s
            return wait_s

    def _read_regularly(self, now_s: float) -> float:
        """Take the reading that is due; return when that was [s]."""
        # After a stall it goes on from now; no reading is made up in between.
        self._due_s = max(self._due_s + self._period_s, now_s)
        if now_s < self._explained_due_s:
            return self._read(METERED)
        self._explained_due_s = now_s + _EXPLAINED_EVERY_S
        return self._read(None)

    def is_ended(self) -> bool:
        """Return whether `stop` was called."""
        return self._ended

    def _read(
        self,
        quantities: Collection[Quantity] | None,
        *,
        at_edge: bool = False,
        is_start: bool = False,
        keep: bool = True,
    ) -> float:
        """Read all sensors once; return the time of the reading [s]."""
        time_s = self.now_s
        values: list[float] = []
        for i, sensor in enumerate(self._sensors):
            if not at_edge and quantities is not None and self._is_slow[i]:
                values += self._unread[i]
                continue
            try:
                values += sensor.read(self._at_edges[i] if at_edge else quantities)
            except OSError as error:  # such as no free file descriptor
                values += self._unread[i]
                self.doubt(f"{sensor.name} did not answer: {error.strerror}")
        if is_start:
            time_s = self.now_s
        elif not keep:
            self._poll_s = max(_POLL_S, _POLL_SHARE * (self.now_s - time_s))
        if (self._pending or at_edge) and self._has_ticked(values):
            keep = True
            if self._skipped is not None:
                self._append(*self._skipped)
        if keep:
            self._append(time_s, values)
        self._skipped = None if keep else (time_s, values)
        return time_s

    def _has_ticked(self, values: Sequence[float]) -> bool:
        """Return whether a counter moved of which a tick was waited for."""
        ticked = False
        for i in self._counters:
            if not isfinite(values[i]):
                continue
            if i in self._pending and values[i] != self._last_j[i]:
                ticked = True
                self._pending[i] -= 1
                if not self._pending[i]:
                    del self._pending[i]
            self._last_j[i] = values[i]
        if ticked and not self._pending:
            self._settled.set()
        return ticked

    def _append(self, time_s: float, values: Sequence[float]) -> None:
        # One call, so that an interrupt cannot leave half a row.
        self._rows.extend([time_s, *values])
        if self._journal is not None:
            self.note(lambda journal: journal.sample(time_s, values))
        if len(self._rows) >= _CHUNK_ROWS * (1 + len(self.channels)):
            self._packed.append(zlib.compress(self._rows.tobytes(), 1))
            self._rows = array("d")


def _suspended_s() -> float:
    """Return how long the machine has slept since it was started [s], if it tells."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None:
        return 0.0
    return time.clock_gettime(clock) - time.monotonic()


def _ticks(channel: Channel) -> bool:
    """Return whether a channel is a counter that stands still between its ticks."""
    return channel.quantity == "energy_j" and channel.provenance == "measured"


def _run(reference: "weakref.ref[Sampler]", wake: threading.Lock) -> None:
    """Sample until the sampler ends, or nobody holds it any more."""
    pause_s = 0.0
    while True:
        wake.acquire(timeout=pause_s)
        sampler = reference()
        if sampler is None or sampler.is_ended():
            return
        pause_s = sampler.step()
        del sampler
