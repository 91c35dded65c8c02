"""Submits models as jobs, one device each, and gathers their runs.

Every job writes its runs as files of its own, which also holds on a shared disk; only
the process that submitted them writes the store.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from isojoule.errors import MissingExtraError
from isojoule.formats.native import read_native, write_native
from isojoule.records import Run
from isojoule.suite.clips import open_clips
from isojoule.suite.plan import Job, Session
from isojoule.suite.running import run_jobs

if TYPE_CHECKING:
    import submitit

Launcher: TypeAlias = Literal["local", "slurm"]

LAUNCHERS: Final[tuple[Launcher, ...]] = ("local", "slurm")

_POLL_S: Final = 0.5

_log: Final = logging.getLogger(__name__)


def launch(
    session: Session,
    jobs: Sequence[Job],
    *,
    launcher: Launcher,
    folder: Path,
    data: Path | None = None,
    options: Mapping[str, str] | None = None,
    on_stage: Callable[[Job, str], None],
) -> Iterator[Run]:
    """Yield the runs of submitted jobs as they end; what failed is logged.

    Parameters
    ----------
    session : Session
        Where and how; the device is that of each job.
    jobs : sequence of Job
        Those of one model are submitted together.
    launcher : {"local", "slurm"}
        ``local`` runs one model after the other in a process of its own, since two on
        one device would measure each other.
    folder : Path
        For logs and run files; under Slurm on a disk that all nodes see.
    data : Path or None
        Folder of recordings.
    options : mapping of str to str
        Passed to the scheduler, such as ``partition``.
    on_stage : callable
        Called with a job and its state when that changes.

    Raises
    ------
    MissingExtraError
        If submitit is not installed.
    StoreError
        If the folder cannot be written.
    """
    executor = _executor(session, launcher, folder / "logs", options or {})
    groups = _by_model(jobs)
    at_once = 1 if launcher == "local" else len(groups)
    waiting = list(groups.items())
    running: dict[str, submitit.Job[None]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                name, group = waiting.pop(0)
                running[name] = executor.submit(
                    measure_group, session, group, data, folder / name
                )
                on_stage(group[0], f"submitted as job {running[name].job_id}")
            time.sleep(_POLL_S)
            for name, submitted in list(running.items()):
                is_done = submitted.done()
                for run in gather(folder / name):
                    on_stage(groups[name][0], "gathered")
                    yield run
                if is_done:
                    del running[name]
                    _tell_failure(name, submitted)
    finally:
        for submitted in running.values():
            submitted.cancel()


def _by_model(jobs: Sequence[Job]) -> dict[str, list[Job]]:
    groups: dict[str, list[Job]] = {}
    for job in jobs:
        groups.setdefault(job.model.name, []).append(job)
    return groups


def _executor(
    session: Session, launcher: Launcher, logs: Path, options: Mapping[str, str]
) -> "submitit.AutoExecutor":
    """Return what submits jobs with one device each.

    Raises
    ------
    MissingExtraError
        If submitit is not installed.
    """
    try:
        import submitit
    except ImportError as error:
        raise MissingExtraError("slurm", f"--launcher {launcher}") from error
    executor = submitit.AutoExecutor(folder=logs, cluster=launcher)
    parameters: dict[str, Any] = {"name": "isojoule", "timeout_min": 24 * 60}
    if launcher == "slurm":
        parameters |= {f"slurm_{name}": value for name, value in options.items()}
        if session.configuration.device != "cpu":
            parameters["gpus_per_node"] = 1
    executor.update_parameters(**parameters)
    return executor


def measure_group(
    session: Session, jobs: Sequence[Job], data: Path | None, folder: Path
) -> None:
    """Measure `jobs` in the process that a scheduler started; write a file per run.

    Parameters
    ----------
    session : Session
        Where and how.
    jobs : sequence of Job
        In this order.
    data : Path or None
        Folder of recordings.
    folder : Path
        Where the files go.

    Raises
    ------
    StoreError
        If a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    clips = open_clips(session.settings, data)

    def tell(job: Job, stage: str) -> None:
        _log.info("%s: %s", job, stage)

    for run in run_jobs(session, jobs, clips=clips, on_stage=tell):
        write_native(folder / f"{run.run_id}.json", [run])


def gather(folder: Path) -> Iterator[Run]:
    """Yield the runs that jobs have written so far; their files are removed after.

    Parameters
    ----------
    folder : Path
        Of `measure_group`.

    Raises
    ------
    FormatError
        If a file is damaged.
    """
    for path in sorted(folder.glob("*.json")):
        yield from read_native(path)
        path.unlink()


def _tell_failure(name: str, submitted: "submitit.Job[None]") -> None:
    error = submitted.exception()
    if error is not None:
        (reason, *_) = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        _log.warning(
            "job %s of %s failed: %s (log: %s)",
            submitted.job_id,
            name,
            reason,
            submitted.paths.stderr,
        )
