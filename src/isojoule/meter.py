"""Meter: measures a stretch of a program and named windows within it."""

import os
import threading
import time
import warnings
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from math import isfinite
from types import TracebackType
from typing import Final, Protocol, Self

from isojoule.decorator import Function, measured
from isojoule.describe import describe_run
from isojoule.devices import synchronize_devices
from isojoule.energy import component_energies, total_energy
from isojoule.errors import SensorUnavailableError, StoreError
from isojoule.finish import finish_run
from isojoule.formats.journal import Journal
from isojoule.records import (
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Status,
    Window,
    Workload,
)
from isojoule.sampler import Sampler
from isojoule.sensors import Sensor, open_sensors
from isojoule.sensors.visible import local_rank

_CLOSE_PATIENCE_S: Final = 2.0
_SETTLED_S: Final = 60.0  # a stretch this long is summed up once and for all ...
_UNSETTLED_S: Final = 10.0  # ... but for its end, of which a later tick tells more
_AROUND_S: Final = 5.0  # readings before an edge that tell of it


class RunKeeper(Protocol):
    """Where runs go, such as a `RunStore`."""

    def start(self, run: Run, channels: Sequence[Channel]) -> Journal:
        """Return a journal for a run that begins now."""
        ...

    def live_run_ids(self) -> list[str]:
        """Return the ids of the runs that are being measured now."""
        ...

    def finish(self, journal: Journal, run: Run) -> None:
        """Keep the ended run and remove its journal."""
        ...


