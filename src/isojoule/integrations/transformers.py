"""Callback for the Trainer of Hugging Face Transformers."""

from collections.abc import Mapping
from math import ceil
from types import TracebackType
from typing import Any, Self, Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.harmless import harmless
from isojoule.integrations.training import (
    MeteredCallback,
    MeteredTraining,
    MeterOptions,
    trainable_parameters,
)
from isojoule.integrations.watch import calling_frame
from isojoule.records import Workload

try:
    from transformers import (
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )
except ImportError as error:
    raise MissingExtraError("transformers", "the callback for Transformers") from error


class EnergyCallback(MeteredCallback, TrainerCallback):
    """Measures every ``train()`` of a trainer as a run.

    Epochs become windows of phase ``train``, evaluations of phase ``validation``; the
    two never overlap.

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
    No hook is called when a training raises. The run ends all the same within 0.1 s,
    because ``train()`` is seen to have left the stack: ``interrupted`` where the Ctrl-C
    is still being handled or was told of by then, else ``failed``. Inside ``with
    callback:`` the end and its reason are exact.

    ``evaluate()`` and ``predict()`` by themselves are not measured: no hook tells that
    they begin. Where an evaluation has several data sets, the first batch of the second
    and later ones is in no window.

    Forecasts are not put into the logs of the trainer, for those of an evaluation are
    its result; ``on_forecast`` may do so. A training of several processes is not asked
    to end, for each would decide by itself. Where a training goes on in the middle of
    an epoch, the rest of that epoch is in no forecast.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)
        self._epoch: int | None = None
        self._first_epoch = 0
        self._is_partial = False
        self._n_epochs: float | None = None
        self._reported: dict[str, object] = {}
        self._ended: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._training.finish(error)

    @harmless
    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: object,
        **told: Any,  # noqa: ANN401
    ) -> None:
        """Start the run."""
        del control
        dataloader = told["train_dataloader"]
        workload = Workload(
            self._training.name,
            batch_size=(state.train_batch_size or args.train_batch_size)
            * args.gradient_accumulation_steps,
            n_samples_per_epoch=_n_samples(dataloader),
            n_params=trainable_parameters(told["model"]),
        )
        frame = calling_frame("train", package="transformers")
        self._training.start(workload, frame=frame)
        self._epoch = self._ended = None
        self._first_epoch = int(state.epoch or 0)  # above 0 after a checkpoint
        skips_data = not args.ignore_data_skip  # else that epoch begins from the start
        self._is_partial = skips_data and (state.epoch or 0) != self._first_epoch
        self._n_epochs = _planned_epochs(args, dataloader)
        self._reported = {}
        if args.eval_on_start:
            self._training.enter("validation", "validation")

    @harmless
    def on_epoch_begin(
        self,
        args: TrainingArguments,
        state: object,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Begin the window of an epoch."""
        del state
        self._finish_epoch(args, control)
        self._reported = {}
        self._epoch = self._first_epoch if self._epoch is None else self._epoch + 1
        self._training.enter("train", "train", self._epoch)

    @harmless
    def on_step_begin(self, *_: object, **__: object) -> None:
        """Go on with the epoch, if an evaluation was in between."""
        self._training.enter("train", "train", self._epoch)

    @harmless
    def on_step_end(
        self, args: object, state: object, control: TrainerControl, **_: object
    ) -> None:
        """Begin the window of an evaluation, if one is due."""
        del args, state
        if control.should_evaluate:
            self._training.enter("validation", "validation", self._epoch)

    @harmless
    def on_epoch_end(
        self,
        args: TrainingArguments,
        state: object,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """End the window of an epoch; an evaluation may be due, or a score may come."""
        self._training.leave()
        self._ended = self._epoch
        self.on_step_end(args, state, control)
        if not control.should_evaluate and not (control.should_log and self._lacks()):
            self._finish_epoch(args, control)

    @harmless
    def on_log(
        self,
        args: TrainingArguments,
        state: object,
        control: TrainerControl,
        logs: Mapping[str, object] | None = None,
        **_: object,
    ) -> None:
        """Note the scores among what is logged."""
        del state
        self._reported.update(logs or {})
        if not control.should_evaluate and not self._lacks():
            self._finish_epoch(args, control)

    @harmless
    def on_prediction_step(self, *_: object, **__: object) -> None:
        """Be in the window of an evaluation, which may have begun untold."""
        if self._training.phase != "validation":
            self._training.enter("validation", "validation", self._epoch)

    @harmless
    def on_evaluate(
        self,
        args: TrainingArguments,
        state: object,
        control: TrainerControl,
        metrics: Mapping[str, object] | None = None,
        **_: object,
    ) -> None:
        """End the window of an evaluation, and with it that of an epoch."""
        del state
        self._training.leave()
        self._reported.update(metrics or {})
        # Of several data sets it is not known which is the last, but for its scores.
        is_only = "eval_runtime" in (metrics or {})
        if is_only or (self._training.plan.monitor and not self._lacks()):
            self._finish_epoch(args, control)

    @harmless
    def on_train_end(
        self,
        args: TrainingArguments,
        state: object,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Finish the run."""
        del state
        self._finish_epoch(args, control)
        self._training.finish()

    def _lacks(self) -> bool:
        """Return whether a score of this epoch has not come yet."""
        return any(n not in self._reported for n in self._training.plan.monitor)

    def _finish_epoch(self, args: TrainingArguments, control: TrainerControl) -> None:
        """Tell what is known after the epoch that has ended, once."""
        epoch, self._ended = self._ended, None
        if epoch is None:
            return
        is_partial, self._is_partial = self._is_partial, False
        if is_partial:
            self._training.skip_epoch(epoch, self._reported)
            return
        should_log = control.should_log
        wants_end = self._training.end_epoch(
            epoch, n_epochs=self._n_epochs, reported=self._reported
        )
        control.should_log = should_log  # the user may have logged the forecast
        if wants_end and args.world_size > 1:
            self._training.refuse_end(args.world_size)
        elif wants_end:
            control.should_training_stop = True
            self._training.accept_end(epoch)


def _n_samples(dataloader: Any) -> int | None:  # noqa: ANN401
    """Return the samples of one epoch; `None` where its data have no length."""
    try:
        return len(getattr(dataloader, "dataset", ())) or None
    except TypeError:
        return None


def _planned_epochs(
    args: TrainingArguments,
    dataloader: Any,  # noqa: ANN401
) -> float | None:
    """Return how many epochs there will be; `None` where nobody knows."""
    if args.max_steps <= 0:
        return float(args.num_train_epochs)
    try:
        n_batches = len(dataloader)
    except TypeError:  # a stream
        return None
    n_steps = max(ceil(n_batches / args.gradient_accumulation_steps), 1)
    return float(args.max_steps / n_steps)
