import subprocess
import sys
from math import isnan
from types import SimpleNamespace

import pytest

from isojoule.errors import SensorUnavailableError
from isojoule.records import Accelerator
from isojoule.sensors import apple
from isojoule.sensors.apple import AppleSensor


def names_of(sensor):
    return [channel.name for channel in sensor.channels]


def test_cpu_gpu_and_memory_are_read_in_joules(install_apple):
    monitor = install_apple(cpu_total_mj=52_300, gpu_mj=17_000, dram_mj=3_000)
    sensor = AppleSensor.open()
    assert names_of(sensor) == ["cpu0_energy_j", "gpu0_energy_j", "dram0_energy_j"]
    assert [c.component for c in sensor.channels] == ["cpu", "gpu", "dram"]
    assert sensor.read() == pytest.approx([52.3, 17.0, 3.0])
    monitor.values_mj["gpu_mj"] = 19_500
    assert sensor.read({"energy_j"}) == pytest.approx([52.3, 19.5, 3.0])


def test_a_chip_without_a_memory_counter_is_read_without_it(install_apple):
    install_apple(cpu_total_mj=1_000, gpu_mj=2_000)
    assert names_of(AppleSensor.open()) == ["cpu0_energy_j", "gpu0_energy_j"]


def test_neural_engine_and_gpu_sram_are_left_out_and_told(install_apple):
    install_apple(cpu_total_mj=1_000, gpu_mj=2_000, ane_mj=500, gpu_sram_mj=70)
    sensor = AppleSensor.open()
    assert sensor.read() == pytest.approx([1.0, 2.0])
    assert "The Neural Engine and the SRAM of the GPU are left out." in sensor.doubts


def test_the_record_says_that_it_was_not_run_on_hardware(install_apple):
    install_apple(cpu_total_mj=1_000)
    assert "not yet run on hardware" in AppleSensor.open().doubts[0]


def test_channels_tell_the_field_that_is_read(install_apple):
    install_apple(gpu_mj=1)
    (channel,) = AppleSensor.open().channels
    assert channel.origin == "AppleEnergyMonitor.get_cumulative_energy().gpu_mj"
    assert channel.counter_range_j is None


def test_the_gpu_is_an_accelerator_where_it_is_read(install_apple):
    install_apple(cpu_total_mj=1_000, gpu_mj=2_000)
    assert AppleSensor.open().accelerators == (Accelerator("Apple M2 Max", "apple"),)
    install_apple(cpu_total_mj=1_000)
    assert AppleSensor.open().accelerators == ()


def test_only_what_is_asked_for_is_read(install_apple):
    monitor = install_apple(cpu_total_mj=1_000)
    sensor = AppleSensor.open()
    monitor.read_error = AssertionError("was read")
    assert all(isnan(value) for value in sensor.read({"power_w"}))


def test_a_reading_that_fails_is_nan(install_apple):
    monitor = install_apple(cpu_total_mj=1_000, gpu_mj=2_000)
    sensor = AppleSensor.open()
    monitor.values_mj["gpu_mj"] = None
    cpu_j, gpu_j = sensor.read()
    assert cpu_j == pytest.approx(1.0)
    assert isnan(gpu_j)
    monitor.read_error = RuntimeError("no sample")
    assert all(isnan(value) for value in sensor.read())


@pytest.mark.parametrize(
    ("system", "machine"), [("Linux", "aarch64"), ("Darwin", "x86_64")]
)
def test_other_machines_are_no_apple_silicon(monkeypatch, system, machine):
    machine = SimpleNamespace(system=lambda: system, machine=lambda: machine)
    monkeypatch.setattr(apple, "platform", machine)
    with pytest.raises(SensorUnavailableError, match="no Apple silicon"):
        AppleSensor.open()


def test_a_missing_package_names_the_extra(install_apple, monkeypatch):
    install_apple()
    monkeypatch.setitem(sys.modules, "zeus_apple_silicon", None)
    with pytest.raises(SensorUnavailableError, match="not installed") as caught:
        AppleSensor.open()
    assert caught.value.remedy == "pip install 'isojoule[apple]'"


def test_counters_that_macos_refuses_are_unavailable(install_apple):
    install_apple(init_error=RuntimeError("Failed to create IOReport subscription."))
    with pytest.raises(SensorUnavailableError, match="Failed to create IOReport"):
        AppleSensor.open()


def test_counters_that_cannot_be_read_are_unavailable(install_apple):
    install_apple(cpu_total_mj=1).read_error = RuntimeError("no sample")
    with pytest.raises(SensorUnavailableError, match="cannot be read: no sample"):
        AppleSensor.open()


def test_a_chip_that_the_package_does_not_know_is_unavailable(install_apple):
    install_apple()
    with pytest.raises(SensorUnavailableError, match="knows no energy counter"):
        AppleSensor.open()


def test_the_first_rank_measures_the_chip_for_all(install_apple, monkeypatch):
    install_apple(cpu_total_mj=1_000)
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(SensorUnavailableError, match="local rank 0"):
        AppleSensor.open()


@pytest.mark.parametrize(
    ("printed", "name"), [("Apple M3 Pro\n", "Apple M3 Pro"), ("", "Apple GPU")]
)
def test_the_chip_is_called_as_macos_calls_it(monkeypatch, printed, name):
    done = SimpleNamespace(stdout=printed)
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: done)
    assert apple._chip_name() == name


def test_a_chip_without_a_name_is_a_gpu_of_apple(monkeypatch):
    def fail(command, **options):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    assert apple._chip_name() == "Apple GPU"
