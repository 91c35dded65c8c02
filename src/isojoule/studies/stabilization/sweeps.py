r"""How far the two online estimators are off, for every start and window.

Root mean square error [J] is ruled by the longest runs; the mean of
:math:`|\hat E / E - 1|` weighs all alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.studies.stabilization.panel import METHODS, Floats, Panel, Places


@dataclass(frozen=True, slots=True)
class Errors:
    """How far one estimator is off, over runs.

    Parameters
    ----------
    rmse_j : float or None
        Root mean square error [J]; `None` without runs.
    mape_fraction, median_fraction : float or None
        Mean and median of the absolute error as a share of the true energy.
    bias_fraction : float or None
        Mean of the signed error as a share.
    n_runs : int
        Runs in which the window fits.
    """

    rmse_j: float | None
    mape_fraction: float | None
    median_fraction: float | None
    bias_fraction: float | None
    n_runs: int


def errors_of(estimated_j: Floats, true_j: Floats) -> Errors:
    """Return how far estimates are off.

    Parameters
    ----------
    estimated_j : ndarray of shape (n_runs,)
        NaN where there is none [J].
    true_j : ndarray of shape (n_runs,)
        What it was [J].
    """
    known = np.isfinite(estimated_j)
    if not known.any():
        return Errors(None, None, None, None, 0)
    off_j = estimated_j[known] - true_j[known]
    share = off_j / true_j[known]
    return Errors(
        float(np.sqrt(np.mean(off_j**2))),
        float(np.mean(np.abs(share))),
        float(np.median(np.abs(share))),
        float(np.mean(share)),
        int(known.sum()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Errors for every start and window.

    Parameters
    ----------
    starts, windows : tuple of int
        First epochs, and numbers of epochs.
    n_runs : ndarray of shape (n_starts, n_windows)
        Runs in which the window fits.
    rmse_j, mape_fraction : mapping of str to ndarray of shape (n_starts, n_windows)
        By estimator; NaN where no run is long enough.
    """

    starts: tuple[int, ...]
    windows: tuple[int, ...]
    n_runs: Places
    rmse_j: dict[str, Floats]
    mape_fraction: dict[str, Floats]

    def at(self, start: int, window: int) -> dict[str, tuple[float, float]]:
        """Return RMSE [J] and MAPE of each estimator at one choice.

        Raises
        ------
        KeyError
            If it was not tried.
        """
        if start not in self.starts or window not in self.windows:
            raise KeyError((start, window))
        place = self.starts.index(start), self.windows.index(window)
        return {
            method: (
                float(self.rmse_j[method][place]),
                float(self.mape_fraction[method][place]),
            )
            for method in METHODS
        }


def sweep(panel: Panel, starts: Sequence[int], windows: Sequence[int]) -> Grid:
    """Return the errors of both estimators for every start and window.

    Parameters
    ----------
    panel : Panel
        Epochs of the runs.
    starts, windows : sequence of int
        First epochs, from 0; numbers of epochs, from 1.

    Raises
    ------
    ValueError
        If there are none, or one cannot be.
    """
    require_choices(starts, windows)
    shape = len(starts), len(windows)
    n_runs = np.zeros(shape, dtype=np.intp)
    rmse_j = {method: np.full(shape, np.nan) for method in METHODS}
    mape = {method: np.full(shape, np.nan) for method in METHODS}
    begin = np.asarray(starts, dtype=np.intp)[:, None]
    for column, window in enumerate(windows):
        both_j = panel.estimated_j(begin, window)
        n_runs[:, column] = np.isfinite(both_j[0]).sum(axis=1)
        for method, estimated_j in zip(METHODS, both_j, strict=True):
            squares, shares = _means(estimated_j, panel.energy_j)
            rmse_j[method][:, column] = np.sqrt(squares)
            mape[method][:, column] = shares
    return Grid(tuple(starts), tuple(windows), n_runs, rmse_j, mape)


def require_choices(starts: Sequence[int], windows: Sequence[int]) -> None:
    """Raise unless there are starts and windows that can be.

    Raises
    ------
    ValueError
        The message names the one that cannot.
    """
    for what, values, least in (("start", starts, 0), ("window", windows, 1)):
        wrong = [value for value in values if value < least]
        if wrong or not values:
            found = f"got {wrong[0]}" if wrong else "got none"
            raise ValueError(f"every {what} must be at least {least}, {found}")


def _means(estimated_j: Floats, true_j: Floats) -> tuple[Floats, Floats]:
    """Return mean squares [J^2] and mean shares of the errors over the last axis."""
    known = np.isfinite(estimated_j)
    n_known = np.maximum(known.sum(axis=-1), 1)
    off_j = np.where(known, estimated_j - true_j, 0.0)
    squares = (off_j**2).sum(axis=-1) / n_known
    shares = (np.abs(off_j) / true_j).sum(axis=-1) / n_known
    nothing = ~known.any(axis=-1)
    return np.where(nothing, np.nan, squares), np.where(nothing, np.nan, shares)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Errors where each run has its window at a place of its own, drawn at random.

    Parameters
    ----------
    first : int
        No window begins before this epoch; those before it count as they were.
    window : int
        Epochs in each.
    n_runs : int
        Runs that have room for it.
    rmse_j, mape_fraction : mapping of str to ndarray of shape (n_draws,)
        By estimator, one value per draw.
    """

    first: int
    window: int
    n_runs: int
    rmse_j: dict[str, Floats]
    mape_fraction: dict[str, Floats]


def draw_windows(
    panel: Panel, *, window: int, first: int, n_draws: int, seed: int
) -> Draws | None:
    r"""Return errors for windows whose place is drawn, for each run anew.

    Parameters
    ----------
    panel : Panel
        Epochs of the runs.
    window : int
        Epochs in a window, at least 1.
    first : int
        Earliest epoch it may begin with, at least 0.
    n_draws : int
        How often all runs are drawn, at least 1.
    seed : int
        Of the generator.

    Returns
    -------
    Draws or None
        `None` where no run has room.

    Raises
    ------
    ValueError
        If a number cannot be.

    Notes
    -----
    Each run is drawn uniformly over the :math:`n - w - f + 1` places from epoch
    :math:`f` on. The epoch-energy-based estimator is given the first :math:`f` epochs
    as they were and the window, wherever it lies, so that a late window does not know
    more than an early one.
    """
    require_choices([first], [window])
    if n_draws < 1:
        raise ValueError(f"n_draws must be at least 1, got {n_draws}")
    roomy = panel.chosen(np.flatnonzero(panel.n_epochs >= first + window).tolist())
    if not roomy.n_runs:
        return None
    random = np.random.default_rng(seed)
    n_places = roomy.n_epochs - window - first + 1
    starts = first + random.integers(0, n_places, size=(n_draws, roomy.n_runs))
    both_j = roomy.estimated_j(starts, window, counted=first)
    rmse_j, mape = {}, {}
    for method, estimated_j in zip(METHODS, both_j, strict=True):
        squares, mape[method] = _means(estimated_j, roomy.energy_j)
        rmse_j[method] = np.sqrt(squares)
    return Draws(first, window, roomy.n_runs, rmse_j, mape)
