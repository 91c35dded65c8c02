"""NVIDIA GPUs through NVML: energy counter, power, and what explains them.

======================================  =====  ========================================
channel of GPU *i*                      unit   meaning and support
======================================  =====  ========================================
``gpu<i>_energy_j``                     J      counter; Volta and newer, not all vGPUs
``gpu<i>_power_w``                      W      instant power where there is field 186,
                                               else a 1 s mean on Ampere and newer
``gpu<i>_average_power_w``              W      running mean, where there is field 185
``gpu<i>_power_limit_w``                W      enforced limit
``gpu<i>_utilization_fraction``         share  of time with any kernel running
``gpu<i>_memory_utilization_fraction``  share  of time with memory read or written
``gpu<i>_memory_bytes``                 bytes  in use, by all processes
``gpu<i>_temperature_c``                deg C  of the chip
``gpu<i>_sm_clock_hz``                  Hz     of the multiprocessors
``gpu<i>_memory_clock_hz``              Hz     of the memory
``gpu<i>_throttle_bits``                       bit mask of NVML's clock event reasons
``gpu<i>_n_processes``                         processes that compute on it
======================================  =====  ========================================

Any user may read them. *i* is the index of NVML, the one that ``nvidia-smi`` shows. A
channel is there if its call worked at `NvmlSensor.open`: asking is the only test of
support that holds. Utilization is no occupancy.
"""

import os
import warnings
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import nan
from typing import Any, Final, Literal, Self, TypeAlias

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator, Channel, Quantity
from isojoule.sensors.nvml_readings import (
    AVERAGING_S,
    COUNTER,
    EXPLAINING,
    INSTANT_POWER,
    POWER_USAGE,
    Handle,
    Nvml,
    Reading,
    Source,
    averages_power,
)
from isojoule.sensors.visible import (
    MIG_REASON,
    MIG_REMEDY,
    local_rank,
    share_of_rank,
    visible_indices,
)
from isojoule.units import W_PER_MW

_Answer: TypeAlias = Any

_N_ATTEMPTS: Final = 3  # a call that fails once in passing must not cost its channel
_ORDER: Final[dict[Quantity, int]] = {"energy_j": 0, "power_w": 1}
_MODULES: Final = ("GH200", "GB200", "GB300")


@dataclass(frozen=True, slots=True)
class _Device:
    """One GPU that gives energy, with the readings that work on it."""

    handle: Handle
    accelerator: Accelerator
    sources: tuple[tuple[Channel, Reading], ...]
    doubt: str


class NvmlSensor:
    """Reads the NVIDIA GPUs that this process may use.

    Parameters
    ----------
    nvml : module
        ``pynvml``, initialized; the sensor shuts it down on `close`.
    devices : sequence of _Device
        The GPUs to read.
    driver_version : str
        Version of the NVIDIA driver.
    doubts : tuple of str
        Why the readings may leave out a GPU, or be of another one.
    left_out : tuple of str
        Visible GPUs that are not read.
    """

    name = "nvml"

    def __init__(
        self,
        nvml: Nvml,
        devices: Sequence[_Device],
        *,
        driver_version: str,
        doubts: tuple[str, ...] = (),
        left_out: tuple[str, ...] = (),
    ) -> None:
        self._nvml = nvml
        # The same quantity of all GPUs back to back, counters first.
        calls = [(c, d.handle, read) for d in devices for c, read in d.sources]
        calls.sort(key=lambda call: _ORDER.get(call[0].quantity, 2))
        self._calls = calls
        self._choices: dict[
            frozenset[Quantity] | None, list[tuple[int, Handle, Reading]]
        ] = {}
        self._closed = False
        self.channels = tuple(channel for channel, _, _ in calls)
        self.accelerators = tuple(d.accelerator for d in devices)
        self.driver_version = driver_version
        self.doubts = doubts
        self.left_out = left_out
        n_counters = [c.quantity for c in self.channels].count("energy_j")
        self.quantity: Literal["energy_j", "power_w"] = (
            "energy_j" if n_counters == len(devices) else "power_w"
        )

    @classmethod
    def open(cls, *, visible_devices: str | None = None) -> Self:
        """Return a sensor for the GPUs that CUDA shows to this process.

        Parameters
        ----------
        visible_devices : str or None
            As ``CUDA_VISIBLE_DEVICES``, which `None` reads: indices, UUIDs ``GPU-...``
            or prefixes that fit one UUID only. Where that is not set: all GPUs.

        Returns
        -------
        NvmlSensor
            Open; energies [J] where every GPU has the counter, else power [W].

        Raises
        ------
        SensorUnavailableError
            If there is no driver, or no GPU whose energy NVML can tell.

        Warns
        -----
        UserWarning
            If a visible GPU is left out, or indices may mean other GPUs to CUDA.

        Notes
        -----
        An entry that fits no GPU ends the list, and one that comes twice empties it: so
        CUDA reads the variable [1]_.

        References
        ----------
        .. [1] CUDA Programming Guide, "CUDA Environment Variables";
           PyTorch, ``torch.cuda._parse_visible_devices``.
        """
        if visible_devices is None:
            visible_devices = os.environ.get("CUDA_VISIBLE_DEVICES")
        nvml = _started_nvml()
        with ExitStack() as cleanup:
            cleanup.callback(_shut_down, nvml)
            n_devices = _answer(nvml, "nvmlDeviceGetCount")
            if n_devices is None:
                raise SensorUnavailableError(
                    "NVML starts but does not count its GPUs",
                    "run `nvidia-smi` to see what the driver says",
                    is_present=True,
                )
            driver_version = _answer(nvml, "nvmlSystemGetDriverVersion") or ""
            found = _opened_devices(nvml, n_devices, visible_devices)
            for doubt in found.doubts:
                warnings.warn(doubt, UserWarning, stacklevel=2)
            sensor = cls(
                nvml,
                found.devices,
                driver_version=driver_version,
                doubts=tuple(found.doubts),
                left_out=tuple(found.left_out),
            )
            cleanup.pop_all()
        return sensor

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return one reading per channel in its unit; NaN where NVML gave an error.

        Parameters
        ----------
        quantities : collection of str or None
            What to read; all where `None`, NaN for the rest.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the nvml sensor is closed: open another one")
        nvml, error = self._nvml, self._nvml.NVMLError
        values = [nan] * len(self._calls)
        for i, handle, read in self._asked(quantities):
            try:
                values[i] = read(nvml, handle)
            except error:  # a GPU that does not answer leaves its NaN
                continue
        return values

    def _asked(
        self, quantities: Collection[Quantity] | None
    ) -> list[tuple[int, Handle, Reading]]:
        """Return the calls for these quantities; worked out once for each choice."""
        key = None if quantities is None else frozenset(quantities)
        if key not in self._choices:
            self._choices[key] = [
                (i, handle, read)
                for i, (channel, handle, read) in enumerate(self._calls)
                if key is None or channel.quantity in key
            ]
        return self._choices[key]

    def close(self) -> None:
        """Release NVML; a second call does nothing, since others may be using it."""
        if not self._closed:
            self._closed = True
            _shut_down(self._nvml)


