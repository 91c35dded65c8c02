"""Waivers that name nothing that is there: a slip in them must not go unseen."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "unused-waiver"


def find_unused_waivers(
    submissions: Sequence[Submission], rules: Rules, *, checks: Collection[str]
) -> Iterator[Finding]:
    """Yield a finding about the rules for every waiver of what does not exist.

    Parameters
    ----------
    submissions : sequence of Submission
        Their labels.
    rules : Rules
        The waivers.
    checks : collection of str
        Ids of all checks.
    """
    labels = {submission.label for submission in submissions} | {"*"}
    for waiver in rules.waivers:
        if waiver.check not in checks:
            unknown = f"check {waiver.check!r}; there are {', '.join(sorted(checks))}"
        elif waiver.label not in labels:
            unknown = f"submission {waiver.label!r}"
        else:
            continue
        yield Finding(
            check=CHECK,
            severity="warning",
            label="",
            team="",
            text=f"a waiver of the rules has no effect: there is no {unknown}",
            mail=f"A waiver of the rules names no {unknown}. Which one is meant?",
            evidence=(
                ("check", waiver.check),
                ("label", waiver.label),
                ("reason", waiver.reason),
            ),
        )
