"""What is known of a run before it begins."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version

from isojoule.probe import probe_hardware, rank_tags
from isojoule.records import Hardware, Run, Workload
from isojoule.sensors import Sensor


def new_run_id(started_at: datetime) -> str:
    """Return an id that is unique and sorts by start."""
    return f"{started_at:%Y%m%dT%H%M%S%f}"[:-3] + f"-{secrets.token_hex(3)}"


def drivers_of(sensor: Sensor) -> dict[str, str]:
    """Return the version of the driver behind a sensor, such as ``nvidia_driver``."""
    found = getattr(sensor, "driver_version", None)
    vendors = [a.vendor for a in getattr(sensor, "accelerators", ())]
    return {f"{vendors[0]}_driver": found} if found and vendors else {}


def describe_run(
    name: str,
    workload: Workload,
    *,
    sensors: Sequence[Sensor],
    hardware: Hardware | None,
    hz: float,
    command: Sequence[str],
    tags: Mapping[str, str],
    live_run_ids: Iterable[str],
) -> Run:
    """Return the run that begins now: no energies, no samples.

    Parameters
    ----------
    name : str
        For people.
    workload : Workload
        What is being done.
    sensors : sequence of Sensor
        What will be read; they know the accelerators and their own doubts.
    hardware : Hardware or None
        The machine; probed where `None`.
    hz : float
        Readings per second.
    command : sequence of str
        Command line that is being measured.
    tags : mapping of str to str
        Labels; which rank of a job this is comes by itself.
    live_run_ids : iterable of str
        Runs that are being measured at the same time.
    """
    started_at = datetime.now(UTC)
    if hardware is None:
        hardware = probe_hardware(
            accelerators=[a for s in sensors for a in getattr(s, "accelerators", ())],
            drivers={k: v for s in sensors for k, v in drivers_of(s).items()},
        )
    doubts = [d for s in sensors for d in getattr(s, "doubts", ())]
    if others := ", ".join(live_run_ids):
        doubts.append(
            f"measured at the same time as {others}: what they share of the machine is "
            "in each of them and must not be added up"
        )
    limits = [a.power_limit_w for a in hardware.accelerators if a.power_limit_w]
    return Run(
        run_id=new_run_id(started_at),
        name=name,
        workload=workload,
        hardware=hardware,
        energies=(),
        started_at=started_at,
        sampling_period_s=1 / hz,
        power_limit_w=max(limits, default=None),
        origin=", ".join(s.name for s in sensors if s.channels),
        left_out=tuple(x for s in sensors for x in getattr(s, "left_out", ())),
        warnings=tuple(doubts),
        command=tuple(command),
        tags={**rank_tags(), **tags},
        isojoule_version=version("isojoule"),
    )
