"""One mail for each team: what was found in its submissions, and what is asked."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding
from isojoule.submissions import Figure

_MOST_LABELS: Final = 12
"""Systems that one point names; the others are counted."""


def mails(findings: Iterable[Finding], *, edition: str = "") -> dict[str, str]:
    """Return the text of one mail for each team that something is asked of.

    Parameters
    ----------
    findings : iterable of Finding
        In the order in which they are told; those that are waived, or about the rules,
        ask for nothing.
    edition : str, default ""
        What was submitted to.

    Returns
    -------
    dict of str to str
        Plain text by team, in the order of the teams' names.
    """
    by_team: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.mail and finding.team and not finding.waived:
            by_team.setdefault(finding.team, []).append(finding)
    return {team: _mail(team, by_team[team], edition) for team in sorted(by_team)}


def _mail(team: str, findings: Sequence[Finding], edition: str) -> str:
    points: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        points.setdefault((finding.check, finding.mail), []).append(finding)
    numbered = [
        f"{number}. {_systems(same)}\n   {_one_line(sentence)}"
        for number, ((_, sentence), same) in enumerate(points.items(), start=1)
    ]
    to = f" to {_one_line(edition)}" if edition else ""
    questions = "one question" if len(points) == 1 else f"{len(points)} questions"
    greeting = (
        f"Dear team {_one_line(team)},\n\n"
        f"thank you for your submission{to}. While checking the energy figures we came "
        f"across {questions}:"
    )
    closing = (
        "If a figure is right as it stands, a short explanation is enough; we record "
        "it with the result. Otherwise please send the corrected value; the original "
        "one stays visible beside it.\n\nKind regards,\nthe organizers"
    )
    return "\n\n".join((greeting, *numbered, closing)) + "\n"


def _systems(findings: Sequence[Finding]) -> str:
    """Return the labels of a point, each with the file and line of its figure."""
    named: Mapping[str, str] = {f.label: _named(f) for f in reversed(findings)}
    labels = [named[label] for label in dict.fromkeys(f.label for f in findings)]
    n_more = len(labels) - _MOST_LABELS
    more = f" and {n_more} more" if n_more > 0 else ""
    return f"{', '.join(labels[:_MOST_LABELS])}{more}:"


def _named(finding: Finding) -> str:
    places = [str(e.place) for _, e in finding.evidence if isinstance(e, Figure)]
    place = f" ({_one_line(places[0])})" if places else ""
    return f"{_one_line(finding.label)}{place}"


def _one_line(text: str) -> str:
    """Return `text` without line breaks or control characters, which are not ours."""
    kept = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(kept.split())
