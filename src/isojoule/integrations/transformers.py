"""Callback for the Trainer of Hugging Face Transformers."""

from types import TracebackType
from typing import Any, Self, Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.training import (
    MeteredTraining,
    MeterOptions,
    trainable_parameters,
)
from isojoule.integrations.watch import calling_frame
from isojoule.records import Run, Workload

try:
    from transformers import (
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )
except ImportError as error:
    raise MissingExtraError("transformers", "the callback for Transformers") from error


class EnergyCallback(TrainerCallback):
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
    ValueError
        If ``hz`` is out of range.

    Notes
    -----
    No hook is called when a training raises. The run ends all the same within 0.1 s,
    because ``train()`` is seen to have left the stack: ``interrupted`` where the Ctrl-C
    is still being handled or was told of by then, else ``failed``. Inside ``with
    callback:`` the end and its reason are exact.

    ``evaluate()`` and ``predict()`` by themselves are not measured: no hook tells that
    they begin. Where an evaluation has several data sets, the first batch of the second
    and later ones is in no window.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)
        self._epoch: int | None = None
        self._first_epoch = 0

    @property
    def run(self) -> Run:
        """The run that ended last.

        Raises
        ------
        RuntimeError
            If one is under way, or there is none yet.
        """
        return self._training.run

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._training.finish(error)

    def on_train_begin(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: object,
        **told: Any,  # noqa: ANN401
    ) -> None:
        """Start the run."""
        del control
        workload = Workload(
            self._training.name,
            batch_size=(state.train_batch_size or args.train_batch_size)
            * args.gradient_accumulation_steps,
            n_samples_per_epoch=_n_samples(told["train_dataloader"]),
            n_params=trainable_parameters(told["model"]),
        )
        frame = calling_frame("train", package="transformers")
        self._training.start(workload, frame=frame)
        self._epoch = None
        self._first_epoch = int(state.epoch or 0)  # above 0 after a checkpoint
        if args.eval_on_start:
            self._training.enter("validation", "validation")

    def on_epoch_begin(self, *_: object, **__: object) -> None:
        """Begin the window of an epoch."""
        self._epoch = self._first_epoch if self._epoch is None else self._epoch + 1
        self._training.enter("train", "train", self._epoch)

    def on_step_begin(self, *_: object, **__: object) -> None:
        """Go on with the epoch, if an evaluation was in between."""
        self._training.enter("train", "train", self._epoch)

    def on_step_end(
        self, args: object, state: object, control: TrainerControl, **_: object
    ) -> None:
        """Begin the window of an evaluation, if one is due."""
        del args, state
        if control.should_evaluate:
            self._training.enter("validation", "validation", self._epoch)

    def on_epoch_end(
        self, args: object, state: object, control: TrainerControl, **_: object
    ) -> None:
        """End the window of an epoch; an evaluation may be due."""
        self._training.leave()
        self.on_step_end(args, state, control)

    def on_prediction_step(self, *_: object, **__: object) -> None:
        """Be in the window of an evaluation, which may have begun untold."""
        if self._training.phase != "validation":
            self._training.enter("validation", "validation", self._epoch)

    def on_evaluate(self, *_: object, **__: object) -> None:
        """End the window of an evaluation."""
        self._training.leave()

    def on_train_end(self, *_: object, **__: object) -> None:
        """Finish the run."""
        self._training.finish()


def _n_samples(dataloader: Any) -> int | None:  # noqa: ANN401
    """Return the samples of one epoch; `None` where its data have no length."""
    try:
        return len(getattr(dataloader, "dataset", ())) or None
    except TypeError:
        return None
