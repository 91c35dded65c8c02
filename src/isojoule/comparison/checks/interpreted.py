"""How texts were understood that leave room for it: to be known, not to be asked."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.remarks import remarks_of
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "interpreted"


def find_interpretations(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a note, without a question, for every remark on what was read.

    Parameters
    ----------
    submissions : sequence of Submission
        Their figures and the notes that were taken while they were read.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        for remark in remarks_of(submission):
            if remark.severity == "note":
                yield finding_about(
                    submission,
                    CHECK,
                    "note",
                    text=remark.text,
                    mail="",
                    evidence=remark.evidence,
                )
