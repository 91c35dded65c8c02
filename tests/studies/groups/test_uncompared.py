from functools import partial

from group_runs import make_training
from isojoule.studies.groups.contexts import hold_all_else, kind_of, lay_out
from isojoule.studies.groups.factors import find_factor, varying_factors
from isojoule.studies.groups.quantities import QUANTITIES, Basis, Case
from isojoule.studies.groups.uncompared import find_uncompared


def uncompared(runs, name):
    factor = find_factor(name, runs)
    holding = hold_all_else(factor, varying_factors(runs), runs)
    cases = [Case(run, 1.0) for run in runs]
    kind = partial(kind_of, quantity=QUANTITIES["energy"], basis=Basis())
    contexts = lay_out(cases, factor, holding, kind)
    found = find_uncompared(factor, cases, contexts, holding)
    return [(u.values, tuple(f.name for f in u.own)) for u in found]


def test_a_network_with_data_of_its_own_is_told_with_what_is_its_own():
    runs = [make_training(model=m) for m in ("a", "b")]
    runs.append(make_training(model="inception", task="dogs", settings={"l": "frozen"}))
    assert uncompared(runs, "model") == [(("inception",), ("task",))]
    assert uncompared(runs, "task") == [(("data", "dogs"), ("model",))]


def test_nothing_single_tells_runs_apart_that_differ_in_a_mixture():
    runs = [
        make_training(model=m, batch_size=b, hardware=h)
        for m, b, h in (("a", 8, "A"), ("a", 16, "B"), ("b", 8, "B"), ("b", 16, "A"))
    ]
    assert uncompared(runs, "model") == [(("a", "b"), ())]


def test_all_compared_leaves_nothing_to_tell():
    assert uncompared([make_training(model=m) for m in "ab"], "model") == []
