import subprocess
import sys
from math import isnan
from pathlib import Path

import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator
from isojoule.sensors.amd import AmdSensor

FIRST, SECOND = "0000:03:00.0", "0000:c1:00.0"
# 100 J in steps of 2^-16 J
STEPS = 100 * 2**16

APU_HEADER = bytes([128, 0, 2, 3]) + bytes(124)
CARD_HEADER = bytes([120, 0, 1, 3]) + bytes(116)


def opened(sysfs, **environ):
    return AmdSensor.open(sysfs, environ=environ)


def readings_of(sensor, quantities=None):
    names = (channel.name for channel in sensor.channels)
    return dict(zip(names, sensor.read(quantities), strict=True))


def test_every_file_of_the_driver_is_read_in_our_units(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: STEPS})
    sensor = opened(sysfs)
    assert readings_of(sensor) == pytest.approx(
        {
            "amdgpu0_energy_j": 100.0,
            "amdgpu0_power_w": 180.0,
            "amdgpu0_power_limit_w": 300.0,
            "amdgpu0_utilization_fraction": 0.42,
            "amdgpu0_memory_utilization_fraction": 0.07,
            "amdgpu0_memory_bytes": 2.0 * 2**30,
            "amdgpu0_temperature_c": 54.0,
            "amdgpu0_shader_clock_hz": 1.7e9,
            "amdgpu0_memory_clock_hz": 1.6e9,
        }
    )
    assert sensor.quantity == "energy_j"
    assert {channel.component for channel in sensor.channels} == {"gpu"}
    sensor.close()


def test_instant_power_is_preferred_and_the_mean_stands_beside_it(
    add_amd_gpu, install_amdsmi, sysfs
):
    readings = {"power1_average": 180_000_000, "power1_input": 210_500_000}
    add_amd_gpu(FIRST, readings=readings)
    install_amdsmi({})
    sensor = opened(sysfs)
    power, average = sensor.channels[0], sensor.channels[1]
    assert (power.name, average.name) == ("amdgpu0_power_w", "amdgpu0_average_power_w")
    assert Path(power.origin).name == "power1_input"
    assert sensor.read()[:2] == pytest.approx([210.5, 180.0])
    sensor.close()


def test_the_hot_spot_serves_where_there_is_no_edge(add_amd_gpu, install_amdsmi, sysfs):
    add_amd_gpu(FIRST, readings={"power1_input": 1_000_000, "temp2_input": 71_500})
    install_amdsmi({})
    sensor = opened(sysfs)
    assert readings_of(sensor)["amdgpu0_temperature_c"] == pytest.approx(71.5)
    sensor.close()


def test_counters_of_all_gpus_come_first_and_can_be_read_alone(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, node=1)
    add_amd_gpu(SECOND, node=2)
    install_amdsmi({FIRST: STEPS, SECOND: 2 * STEPS})
    sensor = opened(sysfs)
    names = [channel.name for channel in sensor.channels]
    assert names[:4] == [
        "amdgpu0_energy_j",
        "amdgpu1_energy_j",
        "amdgpu0_power_w",
        "amdgpu1_power_w",
    ]
    readings = sensor.read({"energy_j"})
    assert readings[:2] == pytest.approx([100.0, 200.0])
    assert all(isnan(reading) for reading in readings[2:])
    sensor.close()


def test_older_libraries_call_the_counter_power(add_amd_gpu, install_amdsmi, sysfs):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: STEPS}, key="power")
    sensor = opened(sysfs)
    assert readings_of(sensor)["amdgpu0_energy_j"] == pytest.approx(100.0)
    assert sensor.channels[0].origin == "amdsmi_get_energy_count"
    sensor.close()


@pytest.mark.parametrize("steps", [None, 0, "N/A"])
def test_a_gpu_without_a_counter_gives_power(add_amd_gpu, install_amdsmi, sysfs, steps):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: steps})
    sensor = opened(sysfs)
    assert "amdgpu0_energy_j" not in readings_of(sensor)
    assert sensor.quantity == "power_w"
    sensor.close()


def test_without_amdsmi_the_driver_gives_power(
    add_amd_gpu, install_amdsmi, sysfs, monkeypatch
):
    add_amd_gpu(FIRST)
    install_amdsmi({})
    monkeypatch.setitem(sys.modules, "amdsmi", None)
    sensor = opened(sysfs)
    assert sensor.quantity == "power_w"
    assert "pip install 'isojoule[amd]'" in sensor.doubts[-1]
    sensor.close()


