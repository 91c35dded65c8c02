"""For loops written by hand: epochs that are measured, forecast and ended in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Unpack

from isojoule.estimators.stopping.rule import Decision
from isojoule.estimators.streaming import Forecast
from isojoule.integrations.live import EpochFollower
from isojoule.integrations.plan import EpochPlan, LiveOptions
from isojoule.integrations.processes import world_size
from isojoule.integrations.windows import OneWindow
from isojoule.meter import Meter


class TrackedEpochs:
    """The epochs of a training, one after the other; iterate over it once.

    Each is a window ``train`` of the meter while the body of the loop runs, except for
    what runs in `validation`. A forecast follows each. The loop ends by itself where a
    rule says so; a ``break`` or an error ends it at once, and the epoch that it cuts
    short is in no forecast.

    Parameters
    ----------
    meter : Meter
        Running by the first epoch.
    n_epochs : int or None
        Epochs that are planned, those before `first_epoch` included; open where `None`.
    first_epoch : int, default 0
        Where a training goes on that was interrupted.
    **options
        See `isojoule.integrations.plan.LiveOptions`.

    Raises
    ------
    TypeError
        If there is no such option, or one is not what it has to be.
    ValueError
        If what is asked for contradicts itself, or there would be no epoch.
    """

    def __init__(
        self,
        meter: Meter,
        n_epochs: int | None,
        *,
        first_epoch: int = 0,
        **options: Unpack[LiveOptions],
    ) -> None:
        unknown = options.keys() - LiveOptions.__optional_keys__
        if unknown:
            raise TypeError(f"there is no option {min(unknown)!r}")
        if first_epoch < 0 or (n_epochs is not None and n_epochs <= first_epoch):
            raise ValueError(
                f"epochs {first_epoch} to {n_epochs} are none: plan at least one, "
                "counted from 0"
            )
        self._plan = EpochPlan.of(options)
        self._follower = EpochFollower(meter, self._plan, keeps_all=True)
        self._window = OneWindow(meter)
        self._n_epochs = n_epochs
        self._first_epoch = first_epoch
        self._epoch: int | None = None
        self._scores: dict[str, float] = {}
        self._stopped = False

    @property
    def forecast(self) -> Forecast | None:
        """What was forecast after the last epoch."""
        return self._follower.forecast

    @property
    def decision(self) -> Decision | None:
        """What was decided after the last epoch, where there is a rule."""
        return self._follower.decision

    @property
    def stopped(self) -> bool:
        """Whether the rule ended the loop."""
        return self._stopped

    def __len__(self) -> int:
        """Return how many epochs there are at most.

        Raises
        ------
        TypeError
            If the number is open.
        """
        if self._n_epochs is None:
            raise TypeError("the number of epochs is open")
        return self._n_epochs - self._first_epoch

    def __iter__(self) -> Iterator[int]:
        """Yield the epochs, counted from 0.

        Raises
        ------
        RuntimeError
            If they were begun before, or the meter is not running.
        """
        if self._epoch is not None:
            raise RuntimeError("a training is tracked once: track it anew")
        last = self._n_epochs
        for epoch in count(self._first_epoch):
            if epoch == last or self._stopped:
                return
            yield from self._one(epoch)

    def _one(self, epoch: int) -> Iterator[int]:
        """Yield one epoch and follow it if its body comes to its end."""
        self._epoch, self._scores = epoch, {}
        self._window.enter(("train", "train", epoch))
        self._follower.begin()
        is_over = False
        try:
            yield epoch
            is_over = True
        finally:
            self._window.leave()
            if not is_over:
                self._follower.report(epoch, self._scores)
        self._end(epoch)

    def _end(self, epoch: int) -> None:
        follower = self._follower
        if not follower.end(epoch, n_epochs=self._n_epochs, reported=self._scores):
            return
        n_processes = world_size()
        if n_processes > 1:
            follower.refuse_end(n_processes)
            return
        self._stopped = True
        follower.accept_end(epoch)
        follower.tag_end()

    def report(self, **scores: float) -> None:
        """Keep scores with the epoch that goes on.

        Parameters
        ----------
        **scores : float
            Such as ``val_f1=0.8``; all are kept, also those that nothing monitors.

        Raises
        ------
        RuntimeError
            If no epoch has begun.
        """
        if self._epoch is None:
            raise RuntimeError("no epoch has begun: report its scores in its loop")
        self._scores.update(scores)

    @contextmanager
    def validation(self, *, then_train: bool = False) -> Iterator[None]:
        """Let what follows be the validation of the epoch, and in no other window.

        Parameters
        ----------
        then_train : bool, default False
            Whether the epoch is trained further after it; else what follows belongs to
            no window.

        Raises
        ------
        RuntimeError
            If no epoch has begun.
        """
        if self._epoch is None:
            raise RuntimeError("no epoch has begun: validate within its loop")
        epoch = self._epoch
        self._window.enter(("validation", "validation", epoch))
        try:
            yield
        finally:
            self._window.leave()
        if then_train:
            self._window.enter(("train", "train", epoch))


def track_epochs(
    meter: Meter,
    n_epochs: int | None,
    *,
    first_epoch: int = 0,
    **options: Unpack[LiveOptions],
) -> TrackedEpochs:
    """Return the epochs of a training to iterate over, which a meter measures.

    Parameters
    ----------
    meter : Meter
        Running by the first epoch.
    n_epochs : int or None
        Epochs that are planned, those before `first_epoch` included; open where `None`.
    first_epoch : int, default 0
        Where a training goes on that was interrupted.
    **options
        See `isojoule.integrations.plan.LiveOptions`.

    Raises
    ------
    TypeError
        If there is no such option, or one is not what it has to be.
    ValueError
        If what is asked for contradicts itself, or there would be no epoch.

    Examples
    --------
    >>> with Meter("training") as meter:
    ...     epochs = track_epochs(meter, 3, monitor="val_loss")
    ...     for epoch in epochs:
    ...         total = sum(range(100_000))
    ...         with epochs.validation():
    ...             epochs.report(val_loss=1 / (1 + epoch))
    >>> [window.phase for window in meter.run.windows[:2]]
    ['train', 'validation']
    """
    return TrackedEpochs(meter, n_epochs, first_epoch=first_epoch, **options)
