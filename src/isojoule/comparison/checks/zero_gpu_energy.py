"""Nothing was measured on an accelerator that was there."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.records import Run
from isojoule.submissions import Submission

CHECK: Final = "zero-gpu-energy"

_CAUSES: Final = (
    "trackers write 0 for boards without an energy counter, and where "
    "CUDA_VISIBLE_DEVICES hides the board from them"
)


def find_zero_gpu_energy(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding where an energy is 0 although an accelerator is named.

    Parameters
    ----------
    submissions : sequence of Submission
        Their energies, devices and runs.
    rules : Rules
        Not used.
    """
    for submission in submissions:
        yield from _of_energies(submission)
        for run in submission.runs:
            if run.hardware.accelerators and _has_no_gpu_energy(run):
                yield _of_run(submission, run)


def _of_energies(submission: Submission) -> Iterator[Finding]:
    if not submission.device:
        return
    for phase, energy in submission.energies.items():
        if energy.value == 0:
            seen = f"the energy of {phase} is 0 with {submission.device} named"
            yield finding_about(
                submission,
                CHECK,
                "error",
                text=f"{seen}: it was not measured ({_CAUSES}); leave it out",
                mail=(
                    f"You state an energy of 0 for {phase} on {submission.device}; "
                    f"{_CAUSES}. Could you measure it again or send the tracker's file?"
                ),
                evidence=((f"{phase} energy", energy), ("device", submission.device)),
            )


def _has_no_gpu_energy(run: Run) -> bool:
    """Return whether the accelerators are counted as nothing in a record of parts."""
    components = {e.component for e in run.energies if e.energy_j is not None}
    if components & {"wall", "unstated"} or components == {"node"}:
        return False  # a total may hold them
    return not run.gpu_energy_j


def _of_run(submission: Submission, run: Run) -> Finding:
    name = run.hardware.name
    return finding_about(
        submission,
        CHECK,
        "error",
        text=(
            f"the record {run.name!r} names {name} and has no energy of it: its total "
            f"leaves the accelerators out ({_CAUSES})"
        ),
        mail=(
            f"Your record {run.name!r} names {name} and has 0 for its energy; "
            f"{_CAUSES}. Could you run it again with a tracker that reads the board?"
        ),
        evidence=(("record", run.origin or run.run_id), ("device", name)),
    )
