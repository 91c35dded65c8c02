"""What a user wants of a training, and what a decision to go on or to stop says."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Final, Literal, TypeAlias

from isojoule.estimators.stopping.curve import MIN_SCORES

Mode: TypeAlias = Literal["max", "min"]

Cause: TypeAlias = Literal[
    "worth-it",
    "in-budget",
    "too-few",
    "no-score",
    "unsettled",
    "rising",
    "change-ahead",
    "to-confirm",
    "price",
    "budget",
    "no-gain",
    "falling",
    "end",
]
"""Why. The first eight go on, the others stop."""

LEAST_GAIN_POINTS: Final = 0.1
"""Points below which a gain counts as none where no price says what it is worth."""


_LOWER_IS_BETTER: Final = ("loss", "error", "perplexity", "mse", "mae", "rmse", "wer")


def looks_lower_is_better(score: str) -> bool:
    """Return whether the name of a score says that it is better the lower."""
    return any(word in score.casefold() for word in _LOWER_IS_BETTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """What more training is worth, or how much energy there is.

    Parameters
    ----------
    price_j_per_point : float or None
        The most energy that one point of the best score is worth [J].
    budget_j : float or None
        Energy of the whole training [J]. One of both.
    mode : {"max", "min"}, default "max"
        Whether a score is better the higher or the lower.
    point : float, default 0.01
        What one point is, in units of the score.
    window : int, default 5
        Epochs that a decision looks ahead.
    n_epochs : int or None
        Epochs that are planned; open where `None`.
    changes_at : tuple of int
        Epochs at which the work changes, such as the first of a fine-tuning, counted
        from 0. Before the last of them nothing but a budget ends a training.
    min_epochs : int, default 5
        Epochs with a score before any decision, at least 5.
    confirm : int, default 2
        Epochs in a row after which the gain must be too small.
    bounds : tuple of float or None
        Lowest and highest possible score, such as ``(0, 1)`` for an accuracy.
    level : float, default 0.9
        Coverage of the intervals, in (0, 1).
    seed : int, default 0
        Of the draws; the same epochs give the same decisions.

    Raises
    ------
    ValueError
        If none or both of price and budget are given, or a value cannot be.
    """

    price_j_per_point: float | None = None
    budget_j: float | None = None
    mode: Mode = "max"
    point: float = 0.01
    window: int = 5
    n_epochs: int | None = None
    changes_at: tuple[int, ...] = ()
    min_epochs: int = MIN_SCORES
    confirm: int = 2
    bounds: tuple[float | None, float | None] = (None, None)
    level: float = 0.9
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.price_j_per_point is None) == (self.budget_j is None):
            given = "neither" if self.budget_j is None else "both"
            raise ValueError(
                f"a rule needs a price per point or a budget, and one only; got {given}"
            )
        if self.mode not in {"max", "min"}:
            raise ValueError(f"mode must be 'max' or 'min', got {self.mode!r}")
        for name, value in (
            ("the price per point", self.price_j_per_point),
            ("the budget", self.budget_j),
            ("a point", self.point),
        ):
            if value is not None and not (isfinite(value) and value > 0):
                raise ValueError(f"{name} must be positive, got {value:g}")
        if self.window < 1:
            raise ValueError(f"a window needs at least 1 epoch, got {self.window}")
        if self.n_epochs is not None and self.n_epochs < max(self.window, 1):
            raise ValueError(
                f"a window of {self.window} epochs is longer than the training of "
                f"{self.n_epochs}: take a shorter window"
            )
        if self.min_epochs < MIN_SCORES:
            raise ValueError(
                f"a decision needs at least {MIN_SCORES} epochs with a score, got "
                f"{self.min_epochs}"
            )
        if self.confirm < 1:
            raise ValueError(f"confirm must be at least 1 epoch, got {self.confirm}")
        last = inf if self.n_epochs is None else self.n_epochs
        beyond = [c for c in self.changes_at if not 0 < c < last]
        if beyond:
            raise ValueError(
                f"a change at epoch {beyond[0]} is not within the training: epochs "
                f"are counted from 0, and {self.n_epochs or 'no number of'} are planned"
            )
        low, high = self.bounds
        if not (-inf if low is None else low) < (inf if high is None else high):
            raise ValueError(f"bounds {low} to {high} leave no room for scores")
        if not 0 < self.level < 1:
            raise ValueError(f"the level must lie in (0, 1), got {self.level}")

    @property
    def sign(self) -> float:
        """What makes a score better the higher."""
        return 1.0 if self.mode == "max" else -1.0

    @property
    def n_needed(self) -> int:
        """Epochs with a score before a decision: never fewer than it looks ahead."""
        return max(self.min_epochs, self.window)


@dataclass(frozen=True, slots=True)
class Gain:
    """What the best score is expected to rise by over the next epochs.

    Parameters
    ----------
    n_epochs : int
        How many.
    energy_j, energy_low_j, energy_high_j : float
        What they take [J].
    points : float
        Mean gain of the best so far, in points.
    points_low, points_high : float
        Bounds of its interval.
    probability_worth : float or None
        Probability that the gain is worth its energy; `None` without a price.
    """

    n_epochs: int
    energy_j: float
    energy_low_j: float
    energy_high_j: float
    points: float
    points_low: float
    points_high: float
    probability_worth: float | None = None

    @property
    def points_per_j(self) -> float:
        """Expected gain per energy [1/J]; infinite where the energy is zero."""
        return self.points / self.energy_j if self.energy_j > 0 else inf

    @property
    def energy_j_per_point(self) -> float:
        """What a point costs [J]; infinite where none is expected."""
        return self.energy_j / self.points if self.points > 0 else inf


@dataclass(frozen=True, slots=True)
class BudgetReach:
    """How far the energy that is left carries.

    Parameters
    ----------
    left_j : float
        Energy that is left [J].
    n_epochs, n_epochs_low, n_epochs_high : int
        Whole epochs that it carries.
    best_score, best_score_low, best_score_high : float or None
        Best score by then, median and bounds; `None` where the curve does not tell.
    n_forecast : int
        Epochs after which that score is expected; fewer than `n_epochs` where that is
        further than can be told.
    """

    left_j: float
    n_epochs: int
    n_epochs_low: int
    n_epochs_high: int
    best_score: float | None = None
    best_score_low: float | None = None
    best_score_high: float | None = None
    n_forecast: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Whether to go on after an epoch, and why.

    Parameters
    ----------
    epoch : int
        The one that is over, counted from 0.
    stop : bool
        Whether to end the training.
    cause : str
        Kind of the reason.
    reason : str
        One sentence.
    spent_j : float
        Energy of the epochs so far [J].
    score : float or None
        Of this epoch.
    best_score : float or None
        The best so far.
    best_epoch : int or None
        Where that was reached.
    gain : Gain or None
        What the next window would bring; `None` where that cannot be told yet.
    reach : BudgetReach or None
        How far the budget carries, where there is one.
    """

    epoch: int
    stop: bool
    cause: Cause
    reason: str
    spent_j: float
    score: float | None = None
    best_score: float | None = None
    best_epoch: int | None = None
    gain: Gain | None = None
    reach: BudgetReach | None = None
