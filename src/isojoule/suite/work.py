"""One reference model with its clips, ready to step: what is measured."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from isojoule.devices import synchronize_devices
from isojoule.suite.clips import Clips
from isojoule.suite.settings import Phase, Settings
from isojoule.workloads import BATCH_SIZE, LEARNING_RATE, ReferenceModel
from isojoule.workloads.reference import require_torch

if TYPE_CHECKING:
    import torch

_BYTES_PER_PARAM: Final = 16
"""Weights, gradients and both moments of Adam in float32."""


class Work:
    """A network that steps through epochs of clips; in ``train`` with Adam.

    Parameters
    ----------
    model : ReferenceModel
        Which one.
    phase : {"train", "test"}
        Training, or inference over the same clips without gradients.
    settings : Settings
        Loss and seed.
    clips : Clips
        Where batches come from.
    device : str
        Where the network is.

    Attributes
    ----------
    loader_s : float
        Time that the program spent on batches so far [s].

    Notes
    -----
    Training waits for the loss and inference for its probabilities in every step, as
    the published code does: the host cannot run ahead.
    """

    def __init__(
        self,
        model: ReferenceModel,
        phase: Phase,
        *,
        settings: Settings,
        clips: Clips,
        device: str,
    ) -> None:
        self._torch = require_torch()
        self._clips, self._device, self._phase = clips, device, phase
        with self._torch.random.fork_rng():
            self._torch.manual_seed(settings.seed)
            self._network = model.build(settings.loss).to(device)
        self._network.train(phase == "train")
        self._loss = self._torch.nn.BCELoss()
        self._optimizer = (
            self._torch.optim.Adam(self._network.parameters(), lr=LEARNING_RATE)
            if phase == "train"
            else None
        )
        self._generator = self._torch.Generator().manual_seed(settings.seed)
        self._batches = self._epochs()
        self.loader_s = 0.0

    @property
    def steps_per_epoch(self) -> int:
        """Batches in an epoch; the last one is smaller and not dropped."""
        return -(-self._clips.n_clips // BATCH_SIZE)

    def _epochs(self) -> "Iterator[torch.Tensor]":
        """Yield the indices of batch after batch; training reshuffles every epoch."""
        torch, n_clips = self._torch, self._clips.n_clips
        while True:
            if self._phase == "train":
                order = torch.randperm(n_clips, generator=self._generator)
            else:
                order = torch.arange(n_clips)
            yield from order.split(BATCH_SIZE)

    def restart(self) -> None:
        """Begin a new epoch with the next step, and the time of the loader anew."""
        self._batches = self._epochs()
        self.loader_s = 0.0

    def step(self) -> int:
        """Train or infer on the next batch; return its number of clips."""
        start_s = time.perf_counter()
        inputs, labels = self._clips.batch(next(self._batches), self._device)
        self.loader_s += time.perf_counter() - start_s
        if self._optimizer is None:
            with self._torch.no_grad():
                self._network(inputs).cpu()
        else:
            self._optimizer.zero_grad()
            loss = self._loss(self._network(inputs), labels)
            loss.backward()
            self._optimizer.step()
            loss.item()
        return len(inputs)

    def time_steps(self, *, at_least_s: float) -> tuple[int, float]:
        """Step for so long; return the number of steps and the time they took [s].

        Parameters
        ----------
        at_least_s : float
            One step is taken in any case.
        """
        synchronize_devices()
        start_s = time.monotonic()
        n_steps = 0
        while not n_steps or time.monotonic() - start_s < at_least_s:
            self.step()
            n_steps += 1
        synchronize_devices()
        return n_steps, time.monotonic() - start_s


def memory_bytes(model: ReferenceModel, phase: Phase) -> int:
    """Return the main part of the memory that a model needs [bytes].

    Parameters
    ----------
    model : ReferenceModel
        Which one.
    phase : {"train", "test"}
        Only training keeps gradients, Adam's moments and all activations.
    """
    if phase == "test":
        return 4 * model.n_params
    activations = BATCH_SIZE * model.activation_bytes_per_sample
    return _BYTES_PER_PARAM * model.n_params + activations


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether `error` says that memory ran out, on the host or on the device."""
    if isinstance(error, MemoryError | require_torch().OutOfMemoryError):
        return True
    # The CPU allocator of PyTorch raises a plain RuntimeError.
    text = str(error)
    return isinstance(error, RuntimeError) and (
        "can't allocate memory" in text or "not enough memory" in text
    )
