"""What all callbacks share: a meter around a training that it can never harm."""

import atexit
import threading
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, Unpack

from isojoule.errors import IsojouleError, StoreError
from isojoule.estimators.stopping.rule import Decision
from isojoule.estimators.streaming import Forecast
from isojoule.formats.journal import Journal
from isojoule.integrations.harmless import Guard
from isojoule.integrations.live import EpochFollower
from isojoule.integrations.plan import EpochPlan, LiveOptions
from isojoule.integrations.watch import Watch
from isojoule.integrations.windows import OneWindow
from isojoule.meter import Meter, status_of
from isojoule.records import Channel, Run, Status, Workload
from isojoule.sensors import Sensor
from isojoule.store import RunStore, default_root


class MeterOptions(LiveOptions, total=False):
    """What every callback takes besides a name, and besides `LiveOptions`.

    Parameters
    ----------
    workload : Workload or None
        What is trained; described from what the framework tells where `None`.
    hz : float, default 10
        Readings per second, 1 to 100.
    store : RunStore, path or None
        Keeps the runs; the user's own store where `None`.
    sensors : sequence of Sensor or None
        Open sensors, which stay open; all usable ones where `None`.
    tags : mapping of str to str or None
        Labels for the record.
    """

    workload: Workload | None
    hz: float
    store: RunStore | Path | str | None
    sensors: Sequence[Sensor] | None
    tags: Mapping[str, str] | None


class MeteredTraining:
    """Measures one training after the other, each as a run of its own.

    What cannot be measured is told once by a warning; the training never sees an error.

    Parameters
    ----------
    name : str
        For people; names the workload too where none is given.
    **options
        See `MeterOptions`.

    Raises
    ------
    TypeError
        If there is no such option, or one is not what it has to be.
    ValueError
        If ``hz`` is out of range, or what is asked for contradicts itself.
    """

    def __init__(self, name: str, **options: Unpack[MeterOptions]) -> None:
        unknown = options.keys() - MeterOptions.__optional_keys__
        if unknown:
            raise TypeError(f"there is no option {min(unknown)!r}")
        self.name = name
        self.plan = EpochPlan.of(options)
        self.guard = Guard()
        self.forecast: Forecast | None = None
        self.decision: Decision | None = None
        self._options = options
        self._live: _LiveRun | None = None
        self._run: Run | None = None
        self._cannot_measure = False
        self._new_meter(Workload(name))  # a wrong rate is refused now, not in training

    def _new_meter(
        self,
        workload: Workload,
        *,
        tags: Mapping[str, str] | None = None,
        store: "_StoreAt | None" = None,
    ) -> Meter:
        options = self._options
        given = options.get("workload")
        return Meter(
            self.name,
            workload=replace(given, phase=workload.phase) if given else workload,
            sensors=options.get("sensors"),
            hz=options.get("hz", 10.0),
            store=store,
            tags={**(tags or {}), **(options.get("tags") or {})},
        )

    @property
    def run(self) -> Run:
        """The run of the training that ended last.

        Raises
        ------
        RuntimeError
            If a training is under way, or none has been measured yet.
        """
        if self.is_live:
            raise RuntimeError("the training is still running: ask for its run later")
        if self._run is None:
            raise RuntimeError("no training has been measured yet")
        return self._run

    @property
    def is_live(self) -> bool:
        """Whether a training is under way; one that an error has left is not."""
        live = self._live
        if live is not None and live.watch is not None and live.watch.has_left():
            self._finish_left(live)
        return self._live is not None

    @property
    def phase(self) -> str | None:
        """Phase of the open window; `None` where none is open."""
        return None if self._live is None else self._live.window.phase

    def start(
        self,
        workload: Workload,
        *,
        tags: Mapping[str, str] | None = None,
        frame: FrameType | None = None,
    ) -> None:
        """Begin the run of a training.

        Parameters
        ----------
        workload : Workload
            What the framework tells of it. Where the user described the work, only its
            phase counts.
        tags : mapping of str to str or None
            What the framework knows of the process; the user's own go before.
        frame : FrameType or None
            The call that trains: the run ends with it where no hook ends it before.

        Warns
        -----
        UserWarning
            If nothing can be measured; nothing is tried again then.
        """
        if self._live is not None:
            self._finish_left(self._live)
        if self._cannot_measure:
            return
        try:
            store = _StoreAt(self._options.get("store"))
            meter = self._new_meter(workload, tags=tags, store=store).start()
        except (IsojouleError, OSError) as error:
            self._cannot_measure = True
            warnings.warn(f"the training is not measured: {error}", stacklevel=2)
            return
        follower = EpochFollower(meter, self.plan)
        live = _LiveRun(meter, None if frame is None else Watch(frame), follower)
        self._live = live
        if workload.phase == "train":
            self.forecast = self.decision = None
        atexit.register(self._finish_left, live)
        if live.watch is not None:
            live.watch.start(lambda: self._finish_left(live))

    def enter(self, name: str, phase: str, epoch: int | None = None) -> None:
        """Let all that follows belong to this window and no other.

        Parameters
        ----------
        name : str
            Name of the window.
        phase : str
            ``train``, ``validation`` or ``test``.
        epoch : int or None
            Epoch, counted from 0.
        """
        if self._live is not None:
            self._live.window.enter((name, phase, epoch))
            if epoch is not None:
                self._live.follower.begin()

    def leave(self) -> None:
        """Let what follows belong to no window."""
        if self._live is not None:
            self._live.window.leave()

    def end_epoch(
        self, epoch: int, *, n_epochs: float | None, reported: Mapping[str, object]
    ) -> bool:
        """Follow an epoch that is over with its validation.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        n_epochs : float or None
            Epochs that are planned, where that is known.
        reported : mapping of str to object
            Scores that the framework reported of this epoch.

        Returns
        -------
        bool
            Whether the rule of the user says to end the training now.
        """
        if self._live is None:
            return False
        follower = self._live.follower
        wants_end = follower.end(epoch, n_epochs=n_epochs, reported=reported)
        self.forecast, self.decision = follower.forecast, follower.decision
        return wants_end

    def skip_epoch(self, epoch: int, reported: Mapping[str, object]) -> None:
        """Pass over an epoch of which only a part was trained; its scores are kept.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        reported : mapping of str to object
            Scores that the framework reported of this epoch.
        """
        if self._live is not None:
            self._live.follower.skip(epoch, reported)

    def accept_end(self, epoch: int) -> None:
        """Say that the framework was asked to end the training after an epoch.

        Parameters
        ----------
        epoch : int
            The one that ended last.
        """
        if self._live is not None:
            self._live.follower.accept_end(epoch)

    def refuse_end(self, n_processes: int) -> None:
        """Say that a training of several processes is not asked to end.

        Parameters
        ----------
        n_processes : int
            How many there are.
        """
        if self._live is not None:
            self._live.follower.refuse_end(n_processes)

    def finish(self, error: BaseException | None = None) -> None:
        """End the run, if there is one.

        Parameters
        ----------
        error : BaseException or None
            What ended the training; `None` where it came to its end.
        """
        if self._live is not None:
            self._stop(self._live, status_of(error))

    def _finish_left(self, live: "_LiveRun") -> None:
        """End a run whose end nobody told of."""
        interrupted = live.watch is not None and live.watch.was_interrupted()
        self._stop(live, "interrupted" if interrupted else "failed")

    def _stop(self, live: "_LiveRun", status: Status) -> None:
        """End `live` once: a hook, the watch, the next training or the exit may."""
        with live.lock:
            if self._live is live:
                self._run = live.stop(status)
                self._live = None
                atexit.unregister(self._finish_left)


