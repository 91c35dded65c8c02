"""Whether two orders agree: Kendall and Spearman. Needs the `compare` extra."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from isojoule.errors import MissingExtraError

MIN_SYSTEMS: Final = 3
"""Two systems agree or disagree by chance alone."""


@dataclass(frozen=True, slots=True)
class Association:
    """How two quantities go together over some systems.

    Parameters
    ----------
    n : int
        Systems that have both.
    value : float or None
        In [-1, 1]; `None` where it cannot be told.
    p_value : float or None
        Of the hypothesis that the two are independent.
    reason : str, default ""
        Why there is no value.
    """

    n: int
    value: float | None = None
    p_value: float | None = None
    reason: str = ""


def kendall(x: ArrayLike, y: ArrayLike) -> Association:
    """Return Kendall's tau-b of two quantities.

    Parameters
    ----------
    x, y : array_like of shape (n_systems,)
        NaN where a system does not have one; it is left out.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    References
    ----------
    .. [1] Kendall (1945), Biometrika 33(3), doi:10.1093/biomet/33.3.239.
    """
    return _associate("kendalltau", x, y)


def spearman(x: ArrayLike, y: ArrayLike) -> Association:
    """Return Spearman's rank correlation of two quantities.

    Parameters
    ----------
    x, y : array_like of shape (n_systems,)
        NaN where a system does not have one; it is left out.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    return _associate("spearmanr", x, y)


def _associate(test: str, x: ArrayLike, y: ArrayLike) -> Association:
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    known = np.isfinite(first) & np.isfinite(second)
    first, second = first[known], second[known]
    n = len(first)
    reason = _cannot_tell(first, second)
    if reason:
        return Association(n, reason=reason)
    found = getattr(_scipy_stats(), test)(first, second)
    return Association(n, float(found.statistic), float(found.pvalue))


def _cannot_tell(x: NDArray[np.float64], y: NDArray[np.float64]) -> str:
    """Return why there is no coefficient; empty where there is one."""
    if len(x) < MIN_SYSTEMS:
        return f"known for {len(x)} systems, needs {MIN_SYSTEMS}"
    if (x == x[0]).all() or (y == y[0]).all():
        return "one of the two is the same for all systems"
    return ""


def _scipy_stats() -> Any:  # noqa: ANN401 - scipy has no types
    try:
        from scipy import stats
    except ImportError as error:
        raise MissingExtraError("compare", "a comparison") from error
    return stats
