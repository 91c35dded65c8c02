"""The sentence that says why to go on or to stop."""

from isojoule.estimators.stopping.rule import (
    BudgetReach,
    Gain,
    StopRule,
)
from isojoule.units import j_to_kwh


def kwh(energy_j: float) -> str:
    """Return an energy in kWh with three digits."""
    return f"{j_to_kwh(energy_j):.3g} kWh"


def epochs(n: int) -> str:
    """Return a number of epochs in words."""
    return "1 epoch" if n == 1 else f"{n} epochs"


def points(n: float) -> str:
    """Return a number of points in words."""
    return f"{n:.2g} points" if abs(n) >= 0.005 else "no points"


def worth_it(gain: Gain, rule: StopRule) -> str:
    """Return why the next window pays."""
    return (
        f"Go on: the next {epochs(gain.n_epochs)} take {kwh(gain.energy_j)} and are "
        f"expected to bring {points(gain.points)}, {kwh(gain.energy_j_per_point)} per "
        f"point, which is worth {kwh(rule.price_j_per_point or 0.0)}."
    )


def price(gain: Gain, rule: StopRule) -> str:
    """Return why the next window does not pay."""
    return (
        f"Stop: a further point would take {kwh(gain.energy_j_per_point)} and is worth "
        f"{kwh(rule.price_j_per_point or 0.0)}: the next {epochs(gain.n_epochs)} take "
        f"{kwh(gain.energy_j)} for {points(gain.points)}."
    )


def no_gain(gain: Gain) -> str:
    """Return what is left to gain, which is next to nothing."""
    return (
        f"Stop: no gain is expected: {points(gain.points)} over the next "
        f"{epochs(gain.n_epochs)}, which take {kwh(gain.energy_j)}."
    )


def falling(gain: Gain, best_score: float, best_epoch: int) -> str:
    """Return since when scores get worse."""
    return (
        f"Stop: scores get worse since epoch {best_epoch}, which had the best "
        f"({best_score:.4g}), as they do by overfitting; the next "
        f"{epochs(gain.n_epochs)} take {kwh(gain.energy_j)} for {points(gain.points)}."
    )


def budget(next_j: float, left_j: float) -> str:
    """Return why the next epoch does not fit."""
    if left_j < 0:
        return f"Stop: the budget is passed by {kwh(-left_j)}."
    return (
        f"Stop: the next epoch takes {kwh(next_j)}, and {kwh(left_j)} of the "
        "budget are left."
    )


def in_budget(reach: BudgetReach) -> str:
    """Return how far the budget carries."""
    told = f"Go on: the budget carries {epochs(reach.n_epochs)} more"
    if reach.best_score is None:
        return f"{told}."
    after = (
        "by then"
        if reach.n_forecast == reach.n_epochs
        else (f"after {reach.n_forecast} of them")
    )
    return f"{told}; the best score is expected to be {reach.best_score:.4g} {after}."


def rising(n_scores: int) -> str:
    """Return why a curve that has not bent is not judged."""
    return (
        f"Go on: after {epochs(n_scores)} of this curve the scores have not begun to "
        "level off, so what is to come cannot be told from them."
    )


def change_ahead(epoch: int) -> str:
    """Return which change nothing is known of."""
    return f"Go on: what follows the change at epoch {epoch} cannot be told before it."


def to_confirm(sentence: str, confirm: int) -> str:
    """Return that one decision to stop is not enough."""
    told = sentence.removeprefix("Stop: ").rstrip(".")
    return f"Go on: {told}; it takes {confirm} such epochs in a row to stop."


def too_few(n_scores: int, n_needed: int, jumped_at: int | None) -> str:
    """Return how many scores are missing."""
    jumped = "" if jumped_at is None else f"scores jumped at epoch {jumped_at}, and "
    return (
        f"Go on: {jumped}{n_scores} of the {n_needed} scores that are needed are there."
    )
