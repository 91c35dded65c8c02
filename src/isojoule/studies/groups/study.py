"""Do groups of trainings differ: all factors, all contexts, one correction."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.records import Run
from isojoule.studies.cleaning import Cleaned, CleaningRules, clean
from isojoule.studies.groups.asking import (
    Asked,
    FactorResult,
    GroupsQuestion,
    cases_of,
)
from isojoule.studies.groups.comparison import GroupComparison, corrected
from isojoule.studies.groups.contexts import kind_of
from isojoule.studies.groups.factors import varying_factors
from isojoule.studies.groups.quantities import (
    QUANTITIES,
    Case,
    Quantity,
    score_of,
    score_quantity,
)
from isojoule.studies.groups.ranks import Correction
from isojoule.studies.groups.tradeoff import Scoring, TradeOff, trade_off

SCORES: Final = ("f1", "accuracy", "val_accuracy", "val_acc", "auc")
"""Looked for in this order where no score is asked for."""


@dataclass(frozen=True, slots=True)
class GroupsStudy:
    """Whether groups of trainings differ, and by how much.

    Parameters
    ----------
    n_runs : int
        That were given.
    level : float
        Coverage of the intervals, in (0, 1).
    question : GroupsQuestion
        What was asked.
    quantity : Quantity
        What was compared.
    cleaned : Cleaned
        The runs that were left, and what took the others.
    n_without : int
        Runs that were left but do not know the quantity.
    n_compared : int
        Runs in a comparison.
    factors : tuple of FactorResult
        By factor.
    score : str or None
        What energy was held against; `None` where no run has a score.
    score_factors : tuple of FactorResult
        The same tests of the score.
    trade_offs : tuple of TradeOff
        One per task.
    notes : tuple of str
        Doubts about the whole.
    """

    n_runs: int
    level: float
    question: GroupsQuestion
    quantity: Quantity
    cleaned: Cleaned
    n_without: int
    n_compared: int
    factors: tuple[FactorResult, ...]
    score: str | None
    score_factors: tuple[FactorResult, ...]
    trade_offs: tuple[TradeOff, ...]
    notes: tuple[str, ...]

    @property
    def comparisons(self) -> tuple[GroupComparison, ...]:
        """Of all factors, of the quantity and of the score."""
        of_all = (*self.factors, *self.score_factors)
        return tuple(c for found in of_all for c in found.comparisons)


def study_groups(
    runs: Sequence[Run],
    *,
    level: float = 0.95,
    question: GroupsQuestion | None = None,
    cleaning: CleaningRules | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> GroupsStudy:
    """Return whether groups of `runs` differ in energy, by how much, and what for.

    Parameters
    ----------
    runs : sequence of Run
        Of any machines and workloads.
    level : float, default 0.95
        Coverage of the intervals, in (0, 1).
    question : GroupsQuestion or None
        What is asked; the defaults where `None`.
    cleaning : CleaningRules or None
        What is left out; the defaults where `None`, in the scope of the question.
    on_progress : callable or None
        Told how much of the search for outliers is done.

    Raises
    ------
    InsufficientDataError
        If there are no runs, none is left, or they do not differ in anything.
    MissingExtraError
        If scipy, scikit-learn or scikit-posthocs is not installed and needed.
    UnknownNameError
        If a factor, tag, value or score is not there.
    ValueError
        If the level is outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    if not runs:
        raise InsufficientDataError("there are no runs: measure some, or name a file")
    question = question or GroupsQuestion()
    rules = cleaning or CleaningRules()
    cleaned = clean(runs, replace(rules, scope=question.scope), on_progress=on_progress)
    quantity = _quantity(cleaned.runs, question)
    cases = cases_of(cleaned.runs, quantity, question.basis)
    if not cases:
        raise InsufficientDataError(
            f"none of {len(cleaned.runs)} runs knows its {quantity.label}: choose "
            "another --quantity"
        )
    score = _score(cleaned.runs, question)
    asked = Asked.of(cases, question, level)
    found = asked.answer(quantity, cases)
    of_score: tuple[FactorResult, ...] = ()
    boards: tuple[TradeOff, ...] = ()
    if score is not None:
        of_score, boards = _scored(cleaned.runs, score, asked)
    found, of_score = _corrected(found, of_score, question.correction)
    compared = {
        id(case.run)
        for result in found
        for comparison in result.comparisons
        for case in comparison.context.cases
    }
    return GroupsStudy(
        n_runs=len(runs),
        level=level,
        question=question,
        quantity=quantity,
        cleaned=cleaned,
        n_without=len(cleaned.runs) - len(cases),
        n_compared=len(compared),
        factors=found,
        score=score,
        score_factors=of_score,
        trade_offs=boards,
        notes=tuple(_notes(cases, quantity, question)),
    )


