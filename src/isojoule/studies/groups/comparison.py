"""One set of groups: tested, and told how much they differ."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from isojoule.studies.groups.contexts import Context, epochs_differ
from isojoule.studies.groups.effects import (
    median_interval,
    ratio_interval,
    shift_interval,
    superiority_interval,
)
from isojoule.studies.groups.factors import CORE, Factor, Value
from isojoule.studies.groups.quantities import Case, Quantity
from isojoule.studies.groups.ranks import (
    FEW_RUNS,
    MIN_RUNS,
    Band,
    Correction,
    Outcome,
    Values,
    adjust,
    band_of,
    dunn,
    eta_squared,
    kruskal_wallis,
    normality,
    spread,
)
from isojoule.studies.groups.trends import Trend, rank_trend
from isojoule.studies.intervals import Interval

_NETWORKS: Final = ("model", "family", "workload")
"""Factors whose values have an order by their FLOP."""


MOST_GROUPS: Final = 20
"""Of more groups not every pair is looked at, only each with the first."""


@dataclass(frozen=True, slots=True)
class Group:
    """The runs of one value of a factor.

    Parameters
    ----------
    value : str, int or float
        Of the factor.
    figures : tuple of float
        One per run.
    run_ids : tuple of str
        In the same order.
    median : Interval
        Of the figures.
    low_quartile, high_quartile, mean : float
        Of the figures.
    std : float or None
        Of the figures; `None` for one run.
    normality : Outcome
        Of Shapiro and Wilk.
    """

    value: Value
    figures: tuple[float, ...]
    run_ids: tuple[str, ...]
    median: Interval
    low_quartile: float
    high_quartile: float
    mean: float
    std: float | None
    normality: Outcome


@dataclass(frozen=True, slots=True)
class Pair:
    """Two groups held against each other.

    Parameters
    ----------
    first, second : str, int or float
        Values of the factor.
    ratio : Interval or None
        How many times the figures of the first those of the second typically are;
        `None` where one of them is not positive.
    difference : Interval
        By how much those of the second typically exceed those of the first, in the unit
        of the figures.
    superiority : Interval
        How probable it is that a run of the second has the larger figure.
    z, p, p_adjusted : float or None
        Of Dunn, where there was something to test.
    """

    first: Value
    second: Value
    ratio: Interval | None
    difference: Interval
    superiority: Interval
    z: float | None = None
    p: float | None = None
    p_adjusted: float | None = None

    @property
    def cliffs_delta(self) -> float:
        """Share of pairs of runs where the second is larger, less the others."""
        return 2 * self.superiority.value - 1


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Whether groups differ, and by how much.

    Parameters
    ----------
    factor : Factor
        What makes the groups.
    quantity : Quantity
        What is compared.
    context : Context
        What is the same, and what differs beside the factor.
    groups : tuple of Group
        In the order of a factor that has one, else by their medians.
    equal_spread : Outcome
        Of Levene, around the medians.
    kruskal : Outcome
        H and its p value.
    n_tested, n_runs_tested : int
        Groups and runs that went into H.
    eta_squared : float or None
        Share of the variance of the ranks between the groups.
    band : str
        Word for it; empty where there is none.
    pairs : tuple of Pair
        Each two groups; of more than `MOST_GROUPS` each with the first one only.
    trends : tuple of Trend
        Against numbers that differ between the groups.
    notes : tuple of str
        Doubts.
    p_adjusted : float or None
        p of H after the correction for all comparisons of the study.
    """

    factor: Factor
    quantity: Quantity
    context: Context
    groups: tuple[Group, ...]
    equal_spread: Outcome
    kruskal: Outcome
    n_tested: int
    n_runs_tested: int
    eta_squared: float | None
    band: Band | str
    pairs: tuple[Pair, ...]
    trends: tuple[Trend, ...]
    notes: tuple[str, ...]
    p_adjusted: float | None = None

    @property
    def widest(self) -> Pair | None:
        """The pair whose ratio is farthest from one; `None` where none is known."""
        known = [p for p in self.pairs if p.ratio is not None]
        return max(known, key=_distance, default=None)


def _distance(pair: Pair) -> float:
    ratio = pair.ratio.value if pair.ratio else 1.0
    return max(ratio, 1 / ratio)


def compare_groups(
    context: Context,
    factor: Factor,
    quantity: Quantity,
    *,
    correction: Correction,
    level: float,
) -> GroupComparison:
    """Return how the groups of one context differ.

    Parameters
    ----------
    context : Context
        Runs of two values of the factor or more.
    factor : Factor
        What makes the groups.
    quantity : Quantity
        What is compared.
    correction : {"holm", "bonferroni", "fdr_bh", "none"}
        For the pairs.
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy or scikit-posthocs is not installed.
    """
    groups = _groups(context.cases, factor, level)
    values = [np.array(g.figures) for g in groups]
    ranked = kruskal_wallis(values)
    tested = [v for v in values if len(v) >= MIN_RUNS]
    n_tested, n_runs = len(tested), sum(map(len, tested))
    eta2 = None
    if ranked.statistic is not None and n_runs > n_tested:
        eta2 = eta_squared(ranked.statistic, n_groups=n_tested, n=n_runs)
    evenness = spread(values)
    return GroupComparison(
        factor=factor,
        quantity=quantity,
        context=context,
        groups=groups,
        equal_spread=evenness,
        kruskal=ranked,
        n_tested=n_tested if ranked.statistic is not None else 0,
        n_runs_tested=n_runs if ranked.statistic is not None else 0,
        eta_squared=eta2,
        band="" if eta2 is None else band_of(eta2),
        pairs=_pairs(groups, values, correction, level),
        trends=_trends(context.cases, factor, level),
        notes=tuple(_notes(context.cases, factor, quantity, groups)),
    )


