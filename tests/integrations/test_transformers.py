import re
import sys
import time

import pytest
import torch
from torch.utils.data import Dataset, IterableDataset

from isojoule.errors import MissingExtraError
from isojoule.estimators.epochs import epochs_of
from isojoule.integrations import StopRule
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
    def make(callback, model=None, train_dataset=None, eval_dataset=None, **options):
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
            eval_dataset=eval_dataset or Points(),
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


# ---- forecasts, scores, the end ----


def test_each_epoch_with_its_evaluation_is_forecast(trainer, options):
    given = []
    energy = EnergyCallback(on_forecast=given.append, **options)
    trainer(energy, num_train_epochs=4, save_strategy="epoch").train()
    assert [f.n_seen for f in given] == [1, 2, 3, 4]
    assert [f.n_epochs for f in given] == [4, 4, 4, 4]
    assert energy.forecast is given[-1]
    seen_j = sum(w.energies[0].energy_j for w in energy.run.windows)
    assert seen_j <= energy.forecast.energy_so_far_j <= energy.run.gpu_energy_j


@pytest.mark.parametrize(
    "how",
    [
        {"eval_strategy": "no"},
        {"eval_strategy": "no", "logging_strategy": "epoch"},
        {"eval_strategy": "steps", "eval_steps": 2},
        {"eval_strategy": "epoch", "eval_delay": 2},
        {"eval_strategy": "epoch", "eval_on_start": True},
        {"eval_dataset": {"a": Points(), "b": Points()}},
    ],
)
def test_each_epoch_is_followed_once_however_it_is_evaluated(trainer, options, how):
    given = []
    energy = EnergyCallback(on_forecast=given.append, **options)
    trainer(energy, num_train_epochs=3, **how).train()
    assert [f.n_seen for f in given] == [1, 2, 3]
    assert energy.run.status == "complete"


@pytest.mark.parametrize(
    ("limits", "n_epochs"),
    [
        ({"num_train_epochs": 2.5}, 2.5),
        ({"max_steps": 10}, 2.5),
        ({"max_steps": 5, "gradient_accumulation_steps": 2}, 2.5),
    ],
)
def test_how_many_epochs_there_will_be_is_known(trainer, options, limits, n_epochs):
    energy = EnergyCallback(**options)
    trainer(energy, eval_strategy="no", **limits).train()
    assert energy.forecast.n_epochs == n_epochs
    assert energy.forecast.n_seen == 3
    assert energy.forecast.left.energy_j == 0.0


def test_a_stream_has_no_total(trainer, options):
    energy = EnergyCallback(**options)
    trainer(energy, train_dataset=Stream(), max_steps=4, eval_strategy="no").train()
    assert energy.forecast.n_seen == 1
    assert energy.forecast.total is None


def test_a_training_that_was_resumed_goes_on_with_its_epochs(
    trainer, options, tmp_path
):
    first = EnergyCallback(**options)
    trainer(first, save_strategy="epoch", num_train_epochs=2).train()
    energy = EnergyCallback(**options)
    again = trainer(energy, num_train_epochs=6)
    again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-8"))
    assert {w.epoch for w in energy.run.windows} == {2, 3, 4, 5}
    assert (energy.forecast.n_seen, energy.forecast.n_epochs) == (4, 6)


def test_the_rest_of_an_epoch_after_a_checkpoint_is_in_no_forecast(
    trainer, options, tmp_path
):
    """4 steps are an epoch: after step 6, half of epoch 1 is left."""
    first = EnergyCallback(**options)
    trainer(first, save_strategy="steps", save_steps=6).train()
    given = []
    stop = StopRule(budget_j=1e9)
    energy = EnergyCallback(on_forecast=given.append, stop=stop, **options)
    again = trainer(energy, num_train_epochs=4)
    again.train(resume_from_checkpoint=str(tmp_path / "out" / "checkpoint-6"))
    assert {w.epoch for w in energy.run.windows} == {1, 2, 3}
    assert [f.n_seen for f in given] == [1, 2]
    assert "epochs 0 to 1 were not seen" in given[0].notes[0]


