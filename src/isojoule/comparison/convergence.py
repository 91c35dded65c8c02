"""What the last points of a score and the epochs after them cost."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError


@dataclass(frozen=True, slots=True)
class Ratios:
    """A ratio over several runs.

    Parameters
    ----------
    median, low, high : float
        Its median, least and greatest value.
    """

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Convergence:
    """Energy that runs needed beyond 95 % of their best score.

    Parameters
    ----------
    n_runs : int
        Runs that count.
    n_left_out : int
        Runs without a positive value for all three energies.
    at_best : Ratios
        Energy when the best score was reached over energy at 95 % of it.
    total : Ratios
        Energy of the whole run over energy at 95 % of the best score.
    """

    n_runs: int
    n_left_out: int
    at_best: Ratios
    total: Ratios


def convergence_ratios(rows: Iterable[tuple[float, float, float]]) -> Convergence:
    """Return what runs needed beyond 95 % of their best score.

    Parameters
    ----------
    rows : iterable of (float, float, float)
        For each run its energy in total, when the best score was reached, and when 95 %
        of that score was reached [J]. One that is not known is NaN.

    Raises
    ------
    InsufficientDataError
        If no run has all three, positive and finite.
    """
    energies_j = np.array(list(rows), np.float64).reshape(-1, 3)
    usable = (np.isfinite(energies_j) & (energies_j > 0)).all(axis=1)
    total_j, best_j, at_95_j = energies_j[usable].T
    with np.errstate(over="ignore"):
        at_best, total = best_j / at_95_j, total_j / at_95_j
    if not len(total_j):
        raise InsufficientDataError(
            "no run has an energy in total, at its best score and at 95 % of it: "
            "record the energy with the score of every epoch"
        )
    return Convergence(
        n_runs=len(total_j),
        n_left_out=len(energies_j) - len(total_j),
        at_best=_ratios(at_best),
        total=_ratios(total),
    )


def _ratios(values: NDArray[np.float64]) -> Ratios:
    return Ratios(float(np.median(values)), float(values.min()), float(values.max()))
