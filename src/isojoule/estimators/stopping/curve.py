"""The curve of a score over epochs, fitted with its uncertainty. Arithmetic only."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.estimators.stopping.residuals import (
    RESIDUALS,
    Residual,
    drift_of,
    fade,
    loadings,
)
from isojoule.estimators.stopping.shapes import Shapes, Vector, shapes_for

MIN_SCORES: Final = 5
"""Scores below which nothing is said about those to come."""

_NOISES: Final = np.geomspace(0.001, 1.0, 18)
_START_STD: Final = 1.0
_RISE_MEAN: Final = 1.0
_RISE_STD: Final = 1.5
_N_ROWS: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class CurveModel:
    """What a fit weighs against each other.

    Parameters
    ----------
    shapes : Shapes or None
        How the curve may rise; `shapes_for` the epochs so far where `None`.
    residuals : tuple of Residual
        How scores may leave it.
    noises : ndarray of shape (n_noises,)
        Standard deviation of the noise of the last epoch, as a share of the range of
        the scores.
    """

    shapes: Shapes | None = None
    residuals: tuple[Residual, ...] = RESIDUALS
    noises: Vector = field(default_factory=_NOISES.copy)


DEFAULT_MODEL: Final = CurveModel()
"""Chosen on trainings that benchmarks/stopping.py does not judge."""


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """What the scores say of the drift at the last epoch, given start and rise.

    Parameters
    ----------
    residual : Residual
        What drifts.
    of_scores, of_start : ndarray of shape (2,)
        Level and slope: for the scores, and taken off per unit of the start.
    of_rise : ndarray of shape (2, n_shapes)
        Taken off per unit of the rise.
    root : ndarray of shape (2, 2)
        Cholesky factor of their covariance, per variance of the noise.
    """

    residual: Residual
    of_scores: Vector
    of_start: Vector
    of_rise: Vector
    root: Vector


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCurve:
    r"""What is known of a score curve: weights and moments of all its candidates.

    Made by `fit_curve`. Scores here are better the higher they are, and scaled: 0 is
    the first, 1 is the range of all of them.

    Parameters
    ----------
    n_epochs : int
        Epochs since the curve began, with or without a score.
    base, scale : float
        Score that is 0, and the range that is 1.
    rows : ndarray of shape (n_rows,)
        The scaled scores; early ones of a long training are averaged in blocks.
    gather : ndarray of shape (n_rows, n_epochs)
        Makes such rows from epochs.
    noises : ndarray of shape (n_noises,)
        Candidates for the noise.
    shapes : Shapes
        Candidates for the rise.
    drifts : tuple of Drift
        Candidates for what drifts.
    weights : ndarray of shape (n_drifts, n_shapes, n_noises)
        Probability of each candidate.
    means : ndarray of shape (2, n_drifts, n_shapes, n_noises)
        Mean of the start and the rise.
    precisions : ndarray of shape (3, n_drifts, n_shapes, n_noises)
        Inverse covariance of them: of the start, of both, of the rise.

    Notes
    -----
    A candidate says :math:`y_t = s + d f(t) + x_t + \varepsilon_t`: a start, a rise of
    a given shape :math:`f`, a drift and a noise of given size. Given these, start and
    rise are normal and their evidence is exact. So all candidates on a grid are solved
    at once, and no search can end in the wrong place. The priors are
    :math:`s \sim N(0, 1)` and :math:`d \sim N(1, 1.5^2)` in scaled scores, and equal
    weights for all candidates.
    """

    n_epochs: int
    base: float
    scale: float
    rows: Vector
    gather: Vector
    noises: Vector
    shapes: Shapes
    drifts: tuple[Drift, ...]
    weights: Vector
    means: Vector
    precisions: Vector

    def unscaled(self, scaled: Vector) -> Vector:
        """Return scaled scores as they were before scaling."""
        return np.asarray(self.base + self.scale * scaled)

    def level(self) -> Vector:
        """Return the mean of the curve with its drift, shape (n_epochs,)."""
        rise = self.shapes.rise(np.arange(1.0, self.n_epochs + 1))
        starts = np.einsum("dsn,dsn->d", self.weights, self.means[0])
        rises = np.einsum("dsn,dsn->ds", self.weights, self.means[1])
        shares = self.weights.sum(axis=(1, 2))
        spreads = _spreads(self.gather, [d.residual for d in self.drifts])
        level = np.zeros(self.n_epochs)
        for drift, start, of_shapes, share in zip(
            self.drifts, starts, rises, shares, strict=True
        ):
            curve = start + of_shapes @ rise
            left = share * self.rows - self.gather @ curve
            residual = drift.residual
            spread = spreads[residual.drift, residual.fading]
            covariance = spread.covariance(residual.ratio)
            steps = spread.rows.T @ np.linalg.solve(covariance, left)
            level += curve + drift_of(residual.ratio * steps, residual)[0]
        return self.unscaled(level)

    def noise_std(self) -> float:
        """Return the noise of the last epoch, the mean of what it may be."""
        return self.scale * float(self.weights.sum(axis=(0, 1)) @ self.noises)


def fit_curve(
    values: Sequence[float],
    *,
    epochs: Sequence[int] | None = None,
    least_scale: float = 0.0,
    model: CurveModel = DEFAULT_MODEL,
) -> ScoreCurve:
    """Return the curve of scores that are better the higher they are.

    Parameters
    ----------
    values : sequence of float
        Scores in the order of training.
    epochs : sequence of int or None
        Epoch of each, counted from 1 where the curve begins; one after the other where
        `None`.
    least_scale : float, default 0
        Range that scores are taken to have at least, for those that hardly differ.
    model : CurveModel
        What to weigh.

    Raises
    ------
    InsufficientDataError
        If there are fewer than `MIN_SCORES` scores.
    ValueError
        If a score is not finite, or the epochs do not rise from 1 or later.
    """
    seen = np.asarray(values, dtype=float)
    at = np.arange(1, len(seen) + 1) if epochs is None else np.asarray(epochs)
    _require_usable(seen, at)
    base = float(seen[0])
    scale = max(float(np.ptp(seen)), least_scale) or 1.0
    gather = _gathering(at)
    placed = np.zeros(at[-1])
    placed[at - 1] = (seen - base) / scale
    shapes = model.shapes or shapes_for(int(at[-1]))
    rise = gather @ shapes.rise(np.arange(1.0, at[-1] + 1)).T
    rows = gather @ placed
    spreads = _spreads(gather, model.residuals)
    solved = [
        _solve(residual, spreads[residual.drift, residual.fading], rows, rise)
        for residual in model.residuals
    ]
    weights, means, precisions = _weigh(
        np.stack([grams for _, grams, _ in solved]),
        np.stack([constants for _, _, constants in solved]),
        model.noises,
        len(rows),
    )
    return ScoreCurve(
        n_epochs=int(at[-1]),
        base=base,
        scale=scale,
        rows=rows,
        gather=gather,
        noises=model.noises,
        shapes=shapes,
        drifts=tuple(drift for drift, _, _ in solved),
        weights=weights,
        means=means,
        precisions=precisions,
    )


def _require_usable(seen: Vector, at: NDArray[np.int_]) -> None:
    """Raise unless a curve can be fitted.

    Raises
    ------
    InsufficientDataError
        If there are too few scores.
    ValueError
        If a score is not finite or the epochs do not rise.
    """
    if len(seen) < MIN_SCORES:
        raise InsufficientDataError(
            f"a score curve needs {MIN_SCORES} epochs with a score, there are "
            f"{len(seen)}: train on"
        )
    for place, value in enumerate(seen):
        if not isfinite(value):
            raise ValueError(f"score {place + 1} is {value:g}, not a finite number")
    if len(at) != len(seen) or at[0] < 1 or np.any(np.diff(at) < 1):
        raise ValueError(
            f"{len(seen)} scores need as many epochs that rise from 1 or later, got "
            f"{at.tolist()}"
        )


def _gathering(at: NDArray[np.int_]) -> Vector:
    """Return what picks the epochs with scores, early ones of many as means of blocks.

    Thousands of epochs would make a fit slow, and say little more than their means do.
    """
    n_recent = _N_ROWS // 2
    singles = at[-n_recent:] if len(at) > _N_ROWS else at
    early = at[: len(at) - len(singles)]
    blocks = np.array_split(early, _N_ROWS - n_recent) if len(early) else []
    gather = np.zeros((len(blocks) + len(singles), at[-1]))
    for row, block in enumerate(blocks):
        gather[row, block - 1] = 1.0 / len(block)
    gather[np.arange(len(blocks), len(gather)), singles - 1] = 1.0
    return gather


@dataclass(frozen=True, slots=True, eq=False)
class _Spread:
    """How rows scatter, for residuals that differ in the size of the steps alone.

    Parameters
    ----------
    noise : ndarray of shape (n_rows,)
        Variance of the noise of each row, per that of the last epoch.
    rows : ndarray of shape (n_rows, n_epochs)
        Rows per step of the drift.
    state : ndarray of shape (2, n_epochs)
        Level and slope of the drift at the last epoch per step.
    among_rows : ndarray of shape (n_rows, n_rows)
        Covariance of the rows per variance of a step.
    """

    noise: Vector
    rows: Vector
    state: Vector
    among_rows: Vector

    @classmethod
    def of(cls, gather: Vector, residual: Residual) -> Self:
        noise = gather**2 @ fade(gather.shape[1], residual.fading)
        rows, state = loadings(gather, residual)
        return cls(noise, rows, state, rows @ rows.T)

    def covariance(self, ratio: float) -> Vector:
        return np.asarray(np.diag(self.noise) + ratio * self.among_rows)


def _spreads(
    gather: Vector, residuals: Sequence[Residual]
) -> dict[tuple[str, float], _Spread]:
    """Return what those residuals share that differ in the size of the steps alone."""
    kinds = {(r.drift, r.fading): r for r in residuals}
    return {kind: _Spread.of(gather, r) for kind, r in kinds.items()}


def _solve(
    residual: Residual, spread: _Spread, rows: Vector, rise: Vector
) -> tuple[Drift, Vector, Vector]:
    """Return what one residual says for all shapes, whatever the noise is.

    Returns
    -------
    drift : Drift
        The drift at the last epoch.
    grams : ndarray of shape (5, n_shapes)
        Products under the inverse covariance: start with start, rise and scores, rise
        with rise and scores.
    constants : ndarray of shape (2,)
        Scores with scores, and half the logarithm of the determinant.
    """
    with_rows = residual.ratio * (spread.state @ spread.rows.T)
    among = residual.ratio * (spread.state @ spread.state.T)
    root = np.linalg.cholesky(spread.covariance(residual.ratio))
    columns = np.column_stack([np.ones(len(rows)), rows, with_rows.T, rise])
    white = np.linalg.solve(root, columns)
    ones, seen, states, rises = white[:, 0], white[:, 1], white[:, 2:4], white[:, 4:]
    left = among - states.T @ states
    grams = np.stack(
        [
            np.broadcast_to(ones @ ones, rises.shape[1]),
            ones @ rises,
            np.broadcast_to(ones @ seen, rises.shape[1]),
            np.sum(rises**2, axis=0),
            seen @ rises,
        ]
    )
    drift = Drift(
        residual,
        states.T @ seen,
        states.T @ ones,
        states.T @ rises,
        np.linalg.cholesky((left + left.T) / 2 + 1e-12 * np.eye(2)),
    )
    return drift, grams, np.array([seen @ seen, np.log(np.diag(root)).sum()])


def _weigh(
    grams: Vector, constants: Vector, noises: Vector, n_rows: int
) -> tuple[Vector, Vector, Vector]:
    """Return weights, means and precisions of all candidates.

    Parameters
    ----------
    grams : ndarray of shape (n_drifts, 5, n_shapes)
        As `_solve` gives them.
    constants : ndarray of shape (n_drifts, 2)
        As `_solve` gives them.
    noises : ndarray of shape (n_noises,)
        Candidates for the noise.
    n_rows : int
        Rows of the fit.
    """
    inverse = 1.0 / noises**2
    scaled = grams[:, :, :, None] * inverse
    of_start = scaled[:, 0] + 1.0 / _START_STD**2
    of_both = scaled[:, 1]
    of_rise = scaled[:, 3] + 1.0 / _RISE_STD**2
    for_start = scaled[:, 2]
    for_rise = scaled[:, 4] + _RISE_MEAN / _RISE_STD**2
    determinant = of_start * of_rise - of_both**2
    start = (of_rise * for_start - of_both * for_rise) / determinant
    rise = (of_start * for_rise - of_both * for_start) / determinant
    evidence = 0.5 * (start * for_start + rise * for_rise - np.log(determinant))
    evidence -= n_rows * np.log(noises)
    evidence -= (
        constants[:, 1, None, None] + 0.5 * constants[:, 0, None, None] * inverse
    )
    weights = np.exp(evidence - evidence.max())
    return (
        weights / weights.sum(),
        np.stack([start, rise]),
        np.stack([of_start, of_both, of_rise]),
    )
