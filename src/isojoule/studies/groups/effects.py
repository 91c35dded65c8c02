"""How large a difference is: medians, ratios and superiority, with intervals."""

from functools import cache
from math import comb, exp, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.studies.groups.ranks import Values
from isojoule.studies.intervals import Interval, require_scipy

_MOST_EXACT: Final = 2**62
_STEPS: Final = 60


def median_interval(values: Values, *, level: float) -> Interval:
    r"""Return the median with an interval between two of the values.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One per run, at least one.
    level : float
        Least coverage, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The r-th smallest and the r-th largest value, with the largest r for which a
    binomial count of n and 1/2 falls below r with a probability of at most
    :math:`(1 - level) / 2` [1]_. It takes 6 runs for a level of 0.95.

    References
    ----------
    .. [1] Thompson (1936), Annals of Mathematical Statistics 7(3),
       doi:10.1214/aoms/1177732502.
    """
    ordered = np.sort(values)
    n, middle = len(ordered), float(np.median(ordered))
    below = require_scipy().binom.cdf(np.arange(n), n, 0.5)
    rank = int(np.count_nonzero(below[: n // 2] <= (1 - level) / 2))
    if rank < 1:
        runs = "1 run is" if n == 1 else f"{n} runs are"
        return Interval(middle, reason=f"{runs} too few for {level:.0%}")
    return Interval(middle, float(ordered[rank - 1]), float(ordered[n - rank]))


def shift_interval(first: Values, second: Values, *, level: float) -> Interval:
    r"""Return by how much the values of the second typically exceed those of the first.

    Parameters
    ----------
    first, second : ndarray of shape (n,) and (m,)
        One per run.
    level : float
        Coverage, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The median of all differences :math:`y_j - x_i`, the estimate of Hodges and Lehmann
    [1]_. The interval is that of Moses: between the differences whose ranks the
    distribution of Mann and Whitney's U leaves, exact for small groups. It covers where
    the distributions differ by a shift.

    References
    ----------
    .. [1] Hodges & Lehmann (1963), Annals of Mathematical Statistics 34(2),
       doi:10.1214/aoms/1177704172.
    """
    ordered = np.sort(np.subtract.outer(second, first), axis=None)
    n = len(ordered)
    middle = float(ordered[(n - 1) // 2] + ordered[n // 2]) / 2
    rank = _lowest_rank(len(first), len(second), level)
    if rank < 1:
        sizes = f"{len(first)} and {len(second)} runs"
        return Interval(middle, reason=f"{sizes} are too few for {level:.0%}")
    low, high = ordered[rank - 1], ordered[n - rank]
    return Interval(middle, float(low), float(high))


def ratio_interval(first: Values, second: Values, *, level: float) -> Interval:
    r"""Return how many times the values of the first those of the second typically are.

    Parameters
    ----------
    first, second : ndarray of shape (n,) and (m,)
        Positive.
    level : float
        Coverage, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    ValueError
        If a value is not positive.

    Notes
    -----
    `shift_interval` of the logarithms: the median of all ratios :math:`y_j / x_i`, with
    an interval that covers where the distributions of the logarithms differ by a shift.
    """
    if first.min() <= 0 or second.min() <= 0:
        raise ValueError("a ratio needs positive values")
    return shift_interval(np.log(first), np.log(second), level=level).mapped(exp)


@cache
def _lowest_rank(n: int, m: int, level: float) -> int:
    """Return the rank of the lower bound among all n m differences; 0 for none."""
    tail = (1 - level) / 2
    if comb(n + m, n) < _MOST_EXACT:
        below = np.cumsum(mann_whitney_counts(n, m)) / comb(n + m, n)
        return int(np.count_nonzero(below <= tail))
    deviation = sqrt(n * m * (n + m + 1) / 12)
    z = float(require_scipy().norm.ppf(1 - tail))
    return max(0, int(n * m / 2 - z * deviation))


def mann_whitney_counts(n: int, m: int) -> NDArray[np.int64]:
    r"""Return how many orders of n and m values give each U, from 0 to n m.

    Parameters
    ----------
    n, m : int
        Sizes, small enough for their orders to be counted in 62 bits.

    Notes
    -----
    The coefficients of :math:`\prod_{i=1}^{n} (1 - q^{m+i}) / (1 - q^i)` [1]_.

    References
    ----------
    .. [1] Mann & Whitney (1947), Annals of Mathematical Statistics 18(1),
       doi:10.1214/aoms/1177730491.
    """
    counts = np.zeros(n * m + 1, np.int64)
    counts[0] = 1
    for i in range(1, n + 1):
        if m + i <= n * m:
            counts[m + i :] -= counts[: n * m + 1 - m - i].copy()
        for start in range(i):
            counts[start::i] = np.cumsum(counts[start::i])
    return counts


def superiority_interval(first: Values, second: Values, *, level: float) -> Interval:
    r"""Return how probable it is that the second is larger, ties counted half.

    Parameters
    ----------
    first, second : ndarray of shape (n,) and (m,)
        One per run.
    level : float
        Coverage, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    :math:`\theta = U / (n m)`; Cliff's delta [1]_ is :math:`2 \theta - 1`. The bounds
    solve :math:`|\hat\theta - \theta| = z \sqrt{V(\theta)}` with :math:`V = \theta (1 -
    \theta) (1 + (N - 1) ((1 - \theta) / (2 - \theta) + \theta / (1 + \theta))) / (n m)`
    and :math:`N = (n + m) / 2`, the fifth method of [2]_: they stay within 0 and 1 and
    have a width where the groups do not overlap.

    References
    ----------
    .. [1] Cliff (1993), Psychological Bulletin 114(3), doi:10.1037/0033-2909.114.3.494.
    .. [2] Newcombe (2006), Statistics in Medicine 25(4), doi:10.1002/sim.2324.
    """
    n, m = len(first), len(second)
    ordered = np.sort(first)
    below = np.searchsorted(ordered, second, "left")
    up_to = np.searchsorted(ordered, second, "right")
    theta = float((below + up_to).sum()) / (2 * n * m)
    if min(n, m) < 2:
        return Interval(theta, reason=f"{n} and {m} runs are too few for {level:.0%}")
    z = float(require_scipy().norm.ppf((1 + level) / 2))
    return Interval(
        theta,
        _bound(theta, 0.0, z=z, n=n, m=m),
        _bound(theta, 1.0, z=z, n=n, m=m),
    )


def _bound(theta: float, end: float, *, z: float, n: int, m: int) -> float:
    """Return where the distance from `theta` is z errors, between it and `end`."""

    def is_within(t: float) -> bool:
        rest = (1 - t) / (2 - t) + t / (1 + t)
        variance = t * (1 - t) * (1 + ((n + m) / 2 - 1) * rest) / (n * m)
        return abs(theta - t) <= z * sqrt(variance)

    near, far = theta, end
    for _ in range(_STEPS):
        middle = (near + far) / 2
        near, far = (middle, far) if is_within(middle) else (near, middle)
    return (near + far) / 2
