"""Which runs may be compared by a factor: all else the same, or what is not told."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from isojoule.records import Run
from isojoule.studies.groups.factors import CORE, Factor, Value
from isojoule.studies.groups.quantities import (
    Basis,
    Case,
    Quantity,
    energy_is,
    n_epochs,
    samples_are,
)

_BELONGS: Final = {
    "hardware": ("memory", "power_limit", "host"),
    "model": ("family",),
    "workload": ("model", "family", "task", "batch_size", "input_size", "mode"),
    "flop": ("model", "family", "workload", "input_size"),
    "n_params": ("model", "family", "workload"),
    "host": ("hardware", "memory", "power_limit"),
}
"""What comes with a factor and cannot be held where each of its values has its own."""

_FINER: Final = {"family": ("model", "workload")}
"""What has many values within one value of a factor, so that it cannot be held."""

_DIFFERENT: Final = 0.1
"""Shares that differ by less are taken as the same mixture."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What figures have in common where they are of one sort; never compared across.

    Parameters
    ----------
    phase : str
        ``train``, ``test``, ...
    scope, provenance : str or None
        Of energies; `None` where the figure is none.
    samples : str or None
        Which samples count, where the figure is per sample.
    """

    phase: str
    scope: str | None = None
    provenance: str | None = None
    samples: str | None = None


@dataclass(frozen=True, slots=True)
class Confounder:
    """A factor that differs between the groups as well.

    Parameters
    ----------
    factor : Factor
        What differs.
    n_values : int
        Its different values.
    pairs : tuple of value and value
        Value of the group and of the factor, where each group has one value of it, so
        that the two cannot be told apart; empty where values are mixed in other shares.
    """

    factor: Factor
    n_values: int
    pairs: tuple[tuple[Value | None, Value | None], ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether the two factors cannot be told apart."""
        return bool(self.pairs)


@dataclass(frozen=True, slots=True)
class Context:
    """Runs that may be compared by a factor.

    Parameters
    ----------
    kind : Kind
        What their figures have in common.
    held : tuple of Factor and value
        What is the same in all of them.
    cases : tuple of Case
        Runs of two values of the factor or more, with their figures.
    confounders : tuple of Confounder
        What differs beside it.
    """

    kind: Kind
    held: tuple[tuple[Factor, Value | None], ...]
    cases: tuple[Case, ...]
    confounders: tuple[Confounder, ...]


@dataclass(frozen=True, slots=True)
class Holding:
    """What is held while one factor is looked at.

    Parameters
    ----------
    held : tuple of Factor
        The same in all runs of a context.
    released : tuple of Factor
        The same too, except where each value of the factor has its own.
    watched : tuple of Factor
        Looked at for confounding.
    """

    held: tuple[Factor, ...]
    released: tuple[Factor, ...]
    watched: tuple[Factor, ...]


def kind_of(
    run: Run, quantity: Quantity, basis: Basis, *, allow_mixed: bool = False
) -> Kind:
    """Return of which sort a figure of a run is.

    Parameters
    ----------
    run : Run
        A finished run.
    quantity : Quantity
        The figure.
    basis : Basis
        What it is taken of.
    allow_mixed : bool, default False
        Take energies of different scope and provenance as of one sort.
    """
    phase = run.workload.phase
    if not quantity.is_energy or allow_mixed:
        return Kind(phase)
    scope, provenance = energy_is(run, basis.scope)
    per_sample = quantity.name == "energy_per_sample"
    return Kind(phase, scope, provenance, samples_are(run) if per_sample else None)


def hold_all_else(
    factor: Factor, varying: Sequence[Factor], runs: Sequence[Run]
) -> Holding:
    """Return what has to be the same for runs to differ by `factor` alone.

    Parameters
    ----------
    factor : Factor
        What is looked at.
    varying : sequence of Factor
        What the runs differ in.
    runs : sequence of Run
        All of them.

    Notes
    -----
    All other factors are held; for a factor that is not of the work, its name too,
    where the factors do not tell all works apart. What belongs to the factor, as the
    memory of a machine, is held only where it differs within one value of it. A tag
    that is another name for a factor, as of a place for its machine, is not held apart
    from it.
    """
    finer = (factor.name, *_FINER.get(factor.name, ()))
    others = [f for f in varying if f.name not in finer]
    if factor.side != "work" and _leave_open(others, runs):
        others.append(CORE["workload"])
    owners = [factor]
    if factor.side == "other":
        owners += [f for f in others if _is_same(f, factor, runs)]
    belongs = {name for owner in owners for name in _BELONGS.get(owner.name, ())}
    belongs |= {owner.name for owner in owners}
    return Holding(
        held=tuple(f for f in others if f.name not in belongs),
        released=tuple(f for f in others if f.name in belongs),
        watched=tuple(f for f in varying if f.name != factor.name),
    )


def _leave_open(factors: Sequence[Factor], runs: Sequence[Run]) -> bool:
    """Return whether one set of values of the factors stands for several workloads."""
    of_work = [f for f in factors if f.side == "work"]
    kinds = {tuple(f.of(run) for f in of_work) for run in runs}
    named = {(run.workload.name, *(f.of(run) for f in of_work)) for run in runs}
    return len(named) > len(kinds)


