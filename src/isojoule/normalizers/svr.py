r"""Support vector regression of the target energy on the source energy [1]_.

Radial kernel :math:`e^{-\gamma (x - x_i)^2}`, C = 0.1 and epsilon = 1e-4, as published,
in two readings of the units that C and epsilon have:

``svr``
    Energies in kWh and not scaled: errors below epsilon, 1e-4 kWh (360 J), count for
    nothing, and no reference moves the curve by more than C, 0.1 kWh (360 kJ).
``svr-standardized``
    Source and target energies standardized first by mean and standard deviation over
    the references: C and epsilon count standard deviations.

:math:`\gamma` is scikit-learn's default ``"scale"``, one over the variance of the
source energies of the references. Its stopping tolerance is the default as well, 1e-3:
in kWh that is 3.6 kJ, more than epsilon.

With ``svr`` the estimate depends on the unit of work: where the target energies of all
references lie within 4.32 kJ (twice epsilon and the tolerance) the curve is constant,
and where they are far above C times their number it is nearly so. Far from all
references both return to the intercept, whatever the source energy. Where the estimates
of the references span less than a tenth of their energies, a note says so.

For the interval each reference is left out on its own up to 200 of them; above, ten
groups of references are left out in turn: one fit to 4000 takes about a second.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, support vector regression.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from isojoule.errors import MissingExtraError
from isojoule.normalizers.lines import require_different_energies
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references
from isojoule.units import J_PER_KWH, format_energy

_C: Final = 0.1
_EPSILON: Final = 1e-4
_FLAT_FRACTION: Final = 0.1
_MAX_REFITS: Final = 200


@dataclass(frozen=True, slots=True)
class Axis:
    """How energies are counted inside the regression.

    Parameters
    ----------
    unit : str
        What one is called.
    zero_j : float
        Energy that counts as zero [J].
    unit_j : float
        Energy of one unit [J].
    """

    unit: str
    zero_j: float
    unit_j: float

    def count(self, energy_j: Floats) -> Floats:
        """Return energies [J] in units from zero."""
        return (energy_j - self.zero_j) / self.unit_j

    def energy_j(self, count: Floats) -> Floats:
        """Return counts as energies [J]."""
        return self.zero_j + count * self.unit_j


KWH: Final = Axis("kWh", 0.0, J_PER_KWH)


def standard_axis(energy_j: Floats) -> Axis:
    """Return the axis on which these energies [J] have mean 0 and deviation 1."""
    deviation_j = float(energy_j.std())
    return Axis("std", float(energy_j.mean()), deviation_j or 1.0)


@dataclass(frozen=True, slots=True)
class SvrFit:
    """A support vector regression between two axes of energy.

    Parameters
    ----------
    model : sklearn.svm.SVR
        Fitted to counts on the axes; its support vectors and weights are in it.
    source, target : Axis
        What it counts in.
    gamma : float
        Of the kernel [1 / source unit^2].
    doubts : tuple of str
        Reasons not to trust the fit as a whole.
    """

    model: Any
    source: Axis
    target: Axis
    gamma: float
    doubts: tuple[str, ...] = ()

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1)."""
        counts = self.model.predict(self.source.count(inputs))
        return np.asarray(self.target.energy_j(counts), dtype=np.float64)

    def describe(self, features: Sequence[str] = ()) -> dict[str, float]:
        """Return what defines the curve by name with unit, without each weight.

        Parameters
        ----------
        features : sequence of str
            None: the curve has no other input.
        """
        del features
        weights = self.model.dual_coef_
        axes = {
            f"{end} {name} [J]": value
            for end, axis in (("source", self.source), ("target", self.target))
            for name, value in (("mean", axis.zero_j), ("std", axis.unit_j))
            if axis != KWH
        }
        return {
            f"intercept [{self.target.unit}]": float(self.model.intercept_[0]),
            f"gamma [1/{self.source.unit}^2]": self.gamma,
            "support vectors [1]": float(weights.size),
            f"largest weight [{self.target.unit}]": float(
                np.abs(weights).max(initial=0.0)
            ),
            **axes,
        }


def fit_in_kwh(inputs: Floats, target_energy_j: Floats) -> SvrFit:
    """Return the regression on energies in kWh.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1)
        Source energies [J].
    target_energy_j : ndarray of shape (n,)
        Target energies [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    MissingExtraError
        If scikit-learn is not installed.
    """
    require_different_energies("svr", inputs[:, 0], 2)
    return _fit(inputs, target_energy_j, KWH, KWH)


def fit_standardized(inputs: Floats, target_energy_j: Floats) -> SvrFit:
    """Return the regression on standardized energies.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1)
        Source energies [J].
    target_energy_j : ndarray of shape (n,)
        Target energies [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    MissingExtraError
        If scikit-learn is not installed.
    """
    require_different_energies("svr-standardized", inputs[:, 0], 2)
    source, target = standard_axis(inputs[:, 0]), standard_axis(target_energy_j)
    return _fit(inputs, target_energy_j, source, target)


def _fit(inputs: Floats, target_energy_j: Floats, source: Axis, target: Axis) -> SvrFit:
    try:
        from sklearn import svm
    except ImportError as error:
        raise MissingExtraError("study", "support vector regression") from error
    counts = source.count(inputs)
    model = svm.SVR(kernel="rbf", C=_C, epsilon=_EPSILON, gamma="scale")
    model.fit(counts, target.count(target_energy_j))
    estimate_j = target.energy_j(model.predict(counts))
    return SvrFit(
        model=model,
        source=source,
        target=target,
        gamma=1 / float(counts.var()),
        doubts=_doubts_of_span(
            float(np.ptp(estimate_j)), float(np.ptp(target_energy_j))
        ),
    )


def _doubts_of_span(estimated_j: float, seen_j: float) -> tuple[str, ...]:
    if estimated_j >= _FLAT_FRACTION * seen_j:
        return ()
    estimated, seen = format_energy(estimated_j), format_energy(seen_j)
    return (f"the curve is nearly flat, from end to end {estimated} instead of {seen}",)


SVR = PairwiseMethod(
    "svr",
    n_min=3,
    pick=all_references,
    fit_line=fit_in_kwh,
    max_refits=_MAX_REFITS,
)
SVR_STANDARDIZED = PairwiseMethod(
    "svr-standardized",
    n_min=3,
    pick=all_references,
    fit_line=fit_standardized,
    max_refits=_MAX_REFITS,
)
