"""What is judged: from runs that are known and runs that are asked for to answers.

One function per contender, one line in `CONTENDERS`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, TypeAlias

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.estimators.inputs import Floats, input_rows
from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.cases import EPOCH_ENERGY, MEAN_POWER
from isojoule.estimators.physics.description import describe
from isojoule.estimators.regressions import RegressionMethod
from isojoule.estimators.targets import Target, read_all
from isojoule.records import Run, Scope
from isojoule.studies.estimators.lookup import (
    mean_of_configuration,
    nearest_configuration,
)
from isojoule.studies.estimators.parts import configuration_of

TARGETS: Final[tuple[Target, ...]] = ("power_w", "epoch_energy_j")
"""What contenders predict, in W and J."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a contender is told.

    Parameters
    ----------
    known : sequence of Run
        Finished runs to learn from.
    asked : sequence of Run
        Runs to predict; of these only workload, hardware and what the accelerator's
        figures are may be looked at.
    level : float or None
        Coverage that intervals should have, in (0, 1); `None` where none are asked for.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; each run's default where `None`.
    """

    known: Sequence[Run]
    asked: Sequence[Run]
    level: float | None = None
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Predictions for the runs that were asked for.

    Parameters
    ----------
    value : ndarray of shape (n,)
        In the unit of the target; NaN where there is none.
    low, high : ndarray of shape (n,) or None
        Bounds of intervals; NaN where there is none.
    """

    value: Floats
    low: Floats | None = None
    high: Floats | None = None


Contender: TypeAlias = Callable[[Question, Target], Answer]
"""Fits to the runs that are known and predicts a target of those that are asked for.
Raises InsufficientDataError where it cannot."""


def by_regression(model: str) -> Contender:
    """Return a published regression, standardized by the runs that are known.

    Parameters
    ----------
    model : str
        A key of `isojoule.estimators.regression_models.PUBLISHED`.
    """

    def answer(question: Question, target: Target) -> Answer:
        method = RegressionMethod(model, model, target)
        fitted = method.fit(question.known, scope=question.scope, with_errors=False)
        rows = input_rows(question.asked, stated=fitted.gpus)
        asked = rows.values[rows.known]
        # Out of range there are no intervals, and errors take 15 more fits to learn.
        if question.level is not None and fitted.is_inside(asked).any():
            fitted = method.fit(question.known, scope=question.scope)
        found = np.full((3, len(question.asked)), nan)
        if rows.known.any():
            found[:, rows.known] = fitted.predict_rows(asked, question.level or 0.9)
        return Answer(*found)

    return answer


def by_lookup(question: Question, target: Target) -> Answer:
    """Return the mean of the same configuration; of the nearest where it is unknown.

    Raises
    ------
    InsufficientDataError
        If no run has the target, or no configuration that is asked for can be found.
    """
    readings = read_all(question.known, target, question.scope)
    known = [
        (run, r.value)
        for run, r in zip(question.known, readings, strict=True)
        if r is not None
    ]
    if not known:
        raise InsufficientDataError(f"no run that is known has {target}")
    names = np.array([configuration_of(run) for run, _ in known])
    values = np.array([value for _, value in known])
    asked = np.array([configuration_of(run) for run in question.asked])
    found = mean_of_configuration(names, values, asked)
    if np.isnan(found).any():
        rows = input_rows([*(run for run, _ in known), *question.asked])
        nearest = nearest_configuration(
            rows.values[: len(known)], names.tolist(), rows.values[len(known) :]
        )
        instead = mean_of_configuration(names, values, nearest)
        found = np.where(np.isnan(found), instead, found)
    if np.isnan(found).all():
        raise InsufficientDataError(
            "no configuration that is asked for is known, and no nearest one can be "
            "told without the ten inputs"
        )
    return Answer(found)


def by_physics(question: Question, target: Target) -> Answer:
    """Return what the estimator of this package says, with its intervals.

    Raises
    ------
    InsufficientDataError
        If the runs state too little, or nothing is known of such machines.
    """
    fitted = PhysicsEstimator.fit(question.known, scope=question.scope)
    trainings = [describe(run.workload, run.hardware) for run in question.asked]
    keys = [(at.model, at.configuration) for at in trainings]
    once = dict(zip(keys, trainings, strict=True))  # repeats have the same answer
    answers = fitted.predict_all(
        list(once.values()), _PHYSICS[target], level=question.level or 0.9
    )
    found = dict(zip(once, answers, strict=True))
    value, low, high = (
        np.array([getattr(found[key], name) for key in keys])
        for name in ("value", "low", "high")
    )
    return Answer(value) if question.level is None else Answer(value, low, high)


_PHYSICS: Final = {"power_w": MEAN_POWER, "epoch_energy_j": EPOCH_ENERGY}

CONTENDERS: Final[Mapping[str, Contender]] = {
    "linear": by_regression("linear"),
    "ridge": by_regression("ridge"),
    "kernel-ridge": by_regression("kernel-ridge"),
    "svm": by_regression("svm"),
    "lookup": by_lookup,
    "physics": by_physics,
}
"""Who is judged, by name, in the order of the tables."""
