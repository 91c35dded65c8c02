import sys
from types import SimpleNamespace

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from isojoule.errors import MissingExtraError
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
            logger=False,
            max_epochs=2,
            **options,
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
