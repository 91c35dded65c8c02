import re
import sys
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from isojoule.errors import MissingExtraError
from isojoule.estimators.epochs import epochs_of
from isojoule.integrations import StopRule
from isojoule.records import Workload

pl = pytest.importorskip("lightning.pytorch", reason="needs the lightning extra")

from isojoule.integrations.lightning import EnergyCallback  # noqa: E402

pytestmark = [
    # Lightning is behind PyTorch here, and advises on workers and logging intervals.
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no"),
]

TRAIN_0, TRAIN_1 = ("train", "train", 0), ("train", "train", 1)
VALIDATION_0 = ("validation", "validation", 0)
VALIDATION_1 = ("validation", "validation", 1)
SANITY_CHECK = ("sanity-check", "validation", None)


class Line(pl.LightningModule):
    """One weight and one bias; `on_step` may raise."""

    def __init__(self, on_step=lambda: None):
        super().__init__()
        self.layer = torch.nn.Linear(1, 1)
        self.frozen = torch.nn.Linear(5, 5).requires_grad_(False)
        self.on_step = on_step

    def _loss(self, batch):
        (x,) = batch
        return self.layer(x).square().mean()

    def training_step(self, batch, batch_idx):
        self.on_step()
        return self._loss(batch)

    def validation_step(self, batch, batch_idx):
        self.log("loss", self._loss(batch))

    test_step = validation_step

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)


def batches():
    return DataLoader(TensorDataset(torch.ones(8, 1)), batch_size=2)


@pytest.fixture
def trainer(tmp_path):
    def make(*callbacks, **options):
        return pl.Trainer(
            accelerator="cpu",
            callbacks=[*callbacks],
            default_root_dir=tmp_path,
            enable_checkpointing=False,
            enable_model_summary=False,
            enable_progress_bar=False,
            **{"logger": False, "max_epochs": 2} | options,
        )

    return make


def test_a_fit_has_a_window_per_epoch_and_per_validation(
    trainer, options, stored, labels
):
    energy = EnergyCallback("line", tags={"a": "b"}, **options)
    trainer(energy).fit(Line(), batches(), batches())
    run = energy.run
    assert labels(run) == [SANITY_CHECK, TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]
    assert run.status == "complete"
    assert run.workload == Workload("line", n_params=2)
    assert run.tags["a"] == "b"
    assert [r.run_id for r in stored()] == [run.run_id]


def test_a_fit_without_validation_has_epochs_only(trainer, options, labels):
    energy = EnergyCallback(**options)
    trainer(energy).fit(Line(), batches())
    assert labels(energy.run) == [TRAIN_0, TRAIN_1]


def test_an_epoch_goes_on_after_a_validation_within_it(trainer, options, labels):
    energy = EnergyCallback(**options)
    fit = trainer(energy, val_check_interval=2, num_sanity_val_steps=0)
    fit.fit(Line(), batches(), batches())
    first = [TRAIN_0, VALIDATION_0, TRAIN_0, VALIDATION_0]
    second = [TRAIN_1, VALIDATION_1, TRAIN_1, VALIDATION_1]
    assert labels(energy.run) == [*first, *second]


def test_early_stopping_is_a_complete_run(trainer, options, labels):
    energy = EnergyCallback(**options)
    stop = pl.callbacks.EarlyStopping("loss", stopping_threshold=1e9)
    trainer(energy, stop).fit(Line(), batches(), batches())
    assert labels(energy.run) == [SANITY_CHECK, TRAIN_0, VALIDATION_0]
    assert energy.run.status == "complete"


def fail():
    raise ValueError("boom")


def test_after_an_exception_the_run_is_closed_and_the_next_fit_is_another_run(
    trainer, options, stored, labels
):
    energy = EnergyCallback(**options)
    with pytest.raises(ValueError, match="boom"):
        trainer(energy).fit(Line(fail), batches(), batches())
    failed = energy.run
    assert failed.status == "failed"
    assert labels(failed) == [SANITY_CHECK, TRAIN_0]
    trainer(energy).fit(Line(), batches())
    assert labels(energy.run) == [TRAIN_0, TRAIN_1]
    assert [r.run_id for r in stored()] == [failed.run_id, energy.run.run_id]


def interrupt():
    raise KeyboardInterrupt


def test_ctrl_c_marks_the_run_as_interrupted(trainer, options, stored, monkeypatch):
    # Lightning ignores further Ctrl-C from then on.
    monkeypatch.setattr("signal.signal", lambda *_: None)
    energy = EnergyCallback(**options)
    with pytest.raises(SystemExit):
        trainer(energy).fit(Line(interrupt), batches())
    assert [r.status for r in stored()] == [energy.run.status] == ["interrupted"]


