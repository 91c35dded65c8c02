"""Finished trainings with power and energy known by hand, for estimates before one."""

from dataclasses import replace

from isojoule.records import Accelerator, ComponentEnergy, Hardware, Run, Workload

GIB = 2**30
BOARDS = {"RTX 3090": 350.0, "RTX 3070": 240.0, "GTX 750 Ti": 60.0}
N_EPOCHS = 20


def make_workload(
    model: str = "vgg16", side: int = 128, batch_size: int = 32, **changes
) -> Workload:
    """One training; an epoch has 1000 samples and validates 400."""
    fields = {
        "name": f"{model}/{batch_size}/{side}px",
        "model": model,
        "task": "chess",
        "batch_size": batch_size,
        "n_samples": 1000 * N_EPOCHS,
        "n_samples_per_epoch": 1000,
        "n_validation_samples_per_epoch": 400,
        "input_shape": (3, side, side),
        "forward_flop_per_sample": 1e9 * (side / 128) ** 2 * (1 + len(model) / 10),
        "settings": {"layers": "all"},
    }
    return Workload(**(fields | changes))


def make_hardware(gpu: str = "RTX 3090", ram_gib: int = 16, **changes) -> Hardware:
    """One machine with one board and its limit."""
    board = Accelerator(gpu, "nvidia", power_limit_w=BOARDS.get(gpu))
    fields = {"accelerators": (board,), "memory_bytes": ram_gib * GIB}
    return Hardware(gpu, **(fields | changes))


def make_training(
    model: str = "vgg16",
    side: int = 128,
    batch_size: int = 32,
    gpu: str = "RTX 3090",
    *,
    power_w: float | None = None,
    repeat: int = 0,
    tags: dict | None = None,
    measures: dict | None = None,
    **changes,
) -> Run:
    """One finished training of 20 epochs in 1000 s.

    Where no power is stated it is linear in the side and the batch size, a watt more
    for each repeat.
    """
    if power_w is None:
        base_w = {"RTX 3090": 150.0, "RTX 3070": 110.0, "GTX 750 Ti": 20.0}[gpu]
        power_w = base_w + 0.5 * (side - 75) + 0.1 * batch_size + repeat
    return Run(
        run_id=f"{model}-{side}-{batch_size}-{gpu}-{repeat}",
        name=model,
        workload=make_workload(model, side, batch_size),
        hardware=make_hardware(gpu),
        energies=(
            ComponentEnergy("gpu", power_w * 1000.0, "sampled"),
            ComponentEnergy("dram", 5000.0, "modelled"),
        ),
        duration_s=1000.0,
        gpu_utilization_fraction=0.5,
        power_limit_w=BOARDS.get(gpu),
        tags=tags or {},
        measures=measures or {},
        **changes,
    )


def make_trainings(n_repeats: int = 3, gpus=("RTX 3090", "RTX 3070")) -> list[Run]:
    """Twelve configurations on each board, each with repeats."""
    return [
        make_training(model, side, batch_size, gpu, repeat=repeat)
        for gpu in gpus
        for model in ("vgg16", "resnet50")
        for side in (75, 128, 224)
        for batch_size in (32, 64)
        for repeat in range(n_repeats)
    ]


def make_published_like() -> list[Run]:
    """Small stand-ins for the published tables, and the runs that they are of."""
    own = make_trainings(n_repeats=5, gpus=("RTX 3090", "RTX 3070"))
    rows = []
    for place, run in enumerate(own):
        means = {
            "mean_gpu_power_w": run.gpu_energy_j / 1000.0,
            "mean_epoch_energy_j": (run.gpu_energy_j + 5000.0) / N_EPOCHS,
            "mean_stable_epoch_energy_j": run.gpu_energy_j / N_EPOCHS,
            "epoch_index_max": N_EPOCHS - 1.0,
            "clean_position": float(place),
        }
        estimates = {
            name: factor * (run.gpu_energy_j + 5000.0)
            for name, factor in ESTIMATES.items()
        }
        is_test = place % 5 == 4
        tags = {"delrey_table": "regression_test" if is_test else "regression_train"}
        if not is_test:
            tags["cv_fold"] = str(place % 5)
        rows.append(replace(run, run_id=f"row-{place}", tags=tags, measures=means))
        if is_test:
            figure = {"delrey_table": "table10_test"}
            measures = means | estimates
            rows.append(
                replace(run, run_id=f"fig-{place}", tags=figure, measures=measures)
            )
    return [*rows, *own]


ESTIMATES = {
    "green_algorithms_energy_j": 0.8,
    "mlco2_energy_j": 1.6,
    "online_power_energy_j": 1.01,
    "online_epoch_energy_j": 0.99,
    "offline_power_energy_j": 1.05,
    "offline_epoch_energy_j": 1.2,
}
"""What the estimates of the figure are of the truth."""
