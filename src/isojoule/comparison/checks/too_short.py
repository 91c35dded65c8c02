"""Runs that are shorter than the rules ask for."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import positive_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Submission
from isojoule.units import format_duration

CHECK: Final = "too-short"


def find_short_runs(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where a stated duration or a record is too short.

    Parameters
    ----------
    submissions : sequence of Submission
        Their stated durations and their runs.
    rules : Rules
        The shortest duration that counts [s].
    """
    least_s = rules.limits.min_duration_s
    for submission in submissions:
        short = [(n, s, e) for n, s, e in _durations(submission) if s < least_s]
        if not short:
            continue
        asked = format_duration(least_s)
        seen = ", ".join(f"{name} {format_duration(s)}" for name, s, _ in short)
        yield finding_about(
            submission,
            CHECK,
            "warning",
            text=(
                f"shorter than the {asked} of the rules: {seen}; start-up and the "
                "sampling of the tracker weigh too much in so short a run"
            ),
            mail=(
                f"These runs are shorter than {asked}: {seen}. Could you repeat the "
                "pass until it lasts that long and send energy and number of passes?"
            ),
            evidence=[(name, evidence) for name, _, evidence in short],
        )


def _durations(submission: Submission) -> Iterator[tuple[str, float, Figure | str]]:
    """Yield what lasted how long [s], and where that is said."""
    stated = submission.training_duration_s
    stated_s = positive_of(stated)
    if stated is not None and stated_s is not None:
        yield "stated duration of the training", stated_s, stated
    for run in submission.runs:
        if run.duration_s is not None:
            yield f"record {run.name!r}", run.duration_s, run.origin or run.run_id
