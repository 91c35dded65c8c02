"""Callback for PyTorch Lightning."""

from math import ceil, isfinite
from typing import Any, Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.harmless import harmless
from isojoule.integrations.told import figures_of
from isojoule.integrations.training import (
    MeteredCallback,
    MeteredTraining,
    MeterOptions,
    trainable_parameters,
)
from isojoule.records import Workload

try:
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError:
    try:  # the same package under its older name
        from pytorch_lightning import Callback, LightningModule, Trainer
    except ImportError as error:
        raise MissingExtraError("lightning", "the callback for Lightning") from error


class EnergyCallback(MeteredCallback, Callback):
    """Measures every fit, validation and test of a trainer as a run.

    Epochs become windows of phase ``train``, validations of phase ``validation``; the
    two never overlap. The check before the first epoch is the window ``sanity-check``.
    After each epoch the energy so far, and what is left, are logged as metrics.

    Parameters
    ----------
    name : str, default "training"
        For people; names the workload too where none is given.
    **options
        See `isojoule.integrations.training.MeterOptions`.

    Raises
    ------
    TypeError
        If there is no such option, or one is not what it has to be.
    ValueError
        If ``hz`` is out of range, or what is asked for contradicts itself.

    Notes
    -----
    Lightning tells no batch size and no number of samples before the training begins:
    pass a `Workload` to have them in the record. A score that is monitored has to be
    logged by a step or a validation: what a module logs in its own
    ``on_train_epoch_end`` comes after every callback.

    Of several processes each decides by what it measures itself; the training ends on
    all of them once one wants it to.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)
        self._metrics_before: dict[str, Any] = {}
        self._wants_end = False

    def _start(self, phase: str, trainer: Trainer, pl_module: LightningModule) -> None:
        n_params = trainable_parameters(pl_module)
        tags = {}
        if trainer.world_size > 1:  # Lightning's own launchers leave no rank behind
            tags["rank"] = str(trainer.global_rank)
            tags["world_size"] = str(trainer.world_size)
        self._training.start(
            Workload(self._training.name, phase=phase, n_params=n_params), tags=tags
        )

    @harmless
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the run of a fit."""
        self._start("train", trainer, pl_module)

    @harmless
    def on_train_epoch_start(self, trainer: Trainer, *_: object) -> None:
        """Begin the window of an epoch."""
        self._training.enter("train", "train", trainer.current_epoch)
        if self._training.plan.monitor:
            self._metrics_before = dict(trainer.callback_metrics)

    @harmless
    def on_train_batch_start(self, trainer: Trainer, *_: object) -> None:
        """Go on with the epoch, if a validation was in between."""
        self._training.enter("train", "train", trainer.current_epoch)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """End the window of an epoch, whose validation was before; tell what is known.

        The decision to end is made in common, whatever went wrong in this process.
        """
        self._wants_end = False
        self._end_epoch(trainer, pl_module)
        if self._training.plan.stop is None:
            return
        wants_end = self._wants_end
        if trainer.world_size > 1:
            strategy = trainer.strategy
            wants_end = strategy.reduce_boolean_decision(wants_end, all=False)
        if wants_end:
            trainer.should_stop = True
            self._training.accept_end(trainer.current_epoch)

    @harmless
    def _end_epoch(self, trainer: Trainer, pl_module: LightningModule) -> None:
        training = self._training
        training.leave()
        self._wants_end = training.end_epoch(
            trainer.current_epoch,
            n_epochs=_planned_epochs(trainer, pl_module),
            reported=self._reported(trainer),
        )
        is_bare = getattr(trainer, "barebones", False)  # logs nothing
        if training.plan.has_forecast and training.is_live and not is_bare:
            pl_module.log_dict(
                figures_of(training.forecast),
                prog_bar=True,
                batch_size=1,
                # Nothing is exchanged: the first process tells of itself.
                sync_dist=True,
                rank_zero_only=True,
            )

    def _reported(self, trainer: Trainer) -> dict[str, Any]:
        """Return the metrics of this epoch; Lightning keeps those of earlier ones."""
        if not self._training.plan.monitor:
            return {}
        return {
            name: value
            for name, value in trainer.callback_metrics.items()
            if value is not self._metrics_before.get(name)
        }

    @harmless
    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the window of a validation; outside a fit also a run."""
        if not self._training.is_live:
            self._start("validation", trainer, pl_module)
            self._training.enter("validation", "validation")
        elif trainer.sanity_checking:
            self._training.enter("sanity-check", "validation")
        else:
            self._training.enter("validation", "validation", trainer.current_epoch)

    @harmless
    def on_validation_end(self, *_: object) -> None:
        """End the window of a validation."""
        self._training.leave()

    @harmless
    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the run of a test."""
        self._start("test", trainer, pl_module)
        self._training.enter("test", "test")

    @harmless
    def on_test_end(self, *_: object) -> None:
        """End the window of a test."""
        self._training.leave()

    @harmless
    def teardown(self, *_: object, **__: object) -> None:
        """Finish the run."""
        self._training.finish()

    @harmless
    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Finish the run as failed or interrupted."""
        del trainer, pl_module
        self._training.finish(exception)


def _planned_epochs(trainer: Trainer, pl_module: LightningModule) -> float | None:
    """Return how many epochs there will be at most; `None` where nobody knows."""
    limits = []
    if trainer.max_epochs is not None and trainer.max_epochs >= 0:
        limits.append(float(trainer.max_epochs))
    n_batches = trainer.num_training_batches
    # By hand, a module may take any number of steps per batch.
    is_regular = pl_module.automatic_optimization and isfinite(n_batches) and n_batches
    if trainer.max_steps is not None and trainer.max_steps >= 0 and is_regular:
        n_steps = ceil(n_batches / trainer.accumulate_grad_batches)
        limits.append(trainer.max_steps / n_steps)
    return min(limits, default=None)
