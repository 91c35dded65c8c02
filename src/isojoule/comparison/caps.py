"""The best score that fits under a cap, and what the cap costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot, isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.budget import STATED_LEVEL, normal_quantile
from isojoule.comparison.quantities import (
    COUNTS,
    MACS,
    PARAMS,
    quantities_of,
    scores_of,
)
from isojoule.comparison.rules import Metric, Rules
from isojoule.comparison.systems import System

ALL: Final = "All"
"""The cap that nobody exceeds: the largest value."""

OWN: Final = "own"
"""The cap of the rules."""

QUANTILES: Final = {ALL: 1.0, "25 %": 0.25, "Median": 0.5}


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRow:
    """The best system under one cap.

    Parameters
    ----------
    quantity : str
        What is capped: a phase, for its normalized energy, ``macs`` or ``params``.
    cap : str
        ``All``, ``25 %``, ``Median`` or ``own``.
    metric : str
        Name of the score.
    max_value : float or None
        Largest value that fits [J], or a count; `None` where no system has one.
    n_systems : int
        Systems that fit; those without a score are among them.
    n_unknown : int
        Systems of the cohort whose quantity is not known.
    best_label : str or None
        System with the best score; of equals the one with the lowest value, then the
        first. `None` where none has a score.
    best_score : float or None
        Its score.
    loss : float or None
        By how much the best score is worse than without the cap; not negative.
    loss_low, loss_high : float or None
        Bounds of the loss at the level of the rules, where both scores state intervals.
    """

    quantity: str
    cap: str
    metric: str
    max_value: float | None
    n_systems: int
    n_unknown: int = 0
    best_label: str | None = None
    best_score: float | None = None
    loss: float | None = None
    loss_low: float | None = None
    loss_high: float | None = None


def cap_table(
    systems: Sequence[System], metric: str, rules: Rules
) -> tuple[CapRow, ...]:
    r"""Return the best score under every cap on energy, operations and parameters.

    Parameters
    ----------
    systems : sequence of System
        Of one cohort; the caps are quantiles of what they have.
    metric : str
        Name of the score, in the rules.
    rules : Rules
        Phases, directions, the organizers' own caps.

    Returns
    -------
    tuple of CapRow
        By phase, then ``macs``, ``params``; of a quantity that no system has only the
        row ``All``, empty.

    Raises
    ------
    KeyError
        If the rules do not name the metric.

    Notes
    -----
    A cap is the quantile of the known values by linear interpolation, and a system
    fits if it does not exceed it. The bounds of the loss take the errors of the two
    scores as independent: :math:`d \pm \sqrt{h_1^2 + h_2^2}` with the half-widths that
    face each other [1]_, scaled from the stated level to that of the rules as for
    normal errors. That the best of many is a lucky one is not accounted for.

    References
    ----------
    .. [1] Zou & Donner (2008), Statistics in Medicine 27(10), doi:10.1002/sim.3095.
    """
    cohort = _Scored(
        tuple(systems), scores_of(systems, metric), rules.metrics[metric], rules.level
    )
    return tuple(
        row
        for quantity in (*rules.phases, *COUNTS)
        for row in _rows(cohort, quantity, _own_cap(quantity, rules))
    )


@dataclass(frozen=True, slots=True)
class _Scored:
    """The systems of a cohort, with their scores by one metric."""

    systems: tuple[System, ...]
    scores: NDArray[np.float64]
    metric: Metric
    level: float

    def best(
        self, fits: NDArray[np.bool_], values: NDArray[np.float64]
    ) -> System | None:
        """Return the best of those that fit; of equals that with the lowest value."""
        known = np.flatnonzero(fits & np.isfinite(self.scores))
        if not len(known):
            return None
        badness = -self.scores if self.metric.higher_is_better else self.scores
        order = np.lexsort((values[known], badness[known]))
        return self.systems[int(known[order[0]])]


def _own_cap(quantity: str, rules: Rules) -> float | None:
    if quantity in COUNTS:
        return {MACS: rules.max_macs, PARAMS: rules.max_params}[quantity]
    return rules.phases[quantity].max_energy_j


def _rows(cohort: _Scored, quantity: str, own: float | None) -> Iterator[CapRow]:
    """Yield the rows of one quantity, the one without a cap first."""
    values = quantities_of(cohort.systems, quantity)
    known = values[np.isfinite(values)]
    caps: dict[str, float | None] = {ALL: None}
    if len(known):
        caps = {name: float(np.quantile(known, q)) for name, q in QUANTILES.items()}
        caps |= {} if own is None else {OWN: own}
    without_cap = cohort.best(np.isfinite(values), values)
    for name, cap in caps.items():
        fits = values <= (np.nan if cap is None else cap)
        best = cohort.best(fits, values)
        loss, low, high = _loss(without_cap, best, cohort)
        yield CapRow(
            quantity=quantity,
            cap=name,
            metric=cohort.metric.name,
            max_value=cap,
            n_systems=int(fits.sum()),
            n_unknown=len(values) - len(known),
            best_label=None if best is None else best.label,
            best_score=None if best is None else best.score(cohort.metric.name),
            loss=loss,
            loss_low=low,
            loss_high=high,
        )


def _loss(
    without: System | None, under: System | None, cohort: _Scored
) -> tuple[float | None, float | None, float | None]:
    """Return the loss by a cap and its bounds."""
    if without is None or under is None:
        return None, None, None
    name = cohort.metric.name
    full, capped = without.score(name), under.score(name)
    if full is None or capped is None:
        return None, None, None
    if without is under:
        return 0.0, 0.0, 0.0
    sign = 1.0 if cohort.metric.higher_is_better else -1.0
    loss = sign * (full - capped)
    first, second = (score_interval(system, name) for system in (without, under))
    if first is None or second is None:
        return loss, None, None
    # What makes the loss small is a lower first and a higher second score.
    toward, away = (0, 1) if sign > 0 else (1, 0)
    stated = cohort.metric.interval_level or STATED_LEVEL
    scale = normal_quantile(cohort.level) / normal_quantile(stated)
    below = scale * hypot(full - first[toward], capped - second[away])
    above = scale * hypot(full - first[away], capped - second[toward])
    return loss, loss - below, loss + above


def score_interval(system: System, metric: str) -> tuple[float, float] | None:
    """Return the bounds that a system states with a score; `None` without usable ones.

    Parameters
    ----------
    system : System
        That may state them.
    metric : str
        Name of the score.
    """
    figure = system.submission.scores.get(metric)
    if figure is None or figure.value is None:
        return None
    low, high = figure.low, figure.high
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return None
    return (low, high) if low <= figure.value <= high else None
