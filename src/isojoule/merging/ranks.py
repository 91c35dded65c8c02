"""Which runs are the ranks of one job, and when each of them measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from isojoule.errors import IncomparableError, InsufficientDataError, UnknownNameError
from isojoule.records import Run


@dataclass(frozen=True, slots=True)
class Rank:
    """The run of one rank, on the time axis of its job.

    Parameters
    ----------
    number : int
        Which rank.
    run : Run
        What it measured.
    offset_s : float
        Where the axis of its samples begins [s].
    """

    number: int
    run: Run
    offset_s: float

    @property
    def host(self) -> str:
        """Name of the machine that it ran on; empty where not known."""
        return self.run.hardware.host or ""

    @property
    def start_s(self) -> float:
        """When it began [s]."""
        return self.offset_s + self.run.start_s

    @property
    def duration_s(self) -> float:
        """How long it measured [s]."""
        return self.run.duration_s or 0.0

    @property
    def end_s(self) -> float:
        """When it ended [s]."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Job:
    """The ranks of one job.

    Parameters
    ----------
    started_at : datetime
        Zero of its time axis: that of the rank whose samples begin first.
    ranks : tuple of Rank
        Those that are there, by their number.
    missing : tuple of int
        Those that are not.
    is_sized : bool
        Whether any run tells how many ranks there were.
    """

    started_at: datetime
    ranks: tuple[Rank, ...]
    missing: tuple[int, ...]
    is_sized: bool

    @property
    def runs(self) -> list[Run]:
        """The runs of the ranks."""
        return [rank.run for rank in self.ranks]

    @property
    def start_s(self) -> float:
        """When the first rank began [s]."""
        return min(rank.start_s for rank in self.ranks)

    @property
    def duration_s(self) -> float:
        """From the start of the first rank to the end of the last [s]."""
        return max(rank.end_s for rank in self.ranks) - self.start_s

    @property
    def hosts(self) -> list[str]:
        """The machines, in the order of the ranks."""
        return list(dict.fromkeys(rank.host for rank in self.ranks))


