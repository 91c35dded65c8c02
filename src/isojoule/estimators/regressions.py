r"""Energy of a training before it begins, by the published regressions [1]_.

Two targets: the mean power of the GPU, which times the duration is an energy, and the
mean energy of an epoch, which times their number is one:

.. math:: \hat E = \hat P \, T \qquad \hat E = \hat e \, n

Inputs are those of `isojoule.estimators.inputs`, standardized by mean and standard
deviation of the training runs. Hyperparameters are the published ones; those of support
vectors are in watts and kilojoules, so that is what is learned.

Intervals are of two kinds, and both come from errors on runs that a fit did not see. A
configuration that is among the training runs is judged by its repeats. Any other is
judged by configurations that were left out whole: with the published data those errors
are many times larger, because the hyperparameters were chosen on repeats. Where an
input lies outside the range of the training runs nothing says how large the error is,
and there is no interval.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", arXiv:2307.05520, Tables 8 and 9,
   and its replication package, doi:10.5281/zenodo.11505891.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.estimators.asked import require_duration_s, require_n_epochs
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.inputs import (
    INPUTS,
    Floats,
    GpuFigures,
    input_rows,
    inputs_of,
    stated_by_runs,
)
from isojoule.estimators.regression_errors import (
    Residuals,
    reach_of_configurations,
    unseen_errors,
)
from isojoule.estimators.regression_models import (
    PUBLISHED,
    UNIT,
    Predict,
    Standardization,
)
from isojoule.estimators.targets import Target, read_all, require_one_scope
from isojoule.records import Estimate, Hardware, Provenance, Run, Scope, Workload
from isojoule.records import weakest as weakest_of
from isojoule.stats import conformal_quantile, highest_conformal_level

_MIN_CONFIGURATIONS: Final = 2


@dataclass(frozen=True, slots=True)
class RegressionEstimator:
    """One published regression, fitted to runs.

    Parameters
    ----------
    name : str
        Of the method.
    target : {"power_w", "epoch_energy_j", "stable_epoch_energy_j"}
        What it predicts.
    predict : callable
        From standardized inputs to the target in `UNIT`.
    scaling : Standardization
        Of the inputs.
    known : ndarray of shape (n_configurations, n_inputs)
        Inputs that were seen.
    residuals : Residuals
        What intervals are made of.
    variants : frozenset of str
        Settings of the training runs, which are no input.
    gpus : mapping of str to GpuFigures
        Figures of accelerators that go before the table in the package.
    scope, provenance
        Of the energies that were learned from.
    """

    name: str
    target: Target
    predict: Predict
    scaling: Standardization
    known: Floats
    residuals: Residuals
    variants: frozenset[str]
    gpus: Mapping[str, GpuFigures]
    scope: Scope | None
    provenance: Provenance

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of `workload` on `hardware`.

        Parameters
        ----------
        workload : Workload
            What will be trained; `inputs_of` says what has to be known of it, and one
            that predicts epochs needs their number.
        hardware : Hardware
            On what.
        observed : sequence of Epoch
            Of no use to a regression.
        duration_s : float or None
            Time of the whole training [s]; one that predicts power needs it.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Raises
        ------
        InsufficientDataError
            If an input, the duration or the number of epochs is not known.
        ValueError
            If the duration is not positive or the level is outside (0, 1).
        """
        del observed
        inputs = inputs_of(workload, hardware, stated=self.gpus)
        times = (
            require_duration_s(duration_s, self.name)
            if self.target == "power_w"
            else require_n_epochs(workload, self.name)
        )
        found = self.predict_rows(inputs[None, :], level)
        value, low, high = (float(bound[0]) for bound in found)
        outside = self._outside(inputs)
        return Estimate(
            workload=workload.name,
            hardware=hardware.name,
            energy_j=value * times,
            energy_low_j=None if isnan(low) else low * times,
            energy_high_j=None if isnan(high) else high * times,
            level=level,
            method=self.name,
            in_range=not outside,
            provenance=self.provenance,
            scope=self.scope,
            uncertainty=(
                self._reason(inputs, value, level, is_outside=bool(outside)),
                _TAKEN_AS_STATED[self.target],
            ),
            notes=tuple(self._doubts(workload, value, outside)),
        )

    def predict_rows(
        self, inputs: Floats, level: float = 0.9
    ) -> tuple[Floats, Floats, Floats]:
        """Return the target of many trainings, and the bounds of its intervals.

        Parameters
        ----------
        inputs : ndarray of shape (n, 10)
            As `inputs_of` gives them.
        level : float, default 0.9
            Coverage of the intervals, in (0, 1).

        Returns
        -------
        tuple of three ndarray of shape (n,)
            Value, low and high, in the unit of the target [W or J]; bounds are not
            below 0, and NaN where an input is out of range, the value is not positive
            or errors are too few.

        Raises
        ------
        ValueError
            If the level is outside (0, 1).
        """
        value = self.predict(self.scaling.apply(inputs))
        inside = self.is_inside(inputs)
        repeats = conformal_quantile(self.residuals.repeats, level)
        configurations = reach_of_configurations(self.residuals.configurations, level)
        width = np.where(
            self._is_known(inputs),
            nan if repeats is None else repeats,
            nan if configurations is None else configurations,
        )
        reach = np.where(inside & (value > 0), width, nan)
        unit = UNIT[self.target]
        return (
            value * unit,
            np.maximum(value - reach, 0.0) * unit,
            (value + reach) * unit,
        )

    def is_inside(self, inputs: Floats) -> NDArray[np.bool_]:
        """Return which rows lie within the range of every input that was learned.

        Parameters
        ----------
        inputs : ndarray of shape (n, 10)
            As `inputs_of` gives them.
        """
        low, high = self._range()
        return np.asarray(np.all((inputs >= low) & (inputs <= high), axis=1))

    def _is_known(self, inputs: Floats) -> NDArray[np.bool_]:
        """Return which rows are configurations that were seen, with repeats."""
        if not self.residuals.repeats:
            return np.zeros(len(inputs), dtype=bool)
        near = np.isclose(self.known[None], inputs[:, None], rtol=1e-6, atol=0.0)
        return np.asarray(np.any(np.all(near, axis=2), axis=1))

    def _range(self) -> tuple[Floats, Floats]:
        """Return the range of each input that was seen, rounding allowed for."""
        low, high = self.known.min(axis=0), self.known.max(axis=0)
        slack = 1e-9 * (1 + np.abs(high))
        return low - slack, high + slack

    def _reason(
        self, inputs: Floats, value: float, level: float, *, is_outside: bool
    ) -> str:
        """Return what an interval is made of, or why there is none."""
        if is_outside:
            return "no interval: outside of the training runs no error is known"
        if value <= 0:
            return "no interval: there is none around what is not positive"
        is_known = bool(self._is_known(inputs[None, :])[0])
        errors = self.residuals
        n = len(errors.repeats if is_known else errors.configurations)
        of = "repeats of configurations it knows" if is_known else "configurations"
        if n == 0 or level > highest_conformal_level(n):
            return (
                f"no interval: errors on {n} {of} support a level of at most "
                f"{highest_conformal_level(n):.0%}"
            )
        return f"errors on {n} {of}" + ("" if is_known else " that were left out")

    def _outside(self, inputs: Floats) -> list[str]:
        low, high = self._range()
        return [
            f"{INPUTS[i]} {inputs[i]:g}, trained on {low[i]:g} to {high[i]:g}"
            for i in np.flatnonzero((inputs < low) | (inputs > high))
        ]

    def _doubts(
        self, workload: Workload, value: float, outside: Sequence[str]
    ) -> Iterator[str]:
        if outside:
            yield f"outside of the training runs: {'; '.join(outside)}"
        if outside and self.name.startswith("kernel-ridge"):
            yield "kernel ridge has no intercept: away from its data it falls to 0"
        if value <= 0:
            yield "the regression gives an energy that is not positive"
        variant = workload.variant or ""
        if variant not in self.variants:
            yield f"no training run had {variant or 'no settings'!r}: no input says so"


