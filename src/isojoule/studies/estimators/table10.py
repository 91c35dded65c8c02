"""Table 10: six estimates of the total energy, from the rows of the published figure.

Green Algorithms is there twice. The estimate in the figure has the power of the memory
that was in use; the published table has that of the memory that was there, which is
recomputed from limit, GPU use, memory size and duration.

References
----------
.. [1] del Rey et al. (2024), "How to use model architecture and training environment to
   estimate the energy consumption of DL training", arXiv:2307.05520, Table 10.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from statistics import fmean
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.baselines import green_algorithms_energy_j
from isojoule.estimators.inputs import Floats
from isojoule.observations import energy_in_scope
from isojoule.records import Run
from isojoule.studies.estimators.published import TABLE_10, TABLE_10_TOLERANCE
from isojoule.studies.estimators.scores import Errors
from isojoule.units import BYTES_PER_GIB

Verdict: TypeAlias = Literal[
    "within tolerance", "differs", "rows missing", "unpublished"
]

GREEN_ALGORITHMS: Final = "green_algorithms_energy_j"
BY_SIZE: Final = "green_algorithms_by_size_energy_j"
"""Green Algorithms with the size of the memory: what the table has."""

ALL_RUNS: Final = "all runs"
_OLD_BOARD: Final = "GTX 750 Ti"


@dataclass(frozen=True, slots=True)
class Table10Row:
    """One estimate on one set of runs.

    Parameters
    ----------
    subset : str
        ``all runs``, or which of them.
    estimate : str
        The measure that keeps it.
    errors : Errors
        In J.
    published_rmse : float or None
        As printed [J]; for all runs alone.
    verdict : {"within tolerance", "differs", "rows missing", "unpublished"}
        How the recomputation compares; it cannot where runs lack the estimate.
    n_without : int
        Runs of the subset that lack the estimate.
    """

    subset: str
    estimate: str
    errors: Errors
    published_rmse: float | None
    verdict: Verdict
    n_without: int

    @property
    def difference_fraction(self) -> float | None:
        """Relative difference of the RMSE; `None` where there is no print."""
        if self.published_rmse is None:
            return None
        return self.errors.rmse / self.published_rmse - 1


@dataclass(frozen=True, slots=True)
class Table10:
    """The table, and what its figure is made of.

    Parameters
    ----------
    rows : tuple of Table10Row
        By subset, then estimate.
    relative : mapping of str to ndarray of shape (n,)
        Relative error of each estimate on each run, estimate over truth less 1.
    n_also_trained : int
        Runs that the regressions learned from all the same.
    """

    rows: tuple[Table10Row, ...]
    relative: Mapping[str, Floats]
    n_also_trained: int


def score_table10(runs: Sequence[Run], others: Sequence[Run] = ()) -> Table10:
    """Return the errors of the six estimates.

    Parameters
    ----------
    runs : sequence of Run
        Rows of the figure.
    others : sequence of Run
        Rows of other published tables: they know the GPU use of rows that have none.
        Where a run is not among them the mean over its configuration is taken.
    """
    true_j = np.array([_true_j(run) for run in runs])
    estimates = {
        BY_SIZE: _by_size(runs, [*runs, *others]),
        **{
            name: np.array([run.measures.get(name, nan) for run in runs])
            for name in TABLE_10
        },
    }
    rows = [
        row
        for subset, chosen in _subsets(runs)
        for row in _rows(subset, chosen, estimates, true_j)
    ]
    return Table10(
        rows=tuple(rows),
        relative={name: values / true_j - 1 for name, values in estimates.items()},
        n_also_trained=sum(
            run.tags.get("also_in_regression_train") == "True" for run in runs
        ),
    )


def _true_j(run: Run) -> float:
    found = energy_in_scope(run.energies, "node")
    return nan if found is None else found[0]


def _by_size(runs: Sequence[Run], known: Sequence[Run]) -> Floats:
    by_place = {
        run.measures["clean_position"]: run.gpu_utilization_fraction
        for run in known
        if "clean_position" in run.measures and run.gpu_utilization_fraction is not None
    }
    of_configuration: dict[str, list[float]] = {}
    for run in known:
        if run.gpu_utilization_fraction is not None:
            of = of_configuration.setdefault(_shared_name(run), [])
            of.append(run.gpu_utilization_fraction)
    return np.array([_of_run(run, by_place, of_configuration) for run in runs])


def _shared_name(run: Run) -> str:
    """Return a configuration by what all published tables tell of it."""
    machine = run.hardware
    return f"{machine.name} {machine.memory_bytes} {run.workload.name}"


def _of_run(
    run: Run,
    by_place: Mapping[float, float],
    of_configuration: Mapping[str, Sequence[float]],
) -> float:
    use = run.gpu_utilization_fraction
    if use is None:
        use = by_place.get(run.measures.get("clean_position", nan))
    if use is None and _shared_name(run) in of_configuration:
        use = fmean(of_configuration[_shared_name(run)])
    limit_w, memory_bytes = run.power_limit_w, run.hardware.memory_bytes
    if use is None or limit_w is None or memory_bytes is None or not run.duration_s:
        return nan
    return green_algorithms_energy_j(
        limit_w * use, memory_bytes / BYTES_PER_GIB, run.duration_s
    )


def _subsets(runs: Sequence[Run]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    everything = np.ones(len(runs), dtype=bool)
    yield ALL_RUNS, everything
    is_old = np.array([run.hardware.name == _OLD_BOARD for run in runs])
    if is_old.any() and not is_old.all():
        yield f"without {_OLD_BOARD}", ~is_old
    layers = np.array([run.workload.settings.get("layers", "") for run in runs])
    kinds = sorted(set(layers.tolist()) - {""})
    for kind in kinds if len(kinds) > 1 else ():
        old = f", without {_OLD_BOARD}" if (is_old & (layers == kind)).any() else ""
        yield f"{kind}{old}", (layers == kind) & ~is_old


def _rows(
    subset: str,
    chosen: NDArray[np.bool_],
    estimates: Mapping[str, Floats],
    true_j: Floats,
) -> Iterator[Table10Row]:
    for name, values in estimates.items():
        known = chosen & np.isfinite(values) & np.isfinite(true_j)
        if not known.any():
            continue
        errors = Errors.of(values[known], true_j[known])
        printed = published_rmse_j(name) if subset == ALL_RUNS else None
        n_without = int((chosen & ~known).sum())
        yield Table10Row(
            subset=subset,
            estimate=name,
            errors=errors,
            published_rmse=printed,
            verdict=_verdict(errors, printed, n_without),
            n_without=n_without,
        )


def published_rmse_j(estimate: str) -> float | None:
    """Return the printed RMSE of an estimate [J]; `None` where it is not printed.

    Parameters
    ----------
    estimate : str
        A key of `TABLE_10`, or `BY_SIZE`, to which the print of Green Algorithms
        belongs.
    """
    if estimate == GREEN_ALGORITHMS:
        return None  # the figure has another form of it than the table
    return TABLE_10.get(GREEN_ALGORITHMS if estimate == BY_SIZE else estimate)


def _verdict(errors: Errors, printed: float | None, n_without: int) -> Verdict:
    if printed is None:
        return "unpublished"
    if n_without:
        return "rows missing"
    near = abs(errors.rmse / printed - 1) <= TABLE_10_TOLERANCE
    return "within tolerance" if near else "differs"
