"""Runs that are unlike the others of their group, by isolation forests with a seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import MissingExtraError
from isojoule.records import Run, Scope
from isojoule.studies.groups.factors import CORE
from isojoule.studies.groups.quantities import QUANTITIES, Basis, n_epochs

Parameter: TypeAlias = str | int | float | bool | None

GROUPED_BY: Final = ("hardware", "model", "task")
"""What the paper calls environment, architecture and data set."""

_COLUMNS: Final[dict[str, Callable[[Run, Basis], float | None]]] = {
    "energy_j": QUANTITIES["energy"].of,
    "duration_s": QUANTITIES["duration"].of,
    "mean_power_w": QUANTITIES["power"].of,
    "gpu_utilization_fraction": lambda run, _: run.gpu_utilization_fraction,
    "gpu_memory_utilization_fraction": (
        lambda run, _: run.gpu_memory_utilization_fraction
    ),
    "n_epochs": lambda run, _: n_epochs(run),
    "batch_size": lambda run, _: run.workload.batch_size,
    "forward_flop_per_sample": lambda run, _: run.workload.forward_flop_per_sample,
    "memory_bytes": lambda run, _: run.hardware.memory_bytes,
}
"""The numeric columns, as far as all runs of a group know them."""


@dataclass(frozen=True, slots=True)
class OutlierSettings:
    """How outliers are looked for.

    Parameters
    ----------
    seed : int, default 0
        Of the forest.
    n_trees : int, default 100
        In each forest.
    contamination : float, default 0.1
        Share of each group that is called an outlier, in (0, 0.5].
    n_seeds : int, default 5
        Forests that are grown to tell how far the answer depends on the seed, from
        `seed` on; 1 tells nothing.

    Raises
    ------
    ValueError
        If one of them is out of range.
    """

    seed: int = 0
    n_trees: int = 100
    contamination: float = 0.1
    n_seeds: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.contamination <= 0.5:
            raise ValueError(
                f"the contamination must lie in (0, 0.5], got {self.contamination}"
            )
        if self.n_trees < 1 or self.n_seeds < 1 or self.seed < 0:
            raise ValueError(
                "trees and seeds must be 1 or more and the seed not negative, got "
                f"{self.n_trees}, {self.n_seeds} and {self.seed}"
            )


@dataclass(frozen=True, slots=True)
class SeedSpread:
    """How far the runs that are left depend on the seed.

    Parameters
    ----------
    seeds : tuple of int
        That were tried.
    mean_fraction, max_fraction : float
        Over each two seeds, the share of the runs left by the one that the other
        removes.
    n_wavering : int
        Runs that some seeds remove and others keep.
    n_always : int
        Runs that every seed removes.
    """

    seeds: tuple[int, ...]
    mean_fraction: float
    max_fraction: float
    n_wavering: int
    n_always: int


@dataclass(frozen=True, slots=True)
class Outliers:
    """What was found.

    Parameters
    ----------
    removed : set of int
        Places of the outliers among the runs.
    parameters : mapping of str to value
        With what they were found.
    notes : tuple of str
        What to know of it.
    spread : SeedSpread
        How far it depends on the seed.
    """

    removed: set[int]
    parameters: dict[str, Parameter]
    notes: tuple[str, ...]
    spread: SeedSpread


@dataclass(frozen=True, slots=True)
class _Cloud:
    """The runs of a group as standardized columns, and where they stand among all."""

    places: tuple[int, ...]
    columns: NDArray[np.float64]


def find_outliers(
    runs: Sequence[Run],
    settings: OutlierSettings,
    *,
    scope: Scope | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Outliers:
    """Return the runs that an isolation forest sets apart within their group [1]_.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines and workloads.
    settings : OutlierSettings
        How.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; each run's default where `None`.
    on_progress : callable or None
        Told how many of how many forests are grown.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.

    Notes
    -----
    The share of each group that is called an outlier is given beforehand: it says
    nothing about how many runs went wrong. Groups so small that the share is less than
    one run are left as they are, since the forest would take one of them all the same.

    References
    ----------
    .. [1] Liu, Ting & Zhou (2008), "Isolation forest", ICDM,
       doi:10.1109/ICDM.2008.17.
    """
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, run in enumerate(runs):
        key = tuple(CORE[name].of(run) for name in GROUPED_BY)
        groups.setdefault(key, []).append(place)
    large = [g for g in groups.values() if len(g) * settings.contamination >= 1]
    clouds = [_cloud(runs, group, Basis(scope)) for group in large]
    seeds = tuple(range(settings.seed, settings.seed + settings.n_seeds))
    n_done, by_seed = 0, []
    for seed in seeds:
        removed: set[int] = set()
        for cloud in clouds:
            removed |= _isolated(cloud, settings, seed)
            n_done += 1
            if on_progress is not None:
                on_progress(n_done, len(seeds) * len(clouds))
        by_seed.append(removed)
    return Outliers(
        by_seed[0],
        {
            "seed": settings.seed,
            "n_trees": settings.n_trees,
            "contamination": settings.contamination,
            "grouped_by": ", ".join(GROUPED_BY),
            "columns": ", ".join(_COLUMNS),
        },
        _notes(len(groups), len(large), settings),
        _spread(seeds, by_seed, len(runs)),
    )


def _cloud(runs: Sequence[Run], places: Sequence[int], basis: Basis) -> _Cloud:
    table = [[of(runs[place], basis) for of in _COLUMNS.values()] for place in places]
    known = [c for c in zip(*table, strict=True) if None not in c]
    values = np.array(known, np.float64).reshape(len(known), len(places))
    values = values[np.ptp(values, axis=1) > 0] if len(known) else values
    middle, width = values.mean(axis=1), values.std(axis=1)
    standardized = (values - middle[:, None]) / width[:, None]
    return _Cloud(tuple(places), standardized.T)


def _isolated(cloud: _Cloud, settings: OutlierSettings, seed: int) -> set[int]:
    """Return the places of the outliers of a group.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    try:
        from sklearn import ensemble
    except ImportError as error:
        raise MissingExtraError("study", "looking for outliers") from error
    if not cloud.columns.shape[1]:
        return set()  # all runs are the same in all that is known of them
    forest = ensemble.IsolationForest(
        n_estimators=settings.n_trees,
        contamination=settings.contamination,
        random_state=seed,
    )
    verdicts = forest.fit_predict(cloud.columns)
    return {p for p, v in zip(cloud.places, verdicts, strict=True) if v < 0}


def _notes(n_groups: int, n_large: int, settings: OutlierSettings) -> tuple[str, ...]:
    share = f"{settings.contamination:.0%}"
    told = (
        f"it removes about {share} of each group whatever the runs are like: the share "
        "is a setting, not a finding"
    )
    notes = [told]
    if n_groups > n_large:
        notes.append(
            f"{n_groups - n_large} of {n_groups} groups are so small that {share} is "
            "less than one run: left as they are"
        )
    return tuple(notes)


def _spread(
    seeds: tuple[int, ...], by_seed: Sequence[set[int]], n_runs: int
) -> SeedSpread:
    shares = [
        len(other - one) / max(1, n_runs - len(one))
        for a, b in combinations(by_seed, 2)
        for one, other in ((a, b), (b, a))
    ]
    every, some = set.intersection(*by_seed), set().union(*by_seed)
    return SeedSpread(
        seeds,
        sum(shares) / len(shares) if shares else 0.0,
        max(shares, default=0.0),
        len(some - every),
        len(every),
    )
