"""From runs by file to what is judged: calibrations by phase, pairs of machines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from zlib import crc32

import numpy as np

from isojoule.errors import IncomparableError
from isojoule.observations import calibrate, select
from isojoule.records import Calibration, Run
from isojoule.studies.normalization.pairs import Measurements, SharedPair


@dataclass(frozen=True, slots=True)
class Source:
    """What one file tells of one phase and one kind of settings.

    Parameters
    ----------
    name : str
        The file. What is learned for it is learned from other files alone.
    phase : str
        The phase, with the settings where the runs of one file differ in them.
    calibrations : mapping of str to Calibration
        By machine, at the highest power limit of each, repeats reduced to medians.
    """

    name: str
    phase: str
    calibrations: Mapping[str, Calibration]

    @property
    def label(self) -> str:
        """File and phase in words."""
        return f"{self.name} ({self.phase})"

    @property
    def workloads(self) -> frozenset[str]:
        """Names of all workloads of any machine."""
        return frozenset(w for c in self.calibrations.values() for w in c.observations)


@dataclass(frozen=True, slots=True)
class MachinePair:
    """Two machines of one source, in one direction.

    Parameters
    ----------
    name, phase : str
        Of the source.
    shared : SharedPair
        What they share.
    """

    name: str
    phase: str
    shared: SharedPair

    @property
    def machines(self) -> frozenset[str]:
        """Both machines, whatever the direction."""
        return frozenset({self.shared.source, self.shared.target})


def gather_sources(
    runs: Mapping[str, Sequence[Run]], *, max_workloads: int, seed: int
) -> tuple[list[Source], list[str]]:
    """Return one source per file and phase, and what was left out or reduced.

    Parameters
    ----------
    runs : mapping of str to sequence of Run
        By file.
    max_workloads : int
        Most workloads of a source; of more some are drawn, evenly over networks.
    seed : int
        For the drawing.
    """
    sources, notes = [], []
    for name, of_file in runs.items():
        different = list({run.run_id: run for run in of_file}.values())
        for phase in sorted({run.workload.phase for run in different}):
            for found, told in _sources(name, phase, different):
                kept, thinned = thin(found, max_workloads, seed=seed)
                sources.append(kept)
                notes += [f"{found.label}: {note}" for note in (*told, *thinned)]
    return sources, notes + _twins(sources)


def _sources(
    name: str, phase: str, runs: Sequence[Run]
) -> Iterator[tuple[Source, list[str]]]:
    """Yield what a file tells of one phase: a source for each of its settings."""
    selection = select(runs, phase=phase)
    notes = list(selection.notes)
    variants = sorted({seen.variant or "" for seen in selection.observations}) or [""]
    for variant in variants:
        calibrations = {}
        told = [o for o in selection.observations if (o.variant or "") == variant]
        for machine in sorted({seen.hardware for seen in told}):
            try:
                calibrations[machine] = calibrate(machine, told)
            except IncomparableError as error:
                notes.append(f"{machine} left out: {error}")
        is_one = len(variants) == 1
        kind = phase if is_one else f"{phase}, {variant or 'unstated settings'}"
        yield Source(name, kind, calibrations), notes
        notes = []


def _twins(sources: Iterable[Source]) -> list[str]:
    """Return which files are so alike that one could teach what the other asks."""
    seen: dict[str, set[tuple[str, str]]] = {}
    for source in sources:
        cells = seen.setdefault(source.name, set())
        for machine, calibration in source.calibrations.items():
            cells |= {(machine, workload) for workload in calibration.observations}
    return [
        f"{one} and {other} share {n} workloads on the same machines: what is learned "
        "from one knows the other"
        for one, other in combinations(seen, 2)
        if (n := len(seen[one] & seen[other]))
    ]


def thin(
    source: Source, max_workloads: int, *, seed: int
) -> tuple[Source, tuple[str, ...]]:
    """Return the source with at most so many workloads, and a note where some went.

    Parameters
    ----------
    source : Source
        Of any size.
    max_workloads : int
        Most workloads that are kept, the same ones on all machines.
    seed : int
        For the drawing: networks give one workload after the other in turn, those on
        the most machines first.
    """
    names = sorted(source.workloads)
    if len(names) <= max_workloads:
        return source, ()
    kept = _drawn(source, names, max_workloads, seed)
    thinned = {
        machine: Calibration(
            machine, {n: o for n, o in calibration.observations.items() if n in kept}
        )
        for machine, calibration in source.calibrations.items()
    }
    note = (
        f"{len(kept)} of {len(names)} workloads, drawn evenly over networks "
        f"(seed {seed})"
    )
    return Source(source.name, source.phase, thinned), (note,)


def _drawn(source: Source, names: Sequence[str], n_kept: int, seed: int) -> set[str]:
    rng = np.random.default_rng([seed, crc32(source.label.encode())])
    place = dict(zip(names, rng.permutation(len(names)).tolist(), strict=True))
    n_machines: dict[str, int] = dict.fromkeys(names, 0)
    networks: dict[str, str] = {}
    for calibration in source.calibrations.values():
        for name, seen in calibration.observations.items():
            n_machines[name] += 1
            networks[name] = networks.get(name) or seen.model or ""
    hands: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda n: (-n_machines[n], place[n])):
        hands.setdefault(networks[name], []).append(name)
    turns = [
        (turn, place[name], name)
        for hand in hands.values()
        for turn, name in enumerate(hand)
    ]
    return {name for *_, name in sorted(turns)[:n_kept]}


def pair_machines(
    sources: Sequence[Source], *, min_shared: int
) -> tuple[list[MachinePair], list[tuple[str, str, str, str]]]:
    """Return all ordered pairs that share enough, and those left out.

    Parameters
    ----------
    sources : sequence of Source
        Any number.
    min_shared : int
        Fewest workloads of a pair.

    Returns
    -------
    tuple of two lists
        Pairs; and label of the source, both machines and the reason.
    """
    pairs, skipped = [], []
    for source in sources:
        measured = Measurements(source.calibrations)
        for one, other in permutations(sorted(source.calibrations), 2):
            found = measured.share(one, other, min_shared=min_shared)
            if isinstance(found, SharedPair):
                pairs.append(MachinePair(source.name, source.phase, found))
            else:
                skipped.append((source.label, *found))
    return pairs, skipped
