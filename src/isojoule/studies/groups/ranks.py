"""Tests of groups: normality, spread, Kruskal-Wallis, Dunn. Needs the `study` extra."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import MissingExtraError
from isojoule.studies.intervals import require_scipy

Values: TypeAlias = NDArray[np.float64]

Correction: TypeAlias = Literal["holm", "bonferroni", "fdr_bh", "none"]

CORRECTIONS: Final[tuple[Correction, ...]] = get_args(Correction)

MIN_RUNS: Final = 3
"""Shapiro-Wilk is defined from three values on; ranks of fewer tell nothing."""

FEW_RUNS: Final = 5
"""In smaller groups the large-sample distributions of H and z are rough."""

_LISTED: Final = 4
_MOST_ORDERS: Final = 20_000
_N_DRAWN: Final = 9999

_MAX_SHAPIRO: Final = 5000
"""The approximation of its p value was fitted up to here (Royston 1995)."""

Band: TypeAlias = Literal["negligible", "small", "moderate", "large"]

BANDS: Final[tuple[tuple[float, Band], ...]] = (
    (0.01, "negligible"),
    (0.06, "small"),
    (0.14, "moderate"),
)
"""Upper ends of the bands of eta squared, after Cohen (1988), Statistical Power
Analysis for the Behavioral Sciences, 2nd edition, p. 283; above the last is large."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A test statistic with its p value.

    Parameters
    ----------
    statistic, p : float or None
        `None` where there was nothing to test.
    reason : str
        Why.
    method : str
        Where p is from, where there is a choice: ``chi-square``, ``exact`` or
        ``permutations``.
    """

    statistic: float | None = None
    p: float | None = None
    reason: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True)
class RankPair:
    """Dunn's test of two groups.

    Parameters
    ----------
    first, second : int
        Places of the groups.
    z : float
        Difference of their mean ranks in standard errors; positive where the second
        has the larger values.
    p, p_adjusted : float
        Two-sided, and after the correction for all pairs of the groups.
    """

    first: int
    second: int
    z: float
    p: float
    p_adjusted: float


def normality(values: Values) -> Outcome:
    """Return the test of Shapiro and Wilk of one group.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One per run.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    References
    ----------
    .. [1] Shapiro & Wilk (1965), Biometrika 52(3-4), doi:10.1093/biomet/52.3-4.591;
       Royston (1995), Applied Statistics 44(4), doi:10.2307/2986146.
    """
    if len(values) < MIN_RUNS:
        return Outcome(reason=f"{_runs(len(values))}, needs {MIN_RUNS}")
    if np.ptp(values) == 0:
        return Outcome(reason="all values are the same")
    if len(values) > _MAX_SHAPIRO:
        return Outcome(reason=f"more than {_MAX_SHAPIRO} runs: p is not accurate")
    # Shifted and scaled, since the test loses precision for a small spread.
    found = require_scipy().shapiro((values - values.mean()) / values.std())
    return Outcome(float(found.statistic), float(found.pvalue))


def spread(groups: Sequence[Values]) -> Outcome:
    """Return the test of Levene around the medians, of Brown and Forsythe.

    Parameters
    ----------
    groups : sequence of ndarray
        The values of each group.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    References
    ----------
    .. [1] Brown & Forsythe (1974), JASA 69(346), doi:10.1080/01621459.1974.10482955.
    """
    usable = [g for g in groups if len(g) >= MIN_RUNS]
    if len(usable) < 2:
        return Outcome(reason=_too_few(groups))
    away = [np.abs(g - np.median(g)) for g in usable]
    if all(np.ptp(a) == 0 for a in away):
        return Outcome(reason="no group has a spread that could be compared")
    found = require_scipy().levene(*usable, center="median")
    return Outcome(float(found.statistic), float(found.pvalue))


def kruskal_wallis(groups: Sequence[Values]) -> Outcome:
    """Return the H of Kruskal and Wallis, corrected for ties, with its p value.

    Parameters
    ----------
    groups : sequence of ndarray
        The values of each group; those of fewer than `MIN_RUNS` are left out.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    p is that of a chi-square distribution of k - 1 degrees of freedom. Where a group
    has fewer than `FEW_RUNS` this is too small (0.0495 instead of 0.1 for two groups of
    three that do not overlap): there p is the share of all orders of the ranks, or of
    9999 drawn ones with a fixed seed, that give at least this H.

    References
    ----------
    .. [1] Kruskal & Wallis (1952), JASA 47(260), doi:10.1080/01621459.1952.10483441.
    """
    usable = [g for g in groups if len(g) >= MIN_RUNS]
    if len(usable) < 2:
        return Outcome(reason=_too_few(groups))
    if np.ptp(np.concatenate(usable)) == 0:
        return Outcome(reason="all values of all groups are the same")
    found = require_scipy().kruskal(*usable)
    p, method = float(found.pvalue), "chi-square"
    if min(map(len, usable)) < FEW_RUNS:
        p, method = _permutation_p(usable)
    return Outcome(float(found.statistic), p, method=method)


def _permutation_p(groups: Sequence[Values]) -> tuple[float, str]:
    """Return the share of orders with at least this H, and which orders."""
    ranks = np.asarray(require_scipy().rankdata(np.concatenate(groups)))
    sizes = [len(g) for g in groups]
    n_orders, left = 1, len(ranks)
    for size in sizes:
        n_orders *= comb(left, size)
        left -= size
    if n_orders <= _MOST_ORDERS:
        orders = np.array(list(_orders(range(len(ranks)), sizes)))
        scores = _rank_scores(ranks[orders], sizes)
        method, n_more, n_all = "exact", 0, n_orders
    else:
        drawn = np.tile(ranks, (_N_DRAWN, 1))
        scores = _rank_scores(np.random.default_rng(0).permuted(drawn, axis=1), sizes)
        method, n_more, n_all = "permutations", 1, _N_DRAWN + 1
    own = float(_rank_scores(ranks[None, :], sizes)[0])
    n_least = int(np.count_nonzero(scores >= own * (1 - 1e-12))) + n_more
    return n_least / n_all, method


def _rank_scores(ranks: Values, sizes: Sequence[int]) -> Values:
    """Return what grows with H, for each row of ranks laid out group after group."""
    starts = np.cumsum([0, *sizes[:-1]])
    sums = np.add.reduceat(ranks, starts, axis=1)
    return np.asarray((sums**2 / np.array(sizes)).sum(axis=1))


def _orders(places: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Yield the places dealt out to the groups in all ways."""
    if len(sizes) == 1:
        yield list(places)
        return
    for chosen in combinations(places, sizes[0]):
        rest = [place for place in places if place not in chosen]
        for others in _orders(rest, sizes[1:]):
            yield [*chosen, *others]


