import sys

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.formats.delrey import read_delrey
from isojoule.formats.delrey_traces import FILE_NAME, with_traces
from isojoule.studies.stabilization.results import (
    EVERYWHERE,
    StabilizationQuestion,
)
from isojoule.studies.stabilization.study import (
    COMPILING,
    SEARCHING,
    study_stabilization,
)
from trainings import make_training


def blind(run_id="a", **changes):
    return make_training(run_id, has_samples=False, **changes)


def test_without_samples_the_epochs_alone_answer_and_stumpy_is_not_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "stumpy", None)
    told = []
    study = study_stabilization(
        [blind("a"), blind("b", watts=(100.0, 150.0))],
        on_progress=lambda *step: told.append(step),
    )
    assert {what for what, *_ in told} == {SEARCHING}
    assert told[-1] == (SEARCHING, 2, 2)
    assert all(not finding.changes for finding in study.findings)
    rules = {judged.rule.name: judged for judged in study.rules}
    assert "published" not in rules
    assert rules["epoch-10"].errors["epoch"].mape_fraction == pytest.approx(0.0)
    assert rules["switch"].rule.starts == (10, 10)
    assert rules["switch+1"].rule.starts == (11, 11)


def test_errors_of_a_step_are_those_of_the_arithmetic():
    # 10 epochs of 2 kJ, 20 of 4 kJ, 20 s each: 100 kJ in 600 s. From epoch 5 on, five
    # of the first kind: 100 W x 600 s = 60 kJ, and 5 x 2 + 25 x 2 = 60 kJ.
    study = study_stabilization(
        [blind()], question=StabilizationQuestion(start=5, window=5)
    )
    group = study.groups[0]
    assert (group.environment, group.model, group.n_runs) == (EVERYWHERE,) * 2 + (1,)
    for method in ("power", "epoch"):
        assert group.errors[method].rmse_j == pytest.approx(40e3)
        assert group.errors[method].mape_fraction == pytest.approx(0.4)
        assert study.grid.at(5, 5)[method] == pytest.approx((40e3, 0.4))


def test_both_truths_are_told_and_the_one_asked_for_is_swept():
    # The recording goes on for 60 s after the last epoch and takes 6 kJ more.
    run = blind(duration_s=660.0)
    run = blind(
        duration_s=660.0,
        energies=(
            type(run.energies[0])("gpu", run.energies[0].energy_j + 6e3, "sampled"),
        ),
    )
    asked = StabilizationQuestion(truth="recording")
    study = study_stabilization([run], question=asked)
    of = {group.truth: group for group in study.groups if group.model == EVERYWHERE}
    assert of["epochs"].errors["epoch"].rmse_j == pytest.approx(0.0)
    assert of["recording"].errors["epoch"].rmse_j == pytest.approx(6e3)
    assert of["recording"].errors["power"].rmse_j == pytest.approx(200 * 660 - 106e3)
    assert study.grid.at(10, 5)["epoch"][0] == pytest.approx(6e3)


def test_a_window_larger_than_every_run_is_refused():
    with pytest.raises(
        InsufficientDataError,
        match="5 epochs from epoch 10 on fits into none of 1 runs, the longest has 12",
    ):
        study_stabilization([blind(n_epochs=12)])


def test_a_window_larger_than_some_runs_leaves_them_out_of_the_errors():
    study = study_stabilization([blind("a"), blind("b", n_epochs=12)])
    assert study.groups[0].n_runs == 2
    assert study.groups[0].errors["power"].n_runs == 1
    (fixed,) = [j for j in study.rules if j.rule.name == "epoch-10"]
    assert (fixed.n_too_short, fixed.n_without) == (1, 0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"settings": "own"}, "settings are published, sane, both, got 'own'"),
        ({"start": -1}, "every start must be at least 0, got -1"),
        ({"window": 0}, "every window must be at least 1, got 0"),
        ({"n_draws": 0}, "n_draws must be at least 1"),
        ({"n_most": 0}, "at least 1 run has to be kept"),
    ],
)
def test_a_question_that_cannot_be_is_refused(changes, told):
    with pytest.raises(ValueError, match=told):
        StabilizationQuestion(**changes)