_TAKEN_AS_STATED: Final[Mapping[Target, str]] = {
    "power_w": "the duration is taken as stated, without an error",
    "epoch_energy_j": "the number of epochs is taken as stated, without an error",
    "stable_epoch_energy_j": "every epoch is taken as one from epoch 10 on",
}


@dataclass(frozen=True, slots=True)
class RegressionMethod:
    """A published model with its target: what makes estimators of runs.

    Parameters
    ----------
    name : str
        Of the method.
    model : str
        A key of `PUBLISHED`.
    target : {"power_w", "epoch_energy_j", "stable_epoch_energy_j"}
        What it predicts.
    """

    name: str
    model: str
    target: Target

    def fit(
        self,
        runs: Sequence[Run] = (),
        *,
        stated: Mapping[str, GpuFigures] | None = None,
        scope: Scope | None = None,
        with_errors: bool = True,
    ) -> RegressionEstimator:
        """Return the regression that has learned from `runs`.

        Parameters
        ----------
        runs : sequence of Run
            Finished runs; those without the target or an input are left out.
        stated : mapping of str to GpuFigures, optional
            Figures of accelerators by name, before those of the package.
        scope : {"gpu", "node", "wall"} or None
            Of the energies; each run's default where `None`.
        with_errors : bool, default True
            Whether to learn how large errors are, which takes 15 more fits; without
            them there are no intervals.

        Raises
        ------
        InsufficientDataError
            If fewer than two configurations are left.
        IncomparableError
            If the energies are of several scopes.
        MissingExtraError
            If it needs scikit-learn and that is not installed.
        """
        rows = input_rows(runs, stated=stated)
        readings = read_all(runs, self.target, scope)
        usable = [r for r, ok in zip(readings, rows.known, strict=True) if ok and r]
        kept = np.array(
            [ok and r is not None for r, ok in zip(readings, rows.known, strict=True)],
            dtype=bool,
        )
        inputs = rows.values[kept]
        known, which = _configurations(inputs)
        if len(known) < _MIN_CONFIGURATIONS:
            raise InsufficientDataError(
                _tell_too_few(self.name, len(runs), len(known), rows.left_out)
            )
        target = np.array([r.value for r in usable]) / UNIT[self.target]
        scaling = Standardization.of(inputs)
        model = PUBLISHED[self.model][self.target]
        standardized = scaling.apply(inputs)
        learned = [r for r, ok in zip(runs, kept, strict=True) if ok]
        return RegressionEstimator(
            name=self.name,
            target=self.target,
            predict=model(standardized, target),
            scaling=scaling,
            known=known,
            residuals=(
                unseen_errors(model, standardized, target, which)
                if with_errors
                else Residuals((), ())
            ),
            variants=frozenset(r.workload.variant or "" for r in learned),
            gpus={**stated_by_runs(runs), **(stated or {})},
            scope=require_one_scope(usable),
            provenance=weakest_of(r.provenance for r in usable),
        )


