"""What a check found: how bad, where, what it means, and what to write to the team."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Severity, Submission

Evidence: TypeAlias = tuple[tuple[str, Figure | str], ...]
"""What was seen, each with its name: a figure with its place, or a text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a check found about one submission, or about the rules.

    Parameters
    ----------
    check : str
        Id of the check: words that tell what is wrong.
    severity : {"error", "warning", "note"}
        The figure cannot be right; it is doubtful; it should be known.
    label, team : str
        Of the submission; both empty where the finding is about the rules.
    text : str
        What was seen, why it matters, what to do.
    evidence : tuple of (str, Figure or str)
        The figures with their places, and what they were compared with.
    mail : str
        Sentences to send to the team; without the label, so that systems with the same
        problem share one point of the mail. Empty where nothing is asked.
    waived : str, default ""
        Reason of the rules for which it does not count; it stays visible.
    """

    check: str
    severity: Severity
    label: str
    team: str
    text: str
    evidence: Evidence
    mail: str
    waived: str = ""


class Check(Protocol):
    """Looks at all submissions for one kind of problem."""

    def __call__(
        self, submissions: Sequence[Submission], rules: Rules
    ) -> Iterable[Finding]:
        """Return what was found, in any order."""
        ...


def finding_about(
    submission: Submission,
    check: str,
    severity: Severity,
    *,
    text: str,
    mail: str,
    evidence: Iterable[tuple[str, Figure | str | None]],
) -> Finding:
    """Return a finding about `submission`; evidence that is not there is left out.

    Parameters
    ----------
    submission : Submission
        What it is about.
    check : str
        Id of the check.
    severity : {"error", "warning", "note"}
        How bad.
    text, mail : str
        For the organizers and for the team.
    evidence : iterable of (str, Figure or str or None)
        Names and figures.
    """
    return Finding(
        check=check,
        severity=severity,
        label=submission.label,
        team=submission.team,
        text=text,
        mail=mail,
        evidence=tuple((name, seen) for name, seen in evidence if seen is not None),
    )
