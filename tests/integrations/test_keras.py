import os
import subprocess
import sys
import time
from importlib.util import find_spec
from textwrap import dedent

import numpy as np
import pytest

from isojoule.errors import MissingExtraError
from isojoule.records import Workload

os.environ["KERAS_BACKEND"] = "torch"
keras = pytest.importorskip("keras", reason="needs the keras extra")

from isojoule.integrations.keras import EnergyCallback  # noqa: E402

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
