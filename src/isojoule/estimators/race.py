"""Several trainings after a few epochs each: which takes least, which scores best."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.paths import Bounds, oriented
from isojoule.estimators.stopping.shapes import Vector
from isojoule.estimators.stopping.tracker import ScoreTracker
from isojoule.estimators.streaming import Forecaster
from isojoule.records import Estimate
from isojoule.stats import student_half_width

Mode: TypeAlias = Literal["max", "min"]

Started: TypeAlias = Sequence[Epoch] | Callable[[], Sequence[Epoch]]
"""Epochs of a training, or what trains a few and returns them."""

_LEAST_SCORES: Final = 12
_FURTHEST: Final = 3
"""Scores that a prediction by the end needs, and how many epochs may be to come for
each that was seen. With fewer, or farther, its intervals cover less than they say: from
6 of 90 epochs those of 90 % held 69 % of the best scores."""

_N_DRAWS: Final = 4000
_FREEDOM: Final = 5.0
"""Degrees of freedom of the tails of an energy. Bounds alone do not tell them; those of
a forecast from few epochs have about as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """What is predicted of one training.

    Parameters
    ----------
    name : str
        Of its configuration.
    n_seen, n_epochs : int
        Epochs that were trained, and that are planned.
    spent_j : float
        Energy of the former [J].
    energy_j, energy_low_j, energy_high_j : float
        Predicted energy of all planned epochs [J].
    probability_cheapest : float
        Probability that it takes the least energy.
    alike : tuple of str
        Those from whose energy its own cannot be told apart.
    score, score_low, score_high : float or None
        Predicted best score by the end, median and bounds; `None` where there are no
        scores, too few, or too many epochs to come.
    probability_best : float or None
        Probability that its score will be the best.
    probability_front : float or None
        Probability that no other takes less energy for a better score.
    notes : tuple of str
        Doubts.
    """

    name: str
    n_seen: int
    n_epochs: int
    spent_j: float
    energy_j: float
    energy_low_j: float
    energy_high_j: float
    probability_cheapest: float
    alike: tuple[str, ...]
    score: float | None = None
    score_low: float | None = None
    score_high: float | None = None
    probability_best: float | None = None
    probability_front: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Race:
    """What is predicted of several trainings, cheapest first.

    Parameters
    ----------
    contenders : tuple of Contender
        By predicted energy.
    mode : {"max", "min"}
        Whether a score is better the higher or the lower.
    level : float
        Coverage of the intervals.
    """

    contenders: tuple[Contender, ...]
    mode: Mode
    level: float

    @property
    def has_scores(self) -> bool:
        """Whether a score is predicted of at least one."""
        return any(c.score is not None for c in self.contenders)


@dataclass(frozen=True, slots=True, kw_only=True)
class RaceRule:
    """How trainings are compared.

    Parameters
    ----------
    n_epochs : int or mapping of str to int
        Epochs that are planned, of all or of each.
    mode : {"max", "min"}, default "max"
        Whether a score is better the higher or the lower.
    bounds : tuple of float or None
        Lowest and highest possible score.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    seed : int, default 0
        Of the draws; the same epochs give the same probabilities.

    Raises
    ------
    ValueError
        If the mode or the level cannot be.
    """

    n_epochs: int | Mapping[str, int]
    mode: Mode = "max"
    bounds: Bounds = (None, None)
    level: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if self.mode not in {"max", "min"}:
            raise ValueError(f"mode must be 'max' or 'min', got {self.mode!r}")
        if not 0 < self.level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {self.level}")

    @property
    def sign(self) -> float:
        """What makes a score better the higher."""
        return 1.0 if self.mode == "max" else -1.0

    def planned(self, name: str) -> int:
        """Return the epochs that are planned of one training.

        Parameters
        ----------
        name : str
            Of the training.

        Raises
        ------
        ValueError
            If they are not stated.
        """
        if isinstance(self.n_epochs, int):
            return self.n_epochs
        if name not in self.n_epochs:
            raise ValueError(f"how many epochs are planned of {name!r} is not stated")
        return self.n_epochs[name]


