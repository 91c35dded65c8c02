"""All figures of a submission, each with its name."""

from collections.abc import Iterator

from isojoule.submissions import Figure, Submission


def ranked_figures(submission: Submission) -> Iterator[tuple[str, Figure]]:
    """Yield what ranks are made from: energies, references, scores."""
    for phase, energy in submission.energies.items():
        yield f"{phase} energy", energy
    for run in submission.references:
        yield f"reference {run.name} ({run.phase})", run.energy
    for metric, score in submission.scores.items():
        yield f"score {metric}", score


def counts(submission: Submission) -> Iterator[tuple[str, Figure]]:
    """Yield what describes a system and its training; all of them are above 0."""
    figures = {
        "parameters": submission.n_params,
        "multiply-accumulates": submission.n_macs,
        "members of the ensemble": submission.n_subsystems,
        "training duration": submission.training_duration_s,
        "devices": submission.n_devices,
        "tracked devices": submission.n_tracked_devices,
    }
    for name, figure in figures.items():
        if figure is not None:
            yield name, figure
