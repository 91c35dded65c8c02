"""Submissions brought to the organizers' hardware: what is compared.

A figure that cannot be converted becomes a sentence that says what is missing; the
others still go through.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Final, TypeAlias

from isojoule.comparison.budget import Doubt, bounds_of, shares_of, system_doubts
from isojoule.comparison.conversion import Converted, SiteConverter
from isojoule.comparison.precision import rounded_j
from isojoule.comparison.references import (
    SitePair,
    SiteReferences,
    problem_of,
    site_name,
    site_references,
)
from isojoule.comparison.rules import PhaseRules, Rules
from isojoule.errors import InsufficientDataError
from isojoule.observations import observe
from isojoule.records import Estimate, Observation
from isojoule.submissions import Figure, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalizedEnergy:
    """The energy of one system in one phase on the organizers' hardware.

    Parameters
    ----------
    estimate : Estimate
        Energy [J] with bounds at the level of the rules.
    declared : Figure
        What it was made from [J].
    factor : float
        Energy over the declared one.
    doubts : tuple of Doubt
        What the bounds are made of.
    extrapolation_factor : float, default 1
        How far the declared energy lies outside the references of the site, as a
        factor; 1 inside.
    """

    estimate: Estimate
    declared: Figure
    factor: float
    doubts: tuple[Doubt, ...]
    extrapolation_factor: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """A submission with its energies on the organizers' hardware.

    Parameters
    ----------
    submission : Submission
        As it was handed in, with amendments.
    energies : mapping of str to NormalizedEnergy
        By phase, only where there is a number.
    refusals : mapping of str to str
        By phase, why there is none and what is missing.
    """

    submission: Submission
    energies: Mapping[str, NormalizedEnergy] = field(default_factory=dict)
    refusals: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """Label of the submission."""
        return self.submission.label

    @property
    def team(self) -> str:
        """Who handed it in."""
        return self.submission.team

    @property
    def is_baseline(self) -> bool:
        """Whether it is the organizers' own."""
        return self.submission.is_baseline

    def score(self, metric: str) -> float | None:
        """Return the score; `None` where there is no finite one.

        Parameters
        ----------
        metric : str
            Name in the rules.
        """
        figure = self.submission.scores.get(metric)
        if figure is None or figure.value is None or not isfinite(figure.value):
            return None
        return figure.value

    def energy_j(self, phase: str) -> float | None:
        """Return the normalized energy [J]; `None` where it was refused.

        Parameters
        ----------
        phase : str
            Name in the rules.
        """
        found = self.energies.get(phase)
        return None if found is None else found.estimate.energy_j


_BY_ORGANIZERS: Final = "as the organizers measured it"
_AT_SITE: Final = "as measured at the site, not brought to other hardware"

_Known: TypeAlias = dict[tuple[object, ...], SiteConverter]
"""Converters that were fitted, by phase and figures of the references."""


@dataclass(frozen=True, slots=True)
class _Case:
    """One energy of one submission, that is known to be positive."""

    submission: Submission
    phase: PhaseRules
    rules: Rules
    figure: Figure
    energy_j: float

    def own_doubts(self, sensitivity: float = 1.0) -> list[Doubt]:
        """Return what repeats and rounding of the energy itself leave open."""
        return system_doubts(
            self.figure,
            self.submission.runs,
            phase=self.phase.name,
            errors=self.rules.errors,
            sensitivity=sensitivity,
        )

    def observation(self) -> Observation:
        """Return what a normalizer may know of the system at its site."""
        submission = self.submission
        runs = [r for r in submission.runs if r.workload.phase == self.phase.name]
        seen = [o for r in runs if (o := observe(r)) is not None]
        n_params = submission.n_params.value if submission.n_params else None
        return Observation(
            # Never the name of a reference, whatever a submission is called.
            workload=f"system {submission.label}",
            hardware=site_name(submission, self.rules),
            energy_j=self.energy_j,
            phase=self.phase.name,
            provenance=self.figure.provenance,
            scope=self.figure.scope,
            work_flop=seen[0].work_flop if seen else None,
            n_params=n_params,
        )


def normalize_submissions(
    submissions: Sequence[Submission], rules: Rules
) -> tuple[System, ...]:
    """Return every submission with its energies on the organizers' hardware.

    Parameters
    ----------
    submissions : sequence of Submission
        After amendments.
    rules : Rules
        Of the edition.

    Raises
    ------
    MissingExtraError
        If the method of the rules needs a package that is not installed.

    Notes
    -----
    Nothing is raised for a submission that cannot be converted: `System.refusals` says
    why. A method that knows many machines is given the site and the organizers' only:
    the energy of one team does not depend on what another hands in.

    A converted energy is what the meter of the organizers would show: the gain of the
    site's meter is in its references, too, and cancels. With the method ``none`` the
    energy stays that of the site, and the error of its meter with it.
    """
    known: _Known = {}
    return tuple(_system(submission, rules, known) for submission in submissions)


def _system(submission: Submission, rules: Rules, known: _Known) -> System:
    energies, refusals = {}, {}
    for name, phase in rules.phases.items():
        try:
            case = _case(submission, phase, rules)
            energies[name] = _normalized(case, known)
        except InsufficientDataError as error:
            refusals[name] = str(error)
    return System(submission=submission, energies=energies, refusals=refusals)


