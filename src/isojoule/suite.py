"""Runs the reference models: the same work on every machine.

Mode ``device-only``: the clips lie on the device before the measurement begins. Softmax
and binary cross-entropy as in the authors' code, Adam 1e-3, batch 8, float32, TF32 off.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING, Final, TypeAlias

from isojoule.devices import synchronize_devices
from isojoule.errors import SensorUnavailableError, UnknownNameError
from isojoule.meter import Meter, RunKeeper
from isojoule.probe import probe_hardware
from isojoule.records import Hardware, Run
from isojoule.sensors import Sensor, open_sensors
from isojoule.workloads import (
    BATCH_SIZE,
    LEARNING_RATE,
    N_SAMPLES_PER_EPOCH,
    STEPS_PER_EPOCH,
    ReferenceModel,
    to_workload,
)
from isojoule.workloads.reference import require_torch
from isojoule.workloads.synthetic import synthetic_clips

if TYPE_CHECKING:
    import torch

_WARM_UP_STEPS: Final = 3

Clips: TypeAlias = "tuple[torch.Tensor, torch.Tensor]"
"""Inputs (n, 1, 128, 64) and labels (n, 10)."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """The part of the machine that the models may use.

    Parameters
    ----------
    device : str
        ``cpu`` or ``cuda:N``.
    n_threads : int or None
        Compute threads; what PyTorch takes by itself where `None`.
    """

    device: str = "cpu"
    n_threads: int | None = None


@dataclass(frozen=True, slots=True)
class Length:
    """How long each model runs.

    Parameters
    ----------
    n_steps : int or None
        Exactly so many training steps.
    duration_s : float
        Where `n_steps` is `None`: as many as fill this time [s], from the pace of the
        warm-up.

    Raises
    ------
    ValueError
        If either is not positive.
    """

    n_steps: int | None = None
    duration_s: float = 60.0

    def __post_init__(self) -> None:
        if self.n_steps is not None and self.n_steps < 1:
            raise ValueError(f"a run needs at least one step, got {self.n_steps}")
        if not self.duration_s > 0:
            raise ValueError(f"a run needs a positive time, got {self.duration_s} s")


def require_device(device: str) -> None:
    """Raise unless PyTorch can compute on `device`.

    Raises
    ------
    UnknownNameError
        If there is no such device here.
    MissingExtraError
        If PyTorch is not installed.
    """
    offered = available_devices()
    if device not in offered:
        raise UnknownNameError("device", device, offered)


def available_devices() -> list[str]:
    """Return the devices that PyTorch can compute on here, ``cpu`` first.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    torch = require_torch()
    return ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


def describe(configuration: Configuration, sensors: Sequence[Sensor]) -> Hardware:
    """Return the hardware record of a configuration.

    Parameters
    ----------
    configuration : Configuration
        What the models may use.
    sensors : sequence of Sensor
        Open sensors; those of accelerators know their names.

    Raises
    ------
    SensorUnavailableError
        If no sensor sees the accelerator.
    """
    if configuration.device == "cpu":
        if configuration.n_threads is not None:
            return probe_hardware(n_threads=configuration.n_threads)
        # Named like any other run that may use the whole CPU, so that they compare.
        return replace(probe_hardware(), n_threads=require_torch().get_num_threads())
    accelerators = [a for s in sensors for a in getattr(s, "accelerators", ())]
    index = int(configuration.device.partition(":")[2])
    if index >= len(accelerators):
        raise SensorUnavailableError(
            f"no sensor sees {configuration.device}", "isojoule doctor tells why"
        )
    return probe_hardware(accelerators=accelerators[index : index + 1])


@contextmanager
def _settings(configuration: Configuration) -> Iterator[None]:
    """Fix what changes the work: threads, TF32, cuDNN choice; put it back after."""
    torch = require_torch()
    backends = torch.backends
    before = (
        torch.get_num_threads(),
        backends.cuda.matmul.allow_tf32,
        backends.cudnn.allow_tf32,
        backends.cudnn.benchmark,
    )
    try:
        if configuration.n_threads is not None:
            torch.set_num_threads(configuration.n_threads)
        backends.cuda.matmul.allow_tf32 = False
        backends.cudnn.allow_tf32 = False
        backends.cudnn.benchmark = False
        yield
    finally:
        torch.set_num_threads(before[0])
        backends.cuda.matmul.allow_tf32 = before[1]
        backends.cudnn.allow_tf32 = before[2]
        backends.cudnn.benchmark = before[3]


