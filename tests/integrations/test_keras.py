import os
import re
import subprocess
import sys
import time
from importlib.util import find_spec
from textwrap import dedent

import numpy as np
import pytest

from isojoule.errors import MissingExtraError
from isojoule.estimators.epochs import epochs_of
from isojoule.integrations import StopRule
from isojoule.records import Workload

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="needs the keras extra")

from isojoule.integrations.keras import EnergyCallback  # noqa: E402

# Keras asks PyTorch for arrays in the way of NumPy 1.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ impl:DeprecationWarning")

TRAIN_0, TRAIN_1 = ("train", "train", 0), ("train", "train", 1)
VALIDATION_0 = ("validation", "validation", 0)
VALIDATION_1 = ("validation", "validation", 1)
POINTS = np.ones((8, 1)), np.ones((8, 1))


class Line(keras.Model):
    """One weight and one bias; `on_step` may raise where it is trained."""

    def __init__(self, on_step=lambda: None):
        super().__init__()
        self.layer = keras.layers.Dense(1)
        self.frozen = keras.layers.Dense(5, trainable=False)
        self.on_step = on_step
        self.compile("sgd", "mse")

    def call(self, x, training=False):
        if training:
            self.on_step()
        self.frozen(x)
        return self.layer(x)


def fit(model, *callbacks, **options):
    arguments = {"batch_size": 2, "epochs": 2, "verbose": 0} | options
    model.fit(*POINTS, callbacks=[*callbacks], **arguments)


def test_a_fit_has_a_window_per_epoch_and_per_validation(options, stored, labels):
    energy = EnergyCallback("line", tags={"a": "b"}, **options)
    fit(Line(), energy, validation_data=POINTS)
    run = energy.run
    assert labels(run) == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]
    assert run.status == "complete"
    assert run.workload == Workload("line", n_params=2)
    assert run.tags["a"] == "b"
    assert [r.run_id for r in stored()] == [run.run_id]


def test_a_fit_without_validation_has_epochs_only(options, labels):
    energy = EnergyCallback(**options)
    fit(Line(), energy, initial_epoch=1, epochs=3)
    assert labels(energy.run) == [TRAIN_1, ("train", "train", 2)]


def test_early_stopping_is_a_complete_run(options, labels):
    energy = EnergyCallback(**options)
    stop = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=1e9)
    fit(Line(), energy, stop, epochs=9, validation_data=POINTS)
    assert labels(energy.run) == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]
    assert energy.run.status == "complete"


def test_an_evaluation_by_itself_is_a_run_of_phase_test(options, stored, labels):
    work = Workload("line", n_samples_per_epoch=8)
    energy = EnergyCallback(workload=work, **options)
    model = Line()
    fit(model, energy)
    model.evaluate(*POINTS, callbacks=[energy], verbose=0)
    assert labels(energy.run) == [("test", "test", None)]
    assert [r.workload.phase for r in stored()] == ["train", "test"]
    assert energy.run.workload.n_samples_per_epoch == 8


def built(on_step):
    """A model whose first step is in the training, not in finding its shapes."""
    model = Line()
    model(POINTS[0])
    model.on_step = on_step
    return model


def fail():
    raise ValueError("boom")


def test_after_an_exception_the_run_is_closed_without_anybody_asking(
    options, stored, labels
):
    energy = EnergyCallback(**options)
    with pytest.raises(ValueError, match="boom"):
        fit(built(fail), energy)
    deadline_s = time.monotonic() + 20
    journals = options["store"] / "journals"
    while [*journals.iterdir()] and time.monotonic() < deadline_s:
        time.sleep(0.01)
    (kept,) = stored()
    assert kept.status == "failed"
    assert energy.run.run_id == kept.run_id
    assert labels(energy.run) == [TRAIN_0]


def test_a_fit_after_a_failed_one_is_another_run(options, stored, labels):
    energy = EnergyCallback(**options)
    model = built(fail)
    with pytest.raises(ValueError, match="boom"):
        fit(model, energy)
    model.on_step = lambda: None
    fit(model, energy)
    assert labels(energy.run) == [TRAIN_0, TRAIN_1]
    assert [r.status for r in stored()] == ["failed", "complete"]


def test_an_evaluation_after_a_failed_fit_is_no_validation(options, stored, labels):
    energy = EnergyCallback(**options)
    model = built(fail)
    with pytest.raises(ValueError, match="boom"):
        fit(model, energy)
    model.evaluate(*POINTS, callbacks=[energy], verbose=0)
    assert labels(energy.run) == [("test", "test", None)]
    assert [r.status for r in stored()] == ["failed", "complete"]


def interrupt():
    raise KeyboardInterrupt


def test_ctrl_c_that_is_being_handled_marks_the_run_as_interrupted(options, stored):
    energy = EnergyCallback(**options)
    try:
        fit(built(interrupt), energy)
    except KeyboardInterrupt:
        assert energy.run.status == "interrupted"
    assert [r.status for r in stored()] == ["interrupted"]


def test_with_the_callback_the_end_and_its_reason_are_exact(options, stored):
    energy = EnergyCallback(**options)
    with pytest.raises(KeyboardInterrupt), energy:
        fit(built(interrupt), energy)
    assert [r.status for r in stored()] == ["interrupted"]