def test_scores_are_those_of_their_epoch_and_of_no_earlier_one(
    trainer, options, stored
):
    energy = EnergyCallback(monitor=["eval_loss", "loss"], **options)
    late = {"eval_delay": 2, "logging_strategy": "epoch", "num_train_epochs": 3}
    trained = trainer(energy, **late)
    trained.train()
    (run,) = stored()
    logged = trained.state.log_history
    losses = [row["loss"] for row in logged if "loss" in row]
    evaluated = [row["eval_loss"] for row in logged if "eval_loss" in row]
    assert [e.score for e in epochs_of(run, score="loss")] == losses
    scores = [e.score for e in epochs_of(run, score="eval_loss")]
    assert scores == [None, *evaluated]


def test_a_score_that_is_logged_after_the_epoch_is_in_time_for_the_decision(
    trainer, options
):
    """Without an evaluation the loss is logged once the epoch has ended."""
    rule = StopRule(price_j_per_point=1e-9, mode="min")
    energy = EnergyCallback(monitor="loss", stop=rule, **options)
    how = {"eval_strategy": "no", "logging_strategy": "epoch", "num_train_epochs": 2}
    trained = trainer(energy, **how)
    trained.train()
    losses = [row["loss"] for row in trained.state.log_history if "loss" in row]
    assert energy.decision.score == losses[-1]


def test_one_of_several_data_sets_may_be_monitored(trainer, options):
    energy = EnergyCallback(monitor="eval_b_loss", **options)
    data = {"a": Points(), "b": Points()}
    trainer(energy, num_train_epochs=3, eval_dataset=data).train()
    scores = [e.score for e in epochs_of(energy.run, score="eval_b_loss")]
    assert None not in scores
    assert energy.forecast.n_seen == 3


def test_a_forecast_may_be_logged_and_nothing_else_is_lost(trainer, options):
    energy = EnergyCallback(
        on_forecast=lambda f: trained.log({"energy_so_far_j": f.energy_so_far_j}),
        **options,
    )
    trained = trainer(energy, eval_strategy="no", logging_strategy="epoch")
    trained.train()
    names = [next(iter(row)) for row in trained.state.log_history]
    assert names == ["energy_so_far_j", "loss"] * 2 + ["train_runtime"]


@pytest.mark.parametrize("eval_strategy", ["epoch", "no"])
def test_a_budget_ends_the_training_and_tags_the_run(
    trainer, options, stored, eval_strategy
):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    trained = trainer(energy, num_train_epochs=9, eval_strategy=eval_strategy)
    trained.train()
    assert trained.state.global_step == 4
    assert energy.decision.cause == "budget"
    (run,) = stored()
    assert run.status == "complete"
    assert re.match("isojoule: .*budget", run.tags["stopped_by"])
    assert run.tags["stopped_after_epoch"] == "0"


def test_a_training_of_several_processes_is_not_ended(trainer, options, monkeypatch):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    trained = trainer(energy, eval_strategy="no")
    monkeypatch.setattr(hf.TrainingArguments, "world_size", 2)
    arguments, control = trained.args, hf.TrainerControl()
    state = hf.TrainerState(train_batch_size=2, epoch=0)
    told = {"train_dataloader": [1, 2], "model": trained.model}
    energy.on_train_begin(arguments, state, control, **told)
    energy.on_epoch_begin(arguments, state, control)
    with pytest.warns(UserWarning, match="does not end a training of several"):
        energy.on_epoch_end(arguments, state, control)
    energy.on_train_end(arguments, state, control)
    assert not control.should_training_stop
    assert "stopped_by" not in energy.run.tags


def test_an_error_of_ours_ends_no_training(trainer, options, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("isojoule.integrations.training.EpochFollower.end", broken)
    energy = EnergyCallback(**options)
    trained = trainer(energy)
    with pytest.warns(UserWarning, match="isojoule failed in on_evaluate: Zero"):
        trained.train()
    assert trained.state.global_step == 8
    assert energy.run.status == "complete"


def test_the_program_of_the_page_runs(run_program_of_the_page):
    run = run_program_of_the_page("train_transformers.py")
    seen = [(w.name, w.phase, w.epoch) for w in run.windows]
    assert seen == [TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]


def test_without_transformers_the_import_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "isojoule.integrations.transformers")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"'isojoule\[transformers\]'"):
        import isojoule.integrations.transformers  # noqa: F401