def eta_squared(h: float, *, n_groups: int, n: int) -> float:
    r"""Return the share of the variance of the ranks that lies between the groups.

    Parameters
    ----------
    h : float
        Of Kruskal and Wallis.
    n_groups, n : int
        Groups and runs; more runs than groups.

    Returns
    -------
    float
        Below zero where the groups differ less than chance makes them.

    Notes
    -----
    :math:`\eta^2_H = (H - k + 1) / (n - k)` [1]_. The bands are those of Cohen for the
    eta squared of an analysis of variance: 0.01 small, 0.06 moderate, 0.14 large. Many
    runs in k groups of one size that do not overlap reach :math:`1 - 1 / k^2`, not 1.

    References
    ----------
    .. [1] Tomczak & Tomczak (2014), "The need to report effect size estimates
       revisited", Trends in Sport Sciences 1(21), 19-25.
    """
    return (h - n_groups + 1) / (n - n_groups)


def band_of(eta2: float) -> Band:
    """Return the word for an eta squared."""
    return next((word for end, word in BANDS if eta2 < end), "large")


def dunn(groups: Sequence[Values], *, correction: Correction) -> tuple[RankPair, ...]:
    r"""Return Dunn's test of each two groups, ranked among all of them.

    Parameters
    ----------
    groups : sequence of ndarray
        The values of each group; those of fewer than `MIN_RUNS` are left out.
    correction : {"holm", "bonferroni", "fdr_bh", "none"}
        For the number of pairs.

    Returns
    -------
    tuple of RankPair
        Empty where there is nothing to test.

    Raises
    ------
    MissingExtraError
        If scikit-posthocs is not installed.

    Notes
    -----
    :math:`z = (\bar R_b - \bar R_a) / \sqrt{(N (N + 1) / 12 - \sum (t^3 - t) / (12 (N -
    1))) (1 / n_a + 1 / n_b)}` with :math:`t` the sizes of the ties [1]_; its p values
    are those of scikit-posthocs.

    References
    ----------
    .. [1] Dunn (1964), Technometrics 6(3), doi:10.1080/00401706.1964.10490181.
    """
    places = [i for i, g in enumerate(groups) if len(g) >= MIN_RUNS]
    usable = [groups[i] for i in places]
    if len(usable) < 2 or np.ptp(np.concatenate(usable)) == 0:
        return ()
    raw = _require_posthoc()([g.tolist() for g in usable]).to_numpy()
    z = _dunn_z(usable)
    couples = list(combinations(range(len(usable)), 2))
    adjusted = adjust([float(raw[a, b]) for a, b in couples], correction)
    return tuple(
        RankPair(places[a], places[b], float(z[a, b]), float(raw[a, b]), corrected)
        for (a, b), corrected in zip(couples, adjusted, strict=True)
    )


