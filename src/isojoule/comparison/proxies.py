"""Whether counts stand for energy, and what normalization does to the order."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.comparison.associations import kendall, spearman
from isojoule.comparison.quantities import COUNTS, quantities_of
from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """How a count goes with the normalized energy of one phase.

    Parameters
    ----------
    phase : str
        Whose energy.
    quantity : str
        ``macs`` or ``params``.
    n : int
        Systems that have both.
    spearman : float or None
        Rank correlation; `None` where it cannot be told.
    p_value : float or None
        Of the hypothesis that the two are independent.
    reason : str, default ""
        Why there is none.
    """

    phase: str
    quantity: str
    n: int
    spearman: float | None = None
    p_value: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChange:
    """How far normalization keeps the order of the declared energies of one phase.

    Parameters
    ----------
    phase : str
        Whose energies.
    n : int
        Systems that have both.
    kendall_tau : float or None
        Tau-b of declared and normalized energies; 1 where the order is the same,
        `None` where it cannot be told.
    p_value : float or None
        Of the hypothesis that the two orders are independent.
    reason : str, default ""
        Why there is none.
    """

    phase: str
    n: int
    kendall_tau: float | None = None
    p_value: float | None = None
    reason: str = ""


def proxies(systems: Sequence[System], rules: Rules) -> tuple[Proxy, ...]:
    """Return the rank correlation of energy with every count, by phase.

    Parameters
    ----------
    systems : sequence of System
        Of one cohort. Systems that are in it several times count several times.
    rules : Rules
        Phases.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    counts = {name: quantities_of(systems, name) for name in COUNTS}
    found = []
    for phase in rules.phases:
        energies_j = quantities_of(systems, phase)
        for name, values in counts.items():
            seen = spearman(energies_j, values)
            found.append(
                Proxy(
                    phase=phase,
                    quantity=name,
                    n=seen.n,
                    spearman=seen.value,
                    p_value=seen.p_value,
                    reason=seen.reason,
                )
            )
    return tuple(found)


def order_changes(systems: Sequence[System], rules: Rules) -> tuple[OrderChange, ...]:
    """Return how far the normalized energies keep the order of the declared, by phase.

    Parameters
    ----------
    systems : sequence of System
        Of one cohort.
    rules : Rules
        Phases.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    found = []
    for phase in rules.phases:
        declared_j = [_declared_j(system, phase) for system in systems]
        seen = kendall(declared_j, quantities_of(systems, phase))
        found.append(
            OrderChange(
                phase=phase,
                n=seen.n,
                kendall_tau=seen.value,
                p_value=seen.p_value,
                reason=seen.reason,
            )
        )
    return tuple(found)


def _declared_j(system: System, phase: str) -> float:
    """Return the energy as it was declared [J]; NaN for none."""
    energy = system.energies.get(phase)
    value = None if energy is None else energy.declared.value
    return np.nan if value is None else value
