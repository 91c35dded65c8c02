r"""From the energy that a team stated to that on the organizers' hardware.

The methods are those of `isojoule.normalizers`; a team's references are the
calibration of its site. How much each reference moves a converted energy is found by
finite differences, so that one error of a site moves all its systems.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation: single and dual references, regressions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, isfinite, log, sqrt
from typing import Final

import numpy as np

from isojoule.comparison.budget import (
    Doubt,
    model_doubts,
    normal_quantile,
    total_log_std,
)
from isojoule.comparison.references import SitePair
from isojoule.comparison.rules import Errors, PhaseRules
from isojoule.errors import IncomparableError, InsufficientDataError, UnknownNameError
from isojoule.normalizers import NORMALIZERS, Normalizer
from isojoule.normalizers.joint.doubt import OWN
from isojoule.records import Calibration, Estimate, Observation

FEATURES: Final[Mapping[str, str]] = {"work_flop": "flop", "n_params": "params"}
"""Names of features in the rules, and what normalizers call them."""

MAX_SEPARATE: Final = 8
"""Most references whose errors are followed one by one. Above, each error moves an
energy so little that all together count like that of a mean."""

ITERATED: Final = ("gp", "svr", "svr-standardized")
"""Methods that search for their parameters at every fit, which takes too long to do for
every reference: their references count like a mean, too."""

GUESSES_ROUNDING: Final = ("joint",)
"""Methods that guess how a number was rounded from its digits."""

_STEP: Final = 1e-3
"""Of finite differences, in logarithms."""

_BLUR: Final = 1 + 1e-9 * sqrt(2)
"""Gives a number digits to the end, and leaves its value."""


@dataclass(frozen=True, slots=True)
class Converted:
    """An energy on the organizers' hardware, and how it hangs on what went in.

    Parameters
    ----------
    estimate : Estimate
        As the normalizer gives it.
    own_sensitivity : float
        d ln (converted) / d ln (stated energy).
    doubts : tuple of Doubt
        Of the references and of the conversion; not of the stated energy.
    extrapolation_factor : float
        How far the energy lies outside the references of the site.
    """

    estimate: Estimate
    own_sensitivity: float
    doubts: tuple[Doubt, ...]
    extrapolation_factor: float


class SiteConverter:
    """Converts the energies of one site in one phase; fits each line once.

    Parameters
    ----------
    phase : PhaseRules
        Method, features and limits.
    pairs : sequence of SitePair
        What the site and the organizers both measured.
    errors : Errors
        Priors.

    Raises
    ------
    InsufficientDataError
        If there is no such method, or it has no use for the features.
    """

    def __init__(
        self, phase: PhaseRules, pairs: Sequence[SitePair], *, errors: Errors
    ) -> None:
        self._phase = phase
        self._pairs = tuple(pairs)
        self._errors = errors
        self._before = Calibration(
            pairs[0].before.hardware, {p.before.workload: p.before for p in pairs}
        )
        self._after = Calibration(
            pairs[0].after.hardware, {p.after.workload: p.after for p in pairs}
        )
        self._normalizer = self._fit(self._before, self._after)
        # Without a guess of rounding, that would jump from one number to the next.
        self._smooth = self._normalizer
        if phase.method in GUESSES_ROUNDING:
            self._before, self._after = _blurred(self._before), _blurred(self._after)
            self._smooth = self._fit(self._before, self._after)
        self._shifted: dict[tuple[str, bool], Normalizer] = {}

    def convert(self, observation: Observation, *, level: float) -> Converted:
        """Return the energy on the organizers' hardware.

        Parameters
        ----------
        observation : Observation
            The system at the site.
        level : float
            Of the interval that the normalizer is asked for.

        Raises
        ------
        InsufficientDataError
            If the data do not allow a number.
        ValueError
            If a figure is at the end of what numbers hold.
        """
        estimate = self._ask(self._normalizer, observation, level)
        used = [p for p in self._pairs if p.before.workload in estimate.references]
        outside = _extrapolation(observation, used)
        limit = self._phase.max_extrapolation_factor
        if len(used) > 1 and outside > limit:
            raise InsufficientDataError(
                f"the energy lies a factor of {outside:.3g} outside the references of "
                f"the site, the rules allow {limit:g}: run a reference nearer to it"
            )
        if self._smooth is self._normalizer:
            smooth = estimate
        else:
            observation = _scaled(observation, _BLUR)
            smooth = self._ask(self._smooth, observation, level)
        own = self._own_sensitivity(observation, smooth)
        doubts = self._reference_doubts(observation, smooth, used)
        doubts += self._model_doubts(smooth, used, doubts)
        return Converted(estimate, own, tuple(doubts), outside)

    def _fit(self, before: Calibration, after: Calibration) -> Normalizer:
        fit = NORMALIZERS.get(self._phase.method)
        if fit is None:
            known = ", ".join(["none", *NORMALIZERS])
            raise InsufficientDataError(
                f"no method {self._phase.method!r}: there are {known}"
            )
        features = [FEATURES.get(name, name) for name in self._phase.features]
        try:
            return fit([before, after], features=features, allow_mixed=True)
        except (UnknownNameError, ValueError) as error:
            raise InsufficientDataError(str(error)) from error

    def _ask(
        self, normalizer: Normalizer, observation: Observation, level: float
    ) -> Estimate:
        """Return the estimate of a normalizer.

        Raises
        ------
        InsufficientDataError
            If there is none, or it is not a positive number.
        """
        target = self._after.hardware
        try:
            with np.errstate(all="ignore"):  # what is not finite is refused below
                estimate = normalizer.convert(observation, target=target, level=level)
        except (
            IncomparableError,
            InsufficientDataError,
            UnknownNameError,
            ValueError,
        ) as error:
            raise InsufficientDataError(str(error)) from error
        if not (isfinite(estimate.energy_j) and estimate.energy_j > 0):
            raise InsufficientDataError(
                f"{self._phase.method} gives {estimate.energy_j:.3g} J on "
                f"{target}, which is no energy: run a reference nearer to the system"
            )
        return estimate

    def _own_sensitivity(self, observation: Observation, estimate: Estimate) -> float:
        """Return d ln (converted) / d ln (stated energy).

        Raises
        ------
        InsufficientDataError
            If more energy at the site would give less at the organizers'.
        """
        if self._is_ratio:
            return 1.0
        moved = _moved(observation)
        slope = self._difference(self._smooth, moved, estimate)
        if slope <= 0:
            raise InsufficientDataError(
                "the references contradict each other: more energy at the site gives "
                "less on the organizers' hardware: check or repeat them"
            )
        return slope

    @property
    def _is_ratio(self) -> bool:
        return self._phase.method.startswith("single-")

    def _difference(
        self, normalizer: Normalizer, observation: Observation, estimate: Estimate
    ) -> float:
        """Return the change of ln energy per log step of what was moved."""
        moved = self._ask(normalizer, observation, estimate.level)
        return (log(moved.energy_j) - log(estimate.energy_j)) / _STEP

    def _reference_doubts(
        self, observation: Observation, estimate: Estimate, used: Sequence[SitePair]
    ) -> list[Doubt]:
        if len(used) > MAX_SEPARATE or self._phase.method in ITERATED:
            return self._mean_doubts(used)
        doubts = []
        for pair in used:
            name = pair.before.workload
            at_site, at_organizers = -1.0, 1.0
            if not self._is_ratio:
                at_site, at_organizers = (
                    self._difference(
                        self._shift(name, is_site=is_site), observation, estimate
                    )
                    for is_site in (True, False)
                )
            doubts += pair.site_doubts(self._errors, at_site)
            doubts += pair.organizer_doubts(self._errors, at_organizers)
        return doubts

    def _shift(self, name: str, *, is_site: bool) -> Normalizer:
        """Return the normalizer fitted with one energy a step higher."""
        if (name, is_site) not in self._shifted:
            moved = self._before if is_site else self._after
            changed = {**moved.observations, name: _moved(moved.observations[name])}
            calibration = Calibration(moved.hardware, changed)
            self._shifted[name, is_site] = (
                self._fit(calibration, self._after)
                if is_site
                else self._fit(self._before, calibration)
            )
        return self._shifted[name, is_site]

    def _mean_doubts(self, used: Sequence[SitePair]) -> list[Doubt]:
        """Return the errors of many references as those of their mean."""
        n = len(used)
        parts = [d for p in used for d in p.site_doubts(self._errors, -1.0)]
        parts += [d for p in used for d in p.organizer_doubts(self._errors, 1.0)]
        variances: dict[Doubt, float] = {}
        for part in parts:
            kind = replace(part, log_std=0.0, of=f"{n} references", is_uniform=False)
            variances[kind] = variances.get(kind, 0.0) + part.log_std**2
        return [
            replace(kind, log_std=variance**0.5 / n)
            for kind, variance in variances.items()
        ]

    def _model_doubts(
        self, estimate: Estimate, used: Sequence[SitePair], known: Sequence[Doubt]
    ) -> list[Doubt]:
        """Return the error of the conversion.

        The interval of a normalizer holds the errors of the references, and that of
        ``joint`` the repeats of the energy, too: they have their own lines and are
        taken off. Rounding that it could not guess is not in it.

        Raises
        ------
        InsufficientDataError
            If the interval has no end.
        """
        names = "; ".join(p.name for p in used)
        log_std = self._errors.model_fraction
        low_j, high_j = estimate.energy_low_j, estimate.energy_high_j
        if low_j is not None and high_j is not None:
            if not (low_j > 0 and isfinite(high_j)):
                raise InsufficientDataError(
                    f"{self._phase.method} knows no bounds for the system: run a "
                    "reference nearer to it"
                )
            half_width = (log(high_j) - log(low_j)) / 2
            variance = (half_width / normal_quantile(estimate.level)) ** 2
            variance *= 1 - estimate.sources.get(OWN, 0.0)
            is_blurred = self._phase.method in GUESSES_ROUNDING
            held = [d for d in known if not (is_blurred and d.is_uniform)]
            log_std = max(variance - total_log_std(held) ** 2, 0.0) ** 0.5
        found = model_doubts(log_std, len(used), of=names, at=self._before.hardware)
        return [doubt for doubt in found if doubt.log_std > 0]


def _moved(observation: Observation) -> Observation:
    return _scaled(observation, exp(_STEP))


def _scaled(observation: Observation, factor: float) -> Observation:
    return replace(observation, energy_j=observation.energy_j * factor)


def _blurred(calibration: Calibration) -> Calibration:
    """Return a calibration whose digits do not tell how they were rounded."""
    seen = calibration.observations
    return Calibration(
        calibration.hardware, {name: _scaled(o, _BLUR) for name, o in seen.items()}
    )


def _extrapolation(observation: Observation, used: Sequence[SitePair]) -> float:
    """Return how far an energy lies outside those of the references, as a factor."""
    energies_j = [p.before.energy_j for p in used]
    if not energies_j:
        return 1.0
    energy_j = observation.energy_j
    return max(energy_j / max(energies_j), min(energies_j) / energy_j, 1.0)
