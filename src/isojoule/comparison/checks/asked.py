"""What of the findings is asked of the teams: nothing twice, nothing of our own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from isojoule.comparison.checks.finding import Finding
from isojoule.comparison.checks.stated import counts, ranked_figures
from isojoule.submissions import Figure, Submission

_EXPLAINED: Final[Mapping[str, frozenset[str]]] = {
    "reference-outlier": frozenset(
        {"reference-follows-ensemble", "reference-inconsistent"}
    )
}
"""Checks, and those that say of the same figure what is wrong with it."""


def without_idle_questions(
    findings: Iterable[Finding], submissions: Sequence[Submission]
) -> list[Finding]:
    """Return the findings, those without a mail that need not be asked.

    Parameters
    ----------
    findings : iterable of Finding
        Of all checks.
    submissions : sequence of Submission
        What they are about.

    Notes
    -----
    Not asked: what rests on a figure of the submission that the organizers amended, and
    what another check asks about the same figure with its cause, unless that is waived.
    """
    found = list(findings)
    amended = {s.label: _amended(s) for s in submissions}
    named: dict[str, dict[str, list[Figure]]] = {}
    for finding in found:
        figures = named.setdefault(finding.label, {}).setdefault(finding.check, [])
        figures += [] if finding.waived else _main_figure(finding)
    return [
        replace(finding, mail="")
        if _is_on(_figures(finding), amended.get(finding.label, []))
        or _is_explained(finding, named[finding.label])
        else finding
        for finding in found
    ]


def _amended(submission: Submission) -> list[Figure]:
    figures = (*ranked_figures(submission), *counts(submission))
    return [f for _, f in figures if f.original is not None or f.reason]


def _figures(finding: Finding) -> list[Figure]:
    return [seen for _, seen in finding.evidence if isinstance(seen, Figure)]


def _main_figure(finding: Finding) -> list[Figure]:
    """Return the figure that a finding is about, the first of its evidence."""
    return _figures(finding)[:1]


def _is_on(figures: Sequence[Figure], others: Sequence[Figure]) -> bool:
    return any(figure is other for figure in figures for other in others)


def _is_explained(finding: Finding, named: Mapping[str, Sequence[Figure]]) -> bool:
    return any(
        _is_on(_main_figure(finding), named.get(check, ()))
        for check in _EXPLAINED.get(finding.check, ())
    )
