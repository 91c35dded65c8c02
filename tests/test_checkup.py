import numpy as np
import pytest

from isojoule.checkup import check_sensors
from isojoule.records import Channel, Samples
from isojoule.sensors.replay import ReplaySensor


def test_a_device_tells_its_power_and_what_a_reading_costs():
    channels = (
        Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0", origin="a counter"),
        Channel("gpu0_temperature_c", "gpu", "temperature_c", "gpu0"),
    )
    time_s = np.arange(0.0, 10.0, 0.001)
    ticked_j = np.floor(time_s * 10 + 1e-9) * 7.0  # 7 J every 0.1 s
    samples = Samples(channels, time_s, np.array([ticked_j, np.full_like(time_s, 41)]))
    sensor = ReplaySensor.open(samples)
    sensor.read()
    (check,) = check_sensors([sensor], duration_s=1.0)
    assert (check.sensor, check.device, check.component) == ("replay", "gpu0", "gpu")
    assert check.origin == "a counter"
    assert check.power_w == pytest.approx(70.0, rel=0.1)
    assert check.refresh_s == pytest.approx(0.1, rel=0.2)
    assert 0 < check.read_s < 0.01


def test_a_sensor_of_power_alone_tells_how_old_its_readings_are():
    channel = Channel("gpu0_power_w", "gpu", "power_w", "gpu0", averaging_s=1.0)
    sensor = ReplaySensor.open(Samples((channel,), np.array([0.0]), np.array([[70.0]])))
    (check,) = check_sensors([sensor], duration_s=0.3)
    assert check.refresh_s == 1.0
    assert check.power_w == pytest.approx(70.0)
