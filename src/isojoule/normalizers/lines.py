"""Least squares through references, stated in joules."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Target energy as a linear function of source energy and features.

    Parameters
    ----------
    intercept_j : float
        Target energy at zero inputs [J].
    coefficients : tuple of float, length 1 + n_features
        Of the source energy [J/J], then of each feature [J per unit of the feature].
    """

    intercept_j: float
    coefficients: tuple[float, ...]

    def predict(self, inputs: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1 + p)."""
        slopes = np.array(self.coefficients)
        return np.asarray(self.intercept_j + inputs @ slopes, dtype=np.float64)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to trust the fit as a whole."""
        if self.coefficients[0] < 0:
            return ("the references contradict each other: more energy gives less",)
        return ()


def least_squares(
    inputs: NDArray[np.float64], target_energy_j: NDArray[np.float64]
) -> LinearFit:
    """Return the line of least squared error in joules, with an intercept.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then features.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].

    Notes
    -----
    Inputs are centered and scaled first, so that joules beside 1e15 FLOP are well
    conditioned; where inputs are collinear the smallest coefficients are taken.
    """
    center = inputs.mean(axis=0)
    scale = np.abs(inputs - center).max(axis=0)
    scale[scale == 0] = 1.0  # a constant input explains nothing
    mean_j = target_energy_j.mean()
    solution, *_ = np.linalg.lstsq(
        (inputs - center) / scale, target_energy_j - mean_j, rcond=None
    )
    coefficients = solution / scale
    return LinearFit(
        float(mean_j - center @ coefficients), tuple(coefficients.tolist())
    )
