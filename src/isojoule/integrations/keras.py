"""Callback for Keras 3."""

from math import prod
from types import TracebackType
from typing import Self, Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.harmless import harmless
from isojoule.integrations.processes import world_size
from isojoule.integrations.told import figures_of
from isojoule.integrations.training import (
    MeteredCallback,
    MeteredTraining,
    MeterOptions,
)
from isojoule.integrations.watch import calling_frame
from isojoule.records import Workload

try:
    from keras.callbacks import Callback
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "keras":
        raise  # Keras is there, its backend is not
    raise MissingExtraError("keras", "the callback for Keras") from error


class EnergyCallback(MeteredCallback, Callback):
    """Measures every ``fit()`` and ``evaluate()`` of a model as a run.

    Epochs become windows of phase ``train``, validations of phase ``validation``; the
    two never overlap. An evaluation outside a fit is a window of phase ``test``. After
    each epoch the energy so far, and what is left, are in the logs of Keras.

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
    because ``fit()`` is seen to have left the stack: ``interrupted`` where the Ctrl-C
    is still being handled or was told of by then, else ``failed``. Inside ``with
    callback:`` the end and its reason are exact.

    Keras tells neither batch size nor number of samples: pass a `Workload` to have them
    in the record.

    A training of several processes is not asked to end, for each would decide by
    itself.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)
        self._epoch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._training.finish(error)

    def _start(self, phase: str, *, within: str) -> None:
        sizes = [prod(v.shape) for v in self.model.trainable_variables]
        workload = Workload(
            self._training.name, phase=phase, n_params=sum(sizes) or None
        )
        self._training.start(workload, frame=calling_frame(within, package="keras"))

    @harmless
    def on_train_begin(self, *_: object) -> None:
        """Start the run of a fit."""
        self._start("train", within="fit")

    @harmless
    def on_epoch_begin(self, epoch: int, *_: object) -> None:
        """Begin the window of an epoch."""
        self._epoch = epoch
        self._training.enter("train", "train", epoch)

    @harmless
    def on_test_begin(self, *_: object) -> None:
        """Begin the window of a validation; outside a fit the run of a test."""
        if self._training.is_live:
            self._training.enter("validation", "validation", self._epoch)
        elif calling_frame("fit", package="keras") is None:  # else it is not measured
            self._start("test", within="evaluate")
            self._training.enter("test", "test")

    @harmless
    def on_test_end(self, *_: object) -> None:
        """End the window of a validation or the run of a test."""
        if self._training.phase == "test":
            self._training.finish()
        self._training.leave()

    @harmless
    def on_epoch_end(
        self, epoch: int, logs: dict[str, object] | None = None, *_: object
    ) -> None:
        """End the window of an epoch; tell what is known after it."""
        training = self._training
        training.leave()
        n_epochs = (self.params or {}).get("epochs")
        reported = dict(logs or {})
        if training.end_epoch(epoch, n_epochs=n_epochs, reported=reported):
            self._stop(epoch)
        if training.plan.has_forecast and training.is_live and logs is not None:
            logs.update(figures_of(training.forecast))

    def _stop(self, epoch: int) -> None:
        n_processes = world_size()
        if n_processes > 1:
            self._training.refuse_end(n_processes)
            return
        self.model.stop_training = True
        self._training.accept_end(epoch)

    @harmless
    def on_train_end(self, *_: object) -> None:
        """Finish the run."""
        self._training.finish()
