"""Runs of four families with known energies, for what is about the link study."""

from isojoule.records import (
    Accelerator,
    ComponentEnergy,
    EnergySource,
    Hardware,
    Run,
    Workload,
)

FAMILIES = ("mlp", "cnn", "rnn", "crnn")
SIZES = (1, 2, 4, 8, 16)
N_SAMPLES = 1000
BATCH_SIZE = 8


def make_link_run(
    family: str = "mlp",
    size: float = 1,
    *,
    phase: str = "train",
    hardware: str = "NVIDIA H200",
    energy_j: float | None = None,
    n_epochs: float = 1,
    source: EnergySource = "counter",
    repeat: int = 0,
    **changes,
) -> Run:
    """One run; a sample of size 1 takes 1 mJ in a test and 3 mJ in training."""
    factor = 3.0 if phase == "train" else 1.0
    per_epoch_j = factor * size * N_SAMPLES * 1e-3
    fields = {
        "name": f"{family}-{size:g}",
        "phase": phase,
        "family": family,
        "batch_size": BATCH_SIZE,
        "n_samples": N_SAMPLES * n_epochs,
        "n_samples_per_epoch": N_SAMPLES,
        "n_params": 1e5 * size**0.5,
        "forward_flop_per_sample": 1e8 * size,
        "training_flop_per_sample": 3e8 * size,
        "activation_bytes_per_sample": 1e4 * size,
    } | changes
    return Run(
        run_id=f"{family}-{size:g}-{phase}-{hardware}-{n_epochs:g}-{repeat}",
        name=family,
        workload=Workload(**fields),
        hardware=Hardware(hardware, (Accelerator(hardware, "nvidia"),)),
        energies=(
            ComponentEnergy(
                "gpu",
                per_epoch_j * n_epochs if energy_j is None else energy_j,
                source,
            ),
        ),
        duration_s=factor * size * n_epochs,
        gpu_utilization_fraction=min(1.0, 0.2 + 0.05 * size),
        gpu_memory_utilization_fraction=min(1.0, 0.1 + 0.02 * size),
    )


def suite_like_runs(*phases: str, **changes) -> list[Run]:
    """Five sizes of four families in each phase; `train` where none is named."""
    return [
        make_link_run(family, size * (1 + place / 10), phase=phase, **changes)
        for phase in phases or ("train",)
        for place, family in enumerate(FAMILIES)
        for size in SIZES
    ]
