"""The published test part, and what of it the training part holds already."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.inputs import Floats
from isojoule.estimators.regression_models import PUBLISHED, UNIT
from isojoule.estimators.targets import Target, read_all
from isojoule.observations import energy_in_scope
from isojoule.records import Run
from isojoule.studies.estimators.lookup import mean_of_configuration
from isojoule.studies.estimators.parts import configuration_of
from isojoule.studies.estimators.published import HELD_OUT
from isojoule.studies.estimators.scores import Errors
from isojoule.studies.estimators.tables89 import PublishedInputs, published_folds

_MODEL = "kernel-ridge"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Errors on the test part.

    Parameters
    ----------
    quantity : str
        What is predicted: a target, or the total energy by one of them.
    model : str
        ``kernel-ridge``, the published choice, or ``lookup``.
    errors : Errors
        In W or J.
    published_rmse : float or None
        What the reports print; `None` where they have no such figure.
    """

    quantity: str
    model: str
    errors: Errors
    published_rmse: float | None


@dataclass(frozen=True, slots=True)
class Leak:
    """How much of what is scored was seen before.

    Parameters
    ----------
    n_rows, n_configurations : int
        Of the training part.
    validation_seen_fraction : float
        Share of the rows of a fold whose configuration the other folds hold.
    test_seen_fraction : float
        Share of the rows of the test part whose configuration the training part holds;
        NaN where there is no test part.
    spread : mapping of str to float
        Standard deviation within configurations, pooled, in W or J: no model of these
        inputs can have a smaller RMSE on the rows that it learned from.
    """

    n_rows: int
    n_configurations: int
    validation_seen_fraction: float
    test_seen_fraction: float
    spread: dict[Target, float]


def find_leak(train: Sequence[Run], test: Sequence[Run]) -> Leak:
    """Return how much of the validation and the test rows was seen before.

    Parameters
    ----------
    train, test : sequence of Run
        The published parts; the test part may be empty.

    Raises
    ------
    InsufficientDataError
        If the rows have no folds.
    """
    names = np.array([configuration_of(run) for run in train])
    seen = [np.isin(names[held], names[rows]) for rows, held in published_folds(train)]
    asked = [configuration_of(run) for run in test]
    return Leak(
        n_rows=len(train),
        n_configurations=len(set(names.tolist())),
        validation_seen_fraction=float(np.concatenate(seen).mean()),
        test_seen_fraction=float(np.isin(asked, names).mean()) if asked else nan,
        spread={target: _spread(train, names, target) for target in UNIT},
    )


def _spread(train: Sequence[Run], names: NDArray[np.str_], target: Target) -> float:
    values = np.array([r.value if r else nan for r in read_all(train, target)])
    means = mean_of_configuration(names, values, names)
    return float(np.sqrt(np.mean((values - means) ** 2)))


def score_held_out(
    train: Sequence[Run], test: Sequence[Run], inputs: PublishedInputs
) -> tuple[HeldOut, ...]:
    """Return the errors of the published choice and of the lookup on the test part.

    Parameters
    ----------
    train, test : sequence of Run
        The published parts.
    inputs : PublishedInputs
        Of both.

    Notes
    -----
    The reports multiply the energy of an epoch by the highest index of an epoch, which
    is one less than their number; both products are told.
    """
    predicted = {
        _MODEL: {t: _by_regression(train, inputs, t) for t in _TARGETS},
        "lookup": {t: _by_lookup(train, test, t) for t in _TARGETS},
    }
    return tuple(
        scored
        for model, of in predicted.items()
        for scored in _score(model, of["power_w"], of["epoch_energy_j"], test)
    )


_TARGETS: tuple[Target, ...] = ("power_w", "epoch_energy_j")


def _by_regression(
    train: Sequence[Run], inputs: PublishedInputs, target: Target
) -> Floats:
    true = np.array([r.value if r else nan for r in read_all(train, target)])
    learn = PUBLISHED[_MODEL][target]
    predict = learn(inputs.scaling.apply(inputs.train), true / UNIT[target])
    return predict(inputs.scaling.apply(inputs.test)) * UNIT[target]


def _by_lookup(train: Sequence[Run], test: Sequence[Run], target: Target) -> Floats:
    names, asked = (
        np.array([configuration_of(run) for run in part]) for part in (train, test)
    )
    true = np.array([r.value if r else nan for r in read_all(train, target)])
    return mean_of_configuration(names, true, asked)


def _score(
    model: str, power_w: Floats, epoch_energy_j: Floats, test: Sequence[Run]
) -> Iterator[HeldOut]:
    true_w, true_epoch_j = (
        np.array([r.value if r else nan for r in read_all(test, target)])
        for target in _TARGETS
    )
    total_j = np.array([_total_j(run) for run in test])
    duration_s = np.array([run.duration_s or nan for run in test])
    index_max = np.array([run.measures.get("epoch_index_max", nan) for run in test])
    for quantity, predicted, true in (
        ("mean power", power_w, true_w),
        ("mean power x duration", power_w * duration_s, total_j),
        ("epoch energy", epoch_energy_j, true_epoch_j),
        ("epoch energy x highest index", epoch_energy_j * index_max, total_j),
        ("epoch energy x epochs", epoch_energy_j * (index_max + 1), total_j),
    ):
        known = np.isfinite(predicted) & np.isfinite(true)
        if known.any():
            printed = HELD_OUT.get(quantity) if model == _MODEL else None
            errors = Errors.of(predicted[known], true[known])
            yield HeldOut(quantity, model, errors, printed)


def _total_j(run: Run) -> float:
    found = energy_in_scope(run.energies, "node")
    return nan if found is None else found[0]
