from math import exp, log, sqrt
from statistics import mean, stdev

import pytest

from group_runs import make_trainings
from isojoule.studies.groups.comparison import compare_groups
from isojoule.studies.groups.contexts import Context, Kind
from isojoule.studies.groups.factors import CORE
from isojoule.studies.groups.quantities import QUANTITIES, Case
from isojoule.studies.groups.recurring import recurring_pairs


def comparison(**energies_j):
    cases = [
        Case(run, run.gpu_energy_j)
        for model, energy_j in energies_j.items()
        for run in make_trainings(*[energy_j] * 3, model=model)
    ]
    context = Context(Kind("train"), (), tuple(cases), ())
    return compare_groups(
        context, CORE["model"], QUANTITIES["energy"], correction="holm", level=0.95
    )


def test_ratios_are_taken_together_even_where_contexts_turn_them_round():
    found = [comparison(a=10, b=20), comparison(a=10, b=40), comparison(a=10, b=5)]
    (pair,) = recurring_pairs(found, level=0.95)
    assert (pair.first, pair.second, pair.n, pair.n_higher) == ("a", "b", 3, 2)
    logs = [log(2), log(4), log(0.5)]
    assert pair.ratio.value == pytest.approx(exp(mean(logs)))
    # Student's quantile of 0.975 with 2 degrees of freedom.
    half = 4.302653 * stdev(logs) / sqrt(3)
    assert pair.ratio.high == pytest.approx(exp(mean(logs) + half), rel=1e-6)
    assert (pair.low_ratio, pair.high_ratio) == (pytest.approx(0.5), pytest.approx(4))


def test_two_contexts_have_no_interval_and_one_is_none():
    (pair,) = recurring_pairs([comparison(a=1, b=2), comparison(a=1, b=3)], level=0.9)
    assert pair.ratio.low is None
    assert recurring_pairs([comparison(a=1, b=2)], level=0.9) == ()


def test_pairs_without_a_ratio_are_passed_over():
    found = [comparison(a=0, b=2)] * 2
    assert recurring_pairs(found, level=0.9) == ()