def test_a_level_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="the level must lie in"):
        study_stabilization([blind()], level=1.0)


@pytest.mark.slow
def test_changes_controls_and_rules_of_runs_with_power():
    told = []
    study = study_stabilization(
        [make_training("a", noise_w=2.0), make_training("b", noise_w=2.0, switch=None)],
        on_progress=lambda *step: told.append(step),
    )
    assert told[:2] == [(COMPILING, 0, 1), (COMPILING, 1, 1)]
    stepped, steady = study.findings
    assert stepped.stable_epoch("sane") in {9, 10}
    assert stepped.changes["sane"].time_s == pytest.approx(200.0, abs=5.0)
    assert steady.changes["sane"].time_s is None
    assert steady.stable_epoch("sane") == 0
    assert steady.stable_epoch("published") is not None
    assert set(stepped.controls) == {"published", "sane"}
    assert stepped.controls["sane"].time_s is None
    assert stepped.controls["published"].arcs.time_s[0] == 12 * 20.0
    assert not steady.controls


@pytest.mark.slow
def test_the_answer_is_the_same_every_time():
    runs = [make_training(noise_w=2.0)]
    asked = StabilizationQuestion(n_draws=20)
    one, other = (study_stabilization(runs, question=asked) for _ in range(2))
    assert one.findings[0].changes["published"].time_s == (
        other.findings[0].changes["published"].time_s
    )
    for a, b in zip(one.draws, other.draws, strict=True):
        np.testing.assert_array_equal(a.rmse_j["power"], b.rmse_j["power"])


@pytest.fixture
def block_one(delrey_table):
    return [run for run in read_delrey(delrey_table) if run.windows]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "start", "window", "power", "epoch"),
    [
        # Our own computation from the raw samples, made before this code was.
        ("epochs", 10, 5, (19.09, 1.30), None),
        ("recording", 10, 5, None, (21.89, 1.83)),
        ("recording", 11, 5, (16.15, 1.62), (12.05, 0.59)),
        ("recording", 20, 5, (12.48, 1.56), (5.61, 0.38)),
        ("recording", 5, 5, (106.3, 11.5), (426.0, 54.7)),
    ],
)
def test_the_sweep_has_the_errors_of_the_raw_runs(
    block_one, truth, start, window, power, epoch
):
    asked = StabilizationQuestion(
        truth=truth, starts=(start,), windows=(window,), n_draws=1
    )
    blind_runs = [run for run in block_one if run.samples is None]
    assert len(blind_runs) == 309
    found = study_stabilization(blind_runs, question=asked).grid.at(start, window)
    for expected, method in ((power, "power"), (epoch, "epoch")):
        if expected is not None:
            rmse_j, mape_fraction = found[method]
            assert rmse_j / 1e3 == pytest.approx(expected[0], rel=2.5e-3)
            assert 100 * mape_fraction == pytest.approx(expected[1], abs=0.1)


@pytest.mark.slow
def test_the_changes_are_those_that_the_table_states(block_one, delrey_table):
    runs = with_traces(block_one, delrey_table.with_name(FILE_NAME))
    asked = StabilizationQuestion(settings="published", n_most=40, n_draws=1)
    study = study_stabilization(runs, question=asked)
    for detector, measure in (
        ("published", "fluss_s"),
        ("published-unrounded", "fluss_unrounded_s"),
    ):
        same = [
            abs(f.changes[detector].time_s - f.case.run.measures[measure]) < 0.01
            for f in study.findings
        ]
        # They left out the first three readings as well: 91 and 94 % of all runs.
        assert sum(same) >= 34
