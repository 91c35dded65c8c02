"""Runs jobs one after the other on one device."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from isojoule.meter import RunKeeper
from isojoule.records import Hardware, Run
from isojoule.suite.clips import Clips
from isojoule.suite.measuring import run_job
from isojoule.suite.plan import Job, Session
from isojoule.suite.settings import (
    Configuration,
    describe_hardware,
    open_sensors_of,
    require_device,
)


def run_jobs(
    session: Session,
    jobs: Sequence[Job],
    *,
    clips: Clips,
    store: RunKeeper | None = None,
    on_stage: Callable[[Job, str], None],
) -> Iterator[Run]:
    """Yield the run of each job as it ends.

    Parameters
    ----------
    session : Session
        Where and how.
    jobs : sequence of Job
        In this order.
    clips : Clips
        From `open_clips`.
    store : RunKeeper or None
        Keeps the runs.
    on_stage : callable
        Called with the job and what is being done.

    Raises
    ------
    UnknownNameError
        If there is no such device.
    MissingExtraError
        If PyTorch is not installed.
    SensorUnavailableError
        If no sensor sees the device.
    """
    device = session.configuration.device
    require_device(device)
    with ExitStack() as stack:
        sensors = open_sensors_of(device)
        for sensor in sensors:
            stack.callback(sensor.close)
        hardware = describe_hardware(session.configuration, sensors)
        for i, job in enumerate(jobs):
            if i and session.rules.rest_s:
                on_stage(job, "resting")
                time.sleep(session.rules.rest_s)

            def tell(stage: str, job: Job = job) -> None:
                on_stage(job, stage)

            yield run_job(
                job,
                session,
                clips=clips,
                hardware=hardware,
                sensors=sensors,
                store=store,
                on_stage=tell,
            )


def hardware_of(configuration: Configuration) -> Hardware:
    """Return the hardware record that runs of a configuration get.

    Raises
    ------
    UnknownNameError
        If there is no such device.
    MissingExtraError
        If PyTorch is not installed.
    SensorUnavailableError
        If no sensor sees the device.
    """
    require_device(configuration.device)
    sensors = open_sensors_of(configuration.device)
    try:
        return describe_hardware(configuration, sensors)
    finally:
        for sensor in sensors:
            sensor.close()