def _quantity(runs: Sequence[Run], question: GroupsQuestion) -> Quantity:
    if question.quantity is not None:
        return QUANTITIES[question.quantity]
    per_sample = QUANTITIES["energy_per_sample"]
    known = cases_of(runs, per_sample, question.basis)
    return per_sample if 2 * len(known) >= len(runs) else QUANTITIES["energy"]


def _score(runs: Sequence[Run], question: GroupsQuestion) -> str | None:
    """Return the score that energy is held against.

    Raises
    ------
    UnknownNameError
        If the one that was asked for is nowhere.
    """
    names = {name for run in runs for name in run.measures}
    names |= {name for run in runs for w in run.windows for name in w.scores}
    if question.score is None:
        return next((name for name in SCORES if name in names), None)
    if not any(score_of(run, question.score) is not None for run in runs):
        raise UnknownNameError("score", question.score, names)
    return question.score


def _scored(
    runs: Sequence[Run], score: str, asked: Asked
) -> tuple[tuple[FactorResult, ...], tuple[TradeOff, ...]]:
    """Return what the factors do to the score, and what score costs."""
    quantity, question = score_quantity(score), asked.question
    cases = cases_of(runs, quantity, question.basis)
    boards = trade_off(
        runs,
        Scoring(score, question.basis, question.lower_is_better),
        factors=varying_factors([case.run for case in cases]),
        kind=partial(
            kind_of,
            quantity=QUANTITIES["energy"],
            basis=question.basis,
            allow_mixed=question.allow_mixed,
        ),
        level=asked.level,
    )
    compared = tuple(r for r in asked.answer(quantity, cases) if r.comparisons)
    return compared, tuple(board for board in boards if len(board.points) > 1)


def _corrected(
    found: Sequence[FactorResult],
    of_score: Sequence[FactorResult],
    correction: Correction,
) -> tuple[tuple[FactorResult, ...], tuple[FactorResult, ...]]:
    """Return all results with p corrected for all comparisons that were made."""
    results = (*found, *of_score)
    all_of_them = corrected([c for r in results for c in r.comparisons], correction)
    rest = iter(all_of_them)
    done = [
        replace(r, comparisons=tuple(islice(rest, len(r.comparisons)))) for r in results
    ]
    return tuple(done[: len(found)]), tuple(done[len(found) :])


_PARTIAL_BATCH: Final = 0.01


def _notes(
    cases: Sequence[Case], quantity: Quantity, question: GroupsQuestion
) -> list[str]:
    notes = []
    if quantity.name == "energy_per_sample" and not question.whole_batches:
        notes += _partial_batches(cases)
    if quantity.is_energy:
        kinds = Counter(
            kind_of(case.run, quantity, question.basis).provenance for case in cases
        )
        if kinds["modelled"]:
            notes.append(
                f"energies of {kinds['modelled']} of {len(cases)} runs are modelled, "
                "wholly or in part"
            )
    return notes


def _partial_batches(cases: Sequence[Case]) -> list[str]:
    """Return how much it matters whether the last part of a batch was trained on."""
    shares = []
    for case in cases:
        work = case.run.workload
        if work.batch_size and work.n_samples_per_epoch:
            rest = work.n_samples_per_epoch % work.batch_size
            shares.append(rest / work.n_samples_per_epoch)
    if max(shares, default=0.0) <= _PARTIAL_BATCH:
        return []
    told = (
        f"up to {max(shares):.1%} of an epoch fill no whole batch: if the loader drops "
        "them, ask for whole batches, since energy per sample is too low by as much"
    )
    return [told]