def race(trainings: Mapping[str, Started], rule: RaceRule) -> Race:
    """Return what several trainings will take, and which cannot be told apart.

    Parameters
    ----------
    trainings : mapping of str to sequence of Epoch, or to callable
        The epochs so far of each, in order; or what trains a few epochs and returns
        them, called one after the other.
    rule : RaceRule
        How they are compared.

    Raises
    ------
    InsufficientDataError
        If there are fewer than two, or too few epochs of one.
    ValueError
        If epochs are missing or overlap, there are more than planned, or a score is not
        finite.

    Notes
    -----
    Probabilities are shares of draws from the predicted energies and score curves, each
    training by itself. Two energies cannot be told apart where neither is the lower in
    a share of at least (1 + level) / 2 of the draws.
    """
    if len(trainings) < 2:
        raise InsufficientDataError(
            f"a race needs at least two trainings, there are {len(trainings)}"
        )
    rng = np.random.default_rng(rule.seed)
    lanes = [
        _run(name, started() if callable(started) else started, rule, rng)
        for name, started in trainings.items()
    ]
    lanes.sort(key=lambda lane: lane.total.energy_j)
    return Race(_compare(lanes, rule), rule.mode, rule.level)


@dataclass(frozen=True, slots=True, eq=False)
class _Lane:
    """One training: its prediction, and draws of energy and best score."""

    name: str
    n_seen: int
    n_epochs: int
    spent_j: float
    total: Estimate
    energies_j: Vector
    bests: Vector | None
    notes: tuple[str, ...]


def _run(
    name: str, epochs: Sequence[Epoch], rule: RaceRule, rng: np.random.Generator
) -> _Lane:
    """Return one training with its draws.

    Raises
    ------
    InsufficientDataError
        If nothing can be predicted yet.
    ValueError
        If the epochs or scores cannot be.
    """
    n_epochs = rule.planned(name)
    if not epochs:
        raise InsufficientDataError(f"{name} has no epochs: train a few")
    forecaster = Forecaster(n_epochs, level=rule.level)
    for epoch in epochs:
        forecaster.follow(epoch)
    forecast = forecaster.forecast()
    total = forecast.total
    if total is None or total.energy_low_j is None or total.energy_high_j is None:
        raise InsufficientDataError(
            f"the energy of {name} is not known yet: {forecast.reason}"
        )
    bests, doubt = _bests(name, epochs, n_epochs, rule, rng)
    return _Lane(
        name,
        len(epochs),
        n_epochs,
        forecast.energy_so_far_j,
        total,
        _draw_energies_j(total, forecast.energy_so_far_j, rng),
        bests,
        (*forecast.notes, *doubt),
    )


def _draw_energies_j(
    total: Estimate, spent_j: float, rng: np.random.Generator
) -> Vector:
    """Return draws whose interval is that of an estimate [J]."""
    reach = student_half_width(total.level, _FREEDOM)
    draws = rng.standard_t(_FREEDOM, _N_DRAWS) / reach
    low_j = total.energy_j - (total.energy_low_j or 0.0)
    high_j = (total.energy_high_j or 0.0) - total.energy_j
    drawn_j = total.energy_j + np.where(draws < 0, low_j, high_j) * draws
    return np.maximum(drawn_j, spent_j)


