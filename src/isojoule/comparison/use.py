"""Training and use together: from how many uses on the dearer training pays."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import copysign, hypot, inf, isfinite, log
from typing import Final

from isojoule.comparison.budget import normal_quantile
from isojoule.comparison.marginal import FrontSystem, front_systems
from isojoule.comparison.quantities import quantity_of
from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System

TRAIN: Final = "train"
"""Phase that is paid once."""

TEST: Final = "test"
"""Phase that is paid with every use: one pass over the test set."""

MAX_SYSTEMS: Final = 30
"""Systems that are compared in pairs; of a longer front those with the best scores."""


@dataclass(frozen=True, slots=True)
class Use:
    """What a system needs to be trained and then to be used.

    Parameters
    ----------
    label : str
        Of the system.
    train_energy_j : float
        Paid once [J].
    pass_energy_j : float
        Paid for each pass over the test set of the rules [J].
    """

    label: str
    train_energy_j: float
    pass_energy_j: float

    def energy_j(self, n_inferences: float) -> float:
        """Return the energy of the training and of so many uses [J].

        Parameters
        ----------
        n_inferences : float
            In passes over the test set; from 0 on.

        Raises
        ------
        ValueError
            If it is negative or not finite.
        """
        if not (isfinite(n_inferences) and n_inferences >= 0):
            raise ValueError(f"needs a number of uses from 0 on, got {n_inferences}")
        return self.train_energy_j + n_inferences * self.pass_energy_j


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From how much use on one of two systems is cheaper than the other.

    Parameters
    ----------
    a, b : str
        Labels of the systems.
    n_inferences : float or None
        Passes over the test set at which both have needed the same; positive. `None`
        where one is never dearer than the other.
    cheaper_below, cheaper_above : str or None
        Label of the system that needs less for fewer and for more uses; the same one
        where there is no break-even, `None` where both need the same or a system lacks
        an energy.
    is_clear : bool or None
        Whether the two differ in training and in use by more than their errors, at the
        level of the rules; `None` where there is nothing to compare.
    reason : str, default ""
        Why there is no break-even.
    """

    a: str
    b: str
    n_inferences: float | None = None
    cheaper_below: str | None = None
    cheaper_above: str | None = None
    is_clear: bool | None = None
    reason: str = ""


def use_of(system: System) -> Use | None:
    """Return what a system needs; `None` where one of its energies is not known.

    Parameters
    ----------
    system : System
        With normalized energies of the phases ``train`` and ``test``.
    """
    train_j, pass_j = quantity_of(system, TRAIN), quantity_of(system, TEST)
    if train_j is None or pass_j is None:
        return None
    return Use(system.label, train_j, pass_j)


def break_even(a: System, b: System, *, level: float = 0.9) -> BreakEven:
    r"""Return from how many uses on the system that trains dearer is the cheaper one.

    Parameters
    ----------
    a, b : System
        With normalized energies of the phases ``train`` and ``test``.
    level : float, default 0.9
        Of the intervals that tell whether the two differ.

    Notes
    -----
    :math:`n = (T_a - T_b) / (P_b - P_a)` with T the energy of the training and P that
    of one pass over the test set. With N samples in that set, n passes are n N
    inferences.
    """
    first, second = use_of(a), use_of(b)
    if first is None or second is None:
        lacks = a.label if first is None else b.label
        return BreakEven(
            a=a.label, b=b.label, reason=f"{lacks} lacks an energy of train or test"
        )
    found = _compare(first, second)
    if found.cheaper_below is None:
        return found
    return replace(
        found, is_clear=all(_differ(a, b, phase, level) for phase in (TRAIN, TEST))
    )


def _compare(a: Use, b: Use) -> BreakEven:
    training_j = a.train_energy_j - b.train_energy_j
    use_j = a.pass_energy_j - b.pass_energy_j
    if training_j == use_j == 0:
        return BreakEven(a=a.label, b=b.label, reason="both need the same")
    a_is_cheap, b_is_cheap = max(training_j, use_j) <= 0, min(training_j, use_j) >= 0
    below = a.label if training_j < 0 or a_is_cheap else b.label
    if a_is_cheap or b_is_cheap:
        above, n_inferences = below, inf
    else:
        above = b.label if below == a.label else a.label
        n_inferences = abs(training_j / use_j)
    return BreakEven(
        a=a.label,
        b=b.label,
        n_inferences=n_inferences if isfinite(n_inferences) else None,
        cheaper_below=below,
        cheaper_above=above if isfinite(n_inferences) else below,
        reason="" if isfinite(n_inferences) else f"{below} is never dearer",
    )


def _differ(a: System, b: System, phase: str, level: float) -> bool:
    """Return whether the interval of the ratio of two energies excludes 1."""
    first, second = quantity_of(a, phase), quantity_of(b, phase)
    if not first or not second:
        return first != second
    reach = normal_quantile(level) * _ratio_log_std(a, b, phase)
    return abs(log(first) - log(second)) > reach


def _ratio_log_std(a: System, b: System, phase: str) -> float:
    """Return the standard deviation of ln of the ratio; what both share cancels."""
    errors: dict[tuple[str, ...], float] = {}
    for sign, system in ((1.0, a), (-1.0, b)):
        who = {"system": system.label, "site": system.team, "all": ""}
        for n, doubt in enumerate(system.energies[phase].doubts):
            own = str(n) if doubt.shared == "system" else ""
            key = doubt.shared, who[doubt.shared], doubt.source, doubt.of, own
            effect = sign * copysign(doubt.log_std, doubt.sensitivity)
            errors[key] = errors.get(key, 0.0) + effect
    return hypot(*errors.values())


def break_evens(systems: Sequence[System], rules: Rules) -> tuple[BreakEven, ...]:
    """Return the break-even of all pairs of systems on the fronts of the main metric.

    Parameters
    ----------
    systems : sequence of System
        Of one cohort.
    rules : Rules
        Phases, main metric, level.

    Returns
    -------
    tuple of BreakEven
        In pairs of rising training energy, of the systems that are on the front by
        training or by test energy and have both; at most `MAX_SYSTEMS` systems. Empty
        where the rules do not have both phases.
    """
    if not {TRAIN, TEST} <= rules.phases.keys():
        return ()
    members: dict[str, tuple[float, FrontSystem]] = {}
    for phase in (TRAIN, TEST):
        for member in front_systems(systems, phase, rules.main_metric, rules):
            use = use_of(member.system)
            if use is not None:
                members.setdefault(use.label, (use.train_energy_j, member))
    best = sorted(members.values(), key=lambda m: -m[1].quality)[:MAX_SYSTEMS]
    ordered = [
        m.system for _, m in sorted(best, key=lambda m: (m[0], m[1].system.label))
    ]
    return tuple(
        break_even(a, b, level=rules.level) for a, b in combinations(ordered, 2)
    )
