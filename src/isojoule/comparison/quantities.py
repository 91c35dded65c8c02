"""What caps, duplicates and correlations compare: energies of phases, and counts."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.systems import System

PARAMS: Final = "params"
"""Parameters, as they were declared."""

MACS: Final = "macs"
"""Multiply-accumulates for the input that the rules name; not FLOP."""

COUNTS: Final = (MACS, PARAMS)


def quantity_of(system: System, name: str) -> float | None:
    """Return one quantity of a system; `None` where it is not known.

    Parameters
    ----------
    system : System
        With normalized energies.
    name : str
        ``params``, ``macs`` or the name of a phase, which stands for its normalized
        energy [J].
    """
    if name in COUNTS:
        submission = system.submission
        figure = submission.n_params if name == PARAMS else submission.n_macs
        value = None if figure is None else figure.value
    else:
        value = system.energy_j(name)
    return value if value is not None and isfinite(value) and value >= 0 else None


def quantities_of(systems: Sequence[System], name: str) -> NDArray[np.float64]:
    """Return one quantity of every system, ndarray of shape (n_systems,).

    Parameters
    ----------
    systems : sequence of System
        In the order of the result.
    name : str
        As for `quantity_of`; NaN where a system does not have it.
    """
    return _known(quantity_of(system, name) for system in systems)


def scores_of(systems: Sequence[System], metric: str) -> NDArray[np.float64]:
    """Return one score of every system, ndarray of shape (n_systems,); NaN for none.

    Parameters
    ----------
    systems : sequence of System
        In the order of the result.
    metric : str
        Name of the score.
    """
    return _known(system.score(metric) for system in systems)


def _known(values: Iterable[float | None]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else v for v in values], np.float64)
