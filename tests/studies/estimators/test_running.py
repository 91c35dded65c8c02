from dataclasses import replace

import pytest

from estimator_runs import make_training, make_trainings
from isojoule.errors import InsufficientDataError
from isojoule.studies.estimators.contenders import by_lookup, by_regression
from isojoule.studies.estimators.parts import TABLE_TAG
from isojoule.studies.estimators.running import study_estimators

FEW = {"ridge": by_regression("ridge"), "lookup": by_lookup}


def study(runs, **options):
    return study_estimators(runs, contenders=FEW, **options)


def test_own_runs_get_their_scores_and_no_published_columns():
    found = study(make_trainings())
    assert found.judged_on == "own runs"
    assert found.n_configurations == 24
    assert (found.cross_validated, found.held_out, found.table10) == ((), (), None)
    assert found.leak is None
    assert {s.contender for s in found.grouped} == {"ridge", "lookup"}
    assert all(s.errors for s in found.grouped)
    assert found.calculators
    assert found.notes == (
        "one data set held out at a time: left out, there is only one of them",
    )


def test_the_scope_decides_what_an_epoch_of_own_runs_holds():
    runs = make_trainings()
    on_gpu, on_node = (
        next(p.true[0] for p in found.predictions if p.target == "epoch_energy_j")
        for found in (study(runs), study(runs, scope="node"))
    )
    assert on_node - on_gpu == pytest.approx(5000 / 20)


def test_no_runs_are_refused():
    with pytest.raises(InsufficientDataError, match="there are no runs"):
        study([])


def test_runs_of_another_phase_alone_are_refused_with_the_reason():
    run = make_training()
    testing = replace(run, workload=replace(run.workload, phase="test"))
    with pytest.raises(InsufficientDataError, match="1 of phase test, not train"):
        study([testing])


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0])
def test_a_level_that_cannot_be_is_refused(level):
    with pytest.raises(ValueError, match="level must lie"):
        study(make_trainings(), level=level)


def test_a_single_run_cannot_be_split_and_that_is_told():
    found = study([make_training()])
    assert found.grouped == ()
    assert any("a single run cannot be split" in note for note in found.notes)


def test_repeats_of_one_configuration_answer_nothing_new():
    found = study([make_training(repeat=n) for n in range(6)])
    by_ridge = [s for s in found.grouped if s.contender == "ridge"]
    assert all(s.errors is None for s in by_ridge)
    assert any(note.startswith("ridge answers nothing, 5 of 5") for note in found.notes)


def test_what_a_published_part_cannot_give_is_told():
    row = make_training(measures={"mlco2_energy_j": 1e5})
    found = study([replace(row, tags={TABLE_TAG: "table10_test"})])
    assert found.table10 is not None
    told = " ".join(found.notes)
    assert "regression_train.parquet" in told
    assert "runs.parquet" in told
    assert "table10_test" not in told


def test_every_split_contender_and_target_is_counted():
    told = []
    study(make_trainings(), on_progress=lambda n, of: told.append((n, of)))
    assert told[0] == (0, 20)  # 5 splits, 2 contenders, 2 targets
    assert told[-1] == (20, 20)
