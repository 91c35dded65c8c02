"""Trainings made by hand: epochs from what each takes."""

from collections.abc import Sequence

from isojoule.estimators.epochs import Epoch


def epochs_from(
    energies_j: Sequence[float],
    durations_s: Sequence[float] | float = 30.0,
    *,
    first: int = 0,
) -> list[Epoch]:
    """Epochs without gaps between them; all of one length where one is given."""
    if isinstance(durations_s, int | float):
        durations_s = [float(durations_s)] * len(energies_j)
    epochs, now_s = [], 0.0
    pairs = zip(energies_j, durations_s, strict=True)
    for index, (energy_j, duration_s) in enumerate(pairs, start=first):
        epochs.append(Epoch(index, now_s, now_s + float(duration_s), float(energy_j)))
        now_s += float(duration_s)
    return epochs
