r"""Rankings with the doubt that is in them: rank intervals, first places, ties.

In every draw of `isojoule.comparison.draws` all systems are ranked anew; the interval
of a rank holds the level of the rules of its draws, and the rank of the figures
themselves. It covers the true rank at that level where systems differ by more than
their errors on the whole; in a crowd of equals any rank is true, and the interval
[1]_ is too narrow for that.

References
----------
.. [1] Goldstein & Spiegelhalter (1996), League tables and their limitations, JRSS A
   159(3), doi:10.2307/2983325; Hall & Miller (2009), Using the bootstrap to quantify
   the authority of an empirical ranking, Ann. Stat. 37(6B), doi:10.1214/09-AOS699.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import Final, Protocol

import numpy as np

from isojoule.comparison.baseline import baseline_scores, baseline_system
from isojoule.comparison.budget import normal_quantile
from isojoule.comparison.draws import (
    Draws,
    Floats,
    Places,
    Singles,
    has_equals,
    score_doubt,
)
from isojoule.comparison.orders import Ranks, cut_off, kind_of_ranks, ranks_of
from isojoule.comparison.rules import Rules
from isojoule.comparison.running import RunAll as RunAll  # also asked for here
from isojoule.comparison.scores import RANKING, ranking_scores, weighted_scores
from isojoule.comparison.systems import System

_MAX_PAIRS: Final = 10_000
"""Pairs of neighbours of a ranking that are compared, where there are more systems."""


_MAX_POWER: Final = np.float32(60)
"""Energies further than e^60 from the median weigh like that; nothing real is."""


@dataclass(frozen=True, slots=True)
class RankInterval:
    """The rank of one system.

    Parameters
    ----------
    label : str
        Of the system.
    rank : int
        By the figures themselves; equal figures have the same rank, the next one
        follows after all of them.
    low, high : int
        Bounds of its interval; 1 is best.
    first_probability : float
        Share of the draws in which nobody is better.
    tied_with : tuple of str
        Neighbours in the ranking that it cannot be told from, nearest first.
    """

    label: str
    rank: int
    low: int
    high: int
    first_probability: float
    tied_with: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Ranking:
    """All systems by one quantity.

    Parameters
    ----------
    key : str
        Such as ``energy.train``, ``score.psds1``, ``weighted.psds1.train``.
    rows : tuple of RankInterval
        By rank, then by label; without those that have no number.
    """

    key: str
    rows: tuple[RankInterval, ...]


@dataclass(frozen=True, slots=True)
class Contest:
    """What is ranked: one number for each system, and its draws.

    Parameters
    ----------
    key : str
        As in `Ranking`.
    at : ndarray of shape (n,)
        Places of the systems that have the number, in the order of the ranking.
    costs : ndarray of shape (n,)
        The numbers in that order, turned so that lower is better.
    drawn : callable
        From a slice of draws to costs of shape (n, n_draws), in that order; within a
        draw they may have a common factor.
    bounds : tuple of two ndarrays of shape (n,), or None
        Of the costs, where ties are told by intervals that overlap.
    """

    key: str
    at: Places
    costs: Floats
    drawn: Callable[[slice], Singles]
    bounds: tuple[Floats, Floats] | None = None


def rank_all(
    systems: Sequence[System],
    rules: Rules,
    draws: Draws | None = None,
    *,
    run_all: RunAll = map,
) -> Mapping[str, Ranking]:
    """Return all rankings by key.

    Parameters
    ----------
    systems : sequence of System
        Those that have the number in question are ranked.
    rules : Rules
        Phases, metrics, level, seed and number of draws.
    draws : Draws or None
        Of the same systems, where they are at hand.
    run_all : callable, default map
        Runs a function over several things, such as the `map` of a pool of threads; the
        numbers are the same.

    Returns
    -------
    mapping of str to Ranking
        ``energy.<phase>``, ``score.<metric>``, ``score.ranking``,
        ``weighted.<metric>.<phase>``, ``weighted.ranking.<phase>``; those that no
        system has a number for are empty.

    Notes
    -----
    Two systems are tied in a score where their intervals overlap, in all else where the
    interval of the ratio of both contains 1: where neither is ahead of the other in
    more of the draws than the level and half of the rest.
    """
    draws = draws or Draws(tuple(systems), rules)
    draws.make_all(run_all)  # once, before several ask for them
    contests = list(_contests(draws))
    rows = run_all(partial(_rows, draws=draws), contests)
    return {
        contest.key: Ranking(contest.key, found)
        for contest, found in zip(contests, rows, strict=True)
    }


def _contests(draws: Draws) -> Iterator[Contest]:
    rules, systems = draws.rules, draws.systems
    for metric in rules.metrics:
        yield _by_score(draws, metric)
    yield _by_points(
        draws, f"score.{RANKING}", ranking_scores(systems, rules), _Ranking(draws)
    )
    for phase in rules.phases:
        yield _by_energy(draws, phase)
        weighted = weighted_scores(systems, phase, rules)
        for name in (*rules.metrics, RANKING):
            points = {w.label: w.values[name] for w in weighted if name in w.values}
            quality = _Ranking(draws) if name == RANKING else _Score(draws, name)
            yield _by_points(
                draws,
                f"weighted.{name}.{phase}",
                points,
                _Weighted(draws, quality, phase),
            )


class _Quality(Protocol):
    """Draws of something that is ranked, with its direction."""

    @property
    def higher_is_better(self) -> bool:
        """Return the direction."""
        ...

    def chunk(self, draws: slice, at: Places) -> Singles:
        """Return values of some draws, ndarray of shape (n_at, n_draws)."""
        ...


@dataclass(frozen=True, slots=True)
class _Score:
    """One score."""

    draws: Draws
    metric: str

    @property
    def higher_is_better(self) -> bool:
        return self.draws.rules.metrics[self.metric].higher_is_better

    def chunk(self, draws: slice, at: Places) -> Singles:
        return self.draws.score(self.metric).chunk(draws, at)


@dataclass(frozen=True, slots=True)
class _Ranking:
    """All scores, each over that of the baseline in the same draw."""

    draws: Draws
    higher_is_better: bool = True

    def chunk(self, draws: slice, at: Places) -> Singles:
        rules = self.draws.rules
        total = np.zeros((len(at), draws.stop - draws.start), np.float32)
        for name, metric in rules.metrics.items():
            score = self.draws.score(name).chunk(draws, at)
            base = self._base(name, draws)
            total += score / base if metric.higher_is_better else base / score
        return total

    def _base(self, metric: str, draws: slice) -> Singles:
        """Return the score of the baseline: as stated in the rules, else as drawn."""
        rules, systems = self.draws.rules, self.draws.systems
        baseline = baseline_system(systems, rules)
        if rules.metrics[metric].baseline_score is not None or baseline is None:
            return np.array([baseline_scores(systems, rules)[metric]], np.float32)
        place = next(i for i, s in enumerate(systems) if s is baseline)
        return self.draws.score(metric).chunk(draws, np.array([place]))


@dataclass(frozen=True, slots=True)
class _Weighted:
    """Something weighted by the energy of a phase; that of the baseline is common."""

    draws: Draws
    quality: _Quality
    phase: str

    @property
    def higher_is_better(self) -> bool:
        return self.quality.higher_is_better

    def chunk(self, draws: slice, at: Places) -> Singles:
        rules = self.draws.rules
        sign = -1.0 if self.higher_is_better else 1.0
        exponent = np.float32(sign * rules.exponent)
        drawn = self.draws.log_energy(self.phase)
        powers = drawn.chunk(draws, at)
        powers -= np.float32(np.median(drawn.center))  # common, for weights near 1
        powers *= exponent
        np.clip(powers, -_MAX_POWER, _MAX_POWER, out=powers)
        weights: Singles = np.exp(powers, out=powers)
        quality = self.quality.chunk(draws, at)
        # Only scores from 0 on are weighted; an error must not carry them below.
        weights *= np.maximum(quality, np.float32(0), out=quality)
        return weights


def _by_energy(draws: Draws, phase: str) -> Contest:
    energies = ((i, s.energy_j(phase)) for i, s in enumerate(draws.systems))
    found = {i: energy_j for i, energy_j in energies if energy_j is not None}
    at, costs = _in_order(draws, found, sign=1.0)

    def drawn(chunk: slice) -> Singles:
        return draws.log_energy(phase).chunk(chunk, at)

    return Contest(f"energy.{phase}", at, costs, drawn)


def _by_score(draws: Draws, name: str) -> Contest:
    metric, level = draws.rules.metrics[name], draws.rules.level
    scores = ((i, s.score(name)) for i, s in enumerate(draws.systems))
    found = {i: score for i, score in scores if score is not None}
    sign = -1.0 if metric.higher_is_better else 1.0
    at, costs = _in_order(draws, found, sign=sign)

    def drawn(chunk: slice) -> Singles:
        return _turned(draws.score(name).chunk(chunk, at), sign)

    figures = [draws.systems[i].submission.scores[name] for i in at]
    doubts = np.array([score_doubt(f, metric) for f in figures]).reshape(-1, 2)
    with np.errstate(over="ignore"):  # without end is a bound, too
        half = np.hypot(normal_quantile(level) * doubts[:, 0], level * doubts[:, 1] / 2)
    return Contest(f"score.{name}", at, costs, drawn, (costs - half, costs + half))


def _by_points(
    draws: Draws, key: str, points: Mapping[str, float], quality: _Quality
) -> Contest:
    """Return what is ranked by numbers that were computed of several figures."""
    found = {
        i: points[s.label] for i, s in enumerate(draws.systems) if s.label in points
    }
    sign = -1.0 if quality.higher_is_better else 1.0
    at, costs = _in_order(draws, found, sign=sign)

    def drawn(chunk: slice) -> Singles:
        return _turned(quality.chunk(chunk, at), sign)

    return Contest(key, at, costs, drawn)


def _turned(values: Singles, sign: float) -> Singles:
    """Return values that are the caller's own as costs."""
    return np.negative(values, out=values) if sign < 0 else values


