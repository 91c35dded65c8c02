"""Decides after each epoch whether to go on. What a callback calls."""

import warnings
from dataclasses import replace
from math import inf, isfinite
from typing import Final

import numpy as np

from isojoule.estimators.epochs import Epoch, require_consecutive
from isojoule.estimators.stopping import reasons
from isojoule.estimators.stopping.curve import MIN_SCORES
from isojoule.estimators.stopping.pace import EnergyPace
from isojoule.estimators.stopping.paths import oriented
from isojoule.estimators.stopping.rule import (
    LEAST_GAIN_POINTS,
    BudgetReach,
    Cause,
    Decision,
    Gain,
    StopRule,
)
from isojoule.estimators.stopping.shapes import Vector
from isojoule.estimators.stopping.tracker import Outlook, ScoreTracker

_FALL_STDS: Final = 2.0

_N_YOUNG: Final = 20
_CLEAR_STDS: Final = 6.0
_BENT_SHARE: Final = 0.5
"""Up to how many scores a curve must have moved by so many deviations of the noise, and
the slope of a rise must have fallen under that share of its mean, before it is judged.
Chosen on trainings that benchmarks/stopping.py does not judge."""


class Stopper:
    """Is fed one epoch after the other and tells whether to go on.

    Parameters
    ----------
    rule : StopRule
        What more training is worth, or how much energy there is.
    strict : bool, default True
        Whether a score that is not finite is refused; else it is warned of and counts
        as none, for a callback must not end a training by an error.

    Notes
    -----
    With a price, it stops when the expected gain of the best score over the next
    window, at that price, is less than the energy of the window. With a budget, it
    stops when the next epoch would pass it, or when less than `LEAST_GAIN_POINTS` is
    expected of all epochs that it still carries. It never looks ahead: a decision
    depends on the epochs that were fed.
    """

    def __init__(self, rule: StopRule, *, strict: bool = True) -> None:
        self.rule = rule
        self._strict = strict
        self._pace = EnergyPace(rule.level, rule.changes_at)
        self._tracker = ScoreTracker(
            rule.point, oriented(rule.bounds, rule.mode), rule.seed, rule.changes_at
        )
        self._last: Epoch | None = None
        self._n_scores = 0
        self._n_against = 0
        self._best: tuple[float, int] | None = None
        self._outlook: Outlook | None = None

    @property
    def outlook(self) -> Outlook | None:
        """What the curve says after the last epoch, scores better the higher.

        `None` where it does not tell.
        """
        return self._outlook

    @property
    def tracker(self) -> ScoreTracker:
        """What follows the scores."""
        return self._tracker

    @property
    def pace(self) -> EnergyPace:
        """What follows the energy."""
        return self._pace

    def observe(self, epoch: Epoch) -> Decision:
        """Follow one further epoch; return whether to go on after it.

        Parameters
        ----------
        epoch : Epoch
            The one after the last.

        Raises
        ------
        ValueError
            If it does not follow the last one, is beyond the planned ones, or its score
            is not finite and the stopper is strict.
        """
        score = self._checked(epoch)
        self._last = epoch
        self._pace.observe(epoch)
        self._outlook = None
        if score is not None:
            self._follow(epoch.index, score)
        return self._decide(epoch.index, score)

    def _checked(self, epoch: Epoch) -> float | None:
        """Return the score that counts.

        Raises
        ------
        ValueError
            If the epoch cannot be taken.
        """
        if self._last is not None:
            require_consecutive((self._last, epoch))
        planned = self.rule.n_epochs
        if planned is not None and epoch.index >= planned:
            raise ValueError(
                f"epoch {epoch.index} came, but only epochs 0 to {planned - 1} are "
                "planned: plan more"
            )
        if epoch.score is None:
            return None
        told = f"the score of epoch {epoch.index} is {epoch.score:g}"
        low, high = self.rule.bounds
        if (low is not None and epoch.score < low) or (
            high is not None and epoch.score > high
        ):
            raise ValueError(
                f"{told}, outside the bounds {low} to {high}: no score may leave them"
            )
        if isfinite(epoch.score):
            return epoch.score
        if self._strict:
            raise ValueError(
                f"{told}: the training has diverged, or the score is not defined there;"
                " leave such scores out or choose another score"
            )
        warnings.warn(f"{told}: no decision is made on it", stacklevel=3)
        return None

    def _follow(self, index: int, score: float) -> None:
        value = self.rule.sign * score
        self._n_scores += 1
        if self._best is None or value > self._best[0]:
            self._best = value, index
        self._tracker.observe(index, value)

    def _decide(self, index: int, score: float | None) -> Decision:
        """Return the decision after an epoch that was followed."""
        rule = self.rule
        left = None if rule.n_epochs is None else rule.n_epochs - index - 1
        known = Decision(
            epoch=index,
            stop=False,
            cause="no-score",
            reason=f"Go on: epoch {index} has no score.",
            spent_j=self._pace.spent_j,
            score=score,
            best_score=None if self._best is None else rule.sign * self._best[0],
            best_epoch=None if self._best is None else self._best[1],
            reach=self._reach(left),
        )
        if left == 0:
            reason = f"Stop: all {rule.n_epochs} planned epochs are over."
            return replace(known, stop=True, cause="end", reason=reason)
        if known.reach is not None and known.reach.n_epochs == 0:
            next_j = self._pace.ahead(1).energy_j
            reason = reasons.budget(next_j, known.reach.left_j)
            return replace(known, stop=True, cause="budget", reason=reason)
        return known if score is None else self._judge(known, left)

    def _reach(self, left: int | None) -> BudgetReach | None:
        """Return how far the budget carries, at most to the planned end."""
        if self.rule.budget_j is None:
            return None
        left_j = self.rule.budget_j - self._pace.spent_j
        carried = self._pace.carried_by(left_j)
        n_epochs, low, high = (n if left is None else min(n, left) for n in carried)
        return BudgetReach(left_j, n_epochs, low, high)

    def _judge(self, known: Decision, left: int | None) -> Decision:
        """Return the decision by what the score curve says."""
        window = self.rule.window if left is None else min(self.rule.window, left)
        n_ahead = window
        if known.reach is not None:
            window = min(window, known.reach.n_epochs)
            n_ahead = min(known.reach.n_epochs, furthest(self._tracker.n_scores))
        outlook = self._tracker.look_ahead(max(n_ahead, window))
        if outlook is None or self._n_scores < self.rule.n_needed:
            return self._wait(known)
        self._outlook = outlook
        bests = outlook.paths.bests(self.best_value)
        gain = self._gain(bests[:, window - 1], window)
        known = replace(known, gain=gain)
        if known.reach is None:
            return self._by_price(known, gain)
        final = bests[:, n_ahead - 1]
        reach = self._expect(known.reach, final, n_ahead)
        gained = float(final.mean()) - self.best_value
        is_gain = gained >= LEAST_GAIN_POINTS * self.rule.point
        return self._by_budget(replace(known, reach=reach), gain, is_gain=is_gain)

    @property
    def best_value(self) -> float:
        """The best score so far, better the higher; minus infinity before any."""
        return -inf if self._best is None else self._best[0]

    def _wait(self, known: Decision) -> Decision:
        """Return why the curve does not tell yet."""
        if self._tracker.is_unsettled:
            reason = (
                f"Go on: the score of epoch {known.epoch} is far off its curve; the "
                "next one tells whether that stays."
            )
            return replace(known, cause="unsettled", reason=reason)
        starts = self._tracker.starts
        if len(starts) > 1 and self._n_scores >= self.rule.n_needed:
            reason = reasons.too_few(self._tracker.n_scores, MIN_SCORES, starts[-1])
        else:
            reason = reasons.too_few(self._n_scores, self.rule.n_needed, None)
        return replace(known, cause="too-few", reason=reason)

    def _gain(self, bests: Vector, n_epochs: int) -> Gain:
        """Return what the best score rises by, given draws of it."""
        points = (bests - self.best_value) / self.rule.point
        low, high = np.quantile(
            points, ((1 - self.rule.level) / 2, (1 + self.rule.level) / 2)
        )
        energy = self._pace.ahead(n_epochs)
        price = self.rule.price_j_per_point
        return Gain(
            n_epochs,
            energy.energy_j,
            energy.low_j,
            energy.high_j,
            float(points.mean()),
            float(low),
            float(high),
            None
            if price is None
            else float(np.mean(points * price >= energy.energy_j)),
        )

    def _expect(self, reach: BudgetReach, bests: Vector, n_ahead: int) -> BudgetReach:
        """Return the reach with the best score that is expected by then."""
        tail = (1 - self.rule.level) / 2
        low, median, high = np.quantile(bests, (tail, 0.5, 1 - tail))
        end_low, end_high = sorted((self.rule.sign * low, self.rule.sign * high))
        return replace(
            reach,
            best_score=self.rule.sign * float(median),
            best_score_low=float(end_low),
            best_score_high=float(end_high),
            n_forecast=n_ahead,
        )

    def _by_price(self, known: Decision, gain: Gain) -> Decision:
        if gain.points * (self.rule.price_j_per_point or 0.0) >= gain.energy_j:
            self._n_against = 0
            reason = reasons.worth_it(gain, self.rule)
            return replace(known, cause="worth-it", reason=reason)
        if gain.points < LEAST_GAIN_POINTS:
            return self._without_gain(known, gain)
        return self._stop(known, "price", reasons.price(gain, self.rule))

    def _by_budget(self, known: Decision, gain: Gain, *, is_gain: bool) -> Decision:
        if known.reach is None or not is_gain:
            return self._without_gain(known, gain)
        self._n_against = 0
        return replace(known, cause="in-budget", reason=reasons.in_budget(known.reach))

    def _without_gain(self, known: Decision, gain: Gain) -> Decision:
        if self._is_falling() and known.best_score is not None:
            reason = reasons.falling(gain, known.best_score, known.best_epoch or 0)
            return self._stop(known, "falling", reason)
        return self._stop(known, "no-gain", reasons.no_gain(gain))

    def _stop(self, known: Decision, cause: Cause, reason: str) -> Decision:
        """Return the decision to stop, unless something speaks against it."""
        ahead = [c for c in self.rule.changes_at if c > known.epoch]
        if ahead:
            reason = reasons.change_ahead(ahead[-1])
            return replace(known, cause="change-ahead", reason=reason)
        if self._is_rising():
            reason = reasons.rising(self._tracker.n_scores)
            return replace(known, cause="rising", reason=reason)
        self._n_against += 1
        if self._n_against < self.rule.confirm:
            reason = reasons.to_confirm(reason, self.rule.confirm)
            return replace(known, cause="to-confirm", reason=reason)
        return replace(known, stop=True, cause=cause, reason=reason)

    def _is_rising(self) -> bool:
        """Return whether a young curve has not begun to level off.

        Many trainings begin with a plateau or a slow, even rise. Before the curve has
        bent, its scores do not tell how far it goes.
        """
        outlook = self._outlook
        if outlook is None or self._tracker.n_scores >= _N_YOUNG:
            return False
        level = outlook.curve.level()
        rise = float(level[-1] - level[0])
        clear = _CLEAR_STDS * outlook.curve.noise_std()
        if abs(rise) <= clear:
            return True
        ahead = outlook.paths.scores.mean(axis=0)
        slope = float(ahead[-1] - level[-1]) / len(ahead)
        return rise > 0 and slope >= _BENT_SHARE * rise / (len(level) - 1)

    def _is_falling(self) -> bool:
        """Return whether the curve, not the noise, has come down from its highest."""
        if self._outlook is None:
            return False
        curve = self._outlook.curve
        level = curve.level()
        return bool(level.max() - level[-1] > _FALL_STDS * curve.noise_std())


def furthest(n_scores: int) -> int:
    """Return how many epochs ahead anything can be told after so many scores."""
    return 3 * n_scores