def job_of(runs: Sequence[Run], *, partial: bool = False) -> Job:
    """Return the job whose ranks these runs are.

    Parameters
    ----------
    runs : sequence of Run
        One per rank; the tag ``rank`` tells which.
    partial : bool, default False
        Accept that ranks are missing.

    Raises
    ------
    InsufficientDataError
        If there is no run.
    IncomparableError
        If the runs are not the ranks of one job that measured the same work at the same
        time, or some are missing and `partial` is false.
    """
    if not runs:
        raise InsufficientDataError("there is no run of a rank to merge")
    by_number = _by_number(runs)
    is_sized, missing = _missing(by_number, partial=partial)
    _require_one_work(by_number)
    zero = min(_dated(run) for run in runs)
    ranks = tuple(
        Rank(number, run, (_dated(run) - zero).total_seconds())
        for number, run in sorted(by_number.items())
    )
    _require_common_time(ranks)
    return Job(zero, ranks, missing, is_sized)


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
        By their start. A job may measure several times, one after the other: these are
        the runs of the last time.

    Raises
    ------
    InsufficientDataError
        If no run is of a rank.
    UnknownNameError
        If there is no such job.
    IncomparableError
        If a rank measured twice at the same time: who belongs together is not known.
    """
    ranked = [
        r
        for r in runs
        if "rank" in r.tags and r.started_at is not None and r.duration_s is not None
    ]
    if not ranked:
        raise InsufficientDataError(
            "there is no run of a rank: measure in a program that torchrun, srun or "
            "mpirun starts, or import the runs of its ranks"
        )
    jobs = {run.tags["job"] for run in ranked if "job" in run.tags}
    if job is not None and job not in jobs:
        raise UnknownNameError("job", job, jobs)
    ranked.sort(key=_edges)
    wanted = ranked[-1].tags.get("job") if job is None else job
    ranked = [run for run in ranked if run.tags.get("job") == wanted]
    together: list[Run] = []
    for run in ranked:
        again = any(run.tags["rank"] == other.tags["rank"] for other in together)
        if again or any(not _overlap(run, other) for other in together):
            together = []
        together.append(run)
    _require_one_each(together, ranked)
    return together


def ranks_text(numbers: Sequence[int]) -> str:
    """Return ``rank 1`` or ``ranks 1, 2``, for people.

    Parameters
    ----------
    numbers : sequence of int
        At least one; of many only the first are named.
    """
    if len(numbers) == 1:
        return f"rank {numbers[0]}"
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""
    return f"ranks {', '.join(map(str, numbers[:8]))}{more}"


def _by_number(runs: Sequence[Run]) -> dict[int, Run]:
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


def _missing(
    by_number: dict[int, Run], *, partial: bool
) -> tuple[bool, tuple[int, ...]]:
    """Return whether the number of ranks is known, and the ranks that are not there.

    Raises
    ------
    IncomparableError
        If there are any and `partial` is false, or the job was smaller than a rank.
    """
    sizes = sorted(
        {r.tags["world_size"] for r in by_number.values() if "world_size" in r.tags}
    )
    highest = max(by_number)
    if len(sizes) > 1:
        raise IncomparableError(
            f"the runs are of jobs of {' and '.join(sizes)} ranks: name those of one"
        )
    if sizes and not (sizes[0].isdecimal() and highest < int(sizes[0])):
        raise IncomparableError(
            f"rank {highest} cannot be one of {sizes[0]}: the tags rank and "
            "world_size of the runs do not fit"
        )
    n_ranks = int(sizes[0]) if sizes else highest + 1
    missing = tuple(n for n in range(n_ranks) if n not in by_number)
    if missing and not partial:
        raise IncomparableError(
            f"{ranks_text(missing)} of {n_ranks} missing: wait for them, import their "
            "runs into this store, or merge without them (--partial)"
        )
    return bool(sizes), missing


def _require_one_work(by_number: dict[int, Run]) -> None:
    """Raise unless the runs are of one job and one workload, on known machines.

    Raises
    ------
    IncomparableError
        If they differ; the message tells in what.
    """
    runs = list(by_number.values())
    jobs = sorted({run.tags["job"] for run in runs if "job" in run.tags})
    if len(jobs) > 1:
        raise IncomparableError(
            f"the runs are of the jobs {', '.join(jobs)}: name those of one"
        )
    first_number, first = min(by_number.items())
    for number, run in by_number.items():
        differing = [
            field.name
            for field in fields(first.workload)
            if getattr(first.workload, field.name) != getattr(run.workload, field.name)
        ]
        if differing:
            raise IncomparableError(
                f"the workloads of rank {first_number} and rank {number} differ in "
                f"{', '.join(differing)}: all ranks of a job do the same work"
            )
    if len(runs) > 1 and not all(run.hardware.host for run in runs):
        raise IncomparableError(
            "a run does not tell its host: which devices it shares is not known"
        )


def _require_common_time(ranks: Sequence[Rank]) -> None:
    """Raise unless there was a time at which all ranks measured.

    Raises
    ------
    IncomparableError
        If there was none.
    """
    last = max(ranks, key=lambda rank: rank.start_s)
    first = min(ranks, key=lambda rank: rank.end_s)
    if last.start_s > first.end_s:
        raise IncomparableError(
            f"rank {last.number} began after rank {first.number} had ended: they are "
            "not of one job, or the clocks of their hosts differ"
        )


def _require_one_each(together: Sequence[Run], ranked: Sequence[Run]) -> None:
    """Raise if a rank measured twice at the time of the runs `together`.

    Raises
    ------
    IncomparableError
        If one did.
    """
    for run in together:
        for other in ranked:
            same = other is not run and other.tags["rank"] == run.tags["rank"]
            if same and _overlap(run, other):
                raise IncomparableError(
                    f"rank {run.tags['rank']} measured twice at the same time "
                    f"({other.run_id}, {run.run_id}): name the runs to merge"
                )


def _overlap(run: Run, other: Run) -> bool:
    (_, first_end), (second_start, _) = sorted([_edges(run), _edges(other)])
    return second_start < first_end


def _edges(run: Run) -> tuple[datetime, datetime]:
    """Return when a run proper began and ended, by the clock of its host."""
    start = _dated(run) + timedelta(seconds=run.start_s)
    return start, start + timedelta(seconds=run.duration_s or 0.0)


def _dated(run: Run) -> datetime:
    """Return the zero of the time axis of a run.

    Raises
    ------
    IncomparableError
        If it or the duration is not known.
    """
    if run.started_at is None or run.duration_s is None:
        raise IncomparableError(f"run {run.run_id} does not tell when it was measured")
    return run.started_at