def test_validation_and_test_by_themselves_are_runs_of_their_phase(
    trainer, options, stored, labels
):
    work = Workload("line", n_samples_per_epoch=8)
    energy = EnergyCallback(workload=work, **options)
    trainer(energy).validate(Line(), batches(), verbose=False)
    validated = energy.run
    trainer(energy).test(Line(), batches(), verbose=False)
    assert labels(validated) == [("validation", "validation", None)]
    assert labels(energy.run) == [("test", "test", None)]
    assert [r.workload.phase for r in stored()] == ["validation", "test"]
    assert energy.run.workload.n_samples_per_epoch == 8


def test_each_rank_of_a_distributed_fit_says_which_one_it_is(options):
    energy = EnergyCallback(tags={"a": "b"}, **options)
    rank = SimpleNamespace(global_rank=1, world_size=2)
    energy.on_fit_start(rank, Line())
    energy.teardown(rank, Line(), stage="fit")
    assert energy.run.tags == {"rank": "1", "world_size": "2", "a": "b"}


# ---- forecasts, scores, the end ----

SHOWN = {"energy_so_far_j", "energy_left_j", "time_left_s"}


class Rows(pl.loggers.Logger):
    """Keeps what is logged."""

    name, version = "rows", "0"

    def __init__(self):
        super().__init__()
        self.rows = []

    def log_metrics(self, metrics, step=None):
        self.rows.append(metrics)

    def log_hyperparams(self, params):
        pass


def test_each_epoch_with_its_validation_is_forecast_and_logged(trainer, options):
    given, logger = [], Rows()
    energy = EnergyCallback(on_forecast=given.append, **options)
    fit = trainer(energy, max_epochs=4, logger=logger, log_every_n_steps=1)
    fit.fit(Line(), batches(), batches())
    assert [f.n_seen for f in given] == [1, 2, 3, 4]
    assert [f.n_epochs for f in given] == [4, 4, 4, 4]
    assert energy.forecast is given[-1]
    # The check before the first epoch is no part of the training that is forecast.
    trained = [w for w in energy.run.windows if w.epoch is not None]
    seen_j = sum(w.energies[0].energy_j for w in trained)
    assert seen_j <= energy.forecast.energy_so_far_j < energy.run.gpu_energy_j
    assert fit.progress_bar_metrics.keys() >= SHOWN
    told = [row for row in logger.rows if row.keys() >= SHOWN]
    assert [row["epoch"] for row in told] == [0, 1, 2, 3]
    assert [row["energy_so_far_j"] for row in told] == pytest.approx(
        [f.energy_so_far_j for f in given]
    )


def test_without_a_forecast_nothing_is_logged(trainer, options):
    energy = EnergyCallback(forecast=False, **options)
    fit = trainer(energy)
    fit.fit(Line(), batches(), batches())
    assert not SHOWN & fit.callback_metrics.keys()
    assert energy.forecast is None


@pytest.mark.parametrize(
    ("limits", "n_epochs"),
    [
        ({"max_epochs": 3}, 3),
        ({"max_epochs": -1, "max_steps": 10}, 2.5),
        ({"max_epochs": 9, "max_steps": 10}, 2.5),
        ({"max_epochs": -1, "max_steps": 5, "accumulate_grad_batches": 2}, 2.5),
    ],
)
def test_how_many_epochs_there_will_be_is_known(trainer, options, limits, n_epochs):
    energy = EnergyCallback(**options)
    trainer(energy, **limits).fit(Line(), batches())
    assert energy.forecast.n_epochs == n_epochs
    assert energy.forecast.left.energy_j == 0.0


def test_an_endless_fit_has_no_total(trainer, options):
    stop = pl.callbacks.LambdaCallback(
        on_train_epoch_end=lambda t, _: setattr(t, "should_stop", t.current_epoch == 2)
    )
    energy = EnergyCallback(**options)
    trainer(energy, stop, max_epochs=-1).fit(Line(), batches())
    assert energy.forecast.n_seen == 3
    assert energy.forecast.total is None


def test_a_fit_that_was_resumed_goes_on_with_its_epochs(trainer, options, tmp_path):
    first = trainer(EnergyCallback(**options), max_epochs=2)
    first.fit(Line(), batches())
    first.save_checkpoint(tmp_path / "two.ckpt")
    energy = EnergyCallback(**options)
    again = trainer(energy, max_epochs=6)
    again.fit(Line(), batches(), ckpt_path=tmp_path / "two.ckpt", weights_only=False)
    assert {w.epoch for w in energy.run.windows} == {2, 3, 4, 5}
    assert (energy.forecast.n_seen, energy.forecast.n_epochs) == (4, 6)


