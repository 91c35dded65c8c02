"""Follows the scores of a training: spikes are left out, a jump begins a new curve."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.estimators.stopping.curve import MIN_SCORES, ScoreCurve, fit_curve
from isojoule.estimators.stopping.paths import Bounds, ScorePaths, draw_paths
from isojoule.estimators.stopping.shapes import Vector

_NORMAL_90: Final = 3.29
"""Standard deviations between the 5 % and the 95 % quantile of a normal."""

_SURPRISE: Final = 5.0
_SURPRISE_AGAIN: Final = 4.0
"""How many deviations a score lies off where it is a spike or a jump, and how many the
next one if it is a jump. Of 700 epochs of trainings without a jump one was off by more
than 3.3; the first epoch after one is off by 3.5 to 180."""

_N_BEFORE: Final = 6
"""Scores of a curve from which on one can be surprising."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the curve says after an epoch.

    Parameters
    ----------
    curve : ScoreCurve
        As fitted.
    paths : ScorePaths
        Draws of the epochs to come.
    start : int
        Epoch with which the curve begins, counted from 0.
    """

    curve: ScoreCurve
    paths: ScorePaths
    start: int


class ScoreTracker:
    """Follows scores that are better the higher they are, one epoch after the other.

    Parameters
    ----------
    least_scale : float
        Range that scores are taken to have at least.
    bounds : tuple of float or None
        What no score can leave.
    seed : int
        Of the draws; the same scores give the same draws.
    changes_at : collection of int
        Epochs with which another curve begins, whatever the scores say.
    """

    def __init__(
        self,
        least_scale: float,
        bounds: Bounds,
        seed: int,
        changes_at: Collection[int] = (),
    ) -> None:
        self._least_scale = least_scale
        self._bounds = bounds
        self._seed = seed
        self._coming = sorted(changes_at)
        self._values: list[float] = []
        self._epochs: list[int] = []
        self._expected: tuple[int, Vector] | None = None
        self._is_suspect = False
        self.starts: list[int] = []
        self.spikes: list[int] = []

    @property
    def is_unsettled(self) -> bool:
        """Whether the last score was so far off that the next has to tell why."""
        return self._is_suspect

    @property
    def n_scores(self) -> int:
        """Scores of the curve that goes on."""
        return len(self._values)

    def observe(self, epoch: int, value: float) -> None:
        """Follow one further score.

        Parameters
        ----------
        epoch : int
            Counted from 0.
        value : float
            Better the higher.
        """
        if not self.starts:
            self.starts.append(epoch)
        if self._coming and epoch >= self._coming[0]:
            self._coming.pop(0)
            self._start_at(epoch, value)
            return
        surprise = self._surprise(epoch, value)
        if self._is_suspect and abs(surprise) > _SURPRISE_AGAIN:
            self._start_at(self._epochs[-1], self._values[-1])
        elif self._is_suspect:
            self.spikes.append(self._epochs.pop())
            self._values.pop()
            self._is_suspect = False
        else:
            self._is_suspect = abs(surprise) > _SURPRISE
        self._values.append(value)
        self._epochs.append(epoch)

    def look_ahead(self, n_ahead: int) -> Outlook | None:
        """Return what is expected; `None` where too few scores tell.

        Parameters
        ----------
        n_ahead : int
            Epochs to come.
        """
        if self.n_scores < MIN_SCORES or self._is_suspect:
            return None
        start = self.starts[-1]
        curve = fit_curve(
            self._values,
            epochs=[epoch - start + 1 for epoch in self._epochs],
            least_scale=self._least_scale,
        )
        paths = draw_paths(
            curve,
            max(n_ahead, 2),
            rng=np.random.default_rng(self._seed),
            bounds=self._bounds,
        )
        self._expect(paths)
        return Outlook(curve, paths, start)

    def _expect(self, paths: ScorePaths) -> None:
        if self.n_scores >= _N_BEFORE:
            quantiles = np.quantile(paths.scores, (0.05, 0.5, 0.95), axis=0)
            self._expected = self._epochs[-1], quantiles

    def _surprise(self, epoch: int, value: float) -> float:
        """Return by how many deviations a score is off what was expected of it."""
        if self._expected is None:
            return 0.0
        last, quantiles = self._expected
        ahead = epoch - last - 1
        if ahead >= quantiles.shape[1]:
            return 0.0
        low, middle, high = quantiles[:, ahead]
        spread = (high - low) / _NORMAL_90
        return float((value - middle) / spread) if spread > 0 else 0.0

    def _start_at(self, epoch: int, value: float) -> None:
        """Let a curve begin with a score."""
        self._values, self._epochs = [value], [epoch]
        if epoch != self.starts[-1]:
            self.starts.append(epoch)
        self._expected = None
        self._is_suspect = False
