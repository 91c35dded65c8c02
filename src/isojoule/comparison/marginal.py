"""What one more point of score costs along the front, and whether it is worth it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from isojoule.comparison.budget import STATED_LEVEL, normal_quantile
from isojoule.comparison.caps import score_interval
from isojoule.comparison.front import pareto_front
from isojoule.comparison.quantities import quantities_of, scores_of
from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System
from isojoule.units import kwh_to_j


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """From one system of the front to a better one that needs more.

    Parameters
    ----------
    from_label, to_label : str
        The two systems.
    phase, metric : str
        Whose energy and which score.
    energy_j : float
        What is needed more [J].
    gain : float
        By how much the score is better, in its unit; positive.
    points : float
        The same in points of the metric.
    energy_j_per_point : float
        Marginal cost [J].
    gain_above_noise : bool or None
        Whether the intervals of the two scores lie apart, at the level of the rules;
        `None` where one of them states none.
    is_worthy : bool or None
        Whether the gain is above noise and its cost within the price; `None` where
        that cannot be told.
    reason : str
        Why it is not worthy, or cannot be told.
    """

    from_label: str
    to_label: str
    phase: str
    metric: str
    energy_j: float
    gain: float
    points: float
    energy_j_per_point: float
    gain_above_noise: bool | None
    is_worthy: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FrontSystem:
    """One system of a front.

    Parameters
    ----------
    system : System
        The first of those that are equal in both.
    energy_j : float
        Its normalized energy [J].
    quality : float
        Its score, turned so that higher is better.
    """

    system: System
    energy_j: float
    quality: float


def front_systems(
    systems: Sequence[System], phase: str, metric: str, rules: Rules
) -> tuple[FrontSystem, ...]:
    """Return the systems that no other beats in both, by rising energy and score.

    Parameters
    ----------
    systems : sequence of System
        Those without the energy or the score are left out.
    phase, metric : str
        Whose energy and which score.
    rules : Rules
        Direction of the score.

    Returns
    -------
    tuple of FrontSystem
        Energies and scores rise strictly.

    Raises
    ------
    KeyError
        If the rules do not name the metric.
    """
    is_high_better = rules.metrics[metric].higher_is_better
    energies_j, scores = quantities_of(systems, phase), scores_of(systems, metric)
    is_member = pareto_front(energies_j, scores, higher_is_better=is_high_better)
    members = np.flatnonzero(is_member)
    # Members with one energy have one score, too: the first stands for them.
    _, first = np.unique(energies_j[members], return_index=True)
    sign = 1.0 if is_high_better else -1.0
    return tuple(
        FrontSystem(systems[i], float(energies_j[i]), sign * float(scores[i]))
        for i in members[first].tolist()
    )


def marginal_steps(
    systems: Sequence[System], phase: str, metric: str, rules: Rules
) -> tuple[Step, ...]:
    """Return what every further point of score costs, from low to high energy.

    The steps go along the lower convex hull of energy against score, where the marginal
    cost never falls.

    Parameters
    ----------
    systems : sequence of System
        Of one cohort.
    phase, metric : str
        Whose energy and which score.
    rules : Rules
        Point and direction of the metric; price of a point.

    Returns
    -------
    tuple of Step
        Empty where fewer than two systems are on the front.

    Raises
    ------
    KeyError
        If the rules do not name the metric.

    Notes
    -----
    An improvement is worthy if the gain is above noise and a point of it costs at most
    ``Rules.price_kwh_per_point``. The price is for the first phase and first metric of
    the rules; nothing is judged by it elsewhere. The gain is above noise where the
    intervals of the two scores, at the level of the rules, do not overlap, as for ties.
    """
    front = front_systems(systems, phase, metric, rules)
    return tuple(
        _step(pair, (phase, metric), rules) for pair in pairwise(_lower_hull(front))
    )


def _lower_hull(front: Sequence[FrontSystem]) -> tuple[FrontSystem, ...]:
    """Return the systems between which the marginal cost never falls."""
    hull: list[FrontSystem] = []
    for point in front:
        while len(hull) > 1 and _slope(hull[-2], hull[-1]) > _slope(hull[-1], point):
            hull.pop()
        hull.append(point)
    return tuple(hull)


def _slope(low: FrontSystem, high: FrontSystem) -> float:
    """Return the energy for one unit of score [J]."""
    return (high.energy_j - low.energy_j) / (high.quality - low.quality)


def _price_j(phase: str, metric: str, rules: Rules) -> float | str:
    """Return the price of a point [J], or why there is none."""
    if rules.price_kwh_per_point is None:
        return "the rules state no price"
    if (phase, metric) != (rules.main_phase, rules.main_metric):
        return f"the price is for {rules.main_phase} and {rules.main_metric}"
    return kwh_to_j(rules.price_kwh_per_point)


def _step(
    pair: tuple[FrontSystem, FrontSystem], names: tuple[str, str], rules: Rules
) -> Step:
    low, high = pair
    phase, metric = names
    point = rules.metrics[metric].point
    cost_j = _slope(low, high) * point
    is_above_noise = _lie_apart(low.system, high.system, metric, rules)
    is_worthy, reason = _judge(cost_j, _price_j(phase, metric, rules), is_above_noise)
    return Step(
        from_label=low.system.label,
        to_label=high.system.label,
        phase=phase,
        metric=metric,
        energy_j=high.energy_j - low.energy_j,
        gain=high.quality - low.quality,
        points=(high.quality - low.quality) / point,
        energy_j_per_point=cost_j,
        gain_above_noise=is_above_noise,
        is_worthy=is_worthy,
        reason=reason,
    )


def _lie_apart(a: System, b: System, metric: str, rules: Rules) -> bool | None:
    """Return whether the intervals do not overlap; `None` without both."""
    stated = rules.metrics[metric].interval_level or STATED_LEVEL
    scale = normal_quantile(rules.level) / normal_quantile(stated)
    intervals = []
    for system in (a, b):
        bounds, score = score_interval(system, metric), system.score(metric)
        if bounds is None or score is None:
            return None
        intervals.append([score + scale * (bound - score) for bound in bounds])
    first, second = intervals
    return first[1] < second[0] or second[1] < first[0]


def _judge(
    cost_j: float, price_j: float | str, is_above_noise: bool | None
) -> tuple[bool | None, str]:
    """Return whether an improvement is worthy, and why not or why nobody knows."""
    if isinstance(price_j, str):
        return None, price_j
    if cost_j > price_j:
        return False, "a point costs more than the price"
    if is_above_noise is None:
        return None, "a score states no interval"
    if not is_above_noise:
        return False, "the intervals of the scores overlap"
    return True, ""