def _require_posthoc() -> Callable[..., Any]:
    """Return Dunn's test.

    Raises
    ------
    MissingExtraError
        If scikit-posthocs is not installed.
    """
    try:
        from scikit_posthocs import posthoc_dunn
    except ImportError as error:
        raise MissingExtraError("study", "Dunn's test") from error
    return posthoc_dunn  # type: ignore[no-any-return]


def _dunn_z(groups: Sequence[Values]) -> Values:
    """Return the difference of the mean ranks of each two groups in standard errors."""
    ranks = require_scipy().rankdata(np.concatenate(groups))
    n = len(ranks)
    sizes = np.array([len(g) for g in groups])
    means = np.array([r.mean() for r in np.split(ranks, np.cumsum(sizes)[:-1])])
    _, ties = np.unique(ranks, return_counts=True)
    variance = n * (n + 1) / 12 - float((ties**3 - ties).sum()) / (12 * (n - 1))
    errors = np.sqrt(variance * (1 / sizes[:, None] + 1 / sizes[None, :]))
    return np.asarray((means[None, :] - means[:, None]) / errors)


def adjust(p_values: Sequence[float], correction: Correction) -> list[float]:
    """Return p values corrected for their number.

    Parameters
    ----------
    p_values : sequence of float
        Of all tests of one study.
    correction : {"holm", "bonferroni", "fdr_bh", "none"}
        Holm and Bonferroni keep the chance of one false finding among all, ``fdr_bh``
        the share of false findings.

    References
    ----------
    .. [1] Holm (1979), Scandinavian Journal of Statistics 6(2), 65-70.
    .. [2] Benjamini & Hochberg (1995), JRSS B 57(1),
       doi:10.1111/j.2517-6161.1995.tb02031.x.
    """
    p = np.asarray(p_values, np.float64)
    n = len(p)
    if not n or correction == "none":
        return [float(value) for value in p]
    order = np.argsort(p)
    rank = np.arange(1, n + 1)
    adjusted = np.empty(n)
    if correction == "bonferroni":
        return [min(float(value) * n, 1.0) for value in p]
    if correction == "holm":
        steps = np.maximum.accumulate(p[order] * (n - rank + 1))
    else:
        steps = np.minimum.accumulate((p[order] * n / rank)[::-1])[::-1]
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def _runs(n: int) -> str:
    return f"{n} run" if n == 1 else f"{n} runs"


def _too_few(groups: Sequence[Values]) -> str:
    sizes = [len(g) for g in groups]
    told = " and ".join(map(str, sizes))
    if len(sizes) > _LISTED:
        told = f"{min(sizes)} to {max(sizes)}"
    return f"groups of {told} runs, where a test needs two of {MIN_RUNS} or more"
