"""What NVML tells of a GPU: one function per quantity, converted to SI where it enters.

The functions take ``pynvml`` and a device handle and raise what ``pynvml`` raises.
"""

from collections.abc import Callable
from ctypes import byref
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from isojoule.records import Channel, Quantity
from isojoule.units import HZ_PER_MHZ, J_PER_MJ, W_PER_MW, percent_to_fraction

# NVML is a C library behind ctypes: its module, handles and answers carry no types.
Nvml: TypeAlias = Any
Handle: TypeAlias = Any
Reading: TypeAlias = Callable[[Nvml, Handle], float]

GAIN_ERROR_FRACTION: Final = 0.05
"""Systematic error of a board's energy and power.

NVIDIA states +-5 % for older boards; against an external meter five consumer boards
were off by -7.9 to +12.7 %: Yang, Adamek, Armour (2023), arXiv:2312.02741.
"""

AVERAGING_S: Final = 1.0
"""Running mean of ``nvmlDeviceGetPowerUsage`` on Ampere and newer (not GA100) [s]:
comments of the NVML header."""

_GA100 = ("A100", "A800", "A30", "CMP 170HX")
_ENERGY_STEP_J = 1 * J_PER_MJ
_POWER_STEP_W = 1 * W_PER_MW


@dataclass(frozen=True, slots=True)
class Source:
    """One way to read a quantity.

    Parameters
    ----------
    suffix : str
        End of the channel's name.
    quantity : str
        What is read.
    origin : str
        Call or field.
    read : callable
        Returns the reading in the unit of the quantity.
    """

    suffix: str
    quantity: Quantity
    origin: str
    read: Reading

    def channel(self, index: int, *, averaging_s: float | None) -> Channel:
        """Return the channel of GPU `index` that this source fills."""
        metered = self.quantity in {"energy_j", "power_w", "average_power_w"}
        steps = {"energy_j": _ENERGY_STEP_J, "power_w": _POWER_STEP_W}
        return Channel(
            f"gpu{index}_{self.suffix}",
            "gpu",
            self.quantity,
            f"gpu{index}",
            gain_error_fraction=GAIN_ERROR_FRACTION if metered else None,
            averaging_s=averaging_s,
            resolution=steps.get(self.quantity),
            origin=self.origin,
        )


def averages_power(nvml: Nvml, architecture: int, name: str) -> bool:
    """Return whether ``nvmlDeviceGetPowerUsage`` is a running mean on such a GPU."""
    newer = architecture >= nvml.NVML_DEVICE_ARCH_AMPERE
    return newer and not any(part in name for part in _GA100)


def _energy_j(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetTotalEnergyConsumption(handle) * J_PER_MJ)


def _field_w(nvml: Nvml, handle: Handle, field: int) -> float:
    """Return a power field [W].

    Raises
    ------
    NVMLError
        If the GPU does not offer it.
    """
    # The module's own nvmlDeviceGetFieldValues takes half as long again.
    value = nvml.c_nvmlFieldValue_t()
    value.fieldId = field
    code = nvml.nvmlLib.nvmlDeviceGetFieldValues(handle, 1, byref(value))
    if code != nvml.NVML_SUCCESS or value.nvmlReturn != nvml.NVML_SUCCESS:
        raise nvml.NVMLError(code or value.nvmlReturn)
    return float(value.value.uiVal * W_PER_MW)


def _instant_power_w(nvml: Nvml, handle: Handle) -> float:
    return _field_w(nvml, handle, nvml.NVML_FI_DEV_POWER_INSTANT)


def _average_power_w(nvml: Nvml, handle: Handle) -> float:
    return _field_w(nvml, handle, nvml.NVML_FI_DEV_POWER_AVERAGE)


def _power_w(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetPowerUsage(handle) * W_PER_MW)


def _power_limit_w(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetEnforcedPowerLimit(handle) * W_PER_MW)


def _utilization_fraction(nvml: Nvml, handle: Handle) -> float:
    return percent_to_fraction(nvml.nvmlDeviceGetUtilizationRates(handle).gpu)


def _memory_utilization_fraction(nvml: Nvml, handle: Handle) -> float:
    return percent_to_fraction(nvml.nvmlDeviceGetUtilizationRates(handle).memory)


def _memory_bytes(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetMemoryInfo(handle).used)


def _temperature_c(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))


def _sm_clock_hz(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM) * HZ_PER_MHZ)


def _memory_clock_hz(nvml: Nvml, handle: Handle) -> float:
    return float(nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM) * HZ_PER_MHZ)


def _throttle_bits(nvml: Nvml, handle: Handle) -> float:
    try:
        return float(nvml.nvmlDeviceGetCurrentClocksEventReasons(handle))
    except nvml.NVMLError_FunctionNotFound:  # drivers before 535
        return float(nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle))


def _n_processes(nvml: Nvml, handle: Handle) -> float:
    return float(len(nvml.nvmlDeviceGetComputeRunningProcesses(handle)))


COUNTER: Final = Source(
    "energy_j", "energy_j", "nvmlDeviceGetTotalEnergyConsumption", _energy_j
)
INSTANT_POWER: Final = Source(
    "power_w", "power_w", "NVML_FI_DEV_POWER_INSTANT (186)", _instant_power_w
)
POWER_USAGE: Final = Source("power_w", "power_w", "nvmlDeviceGetPowerUsage", _power_w)

EXPLAINING: Final = (
    Source(
        "average_power_w",
        "average_power_w",
        "NVML_FI_DEV_POWER_AVERAGE (185)",
        _average_power_w,
    ),
    Source(
        "power_limit_w",
        "power_limit_w",
        "nvmlDeviceGetEnforcedPowerLimit",
        _power_limit_w,
    ),
    Source(
        "utilization_fraction",
        "utilization_fraction",
        "nvmlDeviceGetUtilizationRates.gpu",
        _utilization_fraction,
    ),
    Source(
        "memory_utilization_fraction",
        "memory_utilization_fraction",
        "nvmlDeviceGetUtilizationRates.memory",
        _memory_utilization_fraction,
    ),
    Source(
        "memory_bytes", "memory_bytes", "nvmlDeviceGetMemoryInfo.used", _memory_bytes
    ),
    Source(
        "temperature_c", "temperature_c", "nvmlDeviceGetTemperature", _temperature_c
    ),
    Source("sm_clock_hz", "clock_hz", "nvmlDeviceGetClockInfo(SM)", _sm_clock_hz),
    Source(
        "memory_clock_hz", "clock_hz", "nvmlDeviceGetClockInfo(MEM)", _memory_clock_hz
    ),
    Source(
        "throttle_bits",
        "throttle_bits",
        "nvmlDeviceGetCurrentClocksEventReasons",
        _throttle_bits,
    ),
    Source(
        "n_processes",
        "n_processes",
        "nvmlDeviceGetComputeRunningProcesses",
        _n_processes,
    ),
)
"""What explains an energy; read once a second at most."""
