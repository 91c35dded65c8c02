import sys
import time

import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

from isojoule.errors import MissingExtraError
from isojoule.records import Workload

hf = pytest.importorskip("transformers", reason="needs the transformers extra")

from isojoule.integrations.transformers import EnergyCallback  # noqa: E402

# Transformers asks for pinned memory on machines that have no accelerator too.
pytestmark = pytest.mark.filterwarnings("ignore:'pin_memory' argument is set as true")

TRAIN_0, TRAIN_1 = ("train", "train", 0), ("train", "train", 1)
VALIDATION_0 = ("validation", "validation", 0)
VALIDATION_1 = ("validation", "validation", 1)


class Line(torch.nn.Module):
    """One weight and one bias; `on_step` may raise where it is trained."""

    def __init__(self, on_step=lambda: None):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.frozen = torch.nn.Linear(5, 5).requires_grad_(False)
        self.on_step = on_step

    def forward(self, x, labels):
        if self.training:
            self.on_step()
        predicted = self.layer(x)
        return {"loss": (predicted - labels).square().mean(), "logits": predicted}


class Points(Dataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        return {"x": torch.ones(1), "labels": torch.ones(1)}


class Stream(IterableDataset):
    def __iter__(self):
        return iter([Points()[0]] * 8)


@pytest.fixture
def trainer(tmp_path):
    def make(callback, model=None, train_dataset=None, **options):
        arguments = {
            "eval_strategy": "epoch",
            "num_train_epochs": 2,
            "per_device_train_batch_size": 2,
            "save_strategy": "no",
        }
        return hf.Trainer(
            model=model or Line(),
            args=hf.TrainingArguments(
                output_dir=tmp_path / "out",
                report_to="none",
                disable_tqdm=True,
                use_cpu=True,
                **arguments | options,
            ),
            train_dataset=train_dataset or Points(),
            eval_dataset=Points(),
            callbacks=[callback],
        )

    return make


def test_a_training_has_a_window_per_epoch_and_per_evaluation(
    trainer, options, stored, labels
):
    energy = EnergyCallback("line", tags={"a": "b"}, **options)
    trainer(energy, gradient_accumulation_steps=2).train()
    run = energy.run
    assert labels(run) == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]
    assert run.status == "complete"
    assert run.workload == Workload(
        "line", batch_size=4, n_samples_per_epoch=8, n_params=2
    )
    assert run.tags["a"] == "b"
    assert [r.run_id for r in stored()] == [run.run_id]


def test_a_training_without_evaluation_has_epochs_only(trainer, options, labels):
    energy = EnergyCallback(**options)
    trainer(energy, eval_strategy="no").train()
    assert labels(energy.run) == [TRAIN_0, TRAIN_1]


def test_an_epoch_goes_on_after_an_evaluation_within_it(trainer, options, labels):
    energy = EnergyCallback(**options)
    trainer(energy, eval_strategy="steps", eval_steps=2).train()
    first = [TRAIN_0, VALIDATION_0, TRAIN_0, VALIDATION_0]
    second = [TRAIN_1, VALIDATION_1, TRAIN_1, VALIDATION_1]
    assert labels(energy.run) == [*first, *second]


def test_an_evaluation_before_the_first_epoch_has_no_epoch(trainer, options, labels):
    energy = EnergyCallback(**options)
    trainer(energy, eval_on_start=True, num_train_epochs=1).train()
    before = ("validation", "validation", None)
    assert labels(energy.run) == [before, TRAIN_0, VALIDATION_0]


def test_epochs_are_counted_on_after_a_checkpoint(trainer, options, labels, tmp_path):
    energy = EnergyCallback(**options)
    trainer(energy, save_strategy="epoch", num_train_epochs=1).train()
    again = trainer(energy, save_strategy="no")
    again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-4"))
    assert labels(energy.run) == [TRAIN_1, VALIDATION_1]


def test_a_stream_has_no_number_of_samples(trainer, options, labels):
    energy = EnergyCallback(**options)
    trainer(energy, train_dataset=Stream(), max_steps=4, eval_strategy="no").train()
    assert labels(energy.run) == [TRAIN_0]
    assert energy.run.workload.n_samples_per_epoch is None


def test_an_evaluation_that_another_callback_asks_for_is_seen(trainer, options, labels):
    class AskLate(hf.TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs):
            control.should_evaluate = state.global_step == 2

    energy = EnergyCallback(**options)
    asked = trainer(energy, eval_strategy="no", num_train_epochs=1)
    asked.add_callback(AskLate())
    asked.train()
    assert labels(energy.run) == [TRAIN_0, VALIDATION_0, TRAIN_0]


def test_early_stopping_is_a_complete_run(trainer, options, labels):
    class StopAfterOne(hf.TrainerCallback):
        def on_evaluate(self, args, state, control, **kwargs):
            control.should_training_stop = True

    energy = EnergyCallback(**options)
    stopped = trainer(energy)
    stopped.add_callback(StopAfterOne())
    stopped.train()
    assert labels(energy.run) == [TRAIN_0, VALIDATION_0]
    assert energy.run.status == "complete"


def test_evaluation_and_prediction_by_themselves_are_not_measured(trainer, options):
    energy = EnergyCallback(**options)
    untrained = trainer(energy)
    untrained.evaluate()
    untrained.predict(Points())
    with pytest.raises(RuntimeError, match="no training has been measured yet"):
        _ = energy.run


def fail():
    raise ValueError("boom")


def test_after_an_exception_the_run_is_closed_without_anybody_asking(
    trainer, options, stored, labels
):
    energy = EnergyCallback(**options)
    with pytest.raises(ValueError, match="boom"):
        trainer(energy, Line(fail)).train()
    deadline_s = time.monotonic() + 20
    journals = options["store"] / "journals"
    while [*journals.iterdir()] and time.monotonic() < deadline_s:
        time.sleep(0.01)
    (kept,) = stored()
    assert kept.status == "failed"
    assert energy.run.run_id == kept.run_id
    assert labels(energy.run) == [TRAIN_0]


def test_a_training_after_a_failed_one_is_another_run(trainer, options, stored, labels):
    energy = EnergyCallback(**options)
    failing = trainer(energy, Line(fail))
    with pytest.raises(ValueError, match="boom"):
        failing.train()
    failing.model.on_step = lambda: None
    failing.train()
    assert labels(energy.run) == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]
    assert [r.status for r in stored()] == ["failed", "complete"]


def interrupt():
    raise KeyboardInterrupt


def test_ctrl_c_that_is_being_handled_marks_the_run_as_interrupted(
    trainer, options, stored
):
    energy = EnergyCallback(**options)
    try:
        trainer(energy, Line(interrupt)).train()
    except KeyboardInterrupt:
        assert energy.run.status == "interrupted"
    assert [r.status for r in stored()] == ["interrupted"]


def test_with_the_callback_the_end_and_its_reason_are_exact(trainer, options, stored):
    energy = EnergyCallback(**options)
    with pytest.raises(KeyboardInterrupt), energy:
        trainer(energy, Line(interrupt)).train()
    assert [r.status for r in stored()] == ["interrupted"]


def test_the_program_of_the_page_runs(run_program_of_the_page):
    run = run_program_of_the_page("train_transformers.py")
    seen = [(w.name, w.phase, w.epoch) for w in run.windows]
    assert seen == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]


def test_without_transformers_the_import_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "isojoule.integrations.transformers")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"'isojoule\[transformers\]'"):
        import isojoule.integrations.transformers  # noqa: F401
