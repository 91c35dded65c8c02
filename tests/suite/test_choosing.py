"""Which reference models to run, against trying each of them."""

from math import log

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.planning import as_new_networks
from isojoule.normalizers.joint.process import condition
from isojoule.records import Calibration
from isojoule.suite import STANDARD, Session
from isojoule.suite import candidates as known
from isojoule.suite.candidates import ask
from isojoule.suite.choosing import (
    Budget,
    Cost,
    choose,
    costs_of,
    plan_document,
    plan_table,
)
from isojoule.suite.forecast import Forecast
from isojoule.workloads import SUITE
from joint_cases import naive_mean
from normalizers.test_advice import PRIOR

SOME = [SUITE[n] for n in list(SUITE)[::4]]


def models(plan):
    return [run.model for run in plan.steps]


def naive_order(question, k):
    """Models, each the one after which the mean deviation is smallest."""
    names = [o.workload for o in question.candidates]
    both = {o.workload: o for o in (*question.wanted, *question.candidates)}
    frame = make_frame(Calibration("any", both))
    offered = frame.inputs(question.candidates)
    asked = as_new_networks(frame.inputs(question.wanted))
    taken = [names.index(n) for n in question.have]
    for _ in range(k):
        left = {}
        for place in set(range(len(names))) - set(taken):
            run = offered.of([*taken, place])
            still = condition(PRIOR.alone, run, naive_mean(PRIOR.alone, run))
            left[place] = still.predict(asked).scale.mean()
        taken.append(min(left, key=left.__getitem__))
    return [names[place] for place in taken[len(question.have) :]]


def test_each_run_is_the_best_after_those_before():
    question = ask(SOME, "train")
    plan = choose(PRIOR, question, Budget(n_runs=4))
    assert models(plan) == naive_order(question, 4)
    assert plan.factor_before > plan.steps[0].factor > plan.steps[1].factor


def test_a_plan_goes_on_where_runs_were_made():
    whole = choose(PRIOR, ask(SOME, "train"), Budget(n_runs=4))
    first, second, *rest = models(whole)
    later = choose(PRIOR, ask(SOME, "train", have=[first, second]), Budget(n_runs=2))
    assert models(later) == rest
    assert later.have == tuple(sorted([first, second]))
    assert later.factor_before == pytest.approx(whole.steps[1].factor)


def test_what_is_asked_for_decides_what_is_worth_running():
    small, large = SUITE["rnn-1x128"], SUITE["crnn-2x2-1024x256"]
    for model in (small, large):
        question = ask([small, large], "train", wanted_models=[model])
        assert models(choose(PRIOR, question, Budget(n_runs=1))) == [model.name]


def test_another_nominal_efficiency_gives_the_same_plan(monkeypatch):
    before = choose(PRIOR, ask(SOME, "train"), Budget(n_runs=3))
    monkeypatch.setattr(known, "NOMINAL_FLOP_PER_J", 1e12)
    after = choose(PRIOR, ask(SOME, "train"), Budget(n_runs=3))
    assert models(after) == models(before)
    assert after.factor_before == pytest.approx(before.factor_before)


def costs(duration_s=60.0, energy_j=1000.0, **changed):
    return {m.name: Cost(duration_s, energy_j) for m in SOME} | changed


@pytest.mark.parametrize(
    "budget", [Budget(duration_s=200.0), Budget(energy_j=3500.0)], ids=["s", "J"]
)
def test_equal_costs_are_spent_on_the_best_runs_that_fit(budget):
    question = ask(SOME, "train")
    plan = choose(PRIOR, question, budget, costs=costs())
    assert models(plan) == naive_order(question, 3)
    assert plan.steps[0].cost == Cost(60.0, 1000.0)


