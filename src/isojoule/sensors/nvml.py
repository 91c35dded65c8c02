"""NVIDIA GPUs through NVML: energy counter, power, and what explains them.

===============================  =====  ===============================================
channel of GPU *i*               unit   meaning and support
===============================  =====  ===============================================
``gpu<i>_energy_j``              J      counter; Volta and newer, not all vGPUs
``gpu<i>_power_w``               W      a 1 s average on Ampere (not GA100) and newer
``gpu<i>_utilization_fraction``  share  of time with any kernel running, not occupancy
``gpu<i>_memory_bytes``          bytes  in use, by all processes
``gpu<i>_temperature_c``         deg C  of the chip
``gpu<i>_sm_clock_hz``           Hz     of the multiprocessors
===============================  =====  ===============================================

Any user may read them. *i* is the index of NVML, the one that ``nvidia-smi`` shows. A
channel is there if its call worked at `NvmlSensor.open`: asking is the only test of
support that holds.
"""

import os
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import nan
from typing import Any, Literal, Self, TypeAlias

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator, Channel, Quantity
from isojoule.units import HZ_PER_MHZ, J_PER_MJ, W_PER_MW, percent_to_fraction

# NVML is a C library behind ctypes: its module, handles and answers carry no types.
_Nvml: TypeAlias = Any
_Handle: TypeAlias = Any
_Answer: TypeAlias = Any


def _energy_j(nvml: _Nvml, handle: _Handle) -> float:
    return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle) * J_PER_MJ)


def _power_w(nvml: _Nvml, handle: _Handle) -> float:
    return float(nvml.nvmlDeviceGetPowerUsage(handle) * W_PER_MW)


def _utilization_fraction(nvml: _Nvml, handle: _Handle) -> float:
    return percent_to_fraction(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)


def _memory_bytes(nvml: _Nvml, handle: _Handle) -> float:
    return float(nvml.nvmlDeviceGetMemoryInfo(handle).used)


def _temperature_c(nvml: _Nvml, handle: _Handle) -> float:
    return float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))


def _sm_clock_hz(nvml: _Nvml, handle: _Handle) -> float:
    return float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM) * HZ_PER_MHZ)


_Reading: TypeAlias = Callable[[_Nvml, _Handle], float]

_READINGS: tuple[tuple[str, Quantity, _Reading], ...] = (
    ("energy_j", "energy_j", _energy_j),
    ("power_w", "power_w", _power_w),
    ("utilization_fraction", "utilization_fraction", _utilization_fraction),
    ("memory_bytes", "memory_bytes", _memory_bytes),
    ("temperature_c", "temperature_c", _temperature_c),
    ("sm_clock_hz", "clock_hz", _sm_clock_hz),
)

_MIG_REASON = "NVML has no energy per MIG instance"
_MIG_REMEDY = "measure on a whole GPU, with MIG mode off (nvidia-smi -mig 0)"


