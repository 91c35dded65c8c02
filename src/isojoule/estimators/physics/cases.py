"""From runs to cases: what each configuration took, as the value a process learns."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite, log
from statistics import fmean
from typing import Final, TypeAlias

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.estimators.physics.description import REFERENCE, Description, describe
from isojoule.estimators.physics.process import Widths
from isojoule.estimators.targets import (
    epochs_done,
    mean_epoch_energy_j,
    mean_power_w,
)
from isojoule.records import Run, Scope

Reading: TypeAlias = Callable[[Run, Scope | None], float | None]

_CAP: Final = 1.2
"""Mean power that no accelerator exceeds, over the limit that its maker states: boards
with a raised limit draw up to a fifth more."""

_SCATTER_COUNTS_AS: Final = 3
"""Repeats that the scatter assumed beforehand counts as."""

_MIN_SCATTER: Final = 0.01
"""No training repeats to better than a percent."""


@dataclass(frozen=True, slots=True)
class Target:
    """A quantity, and how it becomes a latent value without bounds.

    Parameters
    ----------
    name : str
        With its unit.
    read : callable
        The quantity of a run in a scope; `None` where it is not known.
    per_step : bool
        Whether it adds up over the steps of an epoch.
    exponents : mapping of str to float
        How it goes with the features where nothing is known, before the plane.
    widths : Widths
        Of the latent values.
    is_share_of_limit : bool
        Whether it is a power, bounded by the limit of the accelerators.
    """

    name: str
    read: Reading
    per_step: bool
    exponents: dict[str, float]
    widths: Widths
    is_share_of_limit: bool = False

    def latent(self, value: float, at: Description, features: frozenset[str]) -> float:
        """Return the latent value of a quantity that was read."""
        if self.is_share_of_limit and "power_limit_w" in features:
            share = min(value / limit_w(at), 0.99 * _CAP)
            return log(share / (_CAP - share))
        per = at.n_steps if self.per_step else 1.0
        return log(value / per) - self._expected(at, features)

    def value(self, latent: float, at: Description, features: frozenset[str]) -> float:
        """Return the quantity of a latent value: the inverse of `latent`."""
        if self.is_share_of_limit and "power_limit_w" in features:
            return limit_w(at) * _CAP / (1 + exp(-latent))
        per = at.n_steps if self.per_step else 1.0
        return per * exp(latent + self._expected(at, features))

    def _expected(self, at: Description, features: frozenset[str]) -> float:
        return sum(
            exponent * at.logs[name]
            for name, exponent in self.exponents.items()
            if name in features
        )


def _epoch_energy_j(run: Run, scope: Scope | None) -> float | None:
    found = mean_epoch_energy_j(run, scope)
    is_in_scope = found is not None and scope in {None, found.scope}
    return found.value if found is not None and is_in_scope else None


def _mean_power_w(run: Run, scope: Scope | None) -> float | None:
    found = mean_power_w(run, scope)
    return None if found is None else found.value


def _epoch_duration_s(run: Run, scope: Scope | None) -> float | None:
    del scope
    n_epochs = epochs_done(run)
    return run.duration_s / n_epochs if run.duration_s and n_epochs else None


EPOCH_ENERGY: Final = Target(
    "epoch_energy_j",
    _epoch_energy_j,
    per_step=True,
    exponents={"step_flop": 1.0, "peak_flop_per_s": -1.0, "power_limit_w": 1.0},
    widths=Widths(),
)
"""Energy of an epoch: before anything is known, its work at the peak rate times the
limit, times a constant."""

EPOCH_DURATION: Final = Target(
    "epoch_duration_s",
    _epoch_duration_s,
    per_step=True,
    exponents={"step_flop": 1.0, "peak_flop_per_s": -1.0},
    widths=Widths(),
)
"""Time of an epoch: before anything is known, its work at the peak rate."""

MEAN_POWER: Final = Target(
    "mean_power_w",
    _mean_power_w,
    per_step=False,
    exponents={},
    widths=replace(
        Widths().scaled(np.array([log(2), log(2), log(2), 0.0])), machine_slope=0.0
    ),
    is_share_of_limit=True,
)
"""Mean power of the accelerators, of all that was measured where there are none: its
share of the limit as a logit, whose widths are twice those of a logarithm around the
middle. A slow host shows in the time of small steps; the power it leaves to them is
bounded already, so machines have no slopes of their own."""


@dataclass(frozen=True, slots=True)
class Case:
    """One configuration and what its runs took.

    Parameters
    ----------
    at : Description
        The configuration.
    name : str
        For people.
    values : tuple of float
        The quantity of each of its runs.
    """

    at: Description
    name: str
    values: tuple[float, ...]


def gather_cases(
    runs: Iterable[Run], target: Target, scope: Scope | None
) -> tuple[Case, ...]:
    """Return the configurations of `runs`; what cannot be described is left out."""
    grouped: dict[tuple[object, ...], list[tuple[Description, str, float]]] = {}
    for run in runs:
        try:
            at = describe(run.workload, run.hardware)
        except InsufficientDataError:
            continue
        value = target.read(run, scope)
        if value is not None and isfinite(value) and value > 0:
            of = grouped.setdefault(at.configuration, [])
            of.append((at, f"{run.workload.name} on {run.hardware.name}", value))
    return tuple(
        Case(found[0][0], found[0][1], tuple(value for *_, value in found))
        for found in grouped.values()
    )


def mean_latents(
    cases: Sequence[Case], target: Target, features: frozenset[str]
) -> tuple[list[float], float]:
    """Return the mean latent value of each case, and the scatter of single runs.

    The scatter is the standard deviation within configurations, pooled; that of a
    configuration's own deviation is assumed beforehand and counts as three repeats.
    """
    latents = [[target.latent(v, c.at, features) for v in c.values] for c in cases]
    means = [fmean(values) for values in latents]
    n_free = sum(len(values) - 1 for values in latents)
    squares = sum(
        (v - mean) ** 2 for m, mean in zip(latents, means, strict=True) for v in m
    )
    known = _SCATTER_COUNTS_AS * target.widths.own**2 + squares
    return means, max((known / (_SCATTER_COUNTS_AS + n_free)) ** 0.5, _MIN_SCATTER)


def limit_w(at: Description) -> float:
    """Return the limit of all accelerators together [W]."""
    return REFERENCE["power_limit_w"] * exp(at.logs["power_limit_w"])
