"""Intervals and agreement. Arithmetic only."""

from collections.abc import Sequence
from math import ceil, inf, log

import numpy as np


def conformal_quantile(residuals: Sequence[float], level: float) -> float | None:
    r"""Return the half-width that covers a further residual with probability `level`.

    Parameters
    ----------
    residuals : sequence of float, length n
        Absolute residuals of predictions made without the case itself; infinite where
        a prediction failed.
    level : float
        Wanted coverage, in (0, 1).

    Returns
    -------
    float or None
        The :math:`\lceil (n + 1) \cdot level \rceil`-th smallest residual; `None` if n
        is too small for the level, infinite if too many predictions failed.

    Raises
    ------
    ValueError
        If the level is outside (0, 1).

    Notes
    -----
    Needs no distribution, only that the residuals and the new one are exchangeable.

    References
    ----------
    .. [1] Vovk, Gammerman & Shafer (2005), Algorithmic Learning in a Random World;
       Lei et al. (2018), JASA 113(523), doi:10.1080/01621459.2017.1307116, eq. 7.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    rank = _conformal_rank(len(residuals), level)
    return sorted(residuals)[rank - 1] if rank <= len(residuals) else None


def highest_conformal_level(n_residuals: int) -> float:
    """Return the highest coverage that `n_residuals` residuals can support, n/(n+1)."""
    return n_residuals / (n_residuals + 1)


def _conformal_rank(n_residuals: int, level: float) -> int:
    # 0.9 * 10 is 9.000000000000002 for some levels: a rank must not grow by rounding.
    return ceil((n_residuals + 1) * level - 1e-9)


def log_ratio(predicted: float, true: float) -> float:
    """Return ln(predicted / true); infinite where the prediction is not positive."""
    return log(predicted / true) if predicted > 0 else inf


def student_half_width(level: float, freedom: float) -> float:
    r"""Return what a two-sided Student interval reaches, in scales.

    Parameters
    ----------
    level : float
        Coverage, in (0, 1).
    freedom : float
        Degrees of freedom, at least 1, not necessarily whole.

    Raises
    ------
    ValueError
        If the level is outside (0, 1) or the degrees of freedom are below 1.

    Notes
    -----
    With :math:`t = \sqrt\nu \tan\theta` the density is :math:`\cos^{\nu-1}\theta`,
    whose integral is summed up; within 1e-5 of the quantile from 2 to 1000 degrees of
    freedom and up to a level of 0.999.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    if freedom < 1:
        raise ValueError(f"needs at least 1 degree of freedom, got {freedom}")
    angle = np.linspace(0.0, np.pi / 2, 20001)
    density = np.cos(angle) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum(density[1:] + density[:-1])])
    theta = np.interp(level, mass / mass[-1], angle)
    return float(np.sqrt(freedom) * np.tan(theta))