@dataclass(frozen=True, slots=True)
class _Device:
    """One GPU that gives energy, with the readings that work on it."""

    handle: _Handle
    accelerator: Accelerator
    channels: tuple[Channel, ...]
    readings: tuple[_Reading, ...]


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
    """

    name = "nvml"

    def __init__(
        self,
        nvml: _Nvml,
        devices: Sequence[_Device],
        *,
        driver_version: str,
        doubts: tuple[str, ...] = (),
    ) -> None:
        self._nvml = nvml
        self._calls = [(d.handle, reading) for d in devices for reading in d.readings]
        self._closed = False
        self.channels = tuple(c for d in devices for c in d.channels)
        self.accelerators = tuple(d.accelerator for d in devices)
        self.driver_version = driver_version
        self.doubts = doubts
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
            try:
                n_devices = int(nvml.nvmlDeviceGetCount())
                driver_version = str(nvml.nvmlSystemGetDriverVersion())
            except nvml.NVMLError as error:
                raise SensorUnavailableError(
                    f"NVML starts but does not count its GPUs: {error}",
                    "run `nvidia-smi` to see what the driver says",
                ) from error
            devices, doubts = _opened_devices(nvml, n_devices, visible_devices)
            for doubt in doubts:
                warnings.warn(doubt, UserWarning, stacklevel=2)
            sensor = cls(
                nvml, devices, driver_version=driver_version, doubts=tuple(doubts)
            )
            cleanup.pop_all()
        return sensor

    def read(self) -> list[float]:
        """Return one reading per channel in its unit; NaN where NVML gave an error.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the nvml sensor is closed: open another one")
        return [self._read_one(handle, reading) for handle, reading in self._calls]

    def _read_one(self, handle: _Handle, reading: _Reading) -> float:
        try:
            return reading(self._nvml, handle)
        except self._nvml.NVMLError:
            return nan

    def close(self) -> None:
        """Release NVML; a second call does nothing, since others may be using it."""
        if not self._closed:
            self._closed = True
            _shut_down(self._nvml)


def _shut_down(nvml: _Nvml) -> None:
    try:
        nvml.nvmlShutdown()
    except nvml.NVMLError as error:
        # The readings are taken; a driver that went away has nothing left to release.
        warnings.warn(f"NVML does not shut down: {error}", UserWarning, stacklevel=3)


def _started_nvml() -> _Nvml:
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
        nvml.nvmlInit()
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
        ) from error
    except nvml.NVMLError_LibRmVersionMismatch as error:
        raise SensorUnavailableError(
            "the NVIDIA driver was updated while its older part is still loaded",
            "restart the machine",
        ) from error
    except nvml.NVMLError as error:
        raise SensorUnavailableError(
            f"NVML does not start: {error}",
            "run `nvidia-smi` to see what the driver says",
        ) from error
    return nvml


def _opened_devices(
    nvml: _Nvml, n_devices: int, visible_devices: str | None
) -> tuple[list[_Device], list[str]]:
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
    devices, doubts, remedy = [], [], ""
    for index in indices:
        try:
            devices.append(_opened_device(nvml, index))
        except SensorUnavailableError as error:
            doubts.append(f"GPU {index} is not measured: {error.reason}")
            remedy = error.remedy
    if not devices:
        raise SensorUnavailableError("; ".join(doubts), remedy)
    by_number = visible_devices is not None and "GPU-" not in visible_devices
    if by_number and len(indices) < n_devices and _order_is_doubtful(nvml, n_devices):
        doubts.append(
            f"CUDA_VISIBLE_DEVICES={visible_devices!r} numbers unlike GPUs, which CUDA "
            "may count in another order than NVML; set CUDA_DEVICE_ORDER=PCI_BUS_ID "
            "or name the GPUs by UUID (nvidia-smi -L)"
        )
    return devices, doubts


def visible_indices(visible_devices: str, uuids: Sequence[str | None]) -> list[int]:
    """Return the NVML indices that a ``CUDA_VISIBLE_DEVICES`` shows, in its order.

    Parameters
    ----------
    visible_devices : str
        Value of the variable.
    uuids : sequence of str or None
        UUID of every GPU of the machine, in the order of NVML; `None` where unknown.

    Returns
    -------
    list of int
        At least one index.

    Raises
    ------
    SensorUnavailableError
        If no GPU is visible, or an entry names a MIG instance.
    """
    asked = f"CUDA_VISIBLE_DEVICES={visible_devices!r}"
    if not visible_devices.strip():
        raise SensorUnavailableError(
            "CUDA_VISIBLE_DEVICES is empty, which hides all GPUs from this process",
            "unset it, or name the GPUs to use",
        )
    indices: list[int] = []
    for entry in (part.strip() for part in visible_devices.split(",")):
        if entry.startswith("MIG-"):
            raise SensorUnavailableError(
                f"{asked} names a MIG instance: {_MIG_REASON}", _MIG_REMEDY
            )
        index = _index_of(entry, uuids)
        if index is None:
            break
        if index in indices:
            raise SensorUnavailableError(
                f"{asked} names GPU {index} twice, for which CUDA shows no GPU at all",
                "name each GPU once",
            )
        indices.append(index)
    if not indices:
        raise SensorUnavailableError(
            f"{asked} fits none of the {len(uuids)} GPUs",
            "`nvidia-smi -L` lists their indices and UUIDs",
        )
    return indices


