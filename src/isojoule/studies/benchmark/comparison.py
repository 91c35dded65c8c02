"""Every contender beside the best of the published protocol with as many references."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.pairs import Floats
from isojoule.studies.benchmark.contenders import is_within
from isojoule.studies.benchmark.means import Ints, SplitMeans
from isojoule.studies.benchmark.sources import MachinePair

N_DRAWS = 2000
LEVEL = 0.95
"""Coverage of the interval of a ratio."""

_SAME = 1e-9  # share of an error that rounding alone can make


@dataclass(frozen=True, slots=True)
class Comparison:
    """One contender beside the published best.

    Parameters
    ----------
    published : int
        Place of the published best.
    ratio : float
        MALE over that of the published best; NaN where either has none.
    low, high : float
        Bounds of the ratio.
    beats : float
        Share of ordered pairs on which its MALE is lower than that of the published
        best; of the pairs that it answered.
    beats_hindsight : float
        Share of those on which it is lower than that of any published contender with as
        many references.
    """

    published: int
    ratio: float
    low: float
    high: float
    beats: float
    beats_hindsight: float


class Comparer:
    """Holds contenders of one split against the published ones.

    Parameters
    ----------
    means : SplitMeans
        Of the split.
    counted : sequence of int or None, length n_contenders
        References that each counts as having.
    published : sequence of int
        Places of the published ones.
    pairs : sequence of MachinePair
        The pairs.
    seed : int
        For the draws of the intervals.
    """

    def __init__(
        self,
        means: SplitMeans,
        counted: Sequence[int | None],
        published: Sequence[int],
        pairs: Sequence[MachinePair],
        *,
        seed: int,
    ) -> None:
        self._means = means
        self._counted = counted
        self._published = published
        self._totals = _resampled(means, pairs, seed)

    def rivals(self, k: int | None) -> list[int]:
        """Return places of the published ones with at most `k` references."""
        return [p for p in self._published if is_within(self._counted[p], k)]

    def compare(self, place: int, k: int | None) -> Comparison | None:
        """Return one contender beside the best published one with `k` references.

        Parameters
        ----------
        place : int
            Its place.
        k : int or None
            References that the published ones may have.

        Returns
        -------
        Comparison or None
            `None` where no published one with as few references answered everything.
        """
        rivals = self.rivals(k)
        best = best_of(rivals, self._means)
        if best is None:
            return None
        male, of_pairs = self._means.headline["male"], self._means.pairs["male"]
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = float(male[place] / male[best])
            draws = self._totals[:, place] / self._totals[:, best]
        low = high = nan
        if np.isfinite(draws).all():
            low, high = np.quantile(draws, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).tolist()
        own, of_rivals = of_pairs[:, place], of_pairs[:, rivals]
        in_hindsight = np.where(np.isnan(of_rivals), np.inf, of_rivals).min(axis=1)
        return Comparison(
            published=best,
            ratio=ratio,
            low=low,
            high=high,
            beats=_share_below(own, of_pairs[:, best]),
            beats_hindsight=_share_below(own, in_hindsight),
        )


def best_of(places: Sequence[int], means: SplitMeans) -> int | None:
    """Return the place of lowest headline MALE; `None` where none has one.

    Parameters
    ----------
    places : sequence of int
        Contenders to choose from; the first of equal ones is taken.
    means : SplitMeans
        Of one split.
    """
    male = means.headline["male"]
    known = [place for place in places if not isnan(male[place])]
    # Rounded: two ways to compute the same line are equal.
    return min(
        known, key=lambda place: (round(float(male[place]), 9), place), default=None
    )


def _share_below(own: Floats, other: Floats) -> float:
    """Return the share of pairs of lower error, of those that both answered."""
    both = ~np.isnan(own) & np.isfinite(other)
    if not both.any():
        return nan
    return float((own[both] < other[both] * (1 - _SAME)).mean())


def _resampled(means: SplitMeans, pairs: Sequence[MachinePair], seed: int) -> Floats:
    """Return headline MALE in every draw, shape (N_DRAWS, n_contenders).

    Within each file as many pairs of machines are drawn, with replacement, as it has,
    a pair in both directions and all phases at once; the draws are the same for all
    contenders, so that a ratio of two is paired. What differs between draws is which
    machines there are. Not covered are other files (all are kept in every draw, and
    there are few), other workloads and splits, that pairs with a machine in common are
    alike, and that the published best was chosen on the same data. With few pairs an
    interval so made is too narrow.
    """
    male = means.pairs["male"]
    totals = np.zeros((N_DRAWS, male.shape[1]))
    rng = np.random.default_rng(seed)
    for file in range(len(means.files)):
        own = np.flatnonzero(means.file_of_pair == file)
        _, unit = np.unique(
            [" ".join(sorted(pairs[p].machines)) for p in own.tolist()],
            return_inverse=True,
        )
        n_units = int(unit.max()) + 1
        sums = np.zeros((n_units, male.shape[1]))
        np.add.at(sums, unit, male[own])
        drawn = rng.multinomial(n_units, np.full(n_units, 1 / n_units), size=N_DRAWS)
        totals += _weighted_mean(drawn, sums, np.bincount(unit))
    return totals / len(means.files) if means.files else totals


def _weighted_mean(drawn: NDArray[np.int64], sums: Floats, sizes: Ints) -> Floats:
    return np.asarray((drawn @ sums) / (drawn @ sizes)[:, np.newaxis])
