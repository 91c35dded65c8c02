"""The runs of the ranks of one job as one run, in which every device counts once."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import combinations, groupby
from typing import Final, TypeAlias, TypeVar

import numpy as np

from isojoule.energy import devices_of, mean_reading, total_energy
from isojoule.errors import IncomparableError, InsufficientDataError, UnknownNameError
from isojoule.finish import left_out_of
from isojoule.records import (
    Accelerator,
    Component,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Status,
    Window,
    joined_names,
)
from isojoule.units import format_duration, format_energy

Value = TypeVar("Value")
_Label: TypeAlias = tuple[str, str | None, int | None, int]

_WORST_LAST: Final[list[Status]] = ["complete", "interrupted", "recovered", "failed"]
_MIN_UNCOVERED_S: Final = 1.0
_MAX_UNCOVERED: Final = 0.05  # share of the job that a rank may miss without a word

# What the ranks say of each other is settled once they are merged.
_SETTLED: Final = "`isojoule runs merge`"
_TOGETHER: Final = re.compile(r"measured at the same time as (.+?): ")


@dataclass(frozen=True, slots=True)
class _Part:
    """What one rank tells of one device, or of a component if it kept no readings.

    Parameters
    ----------
    key : tuple of str
        The same for the same device, whoever measured it.
    rank : int
        Who measured it.
    host : str
        Where.
    component : {"gpu", "cpu", "dram", "node", "wall", "unstated"}
        What it is part of.
    device : str
        Its name on that host; empty for a whole component.
    uuids : frozenset of str
        Boards that it is or consists of; empty where not known.
    duration_s : float
        How long it was measured [s].
    energies : tuple of ComponentEnergy
        Of the run, then of each window.
    busy_fraction : float or None
        Mean utilization of a GPU, in [0, 1].
    """

    key: tuple[str, ...]
    rank: int
    host: str
    component: Component
    device: str
    uuids: frozenset[str]
    duration_s: float
    energies: tuple[ComponentEnergy, ...]
    busy_fraction: float | None = None


@dataclass(frozen=True, slots=True)
class _Span:
    """A run on the time axis of the job."""

    offset_s: float  # of the axis of its samples
    start_s: float
    end_s: float


def merge_runs(runs: Sequence[Run], *, partial: bool = False) -> Run:
    """Return one run for a job, from those of its ranks.

    Parameters
    ----------
    runs : sequence of Run
        One per rank, with samples where they have any; their tag ``rank`` tells which.
    partial : bool, default False
        Accept that ranks are missing; the figures are then of those that are there.

    Returns
    -------
    Run
        Energies [J] are sums over the devices of all ranks; one that several ranks
        measured counts once, as the rank says that measured it longest. A component
        that some host did not measure is ``absent``. No samples: the ranks keep theirs.

    Raises
    ------
    InsufficientDataError
        If there is no rank, or none measured anything.
    IncomparableError
        If the runs are not the ranks of one job, some are missing, or it cannot be told
        whether two of them measured the same device.

    Notes
    -----
    A GPU is known by its UUID, all else by its host and name. Windows are matched by
    name, phase, epoch and how often those came before; the energy of a device in a
    window lies between the edges that its own rank cut.
    """
    if not runs:
        raise InsufficientDataError("there is no rank to merge")
    by_rank = dict(sorted(_by_rank(runs).items()))
    missing = _missing_ranks(by_rank, partial=partial)
    _require_one_job(by_rank)
    spans = _spans(by_rank)
    parts = [part for rank, run in by_rank.items() for part in _parts_of(rank, run)]
    _require_separate(parts)
    counted = _counted_once(parts)
    if not counted:
        raise InsufficientDataError(
            "no rank measured anything: isojoule doctor tells what is missing"
        )
    ordered = list(by_rank.values())
    hosts = list(dict.fromkeys(_host(run) for run in ordered))
    unknown = _unknown_components(counted, hosts)
    energies = _totals(((p.component, p.energies[0]) for p in counted), unknown)
    windows, n_left_out = _merged_windows(by_rank, spans, counted, unknown)
    started_at = min(_started_at(run) for run in ordered)
    start_s = min(span.start_s for span in spans.values())
    duration_s = max(span.end_s for span in spans.values()) - start_s
    hardware = _merged_hardware(ordered)
    limits = [run.power_limit_w for run in ordered if run.power_limit_w is not None]
    periods = [r.sampling_period_s for r in ordered if r.sampling_period_s is not None]
    codes = [run.exit_code for run in ordered if run.exit_code is not None]
    return Run(
        run_id=_merged_id(started_at, ordered),
        name=ordered[0].name,
        workload=ordered[0].workload,
        hardware=hardware,
        energies=energies,
        duration_s=duration_s,
        started_at=started_at,
        start_s=start_s,
        status=max((run.status for run in ordered), key=_WORST_LAST.index),
        windows=windows,
        sampling_period_s=max(periods, default=None),
        left_out=(
            *(f"rank {rank}" for rank in missing),
            *left_out_of(energies, has_gpu=bool(hardware.accelerators)),
        ),
        gpu_utilization_fraction=_mean_busy_fraction(counted),
        power_limit_w=max(limits, default=None),
        origin=f"ranks: {'; '.join(_distinct(run.origin for run in ordered))}",
        command=_common(run.command for run in ordered) or (),
        exit_code=next((c for c in codes if c), codes[0] if codes else None),
        warnings=(
            *_doubts_of_ranks(by_rank, missing),
            *_doubts_of_devices(parts, counted, hosts, unknown),
            *_doubts_of_times(counted, hosts, duration_s),
            *_doubts_of_windows(n_left_out),
            *_doubts_of_runs(by_rank),
        ),
        tags=_merged_tags(ordered),
        isojoule_version=", ".join(_distinct(r.isojoule_version for r in ordered)),
    )


def newest_ranks(runs: Iterable[Run], *, job: str | None = None) -> list[Run]:
    """Return the ranks that measured together last.

    Parameters
    ----------
    runs : iterable of Run
        Of any jobs, and of none.
    job : str or None
        Tag of their job; any where `None`.

    Returns
    -------
    list of Run
        By their start. One job may measure several times, one after the other: these
        are the runs of the last time.

    Raises
    ------
    InsufficientDataError
        If no run is of a rank.
    UnknownNameError
        If there is no such job.
    IncomparableError
        If a rank measured twice at the same time: who belongs together is not known.
    """
    ranked = sorted(
        (r for r in runs if "rank" in r.tags and _is_timed(r)), key=_started_at
    )
    if not ranked:
        raise InsufficientDataError(
            "there is no run of a rank of a distributed job: measure in programs that "
            "torchrun, srun or mpirun starts, or import their runs"
        )
    jobs = {run.tags.get("job", "") for run in ranked}
    if job is not None and job not in jobs:
        raise UnknownNameError("job", job, jobs - {""})
    wanted = ranked[-1].tags.get("job", "") if job is None else job
    ranked = [run for run in ranked if run.tags.get("job", "") == wanted]
    together: list[Run] = []
    for run in ranked:
        is_next = any(run.tags["rank"] == other.tags["rank"] for other in together)
        if is_next or any(_ended_at(other) < _started_at(run) for other in together):
            together = []
        together.append(run)
    for run in together:
        for other in ranked:
            same = other is not run and other.tags["rank"] == run.tags["rank"]
            if same and _overlap(run, other):
                raise IncomparableError(
                    f"rank {run.tags['rank']} measured twice at the same time "
                    f"({other.run_id}, {run.run_id}): name the runs to merge"
                )
    return together


# ---- which runs belong together ----


def _by_rank(runs: Sequence[Run]) -> dict[int, Run]:
    """Return the runs by their rank.

    Raises
    ------
    IncomparableError
        If a run does not tell its rank, or two are of the same.
    """
    found: dict[int, Run] = {}
    for run in runs:
        text = run.tags.get("rank", "")
        if not text.isdecimal():
            what = "is merged already" if "merged" in run.tags else "tells no rank"
            raise IncomparableError(
                f"run {run.run_id} {what}: name the runs that the ranks of one job kept"
            )
        other = found.setdefault(int(text), run)
        if other is not run:
            raise IncomparableError(
                f"rank {text} is there twice ({other.run_id}, {run.run_id}): name one "
                "run per rank"
            )
    return found


def _missing_ranks(by_rank: dict[int, Run], *, partial: bool) -> list[int]:
    """Return the ranks that are not there.

    Raises
    ------
    IncomparableError
        If there are any and `partial` is false, or the job was smaller than a rank.
    """
    sizes = sorted({r.tags["world_size"] for r in by_rank.values() if _is_sized(r)})
    if len(sizes) > 1:
        raise IncomparableError(
            f"the runs are of jobs of {' and '.join(sizes)} ranks: name those of one job"
        )
    n_ranks = int(sizes[0]) if sizes else max(by_rank) + 1
    if max(by_rank) >= n_ranks:
        raise IncomparableError(
            f"rank {max(by_rank)} cannot be one of {n_ranks}: the tags rank and "
            "world_size of the runs do not fit"
        )
    missing = [rank for rank in range(n_ranks) if rank not in by_rank]
    if missing and not partial:
        raise IncomparableError(
            f"{_ranks(missing)} of {n_ranks} missing: import their runs into this "
            "store, or merge without them (--partial)"
        )
    return missing


def _is_sized(run: Run) -> bool:
    return run.tags.get("world_size", "").isdecimal()


def _require_one_job(by_rank: dict[int, Run]) -> None:
    """Raise unless the runs are of one job and one workload.

    Raises
    ------
    IncomparableError
        If they differ; the message tells in what.
    """
    runs = list(by_rank.values())
    jobs = sorted({run.tags["job"] for run in runs if "job" in run.tags})
    if len(jobs) > 1:
        raise IncomparableError(
            f"the runs are of the jobs {', '.join(jobs)}: name those of one job"
        )
    first = runs[0].workload
    for rank, run in by_rank.items():
        names = [
            field.name
            for field in fields(first)
            if getattr(first, field.name) != getattr(run.workload, field.name)
        ]
        if names:
            raise IncomparableError(
                f"the workloads of rank {min(by_rank)} and rank {rank} differ in "
                f"{', '.join(names)}: all ranks of a job do the same work"
            )
    if len(runs) > 1 and not all(run.hardware.host for run in runs):
        raise IncomparableError(
            "a run does not tell its host: which devices it shares is not known"
        )


def _spans(by_rank: dict[int, Run]) -> dict[int, _Span]:
    """Return when each rank measured, by the clock of its host.

    Raises
    ------
    IncomparableError
        If they did not all measure at some time, or a run has no times.
    """
    for run in by_rank.values():
        if not _is_timed(run):
            raise IncomparableError(
                f"run {run.run_id} does not tell when it was measured"
            )
    zero = min(_started_at(run) for run in by_rank.values())
    spans = {}
    for rank, run in by_rank.items():
        offset_s = (_started_at(run) - zero).total_seconds()
        start_s = offset_s + run.start_s
        spans[rank] = _Span(offset_s, start_s, start_s + (run.duration_s or 0.0))
    last = max(spans, key=lambda rank: spans[rank].start_s)
    first = min(spans, key=lambda rank: spans[rank].end_s)
    if spans[last].start_s > spans[first].end_s:
        raise IncomparableError(
            f"rank {last} began after rank {first} had ended: they are not of one "
            "job, or the clocks of their hosts differ"
        )
    return spans


def _is_timed(run: Run) -> bool:
    return run.started_at is not None and run.duration_s is not None


def _started_at(run: Run) -> datetime:
    return run.started_at or datetime.min


def _ended_at(run: Run) -> datetime:
    return _started_at(run) + timedelta(seconds=run.start_s + (run.duration_s or 0.0))


def _overlap(run: Run, other: Run) -> bool:
    return max(_started_at(run), _started_at(other)) <= min(
        _ended_at(run), _ended_at(other)
    )