class _Training:
    """One model with its optimizer and cached clips, ready to step."""

    def __init__(
        self, model: ReferenceModel, device: str, *, clips: Clips, seed: int
    ) -> None:
        self._torch = require_torch()
        self._inputs, self._labels = (part.to(device) for part in clips)
        with self._torch.random.fork_rng():
            self._torch.manual_seed(seed)
            self._network = model.build().to(device)
        self._loss = self._torch.nn.BCELoss()
        self._optimizer = self._torch.optim.Adam(
            self._network.parameters(), lr=LEARNING_RATE
        )
        self._generator = self._torch.Generator().manual_seed(seed)
        self._batches = self._shuffled()

    def _shuffled(self) -> "Iterator[torch.Tensor]":
        """Yield the indices of batch after batch, reshuffled in every epoch."""
        while True:
            order = self._torch.randperm(len(self._inputs), generator=self._generator)
            yield from order.split(BATCH_SIZE)

    def restart(self) -> None:
        """Begin a new epoch with the next step."""
        self._batches = self._shuffled()

    def step(self) -> None:
        """Train on the next batch."""
        batch = next(self._batches).to(self._inputs.device)
        self._optimizer.zero_grad()
        loss = self._loss(self._network(self._inputs[batch]), self._labels[batch])
        loss.backward()
        self._optimizer.step()
        loss.item()  # as published: the host waits for the device in every step


def _pace_s(training: _Training) -> float:
    """Return the seconds per step after a first one that allocates."""
    training.step()
    synchronize_devices()
    start_s = time.monotonic()
    for _ in range(_WARM_UP_STEPS):
        training.step()
    synchronize_devices()
    return (time.monotonic() - start_s) / _WARM_UP_STEPS


def make_clips(*, seed: int = 0) -> Clips:
    """Return the synthetic clips of one epoch with their labels; takes some seconds.

    Parameters
    ----------
    seed : int, default 0
        Of the clips.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    return synthetic_clips(N_SAMPLES_PER_EPOCH, seed=seed)


def n_samples_in(n_steps: int) -> int:
    """Return the clips in `n_steps` steps; an epoch ends with a smaller batch."""
    epochs, rest = divmod(n_steps, STEPS_PER_EPOCH)
    return epochs * N_SAMPLES_PER_EPOCH + rest * BATCH_SIZE


def run_model(
    model: ReferenceModel,
    configuration: Configuration,
    *,
    length: Length,
    clips: Clips,
    sensors: Sequence[Sensor],
    store: RunKeeper | None = None,
    tags: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Run:
    """Return the measured training of one reference model.

    Parameters
    ----------
    model : ReferenceModel
        Which one.
    configuration : Configuration
        Where.
    length : Length
        How long.
    clips : tuple of torch.Tensor
        Inputs (n, 1, 128, 64) and labels (n, 10), cached on the device.
    sensors : sequence of Sensor
        Open sensors.
    store : RunKeeper or None
        Keeps the run.
    tags : mapping of str to str
        Labels for the record.
    seed : int, default 0
        Of the weights and the order of the clips.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    SensorUnavailableError
        If no sensor sees the device.
    """
    with _settings(configuration):
        training = _Training(model, configuration.device, clips=clips, seed=seed)
        pace_s = _pace_s(training)
        training.restart()
        n_steps = length.n_steps or max(1, ceil(length.duration_s / pace_s))
        workload = to_workload(model, n_samples=n_samples_in(n_steps))
        meter = Meter(
            model.name,
            workload=workload,
            hardware=describe(configuration, sensors),
            sensors=sensors,
            store=store,
            tags={**(tags or {}), "device": configuration.device},
        )
        with meter, meter.window("training", phase="train"):
            for _ in range(n_steps):
                training.step()
    return meter.run


def run_suite(
    models: Sequence[ReferenceModel],
    configuration: Configuration,
    *,
    length: Length,
    clips: Clips,
    store: RunKeeper | None = None,
    tags: Mapping[str, str] | None = None,
    on_start: Callable[[ReferenceModel], None],
) -> Iterator[Run]:
    """Yield the run of each model as it ends.

    Parameters
    ----------
    models : sequence of ReferenceModel
        In this order.
    configuration : Configuration
        Where.
    length : Length
        How long each.
    clips : tuple of torch.Tensor
        From `make_clips`.
    store : RunKeeper or None
        Keeps the runs.
    tags : mapping of str to str
        Labels for the records.
    on_start : callable
        Called with each model before it runs.

    Raises
    ------
    UnknownNameError
        If there is no such device.
    MissingExtraError
        If PyTorch is not installed.
    SensorUnavailableError
        If no sensor sees the device.
    """
    require_device(configuration.device)
    with ExitStack() as stack:
        sensors = open_sensors()
        for sensor in sensors:
            stack.callback(sensor.close)
        for model in models:
            on_start(model)
            yield run_model(
                model,
                configuration,
                length=length,
                clips=clips,
                sensors=sensors,
                store=store,
                tags=tags,
            )
