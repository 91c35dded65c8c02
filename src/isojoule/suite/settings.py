"""Where the reference models run, and what besides them decides how much work it is."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, TypeAlias

from isojoule.describe import drivers_of
from isojoule.errors import SensorUnavailableError, UnknownNameError
from isojoule.probe import probe_hardware
from isojoule.records import Hardware
from isojoule.sensors import Sensor, open_sensors
from isojoule.workloads.reference import Loss, require_torch

Mode: TypeAlias = Literal["device-only", "as-published"]
"""``device-only``: the clips lie on the device before the measurement begins.
``as-published``: every step decodes whole recordings, makes whole spectrograms and
moves a batch to the device."""

Data: TypeAlias = Literal["synthetic", "desed", "stand-in"]
Phase: TypeAlias = Literal["train", "test"]

MODES: Final[tuple[Mode, ...]] = ("device-only", "as-published")
PHASES: Final[tuple[Phase, ...]] = ("train", "test")


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
class Settings:
    """What decides how much work a model is: energies of other settings do not compare.

    Parameters
    ----------
    mode : {"device-only", "as-published"}
        What is inside the loop.
    loss : {"softmax", "sigmoid"}
        Output before the binary cross-entropy: as in the authors' code, or as in their
        paper.
    tf32 : bool, default False
        Let matrix products and convolutions round to TF32.
    cudnn_benchmark : bool, default False
        Let cuDNN try its algorithms and take the fastest.
    data : {"synthetic", "desed", "stand-in"}
        Made-up sounds, recordings in the layout of DESED, or files of made-up sounds in
        that layout.
    seed : int, default 0
        Of weights, made-up sounds and the order of clips; changes no energy on purpose
        and so is none of `described`.
    """

    mode: Mode = "device-only"
    loss: Loss = "softmax"
    tf32: bool = False
    cudnn_benchmark: bool = False
    data: Data = "synthetic"
    seed: int = 0

    def described(self) -> dict[str, str]:
        """Return the settings as the record of a workload keeps them."""
        return {
            "loss": f"{self.loss} and binary cross-entropy",
            "precision": "TF32" if self.tf32 else "float32",
            "cudnn_benchmark": "on" if self.cudnn_benchmark else "off",
            "data": self.data,
        }


@contextmanager
def applied(settings: Settings, configuration: Configuration) -> Iterator[None]:
    """Fix threads, precision and cuDNN's choice; put back what was there before."""
    torch = require_torch()
    backends = torch.backends
    wanted: list[tuple[Any, str, bool]] = [
        (backends.cuda.matmul, "allow_tf32", settings.tf32),
        (backends.cudnn, "allow_tf32", settings.tf32),
        (backends.cudnn, "benchmark", settings.cudnn_benchmark),
    ]
    before = [getattr(owner, name) for owner, name, _ in wanted]
    n_threads = torch.get_num_threads()
    try:
        torch.set_num_threads(configuration.n_threads or n_threads)
        for owner, name, value in wanted:
            setattr(owner, name, value)
        yield
    finally:
        torch.set_num_threads(n_threads)
        for (owner, name, _), value in zip(wanted, before, strict=True):
            setattr(owner, name, value)


def available_devices() -> list[str]:
    """Return the devices that PyTorch can compute on here, ``cpu`` first.

    Raises
    ------
    MissingExtraError
        If PyTorch is not installed.
    """
    torch = require_torch()
    return ["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]


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


def open_sensors_of(device: str) -> list[Sensor]:
    """Return the usable sensors, opened; of the GPUs only the one that is used.

    Parameters
    ----------
    device : str
        ``cpu`` or ``cuda:N``, of those that `available_devices` lists.
    """
    if device == "cpu":
        return open_sensors()
    properties = require_torch().cuda.get_device_properties(device)
    before = os.environ.get("CUDA_VISIBLE_DEVICES")
    # PyTorch has read the variable by now; it only tells the sensor which GPU is meant.
    os.environ["CUDA_VISIBLE_DEVICES"] = f"GPU-{properties.uuid}"
    try:
        return open_sensors()
    finally:
        if before is None:
            del os.environ["CUDA_VISIBLE_DEVICES"]
        else:
            os.environ["CUDA_VISIBLE_DEVICES"] = before


def describe_hardware(
    configuration: Configuration, sensors: Sequence[Sensor]
) -> Hardware:
    """Return the hardware record of a configuration.

    Parameters
    ----------
    configuration : Configuration
        What the models may use.
    sensors : sequence of Sensor
        From `open_sensors_of`; that of the accelerator knows its name.

    Raises
    ------
    SensorUnavailableError
        If no sensor sees the accelerator.
    """
    torch = require_torch()
    if configuration.device == "cpu":
        if configuration.n_threads is not None:
            return probe_hardware(n_threads=configuration.n_threads)
        # Named like any other run that may use the whole CPU, so that they compare.
        return replace(probe_hardware(), n_threads=torch.get_num_threads())
    accelerators = [a for s in sensors for a in getattr(s, "accelerators", ())]
    if not accelerators:
        raise SensorUnavailableError(
            f"no sensor sees {configuration.device}", "isojoule doctor tells why"
        )
    versions = {"cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version()}
    known = {name: str(version) for name, version in versions.items() if version}
    drivers = {k: v for s in sensors for k, v in drivers_of(s).items()}
    return probe_hardware(accelerators=accelerators, drivers={**known, **drivers})
