"""Scores weighted by energy, and how far they order by energy alone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.associations import kendall
from isojoule.comparison.baseline import baseline_energy_j, baseline_scores
from isojoule.comparison.quantities import quantities_of, scores_of
from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System

RANKING: Final = "ranking"
"""Key of the score that all metrics are in."""

ENERGY_ALONE_TAU: Final = 0.3
"""Below this agreement with its own metric, a weighted score orders by energy."""

EXPONENTS: Final = (0.0, 0.25, 0.5, 1.0)
"""What the weight of energy is varied over, beside the exponent of the rules."""


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """The energy-weighted scores of one system in one phase.

    Parameters
    ----------
    label : str
        Of the system.
    phase : str
        Whose energy weighs.
    values : mapping of str to float
        By metric, in its direction; ``ranking`` for all of them together, higher is
        better. A score that cannot be weighted is not among them.
    exponent : float
        Weight of energy.
    """

    label: str
    phase: str
    values: Mapping[str, float]
    exponent: float


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What another weight of energy would do.

    Parameters
    ----------
    exponent : float
        Weight of energy.
    kendall_tau : float or None
        Agreement of the weighted order with the order by the metric.
    tau_with_energy : float or None
        Agreement of the weighted order with the order from low to high energy.
    """

    exponent: float
    kendall_tau: float | None
    tau_with_energy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Whether an energy-weighted score still orders by quality.

    Parameters
    ----------
    phase : str
        Whose energy weighs.
    metric : str
        Name of the score, or ``ranking``.
    n : int
        Systems that have both.
    kendall_tau : float or None
        Tau-b of the order by the metric and the order by its weighted score; `None`
        where it cannot be told.
    p_value : float or None
        Of the hypothesis that the two orders are independent.
    tau_with_energy : float or None
        Tau-b of the weighted order and the order from low to high energy.
    is_energy_alone : bool or None
        Whether `kendall_tau` is under 0.3.
    exponent : float
        Weight of energy in the rules.
    sensitivity : tuple of Sensitivity
        For other weights, in rising order.
    reason : str, default ""
        Why there is no agreement.
    """

    phase: str
    metric: str
    n: int
    kendall_tau: float | None = None
    p_value: float | None = None
    tau_with_energy: float | None = None
    is_energy_alone: bool | None = None
    exponent: float = 1.0
    sensitivity: tuple[Sensitivity, ...] = ()
    reason: str = ""


def energy_weighted(
    score: float,
    energy_j: float,
    baseline_energy_j: float,
    exponent: float = 1.0,
    *,
    higher_is_better: bool = True,
) -> float:
    r"""Return a score weighted by energy; less energy makes it better.

    Parameters
    ----------
    score : float
        Not negative: a factor would turn the order of negative scores around.
    energy_j, baseline_energy_j : float
        Of the system and of the organizers' baseline [J]; positive.
    exponent : float, default 1
        Weight a of energy; 0 leaves the score as it is.
    higher_is_better : bool, default True
        Direction of the score; the weighted score keeps it.

    Raises
    ------
    ValueError
        If the score is negative, an energy is not positive, the result is not finite,
        or any of them is NaN.

    Notes
    -----
    :math:`S (E_{base} / E)^a`, with a = 1 as published [1]_. Where lower is better it
    is :math:`S (E / E_{base})^a`, so that the inverse score is weighted as published.

    References
    ----------
    .. [1] Ronchini & Serizel (2024), ICASSP, arXiv:2310.03455.
    """
    found = inf
    if 0 <= score < inf and 0 < energy_j < inf and 0 < baseline_energy_j < inf:
        ratio = baseline_energy_j / energy_j
        if not higher_is_better:
            ratio = energy_j / baseline_energy_j
        with suppress(OverflowError, ZeroDivisionError):  # at the end of all floats
            found = score * float(ratio**exponent)
    if not isfinite(found):
        raise ValueError(
            "weighting needs a score from 0 on and positive energies, got score "
            f"{score}, energy {energy_j} J, baseline {baseline_energy_j} J"
        )
    return found


def ranking_scores(systems: Sequence[System], rules: Rules) -> dict[str, float]:
    r"""Return the score over all metrics of every system that has them all, by label.

    Parameters
    ----------
    systems : sequence of System
        Among them the baseline, unless the rules state its scores.
    rules : Rules
        Metrics and their direction.

    Returns
    -------
    dict of str to float
        1 is as good as the baseline, higher is better. Empty where the baseline or one
        of its scores is missing or not positive.

    Notes
    -----
    The mean over the metrics of :math:`S / S_{base}`, or of :math:`S_{base} / S` where
    lower is better.
    """
    base = baseline_scores(systems, rules)
    if any(value is None for value in base.values()):
        return {}
    found = {s.label: _ranking_score(s, base, rules) for s in systems}
    return {label: score for label, score in found.items() if score is not None}


def _ranking_score(
    system: System, base: Mapping[str, float | None], rules: Rules
) -> float | None:
    ratios = []
    for name, metric in rules.metrics.items():
        score, other = system.score(name), base[name]
        if score is None or other is None:
            return None
        if not metric.higher_is_better and score <= 0:
            return None
        ratios.append(score / other if metric.higher_is_better else other / score)
    mean = sum(ratios) / len(ratios)
    return mean if isfinite(mean) else None


def weighted_scores(
    systems: Sequence[System], phase: str, rules: Rules
) -> tuple[WeightedScore, ...]:
    """Return the energy-weighted scores of one phase, in the order of the systems.

    Parameters
    ----------
    systems : sequence of System
        Those without an energy, or with a zero, are left out.
    phase : str
        Whose energy weighs.
    rules : Rules
        Baseline energy, metrics, exponent.

    Returns
    -------
    tuple of WeightedScore
        Empty where the energy of the baseline is not known.
    """
    base_j = baseline_energy_j(systems, phase, rules)
    if base_j is None:
        return ()
    ranking = ranking_scores(systems, rules)
    found = []
    for system in systems:
        energy_j = system.energy_j(phase)
        if energy_j is None:
            continue
        values = _values(system, ranking.get(system.label), (base_j, energy_j), rules)
        if values:
            found.append(WeightedScore(system.label, phase, values, rules.exponent))
    return tuple(found)


def _values(
    system: System,
    ranking: float | None,
    energies_j: tuple[float, float],
    rules: Rules,
) -> dict[str, float]:
    """Return the weighted scores of one system; those that can be weighted."""
    asked = [(n, system.score(n), m.higher_is_better) for n, m in rules.metrics.items()]
    base_j, energy_j = energies_j
    found = {}
    for name, score, direction in (*asked, (RANKING, ranking, True)):
        if score is None:
            continue
        with suppress(ValueError):  # it means nothing: left out
            found[name] = energy_weighted(
                score, energy_j, base_j, rules.exponent, higher_is_better=direction
            )
    return found


def agreements(systems: Sequence[System], rules: Rules) -> tuple[Agreement, ...]:
    """Return, by phase and metric, whether a weighted score still orders by quality.

    Parameters
    ----------
    systems : sequence of System
        Those that have both the score and a positive energy count.
    rules : Rules
        Phases, metrics, exponent.

    Returns
    -------
    tuple of Agreement
        For every phase and metric, then ``ranking``.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The energy of the baseline is a common factor: it does not alter an order.
    """
    ranking = ranking_scores(systems, rules)
    whole = np.array([ranking.get(s.label, np.nan) for s in systems], np.float64)
    scored = {m: (scores_of(systems, m), r) for m, r in rules.metrics.items()}
    found = []
    for phase in rules.phases:
        energies_j = quantities_of(systems, phase)
        for name, (scores, metric) in scored.items():
            order = _Order(scores, energies_j, higher_is_better=metric.higher_is_better)
            found.append(_agreement(phase, name, order, rules.exponent))
        order = _Order(whole, energies_j, higher_is_better=True)
        combined = _agreement(phase, RANKING, order, rules.exponent)
        if not ranking:
            reason = "no ranking score: no baseline with positive scores among them"
            combined = replace(combined, reason=reason)
        found.append(combined)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Order:
    """Scores and energies whose orders are compared."""

    scores: NDArray[np.float64]
    energies_j: NDArray[np.float64]
    higher_is_better: bool

    def quality(self, exponent: float) -> NDArray[np.float64]:
        """Return the weighted scores, turned so that higher is better; NaN for none."""
        direction = 1.0 if self.higher_is_better else -1.0
        usable = (self.scores >= 0) & (self.energies_j > 0)
        energies_j = np.where(usable, self.energies_j, np.nan)
        scale_j = float(np.nanmedian(energies_j)) if usable.any() else 1.0
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            weights = (scale_j / energies_j) ** (direction * exponent)
            return direction * self.scores * weights


def _agreement(phase: str, metric: str, order: _Order, exponent: float) -> Agreement:
    quality = order.quality(0.0)
    found = kendall(quality, order.quality(exponent))
    if found.value is None:
        return Agreement(
            phase=phase,
            metric=metric,
            n=found.n,
            exponent=exponent,
            reason=found.reason,
        )
    trials = {a: _sensitivity(order, a) for a in sorted({*EXPONENTS, exponent})}
    return Agreement(
        phase=phase,
        metric=metric,
        n=found.n,
        kendall_tau=found.value,
        p_value=found.p_value,
        tau_with_energy=trials[exponent].tau_with_energy,
        is_energy_alone=found.value < ENERGY_ALONE_TAU,
        exponent=exponent,
        sensitivity=tuple(trials.values()),
    )


def _sensitivity(order: _Order, exponent: float) -> Sensitivity:
    weighted = order.quality(exponent)
    return Sensitivity(
        exponent=exponent,
        kendall_tau=kendall(order.quality(0.0), weighted).value,
        tau_with_energy=kendall(weighted, -order.energies_j).value,
    )
