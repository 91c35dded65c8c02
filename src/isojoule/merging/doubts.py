"""What is doubtful about the figures of a merged run."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from isojoule.merging.parts import Part
from isojoule.merging.ranks import Job, ranks_text
from isojoule.records import Component
from isojoule.units import format_duration, format_energy

MAX_UNSEEN: Final = 0.05
"""Share of the time of a job that a rank may miss without a word."""

_MIN_UNSEEN_S: Final = 1.0

# What ranks say about sharing a machine is settled once they are merged.
_SETTLED: Final = "`isojoule runs merge`"
_TOGETHER: Final = re.compile("measured at the same time as (.+?): ")


def doubts_of_merging(
    job: Job,
    parts: Sequence[Part],
    counted: Sequence[Part],
    *,
    unknown: Mapping[Component, Sequence[str]],
    lost: Counter[str],
) -> tuple[str, ...]:
    """Return what a merged run should be read with.

    Parameters
    ----------
    job : Job
        Its ranks.
    parts, counted : sequence of Part
        What the ranks measured, and every device once.
    unknown : mapping of str to sequence of str
        Components without a sum, and the hosts that did not measure them.
    lost : Counter of str
        Windows that were left out, by their name.
    """
    return (
        *_doubts_of_ranks(job),
        *_doubts_of_sharing(parts, counted),
        *_doubts_of_hosts(counted, unknown),
        *_doubts_of_times(job, counted),
        *_doubts_of_windows(lost),
        *_doubts_of_runs(job),
    )


def _doubts_of_ranks(job: Job) -> list[str]:
    """Tell of ranks that are missing, or may be."""
    said = []
    if job.missing:
        said.append(
            f"without {ranks_text(job.missing)}, of whose devices nothing is known here"
        )
    if not job.is_sized:
        said.append(
            "no run tells how many ranks there were: those after "
            f"{ranks_text([job.ranks[-1].number])} would not be missed"
        )
    return said


def _doubts_of_sharing(parts: Sequence[Part], counted: Sequence[Part]) -> list[str]:
    """Tell of devices that several ranks measured."""
    devices: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for part in counted:
        ranks = tuple(other.rank.number for other in parts if other.key == part.key)
        if len(ranks) > 1:
            devices.setdefault((part.rank.host, ranks), []).append(part.device)
    return [
        f"{', '.join(names)} of {host} measured by {ranks_text(ranks)}: counted once"
        for (host, ranks), names in devices.items()
    ]


def _doubts_of_hosts(
    counted: Sequence[Part], unknown: Mapping[Component, Sequence[str]]
) -> list[str]:
    """Tell of components that not every host measured."""
    said = []
    for component, hosts in sorted(unknown.items()):
        known_j = [part.energy_j for part in counted if part.component == component]
        drawn = format_energy(sum(e for e in known_j if e is not None))
        said.append(
            f"{component} energy is not known: not measured on {', '.join(hosts)}; the "
            f"other hosts drew {drawn}"
        )
    return said


def _doubts_of_times(job: Job, counted: Sequence[Part]) -> list[str]:
    """Tell of ranks that did not measure all the time, and of several clocks."""
    ranks = {part.rank.number: part.rank for part in counted}.values()
    limit_s = max(_MIN_UNSEEN_S, MAX_UNSEEN * job.duration_s)
    said = [
        f"rank {rank.number} measured {format_duration(rank.duration_s)} of "
        f"{format_duration(job.duration_s)}: what its devices drew in the rest is in "
        "no figure"
        for rank in ranks
        if job.duration_s - rank.duration_s > limit_s
    ]
    if len(job.hosts) > 1:
        said.append(
            f"times are by the clocks of {len(job.hosts)} hosts: the duration and the "
            "edges of windows are off by as much as these differ; energies are not"
        )
    return said


def _doubts_of_windows(lost: Counter[str]) -> list[str]:
    """Tell of windows that some ranks did not cut."""
    if not lost:
        return []
    names = ", ".join(f"{n} {name!r}" for name, n in sorted(lost.items()))
    return [f"windows that not all measuring ranks have are left out: {names}"]


def _doubts_of_runs(job: Job) -> list[str]:
    """Tell what the ranks tell, each doubt once."""
    ids = {run.run_id for run in job.runs}
    who: dict[str, list[int]] = {}
    for rank in job.ranks:
        for doubt in dict.fromkeys(rank.run.warnings):
            if not _is_settled(doubt, ids):
                who.setdefault(doubt, []).append(rank.number)
    return [
        doubt if len(numbers) == len(job.ranks) else f"{ranks_text(numbers)}: {doubt}"
        for doubt, numbers in who.items()
    ]


def _is_settled(doubt: str, ids: set[str]) -> bool:
    together = _TOGETHER.match(doubt)
    if together:
        return set(together[1].split(", ")) <= ids
    return _SETTLED in doubt
