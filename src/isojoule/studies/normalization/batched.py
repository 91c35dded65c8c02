"""Many small fits at once: one row each, no loop over fits.

Inputs have the shape (n_fits, p, n), so that what is summed lies side by side. Every
fit has a row of weights: how often each workload is a reference, 0 or 1 in a study,
counts in a bootstrap. No row depends on another one, to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.normalizers.pairs import Floats

_BLOCK: Final = 2**16  # numbers worked on at a time: more would not stay in the cache
_CLOSE_TO_COLLINEAR: Final = 1e-8


@dataclass(frozen=True, slots=True)
class Planes:
    """Linear functions of p inputs, one per fit.

    Parameters
    ----------
    center, scale : ndarray of shape (n_fits, p)
        Of the inputs: a function is one of ``(inputs - center) / scale``.
    mean : ndarray of shape (n_fits,)
        Value at the center.
    slopes : ndarray of shape (n_fits, p)
        By the centered and scaled inputs.
    """

    center: Floats
    scale: Floats
    mean: Floats
    slopes: Floats

    def at(self, inputs: Floats) -> Floats:
        """Return the values, shape (n_fits, n), at inputs (n_fits, p, n)."""
        scaled = inputs - self.center[:, :, np.newaxis]
        scaled *= (self.slopes / self.scale)[:, :, np.newaxis]
        return np.asarray(self.mean[:, np.newaxis] + scaled.sum(axis=1))

    @property
    def coefficients(self) -> Floats:
        """Slopes by the inputs as they are, shape (n_fits, p)."""
        return self.slopes / self.scale

    @property
    def intercept(self) -> Floats:
        """Values where all inputs are zero, shape (n_fits,)."""
        return np.asarray(self.mean - (self.center * self.coefficients).sum(axis=1))


def least_squares(inputs: Floats, values: Floats, weights: Floats) -> Planes:
    """Return the planes of least squares, each with an intercept.

    Parameters
    ----------
    inputs : ndarray of shape (n_fits, p, n)
        In any units.
    values : ndarray of shape (n_fits, n)
        What is fitted.
    weights : ndarray of shape (n_fits, n)
        Of the squared errors; zero for what a fit must not see. Some are positive.

    Notes
    -----
    Inputs are centered and scaled to at most 1, then solved by QR. Fits whose inputs
    are collinear, or nearly so, are solved by singular values instead, where the
    smallest slopes are taken.
    """
    size = inputs.shape[1] * inputs.shape[2]
    return Planes(*_in_blocks(_plane, size, inputs, values, weights))


def _plane(inputs: Floats, values: Floats, weights: Floats) -> tuple[Floats, ...]:
    n_inputs = inputs.shape[1]
    system = np.concatenate((inputs, values[:, np.newaxis]), axis=1)
    shares = weights / weights.sum(axis=1, keepdims=True)
    center = np.einsum("fpn,fn->fp", system, shares)
    system -= center[:, :, np.newaxis]
    system *= (weights > 0)[:, np.newaxis]
    scale = np.maximum(system.max(axis=2), -system.min(axis=2))[:, :n_inputs]
    scale[scale == 0] = 1.0  # a constant input explains nothing
    system[:, :n_inputs] /= scale[:, :, np.newaxis]
    system *= np.sqrt(weights)[:, np.newaxis]
    return center[:, :n_inputs], scale, center[:, n_inputs], _slopes(system)


def _slopes(system: Floats) -> Floats:
    """Return the solutions, shape (n_fits, p), of systems (n_fits, p + 1, n).

    The last row of a system is what the others explain: the triangle of QR then holds
    both the matrix and the right side, and Q is never formed.
    """
    n_inputs = system.shape[1] - 1
    triangle = np.asarray(np.linalg.qr(system.transpose(0, 2, 1), mode="r"))
    triangle = triangle[:, :n_inputs]
    matrix, right_side = triangle[:, :, :n_inputs], triangle[:, :, n_inputs:]
    diagonal = np.abs(np.diagonal(matrix, axis1=1, axis2=2))
    is_close = diagonal.min(axis=1) <= _CLOSE_TO_COLLINEAR * diagonal.max(axis=1)
    matrix[is_close] = np.eye(n_inputs)
    slopes = np.linalg.solve(matrix, right_side)[:, :, 0]
    if is_close.any():
        slopes[is_close] = _smallest_slopes(system[is_close])
    return np.asarray(slopes)


def _smallest_slopes(system: Floats) -> Floats:
    """Return the solutions of least norm; singular values are cut as by NumPy."""
    u, sizes, v = np.linalg.svd(system[:, :-1].transpose(0, 2, 1), full_matrices=False)
    smallest = np.finfo(float).eps * max(system.shape[1:]) * sizes[:, :1]
    is_zero = sizes <= smallest
    along = (u * system[:, -1, :, np.newaxis]).sum(axis=1)
    along = np.where(is_zero, 0.0, along / np.where(is_zero, 1.0, sizes))
    return np.asarray((v * along[:, :, np.newaxis]).sum(axis=1))


def median_slopes(inputs: Floats, values: Floats, weights: Floats) -> Planes:
    """Return the Theil-Sen lines: median slope, through the medians of both axes.

    Parameters
    ----------
    inputs, values : ndarray of shape (n_fits, n)
        Abscissae and ordinates.
    weights : ndarray of shape (n_fits, n)
        Zero for what a fit must not see, positive for all else.
    """
    n = inputs.shape[1]
    center, mean, slope = _in_blocks(
        _median_line, n * (n - 1) // 2, inputs, values, weights
    )
    scale = np.ones((len(slope), 1))
    return Planes(center[:, np.newaxis], scale, mean, slope[:, np.newaxis])


def _median_line(inputs: Floats, values: Floats, weights: Floats) -> tuple[Floats, ...]:
    first, second = np.triu_indices(inputs.shape[1], 1)
    x, y = (np.where(weights > 0, v, np.nan) for v in (inputs, values))
    run = x[:, second] - x[:, first]
    rise = y[:, second] - y[:, first]
    slopes = np.where(run == 0, np.nan, rise / np.where(run == 0, 1.0, run))
    return median_of_known(x), median_of_known(y), median_of_known(slopes)


def median_of_known(values: Floats) -> Floats:
    """Return the median of each row without its NaN; NaN where nothing is known."""
    ordered = np.sort(values, axis=1)  # NaN are sorted to the end
    n_known = (~np.isnan(values)).sum(axis=1)
    rows = np.arange(len(values))
    lower = ordered[rows, np.maximum(n_known - 1, 0) // 2]
    upper = ordered[rows, np.minimum(n_known // 2, values.shape[1] - 1)]
    middle = np.where(lower == upper, lower, (lower + upper) / 2)
    return np.where(n_known > 0, middle, np.nan)


def _in_blocks(
    fit: Callable[..., tuple[Floats, ...]], n_numbers: int, *arrays: Floats
) -> list[Floats]:
    """Return what `fit` returns for all rows, worked on a block of rows at a time.

    Parameters
    ----------
    fit : callable
        From arrays to arrays, row by row.
    n_numbers : int
        That one row needs.
    *arrays : ndarray of shape (n_fits, ...)
        Its arguments.
    """
    n_rows = max(1, _BLOCK // max(n_numbers, 1))
    parts = [
        fit(*(array[start : start + n_rows] for array in arrays))
        for start in range(0, len(arrays[0]), n_rows)
    ]
    return [np.concatenate(blocks) for blocks in zip(*parts, strict=True)]
