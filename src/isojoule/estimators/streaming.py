"""A forecast of the whole training after each epoch, with what it cannot know yet."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Final, Self

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch, require_consecutive
from isojoule.estimators.regimes import Regime, RegimeTracker
from isojoule.estimators.stream.ahead import OVER, Ahead, look_ahead
from isojoule.estimators.stream.doubts import doubts_of
from isojoule.estimators.stream.remarks import remarks_on, why_not
from isojoule.records import Estimate, Hardware, Provenance, Run, Scope, Workload

METHOD: Final = "streaming"

_ROUNDING: Final = 1e-6
"""Part of an epoch that is no part but how samples over samples per epoch round."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a forecast is about, for its estimates.

    Parameters
    ----------
    workload, hardware : str
        Names.
    provenance : {"measured", "modelled", "declared"}
        Of the energies of the epochs.
    scope : {"gpu", "node", "wall"} or None
        Of them.
    """

    workload: str = "training"
    hardware: str = "this machine"
    provenance: Provenance = "measured"
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class TimeEstimate:
    """A time that was not measured.

    Parameters
    ----------
    duration_s, duration_low_s, duration_high_s : float
        The estimate and the bounds of its interval [s].
    """

    duration_s: float
    duration_low_s: float
    duration_high_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is known of a training after some of its epochs.

    Parameters
    ----------
    n_seen : int
        Epochs that were seen.
    n_epochs : float
        Epochs that are planned.
    until_epoch : float
        How far `left`, `total` and the times reach: all planned epochs, or those
        before the next announced change, since what follows cannot be known.
    energy_so_far_j, duration_so_far_s : float
        What was seen [J], [s].
    total, left : Estimate or None
        Energy of the epochs up to `until_epoch`, and of those of them that are to come;
        `None` where `reason` says why.
    total_duration, duration_left : TimeEstimate or None
        Their time.
    stable_since : int or None
        Epoch from which on the training is stable; `None` where it is not, or where
        that cannot be told yet.
    stable_since_s : float or None
        When that epoch began, since the first one began [s].
    regimes : tuple of Regime
        What kinds of epochs were seen, in order.
    period : int
        After how many epochs a pattern repeats; 1 where nothing repeats.
    reason : str
        Why there is no forecast; empty where there is one.
    notes : tuple of str
        Doubts.
    """

    n_seen: int
    n_epochs: float
    until_epoch: float
    energy_so_far_j: float
    duration_so_far_s: float
    total: Estimate | None
    left: Estimate | None
    total_duration: TimeEstimate | None
    duration_left: TimeEstimate | None
    stable_since: int | None
    stable_since_s: float | None
    regimes: tuple[Regime, ...]
    period: int = 1
    reason: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the figures are of all planned epochs."""
        return self.until_epoch == self.n_epochs

    @property
    def energy_fraction(self) -> float | None:
        """Share of the total that is spent already, in [0, 1]."""
        if self.total is None or not self.is_whole or not self.total.energy_j:
            return None
        return min(self.energy_so_far_j / self.total.energy_j, 1.0)


class Forecaster:
    """Is fed one epoch after the other and tells what the training will take.

    Parameters
    ----------
    n_epochs : float
        Epochs that are planned; the last may be a part of one.
    changes_at : collection of int, optional
        Epochs at which the work will change, such as the first of a fine-tuning. Up to
        the next of them only is a forecast possible.
    before_s : float, default 0
        What passed before the first epoch [s]; part of the total time.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    subject : Subject
        Names for the estimates.

    Raises
    ------
    ValueError
        If the number of epochs, a change, the time or the level cannot be.

    Notes
    -----
    The forecast is what was seen plus the sum of the epochs to come, each as the stable
    epochs of the current regime: see `regimes` for what those are and `forecast` for
    the sum and its interval. It holds while the work and the machine stay as they are.
    While the last epochs depart from the stable ones, the interval reaches from the
    case that they are a passing trouble to the case that all that follow are like them.
    """

    def __init__(
        self,
        n_epochs: float,
        *,
        changes_at: Collection[int] = (),
        before_s: float = 0.0,
        level: float = 0.9,
        subject: Subject | None = None,
    ) -> None:
        if not (isfinite(n_epochs) and n_epochs > 0):
            raise ValueError(f"the epochs that are planned must be > 0, got {n_epochs}")
        if abs(n_epochs - round(n_epochs)) < _ROUNDING:
            n_epochs = round(n_epochs)
        beyond = [c for c in changes_at if not 0 < c < n_epochs]
        if beyond:
            raise ValueError(
                f"a change at epoch {beyond[0]} is not within a training of epochs 0 "
                f"to {ceil(n_epochs) - 1}"
            )
        if not (isfinite(before_s) and before_s >= 0):
            raise ValueError(f"before_s must not be negative, got {before_s} s")
        if not 0 < level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {level}")
        self.n_epochs = n_epochs
        self.level = level
        self.subject = subject or Subject()
        self._changes_at = sorted(changes_at)
        self._before_s = before_s
        self._tracker = RegimeTracker(changes_at)
        self._first_index = 0
        self._last: Epoch | None = None
        self._start_s = 0.0
        self._end_s = 0.0
        self._energy_j = 0.0

    def observe(self, epoch: Epoch) -> Forecast:
        """Follow one further epoch; return the forecast after it.

        Parameters
        ----------
        epoch : Epoch
            The one after the last; the first may have any index, that of a training
            that was resumed.

        Raises
        ------
        ValueError
            If it does not follow the last one, or is beyond the planned ones.
        """
        self.follow(epoch)
        return self.forecast()

    def follow(self, epoch: Epoch) -> None:
        """Follow one further epoch without a forecast.

        Parameters
        ----------
        epoch : Epoch
            As for `observe`.

        Raises
        ------
        ValueError
            If it does not follow the last one, or is beyond the planned ones.
        """
        if epoch.index >= ceil(self.n_epochs):
            raise ValueError(
                f"epoch {epoch.index} came, but only epochs 0 to "
                f"{ceil(self.n_epochs) - 1} are planned: plan more"
            )
        if self._last is not None:
            require_consecutive((self._last, epoch))
        else:
            self._first_index, self._start_s = epoch.index, epoch.start_s
        self._last, self._end_s = epoch, epoch.end_s
        self._energy_j += epoch.energy_j
        self._tracker.observe(epoch)

    def forecast(self) -> Forecast:
        """Return the forecast after the last epoch.

        Raises
        ------
        InsufficientDataError
            If no epoch was seen.
        """
        if self._last is None:
            raise InsufficientDataError("no epoch was seen yet: nothing to forecast")
        tracker, seen = self._tracker, self._last.index + 1
        until = next((c for c in self._changes_at if c >= seen), self.n_epochs)
        n_left = max(until - seen, 0.0)
        so_far_s = self._before_s + self._end_s - self._start_s
        energy, duration = self._predictions(n_left)
        notes = remarks_on(tracker, self._first_index, self.n_epochs, until)
        stable = tracker.stable_since
        return Forecast(
            n_seen=tracker.n_seen,
            n_epochs=self.n_epochs,
            until_epoch=until,
            energy_so_far_j=self._energy_j,
            duration_so_far_s=so_far_s,
            total=self._estimate(energy, self._energy_j, notes),
            left=self._estimate(energy, 0.0, notes),
            total_duration=self._time(duration, so_far_s),
            duration_left=self._time(duration, 0.0),
            stable_since=stable,
            stable_since_s=None
            if stable is None
            else tracker.stable_since_s - self._start_s,
            regimes=tracker.regimes,
            period=tracker.stable.period if tracker.stable else 1,
            reason="" if energy else why_not(tracker, seen - 1),
            notes=notes,
        )

    def _predictions(self, n_left: float) -> tuple[Ahead | None, Ahead | None]:
        """Return what the epochs to come will take, as energy and as time."""
        stable = self._tracker.stable
        if n_left == 0:
            return OVER, OVER
        if stable is None:
            return None, None
        age_s = (stable.start_s + self._end_s) / 2 - self._start_s
        suspects_j, suspects_s = self._tracker.suspects
        energy = look_ahead(
            stable.energies_j,
            stable,
            n_left=n_left,
            doubts=doubts_of(self._tracker, stable, "energy", n_left, age_s),
            suspects=suspects_j,
            level=self.level,
        )
        duration = look_ahead(
            stable.durations_s,
            stable,
            n_left=n_left,
            doubts=doubts_of(self._tracker, stable, "duration", n_left, age_s),
            suspects=suspects_s,
            level=self.level,
        )
        return energy if stable.energies_j.any() else None, duration

    def _estimate(
        self, ahead: Ahead | None, so_far_j: float, notes: tuple[str, ...]
    ) -> Estimate | None:
        if ahead is None:
            return None
        subject = self.subject
        return Estimate(
            subject.workload,
            subject.hardware,
            so_far_j + ahead.value,
            so_far_j + ahead.low,
            so_far_j + ahead.high,
            self.level,
            METHOD,
            in_range=self._tracker.stable_since is not None,
            provenance=subject.provenance,
            scope=subject.scope,
            uncertainty=ahead.uncertainty,
            notes=notes,
            sources=ahead.sources,
        )

    @staticmethod
    def _time(ahead: Ahead | None, so_far_s: float) -> TimeEstimate | None:
        if ahead is None:
            return None
        return TimeEstimate(
            so_far_s + ahead.value, so_far_s + ahead.low, so_far_s + ahead.high
        )


@dataclass(frozen=True, slots=True)
class StreamingEstimator:
    """The forecast after the epochs that were observed; learns from them alone.

    Parameters
    ----------
    changes_at : tuple of int
        Epochs at which the work changes.
    """

    changes_at: tuple[int, ...] = ()

    @classmethod
    def fit(cls, runs: Sequence[Run] = ()) -> Self:  # noqa: ARG003 - the contract
        """Return the estimator; there is nothing to learn from finished runs."""
        return cls()

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,  # noqa: ARG002 - the contract
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of `workload`.

        Parameters
        ----------
        workload : Workload
            What is trained; its `n_epochs` is needed.
        hardware : Hardware
            On what.
        observed : sequence of Epoch
            Epochs that are over already, in order; at least two, or one long one.
        duration_s : float or None
            Not used: the energy of an epoch does not need it.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Raises
        ------
        InsufficientDataError
            If the number of epochs is not known, or too few were observed.
        ValueError
            If epochs are missing or overlap, or there are more than planned.
        """
        if workload.n_epochs is None:
            raise InsufficientDataError(
                f"how many epochs {workload.name} has is not known: state n_samples "
                "and n_samples_per_epoch"
            )
        forecaster = Forecaster(
            workload.n_epochs,
            changes_at=self.changes_at,
            level=level,
            subject=Subject(workload.name, hardware.name),
        )
        for epoch in observed:
            forecaster.follow(epoch)
        found = forecaster.forecast()
        if found.total is None or not found.is_whole:
            raise InsufficientDataError(
                found.reason
                or f"the work changes at epoch {found.until_epoch:g}: what follows it "
                "cannot be known before some of it was seen"
            )
        return found.total
