"""Pairs of machines with networks held out, and means over folds, pairs and tables."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from isojoule.formats import read_runs
from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.doubt import own_variance
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.pairs import Floats
from isojoule.records import Calibration, Observation
from isojoule.studies.benchmark.judging import NOT_POSITIVE
from isojoule.studies.benchmark.sources import (
    MachinePair,
    gather_sources,
    pair_machines,
)
from isojoule.studies.normalization.splits import hold_out_models, unusable_models

MAX_WORKLOADS = 200
MIN_SHARED = 8
N_SPLITS = 5


@dataclass(frozen=True)
class Case:
    """One ordered pair: its n workloads by rising source energy.

    `alone` is what the source tells of them, `elsewhere` what further machines tell
    besides; durations are NaN where they are not known. `own_variance` is what repeats
    and rounding leave, `held` has one row for each fold.
    """

    table: str
    phase: str
    source: str
    target: str
    seen: tuple[Observation, ...]
    networks: np.ndarray
    source_j: Floats
    target_j: Floats
    source_s: Floats
    target_s: Floats
    alone: Inputs
    elsewhere: Inputs
    own_variance: Floats
    held: np.ndarray

    @property
    def log_ratio(self) -> Floats:
        """Of energies, target over source."""
        return np.log(self.target_j / self.source_j)

    @property
    def log_time_ratio(self) -> Floats:
        """Of durations, target over source."""
        return np.log(self.target_s / self.source_s)

    @property
    def log_power_ratio(self) -> Floats:
        """Of mean powers, target over source."""
        return self.log_ratio - self.log_time_ratio

    @property
    def is_told(self) -> np.ndarray:
        """Which workloads a further machine has measured, too."""
        return (self.elsewhere.elsewhere != 0).any(axis=1)

    def folds(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the places of the training part and of the test part."""
        for is_held in self.held:
            yield np.flatnonzero(~is_held), np.flatnonzero(is_held)


def read_cases(folder: Path) -> list[Case]:
    """Return every ordered pair of every table of which networks can be held out."""
    runs = {path.stem: read_runs(path) for path in sorted(folder.glob("*.parquet"))}
    sources, _ = gather_sources(runs, max_workloads=MAX_WORKLOADS, seed=0)
    pairs, _ = pair_machines(sources, min_shared=MIN_SHARED)
    machines = {(s.name, s.phase): s.calibrations for s in sources}
    return [
        make_case(pair, machines[pair.name, pair.phase])
        for pair in pairs
        if not unusable_models(pair.shared)
    ]


def make_case(pair: MachinePair, machines: Mapping[str, Calibration]) -> Case:
    shared = pair.shared
    before, after = machines[shared.source], machines[shared.target]
    others = [c for name, c in machines.items() if name not in pair.machines]
    frame = make_frame(before, others)
    seen = [before.observations[name] for name in shared.workloads]
    then = [after.observations[name] for name in shared.workloads]
    return Case(
        table=pair.name,
        phase=pair.phase,
        source=shared.source,
        target=shared.target,
        seen=tuple(seen),
        networks=np.array(shared.models),
        source_j=shared.source_energy_j,
        target_j=shared.target_energy_j,
        source_s=durations_s(seen),
        target_s=durations_s(then),
        alone=frame.inputs(seen),
        elsewhere=frame.inputs(seen, tuple(frame.elsewhere)),
        own_variance=np.array(
            [own_variance(a) + own_variance(b) for a, b in zip(seen, then, strict=True)]
        ),
        held=hold_out_models(shared, N_SPLITS),
    )


def durations_s(observations: Sequence[Observation]) -> Floats:
    return np.array(
        [np.nan if o.duration_s is None else o.duration_s for o in observations]
    )


def mean_error(said: Floats, true: Floats) -> float:
    """Return the MALE of log ratios."""
    return float(np.abs(said - true).mean())


def dual_error(case: Case) -> float:
    """Return the MALE of the published dual reference, mean over folds."""
    found = []
    for train, test in case.folds():
        low, high = train[0], train[-1]
        rise = case.target_j[high] - case.target_j[low]
        slope = rise / (case.source_j[high] - case.source_j[low])
        said_j = case.target_j[high] + slope * (
            case.source_j[test] - case.source_j[high]
        )
        least_j = NOT_POSITIVE * min(case.target_j[low], case.target_j[high])
        said_j = np.where(said_j > 0, said_j, least_j)
        found.append(mean_error(np.log(said_j), np.log(case.target_j[test])))
    return float(np.mean(found))


def by_name(names: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    """Return means over the pairs of each name; NaN where one of them is."""
    return {
        name: float(
            np.mean([v for n, v in zip(names, values, strict=True) if n == name])
        )
        for name in dict.fromkeys(names)
    }


def by_table(cases: Sequence[Case], values: Sequence[float]) -> dict[str, float]:
    """Return means over the pairs of each table, its phases together."""
    return by_name([case.table for case in cases], values)


def mean_of_tables(cases: Sequence[Case], values: Sequence[float]) -> float:
    """Return the mean over those tables that have a mean over their pairs."""
    return float(np.nanmean(list(by_table(cases, values).values())))
