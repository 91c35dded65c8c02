"""In how many runs: a change by an epoch, at the edge, where the work changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.studies.stabilization.findings import Finding
from isojoule.studies.stabilization.fluss import Change

NEAR_S: Final = 15.0
"""How near two changes have to be to be taken as one [s]."""

SETTLED: Final = "settled"
"""What the detector that looks at the epochs is called."""

SETTLED_FIRST: Final = "settled-first"
"""The same, asked when they agree for the first time."""

STATED: Final[Mapping[str, str]] = {
    "published": "fluss_s",
    "published-unrounded": "fluss_unrounded_s",
}
"""Measures in which a table states the change that a detector looks for [s]."""


def stable_epochs(findings: Sequence[Finding], detector: str) -> list[int | None]:
    """Return the stabilizing epoch of every run that the detector could look at.

    Parameters
    ----------
    findings : sequence of Finding
        Some runs.
    detector : str
        One that was asked, or `SETTLED`, or `SETTLED_FIRST`.

    Returns
    -------
    list of int or None
        `None` where the run is never stable.
    """
    if detector == SETTLED:
        return [finding.settled.since for finding in findings]
    if detector == SETTLED_FIRST:
        return [finding.settled.first_since for finding in findings]
    return [f.stable_epoch(detector) for f in findings if _was_asked(f, detector)]


def _was_asked(finding: Finding, detector: str) -> bool:
    change = finding.changes.get(detector)
    return change is not None and change.arcs is not None


def share_by(epochs: Sequence[int | None], epoch: int) -> float | None:
    """Return the share of runs that are stable by an epoch; `None` without runs."""
    if not epochs:
        return None
    return sum(e is not None and e <= epoch for e in epochs) / len(epochs)


@dataclass(frozen=True, slots=True)
class DetectorScore:
    """How often a detector finds something, and how often the right thing.

    Parameters
    ----------
    detector : str
        Its name.
    n_runs : int
        Runs that it could look at.
    n_found : int
        In which it finds a change.
    n_first, n_last : int
        At the first or last place that it may return.
    n_known : int
        Runs in which the work is known to change.
    n_near, n_within_epoch : int
        In which the change lies within `NEAR_S`, or one epoch, of it.
    n_controls : int
        Runs of which a part is known not to change.
    n_false : int
        In which it finds a change in that part.
    n_false_edge : int
        At the first or last place that it may return.
    n_false_near_edge : int
        Within 30 s of one.
    """

    detector: str
    n_runs: int
    n_found: int
    n_first: int
    n_last: int
    n_known: int
    n_near: int
    n_within_epoch: int
    n_controls: int
    n_false: int
    n_false_edge: int
    n_false_near_edge: int


_EDGE_S: Final = 30.0


def score_detector(findings: Sequence[Finding], detector: str) -> DetectorScore:
    """Return how often a detector is right.

    Parameters
    ----------
    findings : sequence of Finding
        Some runs.
    detector : str
        One that was asked.
    """
    asked = [f for f in findings if _was_asked(f, detector)]
    changes = [f.changes[detector] for f in asked]
    known = [(f, f.case.switch_s) for f in asked if f.case.switch_s is not None]
    apart_s = [
        (_apart_s(f.changes[detector].time_s, switch_s), f.case.epoch_s)
        for f, switch_s in known
    ]
    controls = [
        c for f in asked if (c := f.controls.get(detector)) is not None and c.arcs
    ]
    false = [c for c in controls if c.time_s is not None]
    return DetectorScore(
        detector,
        len(asked),
        sum(c.time_s is not None for c in changes),
        sum(c.edge == "first" for c in changes),
        sum(c.edge == "last" for c in changes),
        len(known),
        sum(apart <= NEAR_S for apart, _ in apart_s),
        sum(apart <= epoch_s for apart, epoch_s in apart_s),
        len(controls),
        len(false),
        sum(c.edge is not None for c in false),
        sum(_from_edge_s(c) <= _EDGE_S for c in false),
    )


def _apart_s(one_s: float | None, other_s: float | None) -> float:
    if one_s is None or other_s is None:
        return float("inf")
    return abs(one_s - other_s)


def _from_edge_s(change: Change) -> float:
    """Return how far a change lies from the nearer end of what may be returned [s]."""
    if change.arcs is None or change.time_s is None:
        return float("inf")
    ends_s = change.arcs.time_s[[change.arcs.first, change.arcs.last]]
    return float(np.abs(ends_s - change.time_s).min())


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two ways to find a change agree.

    Parameters
    ----------
    one, other : str
        Names of detectors; of a table, that of the measure.
    n_runs : int
        Runs in which both find one.
    n_equal, n_near : int
        In which they are the same reading (within half a second), or within `NEAR_S`.
    """

    one: str
    other: str
    n_runs: int
    n_equal: int
    n_near: int


def agreements(
    findings: Sequence[Finding], detectors: Sequence[str]
) -> tuple[Agreement, ...]:
    """Return how far the detectors agree with each other and with what a table states.

    Parameters
    ----------
    findings : sequence of Finding
        Some runs.
    detectors : sequence of str
        Those that were asked.
    """
    series = {
        name: [
            c.time_s if (c := f.changes.get(name)) is not None else None
            for f in findings
        ]
        for name in detectors
    }
    stated = {
        measure: [f.case.run.measures.get(measure) for f in findings]
        for measure in STATED.values()
    }
    pairs = [(name, STATED[name]) for name in detectors if name in STATED]
    pairs += [
        (one, other)
        for n, one in enumerate(detectors)
        for other in tuple(detectors)[n + 1 :]
    ]
    both = series | stated
    found = (_agreement(one, other, both[one], both[other]) for one, other in pairs)
    return tuple(agreement for agreement in found if agreement.n_runs)


def _agreement(
    one: str,
    other: str,
    one_s: Sequence[float | None],
    other_s: Sequence[float | None],
) -> Agreement:
    apart_s = [
        _apart_s(a, b)
        for a, b in zip(one_s, other_s, strict=True)
        if a is not None and b is not None
    ]
    return Agreement(
        one,
        other,
        len(apart_s),
        sum(apart <= 0.5 for apart in apart_s),
        sum(apart <= NEAR_S for apart in apart_s),
    )


def stated_epochs(findings: Sequence[Finding], measure: str) -> list[int | None]:
    """Return the stabilizing epochs by the changes that a table states.

    Parameters
    ----------
    findings : sequence of Finding
        Some runs.
    measure : str
        Of `STATED`.
    """
    return [
        f.case.epoch_after(f.case.run.measures[measure])
        for f in findings
        if measure in f.case.run.measures
    ]
