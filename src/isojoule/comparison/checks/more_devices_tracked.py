"""The tracker counted accelerators that the system did not use."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import count_of, counted
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Submission

CHECK: Final = "more-devices-tracked"


def find_more_devices_tracked(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding where more accelerators were tracked than used.

    Parameters
    ----------
    submissions : sequence of Submission
        Their stated numbers of devices, and the devices of their runs.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        n_used = count_of(submission.n_devices)
        if n_used is None:
            continue
        n_tracked, seen = _tracked(submission)
        if n_tracked > n_used:
            yield _finding(submission, n_used, n_tracked, seen)


def _tracked(submission: Submission) -> tuple[int, Figure | str | None]:
    """Return the most accelerators that were tracked, and where it says so."""
    n_stated = count_of(submission.n_tracked_devices) or 0
    run = max(submission.runs, key=lambda r: len(r.hardware.accelerators), default=None)
    n_recorded = len(run.hardware.accelerators) if run else 0
    if run is not None and n_recorded > n_stated:
        return n_recorded, f"{n_recorded}: {run.origin or run.run_id}"
    return n_stated, submission.n_tracked_devices


def _finding(
    submission: Submission, n_used: int, n_tracked: int, seen: Figure | str | None
) -> Finding:
    counts = f"{counted(n_used, 'device')} used, {n_tracked} in the tracker's file"
    return finding_about(
        submission,
        CHECK,
        "warning",
        text=(
            f"{counts}: the energy may hold devices that were idle or busy with other "
            "work; it is too high unless the tracker was told which to read"
        ),
        mail=(
            f"We see {counts}. Did the tracker read the used ones only (gpu_ids in "
            "CodeCarbon)? If not, could you measure again with that setting?"
        ),
        evidence=(("devices used", submission.n_devices), ("devices tracked", seen)),
    )
