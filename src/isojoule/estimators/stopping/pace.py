"""The energy of the epochs to come, while the work stays as it is."""

from collections.abc import Collection
from dataclasses import dataclass
from math import floor
from typing import Final

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.streaming import Forecaster

_MANY: Final = 1_000_000
"""Epochs that no training has."""


@dataclass(frozen=True, slots=True)
class Amount:
    """An energy to come with its bounds [J]."""

    energy_j: float
    low_j: float
    high_j: float


class EnergyPace:
    """Follows the energy of epochs and tells that of the next ones.

    Parameters
    ----------
    level : float
        Coverage of the intervals, in (0, 1).
    changes_at : collection of int, optional
        Epochs at which the work will change. What follows the next of them cannot be
        known, so all epochs to come are taken to be like those before it.
    """

    def __init__(self, level: float, changes_at: Collection[int] = ()) -> None:
        self._level = level
        self._coming = sorted(changes_at)
        self._forecaster = Forecaster(_MANY, level=level)
        self._last: Epoch | None = None
        self.spent_j = 0.0

    def observe(self, epoch: Epoch) -> None:
        """Follow one further epoch."""
        if self._coming and epoch.index >= self._coming[0]:
            # The epochs of the work that is over tell nothing of the one that begins.
            self._coming.pop(0)
            self._forecaster = Forecaster(_MANY, level=self._level)
        self._forecaster.follow(epoch)
        self._last = epoch
        self.spent_j += epoch.energy_j

    def ahead(self, n_epochs: int) -> Amount:
        """Return what the next `n_epochs` epochs take, each like the stable ones."""
        if n_epochs == 0 or self._last is None:
            return Amount(0.0, 0.0, 0.0)
        self._forecaster.n_epochs = self._last.index + 1 + n_epochs
        left = self._forecaster.forecast().left
        # The window is no plan: epochs may come beyond it before the next question.
        self._forecaster.n_epochs = _MANY
        if left is None or left.energy_low_j is None or left.energy_high_j is None:
            # One epoch alone may hold the start-up, and nothing else is known.
            alike_j = self._last.energy_j * n_epochs
            return Amount(alike_j, 0.0, 2 * alike_j)
        return Amount(
            max(left.energy_j, 0.0), max(left.energy_low_j, 0.0), left.energy_high_j
        )

    def carried_by(self, energy_j: float) -> tuple[int, int, int]:
        """Return how many whole epochs an energy carries, and the bounds of that."""
        one = self.ahead(1)
        if one.energy_j == 0:
            return _MANY, _MANY, _MANY
        energy_j = max(energy_j, 0.0)
        n_epochs = min(floor(energy_j / one.energy_j), _MANY)
        per_epoch = n_epochs or 1
        # The mean of many epochs is better known than a single one.
        mean = self.ahead(per_epoch)
        low_j = max(mean.low_j / per_epoch, one.energy_j / 2)
        return (
            n_epochs,
            min(floor(energy_j * per_epoch / mean.high_j), n_epochs),
            max(floor(energy_j / low_j), n_epochs),
        )
