"""The baseline of the rules is not among the submissions."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Final

from isojoule.comparison.checks.finding import Finding
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "missing-baseline"


def find_missing_baseline(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding about the rules where nobody has the label of their baseline.

    Parameters
    ----------
    submissions : sequence of Submission
        Their labels.
    rules : Rules
        The baseline.
    """
    labels = [submission.label for submission in submissions]
    if rules.baseline is None or rules.baseline in labels:
        return
    near = get_close_matches(rules.baseline, labels, n=1)
    hint = f"; did they mean {near[0]!r}?" if near else "."
    seen = f"the rules name the baseline {rules.baseline!r}, and nobody handed it in"
    yield Finding(
        check=CHECK,
        severity="warning",
        label="",
        team="",
        text=f"{seen}{hint} Scores relative to it cannot be given",
        mail=f"In the rules: {seen}{hint} Which label has it?",
        evidence=(("baseline", rules.baseline),),
    )
