"""Values with an interval, and why there is none. Needs the `study` extra."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import atanh, sqrt, tanh
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike

from isojoule.errors import MissingExtraError

MIN_GROUPS: Final = 3
"""With fewer groups the spread between them is not known well enough to be of use."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and its bounds.

    Parameters
    ----------
    value : float
        The estimate.
    low, high : float or None
        Bounds; `None` where they are not known.
    reason : str, default ""
        Why there are no bounds.
    """

    value: float
    low: float | None = None
    high: float | None = None
    reason: str = ""

    def mapped(self, to: Callable[[float], float]) -> Self:
        """Return the interval of a function of the value that never falls."""
        return replace(
            self,
            value=to(self.value),
            low=None if self.low is None else to(self.low),
            high=None if self.high is None else to(self.high),
        )


def require_scipy() -> Any:  # noqa: ANN401 - scipy has no types
    """Return `scipy.stats`.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtraError("study", "a study") from error
    return stats


def student_quantile(level: float, n_free: int) -> float:
    """Return the half-width of a two-sided Student interval in standard errors.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).
    n_free : int
        Degrees of freedom.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    return float(require_scipy().t.ppf((1 + level) / 2, n_free))


def mean_interval(
    values: ArrayLike, *, level: float, groups: Sequence[str] | None = None
) -> Interval:
    r"""Return the mean of `values` with an interval for further groups.

    Parameters
    ----------
    values : array_like of shape (n,)
        One per workload.
    level : float
        Coverage, in (0, 1).
    groups : sequence of str, length n, or None
        Values of one group go together; each is its own group where `None`.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    ValueError
        If there are no values.

    Notes
    -----
    With :math:`g_j = \sum_{i \in j} (v_i - \bar v)` over the :math:`k` groups, the
    standard error is :math:`\sqrt{k / (k - 1) \sum_j g_j^2} / n` [1]_ and the interval
    is Student's with :math:`k - 1` degrees of freedom. Where each value is its own
    group this is the usual interval of a mean. A bootstrap of so few groups would be
    too narrow: it cannot leave the range of the groups.

    References
    ----------
    .. [1] Liang & Zeger (1986), Biometrika 73(1), doi:10.1093/biomet/73.1.13.
    """
    seen = np.asarray(values, dtype=np.float64)
    if not seen.size:
        raise ValueError("the mean of no values is not known")
    mean = float(seen.mean())
    place = np.arange(seen.size)
    if groups is not None:
        _, place = np.unique(list(groups), return_inverse=True)
    n_groups = int(place.max()) + 1
    if n_groups < MIN_GROUPS:
        what = "values" if groups is None else "families"
        reason = f"{n_groups} {what}: an interval needs {MIN_GROUPS}"
        return Interval(mean, reason=reason)
    sums = np.bincount(place, weights=seen - mean)
    error = sqrt(n_groups / (n_groups - 1) * float(sums @ sums)) / seen.size
    half = student_quantile(level, n_groups - 1) * error
    return Interval(mean, mean - half, mean + half)


def correlation_interval(r: float, *, error: float, level: float) -> Interval:
    r"""Return a correlation with the interval of Fisher's transformation.

    Parameters
    ----------
    r : float
        The correlation, in [-1, 1].
    error : float
        Standard error of :math:`\operatorname{artanh} r`.
    level : float
        Coverage, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    if abs(r) >= 1 - 1e-12:
        return Interval(r, reason="the agreement is complete: no interval is known")
    half = float(require_scipy().norm.ppf((1 + level) / 2)) * error
    return Interval(r, tanh(atanh(r) - half), tanh(atanh(r) + half))
