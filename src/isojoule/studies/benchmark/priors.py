"""Priors of the joint model from tables of many machines, each table left out in turn.

The widths of the model's parts are those under which the log ratios of all pairs are
most likely. How much wider than that an interval must be is not told by the tables that
were learned from: it is what nine in ten held-out workloads asked for, of networks left
out, on tables that had no part in the widths.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.hyperparameters import START, Hyperparameters
from isojoule.normalizers.joint.learning import KnownPair, learn, shrink
from isojoule.normalizers.joint.planning import as_new_networks, plan_order
from isojoule.normalizers.joint.prior import (
    MANY,
    Prior,
    PriorFile,
    SpecificationPrior,
)
from isojoule.normalizers.joint.process import condition
from isojoule.normalizers.joint.specification import difference_of
from isojoule.normalizers.pairs import Floats
from isojoule.stats import student_half_width
from isojoule.studies.benchmark.sources import MachinePair, Source, pair_machines
from isojoule.studies.normalization.splits import hold_out_models, unusable_models

LEVEL: Final = 0.9
"""Coverage that intervals are widened to."""

COUNTS: Final = (1, 2, 3, 4, 6, MANY)
"""Numbers of references at which the widening is found; the last stands for all."""

MIN_ALL: Final = 16
"""Fewest workloads that are not held out for them to stand for many."""

MIN_SHARED: Final = 8
N_SPLITS: Final = 5

SPECIFICATION_FREEDOM: Final = 3.0
MIN_SPECIFICATION_SCALE: Final = 0.5
"""Set, not learned: a board that spills to another memory costs many times more than
its specification tells, and few pairs are there to learn from."""

_LEAST_SPREAD: Final = 0.05  # for pairs that lie on one line

Places = NDArray[np.intp]

Misses = dict[tuple[str, int], list[Floats]]
"""By table and number of references, for each fold |error| over the half-width."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """One ordered pair with what both kinds of model see of it."""

    name: str
    shared: MachinePair
    alone: Inputs
    elsewhere: Inputs
    log_ratios: Floats

    def inputs(self, *, is_elsewhere: bool) -> Inputs:
        return self.elsewhere if is_elsewhere else self.alone


def learn_priors(
    sources: Sequence[Source], *, on_progress: Callable[[int, int], None] | None = None
) -> PriorFile:
    """Return the prior from all sources, and one without each of them.

    Parameters
    ----------
    sources : sequence of Source
        At least three tables.
    on_progress : callable, optional
        Is told for how many sets of tables it is done, of how many.

    Raises
    ------
    InsufficientDataError
        If there are fewer than three tables with pairs of machines that share enough.
    MissingExtraError
        If SciPy is not installed.
    """
    pairs = _prepared(sources)
    names = sorted({pair.name for pair in pairs})
    if len(names) < 3:
        raise InsufficientDataError(
            f"a prior needs three tables of machines that share {MIN_SHARED} "
            f"workloads, {len(names)} were given"
        )
    lacking = [(), *((n,) for n in names), *combinations(names, 2)]
    found: dict[tuple[bool, tuple[str, ...]], Hyperparameters] = {}
    missed: dict[tuple[bool, tuple[str, ...]], Misses] = {}
    for n_done, without in enumerate(lacking, start=1):
        for is_elsewhere in (False, True):
            kept = [p for p in pairs if p.name not in without]
            known = _known(kept, is_elsewhere=is_elsewhere)
            found[is_elsewhere, without] = learn(known) if known else START
            missed[is_elsewhere, without] = _missed(
                shrink(found[is_elsewhere, without]),
                [p for p in pairs if p.name in without],
                is_elsewhere=is_elsewhere,
                planning=found[False, without],
            )
        if on_progress is not None:
            on_progress(n_done, len(lacking))
    specified = {without: _specified(pairs, without) for without in lacking}

    def prior(without: tuple[str, ...]) -> Prior:
        kept = [name for name in names if name not in without]
        widening = [
            _widening([(n, missed[e, tuple(sorted({*without, n}))]) for n in kept])
            for e in (False, True)
        ]
        return Prior(
            alone=shrink(found[False, without]),
            elsewhere=shrink(found[True, without]),
            planning=found[False, without],
            widening_alone=widening[0],
            widening_elsewhere=widening[1],
            specification=specified[without],
            sources=tuple(kept),
        )

    return PriorFile(prior(()), {name: prior((name,)) for name in names})


def _prepared(sources: Sequence[Source]) -> list[_Pair]:
    pairs, _ = pair_machines(sources, min_shared=MIN_SHARED)
    by_label: Mapping[tuple[str, str], Source] = {
        (source.name, source.phase): source for source in sources
    }
    return [_prepare(pair, by_label[pair.name, pair.phase]) for pair in pairs]


def _prepare(pair: MachinePair, source: Source) -> _Pair:
    shared = pair.shared
    before = source.calibrations[shared.source]
    others = [c for m, c in source.calibrations.items() if m not in pair.machines]
    frame = make_frame(before, others)
    seen = [before.observations[name] for name in shared.workloads]
    energies = zip(shared.source_energy_j, shared.target_energy_j, strict=True)
    return _Pair(
        pair.name,
        pair,
        frame.inputs(seen),
        frame.inputs(seen, tuple(frame.elsewhere)),
        np.array([log(b / a) for a, b in energies]),
    )


def _known(pairs: Sequence[_Pair], *, is_elsewhere: bool) -> list[KnownPair]:
    return [
        KnownPair(p.name, inputs, p.log_ratios)
        for p in pairs
        if not is_elsewhere or p.elsewhere.elsewhere.any()
        for inputs in [p.inputs(is_elsewhere=is_elsewhere)]
    ]


def _missed(
    h: Hyperparameters,
    pairs: Sequence[_Pair],
    *,
    is_elsewhere: bool,
    planning: Hyperparameters,
) -> Misses:
    """Return how far predictions of networks left out lie off, in half-widths."""
    misses: Misses = {}
    for pair in pairs:
        inputs = pair.inputs(is_elsewhere=is_elsewhere)
        if unusable_models(pair.shared.shared):
            continue
        if is_elsewhere and not inputs.elsewhere.any():
            continue
        for is_held in hold_out_models(pair.shared.shared, N_SPLITS):
            train, test = np.flatnonzero(~is_held), np.flatnonzero(is_held)
            for count, taken in _planned(planning, pair.alone, train):
                found = condition(h, inputs.of(taken), pair.log_ratios[taken])
                said = found.predict(inputs.of(test))
                half = student_half_width(LEVEL, said.freedom) * said.scale
                off = np.abs(said.log_ratio - pair.log_ratios[test]) / half
                misses.setdefault((pair.name, count), []).append(off)
    return misses


def _planned(
    planning: Hyperparameters, inputs: Inputs, train: Places
) -> Iterator[tuple[int, Places]]:
    """Yield each of `COUNTS` that there are workloads for, with the references."""
    candidates = inputs.of(train)
    steps = plan_order(
        planning, candidates, as_new_networks(candidates), k=max(COUNTS[:-1])
    )
    places = train[[step.place for step in steps]]
    for count in COUNTS[:-1]:
        if count <= len(train):
            yield count, places[:count]
    if len(train) >= MIN_ALL:
        yield MANY, train


def _widening(left_out: Sequence[tuple[str, Misses]]) -> dict[int, float]:
    """Return, by references, the factor that covers `LEVEL` in the mean over tables."""
    return {count: _factor(count, left_out) for count in COUNTS}


def _factor(count: int, left_out: Sequence[tuple[str, Misses]]) -> float:
    folds = [
        misses[name, count] for name, misses in left_out if (name, count) in misses
    ]
    if not folds:
        return 1.0
    # Every table counts alike, and every fold of a table.
    weight = np.concatenate(
        [
            np.full(len(off), 1 / (len(folds) * len(of_table) * len(off)))
            for of_table in folds
            for off in of_table
        ]
    )
    off = np.concatenate([off for of_table in folds for off in of_table])
    order = np.argsort(off)
    place = int(np.searchsorted(np.cumsum(weight[order]), LEVEL))
    return float(off[order][min(place, len(off) - 1)])


def _specified(pairs: Sequence[_Pair], without: Sequence[str]) -> SpecificationPrior:
    """Return what specifications tell, from the pairs of tables not left out."""
    differences, ratios = [], []
    for pair in pairs:
        shared = pair.shared.shared
        if pair.name in without or shared.source > shared.target:
            continue  # a pair and its reverse tell the same
        try:
            differences.append(difference_of(shared.source, shared.target))
        except InsufficientDataError:
            continue
        ratios.append(float(np.median(pair.log_ratios)))
    x, y = np.array(differences), np.array(ratios)
    if len(x) < 3 or not x.any():
        return SpecificationPrior(1.0, 1.0, SPECIFICATION_FREEDOM)
    weight, scale = _t_regression(x, y, SPECIFICATION_FREEDOM)
    scale = max(scale, MIN_SPECIFICATION_SCALE)
    return SpecificationPrior(weight, scale, SPECIFICATION_FREEDOM)


def _t_regression(x: Floats, y: Floats, freedom: float) -> tuple[float, float]:
    """Return slope through zero and scale of Student's t, by expectation-maximization.

    Notes
    -----
    One pseudo-pair that lies on a slope of 1 keeps the slope sane for few pairs.
    """
    slope, scale = 1.0, max(float(np.median(np.abs(y - x))), _LEAST_SPREAD)
    for _ in range(200):
        weight = (freedom + 1) / (freedom + ((y - slope * x) / scale) ** 2)
        anchor = float((x**2).mean())
        slope = float(
            ((weight * x * y).sum() + anchor) / ((weight * x**2).sum() + anchor)
        )
        spread = float(np.sqrt((weight * (y - slope * x) ** 2).mean()))
        scale = max(spread, _LEAST_SPREAD)
    return slope, scale