def _groups(cases: Sequence[Case], factor: Factor, level: float) -> tuple[Group, ...]:
    by_value: dict[Value, list[Case]] = {}
    for case in cases:
        value = factor.of(case.run)
        if value is not None:
            by_value.setdefault(value, []).append(case)
    found = [_group(value, group, level) for value, group in by_value.items()]
    if factor.is_ordered:
        return tuple(sorted(found, key=lambda g: factor.sort_key(g.value)))
    return tuple(sorted(found, key=lambda g: (g.median.value, str(g.value))))


def _group(value: Value, cases: Sequence[Case], level: float) -> Group:
    seen = np.array([case.figure for case in cases])
    low, high = np.quantile(seen, [0.25, 0.75])
    return Group(
        value=value,
        figures=tuple(seen.tolist()),
        run_ids=tuple(case.run.run_id for case in cases),
        median=median_interval(seen, level=level),
        low_quartile=float(low),
        high_quartile=float(high),
        mean=float(seen.mean()),
        std=float(seen.std(ddof=1)) if len(seen) > 1 else None,
        normality=normality(seen),
    )


def _pairs(
    groups: Sequence[Group],
    values: Sequence[Values],
    correction: Correction,
    level: float,
) -> tuple[Pair, ...]:
    tests = {(t.first, t.second): t for t in dunn(values, correction=correction)}
    found = []
    for a, b in combinations(range(len(groups)), 2):
        if a and len(groups) > MOST_GROUPS:
            break
        one, other = values[a], values[b]
        ratio = None
        if min(one.min(), other.min()) > 0:
            ratio = ratio_interval(one, other, level=level)
        pair = Pair(
            groups[a].value,
            groups[b].value,
            ratio,
            shift_interval(one, other, level=level),
            superiority_interval(one, other, level=level),
        )
        test = tests.get((a, b))
        if test is not None:
            pair = replace(pair, z=test.z, p=test.p, p_adjusted=test.p_adjusted)
        found.append(pair)
    return tuple(found)


def _trends(cases: Sequence[Case], factor: Factor, level: float) -> tuple[Trend, ...]:
    """Return how the figures go with the factor, or with the FLOP of its values."""
    if factor.is_ordered:
        return (rank_trend(cases, factor, level=level),)
    flop = CORE["flop"]
    if (
        factor.name in _NETWORKS
        and len({flop.of(case.run) for case in cases} - {None}) > 1
    ):
        return (rank_trend(cases, flop, level=level),)
    return ()


def _notes(
    cases: Sequence[Case], factor: Factor, quantity: Quantity, groups: Sequence[Group]
) -> list[str]:
    notes = []
    if len(groups) > MOST_GROUPS:
        notes.append(f"more than {MOST_GROUPS} groups: held against the first one only")
    small = [g for g in groups if len(g.figures) < MIN_RUNS]
    if small:
        sizes = "groups have" if len(small) > 1 else "group has"
        notes.append(
            f"{len(small)} {sizes} fewer than {MIN_RUNS} runs: shown, not tested"
        )
    if any(MIN_RUNS <= len(g.figures) < FEW_RUNS for g in groups):
        notes.append(
            f"groups of fewer than {FEW_RUNS} runs: p of H is exact or by "
            "permutations, p of Dunn is rough"
        )
    if any(len(g.figures) > 1 and np.ptp(g.figures) == 0 for g in groups):
        notes.append("a group has the same figure in all of its runs")
    n_all = sum(len(g.figures) for g in groups)
    n_tied = n_all - len({figure for g in groups for figure in g.figures})
    if n_tied:
        notes.append(f"{n_tied} of {n_all} figures are ties, which the tests correct")
    works = {(factor.of(c.run), c.run.workload.name) for c in cases}
    if len(works) > len(groups):
        notes.append(
            "groups hold runs of several workloads: their spread is that of these too"
        )
    epochs = epochs_differ(cases, factor) if quantity.is_total else None
    if epochs is not None:
        notes.append(
            f"the trainings differ in length: {epochs[0]:g} to {epochs[1]:g} epochs in "
            "the median of a group"
        )
    return notes


def corrected(
    comparisons: Sequence[GroupComparison], correction: Correction
) -> tuple[GroupComparison, ...]:
    """Return the comparisons with the p values of H corrected for their number."""
    tested = [i for i, c in enumerate(comparisons) if c.kruskal.p is not None]
    p_values = [p for c in comparisons if (p := c.kruskal.p) is not None]
    adjusted = dict(zip(tested, adjust(p_values, correction), strict=True))
    return tuple(
        replace(c, p_adjusted=adjusted.get(i)) for i, c in enumerate(comparisons)
    )
