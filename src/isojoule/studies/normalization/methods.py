"""The methods of the study, each for all folds at once.

They are those of `isojoule.NORMALIZERS` under the same names, with the same fewest
references, written for arrays; ``none`` takes the source energy as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.normalizers.pairs import FEATURE_UNITS, Floats
from isojoule.normalizers.svr import SvrFit, fit_in_kwh, fit_standardized
from isojoule.studies.normalization.batched import (
    Planes,
    least_squares,
    median_slopes,
)
from isojoule.studies.normalization.splits import Bools, Folds, Ints


@dataclass(frozen=True, slots=True)
class Fitted:
    """What one method gives for many folds.

    Parameters
    ----------
    predicted_j : ndarray of shape (n_folds, width)
        Target energy of every workload [J].
    is_reference : ndarray of bool, shape (n_folds, width)
        What the fit used.
    coefficients : mapping of str to ndarray of shape (n_folds,)
        What was fitted, by name with unit.
    """

    predicted_j: Floats
    is_reference: Bools
    coefficients: Mapping[str, Floats]


Fit = Callable[[Folds, Floats], Fitted]
"""From folds and weights of the references that each offers, (n_folds, width)."""


@dataclass(frozen=True, slots=True)
class Method:
    """A method and what it needs.

    Parameters
    ----------
    fit : callable
        See `Fit`.
    n_min : int
        Fewest references, without features; each feature needs one more.
    n_different : int
        Fewest different source energies among them.
    """

    fit: Fit
    n_min: int
    n_different: int


def fit_none(folds: Folds, weights: Floats) -> Fitted:
    """Return the source energies, which need no reference."""
    factor = np.ones(len(weights))
    nothing = np.zeros(weights.shape, dtype=bool)
    return Fitted(folds.source_energy_j, nothing, {"source energy [J/J]": factor})


def _fit_single(folds: Folds, reference: Ints) -> Fitted:
    """Return proportions through one reference per fold."""
    rows = np.arange(len(reference))
    ratio = (
        folds.target_energy_j[rows, reference] / folds.source_energy_j[rows, reference]
    )
    return Fitted(
        folds.source_energy_j * ratio[:, np.newaxis],
        _marked(folds, reference),
        {"source energy [J/J]": ratio},
    )


def fit_single_low(folds: Folds, weights: Floats) -> Fitted:
    """Return the proportions through the lowest references."""
    return _fit_single(folds, _first(weights > 0))


def fit_single_high(folds: Folds, weights: Floats) -> Fitted:
    """Return the proportions through the highest references."""
    return _fit_single(folds, _last(weights > 0))


def fit_single_median(folds: Folds, weights: Floats) -> Fitted:
    """Return the proportions through the median references, the lower of two."""
    return _fit_single(folds, _middle(weights > 0))


def fit_dual(folds: Folds, weights: Floats) -> Fitted:
    """Return the lines through the lowest and the highest reference."""
    rows = np.arange(len(weights))
    low, high = _first(weights > 0), _last(weights > 0)
    source_j, target_j = folds.source_energy_j, folds.target_energy_j
    run = source_j[rows, high] - source_j[rows, low]
    rise = target_j[rows, high] - target_j[rows, low]
    slope = rise / np.where(run == 0, np.nan, run)
    high_j, target_high_j = source_j[rows, high], target_j[rows, high]
    from_high_j = source_j - high_j[:, np.newaxis]
    return Fitted(
        target_high_j[:, np.newaxis] + slope[:, np.newaxis] * from_high_j,
        _marked(folds, low, high),
        {
            "intercept [J]": target_high_j - slope * high_j,
            "source energy [J/J]": slope,
        },
    )


def fit_linear(folds: Folds, weights: Floats) -> Fitted:
    """Return least squares in joules, on source energy and features."""
    inputs = np.concatenate(
        (folds.source_energy_j[:, np.newaxis], folds.feature_values), axis=1
    )
    planes = least_squares(inputs, folds.target_energy_j, weights)
    return Fitted(planes.at(inputs), weights > 0, _describe(planes, folds.features))


def fit_poly2(folds: Folds, weights: Floats) -> Fitted:
    """Return least squares in joules, on source energy and its square."""
    # Counted in means, so that no square is too large or too small.
    unit_j = folds.source_energy_j.mean(axis=1, keepdims=True)
    energy = folds.source_energy_j / unit_j
    inputs = np.stack((energy, energy * energy), axis=1)
    planes = least_squares(inputs, folds.target_energy_j, weights)
    slope, square = planes.coefficients.T
    names = {
        "intercept [J]": planes.intercept,
        "source energy [J/J]": slope / unit_j[:, 0],
        "source energy squared [J/J^2]": square / unit_j[:, 0] ** 2,
    }
    return Fitted(planes.at(inputs), weights > 0, names)


def fit_log_linear(folds: Folds, weights: Floats) -> Fitted:
    """Return least squares of the logarithms of energies."""
    inputs = np.log(folds.source_energy_j)[:, np.newaxis]
    planes = least_squares(inputs, np.log(folds.target_energy_j), weights)
    names = {
        "intercept [ln J]": planes.intercept,
        "exponent of source energy [1]": planes.coefficients[:, 0],
    }
    with np.errstate(over="ignore"):  # infinite energy is what such a line predicts
        return Fitted(np.exp(planes.at(inputs)), weights > 0, names)


def fit_theil_sen(folds: Folds, weights: Floats) -> Fitted:
    """Return the lines of median slope."""
    planes = median_slopes(folds.source_energy_j, folds.target_energy_j, weights)
    predicted_j = planes.at(folds.source_energy_j[:, np.newaxis])
    return Fitted(predicted_j, weights > 0, _describe(planes))


def fit_svr(folds: Folds, weights: Floats) -> Fitted:
    """Return support vector regressions on energies in kWh, one after the other."""
    return _fit_each(folds, weights, fit_in_kwh)


def fit_svr_standardized(folds: Folds, weights: Floats) -> Fitted:
    """Return support vector regressions on standardized energies, one after another."""
    return _fit_each(folds, weights, fit_standardized)


METHODS: Final[Mapping[str, Method]] = {
    "none": Method(fit_none, 0, 0),
    "single-low": Method(fit_single_low, 1, 1),
    "single-high": Method(fit_single_high, 1, 1),
    "single-median": Method(fit_single_median, 1, 1),
    "dual": Method(fit_dual, 2, 2),
    "linear": Method(fit_linear, 2, 2),
    "poly2": Method(fit_poly2, 3, 3),
    "svr": Method(fit_svr, 3, 2),
    "svr-standardized": Method(fit_svr_standardized, 3, 2),
    "log-linear": Method(fit_log_linear, 2, 2),
    "theil-sen": Method(fit_theil_sen, 2, 2),
}
"""The methods by name."""


def is_enough(
    method: Method, folds: Folds, weights: Floats, *, n_features: int = 0
) -> Bools:
    """Return which folds offer the references that a method needs, shape (n_folds,).

    Parameters
    ----------
    method : Method
        The method.
    folds : Folds
        The folds.
    weights : ndarray of shape (n_folds, width)
        Of the offered references.
    n_features : int, default 0
        Features that the method takes.
    """
    energy_j = np.where(weights > 0, folds.source_energy_j, 0.0)
    lower_j = np.maximum.accumulate(energy_j, axis=1)  # energies rise along a row
    lower_j = np.concatenate((np.zeros((len(energy_j), 1)), lower_j[:, :-1]), axis=1)
    n_different = (energy_j > lower_j).sum(axis=1)
    n_offered = (weights > 0).sum(axis=1)
    return np.asarray(
        (n_offered >= method.n_min + n_features) & (n_different >= method.n_different)
    )


def _first(is_offered: Bools) -> Ints:
    return np.asarray(is_offered.argmax(axis=1))


def _last(is_offered: Bools) -> Ints:
    return np.asarray(is_offered.shape[1] - 1 - is_offered[:, ::-1].argmax(axis=1))


def _middle(is_offered: Bools) -> Ints:
    rank = np.cumsum(is_offered, axis=1)
    wanted = (rank[:, -1:] + 1) // 2
    return np.asarray((rank >= wanted).argmax(axis=1))


def _marked(folds: Folds, *references: Ints) -> Bools:
    marks = np.zeros(folds.is_train.shape, dtype=bool)
    for reference in references:
        marks[np.arange(len(reference)), reference] = True
    return marks


def _describe(planes: Planes, features: Sequence[str] = ()) -> dict[str, Floats]:
    """Return the coefficients of planes by name with unit."""
    names = [
        "source energy [J/J]",
        *(f"{name} [J/{FEATURE_UNITS[name]}]" for name in features),
    ]
    slopes = dict(zip(names, planes.coefficients.T, strict=True))
    return {"intercept [J]": planes.intercept, **slopes}


def _fit_each(
    folds: Folds, weights: Floats, fit: Callable[[Floats, Floats], SvrFit]
) -> Fitted:
    """Return fits that have to be made one after the other."""
    predicted_j = np.empty(weights.shape)
    described = []
    for row, is_used in enumerate(weights > 0):
        energy_j = folds.source_energy_j[row, :, np.newaxis]
        fitted = fit(energy_j[is_used], folds.target_energy_j[row, is_used])
        predicted_j[row] = fitted.predict(energy_j)
        described.append(fitted.describe())
    names = {n: np.array([d[n] for d in described]) for n in described[0]}
    return Fitted(predicted_j, weights > 0, names)
