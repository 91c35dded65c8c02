from functools import partial

import pytest

from group_runs import make_training, make_trainings
from isojoule.studies.groups.contexts import (
    Kind,
    confounders_of,
    epochs_differ,
    hold_all_else,
    hold_only,
    kind_of,
    lay_out,
)
from isojoule.studies.groups.factors import CORE, find_factor, varying_factors
from isojoule.studies.groups.quantities import QUANTITIES, Basis, Case

ENERGY = QUANTITIES["energy"]


def laid_out(runs, name, *, within=None, basis=None, allow_mixed=False):
    factor = find_factor(name, runs)
    varying = varying_factors(runs)
    if within is None:
        holding = hold_all_else(factor, varying, runs)
    else:
        holding = hold_only([find_factor(n, runs) for n in within], factor, varying)
    kind = partial(
        kind_of, quantity=ENERGY, basis=basis or Basis(), allow_mixed=allow_mixed
    )
    cases = [Case(run, 1.0) for run in runs]
    return holding, lay_out(cases, factor, holding, kind)


def held_in(context):
    return {factor.name: value for factor, value in context.held}


def test_a_factor_is_looked_at_where_all_else_is_the_same():
    runs = [
        make_training(hardware=h, batch_size=b, model=m)
        for h in "AB"
        for m, b in (("a", 8), ("a", 16), ("b", 8))
    ]
    _, contexts = laid_out(runs, "batch_size")
    assert [held_in(c) for c in contexts] == [
        {"hardware": h, "model": "a"} for h in "AB"
    ]
    _, contexts = laid_out(runs, "hardware")
    assert len(contexts) == 3
    assert all(len(c.cases) == 2 for c in contexts)


def test_memory_of_a_machine_cannot_be_held_where_each_has_its_own():
    runs = [make_training(hardware=h, memory_gib=g) for h, g in (("A", 16), ("B", 32))]
    _, (context,) = laid_out(runs, "hardware")
    assert "memory" not in held_in(context)
    (confounder,) = context.confounders
    assert (confounder.factor.name, confounder.is_complete) == ("memory", True)
    assert confounder.pairs == (("A", 16 * 2**30), ("B", 32 * 2**30))


def test_memory_is_held_where_it_differs_on_one_machine():
    runs = [
        make_training(hardware=h, memory_gib=g)
        for h, g in (("A", 16), ("A", 32), ("B", 32))
    ]
    _, (context,) = laid_out(runs, "hardware")
    assert held_in(context)["memory"] == 32 * 2**30
    assert len(context.cases) == 2
    _, (context,) = laid_out(runs, "memory")
    assert held_in(context)["hardware"] == "A"


def test_machines_are_compared_within_one_workload_where_factors_do_not_tell_it():
    runs = [make_training(hardware=h, name=n) for h in "AB" for n in ("x", "y")]
    holding, contexts = laid_out(runs, "hardware")
    assert [f.name for f in holding.held] == ["workload"]
    assert len(contexts) == 2


def test_a_tag_that_is_another_name_for_a_machine_is_not_held_apart_from_it():
    runs = [
        make_training(hardware=h, memory_gib=g, tags={"place": p})
        for h, g, p in (("A", 8, "lab"), ("B", 16, "cloud"))
    ]
    _, (context,) = laid_out(runs, "place")
    assert {c.factor.name for c in context.confounders} == {"hardware", "memory"}
    other = [make_training(hardware=h, tags={"opt": o}) for h in "AB" for o in "xy"]
    _, contexts = laid_out(other, "opt")
    assert [held_in(c) for c in contexts] == [{"hardware": "A"}, {"hardware": "B"}]


def test_families_hold_all_else_but_their_networks():
    runs = [
        make_training(model=m, family=m[0], batch_size=b)
        for m in ("a1", "a2", "b1")
        for b in (8, 16)
    ]
    holding, contexts = laid_out(runs, "family")
    assert [f.name for f in holding.held] == ["batch_size"]
    assert [len(c.cases) for c in contexts] == [3, 3]


def test_only_what_is_asked_for_is_held_and_all_else_is_watched():
    runs = [
        make_training(hardware=h, batch_size=b, model=m)
        for h in "AB"
        for m, b in (("a", 8), ("b", 16))
    ]
    _, contexts = laid_out(runs, "model", within=["hardware"])
    assert len(contexts) == 2
    assert [c.factor.name for c in contexts[0].confounders] == ["batch_size"]
    _, (everything,) = laid_out(runs, "model", within=[])
    assert len(everything.cases) == 4


def test_what_is_mixed_alike_is_no_confounder_and_what_is_not_is_told():
    def confounded(*batches):
        cases = [
            Case(make_training(model=model, batch_size=batch), 1.0)
            for model, batch in batches
        ]
        return confounders_of(cases, CORE["model"], [CORE["batch_size"]])

    assert confounded(("a", 8), ("a", 16), ("b", 8), ("b", 16)) == ()
    (mixed,) = confounded(("a", 8), ("a", 8), ("a", 16), ("b", 8), ("b", 16), ("b", 16))
    assert (mixed.is_complete, mixed.n_values) == (False, 2)


def test_energies_of_different_kinds_are_not_compared_unless_asked_for():
    runs = [
        make_training(model="a"),
        make_training(model="b"),
        make_training(model="a", source="modelled"),
        make_training(model="b", source="modelled"),
    ]
    _, contexts = laid_out(runs, "model")
    assert {c.kind.provenance for c in contexts} == {"measured", "modelled"}
    _, (mixed,) = laid_out(runs, "model", allow_mixed=True)
    assert mixed.kind == Kind("train")
    lacking = [make_training(model="a", dram_j=1.0), make_training(model="b")]
    _, contexts = laid_out(lacking, "model", basis=Basis("node"))
    assert contexts == ()


def test_phases_and_counts_of_samples_are_kept_apart():
    run = make_training(n_validation_samples_per_epoch=10, phase="test")
    kind = kind_of(run, QUANTITIES["energy_per_sample"], Basis())
    assert kind == Kind("test", "gpu", "measured", "training and validation samples")
    assert kind_of(run, QUANTITIES["duration"], Basis()) == Kind("test")


def test_runs_that_do_not_state_the_factor_are_left_out():
    runs = [make_training(batch_size=b) for b in (8, 16)]
    runs.append(make_training(batch_size=None))
    _, (context,) = laid_out(runs, "batch_size")
    assert len(context.cases) == 2


def test_trainings_of_different_length_are_told():
    cases = [
        Case(run, 1.0)
        for run in (
            *make_trainings(1, 2, 3, model="a", n_epochs=50),
            *make_trainings(1, 2, 3, model="b", n_epochs=80),
        )
    ]
    assert epochs_differ(cases, CORE["model"]) == (50, 80)
    assert epochs_differ(cases[:3], CORE["model"]) is None
    alike = [
        Case(make_training(model=m, n_epochs=n), 1) for m, n in (("a", 50), ("b", 54))
    ]
    assert epochs_differ(alike, CORE["model"]) is None


@pytest.mark.parametrize("name", ["model", "hardware"])
def test_one_value_has_no_context(name):
    _, contexts = laid_out(make_trainings(1, 2, 3), name)
    assert contexts == ()