def hold_only(
    within: Iterable[Factor], factor: Factor, varying: Sequence[Factor]
) -> Holding:
    """Return that only `within` is held; all else is looked at for confounding."""
    held = tuple(f for f in within if f.name != factor.name)
    names = {factor.name, *(f.name for f in held)}
    return Holding(held, (), tuple(f for f in varying if f.name not in names))


def _is_same(one: Factor, other: Factor, runs: Sequence[Run]) -> bool:
    """Return whether each value of the one goes with one value of the other."""
    pairs = {(one.of(run), other.of(run)) for run in runs}
    return len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def lay_out(
    cases: Sequence[Case],
    factor: Factor,
    holding: Holding,
    kind: Callable[[Run], Kind],
) -> tuple[Context, ...]:
    """Return the contexts that have runs of two values of `factor` or more.

    Parameters
    ----------
    cases : sequence of Case
        Runs that have the figure.
    factor : Factor
        What is looked at; runs that do not state it are left out.
    holding : Holding
        What is the same within a context.
    kind : callable
        From a run to the sort of its figure.
    """
    parts: dict[tuple[object, ...], list[Case]] = {}
    for case in cases:
        if factor.of(case.run) is not None:
            key = (kind(case.run), *(f.of(case.run) for f in holding.held))
            parts.setdefault(key, []).append(case)
    found = []
    for part in parts.values():
        for chosen, split in _split(part, factor, holding.released):
            if len({factor.of(case.run) for case in chosen}) < 2:
                continue
            first = chosen[0].run
            values = tuple((f, f.of(first)) for f in (*holding.held, *split))
            confounders = confounders_of(chosen, factor, holding.watched)
            found.append(Context(kind(first), values, tuple(chosen), confounders))
    return tuple(sorted(found, key=_order))


def _order(context: Context) -> tuple[object, ...]:
    kind = context.kind
    return (
        kind.phase != "train",
        str(kind),
        *(factor.sort_key(value) for factor, value in context.held),
    )


def _split(
    cases: Sequence[Case], factor: Factor, released: Sequence[Factor]
) -> list[tuple[list[Case], tuple[Factor, ...]]]:
    """Return `cases` in parts by what was released but can be held after all."""
    parts: list[tuple[list[Case], tuple[Factor, ...]]] = [(list(cases), ())]
    for other in released:
        cut: list[tuple[list[Case], tuple[Factor, ...]]] = []
        for part, split in parts:
            if _follows(other, factor, part):
                cut.append((part, split))
                continue
            by_value = _by_value(part, other)
            cut += [(chosen, (*split, other)) for chosen in by_value.values()]
        parts = cut
    return parts


def _by_value(cases: Iterable[Case], factor: Factor) -> dict[Value | None, list[Case]]:
    groups: dict[Value | None, list[Case]] = {}
    for case in cases:
        groups.setdefault(factor.of(case.run), []).append(case)
    return groups


def _follows(other: Factor, factor: Factor, cases: Sequence[Case]) -> bool:
    """Return whether each value of `factor` has one value of `other` only."""
    pairs = {(factor.of(case.run), other.of(case.run)) for case in cases}
    return len(pairs) == len({value for value, _ in pairs})


def confounders_of(
    cases: Sequence[Case], factor: Factor, watched: Iterable[Factor]
) -> tuple[Confounder, ...]:
    """Return what else differs between the groups of `cases`.

    Parameters
    ----------
    cases : sequence of Case
        Runs of several values of the factor.
    factor : Factor
        What makes the groups.
    watched : iterable of Factor
        What is looked at.
    """
    groups = _by_value(cases, factor)
    found = []
    for other in watched:
        shares = [_shares(group, other) for group in groups.values()]
        values = set().union(*shares)
        if len(values) < 2:
            continue
        if all(len(share) == 1 for share in shares):
            only = (next(iter(share)) for share in shares)
            pairs = tuple(zip(groups, only, strict=True))
            found.append(Confounder(other, len(values), pairs))
        elif _differ(shares, values):
            found.append(Confounder(other, len(values)))
    return tuple(found)


def _shares(cases: Sequence[Case], factor: Factor) -> dict[Value | None, float]:
    groups = _by_value(cases, factor)
    return {value: len(group) / len(cases) for value, group in groups.items()}


def _differ(
    shares: Sequence[dict[Value | None, float]], values: Iterable[Value | None]
) -> bool:
    return any(
        max(share.get(value, 0.0) for share in shares)
        - min(share.get(value, 0.0) for share in shares)
        > _DIFFERENT
        for value in values
    )


def epochs_differ(cases: Sequence[Case], factor: Factor) -> tuple[float, float] | None:
    """Return the least and the most median epochs of a group; `None` where alike.

    Parameters
    ----------
    cases : sequence of Case
        Runs of several values of the factor.
    factor : Factor
        What makes the groups.
    """
    counts = [
        [epochs for case in group if (epochs := n_epochs(case.run)) is not None]
        for group in _by_value(cases, factor).values()
    ]
    medians = sorted(median(known) for known in counts if known)
    if len(medians) < 2 or medians[-1] <= medians[0] * (1 + _DIFFERENT):
        return None
    return medians[0], medians[-1]
