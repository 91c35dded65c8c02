"""What one site states of the same reference in all its submissions.

A reference is the same work on the same machine: whatever the system, it takes the
same energy.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from isojoule.comparison.checks.devices import family_of
from isojoule.comparison.checks.figures import count_of, positive_of, rounding_of
from isojoule.submissions import Figure, Submission

_TOLERANCE: Final = 0.05
"""So far two runs of the same work on one machine differ."""

_MOST_ROUNDING: Final = 0.5
"""Half a unit of the only digit, which is a 1."""


@dataclass(frozen=True, slots=True)
class StatedReference:
    """A reference that one submission states, and of how many members it is."""

    submission: Submission
    name: str
    phase: str
    energy: Figure
    value_j: float
    n_members: int


def sites_of(submissions: Sequence[Submission]) -> list[list[StatedReference]]:
    """Return what each site states of one reference on one device, two or more."""
    sites: dict[tuple[str, str, str, str], list[StatedReference]] = {}
    for submission in submissions:
        device = family_of(submission.device or "")
        n_members = count_of(submission.n_subsystems) or 1
        for run in submission.references:
            value_j = positive_of(run.energy)
            if value_j is not None:
                key = (submission.team, device, run.name, run.phase)
                sites.setdefault(key, []).append(
                    StatedReference(
                        submission, run.name, run.phase, run.energy, value_j, n_members
                    )
                )
    return [site for site in sites.values() if len(site) > 1]


def following(
    site: Sequence[StatedReference],
) -> Iterator[tuple[StatedReference, StatedReference]]:
    """Yield the ensembles whose reference follows their size, with what tells it.

    Without a single system beside them they are compared with the smallest and the
    largest ensemble.
    """
    singles = sorted((r for r in site if r.n_members == 1), key=lambda r: r.value_j)
    values = [single.value_j for single in singles]
    ensembles = sorted((r for r in site if r.n_members > 1), key=lambda r: r.n_members)
    for stated in ensembles:
        # Of the singles only those beside the value that would explain it can do so.
        place = bisect_left(values, stated.value_j / stated.n_members)
        near = singles[max(0, place - 1) : place + 1]
        others = near if singles else (ensembles[0], ensembles[-1])
        bases = [base for base in others if _is_proportional(stated, base)]
        if bases:
            yield stated, min(bases, key=lambda base: _excess(stated, base))


def _excess(stated: StatedReference, base: StatedReference) -> float:
    """Return how far the ratio of the energies is from that of the members."""
    ratio = stated.value_j / base.value_j
    return abs(ratio * base.n_members / stated.n_members - 1)


def _is_proportional(stated: StatedReference, base: StatedReference) -> bool:
    """Return whether the energies are in the ratio of the members, and not in 1.

    What the rounding of few digits leaves open is no evidence.
    """
    ratio = stated.value_j / base.value_j
    above, below = rounding_of(stated.energy), rounding_of(base.energy)
    low = ratio * (1 - above) / (1 + below) * (1 - _TOLERANCE)
    high = ratio * (1 + above) / (1 - min(below, _MOST_ROUNDING)) * (1 + _TOLERANCE)
    return low <= stated.n_members / base.n_members <= high and not low <= 1 <= high
