"""How good predictions are on the workloads that were held out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.normalizers.pairs import Floats
from isojoule.studies.normalization.batched import median_of_known
from isojoule.studies.normalization.splits import Bools
from isojoule.units import J_PER_KWH


@dataclass(frozen=True, slots=True)
class Metric:
    """One score of a prediction.

    Parameters
    ----------
    name : str
        What it is called in a sentence.
    unit : str
        Its unit; ``1`` for none.
    is_better_high : bool
        Whether more is better.
    is_ratio : bool
        Whether methods are compared by the ratio of their scores.
    score : callable
        From predicted and true energies [J] and what is tested, all of shape
        (n_folds, width), to scores of shape (n_folds,).
    """

    name: str
    unit: str
    is_better_high: bool
    is_ratio: bool
    score: Callable[[Floats, Floats, Bools], Floats]


def r2(predicted_j: Floats, true_j: Floats, is_test: Bools) -> Floats:
    """Return one minus squared errors over squared deviations from the mean.

    NaN where fewer than two workloads are tested, or all have the same energy.
    """
    n = is_test.sum(axis=1)
    mean_j = np.where(is_test, true_j, 0.0).sum(axis=1) / n
    deviation_j = np.where(is_test, true_j - mean_j[:, np.newaxis], 0.0)
    error_j = np.where(is_test, predicted_j - true_j, 0.0)
    low_j = np.where(is_test, true_j, np.inf).min(axis=1)
    high_j = np.where(is_test, true_j, -np.inf).max(axis=1)
    spread = np.where(low_j < high_j, (deviation_j**2).sum(axis=1), np.nan)
    return np.asarray(1 - (error_j**2).sum(axis=1) / spread)


def mse_kwh2(predicted_j: Floats, true_j: Floats, is_test: Bools) -> Floats:
    """Return the mean squared error [kWh^2]."""
    error_kwh = np.where(is_test, (predicted_j - true_j) / J_PER_KWH, 0.0)
    return np.asarray((error_kwh**2).sum(axis=1) / is_test.sum(axis=1))


def mdape(predicted_j: Floats, true_j: Floats, is_test: Bools) -> Floats:
    """Return the median of abs(predicted / true - 1), a fraction."""
    error = np.abs(predicted_j / true_j - 1)
    return median_of_known(np.where(is_test, error, np.nan))


def male(predicted_j: Floats, true_j: Floats, is_test: Bools) -> Floats:
    """Return the mean of abs(ln(predicted / true)).

    Infinite where a prediction is not positive: leaving such out would reward a method
    for the worst of its errors.
    """
    is_positive = predicted_j > 0
    ratio = np.where(is_positive, predicted_j, true_j) / true_j
    error = np.where(is_positive, np.abs(np.log(ratio)), np.inf)
    return np.asarray(np.where(is_test, error, 0.0).sum(axis=1) / is_test.sum(axis=1))


def nonpositive_fraction(predicted_j: Floats, true_j: Floats, is_test: Bools) -> Floats:
    """Return the share of predictions that are not positive."""
    del true_j
    failed = is_test & (predicted_j <= 0)
    return np.asarray(failed.sum(axis=1) / is_test.sum(axis=1))


METRICS: Final[Mapping[str, Metric]] = {
    "r2": Metric("R2", "1", True, False, r2),
    "mse_kwh2": Metric("MSE", "kWh^2", False, True, mse_kwh2),
    "mdape": Metric("MdAPE", "fraction", False, True, mdape),
    "male": Metric("MALE", "1", False, True, male),
    "nonpositive_fraction": Metric(
        "share of non-positive predictions",
        "fraction",
        False,
        False,
        nonpositive_fraction,
    ),
}
"""The scores by the names they have in `Scored`."""


def score_all(predicted_j: Floats, true_j: Floats, is_test: Bools) -> dict[str, Floats]:
    """Return every score of `METRICS`, each of shape (n_folds,).

    Parameters
    ----------
    predicted_j, true_j : ndarray of shape (n_folds, width)
        Energies on the target [J].
    is_test : ndarray of bool, shape (n_folds, width)
        What is judged; at least one workload per fold.
    """
    with np.errstate(over="ignore"):  # infinite predictions have infinite errors
        return {
            name: metric.score(predicted_j, true_j, is_test)
            for name, metric in METRICS.items()
        }
