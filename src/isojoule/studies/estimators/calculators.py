"""ML CO2 Impact and Green Algorithms on finished runs, by both powers of a board.

A board has the power that its maker specifies and the limit that its driver reports.
They need not be the same, and what the calculators give goes with them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Final, get_args

import numpy as np

from isojoule.accelerators import find_specification
from isojoule.errors import InsufficientDataError
from isojoule.estimators.baselines import (
    PowerFigure,
    green_algorithms_energy_j,
    ml_co2_energy_j,
    power_of,
)
from isojoule.observations import energy_in_scope
from isojoule.records import Component, Run
from isojoule.studies.estimators.scores import Errors
from isojoule.units import BYTES_PER_GIB

FIGURES: Final = get_args(PowerFigure)
_OF_RAW: Final = "mlco2_energy_j"
"""Measure that their table of runs has where there are raw samples."""


@dataclass(frozen=True, slots=True)
class BoardPower:
    """The two powers of one board, and which of the runs had it.

    Parameters
    ----------
    name : str
        Of the board.
    specification_w, limit_w : float or None
        As its maker specifies, and as the runs report [W].
    n_runs : int
        Runs on it.
    """

    name: str
    specification_w: float | None
    limit_w: float | None
    n_runs: int


@dataclass(frozen=True, slots=True)
class CalculatorScore:
    """One calculator with one power on one set of runs.

    Parameters
    ----------
    method : {"ml-co2", "green-algorithms-delrey"}
        Which calculator.
    figure : {"specification", "limit"}
        Which power of a board.
    subset : str
        Which runs.
    errors : Errors
        In J.
    n_gpu_only : int
        Runs whose truth is the energy of the accelerators alone.
    """

    method: str
    figure: PowerFigure
    subset: str
    errors: Errors
    n_gpu_only: int


def board_powers(runs: Sequence[Run]) -> tuple[BoardPower, ...]:
    """Return both powers of each board that runs were made on, by name.

    Parameters
    ----------
    runs : sequence of Run
        Runs on one accelerator; the others are passed over.
    """
    seen: dict[str, list[Run]] = {}
    for run in runs:
        if len(run.hardware.accelerators) == 1:
            seen.setdefault(run.hardware.accelerators[0].name, []).append(run)
    return tuple(_board(name, on_it) for name, on_it in sorted(seen.items()))


def _board(name: str, runs: Sequence[Run]) -> BoardPower:
    spec = find_specification(name)
    limits_w = {run.hardware.accelerators[0].power_limit_w for run in runs} - {None}
    return BoardPower(
        name=name,
        specification_w=spec.power_limit_w if spec else None,
        limit_w=max((w for w in limits_w if w is not None), default=None),
        n_runs=len(runs),
    )


def score_calculators(runs: Sequence[Run]) -> tuple[CalculatorScore, ...]:
    """Return the errors of both calculators with both powers.

    Parameters
    ----------
    runs : sequence of Run
        Finished runs. Those without energy, duration or a known board are passed over;
        Green Algorithms also needs GPU use and main memory.

    Notes
    -----
    The truth is all of a run that was read, at the plug left out. Where the runs are
    those of del Rey et al., the ones with raw samples are scored on their own as well.
    """
    return tuple(_scores(runs))


def _scores(runs: Sequence[Run]) -> Iterator[CalculatorScore]:
    raw = [run for run in runs if _OF_RAW in run.measures]
    figures = FIGURES if any(b.limit_w for b in board_powers(runs)) else FIGURES[:1]
    subsets = {"all runs": runs}
    if 0 < len(raw) < len(runs):
        subsets = {"runs with raw samples": raw, **subsets}
    for subset, chosen in subsets.items():
        true_j = np.array([_energy_j(run) for run in chosen])
        is_gpu_only = np.array([_components(run) == {"gpu"} for run in chosen])
        for method, estimate in _METHODS.items():
            for figure in figures:
                values = np.array([estimate(run, figure) for run in chosen])
                known = np.isfinite(values) & (true_j > 0)
                if known.any():
                    errors = Errors.of(values[known], true_j[known])
                    n_gpu_only = int(is_gpu_only[known].sum())
                    yield CalculatorScore(method, figure, subset, errors, n_gpu_only)


def _components(run: Run) -> set[Component]:
    return {e.component for e in run.energies if e.energy_j is not None}


def _energy_j(run: Run) -> float:
    """Return all of a run that was read [J], NaN where that is nothing."""
    known = _components(run)
    found = energy_in_scope(run.energies, "gpu" if known == {"gpu"} else "node")
    return nan if found is None else found[0]


def _ml_co2(run: Run, figure: PowerFigure) -> float:
    watts = _power_w(run, figure)
    return ml_co2_energy_j(watts, run.duration_s or nan)


def _green_algorithms(run: Run, figure: PowerFigure) -> float:
    use, memory_bytes = run.gpu_utilization_fraction, run.hardware.memory_bytes
    if use is None or memory_bytes is None:
        return nan
    return green_algorithms_energy_j(
        _power_w(run, figure) * use,
        memory_bytes / BYTES_PER_GIB,
        run.duration_s or nan,
    )


_METHODS: Final[Mapping[str, Callable[[Run, PowerFigure], float]]] = {
    "ml-co2": _ml_co2,
    "green-algorithms-delrey": _green_algorithms,
}


def _power_w(run: Run, figure: PowerFigure) -> float:
    try:
        return power_of(run.hardware, figure)[0]
    except InsufficientDataError:
        return nan