def _in_order(
    draws: Draws, values: Mapping[int, float], *, sign: float
) -> tuple[Places, Floats]:
    """Return places and costs of systems, the best first, equal ones by label."""
    best_first = sorted(
        values, key=lambda i: (sign * values[i], draws.systems[i].label)
    )
    costs = [sign * values[i] for i in best_first]
    return np.array(best_first, np.intp), np.array(costs, np.float64)


def _rows(contest: Contest, draws: Draws) -> tuple[RankInterval, ...]:
    n = len(contest.at)
    if not n:
        return ()
    labels = [draws.systems[i].label for i in contest.at]
    ranks = np.searchsorted(contest.costs, contest.costs, side="left") + 1
    n_near = min(n - 1, max(1, _MAX_PAIRS // n))
    drawn_ranks, told = _drawn(contest, draws, n_near)
    first = np.count_nonzero(drawn_ranks == 1, axis=1) / draws.rules.n_draws
    low, high = _bounds(drawn_ranks, draws.rules.level)
    ties = _ties(contest, told, n_near, draws.rules.level)
    return tuple(
        RankInterval(
            label=labels[k],
            rank=int(ranks[k]),
            low=int(min(low[k], ranks[k])),
            high=int(max(high[k], ranks[k])),
            first_probability=float(first[k]),
            tied_with=tuple(labels[other] for other in ties[k]),
        )
        for k in range(n)
    )


def _drawn(contest: Contest, draws: Draws, n_near: int) -> tuple[Ranks, Floats]:
    """Return the ranks in every draw, and how often each is told from a neighbour.

    Returns
    -------
    ndarray of shape (n, n_draws)
        Ranks.
    ndarray of shape (2, n_near, n)
        Share of the draws in which the system is ahead of the one that is s + 1 ranks
        after it, and in which it is behind it.
    """
    n, n_draws = len(contest.at), draws.rules.n_draws
    ranks = np.empty((n, n_draws), kind_of_ranks(n))
    told = np.zeros((2, n_near, n))
    for chunk in draws.chunks(n):
        with np.errstate(all="ignore"):
            costs = cut_off(contest.drawn(chunk))
        equals = has_equals(contest.costs, costs)
        ranks[:, chunk] = ranks_of(costs, has_equals=equals)
        for near in range(1, n_near + 1 if contest.bounds is None else 0):
            one, other = costs[:-near], costs[near:]
            told[0, near - 1, :-near] += np.count_nonzero(one < other, axis=1)
            told[1, near - 1, :-near] += np.count_nonzero(one > other, axis=1)
    return ranks, told / n_draws


def _bounds(ranks: Ranks, level: float) -> tuple[Ranks, Ranks]:
    """Return the bounds that hold `level` of the ranks; sorts `ranks`."""
    n_draws = ranks.shape[1]
    tail = (1 - level) / 2
    low, high = (max(ceil(share * n_draws - 1e-9) - 1, 0) for share in (tail, 1 - tail))
    ranks.sort(axis=1, kind="stable")  # by radix
    return ranks[:, low], ranks[:, high]


def _ties(contest: Contest, told: Floats, n_near: int, level: float) -> list[list[int]]:
    """Return the neighbours that each cannot be told from, nearest first."""
    ties: list[list[int]] = [[] for _ in contest.at]
    for near in range(1, n_near + 1):
        if contest.bounds is None:
            apart = (told[:, near - 1, :-near] > (1 + level) / 2).any(axis=0)
        else:
            low, high = contest.bounds
            apart = (high[:-near] < low[near:]) | (high[near:] < low[:-near])
        for k in np.flatnonzero(~apart).tolist():
            ties[k].append(k + near)
            ties[k + near].append(k)
    return ties