def test_an_amdsmi_without_its_library_is_silent_and_told(
    add_amd_gpu, sysfs, tmp_path, monkeypatch, capfd
):
    add_amd_gpu(FIRST)
    # As the package on PyPI behaves on a machine without ROCm.
    (tmp_path / "amdsmi.py").write_text("print('cannot open'); {}['libamd_smi.so']\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "amdsmi", raising=False)
    sensor = opened(sysfs)
    assert "finds no ROCm library" in sensor.doubts[-1]
    assert readings_of(sensor)["amdgpu0_power_w"] == pytest.approx(180.0)
    assert capfd.readouterr() == ("", "")
    sensor.close()


def test_an_amdsmi_that_does_not_start_is_told(add_amd_gpu, install_amdsmi, sysfs):
    add_amd_gpu(FIRST)
    smi = install_amdsmi({FIRST: STEPS})
    smi.init_error = smi.AmdSmiException("Error code:\n\t34 | DRIVER_NOT_LOADED")
    sensor = opened(sysfs)
    assert "does not start: Error code: 34 | DRIVER_NOT_LOADED" in sensor.doubts[-1]
    assert sensor.quantity == "power_w"
    sensor.close()


def test_the_library_is_left_to_the_frameworks_of_the_process(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST)
    smi = install_amdsmi({FIRST: STEPS})
    opened(sysfs).close()
    assert (smi.n_started, smi.n_shut_down) == (1, 0)


def test_the_second_die_of_a_card_is_left_out_and_told(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, node=1)
    add_amd_gpu(SECOND, node=2, readings={"power1_average": 0})
    install_amdsmi(
        {FIRST: STEPS, SECOND: 0},
        names={FIRST: "AMD Instinct MI250X", SECOND: "AMD Instinct MI250X"},
    )
    sensor = opened(sysfs)
    assert {channel.device for channel in sensor.channels} == {"amdgpu0"}
    _, extent, absence = sensor.doubts
    assert extent == "The figures of amdgpu0 are of both dies of the card."
    assert absence.startswith("amdgpu1 is not measured: its power reads 0 W")
    sensor.close()


def test_a_process_with_the_second_die_alone_has_no_energy(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, node=1)
    add_amd_gpu(SECOND, node=2, readings={"power1_average": 0})
    install_amdsmi({})
    with pytest.raises(SensorUnavailableError, match="second die of a card"):
        opened(sysfs, HIP_VISIBLE_DEVICES="1")


def test_the_graphics_of_a_cpu_are_not_counted_beside_the_cpu(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, node=1, gpu_metrics=CARD_HEADER)
    add_amd_gpu(SECOND, node=2, gpu_metrics=APU_HEADER)
    install_amdsmi({FIRST: STEPS, SECOND: STEPS})
    sensor = opened(sysfs)
    assert {channel.device for channel in sensor.channels} == {"amdgpu0"}
    assert "amdgpu1 is part of the CPU" in sensor.doubts[1]
    sensor.close()


def test_a_machine_with_such_graphics_alone_never_starts_the_library(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, gpu_metrics=APU_HEADER)
    smi = install_amdsmi({FIRST: STEPS})
    with pytest.raises(SensorUnavailableError, match="which the rapl sensor counts"):
        opened(sysfs)
    assert smi.n_started == 0


def test_a_module_with_cpu_cores_warns_of_counting_them_twice(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, gpu_metrics=CARD_HEADER)
    install_amdsmi({FIRST: STEPS}, names={FIRST: "AMD Instinct MI300A"})
    sensor = opened(sysfs)
    assert "do not add the energy of the CPU" in sensor.doubts[1]
    sensor.close()


def test_a_card_in_partitions_is_measured_whole_and_told(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, node=1)
    add_amd_gpu.node(2, FIRST)
    install_amdsmi({FIRST: STEPS})
    sensor = opened(sysfs)
    assert sensor.read()[0] == pytest.approx(100.0)
    assert sensor.doubts[1] == "The figures of amdgpu0 are of all of its 2 partitions."
    sensor.close()


def test_a_card_that_sleeps_is_read_once_it_wakes(add_amd_gpu, install_amdsmi, sysfs):
    folder = add_amd_gpu(FIRST, readings={"power1_average": ""})
    (folder / "power").mkdir()
    (folder / "power/runtime_status").write_text("suspended\n")
    install_amdsmi({FIRST: None})
    sensor = opened(sysfs)
    assert isnan(readings_of(sensor)["amdgpu0_power_w"])
    assert "amdgpu0 was asleep" in sensor.doubts[1]
    (folder / "hwmon/hwmon5/power1_average").write_text("90000000\n")
    assert readings_of(sensor)["amdgpu0_power_w"] == pytest.approx(90.0)
    sensor.close()


def test_a_card_with_neither_energy_nor_power_is_unavailable(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST, readings={"power1_average": "", "temp1_input": 40_000})
    install_amdsmi({})
    with pytest.raises(SensorUnavailableError, match="neither its energy nor its pow"):
        opened(sysfs)


def test_another_chip_on_the_card_is_no_source(add_amd_gpu, install_amdsmi, sysfs):
    folder = add_amd_gpu(FIRST)
    (folder / "hwmon/hwmon5/name").write_text("ina3221\n")
    install_amdsmi({FIRST: STEPS})
    sensor = opened(sysfs)
    assert [channel.quantity for channel in sensor.channels] == ["energy_j"]
    sensor.close()


def test_readings_that_fail_are_nan(add_amd_gpu, install_amdsmi, sysfs):
    folder = add_amd_gpu(FIRST)
    smi = install_amdsmi({FIRST: STEPS})
    sensor = opened(sysfs)
    smi.counters[FIRST] = None
    (folder / "hwmon/hwmon5/power1_average").write_text("")
    readings = readings_of(sensor)
    assert isnan(readings["amdgpu0_energy_j"])
    assert isnan(readings["amdgpu0_power_w"])
    assert readings["amdgpu0_temperature_c"] == pytest.approx(54.0)
    sensor.close()


def test_the_accelerator_is_described(add_amd_gpu, install_amdsmi, sysfs):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: STEPS}, names={FIRST: "AMD Instinct MI210"})
    (sysfs / "module/amdgpu").mkdir(parents=True)
    (sysfs / "module/amdgpu/version").write_text("6.10.5\n")
    sensor = opened(sysfs)
    assert sensor.accelerators == (
        Accelerator(
            name="AMD Instinct MI210",
            vendor="amd",
            uuid="GPU-8f3a11c0de000001",
            memory_bytes=64 * 2**30,
            power_limit_w=pytest.approx(300.0),
        ),
    )
    assert sensor.driver_version == "6.10.5"
    sensor.close()


