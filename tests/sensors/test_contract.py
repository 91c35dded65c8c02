"""Every sensor keeps the promises of the protocol, on machines that are faked."""

import subprocess
import sys
from functools import partial
from math import isfinite, isinf

import numpy as np
import pytest

from isojoule import sensors
from isojoule.errors import SensorUnavailableError
from isojoule.records import Channel, Samples
from isojoule.sensors import SENSORS, open_sensors, probe_sensors
from isojoule.sensors.amd import AmdSensor
from isojoule.sensors.rapl import RaplSensor
from isojoule.sensors.replay import ReplaySensor


@pytest.fixture
def open_by_name(
    install_nvml,
    fake_gpu,
    add_zone,
    add_amd_gpu,
    sysfs,
    install_amdsmi,
    install_apple,
    tmp_path,
    monkeypatch,
):
    """All sensors of `SENSORS` and the replay, each on a machine that has it."""
    monkeypatch.delenv("ISOJOULE_CPU_TDP_W", raising=False)
    install_nvml(fake_gpu(), fake_gpu())
    add_zone("intel-rapl:0", "package-0", 1_000_000)
    add_zone("intel-rapl:0:0", "dram", 100_000)
    add_amd_gpu("0000:03:00.0")
    install_amdsmi({"0000:03:00.0": 6_553_600})
    install_apple(cpu_total_mj=52_000, gpu_mj=17_000, dram_mj=3_000)
    samples = Samples(
        (Channel("wall_power_w", "wall", "power_w", "wall"),),
        np.array([0.0]),
        np.array([[230.0]]),
    )
    replay = partial(ReplaySensor.open, samples, clock=lambda: 0.0)
    return {
        **SENSORS,
        "rapl": partial(RaplSensor.open, tmp_path),
        "amd": partial(AmdSensor.open, sysfs),
        "replay": replay,
    }


@pytest.fixture(params=[*SENSORS, "replay"])
def sensor(request, open_by_name):
    opened = open_by_name[request.param]()
    yield opened
    opened.close()


def test_a_sensor_has_the_name_it_is_registered_under(open_by_name):
    for name, open_sensor in open_by_name.items():
        opened = open_sensor()
        assert opened.name == name
        opened.close()


def test_channel_names_are_unique_and_end_in_their_unit(sensor):
    names = [channel.name for channel in sensor.channels]
    assert len(set(names)) == len(names)
    for channel in sensor.channels:
        assert channel.name.endswith(f"_{channel.quantity}")
        assert channel.name.startswith(channel.device)


def test_a_sensor_offers_the_quantity_it_claims(sensor):
    assert sensor.quantity in {"energy_j", "power_w"}
    assert sensor.quantity in {channel.quantity for channel in sensor.channels}


def test_read_gives_one_plain_number_per_channel(sensor):
    for _ in range(2):
        readings = sensor.read()
        assert len(readings) == len(sensor.channels)
        for reading in readings:
            assert type(reading) is float
            assert not isinf(reading)
            assert not reading < 0


def test_counters_can_be_read_alone(sensor):
    readings = sensor.read({"energy_j"})
    assert len(readings) == len(sensor.channels)
    for channel, reading in zip(sensor.channels, readings, strict=True):
        assert type(reading) is float
        assert channel.quantity != "energy_j" or isfinite(reading)


def test_only_counters_have_a_range(sensor):
    for channel in sensor.channels:
        assert channel.quantity == "energy_j" or channel.counter_range_j is None


def test_close_twice_is_harmless_and_reading_afterwards_an_error(sensor):
    sensor.close()
    sensor.close()
    with pytest.raises(ValueError, match="closed"):
        sensor.read()


def test_the_cpu_model_makes_way_for_a_measured_cpu(open_by_name, monkeypatch):
    for other in ("replay", "amd", "apple"):
        del open_by_name[other]
    monkeypatch.setattr(sensors, "SENSORS", open_by_name)
    opened = open_sensors()
    assert [s.name for s in opened] == ["nvml", "rapl"]
    for one in opened:
        one.close()


def test_the_cpu_model_serves_beside_a_gpu_alone(open_by_name, monkeypatch):
    for other in ("replay", "amd", "apple", "rapl"):
        del open_by_name[other]
    monkeypatch.setattr(sensors, "SENSORS", open_by_name)
    opened = open_sensors()
    assert [s.name for s in opened] == ["nvml", "cpu-model"]
    for one in opened:
        one.close()


def test_probing_tells_why_a_sensor_is_missing(monkeypatch):
    def refuse():
        raise SensorUnavailableError("no such part", "plug it in")

    monkeypatch.setattr(sensors, "SENSORS", {"nvml": refuse})
    (state,) = probe_sensors()
    assert (state.sensor, state.reason, state.remedy) == (
        None,
        "no such part",
        "plug it in",
    )


def test_importing_the_sensors_loads_no_vendor_library():
    vendors = {"pynvml", "amdsmi", "zeus_apple_silicon"}
    program = f"import sys, isojoule.sensors; assert not {vendors} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)
