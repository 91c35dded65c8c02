"""What a rule would have done on a training that is over, beside other rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.rule import Decision, StopRule
from isojoule.estimators.stopping.stopper import Stopper


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where one rule ends a training, and what that saves and loses.

    Parameters
    ----------
    name : str
        Of the rule.
    epoch : int
        Last epoch that is trained, counted from 0.
    stopped : bool
        Whether the rule ended it; else the log did.
    reason : str
        One sentence.
    energy_j : float
        Of the epochs trained [J].
    saved_j : float
        Of the epochs left out [J].
    best_score : float
        Best of the epochs trained.
    lost_points : float
        What the best of all epochs is better by, in points.
    net_j : float or None
        Energy saved less the worth of the points lost [J]; `None` without a price.
    """

    name: str
    epoch: int
    stopped: bool
    reason: str
    energy_j: float
    saved_j: float
    best_score: float
    lost_points: float
    net_j: float | None

    @property
    def saved_fraction(self) -> float:
        """Share of the energy of the whole log that is saved, in [0, 1]."""
        total_j = self.energy_j + self.saved_j
        return self.saved_j / total_j if total_j > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Replay:
    """A training that was followed epoch by epoch.

    Parameters
    ----------
    rule : StopRule
        What was followed.
    decisions : tuple of Decision
        One per epoch, also of those after the first stop.
    outcomes : tuple of Outcome
        The rule, early stopping by patience, the best in hindsight, all epochs.
    """

    rule: StopRule
    decisions: tuple[Decision, ...]
    outcomes: tuple[Outcome, ...]


def replay(
    epochs: Sequence[Epoch], rule: StopRule, *, patiences: Sequence[int] = (5, 10)
) -> Replay:
    """Return what the rule and others would have done, none of them looking ahead.

    Parameters
    ----------
    epochs : sequence of Epoch
        The whole log, in order.
    rule : StopRule
        What to follow.
    patiences : sequence of int, default (5, 10)
        Epochs with a score but without a better one, after which early stopping ends a
        training.

    Raises
    ------
    InsufficientDataError
        If fewer epochs have a score than a decision needs.
    ValueError
        If epochs are missing or overlap, a score is not finite, or a patience is not
        positive.
    """
    require_enough(epochs, rule)
    stopper = Stopper(rule)
    decisions = tuple(stopper.observe(epoch) for epoch in epochs)
    return judge(epochs, rule, decisions, patiences=patiences)


def require_enough(epochs: Sequence[Epoch], rule: StopRule) -> None:
    """Raise unless enough epochs have a score for a decision.

    Parameters
    ----------
    epochs : sequence of Epoch
        The whole log.
    rule : StopRule
        Says how many it needs.

    Raises
    ------
    InsufficientDataError
        If fewer have one.
    """
    n_scores = sum(epoch.score is not None for epoch in epochs)
    if n_scores < rule.n_needed:
        raise InsufficientDataError(
            f"a decision needs {rule.n_needed} epochs with a score, there are "
            f"{n_scores}: train on{_or_shorter(n_scores, rule)}"
        )


def _or_shorter(n_scores: int, rule: StopRule) -> str:
    """Return that a shorter window would do, where it would."""
    if n_scores < rule.min_epochs:
        return ""
    return f", or take a window of at most {n_scores} epochs"


def judge(
    epochs: Sequence[Epoch],
    rule: StopRule,
    decisions: tuple[Decision, ...],
    *,
    patiences: Sequence[int] = (5, 10),
) -> Replay:
    """Return what decisions save and lose, beside other rules.

    Parameters
    ----------
    epochs : sequence of Epoch
        The whole log, in order.
    rule : StopRule
        What was followed.
    decisions : tuple of Decision
        One per epoch.
    patiences : sequence of int, default (5, 10)
        As for `replay`.

    Raises
    ------
    ValueError
        If a patience is not positive.
    """
    hindsight = _Judge(epochs, rule)
    found = [_first_stop(decisions)]
    found += [_by_patience(decisions, rule, n) for n in patiences]
    found.append(hindsight.best())
    found.append(("all epochs", len(epochs) - 1, False, "The log ends here."))
    return Replay(rule, decisions, tuple(hindsight.outcome(*each) for each in found))


_Found = tuple[str, int, bool, str]
"""Name, position of the last epoch, whether it stopped, reason."""


def _first_stop(decisions: Sequence[Decision]) -> _Found:
    for position, decision in enumerate(decisions):
        if decision.stop and decision.cause != "end":
            return "rule", position, True, decision.reason
    return "rule", len(decisions) - 1, False, "It would have gone on to the end."


def _by_patience(
    decisions: Sequence[Decision], rule: StopRule, patience: int
) -> _Found:
    """Return where early stopping ends.

    Raises
    ------
    ValueError
        If the patience is not positive.
    """
    if patience < 1:
        raise ValueError(f"patience must be at least 1 epoch, got {patience}")
    name, best, n_without = f"patience {patience}", None, 0
    for position, decision in enumerate(decisions):
        if decision.score is None:
            continue
        value = rule.sign * decision.score
        if best is None or value > best:
            best, n_without = value, 0
        else:
            n_without += 1
        if n_without == patience and position < len(decisions) - 1:
            reason = f"No better score for {patience} epochs."
            return name, position, True, reason
    return name, len(decisions) - 1, False, "It would have gone on to the end."


class _Judge:
    """Knows the whole log; what rules must not."""

    def __init__(self, epochs: Sequence[Epoch], rule: StopRule) -> None:
        self._rule = rule
        self._indices = [e.index for e in epochs]
        self._energies_j = list(accumulate(e.energy_j for e in epochs))
        values = (-1e308 if e.score is None else rule.sign * e.score for e in epochs)
        self._bests = list(accumulate(values, max))

    def outcome(self, name: str, position: int, stopped: bool, reason: str) -> Outcome:
        lost = (self._bests[-1] - self._bests[position]) / self._rule.point
        saved_j = self._energies_j[-1] - self._energies_j[position]
        price = self._rule.price_j_per_point
        return Outcome(
            name,
            self._indices[position],
            stopped,
            reason,
            self._energies_j[position],
            saved_j,
            self._rule.sign * self._bests[position],
            lost,
            None if price is None else saved_j - price * lost,
        )

    def best(self) -> _Found:
        """Return where energy and score together were best, knowing the end."""
        price, budget_j = self._rule.price_j_per_point, self._rule.budget_j
        places = range(len(self._bests))
        if price is not None:
            worth = [
                self._bests[p] / self._rule.point * price - self._energies_j[p]
                for p in places
            ]
            found = max(places, key=worth.__getitem__)
            reason = "Nothing later was worth its energy."
        else:
            allowed = [p for p in places if self._energies_j[p] <= (budget_j or 0.0)]
            found = max(allowed or [0], key=lambda p: (self._bests[p], -p))
            reason = "The best score within the budget."
        return "hindsight", found, found < len(self._bests) - 1, reason
