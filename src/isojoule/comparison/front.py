"""The Pareto front of energy and score, and how surely a system belongs to it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isojoule.comparison.draws import Drawn, Draws, Floats, Places, Singles, has_equals
from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One system and the front.

    Parameters
    ----------
    label : str
        Of the system.
    phase, metric : str
        What is weighed against each other.
    is_on_front : bool
        Whether no other system is as good in both and better in one.
    probability : float
        Share of the draws in which it is on the front.
    """

    label: str
    phase: str
    metric: str
    is_on_front: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Front:
    """The front of one phase and one metric.

    Parameters
    ----------
    phase, metric : str
        What is weighed against each other.
    points : tuple of FrontPoint
        All systems that have both, in the order of the systems.
    members : tuple of str
        Labels of those on the front, by rising energy.
    """

    phase: str
    metric: str
    points: tuple[FrontPoint, ...]
    members: tuple[str, ...]


def pareto_front(
    energy_j: ArrayLike, score: ArrayLike, *, higher_is_better: bool = True
) -> NDArray[np.bool_]:
    """Return who is on the front, ndarray of shape (n,).

    Parameters
    ----------
    energy_j : array of shape (n,)
        Energies [J]; lower is better.
    score : array of shape (n,)
        Scores. Of those that are equal in both all stay; a NaN in either is not on
        the front.
    higher_is_better : bool, default True
        Direction of the score.

    Notes
    -----
    Sorted by energy, and by score among equal energies, a system is on the front where
    it is better than all that need less, and as good as the best that need the same.
    """
    energies = np.asarray(energy_j, np.float64)
    quality = np.asarray(score, np.float64) * (1.0 if higher_is_better else -1.0)
    known = np.flatnonzero(~(np.isnan(energies) | np.isnan(quality)))
    order = known[np.lexsort((-quality[known], energies[known]))]
    rising, best = energies[order], quality[order]
    starts = np.flatnonzero(np.diff(rising, prepend=-np.inf) != 0)
    group = np.searchsorted(starts, np.arange(len(order)), side="right") - 1
    first = best[starts]  # the best of each group of equal energies
    before = np.maximum.accumulate(np.concatenate(([-np.inf], first)))[:-1]
    is_member = (best == first[group]) & (best > before[group])
    front = np.zeros(len(energies), np.bool_)
    front[order] = is_member
    return front


def find_front(
    systems: Sequence[System],
    phase: str,
    metric: str,
    rules: Rules,
    draws: Draws | None = None,
) -> Front:
    """Return the front of one phase and one metric.

    Parameters
    ----------
    systems : sequence of System
        Those that have both numbers count.
    phase, metric : str
        Names in the rules.
    rules : Rules
        Direction of the metric, seed and number of draws.
    draws : Draws or None
        Of these systems and others, where they are at hand; the result is the same.
    """
    draws = draws or Draws(tuple(systems), rules)
    return _front(draws, draws.places_of(systems), phase, metric)


def _front(draws: Draws, among: Places, phase: str, metric: str) -> Front:
    rules, systems = draws.rules, draws.systems
    direction = rules.metrics[metric].higher_is_better
    energy, score = draws.log_energy(phase), draws.score(metric)
    at = np.intersect1d(among, np.intersect1d(energy.places, score.places))
    energies_j = np.array([systems[i].energy_j(phase) for i in at], np.float64)
    scores = np.array([systems[i].score(metric) for i in at], np.float64)
    on_front = pareto_front(energies_j, scores, higher_is_better=direction)
    shares = _shares(draws, (energy, score), at, sign=1.0 if direction else -1.0)
    order = np.lexsort(([systems[i].label for i in at], energies_j))
    return Front(
        phase=phase,
        metric=metric,
        points=tuple(
            FrontPoint(systems[i].label, phase, metric, bool(is_on), float(share))
            for i, is_on, share in zip(at, on_front, shares, strict=True)
        ),
        members=tuple(systems[at[k]].label for k in order if on_front[k]),
    )


def _shares(
    draws: Draws, drawn: tuple[Drawn, Drawn], at: Places, *, sign: float
) -> Floats:
    """Return the share of the draws in which each system is on the front.

    Systems that are worse than another one in all draws of a chunk are left out of it:
    they cannot be on a front, and keep nobody off who would be there.
    """
    energy, score = drawn
    counts = np.zeros(len(at))
    for chunk in draws.chunks(len(draws.systems)):  # the same ones for every cohort
        kept = _candidates(energy.extremes(chunk, at), score.extremes(chunk, at), sign)
        energies = energy.chunk(chunk, at[kept])
        quality = np.float32(sign) * score.chunk(chunk, at[kept])
        rows = np.searchsorted(energy.places, at[kept])
        if has_equals(energy.center[rows], energies):
            draws_of = zip(energies.T, quality.T, strict=True)
            counts[kept] += sum(pareto_front(e, q) for e, q in draws_of)
        else:
            counts[kept] += _counts(energies.T, quality.T)
    return counts / draws.rules.n_draws


def _candidates(
    energy: tuple[Singles, Singles], score: tuple[Singles, Singles], sign: float
) -> Places:
    """Return who is not worse in both than another one in all draws.

    Parameters
    ----------
    energy, score : tuple of two ndarrays of shape (n,)
        Lowest and highest value of each in these draws.
    sign : float
        1 where a higher score is better, else -1.
    """
    energy_low, energy_high = energy
    low, high = score if sign > 0 else (-score[1], -score[0])
    order = np.argsort(energy_high, kind="stable")
    surely = np.maximum.accumulate(np.append(np.float32(-np.inf), low[order]))
    n_below = np.searchsorted(energy_high[order], energy_low, side="left")
    return np.flatnonzero(surely[n_below] <= high)


def _counts(energies: Singles, quality: Singles) -> NDArray[np.intp]:
    """Return in how many draws each is on the front; arrays of (n_draws, n).

    No two energies are equal by more than chance.
    """
    order = np.argsort(energies, axis=1)
    best = np.take_along_axis(quality, order, axis=1)
    is_member = np.ones(best.shape, np.bool_)
    is_member[:, 1:] = best[:, 1:] > np.maximum.accumulate(best[:, :-1], axis=1)
    return np.bincount(order[is_member], minlength=energies.shape[1])
