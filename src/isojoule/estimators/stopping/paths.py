"""Scores to come, drawn from what is known of their curve."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from isojoule.estimators.stopping.curve import ScoreCurve
from isojoule.estimators.stopping.shapes import Vector

Bounds: TypeAlias = tuple[float | None, float | None]
"""Lowest and highest possible score; `None` where there is no such bound."""


def oriented(bounds: Bounds, mode: Literal["max", "min"]) -> Bounds:
    """Return the bounds of scores once they are better the higher.

    Parameters
    ----------
    bounds : tuple of float or None
        Of the scores as they are.
    mode : {"max", "min"}
        Whether these are better the higher or the lower.
    """
    if mode == "max":
        return bounds
    low, high = bounds
    return None if high is None else -high, None if low is None else -low


@dataclass(frozen=True, slots=True, eq=False)
class ScorePaths:
    """Draws of what the next epochs may bring, better the higher.

    Parameters
    ----------
    scores : ndarray of shape (n_draws, n_ahead)
        Score of each epoch to come, with its noise.
    limits : ndarray of shape (n_draws,)
        Where the score would settle after infinitely many.
    """

    scores: Vector
    limits: Vector

    def bests(self, best: float) -> Vector:
        """Return the best score so far after each epoch, shape (n_draws, n_ahead).

        Parameters
        ----------
        best : float
            The best by now.
        """
        return np.maximum.accumulate(np.maximum(self.scores, best), axis=1)


def draw_paths(
    curve: ScoreCurve,
    n_ahead: int,
    *,
    rng: np.random.Generator,
    n_draws: int = 2000,
    bounds: Bounds = (None, None),
) -> ScorePaths:
    """Return draws of the scores of the next epochs.

    Parameters
    ----------
    curve : ScoreCurve
        What is known.
    n_ahead : int
        Epochs to draw.
    rng : numpy.random.Generator
        Where the draws come from.
    n_draws : int, default 2000
        How many.
    bounds : tuple of float or None
        What no score can leave: draws whose curve does are not taken, unless all do.

    Notes
    -----
    Each draw takes a candidate by its weight, then start and rise, the drift that goes
    with them, its further steps, and the noise. So doubt about the shape, about its
    parameters and about the scores themselves are all in.
    """
    drawn = _Draws.take(curve, n_draws, rng)
    ahead = np.arange(curve.n_epochs + 1.0, curve.n_epochs + n_ahead + 1)
    fading = (curve.n_epochs / ahead) ** (drawn.fading[:, None] / 2.0)
    drift, settled = drawn.drift_ahead(fading, rng)
    levels = drawn.start[:, None] + drawn.rise[:, None] * drawn.rises(ahead) + drift
    limits = drawn.start + drawn.rise + settled
    noise = drawn.noise[:, None] * fading * rng.standard_normal(fading.shape)
    low, high = (
        (-np.inf if bounds[0] is None else bounds[0]),
        (np.inf if bounds[1] is None else bounds[1]),
    )
    limits = curve.unscaled(limits)
    ends = curve.unscaled(levels[:, -1])
    possible = (limits >= low) & (limits <= high) & (ends >= low) & (ends <= high)
    if not possible.any():
        possible = np.ones(n_draws, dtype=bool)
    scores = curve.unscaled(levels + noise)[possible]
    return ScorePaths(scores.clip(low, high), limits[possible].clip(low, high))


@dataclass(frozen=True, slots=True, eq=False)
class _Draws:
    """Candidates that were taken, one per draw, with their parameters."""

    curve: ScoreCurve
    shape: "np.ndarray[tuple[int], np.dtype[np.intp]]"
    start: Vector
    rise: Vector
    noise: Vector
    state: Vector
    step: Vector
    persistence: Vector
    fading: Vector

    @classmethod
    def take(
        cls, curve: ScoreCurve, n_draws: int, rng: np.random.Generator
    ) -> "_Draws":
        edges = np.cumsum(curve.weights)
        # Rounding may leave the last edge a little below 1.
        places = np.searchsorted(edges, rng.random(n_draws) * edges[-1], side="right")
        places = np.minimum(places, edges.size - 1)
        drift, shape, noise = np.unravel_index(places, curve.weights.shape)
        start, rise = _parameters(curve, (drift, shape, noise), rng)
        size = curve.noises[noise]
        drifts = curve.drifts
        mean = (
            np.stack([d.of_scores for d in drifts])[drift]
            - np.stack([d.of_start for d in drifts])[drift] * start[:, None]
            - np.stack([d.of_rise.T for d in drifts])[drift, shape] * rise[:, None]
        )
        spread = np.einsum(
            "dij,dj->di",
            np.stack([d.root for d in drifts])[drift],
            rng.standard_normal((n_draws, 2)),
        )
        ratio = np.array([d.residual.ratio for d in drifts])[drift]
        persistence = np.array([d.residual.persistence for d in drifts])[drift]
        fading = np.array([d.residual.fading for d in drifts])[drift]
        return cls(
            curve,
            shape,
            start,
            rise,
            size,
            mean + size[:, None] * spread,
            size * np.sqrt(ratio),
            persistence,
            fading,
        )

    def rises(self, epochs: Vector) -> Vector:
        """Return the share of the rise that is done, shape (n_draws, n_epochs)."""
        return self.curve.shapes.rise(epochs)[self.shape]

    def drift_ahead(
        self, fading: Vector, rng: np.random.Generator
    ) -> tuple[Vector, Vector]:
        """Return the drift of the epochs to come, and where it would go by itself."""
        level, slope = self.state[:, 0], self.state[:, 1]
        settled = level + slope * self.persistence / (1.0 - self.persistence)
        steps = self.step[:, None] * fading * rng.standard_normal(fading.shape)
        drift = np.empty_like(steps)
        for ahead in range(steps.shape[1]):
            slope = self.persistence * slope + steps[:, ahead]
            level = level + slope
            drift[:, ahead] = level
        return drift, settled


def _parameters(
    curve: ScoreCurve,
    at: "tuple[np.ndarray, np.ndarray, np.ndarray]",
    rng: np.random.Generator,
) -> tuple[Vector, Vector]:
    """Return a start and a rise for each candidate taken."""
    (start, rise) = (mean[at] for mean in curve.means)
    of_start, of_both, of_rise = (precision[at] for precision in curve.precisions)
    determinant = of_start * of_rise - of_both**2
    start_std = np.sqrt(of_rise / determinant)
    first, second = rng.standard_normal((2, len(start)))
    start = start + start_std * first
    rise = rise - of_both / determinant / start_std * first + second / np.sqrt(of_rise)
    return start, rise