def _shut_down(nvml: Nvml) -> None:
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError as error:
        # The readings are taken; a driver that went away has nothing left to release.
        warnings.warn(f"NVML does not shut down: {error}", UserWarning, stacklevel=3)


def _started_nvml() -> Nvml:
    """Return ``pynvml``, initialized.

    Raises
    ------
    SensorUnavailableError
        If the package, the driver library or the driver is missing.
    """
    try:
        import pynvml as nvml
    except ImportError as error:
        raise SensorUnavailableError(
            "the Python package nvidia-ml-py is not installed",
            "pip install nvidia-ml-py",
        ) from error
    try:
        _init(nvml)
    except nvml.NVMLError_LibraryNotFound as error:
        raise SensorUnavailableError(
            "no NVIDIA driver library (libnvidia-ml) on this machine",
            "with an NVIDIA GPU, install its driver; in a container, pass the GPU "
            "through (docker run --gpus all)",
        ) from error
    except nvml.NVMLError_DriverNotLoaded as error:
        raise SensorUnavailableError(
            "the NVIDIA driver is installed but not loaded",
            "load it (sudo modprobe nvidia) or restart the machine",
            is_present=True,
        ) from error
    except nvml.NVMLError_LibRmVersionMismatch as error:
        raise SensorUnavailableError(
            "the NVIDIA driver was updated while its older part is still loaded",
            "restart the machine",
            is_present=True,
        ) from error
    except nvml.NVMLError as error:
        raise SensorUnavailableError(
            f"NVML does not start: {error}",
            "run `nvidia-smi` to see what the driver says",
            is_present=True,
        ) from error
    return nvml


def _init(nvml: Nvml) -> None:
    """Start NVML; what fails in passing is tried again.

    Raises
    ------
    NVMLError
        If it does not start.
    """
    for _ in range(_N_ATTEMPTS - 1):
        try:
            nvml.nvmlInit()
        except (nvml.NVMLError_Unknown, nvml.NVMLError_Timeout):
            continue
        return
    nvml.nvmlInit()


@dataclass(frozen=True, slots=True)
class _Found:
    """The visible GPUs that give energy, the doubts, and the GPUs that do not."""

    devices: list[_Device]
    doubts: list[str]
    left_out: list[str]


