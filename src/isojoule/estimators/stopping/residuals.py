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


def loadings(n_epochs: int, drift: Drift, fading: float) -> tuple[Vector, Vector]:
    """Return how the drift follows from its steps.

    Parameters
    ----------
    n_epochs : int
        Epochs since the curve began.
    drift : {"level", "trend"}
        What takes the steps.
    fading : float
        How they fade.

    Returns
    -------
    drift : ndarray of shape (n_epochs, n_epochs)
        Drift at each epoch per step; it is 0 at the first, which the curve begins with.
    state : ndarray of shape (2, n_epochs)
        Level and slope of the drift at the last epoch per step.
    """
    epochs = np.arange(n_epochs)
    ages = epochs[:, None] - epochs
    if drift == "level":
        steps = (ages >= 0).astype(float)
        slope = np.zeros(n_epochs)
    else:
        steps = np.where(
            ages >= 0, (1 - DAMPING ** (np.maximum(ages, 0) + 1)) / (1 - DAMPING), 0.0
        )
        slope = DAMPING ** ages[-1].astype(float)
    spread = np.sqrt(fade(n_epochs, fading))
    spread[0] = 0.0
    return steps * spread, np.stack([steps[-1], slope]) * spread
