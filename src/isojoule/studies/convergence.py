"""What the last points of a score and the epochs after them cost."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import isfinite
from statistics import median
from typing import Final, Self

from isojoule.errors import IncomparableError, InsufficientDataError
from isojoule.estimators.epochs import Epoch

SHARE: Final = 0.95
"""Share of the best score that the slides of the challenge look at."""


@dataclass(frozen=True, slots=True)
class Trained:
    """One training that is over.

    Parameters
    ----------
    name : str
        Of the run.
    total_j : float or None
        Energy of the whole training [J].
    at_best_j : float or None
        Energy when the best score was reached first [J].
    at_share_j : float or None
        Energy when a share of the best score was reached first [J].
    share : float, default 0.95
        That share.
    """

    name: str
    total_j: float | None
    at_best_j: float | None
    at_share_j: float | None
    share: float = SHARE

    @classmethod
    def of(cls, name: str, epochs: Sequence[Epoch], *, share: float = SHARE) -> Self:
        """Return what the epochs of a training tell.

        Parameters
        ----------
        name : str
            Of the run.
        epochs : sequence of Epoch
            In order; those without a score count for energy only.
        share : float, default 0.95
            Of the best score; the score is better the higher.

        Raises
        ------
        InsufficientDataError
            If there is no finite score above 0.
        ValueError
            If the share is outside (0, 1].
        """
        if not 0 < share <= 1:
            raise ValueError(
                f"the share of the best score must lie in (0, 1], got {share}"
            )
        spent_j = list(accumulate(epoch.energy_j for epoch in epochs))
        scored = [
            (epoch.score, energy_j)
            for epoch, energy_j in zip(epochs, spent_j, strict=True)
            if epoch.score is not None and isfinite(epoch.score)
        ]
        best = max((score for score, _ in scored), default=0.0)
        if best <= 0:
            raise InsufficientDataError(
                f"{name} has no score above 0, of which a share could be taken"
            )
        return cls(
            name,
            total_j=spent_j[-1],
            at_best_j=next(e for score, e in scored if score == best),
            at_share_j=next(e for score, e in scored if score >= share * best),
            share=share,
        )

    @property
    def best_over_share(self) -> float | None:
        """Energy at the best score over that at the share."""
        return _ratio(self.at_best_j, self.at_share_j)

    @property
    def total_over_share(self) -> float | None:
        """Energy of the training over that at the share."""
        return _ratio(self.total_j, self.at_share_j)


def _ratio(above_j: float | None, below_j: float | None) -> float | None:
    if not above_j or not below_j or above_j < 0 or below_j < 0:
        return None
    ratio = above_j / below_j
    return ratio if isfinite(ratio) else None


@dataclass(frozen=True, slots=True)
class Ratios:
    """A ratio over several runs.

    Parameters
    ----------
    n : int
        Runs that have it.
    median, low, high : float
        Its median, least and greatest value.
    """

    n: int
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Convergence:
    """Energy that trainings needed beyond a share of their best score.

    Parameters
    ----------
    trained : tuple of Trained
        In the order they were given.
    at_best, total : Ratios
        Energy at the best score, and of the whole training, over energy at the share.
    share : float
        Of the best score; the same for all.
    """

    trained: tuple[Trained, ...]
    at_best: Ratios
    total: Ratios
    share: float


def study_convergence(trained: Sequence[Trained]) -> Convergence:
    """Return what trainings needed beyond a share of their best score.

    Parameters
    ----------
    trained : sequence of Trained
        Those that lack an energy are counted out of the ratio that needs it.

    Raises
    ------
    InsufficientDataError
        If a ratio is known of no training.
    IncomparableError
        If the trainings have different shares.
    """
    shares = {training.share for training in trained}
    if len(shares) > 1:
        told = ", ".join(f"{100 * share:g} %" for share in sorted(shares))
        raise IncomparableError(
            f"trainings with different shares of the best score ({told}): ask for one"
        )
    return Convergence(
        tuple(trained),
        at_best=_ratios([t.best_over_share for t in trained]),
        total=_ratios([t.total_over_share for t in trained]),
        share=next(iter(shares), SHARE),
    )


def _ratios(values: Sequence[float | None]) -> Ratios:
    known = [value for value in values if value is not None]
    if not known:
        raise InsufficientDataError(
            "no training has its energy in total, at its best score and at a share of "
            "it: record the energy with the score of every epoch"
        )
    return Ratios(len(known), median(known), min(known), max(known))