@pytest.mark.parametrize(
    ("product", "name"), [("Instinct MI100", "Instinct MI100"), ("", "AMD GPU 0x740f")]
)
def test_without_amdsmi_the_driver_names_the_card(
    add_amd_gpu, install_amdsmi, sysfs, product, name
):
    add_amd_gpu(FIRST, product_name=product)
    install_amdsmi({})
    sensor = opened(sysfs)
    assert sensor.accelerators[0].name == name
    assert sensor.driver_version is None
    sensor.close()


def test_the_record_says_that_it_was_not_run_on_hardware(
    add_amd_gpu, install_amdsmi, sysfs
):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: STEPS})
    sensor = opened(sysfs)
    (doubt,) = sensor.doubts
    assert "not yet run on hardware" in doubt
    sensor.close()


def test_no_file_stays_open(add_amd_gpu, install_amdsmi, sysfs):
    def n_open():
        return len([*Path("/proc/self/fd").glob("*")])

    add_amd_gpu(FIRST, node=1)
    add_amd_gpu(SECOND, node=2, readings={"power1_average": 0})
    install_amdsmi({FIRST: STEPS})
    n_before = n_open()
    opened(sysfs).close()
    with pytest.raises(SensorUnavailableError):
        opened(sysfs, HIP_VISIBLE_DEVICES="1")
    assert n_open() == n_before


def test_the_variables_of_this_process_count(
    add_amd_gpu, install_amdsmi, sysfs, monkeypatch
):
    add_amd_gpu(FIRST)
    install_amdsmi({FIRST: STEPS})
    monkeypatch.setenv("HIP_VISIBLE_DEVICES", "")
    with pytest.raises(SensorUnavailableError, match="HIP_VISIBLE_DEVICES=''"):
        AmdSensor.open(sysfs)


def test_on_a_machine_without_amd_gpus_opening_imports_nothing(tmp_path):
    program = (
        "import pathlib, sys\n"
        "from isojoule.errors import SensorUnavailableError\n"
        "from isojoule.sensors.amd import AmdSensor\n"
        "try:\n"
        f"    AmdSensor.open(pathlib.Path({str(tmp_path)!r}))\n"
        "except SensorUnavailableError:\n"
        "    assert 'amdsmi' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("", "")
