"""The forecasts that a training would have had, epoch by epoch, and what it came to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.streaming import Forecast, Forecaster, Subject


@dataclass(frozen=True, slots=True)
class Replay:
    """A training as it was forecast.

    Parameters
    ----------
    subject : Subject
        What it is about.
    epochs : tuple of Epoch
        All that are known.
    forecasts : tuple of Forecast
        One after each epoch that the forecasts were allowed to see, or the last alone.
    n_epochs : float
        Epochs that are planned.
    """

    subject: Subject
    epochs: tuple[Epoch, ...]
    forecasts: tuple[Forecast, ...]
    n_epochs: float

    @property
    def last(self) -> Forecast:
        """The forecast after the last epoch that it was allowed to see."""
        return self.forecasts[-1]

    @property
    def energy_j(self) -> float | None:
        """What the whole training took [J]; `None` where the log does not hold it."""
        if self.epochs[-1].index + 1 < self.n_epochs:
            return None
        return sum(e.energy_j for e in self.epochs)

    @property
    def duration_s(self) -> float | None:
        """How long it took [s], likewise."""
        if self.epochs[-1].index + 1 < self.n_epochs:
            return None
        return self.epochs[-1].end_s - self.epochs[0].start_s

    @property
    def error_fraction(self) -> float | None:
        """By which share the last forecast is off; `None` where that is not known."""
        total, true_j = self.last.total, self.energy_j
        if total is None or not self.last.is_whole or not true_j:
            return None
        return total.energy_j / true_j - 1


def replay(
    epochs: Sequence[Epoch],
    *,
    n_epochs: float,
    n_seen: int | None = None,
    changes_at: Collection[int] = (),
    level: float = 0.9,
    subject: Subject | None = None,
    each: bool = True,
) -> Replay:
    """Return the forecasts after each of the first epochs.

    Parameters
    ----------
    epochs : sequence of Epoch
        In order.
    n_epochs : float
        Epochs that are planned.
    n_seen : int or None
        How many of `epochs` the forecasts may see; all where `None`.
    changes_at : collection of int, optional
        Epochs at which the work changes.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    subject : Subject or None
        Names for the estimates.
    each : bool, default True
        Whether to tell every forecast; the last alone otherwise.

    Raises
    ------
    ValueError
        If `n_seen` is not one of 1 to the number of epochs, there are more epochs than
        planned, or epochs are missing or overlap.
    """
    n_seen = len(epochs) if n_seen is None else n_seen
    if not 1 <= n_seen <= len(epochs):
        raise ValueError(
            f"--seen must lie in 1 to {len(epochs)}, the epochs of the log, got "
            f"{n_seen}"
        )
    if epochs[-1].index >= ceil(n_epochs):
        raise ValueError(
            f"the log holds epochs up to {epochs[-1].index}, but only {n_epochs:g} are "
            f"planned: give --epochs {epochs[-1].index + 1} or more"
        )
    forecaster = Forecaster(
        n_epochs, changes_at=changes_at, level=level, subject=subject
    )
    forecasts = []
    for epoch in epochs[:n_seen]:
        forecaster.follow(epoch)
        if each:
            forecasts.append(forecaster.forecast())
    if not each:
        forecasts.append(forecaster.forecast())
    return Replay(forecaster.subject, tuple(epochs), tuple(forecasts), n_epochs)
