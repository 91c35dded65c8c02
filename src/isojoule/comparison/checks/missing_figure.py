"""What the rules need and a submission does not state."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import listed
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import PhaseRules, Rules
from isojoule.submissions import Submission

CHECK: Final = "missing-figure"


def find_missing_figures(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield one finding for every submission that lacks energies, references, scores.

    Parameters
    ----------
    submissions : sequence of Submission
        Their figures; one that is there and cannot be read is not missing.
    rules : Rules
        Phases with their references, and metrics.
    """
    for submission in submissions:
        missing = [
            f"the energy of {phase}"
            for phase in rules.phases
            if phase not in submission.energies
        ]
        missing += _references(submission, rules)
        missing += [
            f"the score {metric}"
            for metric in rules.metrics
            if metric not in submission.scores
        ]
        if missing:
            yield _finding(submission, missing)


def _references(submission: Submission, rules: Rules) -> list[str]:
    """Return what lacks where not one reference of a phase was handed in.

    The baseline is on the organizers' hardware, whose references the rules have.
    """
    if submission.is_baseline or submission.label == rules.baseline:
        return []
    handed = {(run.name, run.phase) for run in submission.references}
    missing: dict[str, None] = {}
    for phase in rules.phases.values():
        if phase.name in submission.energies and _needs(phase, submission, handed):
            wanted = ", ".join(f"{r.name} ({r.phase})" for r in phase.references)
            missing[f"a reference run: {wanted}"] = None
    return list(missing)


def _needs(
    phase: PhaseRules, submission: Submission, handed: set[tuple[str, str]]
) -> bool:
    if phase.method == "none" or not phase.references:
        return False
    if submission.calibration is not None:
        return False
    return not any((r.name, r.phase) in handed for r in phase.references)


def _finding(submission: Submission, missing: Sequence[str]) -> Finding:
    lacks = listed(missing)
    others = sorted({f"{run.name} ({run.phase})" for run in submission.references})
    return finding_about(
        submission,
        CHECK,
        "warning",
        text=f"missing: {lacks}; it has no rank in what needs them; ask for them",
        mail=f"We miss {lacks}. Could you send what is missing?",
        evidence=(
            ("missing", lacks),
            ("references handed in", ", ".join(others) or None),
        ),
    )
