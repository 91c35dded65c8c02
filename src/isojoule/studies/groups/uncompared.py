"""Values of a factor that were compared with no other, and what is theirs alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from isojoule.studies.groups.contexts import Context, Holding
from isojoule.studies.groups.factors import Factor, Value
from isojoule.studies.groups.quantities import Case


@dataclass(frozen=True, slots=True)
class Uncompared:
    """Values that share all else with no other.

    Parameters
    ----------
    values : tuple of str, int or float
        Of the factor.
    own : tuple of Factor
        Held factors whose values occur with these alone; where empty, no single one
        tells them apart.
    """

    values: tuple[Value, ...]
    own: tuple[Factor, ...]


def find_uncompared(
    factor: Factor,
    cases: Sequence[Case],
    contexts: Sequence[Context],
    holding: Holding,
) -> tuple[Uncompared, ...]:
    """Return the values of `factor` that stand in no context, by what is their own.

    Parameters
    ----------
    factor : Factor
        What makes the groups.
    cases : sequence of Case
        All runs that have the figure.
    contexts : sequence of Context
        Those that were compared.
    holding : Holding
        What was held.
    """
    values = {v for case in cases if (v := factor.of(case.run)) is not None}
    compared = {factor.of(case.run) for context in contexts for case in context.cases}
    by_own: dict[tuple[str, ...], list[Value]] = {}
    held = {f.name: f for f in holding.held}
    for value in sorted(values - compared, key=factor.sort_key):
        own = tuple(f.name for f in _own(factor, value, cases, holding))
        by_own.setdefault(own, []).append(value)
    return tuple(
        Uncompared(tuple(found), tuple(held[name] for name in own))
        for own, found in by_own.items()
    )


def _own(
    factor: Factor, value: Value, cases: Sequence[Case], holding: Holding
) -> list[Factor]:
    """Return the held factors that share no value with the runs of other values."""
    mine = [case.run for case in cases if factor.of(case.run) == value]
    others = [case.run for case in cases if factor.of(case.run) not in {value, None}]
    return [
        f
        for f in holding.held
        if not {f.of(run) for run in mine} & {f.of(run) for run in others}
    ]
