import pickle
import subprocess
import sys

import pytest
import torch

from isojoule.integrations import StopRule
from isojoule.integrations.training import MeteredTraining, trainable_parameters
from isojoule.records import Workload
from isojoule.store import RunStore

WORK = Workload("job")


def test_a_run_is_there_when_it_has_ended(options, stored, labels):
    training = MeteredTraining("job", **options)
    with pytest.raises(RuntimeError, match="no training has been measured yet"):
        _ = training.run
    training.start(WORK)
    with pytest.raises(RuntimeError, match="still running"):
        _ = training.run
    training.enter("train", "train", 0)
    training.enter("train", "train", 0)
    training.enter("validation", "validation", 0)
    assert training.phase == "validation"
    training.leave()
    training.finish()
    assert labels(training.run) == [("train", "train", 0), ("validation",) * 2 + (0,)]
    assert [r.run_id for r in stored()] == [training.run.run_id]


def test_hooks_outside_a_training_do_nothing(options):
    training = MeteredTraining("job", **options)
    training.enter("train", "train", 0)
    training.leave()
    training.finish()
    assert training.phase is None
    assert not training.is_live


def test_a_training_that_begins_ends_one_that_was_left_open(options, stored):
    training = MeteredTraining("job", **options)
    training.start(WORK)
    training.start(WORK)
    training.finish()
    assert [r.status for r in stored()] == ["failed", "complete"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (None, "complete"),
        (ValueError(), "failed"),
        (KeyboardInterrupt(), "interrupted"),
    ],
)
def test_the_status_says_how_the_training_ended(options, stored, error, status):
    training = MeteredTraining("job", **options)
    training.start(WORK)
    training.finish(error)
    assert training.run.status == status


def test_a_description_of_the_user_goes_before_but_for_the_phase(options):
    mine = Workload("mine", model="mlp", batch_size=8)
    training = MeteredTraining("job", workload=mine, **options)
    training.start(Workload("job", phase="test", n_params=2))
    training.finish()
    assert training.run.workload == Workload(
        "mine", phase="test", model="mlp", batch_size=8
    )


def test_a_wrong_rate_is_refused_before_the_training():
    with pytest.raises(ValueError, match="between 1 and 100"):
        MeteredTraining("job", hz=0)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"on_forcast": print}, TypeError, "there is no option 'on_forcast'"),
        ({"stop": 3.6e6}, TypeError, "stop takes a StopRule, got float"),
        ({"stop": StopRule(price_j_per_point=1.0)}, ValueError, "needs a score"),
    ],
)
def test_what_is_asked_for_is_checked_before_the_training(options, error, message):
    with pytest.raises(error, match=message):
        MeteredTraining("job", **options)


def test_the_last_forecast_and_decision_stay_until_the_next_training(options):
    training = MeteredTraining("job", stop=StopRule(budget_j=1e9), **options)
    assert training.forecast is training.decision is None
    assert not training.end_epoch(0, n_epochs=9, reported={})  # nothing goes on
    training.start(WORK)
    training.enter("train", "train", 0)
    training.leave()
    assert not training.end_epoch(0, n_epochs=9, reported={})
    training.finish()
    assert training.forecast.n_seen == 1
    assert training.decision.cause == "no-score"
    training.start(Workload("job", phase="test"))
    training.finish()
    assert training.forecast.n_seen == 1
    training.start(WORK)
    training.finish()
    assert training.forecast is training.decision is None


def test_what_cannot_be_measured_is_told_once_and_never_raised(options):
    training = MeteredTraining("job", sensors=[], store=options["store"])
    with pytest.warns(UserWarning, match="the training is not measured: no sensor"):
        training.start(WORK)
    training.enter("train", "train", 0)
    training.finish()
    training.start(WORK)  # another warning would be an error here
    assert not training.is_live


def test_a_store_that_cannot_be_made_is_told_and_not_raised(options, tmp_path):
    (tmp_path / "file").touch()
    training = MeteredTraining("job", **options | {"store": tmp_path / "file"})
    with pytest.warns(UserWarning, match="is not a folder"):
        training.start(WORK)
    assert not training.is_live


def test_a_store_that_is_lost_is_told_and_not_raised(options):
    training = MeteredTraining("job", **options)
    training.start(WORK)
    (options["store"] / "runs.sqlite").unlink()
    (options["store"] / "foreign").touch()
    with pytest.warns(UserWarning, match="its journal stays"):
        training.finish()
    assert training.run.status == "complete"


def test_the_store_may_be_open_or_the_users_own(options, tmp_path, monkeypatch):
    monkeypatch.setenv("ISOJOULE_STORE", str(tmp_path / "own"))
    with RunStore.open(tmp_path / "open") as store:
        for given in (store, None):
            training = MeteredTraining("job", **options | {"store": given})
            training.start(WORK)
            training.finish()
        assert len(store.runs()) == 1
    with RunStore.open(tmp_path / "own") as own:
        assert [r.run_id for r in own.runs()] == [training.run.run_id]


def test_an_error_of_the_device_is_left_to_the_training(options, stored, monkeypatch):
    def broken(*_):
        raise RuntimeError("device-side assert")

    training = MeteredTraining("job", **options)
    training.start(WORK)
    monkeypatch.setattr("isojoule.meter.synchronize_devices", broken)
    training.enter("train", "train", 0)
    monkeypatch.undo()
    training.finish(ValueError())
    (run,) = stored()
    assert run.status == "failed"
    assert any("device-side assert" in warning for warning in run.warnings)


def test_a_callback_can_be_copied_before_a_training(options):
    original = MeteredTraining("job", store=options["store"], tags={"a": "b"})
    training = pickle.loads(pickle.dumps(original))
    training.start(WORK)
    training.finish()
    assert training.run.tags["a"] == "b"
    with pytest.raises(RuntimeError, match="no training has been measured yet"):
        _ = original.run


@pytest.mark.parametrize(
    ("error", "status"),
    [("ValueError", "failed"), ("KeyboardInterrupt", "interrupted")],
)
def test_an_error_that_nobody_catches_ends_the_run_with_the_program(
    options, stored, error, status
):
    program = f"""
from isojoule.integrations.training import MeteredTraining
from isojoule.integrations.watch import calling_frame
from isojoule.records import Workload

def fit():
    frame = calling_frame("fit", package="__main__")
    training = MeteredTraining("job", store={str(options["store"])!r})
    training.start(Workload("job"), frame=frame)
    training.enter("train", "train", 0)
    raise {error}

fit()
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ended.stderr.rstrip().endswith(error)
    (run,) = stored()
    assert run.status == status
    assert [w.name for w in run.windows] == ["train"]


def test_parameters_that_have_no_size_yet_are_not_counted():
    assert trainable_parameters(torch.nn.Linear(3, 2)) == 8
    assert trainable_parameters(torch.nn.LazyLinear(2)) is None
    assert trainable_parameters(torch.nn.ReLU()) is None


def test_no_framework_is_imported_before_its_callback_is():
    program = """
import sys, isojoule, isojoule.integrations, isojoule.integrations.training
known = {"torch", "lightning", "pytorch_lightning", "transformers", "keras"}
sys.exit(", ".join(known & set(sys.modules)) or 0)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