class Scored(Line):
    """Logs in every way there is."""

    def training_step(self, batch, batch_idx):
        loss = super().training_step(batch, batch_idx)
        self.log("each_step", float(self.current_epoch))
        self.log("each_epoch", self.current_epoch + 0.5, on_epoch=True)
        return loss

    def validation_step(self, batch, batch_idx):
        self.log("val", self.current_epoch + 0.25)


def test_scores_are_those_of_their_epoch_and_of_no_earlier_one(
    trainer, options, stored
):
    names = ["each_step", "each_epoch", "val"]
    energy = EnergyCallback(monitor=names, **options)
    fit = trainer(energy, max_epochs=4, check_val_every_n_epoch=2, log_every_n_steps=1)
    fit.fit(Scored(), batches(), batches())
    (run,) = stored()
    scores = {name: [e.score for e in epochs_of(run, score=name)] for name in names}
    assert scores == {
        "each_step": [0.0, 1.0, 2.0, 3.0],
        "each_epoch": [0.5, 1.5, 2.5, 3.5],
        "val": [None, 1.25, None, 3.25],
    }


def test_a_score_that_nobody_logs_is_told(trainer, options):
    energy = EnergyCallback(monitor="val_f1", **options)
    with pytest.warns(UserWarning, match="'val_f1' is missing: none .* there is .*val"):
        trainer(energy, max_epochs=4).fit(Scored(), batches(), batches())


def test_a_budget_ends_the_fit_and_tags_the_run(trainer, options, stored):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    fit = trainer(energy, max_epochs=9)
    fit.fit(Line(), batches(), batches())
    assert fit.should_stop
    assert energy.decision.cause == "budget"
    (run,) = stored()
    assert run.status == "complete"
    assert re.match("isojoule: .*budget", run.tags["stopped_by"])
    assert run.tags["stopped_after_epoch"] == "0"
    assert {w.epoch for w in run.windows} == {None, 0}


def test_a_fit_of_a_least_number_of_epochs_is_tagged_by_the_last(trainer, options):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    trainer(energy, min_epochs=3, max_epochs=9).fit(Line(), batches())
    assert [w.epoch for w in energy.run.windows] == [0, 1, 2]
    assert energy.run.tags["stopped_after_epoch"] == "2"


class Together:
    """A strategy of two processes, of which the other wants what it is told."""

    def __init__(self, other):
        self.other, self.asked = other, []

    def reduce_boolean_decision(self, decision, *, all):  # noqa: A002
        self.asked.append((decision, all))
        return decision or self.other


@pytest.mark.parametrize("other", [True, False])
def test_processes_end_together(options, monkeypatch, other):
    """Each asks the others after every epoch, also one that measures nothing."""
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    strategy = Together(other)
    rank = SimpleNamespace(
        global_rank=1,
        world_size=2,
        strategy=strategy,
        should_stop=False,
        current_epoch=0,
        max_epochs=9,
        max_steps=-1,
        num_training_batches=4,
        callback_metrics={},
        barebones=True,
    )
    energy.on_train_epoch_end(rank, Line())  # nothing is measured
    assert strategy.asked == [(False, False)]
    assert rank.should_stop is other
    energy.on_fit_start(rank, Line())
    energy.on_train_epoch_start(rank, Line())
    energy.on_train_epoch_end(rank, Line())
    assert strategy.asked[1] == (True, False)
    assert rank.should_stop
    energy.teardown(rank, Line(), stage="fit")
    assert energy.run.tags["stopped_after_epoch"] == "0"


def test_an_error_of_ours_does_not_keep_a_process_from_the_decision(
    options, monkeypatch
):
    energy = EnergyCallback(stop=StopRule(budget_j=1e-6), **options)
    strategy = Together(other=False)
    rank = SimpleNamespace(world_size=2, strategy=strategy)  # lacks all else
    with pytest.warns(UserWarning, match="isojoule failed in _end_epoch"):
        energy.on_train_epoch_end(rank, Line())
    assert strategy.asked == [(False, False)]


def test_an_error_of_ours_ends_no_fit(trainer, options, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("isojoule.integrations.training.EpochFollower.end", broken)
    energy = EnergyCallback(**options)
    with pytest.warns(UserWarning, match="isojoule failed in _end_epoch: Zero") as told:
        trainer(energy).fit(Line(), batches(), batches())
    assert len([w for w in told if "isojoule" in str(w.message)]) == 1
    assert energy.run.status == "complete"


def test_the_program_of_the_page_runs(run_program_of_the_page):
    run = run_program_of_the_page("train_lightning.py")
    seen = [(w.name, w.phase, w.epoch) for w in run.windows]
    assert seen == [SANITY_CHECK, TRAIN_0, VALIDATION_0, TRAIN_1, VALIDATION_1]


def test_without_lightning_the_import_says_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "isojoule.integrations.lightning")
    monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'isojoule\[lightning\]'"):
        import isojoule.integrations.lightning  # noqa: F401
