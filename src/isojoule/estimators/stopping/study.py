"""All that is told of a training: decision, marks, limit, curve, what others do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.curve import MIN_SCORES, fit_curve
from isojoule.estimators.stopping.marks import (
    Limit,
    Mark,
    ShareOf,
    limit_of,
    marks_of,
    share_of,
)
from isojoule.estimators.stopping.replay import Replay, judge, require_enough
from isojoule.estimators.stopping.rule import Decision, StopRule
from isojoule.estimators.stopping.stopper import Stopper, furthest
from isojoule.estimators.stopping.tracker import Outlook, ScoreTracker


@dataclass(frozen=True, slots=True)
class Piece:
    """A fitted curve.

    Parameters
    ----------
    start : int
        Its first epoch, counted from 0.
    levels : tuple of float
        Score of each epoch from there on, without its noise.
    """

    start: int
    levels: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """What an epoch to come is expected to bring.

    Parameters
    ----------
    epoch : int
        Counted from 0.
    energy_j : float
        Of all epochs until its end [J].
    score, score_low, score_high : float
        Its score: median and bounds.
    best_score : float
        Mean of the best by then.
    """

    epoch: int
    energy_j: float
    score: float
    score_low: float
    score_high: float
    best_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStudy:
    """All that is told of a training.

    Parameters
    ----------
    rule : StopRule
        What was asked.
    epochs : tuple of Epoch
        What was seen.
    replay : Replay
        The decision after each epoch, and what rules would have saved and lost.
    marks : tuple of Mark
        When shares of the best score were reached.
    share_of : {"score", "improvement"}
        What shares are of.
    limit : Limit or None
        Where the score would settle; `None` where the curve does not tell.
    pieces : tuple of Piece
        The fitted curves; another one begins where the scores jumped.
    ahead : tuple of Ahead
        The epochs to come, as far as can be told.
    spikes : tuple of int
        Epochs whose scores were left out of the fit.
    """

    rule: StopRule
    epochs: tuple[Epoch, ...]
    replay: Replay
    marks: tuple[Mark, ...]
    share_of: ShareOf
    limit: Limit | None
    pieces: tuple[Piece, ...]
    ahead: tuple[Ahead, ...]
    spikes: tuple[int, ...]

    @property
    def decision(self) -> Decision:
        """The decision after the last epoch."""
        return self.replay.decisions[-1]

    @property
    def first_stop(self) -> Decision | None:
        """The first decision to stop; `None` where there was none."""
        return next((d for d in self.replay.decisions if d.stop), None)


def study_stopping(
    epochs: Sequence[Epoch],
    rule: StopRule,
    *,
    patiences: Sequence[int] = (5, 10),
    on_epoch: Callable[[], None] | None = None,
) -> StopStudy:
    """Return all that is told of a training.

    Parameters
    ----------
    epochs : sequence of Epoch
        Those that are over, in order.
    rule : StopRule
        What more training is worth, or how much energy there is.
    patiences : sequence of int, default (5, 10)
        Early stopping to compare with.
    on_epoch : callable or None
        Called after each epoch, to show progress.

    Raises
    ------
    InsufficientDataError
        If fewer epochs have a score than a decision needs.
    ValueError
        If epochs are missing or overlap, a score is not finite, or a patience is not
        positive.
    """
    require_enough(epochs, rule)
    stopper, decisions = Stopper(rule), []
    for epoch in epochs:
        decisions.append(stopper.observe(epoch))
        if on_epoch is not None:
            on_epoch()
    outlook = _far_outlook(stopper, decisions[-1])
    return StopStudy(
        rule=rule,
        epochs=tuple(epochs),
        replay=judge(epochs, rule, tuple(decisions), patiences=patiences),
        marks=marks_of(epochs, rule),
        share_of=share_of(epochs, rule),
        limit=None
        if outlook is None
        else limit_of(epochs, rule, outlook, stopper.pace),
        pieces=_pieces(epochs, rule, stopper.tracker),
        ahead=() if outlook is None else _ahead(stopper, outlook, epochs[-1].index),
        spikes=tuple(stopper.tracker.spikes),
    )


def _far_outlook(stopper: Stopper, last: Decision) -> Outlook | None:
    """Return the outlook as far as anything can be told, within what is planned."""
    planned = stopper.rule.n_epochs
    n_ahead = max(furthest(stopper.tracker.n_scores), stopper.rule.window)
    if planned is not None:
        n_ahead = min(n_ahead, planned - last.epoch - 1)
    return stopper.tracker.look_ahead(n_ahead) if n_ahead > 0 else None


def _pieces(
    epochs: Sequence[Epoch], rule: StopRule, tracker: ScoreTracker
) -> tuple[Piece, ...]:
    """Return the curve of each stretch of epochs that has one."""
    pieces = []
    ends = [*tracker.starts, epochs[-1].index + 1]
    for start, end in pairwise(ends):
        scored = [
            (e.index - start + 1, rule.sign * e.score)
            for e in epochs
            if start <= e.index < end
            and e.score is not None
            and e.index not in tracker.spikes
        ]
        if len(scored) < MIN_SCORES:
            continue
        at, values = zip(*scored, strict=True)
        curve = fit_curve(values, epochs=at, least_scale=rule.point)
        levels = tuple(float(rule.sign * level) for level in curve.level())
        pieces.append(Piece(start, levels))
    return tuple(pieces)


def _ahead(stopper: Stopper, outlook: Outlook, last: int) -> tuple[Ahead, ...]:
    """Return what the epochs to come bring, one by one."""
    rule, scores = stopper.rule, outlook.paths.scores
    tail = (1 - rule.level) / 2
    ends = np.quantile(scores, (tail, 1 - tail), axis=0)
    lows, highs = np.sort(rule.sign * ends, axis=0)
    medians = rule.sign * np.median(scores, axis=0)
    bests = rule.sign * outlook.paths.bests(stopper.best_value).mean(axis=0)
    per_epoch_j = stopper.pace.ahead(scores.shape[1]).energy_j / scores.shape[1]
    return tuple(
        Ahead(
            last + n + 1,
            stopper.pace.spent_j + (n + 1) * per_epoch_j,
            float(medians[n]),
            float(lows[n]),
            float(highs[n]),
            float(bests[n]),
        )
        for n in range(scores.shape[1])
    )
