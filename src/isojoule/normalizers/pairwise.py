"""Methods that fit one pair of machines at a time, and the interval they all get.

The methods differ in the references they take and in the line they put through them.
What is the same is here: the range of the references, and an interval from workloads
that had no part in their own prediction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, inf, isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers.lines import Line
from isojoule.normalizers.pairs import (
    Floats,
    Pair,
    inputs_of,
    make_pair,
    require_positive,
    require_taken,
)
from isojoule.records import Calibration, Estimate, Observation, weakest
from isojoule.stats import conformal_quantile, highest_conformal_level, log_ratio

N_GROUPS: Final = 10
"""Groups of references that are left out in turn where one at a time is too slow."""


@dataclass(frozen=True, slots=True)
class PairFit:
    """One method fitted to one pair of machines.

    Parameters
    ----------
    line : Line
        The fit.
    references : tuple of str
        Workloads that the fit used, by rising source energy.
    low, high : ndarray of shape (1 + n_features,)
        Range of their inputs.
    abs_log_residuals : mapping of str to float
        |ln(predicted / measured)| of each shared workload by a fit without it; infinite
        where that prediction was not positive.
    n_groups : int or None
        Groups in which the references were left out; `None` if one at a time.
    """

    line: Line
    references: tuple[str, ...]
    low: Floats
    high: Floats
    abs_log_residuals: Mapping[str, float]
    n_groups: int | None = None


@dataclass(frozen=True, slots=True)
class PairwiseMethod:
    """What makes one method.

    Parameters
    ----------
    name : str
        Name that its estimates carry.
    n_min : int
        Fewest references, without features; each feature needs one more.
    pick : callable
        From the source energies (n,) of the candidates [J] to indices of those it uses.
    fit_line : callable
        From inputs (k, 1 + p) and target energies (k,) [J] to a `Line`.
    takes_features : tuple of str
        Names of what it can use beside the source energy.
    needs_positive : bool, default False
        Whether it takes logarithms: workloads with a feature of zero are left out.
    max_refits : int or None
        Most references of which each is left out on its own for the interval; above
        that `N_GROUPS` groups are left out in turn. No limit where `None`.
    """

    name: str
    n_min: int
    pick: Callable[[Floats], NDArray[np.intp]]
    fit_line: Callable[[Floats, Floats], Line]
    takes_features: tuple[str, ...] = ()
    needs_positive: bool = False
    max_refits: int | None = None

    def fit(
        self,
        calibrations: Sequence[Calibration],
        *,
        references: Sequence[str] | None = None,
        features: Sequence[str] = (),
        allow_mixed: bool = False,
    ) -> "PairwiseNormalizer":
        """Return a normalizer for these machines; each pair is fitted when asked for.

        Parameters
        ----------
        calibrations : sequence of Calibration
            One per machine.
        references : sequence of str or None
            Workloads the method may use; all that a pair shares where `None`. The
            others that a pair shares still tell how wide the interval is.
        features : sequence of str
            Names in `isojoule.normalizers.pairs.FEATURES`.
        allow_mixed : bool, default False
            Accept different phases, scopes or provenances.

        Raises
        ------
        UnknownNameError
            If there is no such feature.
        ValueError
            If the method does not take one of the features.
        """
        require_taken(features, self.takes_features, method=self.name)
        return PairwiseNormalizer(
            method=self,
            calibrations={c.hardware: c for c in calibrations},
            references=None if references is None else tuple(references),
            features=tuple(features),
            allow_mixed=allow_mixed,
        )

    def fit_pair(self, pair: Pair, references: Sequence[str] | None = None) -> PairFit:
        """Return the method fitted to one pair.

        Parameters
        ----------
        pair : Pair
            What two machines share.
        references : sequence of str or None
            Workloads the method may use; all of the pair where `None`.

        Raises
        ------
        UnknownNameError
            If a reference is not shared.
        InsufficientDataError
            If the method needs more references than there are.
        """
        candidates = _candidates(pair, references)
        if self.needs_positive:
            candidates = candidates[(pair.inputs[candidates] > 0).all(axis=1)]
        line, used = self._fit(pair, candidates)
        predicted_j = line.predict(pair.inputs)
        is_grouped = self.max_refits is not None and len(used) > self.max_refits
        n_groups = N_GROUPS if is_grouped else len(used)
        for first in range(n_groups):
            left_out = used[first::n_groups]  # every group spans all energies
            predicted_j[left_out] = self._predict_without(pair, candidates, left_out)
        return PairFit(
            line=line,
            references=tuple(pair.workloads[i] for i in used),
            low=pair.inputs[used].min(axis=0),
            high=pair.inputs[used].max(axis=0),
            abs_log_residuals=_abs_log_residuals(pair, predicted_j),
            n_groups=n_groups if is_grouped else None,
        )

    def _fit(
        self, pair: Pair, candidates: NDArray[np.intp]
    ) -> tuple[Line, NDArray[np.intp]]:
        """Return the fit to the candidates that the method picks, and those.

        Raises
        ------
        InsufficientDataError
            If the method needs more references.
        """
        n_features = pair.inputs.shape[1] - 1
        n_min = self.n_min + n_features
        if len(candidates) < n_min:
            usable = " with these features" if n_features else ""
            raise InsufficientDataError(
                f"{self.name} needs {n_min} references, {pair.source} and "
                f"{pair.target} offer {len(candidates)}{usable}: measure more "
                "workloads on both"
            )
        used = candidates[self.pick(pair.inputs[candidates, 0])]
        return self.fit_line(pair.inputs[used], pair.target_energy_j[used]), used

    def _predict_without(
        self, pair: Pair, candidates: NDArray[np.intp], left_out: NDArray[np.intp]
    ) -> Floats:
        """Return target energies [J] by a fit to the rest; NaN where it is too few."""
        try:
            line, _ = self._fit(pair, np.setdiff1d(candidates, left_out))
        except InsufficientDataError:
            return np.full(len(left_out), np.nan)
        return line.predict(pair.inputs[left_out])


def all_references(source_energy_j: Floats) -> NDArray[np.intp]:
    """Return the index of every candidate: what most methods use."""
    return np.arange(len(source_energy_j))


def _candidates(pair: Pair, references: Sequence[str] | None) -> NDArray[np.intp]:
    index = {name: i for i, name in enumerate(pair.workloads)}
    wanted = pair.workloads if references is None else references
    for name in wanted:
        if name not in index:
            raise UnknownNameError("shared workload", name, index)
    return np.array(sorted({index[name] for name in wanted}), dtype=np.intp)


def _abs_log_residuals(pair: Pair, predicted_j: Floats) -> dict[str, float]:
    return {
        name: abs(log_ratio(float(predicted), float(true)))
        for name, predicted, true in zip(
            pair.workloads, predicted_j, pair.target_energy_j, strict=True
        )
        if not np.isnan(predicted)
    }


@dataclass(frozen=True, slots=True)
class PairwiseNormalizer:
    """A method and the machines it converts between.

    Parameters
    ----------
    method : PairwiseMethod
        The method.
    calibrations : mapping of str to Calibration
        By machine.
    references : tuple of str or None
        Workloads the method may use; all shared ones where `None`.
    features : tuple of str
        What it uses beside the source energy.
    allow_mixed : bool
        Whether different phases, scopes or provenances are accepted.
    """

    method: PairwiseMethod
    calibrations: Mapping[str, Calibration]
    references: tuple[str, ...] | None = None
    features: tuple[str, ...] = ()
    allow_mixed: bool = False
    _fits: dict[tuple[str, str], PairFit] = field(
        default_factory=dict, compare=False, repr=False
    )

    def fitted(self, source: str, target: str) -> PairFit:
        """Return the fit from `source` to `target`.

        Raises
        ------
        UnknownNameError
            If a machine, a reference or a feature is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        InsufficientDataError
            If the method needs more references than the machines share.
        """
        if (source, target) not in self._fits:
            pair = make_pair(
                self.calibrations,
                source,
                target,
                features=self.features,
                allow_mixed=self.allow_mixed,
            )
            self._fits[source, target] = self.method.fit_pair(pair, self.references)
        return self._fits[source, target]

    def describe(self, source: str, target: str) -> Mapping[str, float]:
        """Return the coefficients of `fitted` by name with unit."""
        return self.fitted(source, target).line.describe(self.features)

    def convert(
        self, observation: Observation, *, target: str, level: float = 0.9
    ) -> Estimate:
        r"""Return the energy `target` would need for the observed work.

        Parameters
        ----------
        observation : Observation
            One workload on a calibrated machine.
        target : str
            Calibrated machine to convert to.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).

        Returns
        -------
        Estimate
            With bounds where other workloads that both machines measured support them.

        Raises
        ------
        UnknownNameError
            If a machine, a reference or a feature is not there.
        IncomparableError
            If the energies of the two are of different kinds.
        InsufficientDataError
            If the method needs more references, a feature of the observation is not
            known, or zero where a logarithm is taken, or no finite energy comes out.
        ValueError
            If the level is outside (0, 1).

        Notes
        -----
        Bounds are :math:`E e^{\pm q}`, where :math:`q` is the conformal quantile of
        :math:`|\ln(E_{predicted} / E_{measured})|` over the other shared workloads,
        each predicted by a fit without it.
        """
        fitted = self.fitted(observation.hardware, target)
        inputs = np.array(inputs_of(observation, self.features))
        if self.method.needs_positive:
            require_positive(observation, self.features, method=self.method.name)
        energy_j = float(fitted.line.predict(inputs[np.newaxis])[0])
        if not isfinite(energy_j):
            raise InsufficientDataError(
                f"{self.method.name} gives no finite energy for "
                f"{observation.workload!r}: it lies too far outside the references"
            )
        factor, because = interval_factor(fitted, observation.workload, level)
        doubts = fitted.line.doubts
        if energy_j <= 0:
            factor = None
            doubts += ("the fit gives an energy that is not positive: not usable",)
        known = [self.calibrations[target].observations[r] for r in fitted.references]
        return Estimate(
            workload=observation.workload,
            hardware=target,
            energy_j=energy_j,
            energy_low_j=None if factor is None else energy_j / factor,
            energy_high_j=None if factor is None else energy_j * factor,
            level=level,
            method=self.method.name,
            references=fitted.references,
            in_range=bool(((inputs >= fitted.low) & (inputs <= fitted.high)).all()),
            provenance=weakest(o.provenance for o in (observation, *known)),
            scope=observation.scope,
            uncertainty=(because,),
            notes=doubts,
        )


def interval_factor(
    fitted: PairFit, workload: str, level: float
) -> tuple[float | None, str]:
    """Return the factor up and down that covers at `level`, and what it is made of.

    Parameters
    ----------
    fitted : PairFit
        The fit.
    workload : str
        Whose estimate it is; its own error is never used.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    tuple of float or None, and str
        `None` where the width is not known; the text then says why.

    Raises
    ------
    ValueError
        If the level is outside (0, 1).
    """
    residuals = [r for name, r in fitted.abs_log_residuals.items() if name != workload]
    half_width = conformal_quantile(residuals, level)
    if half_width is None:
        most = highest_conformal_level(len(residuals))
        return None, (
            f"unknown: {len(residuals)} other workloads measured on both machines "
            f"support a level up to {most:.2f}, {level:g} was asked"
        )
    if half_width == inf:
        failed = sum(r == inf for r in residuals)
        return None, f"unknown: {failed} of {len(residuals)} checks were not positive"
    seen = " (the fit has seen this one)" if workload in fitted.references else ""
    grouped = (
        f", references in {fitted.n_groups} groups left out in turn"
        if fitted.n_groups
        else ""
    )
    return exp(half_width), (
        f"conformal, from the log errors of {len(residuals)} other workloads measured "
        f"on both machines, each predicted without itself{grouped}{seen}"
    )