def _configurations(inputs: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """Return the different rows of `inputs`, and which of them each row is."""
    known, which = np.unique(inputs, axis=0, return_inverse=True)
    return known, which.ravel()


def _tell_too_few(
    name: str, n_runs: int, n_known: int, left_out: Mapping[str, int]
) -> str:
    why = "; ".join(f"{n} runs: {reason}" for reason, n in left_out.items())
    return (
        f"{name} needs runs of {_MIN_CONFIGURATIONS} configurations or more, got "
        f"{n_known} from {n_runs} runs{f' ({why})' if why else ''}"
    )


LINEAR_POWER: Final = RegressionMethod("linear-power", "linear", "power_w")
RIDGE_POWER: Final = RegressionMethod("ridge-power", "ridge", "power_w")
KERNEL_RIDGE_POWER: Final = RegressionMethod(
    "kernel-ridge-power", "kernel-ridge", "power_w"
)
SVM_POWER: Final = RegressionMethod("svm-power", "svm", "power_w")
LINEAR_EPOCH: Final = RegressionMethod("linear-epoch", "linear", "epoch_energy_j")
RIDGE_EPOCH: Final = RegressionMethod("ridge-epoch", "ridge", "epoch_energy_j")
KERNEL_RIDGE_EPOCH: Final = RegressionMethod(
    "kernel-ridge-epoch", "kernel-ridge", "epoch_energy_j"
)
SVM_EPOCH: Final = RegressionMethod("svm-epoch", "svm", "epoch_energy_j")
