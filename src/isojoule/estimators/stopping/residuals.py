"""How scores scatter around their curve: noise of each epoch, and drift that stays."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from isojoule.estimators.stopping.shapes import Vector

Drift: TypeAlias = Literal["level", "trend"]

DAMPING: Final = 0.9
"""Share of a trend that is left one epoch later."""


@dataclass(frozen=True, slots=True)
class Residual:
    r"""One way in which scores may leave their curve.

    Parameters
    ----------
    drift : {"level", "trend"}
        Whether the level or its slope takes random steps.
    ratio : float
        Variance of a step over that of the noise of an epoch.
    fading : float
        How noise and steps fade: both variances go as :math:`t^{-fading}`.
    """

    drift: Drift
    ratio: float
    fading: float

    @property
    def persistence(self) -> float:
        """Share of the slope that is left one epoch later."""
        return DAMPING if self.drift == "trend" else 0.0


_DRIFTS: Final[tuple[tuple[Drift, float], ...]] = (
    ("level", 0.0),
    ("level", 0.1),
    ("level", 1.0),
    ("trend", 0.1),
    ("trend", 1.0),
    ("trend", 10.0),
)

RESIDUALS: Final[tuple[Residual, ...]] = tuple(
    Residual(drift, ratio, fading) for fading in (0.0, 2.0) for drift, ratio in _DRIFTS
)
"""What a fit weighs. Chosen on trainings that benchmarks/stopping.py does not judge."""


def fade(n_epochs: int, fading: float) -> Vector:
    """Return the variance of each epoch over that of the last, shape (n_epochs,)."""
    epochs = np.arange(1.0, n_epochs + 1)
    return np.asarray((n_epochs / epochs) ** fading)


def drift_of(steps: Vector, residual: Residual) -> tuple[Vector, float]:
    """Return the drift that follows from its steps, and its slope at the end.

    Parameters
    ----------
    steps : ndarray of shape (n_epochs,)
        In units of those of the last epoch; the first does nothing, for the drift is
        0 where the curve begins.
    residual : Residual
        What takes them.

    Returns
    -------
    drift : ndarray of shape (n_epochs,)
        Level at each epoch.
    slope : float
        By how much the level of the last epoch rose; 0 where no slope is kept.
    """
    spread = step_stds(len(steps), residual.fading)
    slopes = np.array(steps * spread)
    if residual.persistence:
        for epoch in range(1, len(slopes)):
            slopes[epoch] += residual.persistence * slopes[epoch - 1]
    return np.cumsum(slopes), float(slopes[-1]) if residual.persistence else 0.0


def loadings(gather: Vector, residual: Residual) -> tuple[Vector, Vector]:
    """Return how rows made from the drift follow from its steps.

    Parameters
    ----------
    gather : ndarray of shape (n_rows, n_epochs)
        What makes a row from epochs.
    residual : Residual
        What takes the steps.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_epochs)
        Each row per step.
    state : ndarray of shape (2, n_epochs)
        Level and slope of the drift at the last epoch per step.
    """
    n_epochs = gather.shape[1]
    # A step moves its own and all later epochs: sums from the end, not a matrix.
    later = np.ascontiguousarray(np.cumsum(gather.T[::-1], axis=0)[::-1])
    ages = np.arange(n_epochs - 1, -1, -1.0)
    state = np.stack([np.ones(n_epochs), np.zeros(n_epochs)])
    kept = residual.persistence
    if kept:
        for epoch in range(n_epochs - 2, -1, -1):
            later[epoch] += kept * later[epoch + 1]
        state = np.stack([(1 - kept ** (ages + 1)) / (1 - kept), kept**ages])
    spread = step_stds(n_epochs, residual.fading)
    return later.T * spread, state * spread


def step_stds(n_epochs: int, fading: float) -> Vector:
    """Return the size of the step of each epoch over that of the last."""
    spread = np.sqrt(fade(n_epochs, fading))
    spread[0] = 0.0
    return np.asarray(spread)
