"""Runs made by hand, so small that every figure can be checked in the head."""

from datetime import UTC, datetime

import numpy as np
import pytest

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


@pytest.fixture
def now():
    return datetime(2026, 11, 21, 4, 17, tzinfo=UTC)


@pytest.fixture
def gpu_machine():
    board = Accelerator("NVIDIA H200", "nvidia", "GPU-1", 139 * 2**30, 700.0)
    return Hardware(
        "node-h200",
        accelerators=(board, board),
        cpu_name="Xeon 8480+",
        n_cpus=16,
        memory_bytes=128 * 2**30,
        software={"python": "3.11.7", "driver": "570.86"},
    )


@pytest.fixture
def make_run():
    def make(name="mlp", *, energies=None, hardware=None, **fields):
        if energies is None:
            energies = (ComponentEnergy("cpu", 1500.0, "counter"),)
        fields.setdefault("duration_s", 30.0)
        return Run(
            run_id=f"id-{name}",
            name=name,
            workload=Workload(fields.pop("workload", "mlp-small")),
            hardware=hardware or Hardware("laptop", cpu_name="i7-1260P"),
            energies=energies,
            **fields,
        )

    return make


@pytest.fixture
def power_samples():
    """Ten seconds of 100 W, then ten of 200 W, read once a second."""
    time_s = np.arange(21.0)
    power_w = np.where(time_s < 10, 100.0, 200.0)
    channel = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")
    return Samples((channel,), time_s, power_w[np.newaxis, :])


@pytest.fixture
def sampled_run(make_run, gpu_machine, power_samples):
    return make_run(
        "sampled",
        hardware=gpu_machine,
        energies=(ComponentEnergy("gpu", 3000.0, "sampled"),),
        duration_s=20.0,
        samples=power_samples,
        windows=(
            Window("warm-up", "warm-up", None, 0.0, 10.0),
            Window("epoch 0", "train", 0, 10.0, 15.0),
            Window("epoch 1", "train", 1, 15.0, 20.0),
        ),
    )