def _case(submission: Submission, phase: PhaseRules, rules: Rules) -> _Case:
    """Return the stated energy of one phase.

    Raises
    ------
    InsufficientDataError
        If there is none that can be converted.
    """
    figure = submission.energies.get(phase.name)
    if figure is None or figure.value is None:
        problem = "was not handed in" if figure is None else problem_of(figure)
        raise InsufficientDataError(f"the {phase.name} energy {problem}")
    problem = problem_of(figure)
    if problem is not None:
        raise InsufficientDataError(f"the {phase.name} energy {problem}")
    return _Case(submission, phase, rules, figure, figure.value)


def _normalized(case: _Case, known: _Known) -> NormalizedEnergy:
    """Return the energy on the organizers' hardware.

    Raises
    ------
    InsufficientDataError
        If the data do not allow a number; the message says what is missing.
    """
    if case.phase.method == "none":
        meter = Doubt("meter", case.rules.errors.meter_fraction, "site")
        note = _BY_ORGANIZERS if case.submission.is_baseline else _AT_SITE
        return _as_stated(case, [meter] if meter.log_std > 0 else [], notes=(note,))
    found = site_references(case.submission, case.phase, case.rules)
    if _is_own_site(case, found):
        return _as_stated(case, [], notes=(_BY_ORGANIZERS, *found.complaints))
    try:
        converter = _converter(case, found, known)
        converted = converter.convert(case.observation(), level=case.rules.level)
    except ValueError as error:  # InsufficientDataError, and what no record holds
        reasons = (*found.complaints, str(error))
        raise InsufficientDataError("; ".join(reasons)) from error
    return _converted(case, converted, list(converted.doubts), notes=found.complaints)


def _is_own_site(case: _Case, found: SiteReferences) -> bool:
    """Return whether the organizers measured it where their references are from.

    That needs no conversion. Their references are then one and the same run, equal to
    the digits that were written, or there is none beside what they call their own.
    """
    if not found.pairs:
        return case.submission.is_baseline
    is_theirs = case.submission.is_baseline or (
        case.submission.label == case.rules.baseline
    )
    return is_theirs and all(pair.is_same for pair in found.pairs)


def _converter(case: _Case, found: SiteReferences, known: _Known) -> SiteConverter:
    """Return the converter of the site, fitted once for all systems that share it.

    Raises
    ------
    InsufficientDataError
        If there is no reference, or the method has no use for what there is.
    """
    if not found.pairs:
        nothing = "run a reference of the rules at the site and hand in its energy"
        raise InsufficientDataError(
            nothing if found.complaints else f"no reference: {nothing}"
        )
    key = case.phase.name, *(_figures(pair) for pair in found.pairs)
    if key not in known:
        known[key] = SiteConverter(case.phase, found.pairs, errors=case.rules.errors)
    return known[key]


def _figures(pair: SitePair) -> tuple[object, ...]:
    """Return all that a conversion knows of a reference; not where it was written."""
    stated = pair.figure
    rounding = stated and (stated.step, stated.low, stated.high)
    return pair.before, pair.after, rounding


def _as_stated(
    case: _Case, doubts: list[Doubt], *, notes: Sequence[str]
) -> NormalizedEnergy:
    """Return the energy as it was stated."""
    own = Estimate(
        workload=case.submission.label,
        hardware=case.rules.hardware,
        energy_j=case.energy_j,
        energy_low_j=None,
        energy_high_j=None,
        level=case.rules.level,
        method="none",
        provenance=case.figure.provenance,
        in_range=True,
    )
    return _converted(case, Converted(own, 1.0, (), 1.0), doubts, notes=notes)


def _converted(
    case: _Case,
    converted: Converted,
    doubts: list[Doubt],
    *,
    notes: Sequence[str] = (),
) -> NormalizedEnergy:
    """Return a converted energy with its whole budget.

    Raises
    ------
    InsufficientDataError
        If its bounds are no numbers.
    """
    found = replace(
        converted.estimate,
        energy_j=rounded_j(converted.estimate.energy_j, case.phase.decimals_kwh),
        energy_low_j=None,
        energy_high_j=None,
    )
    budget = (*case.own_doubts(converted.own_sensitivity), *doubts)
    low_j, high_j = bounds_of(found.energy_j, budget, case.rules.level)
    if not (low_j > 0 and isfinite(high_j)):
        raise InsufficientDataError(
            f"the {case.phase.name} energy {case.figure.text!r} is out of all bounds"
        )
    outside = converted.extrapolation_factor
    far = len(found.references) == 1 and outside > case.phase.max_extrapolation_factor
    return NormalizedEnergy(
        estimate=Estimate(
            workload=case.submission.label,
            hardware=case.rules.hardware,
            energy_j=found.energy_j,
            energy_low_j=low_j,
            energy_high_j=high_j,
            level=case.rules.level,
            method=found.method,
            references=found.references,
            in_range=found.in_range,
            provenance=found.provenance,
            scope=case.figure.scope,
            uncertainty=tuple(shares_of(budget)),
            notes=(*found.notes, *notes, *([_far(outside)] if far else [])),
            sources=shares_of(budget),
        ),
        declared=case.figure,
        factor=converted.estimate.energy_j / case.energy_j,
        doubts=budget,
        extrapolation_factor=outside,
    )


def _far(outside: float) -> str:
    return (
        f"a factor of {outside:.3g} away from its only reference: one reference fits "
        "systems near it"
    )
