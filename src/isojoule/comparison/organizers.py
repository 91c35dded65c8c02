"""Which submissions are the organizers' own: the rules say it, no submission can."""

from collections.abc import Sequence
from dataclasses import replace

from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission


def mark_baselines(
    submissions: Sequence[Submission], rules: Rules
) -> tuple[Submission, ...]:
    """Return the submissions, the organizers' own marked and no other.

    Parameters
    ----------
    submissions : sequence of Submission
        As they were handed in; some may call themselves a baseline.
    rules : Rules
        With the label of the baseline. Others of its team that call themselves a
        baseline are the organizers' too. Without a label nobody is.
    """
    teams = {s.team for s in submissions if s.label == rules.baseline}
    return tuple(
        replace(
            submission,
            is_baseline=submission.label == rules.baseline
            or (submission.is_baseline and submission.team in teams),
        )
        for submission in submissions
    )
