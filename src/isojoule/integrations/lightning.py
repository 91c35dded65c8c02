"""Callback for PyTorch Lightning."""

from typing import Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.training import (
    MeteredTraining,
    MeterOptions,
    trainable_parameters,
)
from isojoule.records import Run, Workload

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:
    try:  # the same package under its older name
        from pytorch_lightning import Callback, LightningModule, Trainer
    except ImportError as error:
        raise MissingExtraError("lightning", "the callback for Lightning") from error


class EnergyCallback(Callback):
    """Measures every fit, validation and test of a trainer as a run.

    Epochs become windows of phase ``train``, validations of phase ``validation``; the
    two never overlap. The check before the first epoch is the window ``sanity-check``.

    Parameters
    ----------
    name : str, default "training"
        For people; names the workload too where none is given.
    **options
        See `isojoule.integrations.training.MeterOptions`.

    Raises
    ------
    ValueError
        If ``hz`` is out of range.

    Notes
    -----
    Lightning tells no batch size and no number of samples before the training begins:
    pass a `Workload` to have them in the record.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)

    @property
    def run(self) -> Run:
        """The run that ended last.

        Raises
        ------
        RuntimeError
            If one is under way, or there is none yet.
        """
        return self._training.run

    def _start(self, phase: str, trainer: Trainer, pl_module: LightningModule) -> None:
        n_params = trainable_parameters(pl_module)
        tags = {}
        if trainer.world_size > 1:  # Lightning's own launchers leave no rank behind
            tags["rank"] = str(trainer.global_rank)
            tags["world_size"] = str(trainer.world_size)
        self._training.start(
            Workload(self._training.name, phase=phase, n_params=n_params), tags=tags
        )

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the run of a fit."""
        self._start("train", trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, *_: object) -> None:
        """Begin the window of an epoch."""
        self._training.enter("train", "train", trainer.current_epoch)

    def on_train_batch_start(self, trainer: Trainer, *_: object) -> None:
        """Go on with the epoch, if a validation was in between."""
        self._training.enter("train", "train", trainer.current_epoch)

    def on_train_epoch_end(self, *_: object) -> None:
        """End the window of an epoch."""
        self._training.leave()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the window of a validation; outside a fit also a run."""
        if not self._training.is_live:
            self._start("validation", trainer, pl_module)
            self._training.enter("validation", "validation")
        elif trainer.sanity_checking:
            self._training.enter("sanity-check", "validation")
        else:
            self._training.enter("validation", "validation", trainer.current_epoch)

    def on_validation_end(self, *_: object) -> None:
        """End the window of a validation."""
        self._training.leave()

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the run of a test."""
        self._start("test", trainer, pl_module)
        self._training.enter("test", "test")

    def on_test_end(self, *_: object) -> None:
        """End the window of a test."""
        self._training.leave()

    def teardown(self, *_: object, **__: object) -> None:
        """Finish the run."""
        self._training.finish()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Finish the run as failed or interrupted."""
        del trainer, pl_module
        self._training.finish(exception)