class MeteredCallback:
    """What every callback tells; the callback sets its training."""

    _training: MeteredTraining

    @property
    def run(self) -> Run:
        """The run that ended last.

        Raises
        ------
        RuntimeError
            If one is under way, or there is none yet.
        """
        return self._training.run

    @property
    def forecast(self) -> Forecast | None:
        """What was forecast after the last epoch of the last training."""
        return self._training.forecast

    @property
    def decision(self) -> Decision | None:
        """What was decided after that epoch, where there is a rule."""
        return self._training.decision

    @property
    def guard(self) -> Guard:
        """Tells of errors of ours, which never reach the training."""
        return self._training.guard


class _LiveRun:
    """A run under way with at most one open window."""

    def __init__(
        self, meter: Meter, watch: Watch | None, follower: EpochFollower
    ) -> None:
        self.watch = watch
        self.follower = follower
        self.window = OneWindow(meter)
        self.lock = threading.Lock()
        self._meter = meter

    def stop(self, status: Status) -> Run:
        """Return the finished run."""
        if self.watch is not None:
            self.watch.cancel()
        self.follower.tag_end()
        return self._meter.stop(status)


class _StoreAt:
    """A store that is opened for each access: a run may end in another thread."""

    def __init__(self, store: RunStore | Path | str | None) -> None:
        if isinstance(store, RunStore):
            self._root = store.root
        else:
            self._root = default_root() if store is None else Path(store)

    def start(self, run: Run, channels: Sequence[Channel]) -> Journal:
        """Return a journal for a run that begins now.

        Raises
        ------
        StoreError
            If the store cannot be opened or the journal cannot be made.
        """
        with RunStore.open(self._root) as store:
            return store.start(run, channels)

    def live_run_ids(self) -> list[str]:
        """Return the ids of the runs that are being measured now.

        Raises
        ------
        StoreError
            If the store cannot be opened.
        """
        with RunStore.open(self._root) as store:
            return store.live_run_ids()

    def finish(self, journal: Journal, run: Run) -> None:
        """Keep the ended run and remove its journal.

        Raises
        ------
        StoreError
            If the run cannot be written; its journal stays.
        """
        try:
            store = RunStore.open(self._root)
        except StoreError:
            journal.close()
            raise
        with store:
            store.finish(journal, run)


def trainable_parameters(module: Any) -> int | None:  # noqa: ANN401
    """Return how many parameters a PyTorch module trains; `None` where it cannot tell.

    Parameters
    ----------
    module : torch.nn.Module
        Lazy parameters have no size before the first batch.
    """
    from torch.nn.parameter import is_lazy

    trained = [p for p in module.parameters() if p.requires_grad]
    if any(is_lazy(p) for p in trained):
        return None
    return sum(p.numel() for p in trained) or None
