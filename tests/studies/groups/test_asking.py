import pytest

from group_runs import make_training
from group_studies import trainings
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.studies.groups.asking import Asked, GroupsQuestion, cases_of
from isojoule.studies.groups.quantities import QUANTITIES, Basis

ENERGY = QUANTITIES["energy"]


def asked(runs, **question):
    cases = cases_of(runs, ENERGY, Basis())
    return Asked.of(cases, GroupsQuestion(**question), 0.95).answer(ENERGY, cases)


def test_only_what_is_asked_for_is_looked_at_and_held():
    (result,) = asked(trainings(), by=("model",), within=("hardware",))
    assert [f.name for f in result.held] == ["hardware"]
    assert [len(c.groups) for c in result.comparisons] == [4, 3]
    (result,) = asked(trainings(), by=("hardware",), within=())
    (comparison,) = result.comparisons
    assert len(comparison.context.cases) == 45
    complete = {c.factor.name: c.is_complete for c in comparison.context.confounders}
    assert complete == {
        "model": False,
        "task": False,
        "batch_size": False,
        "memory": True,
    }


def test_what_has_no_counterpart_is_counted():
    results = {r.factor.name: r for r in asked(trainings())}
    # Of 45 runs the two further batch sizes and the odd network ran on A alone.
    assert results["hardware"].n_alone == 15
    assert results["memory"].comparisons == ()
    assert results["memory"].n_alone == 45


def test_one_value_of_what_is_asked_for_gives_no_comparison():
    (result,) = asked([make_training(1.0, hardware=h) for h in "AB"], by=("model",))
    assert (result.comparisons, result.uncompared[0].values) == ((), ("net",))


def test_runs_that_do_not_know_a_quantity_are_no_cases():
    runs = [make_training(1.0), make_training(0.0)]
    assert [case.figure for case in cases_of(runs, ENERGY, Basis())] == [1.0]


def test_names_that_are_not_there_are_told():
    with pytest.raises(UnknownNameError, match="no quantity 'joules'"):
        GroupsQuestion(quantity="joules")
    with pytest.raises(UnknownNameError, match="no correction 'sidak'"):
        GroupsQuestion(correction="sidak")
    with pytest.raises(UnknownNameError, match="no factor 'colour'"):
        asked(trainings(), within=("colour",))
    with pytest.raises(InsufficientDataError, match="1 runs that can be used do not"):
        asked([make_training(1.0)])
