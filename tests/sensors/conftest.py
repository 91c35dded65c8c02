"""Machines that this one is not: a fake NVIDIA driver and a fake powercap tree."""
# ruff: noqa: N802 - the names are those of NVML

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pynvml
import pytest

A40_UUID = "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"
OTHER_A40_UUID = "GPU-8932f9aa-03b1-5f6e-9c3f-7d2e1b0a4c55"


@dataclass
class FakeGpu:
    """One GPU; a call named in `errors` raises that error instead of answering."""

    uuid: str = A40_UUID
    name: str = "NVIDIA A40"
    energy_mj: int = 5_000_250
    power_mw: int = 74_500
    mig_enabled: bool = False
    errors: dict[str, type[pynvml.NVMLError]] = field(default_factory=dict)


class FakeNvml(ModuleType):
    """Stands in for `pynvml`: its names and its own error classes, no driver."""

    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVML_CLOCK_SM = pynvml.NVML_CLOCK_SM
    NVML_DEVICE_MIG_ENABLE = pynvml.NVML_DEVICE_MIG_ENABLE

    def __init__(self, gpus, init_error=None):
        super().__init__("pynvml")
        self.gpus = list(gpus)
        self.init_error = init_error
        self.n_started = 0
        for name in dir(pynvml):
            if name.startswith("NVMLError"):
                setattr(self, name, getattr(pynvml, name))

    def _answer(self, gpu, function, value):
        if self.n_started < 1:
            raise pynvml.NVMLError_Uninitialized()
        if function in gpu.errors:
            raise gpu.errors[function]()
        return value

    def nvmlInit(self):
        if self.init_error is not None:
            raise self.init_error()
        self.n_started += 1

    def nvmlShutdown(self):
        if self.n_started < 1:
            raise pynvml.NVMLError_Uninitialized()
        self.n_started -= 1

    def nvmlSystemGetDriverVersion(self):
        return "570.86.15"

    def nvmlDeviceGetCount(self):
        return len(self.gpus)

    def nvmlDeviceGetHandleByIndex(self, index):
        gpu = self.gpus[index]
        return self._answer(gpu, "nvmlDeviceGetHandleByIndex", gpu)

    def nvmlDeviceGetName(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetName", gpu.name)

    def nvmlDeviceGetUUID(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetUUID", gpu.uuid)

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu):
        function = "nvmlDeviceGetTotalEnergyConsumption"
        return self._answer(gpu, function, gpu.energy_mj)

    def nvmlDeviceGetPowerUsage(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetPowerUsage", gpu.power_mw)

    def nvmlDeviceGetUtilizationRates(self, gpu):
        rates = SimpleNamespace(gpu=37, memory=12)
        return self._answer(gpu, "nvmlDeviceGetUtilizationRates", rates)

    def nvmlDeviceGetMemoryInfo(self, gpu):
        info = SimpleNamespace(total=48 * 2**30, free=46 * 2**30, used=2 * 2**30)
        return self._answer(gpu, "nvmlDeviceGetMemoryInfo", info)

    def nvmlDeviceGetTemperature(self, gpu, sensor):
        assert sensor == pynvml.NVML_TEMPERATURE_GPU
        return self._answer(gpu, "nvmlDeviceGetTemperature", 41)

    def nvmlDeviceGetClockInfo(self, gpu, clock):
        assert clock == pynvml.NVML_CLOCK_SM
        return self._answer(gpu, "nvmlDeviceGetClockInfo", 1740)

    def nvmlDeviceGetEnforcedPowerLimit(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetEnforcedPowerLimit", 300_000)

    def nvmlDeviceGetMigMode(self, gpu):
        mode = [int(gpu.mig_enabled), int(gpu.mig_enabled)]
        return self._answer(gpu, "nvmlDeviceGetMigMode", mode)


InstallNvml = Callable[..., FakeNvml]
AddZone = Callable[..., Path]


@pytest.fixture
def install_nvml(monkeypatch) -> InstallNvml:
    """Return a function that puts GPUs into this machine, all visible to CUDA."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)

    def install(*gpus, init_error=None):
        nvml = FakeNvml(gpus, init_error)
        monkeypatch.setitem(sys.modules, "pynvml", nvml)
        return nvml

    return install


@pytest.fixture
def fake_gpu() -> type[FakeGpu]:
    """Return the class of GPUs for `install_nvml`."""
    return FakeGpu


@pytest.fixture
def add_zone(tmp_path) -> AddZone:
    """Return a function that adds a zone to the powercap tree in `tmp_path`."""

    def add(zone_id, name, energy_uj=0, range_uj=262_143_328_850):
        folder = tmp_path / zone_id
        folder.mkdir()
        (folder / "name").write_text(f"{name}\n")
        (folder / "energy_uj").write_text(f"{energy_uj}\n")
        (folder / "max_energy_range_uj").write_text(f"{range_uj}\n")
        return folder

    return add