class Meter:
    """Measures the energy between `start` and `stop`, or of a ``with`` block.

    It is a decorator too: each call of the function is then a run of its own, kept in
    the store, and the last one is the ``run`` of the function.

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
        Readings per second, 1 to 100. What explains energies, such as utilizations, is
        read once a second at most.
    store : RunKeeper or None
        Keeps the run, journaled while it lives; where `None` it is only in `run`.
    tags : mapping of str to str
        Labels for the record.
    command : sequence of str
        Command line that is being measured, for the record.
    review : callable or None
        Takes the finished run before it is kept, and returns it with what the program
        knows of it: further measures, samples that were processed, doubts.
    clock : callable
        Monotonic seconds.

    Raises
    ------
    ValueError
        If `hz` is out of range.

    Notes
    -----
    In a process that was forked from the measuring one a meter does nothing: its parent
    goes on measuring the machine, and with it the child.

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
        review: Callable[[Run], Run] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not 1 <= hz <= 100:
            raise ValueError(f"hz must lie between 1 and 100, got {hz}")
        self._name = name
        self._workload = workload or Workload(name)
        self._hardware = hardware
        self._given_sensors = sensors
        self._hz = hz
        self._store = store
        self._tags = dict(tags or {})
        self._command = tuple(command)
        self._review = review
        self._clock = clock
        self._sampler: Sampler | None = None
        self._journal: Journal | None = None
        self._indices = count()
        self._windows: dict[int, Window] = {}
        self._open: set[int] = set()
        self._start_s = 0.0
        self._end_s: float | None = None
        self._so_far: tuple[ComponentEnergy, ...] = ()
        self._settled_s = 0.0
        self._n_rows_so_far = 0
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
            If there is no usable sensor at all. Of several ranks on a machine only the
            first has to have one.
        StoreError
            If the journal cannot be made.
        """
        if self._sampler is not None:
            raise RuntimeError("a meter measures once: make a new one")
        given = self._given_sensors
        self._sensors = open_sensors() if given is None else list(given)
        channels = tuple(c for s in self._sensors for c in s.channels)
        rank = local_rank()
        if not channels and (rank is None or rank[0] == 0):
            raise SensorUnavailableError(
                "no sensor can be used", "isojoule doctor tells what is missing"
            )
        self._pid = os.getpid()
        self._stub = describe_run(
            self._name,
            self._workload,
            sensors=self._sensors,
            hardware=self._hardware,
            hz=self._hz,
            command=self._command,
            tags=self._tags,
            live_run_ids=self._store.live_run_ids() if self._store else (),
        )
        if self._store is not None:
            self._journal = self._store.start(self._stub, channels)
        self._sampler = Sampler(
            self._sensors,
            period_s=1 / self._hz,
            clock=self._clock,
            journal=self._journal,
        )
        self._sampler.start()
        return self

    def _live_sampler(self) -> Sampler | None:
        """Return the sampler; `None` before the start and in a forked process."""
        if self._sampler is None or os.getpid() != self._pid:
            return None
        return self._sampler

    def idle_before(self, wait: Callable[[], object]) -> None:
        """Record the machine at rest; the run proper begins afterwards.

        Parameters
        ----------
        wait : callable
            Returns when it has been at rest for long enough.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        """
        with self.window("idle before", phase="idle"):
            wait()
        self._begin_at(max((w.end_s for w in self._windows.values()), default=0.0))

    def begin(self) -> None:
        """Begin the run proper now; what came before is not part of its energies.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        """
        if self._sampler is None:
            raise RuntimeError("the meter is not running: start it first")
        sampler = self._live_sampler()
        if sampler is not None:
            self._wait_for_devices(sampler)
            self._begin_at(sampler.mark(is_start=True))

    def _begin_at(self, start_s: float) -> None:
        self._start_s = start_s
        self._note_edge("start", start_s)

    def idle_after(self, wait: Callable[[], object]) -> None:
        """Record the machine at rest; the run proper ended before.

        Parameters
        ----------
        wait : callable
            Returns when it has been at rest for long enough.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        """
        self.end()
        with self.window("idle after", phase="idle"):
            wait()

    def end(self) -> None:
        """End the run proper now; `stop` does it where nobody did.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        """
        if self._sampler is None:
            raise RuntimeError("the meter is not running: start it first")
        sampler = self._live_sampler()
        if sampler is not None and self._end_s is None:
            self._wait_for_devices(sampler)
            self._end_s = sampler.mark(n_ticks=2)
            self._note_edge("end", self._end_s)

    def _wait_for_devices(self, sampler: Sampler) -> None:
        """Let the accelerators finish; if they cannot, that is the job's own error."""
        try:
            synchronize_devices()
        except RuntimeError as error:
            (reason, *_) = str(error).splitlines() or [type(error).__name__]
            sampler.doubt(f"the devices could not be waited for: {reason}")

    def _note_edge(self, edge: str, time_s: float) -> None:
        sampler = self._live_sampler()
        if sampler is not None:
            sampler.note(lambda journal: journal.edge(edge, time_s))

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

        Raises
        ------
        RuntimeError
            If the meter was not started.

        Warns
        -----
        UserWarning
            If it was stopped already; the window is not measured then.
        """
        if self._sampler is None:
            raise RuntimeError("the meter is not running: start it before its windows")
        if self._run is not None:
            warnings.warn(
                f"window {name!r} is not measured: the meter was stopped before",
                stacklevel=3,
            )
        sampler = self._live_sampler()
        if sampler is None or self._run is not None:
            yield
            return
        self._wait_for_devices(sampler)
        start_s = sampler.mark(is_start=True)
        opened = Window(name, phase, epoch, start_s=start_s, end_s=start_s)
        index = next(self._indices)  # threads may open windows at the same time
        self._windows[index] = opened
        self._open.add(index)
        sampler.note(lambda journal: journal.open_window(index, opened))
        try:
            yield
        finally:
            # The process may have been forked, or the meter stopped, in between.
            if self._live_sampler() is not None and self._run is None:
                self._wait_for_devices(sampler)
                end_s = sampler.mark()
                self._windows[index] = replace(self._windows[index], end_s=end_s)
                self._open.discard(index)
                sampler.note(lambda journal: journal.close_window(index, end_s))

    def energies_so_far(self) -> tuple[ComponentEnergy, ...]:
        """Return the energies from the start to about now; absent as in `run_so_far`.

        Only the readings of about the last minute are looked at.

        Raises
        ------
        RuntimeError
            If the meter was not started.
        """
        return self.run_so_far().energies

    def run_so_far(self) -> Run:
        """Return the run that goes on: energies and duration up to the last reading.

        It has no windows and no samples yet, and its status says nothing. Only the
        readings of about the last minute are looked at. An energy is absent while its
        recent part is not known, as where a sensor has failed.

        Raises
        ------
        RuntimeError
            If the meter was not started.
        """
        if self._sampler is None:
            raise RuntimeError("the meter is not running: start it first")
        samples = self._sampler.samples(self._n_rows_so_far)
        now_s = float(samples.time_s[-1])
        settled_s = max(self._settled_s, now_s - _UNSETTLED_S)
        recent, settled = component_energies(
            samples, [(self._settled_s, now_s), (self._settled_s, settled_s)]
        )
        energies = self._with_so_far(recent)
        is_known = all(e.energy_j is not None for e in (*recent, *settled))
        if now_s - self._settled_s > _SETTLED_S and is_known:
            self._so_far = self._with_so_far(settled)
            self._settled_s = settled_s
            self._n_rows_so_far += bisect_left(samples.time_s, settled_s - _AROUND_S)
        return replace(self._stub, energies=energies, duration_s=now_s)

    def _with_so_far(
        self, recent: tuple[ComponentEnergy, ...]
    ) -> tuple[ComponentEnergy, ...]:
        """Return `recent` added to what is settled; absent where it is not known."""
        if not self._so_far:
            return recent
        pairs = zip(self._so_far, recent, strict=True)
        return tuple(total_energy(pair) for pair in pairs)

    def report(self, scores: Mapping[str, float], *, epoch: int) -> None:
        """Keep scores with the last window of an epoch, open or closed.

        Parameters
        ----------
        scores : mapping of str to float
            What the epoch reached, such as ``{"val_f1": 0.8}``.
        epoch : int
            Counted from 0.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        ValueError
            If no window of that epoch was opened, or a score is not finite.
        """
        if self._sampler is None or self._run is not None:
            raise RuntimeError("the meter is not running: scores are for its windows")
        sampler = self._live_sampler()
        if sampler is None:
            return
        unknown = [name for name, score in scores.items() if not isfinite(score)]
        if unknown:
            raise ValueError(
                f"score {unknown[0]} of epoch {epoch} is {scores[unknown[0]]}: leave "
                "out what is not a finite number"
            )
        mine = [i for i, w in self._windows.copy().items() if w.epoch == epoch]
        if not mine:
            raise ValueError(f"epoch {epoch} has no window: open one for it first")
        index, time_s = max(mine), sampler.now_s
        window = self._windows[index]
        self._windows[index] = replace(window, scores={**window.scores, **scores})
        sampler.note(lambda journal: journal.report(index, scores, time_s))

    def tag(self, **tags: str) -> None:
        """Add labels to the record of the run that goes on.

        Parameters
        ----------
        **tags : str
            Labels; those that are there already are replaced.

        Raises
        ------
        RuntimeError
            If the meter is not running.
        """
        if self._sampler is None or self._run is not None:
            raise RuntimeError("the meter is not running: tag the run while it goes on")
        self._stub = replace(self._stub, tags={**self._stub.tags, **tags})

    def stop(self, status: Status = "complete", *, exit_code: int | None = None) -> Run:
        """Take the last reading and return the finished run.

        Counters are followed to their next ticks, which takes two refreshes at most
        (about 0.2 s for NVML).

        Parameters
        ----------
        status : {"complete", "interrupted", "failed"}
            How the measured work ended.
        exit_code : int or None
            Of the measured command, for the record.

        Raises
        ------
        RuntimeError
            If the meter was not started.

        Warns
        -----
        UserWarning
            If the store does not take the run; it stays in `run`.
        """
        if self._run is not None:
            return self._run
        self.end()
        sampler = self._live_sampler()
        if sampler is None or self._end_s is None:
            return self._stub
        sampler.settle()
        is_free = sampler.stop()
        windows = [
            replace(w, end_s=self._end_s) if i in self._open else w
            for i, w in sorted(self._windows.items())
        ]
        stub = replace(self._stub, warnings=(*self._stub.warnings, *sampler.doubts))
        run = finish_run(
            stub,
            sampler.samples(),
            windows,
            status=status,
            start_s=self._start_s,
            end_s=self._end_s,
        )
        run = replace(run, exit_code=exit_code)
        self._run = run if self._review is None else self._review(run)
        if self._store is not None and self._journal is not None:
            try:
                self._store.finish(self._journal, self._run)
            except StoreError as error:
                warnings.warn(f"{error}; its journal stays", stacklevel=2)
        if is_free and self._given_sensors is None:
            self._close_sensors()
        return self._run

    def _close_sensors(self) -> None:
        """Close what we opened; a driver that hangs there must not hang the work."""

        def close() -> None:
            for sensor in self._sensors:
                sensor.close()

        closing = threading.Thread(target=close, daemon=True)
        closing.start()
        closing.join(_CLOSE_PATIENCE_S)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop(status_of(error))

    def __call__(self, function: Function) -> Function:
        """Return `function`, measured: every call is a run of its own.

        Parameters
        ----------
        function : callable
            May be a coroutine function.

        Returns
        -------
        callable
            With the last finished run as its attribute ``run``.
        """
        return measured(function, self._again)

    def _again(self) -> "Meter":
        """Return a meter that is like this one and has not measured yet."""
        return Meter(
            self._name,
            workload=self._workload,
            hardware=self._hardware,
            sensors=self._given_sensors,
            hz=self._hz,
            store=self._store,
            tags=self._tags,
            command=self._command,
            review=self._review,
            clock=self._clock,
        )


def status_of(error: BaseException | None) -> Status:
    """Return how a run ends that `error` left; none, or an exit with 0, is no failure.

    Parameters
    ----------
    error : BaseException or None
        What the measured work raised.
    """
    if error is None or (isinstance(error, SystemExit) and not error.code):
        return "complete"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
