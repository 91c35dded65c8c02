"""From runs to all that the study of the estimators finds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from isojoule.errors import InsufficientDataError
from isojoule.records import Run, Scope
from isojoule.studies.estimators.calculators import (
    BoardPower,
    CalculatorScore,
    board_powers,
    score_calculators,
)
from isojoule.studies.estimators.contenders import CONTENDERS, Contender
from isojoule.studies.estimators.grouped import (
    GroupedScore,
    Predictions,
    Progress,
    judge,
)
from isojoule.studies.estimators.held_out import (
    HeldOut,
    Leak,
    find_leak,
    score_held_out,
)
from isojoule.studies.estimators.parts import Parts, configuration_of, part_runs
from isojoule.studies.estimators.splits import make_splits
from isojoule.studies.estimators.table10 import Table10, score_table10
from isojoule.studies.estimators.tables89 import (
    CrossValidated,
    cross_validate,
    published_inputs,
)


@dataclass(frozen=True, slots=True)
class EstimatorStudy:
    """All that the study found; what could not be computed is empty, and noted.

    Parameters
    ----------
    n_runs : int
        Runs that went in.
    n_of : mapping of str to int
        Runs by where they are from: ``train``, ``test``, ``table10``, ``own``.
    level : float
        Coverage that intervals were asked to have.
    scope : {"gpu", "node", "wall"} or None
        Of the energies of own runs.
    cross_validated : tuple of CrossValidated
        Tables 8 and 9.
    held_out : tuple of HeldOut
        The published test part.
    leak : Leak or None
        What of it was seen before.
    table10 : Table10 or None
        The six estimates.
    boards : tuple of BoardPower
        Powers of the boards that the calculators take.
    calculators : tuple of CalculatorScore
        Their errors on own runs.
    grouped : tuple of GroupedScore
        Every contender on every way to hold out runs.
    predictions : tuple of Predictions
        What they said.
    judged_on : str
        Which runs the grouped scores are of.
    n_configurations : int
        Different ones among them.
    left_out : mapping of str to int
        Runs by the reason why they were left out.
    notes : tuple of str
        What could not be computed, and why.
    """

    n_runs: int
    n_of: Mapping[str, int]
    level: float
    scope: Scope | None
    cross_validated: tuple[CrossValidated, ...]
    held_out: tuple[HeldOut, ...]
    leak: Leak | None
    table10: Table10 | None
    boards: tuple[BoardPower, ...]
    calculators: tuple[CalculatorScore, ...]
    grouped: tuple[GroupedScore, ...]
    predictions: tuple[Predictions, ...]
    judged_on: str
    n_configurations: int
    left_out: Mapping[str, int]
    notes: tuple[str, ...]


def study_estimators(
    runs: Sequence[Run],
    *,
    level: float = 0.9,
    scope: Scope | None = None,
    contenders: Mapping[str, Contender] = CONTENDERS,
    on_progress: Progress | None = None,
) -> EstimatorStudy:
    """Return how well estimates made before a training hold.

    Parameters
    ----------
    runs : sequence of Run
        The published tables, own finished runs, or both. Grouped scores are of the
        published training part where it is there, of own runs otherwise.
    level : float, default 0.9
        Coverage that intervals should have, in (0, 1).
    scope : {"gpu", "node", "wall"} or None
        Of the energies of own runs; each run's default where `None`.
    contenders : mapping of str to Contender
        Who is judged, by name.
    on_progress : callable, optional
        Is told how much of how much is done.

    Raises
    ------
    InsufficientDataError
        If there are no runs, or none of a training that ended.
    MissingExtraError
        If the published regressions are asked for and scikit-learn is not installed.
    ValueError
        If the level is outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"the level must lie in (0, 1), got {level}")
    if not runs:
        raise InsufficientDataError("there are no runs: measure some, or name a file")
    parts = part_runs(runs)
    if not (parts.judged or parts.test or parts.table10):
        why = ", ".join(f"{n} {reason}" for reason, n in parts.left_out.items())
        raise InsufficientDataError(f"no finished training among the runs: {why}")
    splits, skipped = make_splits(parts.judged)
    grouped, predictions = judge(
        parts.judged,
        splits if len(parts.judged) > 1 else (),
        contenders,
        level=level,
        scope=scope,
        on_progress=on_progress,
    )
    inputs = published_inputs(parts.train, parts.test) if parts.train else None
    others = (*parts.train, *parts.test, *parts.own)
    return EstimatorStudy(
        n_runs=len(runs),
        n_of={
            "train": len(parts.train),
            "test": len(parts.test),
            "table10": len(parts.table10),
            "own": len(parts.own),
        },
        level=level,
        scope=scope,
        cross_validated=cross_validate(parts.train, inputs) if inputs else (),
        held_out=(
            score_held_out(parts.train, parts.test, inputs)
            if inputs and parts.test
            else ()
        ),
        leak=find_leak(parts.train, parts.test) if parts.train else None,
        table10=score_table10(parts.table10, others) if parts.table10 else None,
        boards=board_powers(parts.own or parts.table10 or parts.train),
        calculators=score_calculators(parts.own),
        grouped=grouped,
        predictions=predictions,
        judged_on="published training part" if parts.train else "own runs",
        n_configurations=len({configuration_of(run) for run in parts.judged}),
        left_out=parts.left_out,
        notes=tuple(_notes(parts, skipped, grouped)),
    )


def _notes(
    parts: Parts, skipped: Mapping[str, str], grouped: Sequence[GroupedScore]
) -> Iterator[str]:
    is_published = bool(parts.train or parts.test or parts.table10)
    if is_published and not parts.train:
        yield (
            "Tables 8 and 9 left out: they need the training part of the regressions "
            "(regression_train.parquet)"
        )
    if parts.train and not parts.test:
        yield (
            "the published inputs were standardized over training and test part: "
            "without the test part (regression_test.parquet) the printed digits of "
            "Tables 8 and 9 are not met, and there are no held-out scores"
        )
    if is_published and not parts.table10:
        yield "Table 10 left out: it needs its rows (table10_test.parquet)"
    if is_published and not parts.own:
        yield (
            "calculators by both powers of a board left out: they need finished runs "
            "(runs.parquet)"
        )
    if parts.judged:
        for label, reason in skipped.items():
            yield f"{label} held out at a time: left out, {reason}"
    if len(parts.judged) == 1:
        yield "grouped scores left out: a single run cannot be split"
    silent = {s.contender for s in grouped} - {
        s.contender for s in grouped if s.errors is not None
    }
    for name in sorted(silent):
        reason = next(s.reason for s in grouped if s.contender == name)
        yield f"{name} answers nothing, {reason}"