def test_a_budget_is_never_overdrawn_and_dear_runs_give_way_to_cheap_ones():
    rng = np.random.default_rng(2)
    prices = {m.name: Cost(float(c), None) for m, c in zip(
        SOME, np.exp(rng.uniform(0, 5, len(SOME))), strict=True
    )}  # fmt: skip
    for limit_s in (2.0, 10.0, 50.0, 150.0):
        plan = choose(
            PRIOR, ask(SOME, "train"), Budget(duration_s=limit_s), costs=prices
        )
        assert sum(run.cost.duration_s for run in plan.steps) <= limit_s
        assert len(set(models(plan))) == len(plan.steps)
        # No worse than the single best affordable run.
        single = min(
            choose(
                PRIOR,
                ask([SUITE[n]], "train", wanted_models=list(SUITE.values())),
                Budget(n_runs=1),
            )
            .steps[-1]
            .factor
            for n in prices
            if prices[n].duration_s <= limit_s
        )
        assert plan.steps[-1].factor <= single * 1.001


def test_a_budget_that_affords_nothing_tells_what_the_cheapest_takes():
    prices = costs(**{"cnn-1x512": Cost(50.0, 900.0)})
    with pytest.raises(
        InsufficientDataError, match=r"30 s affords no .*cnn-1x512, takes about 50 s"
    ):
        choose(PRIOR, ask(SOME, "train"), Budget(duration_s=30.0), costs=prices)


def test_an_energy_budget_needs_a_sensor():
    with pytest.raises(InsufficientDataError, match="energy of 11 of 11 models"):
        choose(
            PRIOR,
            ask(SOME, "train"),
            Budget(energy_j=1e6),
            costs=costs(energy_j=None),
        )


def test_more_runs_than_there_are_give_all_of_them():
    plan = choose(PRIOR, ask(SOME, "train"), Budget(n_runs=99))
    assert sorted(models(plan)) == sorted(m.name for m in SOME)


def test_where_everything_has_run_there_is_nothing_to_plan():
    question = ask(SOME, "train", have=[m.name for m in SOME])
    with pytest.raises(InsufficientDataError, match="have run already"):
        choose(PRIOR, question, Budget(n_runs=1))


@pytest.mark.parametrize(
    "given",
    [{}, {"n_runs": 1, "energy_j": 1.0}, {"n_runs": 0}, {"duration_s": np.inf}],
)
def test_a_budget_is_one_positive_number(given):
    with pytest.raises(ValueError, match="needs one of"):
        Budget(**given)


def test_the_energy_of_a_run_is_that_of_its_busy_time():
    session = Session(
        (SUITE["mlp-1x512"], SUITE["cnn-1x128"]), phases=("train",), rules=STANDARD
    )
    # 15 s of rests each: 60 s and 180 s of work, 24 kJ at 100 W.
    expected = Forecast(
        {j: 75.0 if j.model.family == "mlp" else 195.0 for j in session.jobs()},
        24_000.0,
    )
    assert costs_of(expected, STANDARD) == {
        "mlp-1x512": Cost(75.0, pytest.approx(6000.0)),
        "cnn-1x128": Cost(195.0, pytest.approx(18_000.0)),
    }


def test_a_plan_is_shown_with_what_has_run_first():
    question = ask(SOME, "train", have=["mlp-1x512"])
    plan = choose(PRIOR, question, Budget(duration_s=60.0), costs=costs())
    first, second = plan_table(plan).rows()
    assert (first["step"], first["model"]) == ("has run", "mlp-1x512")
    assert first["interval"] == f"x {plan.factor_before:.2f}"
    assert (second["step"], second["duration_s"]) == ("run 1", 60.0)
    document = plan_document(plan)
    assert document["already_run"] == ["mlp-1x512"]
    assert document["steps"][0]["energy_j"] == 1000.0
    assert document["schema_version"] == 1


def test_a_budget_is_not_spent_on_runs_that_narrow_nothing():
    plan = choose(PRIOR, ask(SOME, "train"), Budget(duration_s=1e6), costs=costs())
    assert 1 < len(plan.steps) < len(SOME)
    going_on = ask(SOME, "train", have=models(plan))
    (further,) = choose(PRIOR, going_on, Budget(n_runs=1)).steps
    # Under 1 % of the deviation and a little of the quantile with one run more.
    assert log(further.factor) > 0.97 * log(plan.steps[-1].factor)
    assert plan.steps[-1].factor < 0.99 * plan.steps[-2].factor
    assert plan.notes[-1].startswith("the rest of the budget affords no run")