def _index_of(entry: str, uuids: Sequence[str | None]) -> int | None:
    """Return the one GPU that an entry names; `None` if it names none or several."""
    if entry.startswith("GPU-"):
        fitting = [i for i, u in enumerate(uuids) if u and u.startswith(entry)]
        return fitting[0] if len(fitting) == 1 else None
    if entry.isdecimal() and int(entry) < len(uuids):
        return int(entry)
    return None


def _order_is_doubtful(nvml: _Nvml, n_devices: int) -> bool:
    """Return whether CUDA, which puts the fastest GPU first, may count otherwise."""
    if os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID":
        return False
    names = {_identity(nvml, "nvmlDeviceGetName", i) for i in range(n_devices)}
    return len(names) > 1


def _opened_device(nvml: _Nvml, index: int) -> _Device:
    """Return one GPU with the channels that work.

    Raises
    ------
    SensorUnavailableError
        If it does not answer, is split by MIG, or gives neither energy nor power.
    """
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
        name = str(nvml.nvmlDeviceGetName(handle))
    except nvml.NVMLError as error:
        raise SensorUnavailableError(f"it does not answer: {error}") from error
    mig_mode = _answer(nvml, "nvmlDeviceGetMigMode", handle)
    if mig_mode is not None and mig_mode[0] == nvml.NVML_DEVICE_MIG_ENABLE:
        raise SensorUnavailableError(f"MIG mode is on: {_MIG_REASON}", _MIG_REMEDY)
    working = [r for r in _READINGS if _works(nvml, handle, r[2])]
    if not {"energy_j", "power_w"} & {quantity for _, quantity, _ in working}:
        raise SensorUnavailableError(
            f"{name} has neither an energy counter nor power readings"
        )
    return _Device(
        handle=handle,
        accelerator=_accelerator(nvml, handle, name),
        channels=tuple(
            Channel(f"gpu{index}_{suffix}", "gpu", quantity, f"gpu{index}")
            for suffix, quantity, _ in working
        ),
        readings=tuple(reading for _, _, reading in working),
    )


def _works(nvml: _Nvml, handle: _Handle, reading: _Reading) -> bool:
    try:
        reading(nvml, handle)
    except nvml.NVMLError:
        return False
    return True


def _accelerator(nvml: _Nvml, handle: _Handle, name: str) -> Accelerator:
    memory = _answer(nvml, "nvmlDeviceGetMemoryInfo", handle)
    limit_mw = _answer(nvml, "nvmlDeviceGetEnforcedPowerLimit", handle)
    return Accelerator(
        name=name,
        vendor="nvidia",
        uuid=_answer(nvml, "nvmlDeviceGetUUID", handle),
        memory_bytes=None if memory is None else int(memory.total),
        power_limit_w=None if limit_mw is None else limit_mw * W_PER_MW,
    )


def _identity(nvml: _Nvml, function: str, index: int) -> str | None:
    """Return name or UUID of a GPU; `None` where it does not answer."""
    handle = _answer(nvml, "nvmlDeviceGetHandleByIndex", index)
    return None if handle is None else _answer(nvml, function, handle)


def _answer(nvml: _Nvml, function: str, argument: _Handle | int) -> _Answer:
    """Return what an NVML function says; `None` where this GPU does not know."""
    try:
        return getattr(nvml, function)(argument)
    except nvml.NVMLError:
        return None
