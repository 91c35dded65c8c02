from dataclasses import replace

import numpy as np
import pytest

from group_runs import make_trainings, naive_dunn_z, naive_h
from isojoule.studies.groups.comparison import compare_groups, corrected
from isojoule.studies.groups.contexts import Context, Kind
from isojoule.studies.groups.factors import CORE
from isojoule.studies.groups.quantities import QUANTITIES, Case, score_quantity

LOW, MIDDLE, HIGH = (
    [10.0, 11, 12, 13, 14],
    [20.0, 21, 22, 23, 24],
    [40.0, 41, 42, 43, 44],
)


def compared(*groups, by="model", values=("a", "b", "c"), quantity="energy", **options):
    cases = []
    for value, group in zip(values, groups, strict=False):
        runs = make_trainings(*group, **{by: value}, **options)
        cases += [Case(run, run.gpu_energy_j) for run in runs]
    context = Context(Kind("train"), (), tuple(cases), ())
    chosen = QUANTITIES.get(quantity) or score_quantity(quantity)
    return compare_groups(context, CORE[by], chosen, correction="holm", level=0.95)


def test_groups_are_tested_and_the_sizes_of_their_differences_told():
    found = compared(LOW, HIGH, MIDDLE)
    h = naive_h([LOW, HIGH, MIDDLE])
    assert found.kruskal.statistic == pytest.approx(h)
    assert found.eta_squared == pytest.approx((h - 2) / 12)
    assert (found.band, found.n_tested, found.n_runs_tested) == ("large", 3, 15)
    assert [g.value for g in found.groups] == ["a", "c", "b"]  # by their medians
    first = found.pairs[0]
    assert (first.first, first.second) == ("a", "c")
    assert first.ratio.value == pytest.approx(22 / 12, rel=0.02)
    assert (first.difference.value, first.superiority.value) == (10.0, 1.0)
    assert first.cliffs_delta == 1.0
    assert first.z == pytest.approx(naive_dunn_z([LOW, MIDDLE, HIGH], 0, 1))
    assert first.p_adjusted >= first.p
    assert (found.widest.first, found.widest.second) == ("a", "b")


def test_a_group_has_its_quartiles_and_its_runs():
    found = compared(LOW, MIDDLE)
    group = found.groups[0]
    assert (group.low_quartile, group.median.value, group.high_quartile) == (11, 12, 13)
    assert (group.mean, group.std) == (12.0, pytest.approx(np.sqrt(2.5)))
    assert len(group.run_ids) == len(set(group.run_ids)) == 5


def test_ordered_groups_stand_in_their_order_and_have_a_trend():
    found = compared(HIGH, LOW, MIDDLE, by="batch_size", values=(8, 256, 32))
    assert [g.value for g in found.groups] == [8, 32, 256]
    (trend,) = found.trends
    assert (trend.against, trend.n, trend.n_steps) == ("batch_size", 15, 3)
    assert trend.rho.value == pytest.approx(-0.9449, abs=1e-4)


def test_networks_have_a_trend_over_their_flop():
    cases = []
    for flop, group in ((1e9, LOW), (2e9, MIDDLE), (3e9, HIGH)):
        runs = make_trainings(*group, model=f"{flop:g}", forward_flop_per_sample=flop)
        cases += [Case(run, run.gpu_energy_j) for run in runs]
    context = Context(Kind("train"), (), tuple(cases), ())
    found = compare_groups(
        context, CORE["model"], QUANTITIES["energy"], correction="holm", level=0.9
    )
    assert found.trends[0].against == "flop"
    assert found.trends[0].rho.value > 0.9


def test_groups_of_one_or_two_runs_are_shown_and_not_tested():
    found = compared([1.0], [2.0, 3.0])
    assert found.kruskal.p is found.eta_squared is None
    assert (found.band, found.n_tested) == ("", 0)
    assert found.pairs[0].ratio.value == pytest.approx(6**0.5)
    assert found.pairs[0].p is None
    assert found.groups[0].std is None
    assert found.notes == ("2 groups have fewer than 3 runs: shown, not tested",)
    three = compared(LOW, MIDDLE, [9.0])
    assert (three.n_tested, three.n_runs_tested) == (2, 10)
    assert three.notes[0] == "1 group has fewer than 3 runs: shown, not tested"


def test_constant_groups_and_ties_are_told():
    found = compared([5.0] * 5, [5.0] * 5)
    assert found.kruskal.reason == "all values of all groups are the same"
    assert found.pairs[0].superiority.value == 0.5
    assert "a group has the same figure in all of its runs" in found.notes
    assert "9 of 10 figures are ties, which the tests correct" in found.notes


def test_figures_that_are_not_positive_have_no_ratio():
    found = compared([0.0, 1, 2], [3.0, 4, 5])
    assert found.pairs[0].ratio is None
    assert found.pairs[0].difference.value == 3.0
    assert found.widest is None


def test_small_groups_say_where_p_is_from():
    found = compared([1.0, 2, 3], [4.0, 5, 6])
    assert (found.kruskal.p, found.kruskal.method) == (pytest.approx(0.1), "exact")
    assert found.notes[0].startswith("groups of fewer than 5 runs: p of H is exact")


def test_totals_of_trainings_of_different_length_are_told():
    cases = [
        Case(run, run.gpu_energy_j)
        for model, epochs in (("a", 20), ("b", 60))
        for run in make_trainings(*LOW, model=model, n_epochs=epochs)
    ]
    context = Context(Kind("train"), (), tuple(cases), ())

    def notes_of(name):
        options = {"correction": "holm", "level": 0.95}
        return compare_groups(context, CORE["model"], QUANTITIES[name], **options).notes

    told = "the trainings differ in length: 20 to 60 epochs in the median of a group"
    assert told in notes_of("energy")
    assert told not in notes_of("energy_per_sample")


def test_groups_of_several_workloads_are_told():
    cases = [
        Case(run, run.gpu_energy_j)
        for model in "ab"
        for batch in (8, 16)
        for run in make_trainings(*LOW, model=model, batch_size=batch)
    ]
    context = Context(Kind("train"), (), tuple(cases), ())
    found = compare_groups(
        context, CORE["model"], QUANTITIES["energy"], correction="holm", level=0.9
    )
    assert any(n.startswith("groups hold runs of several") for n in found.notes)


def test_p_is_corrected_over_all_comparisons_that_were_tested():
    tested, other = compared(LOW, MIDDLE), compared(LOW, LOW)
    untested = compared([1.0], [2.0])
    found = corrected([tested, untested, other], "bonferroni")
    assert found[0].p_adjusted == pytest.approx(2 * tested.kruskal.p)
    assert [found[1].p_adjusted, found[2].p_adjusted] == [None, 1.0]
    assert replace(found[0], p_adjusted=None) == tested


def test_of_many_groups_each_is_held_against_the_first_only():
    values = tuple(f"m{i:02}" for i in range(22))
    found = compared(*([10.0 + i, 10.0 + i] for i in range(22)), values=values)
    assert len(found.pairs) == 21
    assert {p.first for p in found.pairs} == {"m00"}
    assert (found.widest.first, found.widest.second) == ("m00", "m21")
    assert found.notes[0] == "more than 20 groups: held against the first one only"
    assert found.kruskal.reason.startswith("groups of 2 to 2 runs, where a test")
