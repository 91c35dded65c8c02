"""Tests of results without chance over thousands of systems, and over odd ones."""

from dataclasses import replace
from math import inf, nan
from time import perf_counter

import numpy as np
import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import system
from isojoule.comparison.caps import cap_table
from isojoule.comparison.cohorts import cohort_of
from isojoule.comparison.marginal import marginal_steps
from isojoule.comparison.proxies import order_changes, proxies
from isojoule.comparison.rules import Cohort
from isojoule.comparison.scores import agreements, ranking_scores, weighted_scores
from isojoule.comparison.use import break_evens

COHORT = Cohort(
    name="some",
    where={"single": "1"},
    drop_duplicates=("params", "macs", "train", "test"),
)


def everything(systems, with_rules):
    """Return every result that needs no chance."""
    members = cohort_of(systems, COHORT)
    ranking_scores(systems, with_rules)
    results = []
    for phase in with_rules.phases:
        results += weighted_scores(systems, phase, with_rules)
        for metric in with_rules.metrics:
            results += marginal_steps(systems, phase, metric, with_rules)
    for metric in with_rules.metrics:
        results += cap_table(systems, metric, with_rules)
        results += cap_table(members, metric, with_rules)
    results += agreements(systems, with_rules)
    results += proxies(systems, with_rules)
    results += order_changes(systems, with_rules)
    results += break_evens(systems, with_rules)
    return results


@pytest.mark.slow
@pytest.mark.parametrize("is_front", [False, True])
def test_ten_thousand_systems_take_three_seconds(is_front):
    random = np.random.default_rng(0)
    kwh, score = 10 ** random.normal(size=10_000), random.random(10_000)
    if is_front:
        kwh, score = np.sort(kwh), np.sort(score)
    systems = tuple(
        system(
            f"T{i % 300}_{i}",
            kwh[i],
            kwh[i] / 100,
            scores={"psds1": score[i], "psds2": 1 - score[i] / 2},
            params=1000 + i % 500,
            macs=10_000 * (i % 700),
            cells={"single": str(i % 2)},
        )
        for i in range(10_000)
    )
    start = perf_counter()
    assert everything(systems, rules(baseline="T0_0"))
    assert perf_counter() - start < 3.0


ODD = (None, nan, inf, -inf, -1.0, 0.0, 5e-324, 1e-300, 1.0, 1e300)


@pytest.mark.parametrize("seed", range(30))
def test_odd_figures_raise_nothing_and_warn_of_nothing(seed):
    random = np.random.default_rng(seed)

    def odd():
        return ODD[random.integers(len(ODD))]

    def odd_score():
        value = odd()
        return value if random.random() < 0.5 else (value or 0.0, odd(), odd())

    systems = tuple(
        system(
            str(i),
            odd(),
            odd(),
            scores={"psds1": odd_score(), "psds2": odd_score()},
            params=odd(),
            macs=odd(),
            declared_kwh={},
            cells={"single": "1"},
        )
        for i in range(random.integers(0, 40))
    )
    metrics = rules().metrics
    low = {n: replace(m, higher_is_better=False) for n, m in metrics.items()}
    for with_rules in (
        rules(baseline="0", price_kwh_per_point=1.0),
        rules(metrics=low, exponent=3.0, max_params=5.0),
    ):
        everything(systems, with_rules)
