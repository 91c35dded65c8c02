"""Machines that this one is not: fake drivers, packages and trees of the kernel."""
# ruff: noqa: N802, N815 - the names are those of NVML

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pynvml
import pytest

from isojoule.sensors import apple

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
    architecture: int = pynvml.NVML_DEVICE_ARCH_AMPERE
    fields_mw: dict[int, int] = field(default_factory=dict)
    errors: dict[str, type[pynvml.NVMLError]] = field(default_factory=dict)


class FakeNvml(ModuleType):
    """Stands in for `pynvml`: its names and its own error classes, no driver."""

    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVML_CLOCK_SM = pynvml.NVML_CLOCK_SM
    NVML_CLOCK_MEM = pynvml.NVML_CLOCK_MEM
    NVML_SUCCESS = pynvml.NVML_SUCCESS
    c_nvmlFieldValue_t = pynvml.c_nvmlFieldValue_t
    NVML_FI_DEV_POWER_AVERAGE = pynvml.NVML_FI_DEV_POWER_AVERAGE
    NVML_FI_DEV_POWER_INSTANT = pynvml.NVML_FI_DEV_POWER_INSTANT
    NVML_DEVICE_ARCH_AMPERE = pynvml.NVML_DEVICE_ARCH_AMPERE
    NVML_DEVICE_MIG_ENABLE = pynvml.NVML_DEVICE_MIG_ENABLE

    def __init__(self, gpus, init_error=None):
        super().__init__("pynvml")
        self.gpus = list(gpus)
        self.init_error = init_error
        self.n_started = 0
        self.nvmlLib = SimpleNamespace(nvmlDeviceGetFieldValues=self._field_values)
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
        mhz = {pynvml.NVML_CLOCK_SM: 1740, pynvml.NVML_CLOCK_MEM: 7251}[clock]
        return self._answer(gpu, "nvmlDeviceGetClockInfo", mhz)

    def nvmlDeviceGetArchitecture(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetArchitecture", gpu.architecture)

    def _field_values(self, gpu, n_values, reference):
        """The C function itself, which fills a struct and returns a code."""
        assert n_values == 1
        try:
            self._answer(gpu, "nvmlDeviceGetFieldValues", None)
        except pynvml.NVMLError as error:
            return error.value
        value = reference._obj
        known = value.fieldId in gpu.fields_mw
        value.nvmlReturn = 0 if known else pynvml.NVML_ERROR_NOT_SUPPORTED
        value.value.uiVal = gpu.fields_mw.get(value.fieldId, 0)
        return pynvml.NVML_SUCCESS

    def nvmlDeviceGetCurrentClocksEventReasons(self, gpu):
        return self._answer(gpu, "nvmlDeviceGetCurrentClocksEventReasons", 4)

    def nvmlDeviceGetComputeRunningProcesses(self, gpu):
        processes = [SimpleNamespace(pid=1234)]
        return self._answer(gpu, "nvmlDeviceGetComputeRunningProcesses", processes)

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


class FakeSmiError(Exception):
    """What every call of the fake amdsmi raises, under its name there."""


class FakeAmdSmi(ModuleType):
    """Stands in for `amdsmi`: `counters` has the steps of 2^-16 J by PCI address."""

    AmdSmiException = FakeSmiError

    def __init__(self, counters, names=None, key="energy_accumulator"):
        super().__init__("amdsmi")
        self.counters = dict(counters)
        self.names = names or {}
        self.key = key
        self.init_error = None
        self.n_started = self.n_shut_down = 0

    def amdsmi_init(self):
        if self.init_error is not None:
            raise self.init_error
        self.n_started += 1

    def amdsmi_shut_down(self):
        self.n_shut_down += 1

    def amdsmi_get_processor_handle_from_bdf(self, address):
        if address not in self.counters:
            raise FakeSmiError("AMDSMI_STATUS_NOT_FOUND")
        return address

    def amdsmi_get_energy_count(self, handle):
        if self.counters[handle] is None:
            raise FakeSmiError("AMDSMI_STATUS_NOT_SUPPORTED")
        steps = self.counters[handle]
        return {self.key: steps, "counter_resolution": 2**-16 * 1e6, "timestamp": 1}

    def amdsmi_get_gpu_asic_info(self, handle):
        if handle not in self.names:
            raise FakeSmiError("AMDSMI_STATUS_NOT_SUPPORTED")
        return {"market_name": self.names[handle]}


AddAmdGpu = Callable[..., Path]

AMD_READINGS = {
    "power1_average": 180_000_000,
    "power1_cap": 300_000_000,
    "temp1_input": 54_000,
    "freq1_input": 1_700_000_000,
    "freq2_input": 1_600_000_000,
}
AMD_FILES = {
    "unique_id": "8f3a11c0de000001",
    "device": "0x740f",
    "gpu_busy_percent": 42,
    "mem_busy_percent": 7,
    "mem_info_vram_used": 2 * 2**30,
    "mem_info_vram_total": 64 * 2**30,
}


@pytest.fixture
def sysfs(tmp_path) -> Path:
    """Return the folder that stands for ``/sys`` on a machine with AMD GPUs."""
    return tmp_path / "sys"


@pytest.fixture
def add_amd_gpu(sysfs) -> AddAmdGpu:
    """Return a function that adds an AMD GPU, as its driver shows it, to `sysfs`."""

    def add(address="0000:03:00.0", *, node=1, readings=None, **files):
        folder = sysfs / "bus/pci/drivers/amdgpu" / address
        hwmon = folder / "hwmon/hwmon5"
        hwmon.mkdir(parents=True)
        (hwmon / "device").symlink_to("../..")
        (hwmon / "name").write_text("amdgpu\n")
        for name, value in (AMD_READINGS if readings is None else readings).items():
            (hwmon / name).write_text(f"{value}\n")
        for name, value in (AMD_FILES | files).items():
            if isinstance(value, bytes):
                (folder / name).write_bytes(value)
            elif value is not None:
                (folder / name).write_text(f"{value}\n")
        if node is not None:
            add_node(node, address)
        return folder

    def add_node(node, address):
        domain, bus, rest = address.split(":")
        device, function = rest.split(".")
        location = int(bus, 16) << 8 | int(device, 16) << 3 | int(function)
        properties = sysfs / f"class/kfd/kfd/topology/nodes/{node}/properties"
        properties.parent.mkdir(parents=True)
        properties.write_text(
            "cpu_cores_count 0\nsimd_count 416\n"
            f"location_id {location}\ndomain {int(domain, 16)}\n"
        )

    add.node = add_node
    return add


@pytest.fixture
def install_amdsmi(monkeypatch) -> Callable[..., FakeAmdSmi]:
    """Return a function that installs amdsmi with counters by PCI address."""
    for name in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    def install(counters, **options):
        smi = FakeAmdSmi(counters, **options)
        monkeypatch.setitem(sys.modules, "amdsmi", smi)
        return smi

    return install


class FakeAppleMonitor:
    """Stands in for `AppleEnergyMonitor`; what is not in `values_mj` is `None`."""

    def __init__(self, values_mj):
        self.values_mj = values_mj
        self.read_error = None

    def get_cumulative_energy(self):
        if self.read_error is not None:
            raise self.read_error
        fields = ("cpu_total_mj", "gpu_mj", "gpu_sram_mj", "dram_mj", "ane_mj")
        return SimpleNamespace(**{f: self.values_mj.get(f) for f in fields})


@pytest.fixture
def install_apple(monkeypatch) -> Callable[..., FakeAppleMonitor]:
    """Return a function that makes this machine a Mac with the counters given."""

    def install(*, init_error=None, **values_mj):
        monitor = FakeAppleMonitor(values_mj)

        def start():
            if init_error is not None:
                raise init_error
            return monitor

        package = ModuleType("zeus_apple_silicon")
        package.AppleEnergyMonitor = start
        monkeypatch.setitem(sys.modules, "zeus_apple_silicon", package)
        mac = SimpleNamespace(system=lambda: "Darwin", machine=lambda: "arm64")
        monkeypatch.setattr(apple, "platform", mac)
        monkeypatch.setattr(apple, "_chip_name", lambda: "Apple M2 Max")
        return monitor

    return install
