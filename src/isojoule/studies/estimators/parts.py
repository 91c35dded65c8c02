"""Which of the runs are which published table, and which are the user's own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from isojoule.observations import is_part
from isojoule.records import Run

TABLE_TAG: Final = "delrey_table"
"""Tag of runs that come from a published table: which of them."""

_ENDED: Final = ("complete", "recovered")


@dataclass(frozen=True, slots=True)
class Parts:
    """Runs by where they are from.

    Parameters
    ----------
    train, test : tuple of Run
        Of the published regressions.
    table10 : tuple of Run
        Of the published comparison of estimates.
    own : tuple of Run
        All others: finished trainings.
    left_out : mapping of str to int
        Runs by the reason why they are in none of these.
    """

    train: tuple[Run, ...]
    test: tuple[Run, ...]
    table10: tuple[Run, ...]
    own: tuple[Run, ...]
    left_out: dict[str, int]

    @property
    def judged(self) -> tuple[Run, ...]:
        """The runs that grouped scores are of: published training part, else own."""
        return self.train or self.own


def part_runs(runs: Iterable[Run]) -> Parts:
    """Return the runs by where they are from.

    Parameters
    ----------
    runs : iterable of Run
        Of any files; their tags tell the published tables.
    """
    tables: dict[str, list[Run]] = {}
    left_out: dict[str, int] = {}
    for run in runs:
        reason = _why_not(run)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            tables.setdefault(run.tags.get(TABLE_TAG, ""), []).append(run)
    return Parts(
        train=tuple(tables.get("regression_train", ())),
        test=tuple(tables.get("regression_test", ())),
        table10=tuple(tables.get("table10_test", ())),
        own=tuple(tables.get("", ())),
        left_out=left_out,
    )


def _why_not(run: Run) -> str:
    if run.workload.phase != "train":
        return f"of phase {run.workload.phase}, not train"
    if run.status not in _ENDED:
        return "did not end by themselves"
    if is_part(run):
        return "of single ranks: `isojoule runs merge` adds them"
    return ""


def configuration_of(run: Run) -> str:
    """Return what is the same for repeats of a run: work, settings, machine, memory.

    Parameters
    ----------
    run : Run
        The tag ``config_id`` decides where it has one.
    """
    stated = run.tags.get("config_id")
    if stated:
        return stated
    work, machine = run.workload, run.hardware
    memory = f"{machine.memory_bytes / 2**30:g} GB" if machine.memory_bytes else ""
    parts = (machine.name, work.name, work.variant or "", memory)
    return " | ".join(part for part in parts if part)
