"""One run from the runs of the ranks of a job."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from typing import Final, TypeAlias, TypeVar

from isojoule.errors import InsufficientDataError
from isojoule.finish import left_out_of
from isojoule.merging.doubts import doubts_of_merging
from isojoule.merging.parts import (
    Part,
    boards_of,
    counted_once,
    mean_busy_fraction,
    parts_of,
    sums_by_component,
)
from isojoule.merging.ranks import Job, Rank, job_of
from isojoule.records import (
    Accelerator,
    Component,
    Hardware,
    Run,
    Status,
    Window,
    counted_names,
)

Value = TypeVar("Value")
Number = TypeVar("Number", int, float)

_Label: TypeAlias = tuple[str, str | None, int | None, int]
"""Name, phase and epoch of a window, and how many of those came before it."""

_WORST_LAST: Final[list[Status]] = ["complete", "interrupted", "recovered", "failed"]


def merge_runs(runs: Sequence[Run], *, partial: bool = False) -> Run:
    """Return one run for a job, from those of its ranks.

    Parameters
    ----------
    runs : sequence of Run
        One per rank, with samples where they have any; the tag ``rank`` tells which.
    partial : bool, default False
        Accept that ranks are missing; the figures are then of those that are there.

    Returns
    -------
    Run
        Energies [J] are sums over the devices of all ranks; one that several ranks
        measured counts once, as the rank has it that measured it longest. A component
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
    job = job_of(runs, partial=partial)
    parts = [part for rank in job.ranks for part in parts_of(rank)]
    counted = counted_once(parts)
    if not counted:
        raise InsufficientDataError(
            "no rank measured anything: isojoule doctor tells what is missing"
        )
    unknown = _not_on_every_host(parts, job)
    energies = sums_by_component((part.energies[0] for part in counted), unknown)
    windows, lost = _merged_windows(job, counted, unknown)
    hardware = _merged_hardware(job)
    runs = job.runs
    return Run(
        run_id=_merged_id(job),
        name=runs[0].name,
        workload=runs[0].workload,
        hardware=hardware,
        energies=energies,
        duration_s=job.duration_s,
        started_at=job.started_at,
        start_s=job.start_s,
        status=max((run.status for run in runs), key=_WORST_LAST.index),
        windows=windows,
        sampling_period_s=_highest(run.sampling_period_s for run in runs),
        left_out=(
            *(f"rank {number}" for number in job.missing),
            *left_out_of(energies, has_gpu=bool(hardware.accelerators)),
        ),
        gpu_utilization_fraction=mean_busy_fraction(counted),
        power_limit_w=_highest(run.power_limit_w for run in runs),
        origin=f"ranks: {_listed((run.origin for run in runs), '; ')}",
        command=_common([run.command for run in runs]) or (),
        exit_code=_worst_exit_code(runs),
        warnings=doubts_of_merging(job, parts, counted, unknown=unknown, lost=lost),
        tags=_merged_tags(runs),
        isojoule_version=_listed(run.isojoule_version for run in runs),
    )


def _not_on_every_host(parts: Sequence[Part], job: Job) -> dict[Component, list[str]]:
    """Return the components that some hosts did not measure, with those hosts.

    A sum over the other hosts would not be the energy of the job.
    """
    measured: dict[Component, set[str]] = {}
    for part in parts:
        measured.setdefault(part.component, set()).add(part.rank.host)
    return {
        component: [host for host in job.hosts if host not in hosts]
        for component, hosts in measured.items()
        if len(hosts) < len(job.hosts)
    }


# ---- windows ----


def _merged_windows(
    job: Job, counted: Sequence[Part], unknown: Collection[Component]
) -> tuple[tuple[Window, ...], Counter[str]]:
    """Return the windows that all measuring ranks cut, and the names of the others."""
    indices = {rank.number: _indices(rank.run.windows) for rank in job.ranks}
    numbers = {part.rank.number for part in counted}
    measuring = [rank for rank in job.ranks if rank.number in numbers]
    common = [
        label
        for label in indices[measuring[0].number]
        if all(label in indices[rank.number] for rank in measuring)
    ]
    merged = []
    for label in common:
        at = {rank.number: indices[rank.number][label] for rank in measuring}
        edges_s = [_edges_s(rank, at[rank.number]) for rank in measuring]
        name, phase, epoch, _ = label
        merged.append(
            Window(
                name,
                phase,
                epoch,
                min(start_s for start_s, _ in edges_s),
                max(end_s for _, end_s in edges_s),
                sums_by_component(
                    (p.energies[1 + at[p.rank.number]] for p in counted), unknown
                ),
            )
        )
    lost = {label for found in indices.values() for label in found}.difference(common)
    return tuple(merged), Counter(label[0] for label in lost)