@pytest.mark.slow
def test_ctrl_c_that_nobody_catches_ends_the_run_with_the_program(options, stored):
    program = f"""
        import keras, numpy
        from isojoule.integrations.keras import EnergyCallback

        class Stop(keras.callbacks.Callback):
            def on_train_batch_end(self, batch, logs=None):
                raise KeyboardInterrupt

        model = keras.Sequential([keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        energy = EnergyCallback(store={str(options["store"])!r})
        points = numpy.ones((8, 1))
        model.fit(points, points, callbacks=[energy, Stop()], verbose=0)
    """
    ended = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True
    )
    assert ended.stderr.rstrip().endswith("KeyboardInterrupt")
    assert [r.status for r in stored()] == ["interrupted"]


# ---- forecasts, scores, the end ----

SHOWN = {"energy_so_far_j", "energy_left_j", "time_left_s"}


def test_each_epoch_with_its_validation_is_forecast_and_shown(options):
    given = []
    energy = EnergyCallback(on_forecast=given.append, **options)
    model = Line()
    fit(model, energy, validation_data=POINTS, epochs=4)
    assert [f.n_seen for f in given] == [1, 2, 3, 4]
    assert [f.n_epochs for f in given] == [4, 4, 4, 4]
    assert energy.forecast is given[-1]
    seen_j = sum(w.energies[0].energy_j for w in energy.run.windows)
    assert seen_j <= energy.forecast.energy_so_far_j <= energy.run.gpu_energy_j
    history = model.history.history
    assert history.keys() >= SHOWN
    assert [len(values) for values in history.values()] == [4] * len(history)
    assert history["energy_so_far_j"] == [f.energy_so_far_j for f in given]
    assert history["energy_left_j"][-1] == 0.0


def test_without_a_forecast_the_logs_are_left_alone(options):
    model = Line()
    fit(model, EnergyCallback(forecast=False, **options))
    assert model.history.history.keys() == {"loss"}


def test_the_epochs_before_a_fit_that_goes_on_count_as_planned(options):
    energy = EnergyCallback(**options)
    fit(Line(), energy, initial_epoch=3, epochs=8)
    assert (energy.forecast.n_seen, energy.forecast.n_epochs) == (5, 8)
    assert "epochs 0 to 2 were not seen" in energy.forecast.notes[0]


def test_scores_are_kept_where_there_is_a_validation(options, stored):
    energy = EnergyCallback(monitor=["val_loss", "loss"], **options)
    model = Line()
    fit(model, energy, validation_data=POINTS, validation_freq=2, epochs=4)
    history = model.history.history
    (run,) = stored()
    scores = [e.score for e in epochs_of(run, score="val_loss")]
    assert scores == [None, history["val_loss"][0], None, history["val_loss"][1]]
    assert [e.score for e in epochs_of(run, score="loss")] == history["loss"]


def test_a_loss_that_is_no_number_is_told_once(options):
    energy = EnergyCallback(monitor="loss", **options)
    model = Line()
    model.compile(keras.optimizers.SGD(1e30), "mse")
    with pytest.warns(UserWarning, match="score 'loss' is missing in some epochs"):
        fit(model, energy, epochs=3)
    assert [w.scores for w in energy.run.windows][-1] == {}


def test_a_budget_ends_the_fit_and_tags_the_run(options, stored):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    model = Line()
    fit(model, energy, epochs=9, validation_data=POINTS)
    assert model.stop_training
    assert energy.decision.cause == "budget"
    (run,) = stored()
    assert run.status == "complete"
    assert re.match("isojoule: .*budget", run.tags["stopped_by"])
    assert run.tags["stopped_after_epoch"] == "0"
    assert {w.epoch for w in run.windows} == {0}


@pytest.mark.parametrize(
    "told",
    [
        {"RANK": "0", "WORLD_SIZE": "2"},
        {"TF_CONFIG": '{"cluster": {"worker": ["a:1", "b:1"]}}'},
    ],
)
def test_a_fit_of_several_processes_is_not_ended(options, monkeypatch, told):
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    with pytest.warns(
        UserWarning, match="does not end a training of several processes"
    ):
        fit(Line(), energy, epochs=3)
    assert {w.epoch for w in energy.run.windows} == {0, 1, 2}


def test_an_error_of_ours_ends_no_fit(options, stored, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("ours")

    energy = EnergyCallback(**options)
    monkeypatch.setattr("isojoule.integrations.keras.prod", broken)
    monkeypatch.setattr("isojoule.integrations.training.OneWindow.enter", broken)
    model = Line()
    with pytest.warns(UserWarning, match="isojoule failed in on_train_begin: Zero"):
        fit(model, energy, validation_data=POINTS)
    assert len(model.history.history["loss"]) == 2
    assert stored() == []


def test_the_program_of_the_page_runs(run_program_of_the_page):
    run = run_program_of_the_page("train_keras.py")
    seen = [(w.name, w.phase, w.epoch) for w in run.windows]
    assert seen == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]


def test_without_keras_the_import_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "isojoule.integrations.keras")
    monkeypatch.delitem(sys.modules, "keras.callbacks")
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(MissingExtraError, match=r"'isojoule\[keras\]'"):
        import isojoule.integrations.keras  # noqa: F401


@pytest.mark.slow
@pytest.mark.skipif(find_spec("tensorflow") is not None, reason="TensorFlow is there")
def test_keras_without_its_backend_says_so_itself():
    failed = subprocess.run(
        [sys.executable, "-c", "import isojoule.integrations.keras"],
        env=os.environ | {"KERAS_BACKEND": "tensorflow"},
        capture_output=True,
        text=True,
    )
    assert "No module named 'tensorflow'" in failed.stderr
    assert "MissingExtraError" not in failed.stderr
