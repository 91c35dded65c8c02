"""Every contender on every way to hold out runs; errors are pooled over the folds."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    MissingExtraError,
)
from isojoule.estimators.inputs import Floats
from isojoule.estimators.targets import Target, read_all
from isojoule.records import Run, Scope
from isojoule.studies.estimators.contenders import (
    TARGETS,
    Answer,
    Contender,
    Question,
)
from isojoule.studies.estimators.scores import Coverage, Errors
from isojoule.studies.estimators.splits import Split

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class GroupedScore:
    """One contender on one target and one way to hold out runs.

    Parameters
    ----------
    split : Split
        What was held out together.
    contender : str
        Who.
    target : {"power_w", "epoch_energy_j"}
        What was predicted.
    n : int
        Runs that were asked for.
    errors : Errors or None
        Of those that were answered; `None` where none was.
    coverage : Coverage or None
        Of its intervals; `None` where none were asked for or given.
    reason : str
        Why runs were not answered; empty where all were.
    """

    split: Split
    contender: str
    target: Target
    n: int
    errors: Errors | None
    coverage: Coverage | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a contender said of each run, for figures.

    Parameters
    ----------
    split, contender : str
        Names.
    target : {"power_w", "epoch_energy_j"}
        What was predicted.
    true, predicted : ndarray of shape (n,)
        In W or J, those that were answered.
    models : tuple of str
        Network of each run.
    """

    split: str
    contender: str
    target: Target
    true: Floats
    predicted: Floats
    models: tuple[str, ...]


def judge(
    runs: Sequence[Run],
    splits: Sequence[Split],
    contenders: Mapping[str, Contender],
    *,
    level: float,
    scope: Scope | None = None,
    on_progress: Progress | None = None,
) -> tuple[tuple[GroupedScore, ...], tuple[Predictions, ...]]:
    """Return the scores of all contenders, and their predictions.

    Parameters
    ----------
    runs : sequence of Run
        What is judged; a run without a target is left out for that target.
    splits : sequence of Split
        Ways to hold out runs.
    contenders : mapping of str to Contender
        By name.
    level : float
        Coverage that intervals should have, in (0, 1).
    scope : {"gpu", "node", "wall"} or None
        Of the energies.
    on_progress : callable, optional
        Is told how many of how many splits, contenders and targets are done.
    """
    jobs = [(s, c, t) for t in TARGETS for s in splits for c in contenders]
    truths = {t: _truth(runs, t, scope) for t in TARGETS}
    scores, predictions = [], []
    for n_done, (split, name, target) in enumerate(jobs):
        if on_progress is not None:
            on_progress(n_done, len(jobs))
        true = truths[target]
        if not np.isfinite(true).any():
            continue
        asking = _Asking(runs, true, split, level, scope)
        answer, reason = asking.of(contenders[name], target)
        scores.append(_scored(split, name, target, answer, true, reason))
        predictions.append(_kept(split, name, target, answer, true, runs))
    if on_progress is not None and jobs:
        on_progress(len(jobs), len(jobs))
    return tuple(scores), tuple(p for p in predictions if len(p.true))


def _truth(runs: Sequence[Run], target: Target, scope: Scope | None) -> Floats:
    found = read_all(runs, target, scope)
    return np.array([np.nan if r is None else r.value for r in found])


_FIGURES_OF_BOARDS: Final = ("n_cuda_cores", "gpu_tdp_w")


def without_answer(run: Run) -> Run:
    """Return what may be known of a run before it begins.

    Parameters
    ----------
    run : Run
        Its energies, duration, windows and measures are taken away; figures of the
        accelerator stay.
    """
    return replace(
        run,
        energies=(),
        duration_s=None,
        windows=(),
        samples=None,
        gpu_utilization_fraction=None,
        gpu_memory_utilization_fraction=None,
        measures={n: run.measures[n] for n in _FIGURES_OF_BOARDS if n in run.measures},
    )


@dataclass(frozen=True, slots=True)
class _Asking:
    """Asks a contender fold by fold and puts its answers together."""

    runs: Sequence[Run]
    true: Floats
    split: Split
    level: float
    scope: Scope | None

    def of(self, contender: Contender, target: Target) -> tuple[Answer, str]:
        """Return the answers for all runs, and why some have none."""
        found = np.full((3, len(self.runs)), np.nan)
        reasons = list(self._fill(contender, target, found))
        told = f"{len(reasons)} of {len(self.split.folds)} folds: " if reasons else ""
        return Answer(*found), told + (reasons[0] if reasons else "")

    def _fill(
        self, contender: Contender, target: Target, found: Floats
    ) -> Iterator[str]:
        for fold in self.split.folds:
            held = np.flatnonzero(fold & np.isfinite(self.true))
            if not held.size:
                continue
            question = Question(
                known=[r for r, out in zip(self.runs, fold, strict=True) if not out],
                asked=[without_answer(self.runs[i]) for i in held.tolist()],
                level=self.level if self.split.with_intervals else None,
                scope=self.scope,
            )
            try:
                answer = contender(question, target)
            except (
                IncomparableError,
                InsufficientDataError,
                MissingExtraError,
            ) as error:
                yield str(error)
                continue
            for place, values in enumerate((answer.value, answer.low, answer.high)):
                if values is not None:
                    found[place, held] = values


def _scored(
    split: Split, name: str, target: Target, answer: Answer, true: Floats, reason: str
) -> GroupedScore:
    asked = np.isfinite(true)
    known = asked & np.isfinite(answer.value)
    coverage = None
    if answer.low is not None and answer.high is not None and known.any():
        coverage = Coverage.of(answer.low[known], answer.high[known], true[known])
    n_missing = int((asked & ~known).sum())
    return GroupedScore(
        split=split,
        contender=name,
        target=target,
        n=int(asked.sum()),
        errors=Errors.of(answer.value[known], true[known]) if known.any() else None,
        coverage=coverage if coverage and coverage.n else None,
        reason=reason or (f"{n_missing} runs not answered" if n_missing else ""),
    )


def _kept(
    split: Split,
    name: str,
    target: Target,
    answer: Answer,
    true: Floats,
    runs: Sequence[Run],
) -> Predictions:
    known = np.isfinite(true) & np.isfinite(answer.value)
    return Predictions(
        split=split.name,
        contender=name,
        target=target,
        true=true[known],
        predicted=answer.value[known],
        models=tuple(
            run.workload.model or run.workload.name
            for run, is_known in zip(runs, known, strict=True)
            if is_known
        ),
    )
