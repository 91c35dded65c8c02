"""Callback for Keras 3."""

from math import prod
from types import TracebackType
from typing import Self, Unpack

from isojoule.errors import MissingExtraError
from isojoule.integrations.training import MeteredTraining, MeterOptions
from isojoule.integrations.watch import calling_frame
from isojoule.records import Run, Workload

try:
    from keras.callbacks import Callback
except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] != "keras":
        raise  # Keras is there, its backend is not
    raise MissingExtraError("keras", "the callback for Keras") from error


class EnergyCallback(Callback):
    """Measures every ``fit()`` and ``evaluate()`` of a model as a run.

    Epochs become windows of phase ``train``, validations of phase ``validation``; the
    two never overlap. An evaluation outside a fit is a window of phase ``test``.

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
    because ``fit()`` is seen to have left the stack: ``interrupted`` where the Ctrl-C
    is still being handled or was told of by then, else ``failed``. Inside ``with
    callback:`` the end and its reason are exact.

    Keras tells neither batch size nor number of samples: pass a `Workload` to have them
    in the record.
    """

    def __init__(self, name: str = "training", **options: Unpack[MeterOptions]) -> None:
        super().__init__()
        self._training = MeteredTraining(name, **options)
        self._epoch = 0

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

    def _start(self, phase: str, *, within: str) -> None:
        sizes = [prod(v.shape) for v in self.model.trainable_variables]
        workload = Workload(
            self._training.name, phase=phase, n_params=sum(sizes) or None
        )
        self._training.start(workload, frame=calling_frame(within, package="keras"))

    def on_train_begin(self, *_: object) -> None:
        """Start the run of a fit."""
        self._start("train", within="fit")

    def on_epoch_begin(self, epoch: int, *_: object) -> None:
        """Begin the window of an epoch."""
        self._epoch = epoch
        self._training.enter("train", "train", epoch)

    def on_test_begin(self, *_: object) -> None:
        """Begin the window of a validation; outside a fit the run of a test."""
        if self._training.is_live:
            self._training.enter("validation", "validation", self._epoch)
        else:
            self._start("test", within="evaluate")
            self._training.enter("test", "test")

    def on_test_end(self, *_: object) -> None:
        """End the window of a validation or the run of a test."""
        if self._training.phase == "test":
            self._training.finish()
        self._training.leave()

    def on_epoch_end(self, *_: object) -> None:
        """End the window of an epoch."""
        self._training.leave()

    def on_train_end(self, *_: object) -> None:
        """Finish the run."""
        self._training.finish()