def _bests(
    name: str,
    epochs: Sequence[Epoch],
    n_epochs: int,
    rule: RaceRule,
    rng: np.random.Generator,
) -> tuple[Vector | None, tuple[str, ...]]:
    """Return draws of the best score by the end, or why there are none.

    Raises
    ------
    ValueError
        If a score is not finite.
    """
    scored = [(e.index, e.score) for e in epochs if e.score is not None]
    if not scored:
        return None, ()
    tracker = ScoreTracker(0.0, oriented(rule.bounds, rule.mode), rule.seed)
    for index, score in scored:
        if not np.isfinite(score):
            raise ValueError(f"the score of epoch {index} of {name} is {score:g}")
        tracker.observe(index, rule.sign * score)
        tracker.look_ahead(1)  # what it expects is how it finds jumps
    best = max(rule.sign * score for _, score in scored)
    n_left = n_epochs - 1 - epochs[-1].index
    if n_left == 0:
        return np.full(_N_DRAWS, best), ()
    if tracker.n_scores < _LEAST_SCORES or n_left > _FURTHEST * len(epochs):
        doubt = (
            f"its score is not predicted from {tracker.n_scores} scores in "
            f"{len(epochs)} epochs with {n_left} to come: that needs {_LEAST_SCORES} "
            f"scores, and at most {_FURTHEST} epochs to come for each that was seen"
        )
        return None, (doubt,)
    outlook = tracker.look_ahead(n_left)
    if outlook is None:
        return None, ("its score is not predicted: the last one is unlike the others",)
    finals = outlook.paths.bests(best)[:, n_left - 1]
    return rng.choice(finals, _N_DRAWS), ()


def _compare(lanes: Sequence[_Lane], rule: RaceRule) -> tuple[Contender, ...]:
    """Return the contenders in the order of their lanes."""
    energies_j = np.stack([lane.energies_j for lane in lanes])
    cheapest = np.bincount(energies_j.argmin(axis=0), minlength=len(lanes)) / _N_DRAWS
    best, front = _by_score(lanes, energies_j)
    contenders = []
    for place, lane in enumerate(lanes):
        less = (energies_j < energies_j[place]).mean(axis=1)
        surer = np.maximum(less, 1 - less)
        alike = [
            other.name
            for other, share in zip(lanes, surer, strict=True)
            if other is not lane and share < (1 + rule.level) / 2
        ]
        known = Contender(
            name=lane.name,
            n_seen=lane.n_seen,
            n_epochs=lane.n_epochs,
            spent_j=lane.spent_j,
            energy_j=lane.total.energy_j,
            energy_low_j=lane.total.energy_low_j or 0.0,
            energy_high_j=lane.total.energy_high_j or 0.0,
            probability_cheapest=float(cheapest[place]),
            alike=tuple(alike),
            notes=lane.notes,
        )
        if lane.bests is not None:
            low, median, high = _quantiles(lane.bests, rule)
            known = replace(
                known,
                score=median,
                score_low=low,
                score_high=high,
                probability_best=best[place],
                probability_front=front[place],
            )
        contenders.append(known)
    return tuple(contenders)


def _quantiles(bests: Vector, rule: RaceRule) -> tuple[float, float, float]:
    """Return lower bound, median and upper bound of a score."""
    tail = (1 - rule.level) / 2
    found = np.sort(rule.sign * np.quantile(bests, (tail, 0.5, 1 - tail)))
    low, median, high = (float(q) for q in found)
    return low, median, high


def _by_score(
    lanes: Sequence[_Lane], energies_j: Vector
) -> tuple[dict[int, float], dict[int, float]]:
    """Return for each lane with a score how likely it is best, and on the front."""
    scored = {p: lane.bests for p, lane in enumerate(lanes) if lane.bests is not None}
    if not scored:
        return {}, {}
    bests, energies_j = np.stack(list(scored.values())), energies_j[list(scored)]
    # Where several share the best score, each has its part of the draw.
    is_best = bests == bests.max(axis=0)
    best = (is_best / is_best.sum(axis=0)).mean(axis=1)
    front = []
    for own_j, own in zip(energies_j, bests, strict=True):
        beaten = (energies_j < own_j) & (bests >= own)
        front.append(1.0 - float(beaten.any(axis=0).mean()))
    return (
        {place: float(p) for place, p in zip(scored, best, strict=True)},
        dict(zip(scored, front, strict=True)),
    )
