"""Errors of a regression on runs that it did not see: they make its intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.inputs import Floats
from isojoule.estimators.regression_models import FitModel

_N_GROUPS: Final = 10
_N_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Residuals:
    """Absolute errors on runs that a fit did not see, in the unit that is learned.

    Parameters
    ----------
    repeats : tuple of float
        One per run of a configuration that ran several times; the fit saw others of it.
    configurations : tuple of tuple of float
        Of each configuration that was left out whole, one per run.
    """

    repeats: tuple[float, ...]
    configurations: tuple[tuple[float, ...], ...]


def reach_of_configurations(
    errors: Sequence[Sequence[float]], level: float
) -> float | None:
    r"""Return the half-width that covers a run of a new configuration.

    Parameters
    ----------
    errors : sequence of sequences of float
        Absolute errors on the runs of each of :math:`n` configurations, by fits that
        had not seen it.
    level : float
        Wanted coverage, in (0, 1).

    Returns
    -------
    float or None
        `None` if there are too few configurations for the level.

    Raises
    ------
    ValueError
        If the level is outside (0, 1).

    Notes
    -----
    Repeats of a configuration share most of their error, so configurations are counted
    and not runs: the distributions of the errors of each are averaged, and the quantile
    of the average at :math:`level (n + 1) / n` is taken (pooling of CDFs [1]_, of which
    the coverage is asymptotic). With one run each it is the conformal quantile.

    References
    ----------
    .. [1] Dunn, Wasserman & Ramdas (2023), "Distribution-free prediction sets for
       two-layer hierarchical models", JASA 118(544),
       doi:10.1080/01621459.2022.2060112.
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    n = len(errors)
    if n == 0 or level * (n + 1) / n > 1:
        return None
    values = np.concatenate([np.asarray(of, dtype=np.float64) for of in errors])
    weights = np.concatenate([np.full(len(of), 1 / (n * len(of))) for of in errors])
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # Sums of weights are off by rounding: a rank must not grow by it.
    place = int(np.searchsorted(reached, level * (n + 1) / n - 1e-9))
    return float(values[order][min(place, len(values) - 1)])


def unseen_errors(
    model: FitModel, inputs: Floats, target: Floats, which: NDArray[np.intp]
) -> Residuals:
    """Return the absolute errors on what fits did not see.

    Parameters
    ----------
    model : callable
        From inputs and target to predictions.
    inputs : ndarray of shape (n, n_inputs)
        Standardized.
    target : ndarray of shape (n,)
        In the unit that is learned.
    which : ndarray of shape (n,)
        Configuration of each run, counted from 0.

    Notes
    -----
    Of the repeats of a configuration a fifth is left out at a time. Configurations are
    left out a tenth of them at a time, each on its own up to 10 of them.
    """
    return Residuals(
        tuple(_errors_on_repeats(model, inputs, target, which)),
        tuple(_errors_on_configurations(model, inputs, target, which)),
    )


def _errors_on_repeats(
    model: FitModel, inputs: Floats, target: Floats, which: NDArray[np.intp]
) -> Iterator[float]:
    """Yield the error on each run that has repeats, the fit without a fifth of them."""
    place = np.zeros(len(which), dtype=int)
    for configuration in range(which.max() + 1):
        chosen = np.flatnonzero(which == configuration)
        place[chosen] = np.arange(len(chosen))
    has_repeats = np.bincount(which)[which] > 1
    for fold in range(min(_N_FOLDS, int(place.max()) + 1)):
        held = (place % _N_FOLDS == fold) & has_repeats
        if not held.any():
            continue
        predict = model(inputs[~held], target[~held])
        yield from np.abs(target[held] - predict(inputs[held])).tolist()


def _errors_on_configurations(
    model: FitModel, inputs: Floats, target: Floats, which: NDArray[np.intp]
) -> Iterator[tuple[float, ...]]:
    """Yield the errors on each configuration, by a fit that did not see it."""
    n_groups = min(_N_GROUPS, int(which.max()) + 1)
    for group in range(n_groups):
        held = which % n_groups == group
        if held.all():
            continue
        predict = model(inputs[~held], target[~held])
        errors = np.abs(target[held] - predict(inputs[held]))
        for configuration in np.unique(which[held]):
            yield tuple(errors[which[held] == configuration].tolist())
