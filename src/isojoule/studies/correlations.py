"""Whether two quantities go together: Pearson and Spearman with their intervals."""

from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isojoule.studies.intervals import Interval, correlation_interval, require_scipy

Scale: TypeAlias = Literal["log-log", "raw"]

MIN_WORKLOADS: Final = 4
"""Fisher's standard error has n - 3 below the line."""

_MIN_DIFFERENT: Final = 3
_ROUNDING: Final = 1e-9
_DECADE: Final = 10.0


@dataclass(frozen=True, slots=True)
class Correlation:
    """How a quantity goes with energy over some workloads.

    Parameters
    ----------
    n : int
        Workloads that have both.
    pearson, spearman : Interval or None
        `None` where they cannot be told.
    scale : {"log-log", "raw"} or None
        What `pearson` is of: logarithms where an axis spans a factor of ten or more.
    pearson_log, pearson_raw : float or None
        Pearson with both axes in logarithms, and with none.
    reason : str
        Why there is no correlation.
    """

    n: int
    pearson: Interval | None = None
    spearman: Interval | None = None
    scale: Scale | None = None
    pearson_log: float | None = None
    pearson_raw: float | None = None
    reason: str = ""


def correlate(x: ArrayLike, energy_j: ArrayLike, *, level: float) -> Correlation:
    r"""Return how `x` goes with `energy_j`.

    Parameters
    ----------
    x : array_like of shape (n,)
        A quantity that is not negative; NaN where it is not known.
    energy_j : array_like of shape (n,)
        Positive energies [J].
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The error of :math:`\operatorname{artanh} r` is :math:`1 / \sqrt{n - 3}` for Pearson
    [1]_ and :math:`\sqrt{(1 + r^2 / 2) / (n - 3)}` for Spearman [2]_. Both hold for
    workloads that are drawn independently. For raw values that span decades Fisher's
    interval is far too narrow. So they are taken in logarithms; where a zero has none,
    there is no interval.

    References
    ----------
    .. [1] Fisher (1921), Metron 1, 3-32.
    .. [2] Bonett & Wright (2000), Psychometrika 65(1), doi:10.1007/BF02294183, eq. 6.
    """
    seen, energies_j = np.asarray(x, np.float64), np.asarray(energy_j, np.float64)
    known = np.isfinite(seen)
    seen, energies_j = seen[known], energies_j[known]
    n = len(seen)
    reason = _cannot_tell(seen, energies_j)
    if reason:
        return Correlation(n, reason=reason)
    raw = _pearson(seen, energies_j)
    log = _pearson(np.log(seen), np.log(energies_j)) if seen.all() else None
    spans = max(_span_of(seen), _span_of(energies_j)) >= _DECADE
    scale: Scale = "raw" if log is None or not spans else "log-log"
    pearson = correlation_interval(
        raw if log is None or scale == "raw" else log,
        error=1 / sqrt(n - 3),
        level=level,
    )
    if spans and log is None:
        pearson = Interval(raw, reason="spans decades, and a zero has no logarithm")
    rank = float(require_scipy().spearmanr(seen, energies_j).statistic)
    return Correlation(
        n,
        pearson=pearson,
        spearman=correlation_interval(
            rank, error=sqrt((1 + rank**2 / 2) / (n - 3)), level=level
        ),
        scale=scale,
        pearson_log=log,
        pearson_raw=raw,
    )


def _cannot_tell(x: NDArray[np.float64], energies_j: NDArray[np.float64]) -> str:
    """Return why the two cannot be correlated; empty where they can."""
    if not len(x):
        return "not known for any workload"
    if len(x) < MIN_WORKLOADS:
        return f"known for {len(x)} workloads, needs {MIN_WORKLOADS}"
    for name, values in (("it", x), ("the energy", energies_j)):
        ordered = np.sort(values)
        n_different = 1 + np.count_nonzero(np.diff(ordered) > _ROUNDING * ordered[1:])
        if n_different < _MIN_DIFFERENT:
            values_seen = "value" if n_different == 1 else "different values"
            return f"{name} has {n_different} {values_seen}, needs {_MIN_DIFFERENT}"
    return ""


def _span_of(values: NDArray[np.float64]) -> float:
    """Return the largest over the smallest value that is not zero."""
    positive = values[values > 0]
    return float(positive.max() / positive.min())


def _pearson(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    # Scaled so that squares of counts do not overflow; rounding may leave [-1, 1].
    a, b = (values - values.mean() for values in (x, y))
    a, b = a / np.abs(a).max(), b / np.abs(b).max()
    return float(np.clip(a @ b / sqrt(float(a @ a) * float(b @ b)), -1, 1))
