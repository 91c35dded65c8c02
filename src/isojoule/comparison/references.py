"""The references that a site and the organizers both ran."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isclose, isfinite
from typing import Final

from isojoule.comparison.budget import (
    Doubt,
    organizer_doubts,
    site_doubts,
    suite_doubts,
)
from isojoule.comparison.rules import Errors, PhaseRules, Reference, Rules
from isojoule.errors import InsufficientDataError
from isojoule.records import Observation
from isojoule.submissions import Figure, ReferenceRun, Submission

_SAME: Final = 1e-9
"""Part of a number that conversions of its unit alter."""


@dataclass(frozen=True, slots=True)
class SitePair:
    """One reference at a site and at the organizers', with the errors of both.

    Parameters
    ----------
    before, after : Observation
        At the site and at the organizers'.
    figure : Figure or None
        As the site stated it; `None` where the suite measured it.
    reference : Reference or None
        As the organizers stated it; `None` where the suite measured it.
    """

    before: Observation
    after: Observation
    figure: Figure | None = None
    reference: Reference | None = None

    @property
    def name(self) -> str:
        """The reference and the phase of its run."""
        phase = self.before.phase
        return f"{self.before.workload}, {phase}" if phase else self.before.workload

    @property
    def is_same(self) -> bool:
        """Whether both energies are equal, as far as their digits tell."""
        steps = [
            self.figure and self.figure.step,
            self.reference and self.reference.step_j,
        ]
        rounding = sum(step or 0.0 for step in steps) / 2
        return isclose(
            self.before.energy_j, self.after.energy_j, rel_tol=_SAME, abs_tol=rounding
        )

    def site_doubts(self, errors: Errors, sensitivity: float) -> list[Doubt]:
        """Return the errors of the reference at the site.

        Parameters
        ----------
        errors : Errors
            Priors.
        sensitivity : float
            d ln (normalized energy) / d ln (reference energy).
        """
        if self.figure is not None:
            # Systems that state one figure share its error; other figures are others.
            of = f"{self.name}: {self.figure.text}"
            return site_doubts(
                self.figure, of=of, errors=errors, sensitivity=sensitivity
            )
        return suite_doubts(
            self.before,
            of=self.name,
            errors=errors,
            is_site=True,
            sensitivity=sensitivity,
        )

    def organizer_doubts(self, errors: Errors, sensitivity: float) -> list[Doubt]:
        """Return the errors of the reference at the organizers'.

        Parameters
        ----------
        errors : Errors
            Priors.
        sensitivity : float
            d ln (normalized energy) / d ln (reference energy).
        """
        if self.reference is not None:
            return organizer_doubts(
                self.reference, of=self.name, errors=errors, sensitivity=sensitivity
            )
        return suite_doubts(
            self.after,
            of=self.name,
            errors=errors,
            is_site=False,
            sensitivity=sensitivity,
        )


@dataclass(frozen=True, slots=True)
class SiteReferences:
    """What a site can be calibrated by in one phase.

    Parameters
    ----------
    pairs : tuple of SitePair
        References that both ran.
    complaints : tuple of str
        About those that the rules name and that cannot be used.
    """

    pairs: tuple[SitePair, ...]
    complaints: tuple[str, ...] = ()


def site_references(
    submission: Submission, phase: PhaseRules, rules: Rules
) -> SiteReferences:
    """Return the references of a phase that a submission and the rules both have.

    Parameters
    ----------
    submission : Submission
        With its own figures: they may differ within a team.
    phase : PhaseRules
        Whose references count.
    rules : Rules
        Whose calibration counts where the phase names no reference that the submission
        has, and the submission came with one.

    Notes
    -----
    A run is compared with the run of the same name and phase. One of another phase
    scales this phase only where the rules accept it.
    """
    site = site_name(submission, rules)
    pairs, complaints = [], []
    for reference in phase.references:
        try:
            figure = _site_figure(submission, reference, phase)
        except InsufficientDataError as error:
            complaints.append(str(error))
            continue
        pairs.append(_stated_pair(reference, figure, (site, rules.hardware)))
    if not pairs:
        pairs = _suite_pairs(submission, phase, rules, site=site)
    return SiteReferences(tuple(pairs), tuple(complaints))


def site_name(submission: Submission, rules: Rules) -> str:
    """Return what the hardware of a team is called, never as the organizers' is.

    Parameters
    ----------
    submission : Submission
        With its accelerator, where it says it.
    rules : Rules
        With the organizers' hardware.
    """
    device = submission.device or "hardware of the site"
    is_same = device.casefold() == rules.hardware.casefold()
    return f"{device} of the site" if is_same else device


def problem_of(figure: Figure) -> str | None:
    """Return why an energy cannot be converted; `None` where it can.

    Parameters
    ----------
    figure : Figure
        An energy [J].
    """
    if figure.value is None:
        return f"could not be read: {figure.problem or repr(figure.text)}"
    if not isfinite(figure.value) or figure.value < 0:
        return f"is {figure.text!r}, which is no energy"
    if figure.value == 0:
        return "is 0: measure it again, with more digits"
    return None


def _site_figure(
    submission: Submission, reference: Reference, phase: PhaseRules
) -> Figure:
    """Return the energy of a reference at the site.

    Raises
    ------
    InsufficientDataError
        If it cannot be used; the message says what is missing.
    """
    name = f"reference {reference.name!r} ({reference.phase})"
    if reference.phase != phase.name and not phase.accepts_other_phase:
        raise InsufficientDataError(
            f"{name} is of another phase, which the rules do not accept for "
            f"{phase.name}: a {phase.name} reference is needed"
        )
    runs = [r for r in submission.references if r.name == reference.name]
    found = [r for r in runs if r.phase == reference.phase]
    if not found:
        others = sorted({r.phase for r in runs})
        only = f", only of {' and '.join(others)}" if others else ""
        raise InsufficientDataError(f"{name} was not handed in{only}")
    return _only_figure(name, found)


def _only_figure(name: str, runs: Sequence[ReferenceRun]) -> Figure:
    """Return the figure of the runs, which must agree.

    Raises
    ------
    InsufficientDataError
        If it cannot be used, or several differ.
    """
    if len({r.energy.value for r in runs}) > 1:
        shown = " and ".join(repr(r.energy.text) for r in runs)
        raise InsufficientDataError(f"{name} was handed in more than once: {shown}")
    problem = problem_of(runs[0].energy)
    if problem is not None:
        raise InsufficientDataError(f"{name} at the site {problem}")
    return runs[0].energy


def _stated_pair(
    reference: Reference, figure: Figure, machines: tuple[str, str]
) -> SitePair:
    site, target = machines
    before = Observation(
        workload=reference.name,
        hardware=site,
        energy_j=figure.value or 0.0,  # positive: `_only_figure` has seen to it
        phase=reference.phase,
        provenance=figure.provenance,
        scope=figure.scope,
        work_flop=reference.work_flop,
        n_params=reference.n_params,
    )
    after = replace(before, hardware=target, energy_j=reference.energy_j)
    return SitePair(before, after, figure, reference)


def _suite_pairs(
    submission: Submission, phase: PhaseRules, rules: Rules, *, site: str
) -> list[SitePair]:
    """Return what both measured of the reference suite, in this phase."""
    if submission.calibration is None or rules.calibration is None:
        return []
    before = submission.calibration.observations
    after = rules.calibration.observations
    pairs = [
        SitePair(
            replace(before[name], hardware=site),
            replace(after[name], hardware=rules.hardware),
        )
        for name in sorted(before.keys() & after.keys())
        if before[name].phase == after[name].phase
    ]
    own = [pair for pair in pairs if pair.before.phase in {None, phase.name}]
    if own or not pairs or not phase.accepts_other_phase:
        return own
    other = pairs[0].before.phase  # the suite has train and test
    return [pair for pair in pairs if pair.before.phase == other]
