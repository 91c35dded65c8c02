import os
import shutil
import sys
from math import isnan, nan

import pynvml
import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator
from isojoule.sensors.nvml import NvmlSensor, visible_indices

UUIDS = (
    "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6",
    "GPU-8932f9aa-03b1-5f6e-9c3f-7d2e1b0a4c55",
    "GPU-1b2c3d4e-5f60-4a7b-8c9d-0e1f2a3b4c5d",
)
MIG_UUID = "MIG-3a1b2c3d-4e5f-5a6b-9c8d-7e6f5a4b3c2d"
ENERGY = "nvmlDeviceGetTotalEnergyConsumption"
POWER = "nvmlDeviceGetPowerUsage"
UNSUPPORTED = pynvml.NVMLError_NotSupported


def devices_of(sensor):
    return list(dict.fromkeys(channel.device for channel in sensor.channels))


def test_read_gives_every_quantity_in_its_si_unit(install_nvml, fake_gpu):
    install_nvml(fake_gpu(energy_mj=5_000_250, power_mw=74_500))
    sensor = NvmlSensor.open()
    readings = dict(zip((c.name for c in sensor.channels), sensor.read(), strict=True))
    assert readings == {
        "gpu0_energy_j": pytest.approx(5000.25),
        "gpu0_power_w": pytest.approx(74.5),
        "gpu0_power_limit_w": pytest.approx(300.0),
        "gpu0_utilization_fraction": pytest.approx(0.37),
        "gpu0_memory_utilization_fraction": pytest.approx(0.12),
        "gpu0_memory_bytes": 2 * 1024**3,
        "gpu0_temperature_c": 41.0,
        "gpu0_sm_clock_hz": pytest.approx(1.74e9),
        "gpu0_memory_clock_hz": pytest.approx(7.251e9),
        "gpu0_throttle_bits": 4.0,
        "gpu0_n_processes": 1.0,
    }
    assert sensor.quantity == "energy_j"


def test_open_describes_the_gpus_and_the_driver(install_nvml, fake_gpu):
    install_nvml(fake_gpu(uuid=UUIDS[0]))
    sensor = NvmlSensor.open()
    assert sensor.accelerators == (
        Accelerator("NVIDIA A40", "nvidia", UUIDS[0], 48 * 1024**3, 300.0),
    )
    assert sensor.driver_version == "570.86.15"


def test_a_gpu_without_memory_and_limit_has_none_of_them(install_nvml, fake_gpu):
    unknown = ("nvmlDeviceGetMemoryInfo", "nvmlDeviceGetEnforcedPowerLimit")
    install_nvml(fake_gpu(uuid=UUIDS[0], errors=dict.fromkeys(unknown, UNSUPPORTED)))
    sensor = NvmlSensor.open()
    assert sensor.accelerators == (Accelerator("NVIDIA A40", "nvidia", UUIDS[0]),)
    assert "gpu0_memory_bytes" not in [c.name for c in sensor.channels]


def test_one_gpu_without_the_counter_makes_the_quantity_power(install_nvml, fake_gpu):
    install_nvml(fake_gpu(), fake_gpu(errors={ENERGY: UNSUPPORTED}))
    sensor = NvmlSensor.open()
    names = [channel.name for channel in sensor.channels]
    assert sensor.quantity == "power_w"
    assert "gpu0_energy_j" in names
    assert "gpu1_energy_j" not in names
    assert "gpu1_power_w" in names


def test_a_call_that_fails_later_reads_nan_and_only_there(install_nvml, fake_gpu):
    gpu = fake_gpu(power_mw=74_500)
    install_nvml(gpu)
    sensor = NvmlSensor.open()
    gpu.errors[ENERGY] = pynvml.NVMLError_Unknown
    energy_j, power_w = sensor.read()[:2]
    assert isnan(energy_j)
    assert power_w == pytest.approx(74.5)


def test_a_lost_gpu_reads_nan_everywhere(install_nvml, fake_gpu):
    gpu = fake_gpu()
    install_nvml(gpu)
    sensor = NvmlSensor.open()
    calls = [name for name in dir(pynvml) if name.startswith("nvmlDeviceGet")]
    gpu.errors.update(dict.fromkeys(calls, pynvml.NVMLError_GpuIsLost))
    readings = sensor.read()
    assert readings == pytest.approx([nan] * len(sensor.channels), nan_ok=True)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (pynvml.NVMLError_LibraryNotFound, "no NVIDIA driver library"),
        (pynvml.NVMLError_DriverNotLoaded, "installed but not loaded"),
        (pynvml.NVMLError_LibRmVersionMismatch, "restart the machine"),
        (pynvml.NVMLError_NoPermission, "Insufficient Permissions"),
    ],
)
def test_open_says_in_words_why_nvml_does_not_start(install_nvml, error, words):
    install_nvml(init_error=error)
    with pytest.raises(SensorUnavailableError, match=words) as caught:
        NvmlSensor.open()
    assert caught.value.remedy


def test_open_names_the_package_that_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    with pytest.raises(SensorUnavailableError, match="pip install nvidia-ml-py"):
        NvmlSensor.open()


