"""What is asked of the runs, and what each factor answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.records import Run, Scope
from isojoule.studies.groups.comparison import GroupComparison, compare_groups
from isojoule.studies.groups.contexts import (
    Holding,
    hold_all_else,
    hold_only,
    kind_of,
    lay_out,
)
from isojoule.studies.groups.factors import Factor, find_factor, varying_factors
from isojoule.studies.groups.quantities import QUANTITIES, Basis, Case, Quantity
from isojoule.studies.groups.ranks import CORRECTIONS, Correction
from isojoule.studies.groups.recurring import Recurring, recurring_pairs
from isojoule.studies.groups.uncompared import Uncompared, find_uncompared


@dataclass(frozen=True, slots=True)
class GroupsQuestion:
    """What is asked.

    Parameters
    ----------
    quantity : str or None
        Of `QUANTITIES`; where `None`, energy per sample if at least half of the runs
        know their samples, else energy.
    by : tuple of str
        Factors, settings or tags; where empty, all that the runs differ in.
    within : tuple of str or None
        What is the same within a comparison; where `None`, all else that the runs
        differ in. Empty compares across everything.
    scope : {"gpu", "node", "wall"} or None
        Of the energies; each run's default where `None`.
    score : str or None
        What energy is held against; the first of `SCORES` that a run has where `None`.
    lower_is_better : bool, default False
        Whether the score is an error or a loss.
    correction : {"holm", "bonferroni", "fdr_bh", "none"}
        For the number of tests.
    whole_batches : bool, default False
        Leave samples that fill no whole batch out of the count.
    allow_mixed : bool, default False
        Compare energies of different scope and provenance.

    Raises
    ------
    UnknownNameError
        If there is no such quantity or correction.
    """

    quantity: str | None = None
    by: tuple[str, ...] = ()
    within: tuple[str, ...] | None = None
    scope: Scope | None = None
    score: str | None = None
    lower_is_better: bool = False
    correction: Correction = "holm"
    whole_batches: bool = False
    allow_mixed: bool = False

    def __post_init__(self) -> None:
        if self.quantity is not None and self.quantity not in QUANTITIES:
            raise UnknownNameError("quantity", self.quantity, QUANTITIES)
        if self.correction not in CORRECTIONS:
            raise UnknownNameError("correction", self.correction, CORRECTIONS)

    @property
    def basis(self) -> Basis:
        """What figures are taken of."""
        return Basis(self.scope, self.whole_batches)


@dataclass(frozen=True, slots=True)
class FactorResult:
    """What one factor does.

    Parameters
    ----------
    factor : Factor
        What makes the groups.
    held : tuple of Factor
        What was held.
    comparisons : tuple of GroupComparison
        One per context.
    recurring : tuple of Recurring
        Pairs of values over several contexts.
    n_alone : int
        Runs that state the factor but share a context with no other value of it.
    uncompared : tuple of Uncompared
        Values that were compared with no other, and why.
    """

    factor: Factor
    held: tuple[Factor, ...]
    comparisons: tuple[GroupComparison, ...]
    recurring: tuple[Recurring, ...]
    n_alone: int
    uncompared: tuple[Uncompared, ...]


def cases_of(runs: Sequence[Run], quantity: Quantity, basis: Basis) -> list[Case]:
    """Return the runs that know a quantity, with it."""
    return [
        Case(run, figure)
        for run in runs
        if (figure := quantity.of(run, basis)) is not None
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """The question, made definite for the runs at hand."""

    question: GroupsQuestion
    level: float
    varying: tuple[Factor, ...]
    by: tuple[Factor, ...]
    within: tuple[Factor, ...] | None

    @classmethod
    def of(cls, cases: Sequence[Case], question: GroupsQuestion, level: float) -> Self:
        """Return what is asked of these runs.

        Raises
        ------
        InsufficientDataError
            If they do not differ.
        UnknownNameError
            If a factor is not there.
        """
        runs = [case.run for case in cases]
        varying = varying_factors(runs)
        by = tuple(find_factor(name, runs) for name in question.by) or varying
        within = question.within
        if not by:
            raise InsufficientDataError(
                f"the {len(runs)} runs that can be used do not differ in machine, "
                "network, data, batch size, input size, memory or setting: name a tag "
                "with --by, or add runs"
            )
        held = None
        if within is not None:
            held = tuple(find_factor(name, runs) for name in within)
        return cls(question, level, varying, by, held)

    def answer(
        self, quantity: Quantity, cases: Sequence[Case]
    ) -> tuple[FactorResult, ...]:
        """Return what each factor does to a quantity."""
        return tuple(self._answer_one(factor, quantity, cases) for factor in self.by)

    def _answer_one(
        self, factor: Factor, quantity: Quantity, cases: Sequence[Case]
    ) -> FactorResult:
        holding = self._holding(factor, cases)
        kind = partial(
            kind_of,
            quantity=quantity,
            basis=self.question.basis,
            allow_mixed=self.question.allow_mixed,
        )
        contexts = lay_out(cases, factor, holding, kind)
        comparisons = tuple(
            compare_groups(
                context,
                factor,
                quantity,
                correction=self.question.correction,
                level=self.level,
            )
            for context in contexts
        )
        n_stated = sum(factor.of(case.run) is not None for case in cases)
        n_compared = sum(len(context.cases) for context in contexts)
        return FactorResult(
            factor,
            holding.held,
            comparisons,
            recurring_pairs(comparisons, level=self.level),
            n_stated - n_compared,
            find_uncompared(factor, cases, contexts, holding),
        )

    def _holding(self, factor: Factor, cases: Sequence[Case]) -> Holding:
        if self.within is not None:
            return hold_only(self.within, factor, self.varying)
        return hold_all_else(factor, self.varying, [case.run for case in cases])
