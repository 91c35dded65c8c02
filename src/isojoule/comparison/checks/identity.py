"""The baseline that does not come out as the organizers published it."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import (
    distance,
    in_kwh,
    in_times,
    positive_of,
    rounding_of,
)
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import PhaseRules, Reference, Rules
from isojoule.submissions import Figure, ReferenceRun, Submission

CHECK: Final = "identity"

_PART: Final = 2.0
"""From this factor on a smaller energy is that of a part of the work."""


def find_broken_identities(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where the reference entry is not what the rules say it is.

    Parameters
    ----------
    submissions : sequence of Submission
        The baseline that the rules name, or all baselines where they name none.
    rules : Rules
        Energies of the baseline and of the references; the tolerance.

    Notes
    -----
    Two things must hold in every phase. The baseline, scaled by its own references, is
    the baseline that the organizers published. And where the reference is the baseline,
    its run at a site is what the site states as the baseline's energy: else the two are
    not the same task, data and phase, and every site has to guess which is meant. A run
    that takes less than half of it can be a part of the same work, such as a training
    of fewer epochs: that is a note, and nothing where the rules state the same share.
    """
    for submission in submissions:
        is_asked = submission.label == rules.baseline
        if is_asked or (rules.baseline is None and submission.is_baseline):
            for phase in rules.phases.values():
                yield from _of_phase(submission, phase, rules)


def _of_phase(
    submission: Submission, phase: PhaseRules, rules: Rules
) -> Iterator[Finding]:
    energy = submission.energies.get(phase.name)
    if energy is None or positive_of(energy) is None:
        return
    handed = {
        (run.name, run.phase): run
        for run in submission.references
        if positive_of(run.energy) is not None
    }
    pairs = [
        (r, handed[r.name, r.phase])
        for r in phase.references
        if (r.name, r.phase) in handed
    ]
    yield from _is_published(submission, phase, pairs, rules)
    for reference, run in pairs:
        if reference.phase == phase.name and _is_baseline(reference, submission):
            if _is_part(energy, run):
                yield from _is_stated_part(submission, energy, (reference, run), phase)
            else:
                yield from _is_same_task(submission, energy, run, rules)


def _is_baseline(reference: Reference, submission: Submission) -> bool:
    """Return whether the reference model is the baseline system, by its name."""
    names = {"baseline", submission.label.casefold(), submission.name.casefold()}
    return reference.name.casefold() in names


def _is_part(energy: Figure, run: ReferenceRun) -> bool:
    """Return whether the run takes so little that it may be a part of the work."""
    return (run.energy.value or 0.0) * _PART < (energy.value or 0.0)


def _is_stated_part(
    submission: Submission,
    energy: Figure,
    pair: tuple[Reference, ReferenceRun],
    phase: PhaseRules,
) -> Iterator[Finding]:
    """Yield a note where the rules do not state that the reference is a part."""
    reference, run = pair
    times = (energy.value or 1.0) / (run.energy.value or 1.0)
    stated_j = phase.baseline_energy_j
    share = (stated_j or 0.0) / (reference.energy_j or 1.0)
    if share and distance(share, times) < _PART:
        return
    yield finding_about(
        submission,
        CHECK,
        "note",
        text=(
            f"the reference {run.name!r} is {in_kwh(run.energy)}, 1/{in_times(times)} "
            f"of the {in_kwh(energy)} of the same model in the same phase "
            f"({run.phase}): taken for a part of the same work, such as fewer epochs; "
            "let the name of the reference in the rules say so"
        ),
        mail="",
        evidence=(("reference", run.energy), (f"{run.phase} energy", energy)),
    )


def _is_published(
    submission: Submission,
    phase: PhaseRules,
    pairs: Sequence[tuple[Reference, ReferenceRun]],
    rules: Rules,
) -> Iterator[Finding]:
    """Yield a finding where no reference scales the baseline to its published energy.

    With several references a method gives something between their single factors.
    """
    published_j, energy = phase.baseline_energy_j, submission.energies[phase.name]
    if published_j is None or energy.value is None:
        return
    factors = [r.energy_j / (run.energy.value or r.energy_j) for r, run in pairs]
    if phase.method == "none" or not factors:
        factors = [1.0]
    low_j, high_j = energy.value * min(factors), energy.value * max(factors)
    open_to = rules.limits.identity_tolerance + rounding_of(energy)
    if low_j <= published_j * (1 + open_to) and high_j >= published_j * (1 - open_to):
        return
    nearest_j = low_j if low_j > published_j else high_j
    seen = (
        f"its energy of {phase.name}, {in_kwh(energy)}, becomes "
        f"{in_kwh(nearest_j)} by its own references; the organizers publish "
        f"{in_kwh(published_j)}"
    )
    yield _finding(
        submission,
        seen,
        [
            (f"{phase.name} energy", energy),
            *((f"reference {run.name} ({run.phase})", run.energy) for _, run in pairs),
            ("published", in_kwh(published_j)),
        ],
    )


def _is_same_task(
    submission: Submission, energy: Figure, run: ReferenceRun, rules: Rules
) -> Iterator[Finding]:
    factor = distance(run.energy.value or 1.0, energy.value or 1.0)
    open_to = rules.limits.identity_tolerance
    open_to += rounding_of(energy) + rounding_of(run.energy)
    if factor <= 1 + open_to:
        return
    seen = (
        f"the reference {run.name!r} is {in_kwh(run.energy)}, but the same model in "
        f"the same phase ({run.phase}) is stated with {in_kwh(energy)}: a factor of "
        f"{in_times(factor)}, so that they are not of one task, data and machine. A "
        "site that sends the other of the two is scaled wrong by that factor"
    )
    yield _finding(
        submission, seen, [("reference", run.energy), (f"{run.phase} energy", energy)]
    )


def _finding(
    submission: Submission, seen: str, evidence: list[tuple[str, Figure | str]]
) -> Finding:
    return finding_about(
        submission,
        CHECK,
        "error",
        text=f"{seen}. Pin the reference by its name, data and phase in the rules",
        mail=f"In the entry of the baseline {seen}. Which run is each of the two?",
        evidence=evidence,
    )
