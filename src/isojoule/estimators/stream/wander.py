r"""How the level of the epochs wanders, and where its mean will lie in those to come.

An epoch takes :math:`x_t = \mu + w_t + \epsilon_t`: a level, a slow wander of host,
clocks and temperature that keeps :math:`e^{-1}` of itself over :math:`\tau` epochs, and
scatter of variance :math:`\sigma^2`; the wander has the variance :math:`q \sigma^2`.
Neither :math:`q` nor :math:`\tau` is known, so a grid of them is weighed by how well
each explains the epochs that were seen, starting from learned weights. The mean of the
epochs to come then follows for each by the best linear prediction with unknown level
[1]_, and its variance adds up over the grid. Where nothing wanders this is the mean of
all stable epochs; the more it wanders, the more the last ones count and the wider the
interval grows.

Constants marked *learned* come from half of the runs of del Rey et al. (2023) that have
raw samples: 152 runs of 5 of their 10 configurations, doi:10.5281/zenodo.7828518.

References
----------
.. [1] Goldberger (1962), "Best linear unbiased prediction in the generalized linear
   regression model", JASA 57(298), doi:10.1080/01621459.1962.10480665, eq. 3.12.
.. [2] Raftery, Madigan & Hoeting (1997), "Bayesian model averaging for linear
   regression models", JASA 92(437), doi:10.1080/01621459.1997.10473615.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from isojoule.estimators.stream.levels import PRIOR_FREEDOM, Floats

MEMORIES: Final = np.array([3.0, 10.0, 30.0, 100.0, 1000.0])
"""Epochs over which a wander keeps 1/e of itself."""

RATIOS: Final = np.array([0.0, 0.1, 0.3, 1.0, 3.0, 10.0])
"""Variance of the wander in units of that of the scatter."""

WEIGHTS: Final = np.outer(
    [0.10, 0.10, 0.20, 0.20, 0.40], [0.25, 0.10, 0.20, 0.20, 0.15, 0.10]
)
"""Belief beforehand in each memory and ratio. Learned: the shares that explain the
fine-tuning epochs of the runs best, rounded and drawn to equal shares."""

_RHO: Final = np.exp(-1 / MEMORIES)

_N_BATCHES: Final = 16
"""Means of batches that stand for the epochs; what bounds the work per epoch."""


@dataclass(frozen=True, slots=True)
class MeanToCome:
    """Where the mean of the epochs to come lies.

    Parameters
    ----------
    shift : float
        How far above the mean of those that were seen.
    scatter2, wander2 : float
        Variances from the scatter of single epochs, and from the wander.
    freedom : float
        Degrees of freedom of its interval.
    """

    shift: float
    scatter2: float
    wander2: float
    freedom: float


def mean_to_come(
    residuals: Floats, *, n_left: float, prior2: float, n_fitted: int = 1
) -> MeanToCome:
    r"""Return where the mean of the epochs to come lies.

    Parameters
    ----------
    residuals : ndarray of shape (m,)
        Successive epochs less their mean.
    n_left : float
        Epochs to come, above 0.
    prior2 : float
        Variance of the scatter that is assumed beforehand.
    n_fitted : int, default 1
        Levels that were taken off to get the residuals.

    Notes
    -----
    With the covariance :math:`V = q R + I / b` of the means :math:`z` of batches of
    :math:`b` epochs in units of :math:`\sigma^2`, :math:`c` their covariance with the
    mean to come and :math:`v` its variance, the shift is
    :math:`\hat\mu + c' V^{-1} (z - \hat\mu)` and its variance
    :math:`\sigma^2 (v - c' V^{-1} c + (1 - c' V^{-1} 1)^2 / 1' V^{-1} 1)`.
    """
    size = -(-len(residuals) // _N_BATCHES)
    n = len(residuals) // size
    grid = _grid(n, size)
    batches = residuals[len(residuals) - n * size :].reshape(n, size)
    means = batches.sum(axis=1) / size
    off = (batches - means[:, None]).ravel()
    z = means @ grid.vectors
    c = ((1 - _RHO**n_left) / (n_left * (1 - _RHO)))[:, None] * grid.next_one
    one_z, one_c = _summed(grid.one_precision, z, c)
    z_z, c_z, c_c = _summed(grid.precision, z * z, c * z, c * c)
    level = one_z / grid.one_one
    misfit = np.maximum(z_z - level * one_z, 0.0)
    freedom = PRIOR_FREEDOM + max(n * size - n_fitted, 0)
    squares = PRIOR_FREEDOM * prior2 + float(off @ off) + misfit
    squares = np.maximum(squares, np.finfo(np.float64).tiny)  # epochs of no energy
    log_weights = grid.log_weights - 0.5 * freedom * np.log(squares)
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    sigma2 = squares / freedom

    shifts = level + RATIOS * (c_z - level * one_c)
    unknown = (1 - RATIOS * one_c) ** 2 / grid.one_one
    own = RATIOS * _mean_variance(n_left)[:, None] + 1 / n_left
    variances = sigma2 * (own - RATIOS**2 * c_c + unknown)
    shift = float((weights * shifts).sum())
    whole = float((weights * (variances + (shifts - shift) ** 2)).sum())
    scatter = float((weights * sigma2).sum()) * (1 / n_left + 1 / (n * size))
    return MeanToCome(shift, min(scatter, whole), max(whole - scatter, 0.0), freedom)


@dataclass(frozen=True, slots=True)
class _Grid:
    """What does not depend on the epochs; arrays (memories, ratios, batches).

    Parameters
    ----------
    vectors : ndarray of shape (memories, batches, batches)
        Axes of the correlations of the means of the batches.
    precision, one_precision : ndarray
        Inverse variance along them, in units of the scatter, and times a row of ones.
    next_one : ndarray of shape (memories, batches)
        How the next epoch goes with the batches, along these axes.
    one_one : ndarray of shape (memories, ratios)
        Inverse variance of the level.
    log_weights : ndarray of shape (memories, ratios)
        Belief, with the part of the likelihood that does not depend on the epochs.
    """

    vectors: Floats
    precision: Floats
    one_precision: Floats
    next_one: Floats
    one_one: Floats
    log_weights: Floats


@cache
def _grid(n: int, size: int) -> _Grid:
    """Return what `n` means of `size` epochs have in common, whatever they are."""
    lag = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    steps = np.maximum(size * (lag - 1) + 1, 0)
    matrix = _RHO[:, None, None] ** steps * _share(size)[:, None, None] ** 2
    matrix[:, lag == 0] = _mean_variance(size)[:, None]
    values, vectors = np.linalg.eigh(matrix)
    spectrum = RATIOS[None, :, None] * np.maximum(values, 0.0)[:, None] + 1 / size
    one = vectors.sum(axis=1)[:, None]
    one_one = (one * one / spectrum).sum(axis=2)
    log_weights = np.log(WEIGHTS) - 0.5 * (
        np.log(spectrum).sum(axis=2) + np.log(one_one)
    )
    lags = size * np.arange(n - 1, -1, -1)
    next_one = (_RHO * _share(size))[:, None] * _RHO[:, None] ** lags
    return _Grid(
        vectors,
        1 / spectrum,
        one / spectrum,
        (next_one[:, None] @ vectors)[:, 0],
        one_one,
        log_weights,
    )


def _summed(weights: Floats, *columns: Floats) -> Iterator[Floats]:
    """Yield the weighed sums of columns over the batches, (memories, ratios) each."""
    n_memories, n_batches = columns[0].shape
    stacked = np.empty((n_memories, n_batches, len(columns)))
    for place, column in enumerate(columns):
        stacked[:, :, place] = column
    sums = weights @ stacked
    for place in range(len(columns)):
        yield sums[:, :, place]


def _share(size: int) -> Floats:
    """Return how much of the wander after `size` epochs is in their mean."""
    return np.asarray((1 - _RHO**size) / (size * (1 - _RHO)))


def _mean_variance(n: float) -> Floats:
    """Return the variance of a mean of `n` values of the wander, for each memory."""
    apart = 1 - _RHO
    shared = 2 * _RHO * (1 - _RHO**n) / (n * apart**2)
    return np.asarray(np.maximum((1 + _RHO) / apart - shared, 0.0) / n)
