"""The energy at which a score reached, or will reach, 90, 95 and 99 % of its best."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.pace import EnergyPace
from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.shapes import Vector
from isojoule.estimators.stopping.tracker import Outlook

FRACTIONS: Final = (0.90, 0.95, 0.99)

ShareOf: TypeAlias = Literal["score", "improvement"]


@dataclass(frozen=True, slots=True)
class Mark:
    """When a share of the best score was reached.

    Parameters
    ----------
    fraction : float
        The share, in (0, 1).
    target : float
        The score that is.
    epoch : int
        The first that reached it.
    energy_j : float
        Of all epochs until its end [J].
    """

    fraction: float
    target: float
    epoch: int
    energy_j: float


@dataclass(frozen=True, slots=True)
class LimitMark:
    """When a share of the score's limit is, or will be, reached.

    Parameters
    ----------
    fraction : float
        The share, in (0, 1).
    target : float
        The score that is, the median of what it may be.
    energy_j, energy_low_j, energy_high_j : float or None
        Of all epochs until then [J], from the start; `None` where that is further off
        than can be told.
    """

    fraction: float
    target: float
    energy_j: float | None
    energy_low_j: float | None
    energy_high_j: float | None


@dataclass(frozen=True, slots=True)
class Limit:
    """Where the score would settle.

    Parameters
    ----------
    score, score_low, score_high : float
        Median and bounds.
    is_known : bool
        Whether the bounds are closer than the range of the scores so far.
    marks : tuple of LimitMark
        When its shares are reached.
    n_ahead : int
        Epochs that could be looked ahead.
    """

    score: float
    score_low: float
    score_high: float
    is_known: bool
    marks: tuple[LimitMark, ...]
    n_ahead: int


def share_of(epochs: Sequence[Epoch], rule: StopRule) -> ShareOf:
    """Return what shares are of: of the score, or of what it has improved.

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over.
    rule : StopRule
        Says whether a score is better the higher.

    Notes
    -----
    Of a score that is better the higher and never negative, 90 % of 0.8 is 0.72. Of a
    loss, or where scores may be negative, shares are of the way from the first score.
    """
    scores = [e.score for e in epochs if e.score is not None]
    return "score" if rule.mode == "max" and min(scores) >= 0 else "improvement"


def marks_of(epochs: Sequence[Epoch], rule: StopRule) -> tuple[Mark, ...]:
    """Return when shares of the best score so far were reached.

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over, at least one with a score.
    rule : StopRule
        Says whether a score is better the higher.
    """
    seen = _Seen.of(epochs, rule)
    targets = seen.targets(seen.bests[-1:], share_of(epochs, rule))[:, 0]
    marks = []
    for fraction, target in zip(FRACTIONS, targets, strict=True):
        place = int(np.searchsorted(seen.bests, target))
        energy_j = float(seen.energies_j[place])
        score = float(rule.sign * target)
        marks.append(Mark(fraction, score, epochs[place].index, energy_j))
    return tuple(marks)


def limit_of(
    epochs: Sequence[Epoch], rule: StopRule, outlook: Outlook, pace: EnergyPace
) -> Limit:
    """Return where the score would settle, and when shares of that are reached.

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over.
    rule : StopRule
        Says whether a score is better the higher.
    outlook : Outlook
        What their curve says.
    pace : EnergyPace
        What more epochs take.

    Notes
    -----
    Each draw has its own limit, and its own epoch at which its best score passes a
    share of it. The limit is that of the curve: by noise, the best score may lie beyond
    it. Energies are at the mean pace.
    """
    seen, paths = _Seen.of(epochs, rule), outlook.paths
    limits = paths.limits
    tail = (1 - rule.level) / 2
    low, median, high = np.quantile(limits, (tail, 0.5, 1 - tail))
    energies_j = _energies_j(seen, pace, paths.scores.shape[1])
    targets = seen.targets(limits, share_of(epochs, rule))
    marks = []
    for fraction, of_draws in zip(FRACTIONS, targets, strict=True):
        reached_j = energies_j[_passed(seen.bests, paths.bests(-np.inf), of_draws)]
        bounds = np.quantile(reached_j, (0.5, tail, 1 - tail), method="higher")
        found = (float(b) if np.isfinite(b) else None for b in bounds)
        target = float(rule.sign * np.median(of_draws))
        marks.append(LimitMark(fraction, target, *found))
    end_low, end_high = sorted((rule.sign * float(low), rule.sign * float(high)))
    return Limit(
        rule.sign * float(median),
        end_low,
        end_high,
        bool(high - low < np.ptp(seen.values)),
        tuple(marks),
        paths.scores.shape[1],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """The epochs that are over, scores better the higher.

    Parameters
    ----------
    values : ndarray of shape (n_scores,)
        Their scores.
    bests : ndarray of shape (n_epochs,)
        The best so far; minus infinity before the first.
    energies_j : ndarray of shape (n_epochs,)
        Energy until the end of each [J].
    """

    values: Vector
    bests: Vector
    energies_j: Vector

    @classmethod
    def of(cls, epochs: Sequence[Epoch], rule: StopRule) -> Self:
        values = [-np.inf if e.score is None else rule.sign * e.score for e in epochs]
        return cls(
            np.array([v for v in values if v > -np.inf]),
            np.maximum.accumulate(values),
            np.cumsum([e.energy_j for e in epochs]),
        )

    def targets(self, bests: Vector, share: ShareOf) -> Vector:
        """Return shares of each of some bests, shape (n_fractions, n_bests)."""
        start = 0.0 if share == "score" else self.values[0]
        fractions = np.array(FRACTIONS)[:, None]
        return np.asarray(start + fractions * (bests - start))


def _energies_j(seen: _Seen, pace: EnergyPace, n_ahead: int) -> Vector:
    """Return the energy until the end of each epoch, seen and to come, and of none."""
    per_epoch_j = pace.ahead(n_ahead).energy_j / n_ahead
    ahead_j = seen.energies_j[-1] + per_epoch_j * np.arange(1, n_ahead + 1)
    return np.concatenate([seen.energies_j, ahead_j, [np.inf]])


def _passed(before: Vector, after: Vector, targets: Vector) -> NDArray[np.intp]:
    """Return the position of the first epoch of each draw at which it is past a target.

    Parameters
    ----------
    before : ndarray of shape (n_epochs,)
        Best so far of the epochs that are over.
    after : ndarray of shape (n_draws, n_ahead)
        Best of those to come.
    targets : ndarray of shape (n_draws,)
        One per draw.
    """
    in_past = np.searchsorted(before, targets)
    is_past = after >= targets[:, None]
    in_future = len(before) + np.where(
        is_past.any(axis=1), is_past.argmax(axis=1), after.shape[1]
    )
    return np.where(in_past < len(before), in_past, in_future)
