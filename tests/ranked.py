"""Runs of the ranks of a job by hand: every device draws a constant power."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from isojoule.finish import finish_run
from isojoule.records import (
    Accelerator,
    Channel,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)

MIDDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
WORK = Workload("line", n_params=2)


def component_of(device):
    return device.rstrip("0123456789")


def reading(devices, *, length_s):
    """Samples of devices by their power [W]; None is a device that fails."""
    time_s = np.linspace(0.0, length_s, round(length_s * 10) + 1)
    channels = tuple(
        Channel(f"{device}_power_w", component_of(device), "power_w", device)
        for device in devices
    )
    powers_w = [np.nan if w is None else w for w in devices.values()]
    values = np.array(powers_w).reshape(-1, 1) * np.ones_like(time_s)
    return Samples(channels, time_s, values)


def rank_run(
    number,
    devices,
    *,
    n_ranks=2,
    host="a",
    at_s=0.0,
    duration_s=10.0,
    idle_s=0.0,
    windows=(),
    uuids=(),
    status="complete",
    job="7",
    workload=WORK,
):
    """The run of one rank that drew devices' powers [W] from `at_s` on.

    Windows are (name, epoch, start, end); `uuids` those of its GPUs in their order.
    """
    boards = tuple(
        Accelerator("A40", "nvidia", uuid=uuid, power_limit_w=300.0) for uuid in uuids
    )
    stub = Run(
        run_id=f"rank{number}-{host}-{at_s:g}",
        name="line",
        workload=workload,
        hardware=Hardware(
            f"{len(boards)}x A40" if len(boards) > 1 else "A40" if boards else "EPYC",
            accelerators=boards,
            cpu_name="EPYC",
            n_cpus=8,
            memory_bytes=64,
            host=host,
            software={"python": "3.11"},
        ),
        energies=(),
        started_at=MIDDAY + timedelta(seconds=at_s),
        sampling_period_s=0.1,
        power_limit_w=300.0 if boards else None,
        origin="replay",
        tags={"rank": str(number), "world_size": str(n_ranks), "job": job},
        isojoule_version="1",
    )
    return finish_run(
        stub,
        reading(devices, length_s=idle_s + duration_s),
        [Window(name, "train", epoch, *edges) for name, epoch, *edges in windows],
        status=status,
        start_s=idle_s,
        end_s=idle_s + duration_s,
    )


def without_readings(run):
    return replace(run, samples=None)


def two_ranks(**options):
    """A node of two GPUs: rank 0 has its CPU too."""
    return [
        rank_run(0, {"gpu0": 300.0, "cpu0": 50.0}, uuids=["GPU-0"], **options),
        rank_run(1, {"gpu1": 100.0}, uuids=["GPU-1"], **options),
    ]
