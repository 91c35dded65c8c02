"""Trainings with known power and epochs, for what is about stabilization."""

import numpy as np

from isojoule.estimators.epochs import Epoch
from isojoule.records import (
    Accelerator,
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)

POWER = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")


def make_training(
    run_id: str = "a",
    *,
    n_epochs: int = 30,
    switch: int | None = 10,
    watts: tuple[float, float] = (100.0, 200.0),
    epoch_s: float = 20.0,
    period_s: float = 1.0,
    noise_w: float = 0.0,
    seed: int = 0,
    has_samples: bool = True,
    **changes,
) -> Run:
    """One run; from epoch `switch` on it draws the second power, before the first."""
    at = n_epochs if switch is None else switch
    powers_w = [watts[epoch >= at] for epoch in range(n_epochs)]
    windows = tuple(
        Window(
            "train" if switch is None else ("frozen", "finetune")[epoch >= at],
            "train",
            epoch,
            epoch * epoch_s,
            (epoch + 1) * epoch_s,
            (ComponentEnergy("gpu", power_w * epoch_s, "sampled"),),
        )
        for epoch, power_w in enumerate(powers_w)
    )
    time_s = np.arange(0.0, n_epochs * epoch_s, period_s)
    random = np.random.default_rng(seed)
    trace_w = np.where(time_s < at * epoch_s, *watts)
    trace_w = trace_w + noise_w * random.standard_normal(len(time_s))
    fields = {
        "run_id": run_id,
        "name": run_id,
        "workload": Workload("w", model="net"),
        "hardware": Hardware(
            "card", accelerators=(Accelerator("card", "nvidia"),), host="lab"
        ),
        "energies": (ComponentEnergy("gpu", sum(powers_w) * epoch_s, "sampled"),),
        "duration_s": n_epochs * epoch_s,
        "windows": windows,
        "samples": Samples((POWER,), time_s, trace_w[None]) if has_samples else None,
    }
    return Run(**(fields | changes))


def epochs_of_pairs(*pairs) -> tuple[Epoch, ...]:
    """Epochs of these energies [J] and durations [s]."""
    made, time_s = [], 0.0
    for index, (energy_j, duration_s) in enumerate(pairs):
        made.append(Epoch(index, time_s, time_s + duration_s, energy_j))
        time_s += duration_s
    return tuple(made)


def random_epochs(n_runs=7) -> list[tuple[Epoch, ...]]:
    """Epochs of runs of 4 to 14 epochs, of energies and durations from 1 to 9."""
    random = np.random.default_rng(0)
    return [
        epochs_of_pairs(*random.uniform(1, 9, size=(random.integers(4, 15), 2)))
        for _ in range(n_runs)
    ]