def _indices(windows: Iterable[Window]) -> dict[_Label, int]:
    """Return where each window is in a run, by its label."""
    seen: Counter[tuple[str, str | None, int | None]] = Counter()
    indices: dict[_Label, int] = {}
    for index, window in enumerate(windows):
        kind = (window.name, window.phase, window.epoch)
        indices[(*kind, seen[kind])] = index
        seen[kind] += 1
    return indices


def _edges_s(rank: Rank, index: int) -> tuple[float, float]:
    """Return the edges of a window on the time axis of the job [s]."""
    window = rank.run.windows[index]
    return rank.offset_s + window.start_s, rank.offset_s + window.end_s


# ---- what the run is of ----


def _merged_hardware(job: Job) -> Hardware:
    by_host: dict[str, list[Hardware]] = {}
    for run in job.runs:
        by_host.setdefault(run.hardware.host or "", []).append(run.hardware)
    machines = [hardware for found in by_host.values() for hardware in found]
    accelerators = _merged_accelerators(job)
    return Hardware(
        name=_merged_name(by_host, accelerators),
        accelerators=accelerators,
        cpu_name=_listed(h.cpu_name for h in machines) or None,
        n_cpus=_sum([_highest(h.n_cpus for h in found) for found in by_host.values()]),
        n_threads=_sum([h.n_threads for h in machines]),
        memory_bytes=_sum(
            [_highest(h.memory_bytes for h in found) for found in by_host.values()]
        ),
        host=", ".join(by_host) or None,
        software={
            name: _listed(h.software.get(name) for h in machines)
            for name in dict.fromkeys(n for h in machines for n in h.software)
        },
    )


def _merged_accelerators(job: Job) -> tuple[Accelerator, ...]:
    """Return every accelerator once."""
    found: dict[tuple[str, ...], Accelerator] = {}
    for rank in job.ranks:
        for device, board in boards_of(rank.run).items():
            key = (board.uuid,) if board.uuid else (rank.host, device)
            found.setdefault(key, board)
    return tuple(found.values())


def _merged_name(
    by_host: dict[str, list[Hardware]], accelerators: Sequence[Accelerator]
) -> str:
    """Return what the machines are called together: after what computes.

    A name that a user gave counts once per host.
    """
    machines = [hardware for found in by_host.values() for hardware in found]
    computing = [h for h in machines if h.accelerators] or machines
    if accelerators and all(
        h.name == counted_names(a.name for a in h.accelerators) for h in computing
    ):
        return counted_names(a.name for a in accelerators)
    return counted_names(
        name for found in by_host.values() for name in {h.name: None for h in found}
    )


def _merged_id(job: Job) -> str:
    """Return an id that sorts by start, the same for the same ranks."""
    ids = ",".join(sorted(run.run_id for run in job.runs))
    stamp = f"{job.started_at:%Y%m%dT%H%M%S%f}"[:-3]
    return f"{stamp}-{sha256(ids.encode()).hexdigest()[:6]}"


def _merged_tags(runs: Sequence[Run]) -> dict[str, str]:
    """Return the tags of which no rank says otherwise, and which runs were merged."""
    tags = {name: value for run in reversed(runs) for name, value in run.tags.items()}
    common = {
        name: value
        for name, value in tags.items()
        if name != "rank" and all(run.tags.get(name, value) == value for run in runs)
    }
    return {**common, "merged": ", ".join(sorted(run.run_id for run in runs))}


def _worst_exit_code(runs: Sequence[Run]) -> int | None:
    codes = [run.exit_code for run in runs if run.exit_code is not None]
    return next((code for code in codes if code), codes[0] if codes else None)


def _listed(values: Iterable[str | None], separator: str = ", ") -> str:
    """Return the different ones of `values`."""
    return separator.join(dict.fromkeys(value for value in values if value))


def _common(values: Sequence[Value]) -> Value | None:
    return values[0] if all(value == values[0] for value in values) else None


def _highest(values: Iterable[Number | None]) -> Number | None:
    return max((value for value in values if value is not None), default=None)


def _sum(values: Sequence[int | None]) -> int | None:
    """Return the sum; `None` if one is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
