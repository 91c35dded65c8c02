"""Values that nothing can have: negative energies, no parameters, half a device."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import number_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.stated import counts
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Submission

CHECK: Final = "impossible-value"

_WHOLE: Final = frozenset({"members of the ensemble", "devices", "tracked devices"})


def find_impossible_values(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding for every energy or count that is not above 0, or not whole.

    Parameters
    ----------
    submissions : sequence of Submission
        Their figures.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        for name, figure in _energies(submission):
            value = number_of(figure)
            # A 0 with a device named is the matter of zero-gpu-energy.
            if value is not None and (
                value < 0 or (value == 0 and not submission.device)
            ):
                yield _finding(submission, name, figure, "above 0")
        for run in submission.references:
            value = number_of(run.energy)
            if value is not None and value <= 0:
                name = f"reference {run.name} ({run.phase})"
                yield _finding(submission, name, run.energy, "above 0")
        for name, figure in counts(submission):
            value = number_of(figure)
            if value is None:
                continue
            if value <= 0:
                yield _finding(submission, name, figure, "above 0")
            elif name in _WHOLE and value != round(value):
                yield _finding(submission, name, figure, "a whole number")


def _energies(submission: Submission) -> Iterator[tuple[str, Figure]]:
    for phase, energy in submission.energies.items():
        yield f"{phase} energy", energy


def _finding(
    submission: Submission, name: str, figure: Figure, expected: str
) -> Finding:
    seen = f"{name} is {figure.text!r}, which must be {expected}"
    return finding_about(
        submission,
        CHECK,
        "error",
        text=f"{seen}; it cannot be used",
        mail=f"In your figures {seen}. Could you send the right value?",
        evidence=((name, figure),),
    )
