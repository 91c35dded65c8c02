"""A table instead of a regression: a configuration takes what it took before."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.inputs import Floats
from isojoule.estimators.regression_models import Standardization


def mean_of_configuration(
    names: NDArray[np.str_], values: Floats, asked: NDArray[np.str_]
) -> Floats:
    """Return the mean over the runs of the same configuration, ndarray of shape (m,).

    Parameters
    ----------
    names : ndarray of shape (n,)
        Configuration of each run that is known.
    values : ndarray of shape (n,)
        What it took.
    asked : ndarray of shape (m,)
        Configurations to look up; NaN for one that is not there.
    """
    known, which = np.unique(names, return_inverse=True)
    means = np.bincount(which.ravel(), weights=values) / np.bincount(which.ravel())
    table = dict(zip(known.tolist(), means.tolist(), strict=True))
    return np.array([table.get(name, np.nan) for name in asked.tolist()])


def nearest_configuration(
    inputs: Floats, names: Sequence[str], asked: Floats
) -> NDArray[np.str_]:
    """Return the configuration whose inputs are nearest, ndarray of shape (m,).

    Parameters
    ----------
    inputs : ndarray of shape (n, n_inputs)
        Of the runs that are known; rows with NaN are passed over.
    names : sequence of str
        Configuration of each of them.
    asked : ndarray of shape (m, n_inputs)
        Of the runs that are asked for; the name is empty where one holds NaN.

    Notes
    -----
    Distance is Euclidean over inputs that are standardized by the runs that are known.
    Of several at one distance the first in alphabetical order is taken.
    """
    usable = np.isfinite(inputs).all(axis=1)
    found = np.full(len(asked), "", dtype=object)
    if usable.any():
        known, first = np.unique(np.array(names)[usable], return_index=True)
        scaling = Standardization.of(inputs[usable])
        points = scaling.apply(inputs[usable][first])
        questions = scaling.apply(asked)
        squares = ((questions[:, None, :] - points[None, :, :]) ** 2).sum(axis=2)
        is_asked = np.isfinite(squares).all(axis=1)
        found[is_asked] = known[squares[is_asked].argmin(axis=1)]
    return found.astype(str)