def test_a_driver_without_gpus_is_unavailable_and_released(install_nvml):
    nvml = install_nvml()
    with pytest.raises(SensorUnavailableError, match="sees no GPU"):
        NvmlSensor.open()
    assert nvml.n_started == 0


def test_a_gpu_without_any_energy_is_unavailable(install_nvml, fake_gpu):
    install_nvml(fake_gpu(errors={ENERGY: UNSUPPORTED, POWER: UNSUPPORTED}))
    with pytest.raises(SensorUnavailableError, match="neither an energy counter nor"):
        NvmlSensor.open()


def test_the_environment_chooses_the_gpus(install_nvml, fake_gpu, monkeypatch):
    install_nvml(*(fake_gpu(uuid=uuid) for uuid in UUIDS))
    assert devices_of(NvmlSensor.open()) == ["gpu0", "gpu1", "gpu2"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", UUIDS[2])
    assert devices_of(NvmlSensor.open()) == ["gpu2"]


@pytest.mark.parametrize(
    ("visible_devices", "indices"),
    [
        ("0", [0]),
        ("2,1", [2, 1]),
        (" 1 , 0 ", [1, 0]),
        (UUIDS[1], [1]),
        (f"{UUIDS[2]},{UUIDS[0]}", [2, 0]),
        ("GPU-1b2c", [2]),
        ("GPU-8932f93", [0]),
        ("0,2,-1,1", [0, 2]),
        ("0,7,1", [0]),
        ("1,", [1]),
        ("GPU-1b,GPU-8932f9,GPU-8932f93", [2]),
    ],
)
def test_visible_devices_are_read_as_cuda_reads_them(visible_devices, indices):
    assert visible_indices(visible_devices, UUIDS) == indices


@pytest.mark.parametrize(
    ("visible_devices", "words"),
    [
        ("", "is empty"),
        ("-1", "fits none of the 3 GPUs"),
        ("NoDevFiles", "fits none"),
        ("GPU-8932f9", "fits none"),
        ("1,1", "names GPU 1 twice"),
        (f"1,{UUIDS[1]}", "names GPU 1 twice"),
        (MIG_UUID, "no energy per MIG instance"),
        (f"MIG-{UUIDS[0]}/1/0", "no energy per MIG instance"),
    ],
)
def test_visible_devices_that_show_no_gpu_are_refused(visible_devices, words):
    with pytest.raises(SensorUnavailableError, match=words):
        visible_indices(visible_devices, UUIDS)


def test_a_gpu_whose_uuid_is_unknown_can_be_chosen_by_index(install_nvml, fake_gpu):
    install_nvml(fake_gpu(errors={"nvmlDeviceGetUUID": UNSUPPORTED}))
    assert devices_of(NvmlSensor.open(visible_devices="0")) == ["gpu0"]


def test_a_gpu_in_mig_mode_is_left_out_with_a_warning(install_nvml, fake_gpu):
    install_nvml(fake_gpu(mig_enabled=True), fake_gpu(uuid=UUIDS[1]))
    with pytest.warns(UserWarning, match="GPU 0 is not measured: MIG mode is on"):
        sensor = NvmlSensor.open()
    assert devices_of(sensor) == ["gpu1"]
    assert len(sensor.doubts) == 1


def test_only_gpus_in_mig_mode_are_unavailable_and_released(install_nvml, fake_gpu):
    nvml = install_nvml(fake_gpu(mig_enabled=True))
    with pytest.raises(SensorUnavailableError, match="MIG mode is on") as caught:
        NvmlSensor.open()
    assert "MIG mode off" in caught.value.remedy
    assert nvml.n_started == 0


def test_a_gpu_that_does_not_know_mig_is_measured(install_nvml, fake_gpu):
    install_nvml(fake_gpu(errors={"nvmlDeviceGetMigMode": UNSUPPORTED}))
    assert devices_of(NvmlSensor.open()) == ["gpu0"]


def test_a_gpu_that_does_not_answer_is_left_out_with_a_warning(install_nvml, fake_gpu):
    lost = {"nvmlDeviceGetHandleByIndex": pynvml.NVMLError_GpuIsLost}
    install_nvml(fake_gpu(errors=lost), fake_gpu(uuid=UUIDS[1]))
    with pytest.warns(UserWarning, match="GPU 0 is not measured: it does not answer"):
        assert devices_of(NvmlSensor.open()) == ["gpu1"]


def test_indices_into_unlike_gpus_are_doubted(install_nvml, fake_gpu):
    install_nvml(fake_gpu(name="NVIDIA T4"), fake_gpu(uuid=UUIDS[1]))
    with pytest.warns(UserWarning, match="CUDA_DEVICE_ORDER=PCI_BUS_ID"):
        NvmlSensor.open(visible_devices="0")


@pytest.mark.parametrize("visible_devices", ["0,1", UUIDS[0]])
def test_all_gpus_or_uuids_are_not_doubted(install_nvml, fake_gpu, visible_devices):
    install_nvml(fake_gpu(name="NVIDIA T4", uuid=UUIDS[0]), fake_gpu(uuid=UUIDS[1]))
    assert NvmlSensor.open(visible_devices=visible_devices).doubts == ()


def test_indices_in_the_order_of_the_bus_are_not_doubted(
    install_nvml, fake_gpu, monkeypatch
):
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    install_nvml(fake_gpu(name="NVIDIA T4"), fake_gpu(uuid=UUIDS[1]))
    assert NvmlSensor.open(visible_devices="0").doubts == ()


def test_closing_one_sensor_twice_leaves_the_other_one_reading(install_nvml, fake_gpu):
    nvml = install_nvml(fake_gpu())
    first, second = NvmlSensor.open(), NvmlSensor.open()
    first.close()
    first.close()
    assert nvml.n_started == 1
    assert second.read()[1] == pytest.approx(74.5)


@pytest.mark.gpu
@pytest.mark.skipif(shutil.which("nvidia-smi") is None, reason="no nvidia-smi here")
def test_a_real_gpu_draws_a_plausible_power():
    sensor = NvmlSensor.open(visible_devices=os.environ.get("CUDA_VISIBLE_DEVICES"))
    readings = dict(zip((c.name for c in sensor.channels), sensor.read(), strict=True))
    sensor.close()
    powers_w = [w for name, w in readings.items() if name.endswith("_power_w")]
    assert powers_w
    assert all(1 < power_w < 2000 for power_w in powers_w)


def test_instant_power_is_preferred_and_the_average_kept_beside_it(
    install_nvml, fake_gpu
):
    install_nvml(fake_gpu(power_mw=74_500, fields_mw={185: 80_000, 186: 120_000}))
    sensor = NvmlSensor.open()
    readings = dict(zip((c.name for c in sensor.channels), sensor.read(), strict=True))
    assert readings["gpu0_power_w"] == pytest.approx(120.0)
    assert readings["gpu0_average_power_w"] == pytest.approx(80.0)
    power = next(c for c in sensor.channels if c.name == "gpu0_power_w")
    assert power.averaging_s is None
    assert "186" in power.origin


@pytest.mark.parametrize(
    ("name", "architecture", "averaging_s"),
    [
        ("NVIDIA A40", pynvml.NVML_DEVICE_ARCH_AMPERE, 1.0),
        ("NVIDIA H200", pynvml.NVML_DEVICE_ARCH_HOPPER, 1.0),
        ("NVIDIA A100-SXM4-80GB", pynvml.NVML_DEVICE_ARCH_AMPERE, None),
        ("Tesla V100-SXM2-16GB", pynvml.NVML_DEVICE_ARCH_VOLTA, None),
    ],
)
def test_a_plain_power_reading_is_an_average_on_newer_gpus(
    install_nvml, fake_gpu, name, architecture, averaging_s
):
    install_nvml(fake_gpu(name=name, architecture=architecture))
    power = next(c for c in NvmlSensor.open().channels if c.quantity == "power_w")
    assert power.averaging_s == averaging_s


def test_counters_alone_can_be_asked_for_and_come_first(install_nvml, fake_gpu):
    install_nvml(fake_gpu(), fake_gpu(uuid=UUIDS[1]))
    sensor = NvmlSensor.open()
    assert [c.name for c in sensor.channels[:2]] == ["gpu0_energy_j", "gpu1_energy_j"]
    readings = sensor.read({"energy_j"})
    assert readings[:2] == pytest.approx([5000.25, 5000.25])
    assert all(isnan(reading) for reading in readings[2:])


def test_a_call_that_fails_once_in_passing_keeps_its_channel(install_nvml, fake_gpu):
    nvml = install_nvml(fake_gpu())
    plain, failures = nvml.nvmlDeviceGetTotalEnergyConsumption, [1]

    def flaky(gpu):
        if failures:
            failures.pop()
            raise pynvml.NVMLError_Timeout()
        return plain(gpu)

    nvml.nvmlDeviceGetTotalEnergyConsumption = flaky
    assert NvmlSensor.open().quantity == "energy_j"


def test_a_gpu_that_cannot_be_read_is_named_as_left_out(install_nvml, fake_gpu):
    install_nvml(fake_gpu(), fake_gpu(uuid=UUIDS[1], mig_enabled=True))
    with pytest.warns(UserWarning, match="GPU 1 is not measured"):
        assert NvmlSensor.open().left_out == ("GPU 1",)


def test_a_module_is_told_of(install_nvml, fake_gpu):
    install_nvml(fake_gpu(name="NVIDIA GH200 480GB"))
    with pytest.warns(UserWarning, match="whole module"):
        sensor = NvmlSensor.open()
    assert "add no CPU energy" in sensor.doubts[0]


def test_each_rank_measures_its_own_gpu(install_nvml, fake_gpu, monkeypatch):
    install_nvml(fake_gpu(), fake_gpu(uuid=UUIDS[1]))
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.warns(UserWarning, match="its share"):
        sensor = NvmlSensor.open()
    assert devices_of(sensor) == ["gpu1"]
