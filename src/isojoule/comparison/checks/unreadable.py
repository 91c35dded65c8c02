"""Figures and files that could not be read, or not for certain."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.remarks import Remark, remarks_of
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "unreadable"


def find_unreadable(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding for every figure without a value, and for every problem.

    Parameters
    ----------
    submissions : sequence of Submission
        Their figures, and what was wrong while they were read. How a text was
        understood that was read is left to the check of that name.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        for remark in remarks_of(submission):
            if remark.severity != "note":
                yield finding_about(
                    submission,
                    CHECK,
                    remark.severity,
                    text=remark.text,
                    mail=_mail(remark),
                    evidence=remark.evidence,
                )


def _mail(remark: Remark) -> str:
    if remark.figure is None:
        return f"While reading what you sent: {remark.seen}. Could you correct it?"
    if remark.is_number:
        asked = "Is it meant that way?"
    elif remark.has_unit:
        asked = "Could you send it as a plain number with its unit?"
    else:
        asked = "Could you send it as a plain number?"
    return f"We could not be sure of one figure, {remark.seen}. {asked}"