def _opened_devices(nvml: Nvml, n_devices: int, visible_devices: str | None) -> _Found:
    """Return the visible GPUs that give energy, and the doubts about the choice.

    Raises
    ------
    SensorUnavailableError
        If there are none.
    """
    if n_devices == 0:
        raise SensorUnavailableError(
            "the NVIDIA driver runs but sees no GPU",
            "run `nvidia-smi -L`; in a container or job, ask for a GPU",
        )
    if visible_devices is None:
        indices = list(range(n_devices))
    else:
        uuids = [_identity(nvml, "nvmlDeviceGetUUID", i) for i in range(n_devices)]
        indices = visible_indices(visible_devices, uuids)
    indices, doubt = share_of_rank(indices, local_rank())
    devices, left_out = [], []
    doubts, remedy = [doubt] if doubt else [], ""
    for index in indices:
        try:
            devices.append(_opened_device(nvml, index))
        except SensorUnavailableError as error:
            doubts.append(f"GPU {index} is not measured: {error.reason}")
            left_out.append(f"GPU {index}")
            remedy = error.remedy
    if not devices:
        raise SensorUnavailableError("; ".join(doubts), remedy, is_present=True)
    doubts += [device.doubt for device in devices if device.doubt]
    by_number = visible_devices is not None and "GPU-" not in visible_devices
    if by_number and len(indices) < n_devices and _order_is_doubtful(nvml, n_devices):
        doubts.append(
            f"CUDA_VISIBLE_DEVICES={visible_devices!r} numbers unlike GPUs, which CUDA "
            "may count in another order than NVML; set CUDA_DEVICE_ORDER=PCI_BUS_ID "
            "or name the GPUs by UUID (nvidia-smi -L)"
        )
    return _Found(devices, doubts, left_out)


def _order_is_doubtful(nvml: Nvml, n_devices: int) -> bool:
    """Return whether CUDA, which puts the fastest GPU first, may count otherwise."""
    if os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return False
    names = {_identity(nvml, "nvmlDeviceGetName", i) for i in range(n_devices)}
    return len(names) > 1


def _opened_device(nvml: Nvml, index: int) -> _Device:
    """Return one GPU with the channels that work.

    Raises
    ------
    SensorUnavailableError
        If it does not answer, is split by MIG, or gives neither energy nor power.
    """
    handle = _answer(nvml, "nvmlDeviceGetHandleByIndex", index)
    name = None if handle is None else _answer(nvml, "nvmlDeviceGetName", handle)
    if name is None:
        raise SensorUnavailableError(
            "it does not answer", "run `nvidia-smi` to see what the driver says"
        )
    mig_mode = _answer(nvml, "nvmlDeviceGetMigMode", handle)
    if mig_mode is not None and mig_mode[0] == nvml.NVML_DEVICE_MIG_ENABLE:
        raise SensorUnavailableError(f"MIG mode is on: {MIG_REASON}", MIG_REMEDY)
    sources = _working_sources(nvml, handle)
    if not {"energy_j", "power_w"} & {source.quantity for source in sources}:
        raise SensorUnavailableError(
            f"{name} has neither an energy counter nor power readings"
        )
    architecture = _answer(nvml, "nvmlDeviceGetArchitecture", handle)
    averages = averages_power(nvml, architecture or 0, name)
    return _Device(
        handle=handle,
        accelerator=_accelerator(nvml, handle, name),
        sources=tuple(
            (
                source.channel(
                    index,
                    averaging_s=AVERAGING_S
                    if source is POWER_USAGE and averages
                    else None,
                ),
                source.read,
            )
            for source in sources
        ),
        doubt=f"GPU {index}, {name}, may tell the energy of its whole module, CPU and "
        "memory in it: add no CPU energy to it"
        if any(module in name for module in _MODULES)
        else "",
    )


def _working_sources(nvml: Nvml, handle: Handle) -> list[Source]:
    """Return what this GPU tells: the counter, the best power, and what explains."""
    powers = [s for s in (INSTANT_POWER, POWER_USAGE) if _works(nvml, handle, s.read)]
    return [
        *([COUNTER] if _works(nvml, handle, COUNTER.read) else []),
        *powers[:1],
        *(s for s in EXPLAINING if _works(nvml, handle, s.read)),
    ]


def _works(nvml: Nvml, handle: Handle, read: Reading) -> bool:
    for _ in range(_N_ATTEMPTS):
        try:
            read(nvml, handle)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
            return False
        except nvml.NVMLError:
            continue
        return True
    return False


def _accelerator(nvml: Nvml, handle: Handle, name: str) -> Accelerator:
    memory = _answer(nvml, "nvmlDeviceGetMemoryInfo", handle)
    limit_mw = _answer(nvml, "nvmlDeviceGetEnforcedPowerLimit", handle)
    return Accelerator(
        name=name,
        vendor="nvidia",
        uuid=_answer(nvml, "nvmlDeviceGetUUID", handle),
        memory_bytes=None if memory is None else int(memory.total),
        power_limit_w=None if limit_mw is None else limit_mw * W_PER_MW,
    )


def _identity(nvml: Nvml, function: str, index: int) -> str | None:
    """Return name or UUID of a GPU; `None` where it does not answer."""
    handle = _answer(nvml, "nvmlDeviceGetHandleByIndex", index)
    return None if handle is None else _answer(nvml, function, handle)


def _answer(nvml: Nvml, function: str, *arguments: Handle | int) -> _Answer:
    """Return what an NVML function says; `None` where this GPU does not know."""
    for _ in range(_N_ATTEMPTS):
        try:
            return getattr(nvml, function)(*arguments)
        except (nvml.NVMLError_NotSupported, nvml.NVMLError_FunctionNotFound):
            return None
        except nvml.NVMLError:
            continue
    return None
