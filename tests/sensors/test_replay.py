from math import nan

import numpy as np
import pytest

from isojoule.records import Channel, Samples
from isojoule.sensors.replay import ReplaySensor

POWER = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")
ENERGY = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")


class FakeClock:
    def __init__(self, now_s):
        self.now_s = now_s

    def __call__(self):
        return self.now_s


def samples_of(*channels, time_s, values):
    return Samples(tuple(channels), np.array(time_s), np.array(values))


def test_a_reading_holds_until_the_next_one_and_the_last_for_good():
    samples = samples_of(
        ENERGY,
        POWER,
        time_s=[0.0, 1.0, 2.0],
        values=[[100.0, 150.0, 210.0], [50.0, 60.0, 70.0]],
    )
    clock = FakeClock(5000.0)
    sensor = ReplaySensor.open(samples, clock=clock)
    played = []
    for elapsed_s in (0.0, 0.99, 1.0, 1.5, 2.0, 60.0):
        clock.now_s = 5000.0 + elapsed_s
        played.append(sensor.read())
    assert played == [
        [100.0, 50.0],
        [100.0, 50.0],
        [150.0, 60.0],
        [150.0, 60.0],
        [210.0, 70.0],
        [210.0, 70.0],
    ]


def test_time_runs_from_the_first_read_not_from_open():
    clock = FakeClock(0.0)
    samples = samples_of(POWER, time_s=[0.0, 1.0], values=[[50.0, 60.0]])
    sensor = ReplaySensor.open(samples, clock=clock)
    clock.now_s = 100.0
    assert sensor.read() == [50.0]


def test_there_is_no_reading_before_the_first_one():
    clock = FakeClock(0.0)
    samples = samples_of(POWER, time_s=[0.5], values=[[50.0]])
    sensor = ReplaySensor.open(samples, clock=clock)
    assert sensor.read() == pytest.approx([nan], nan_ok=True)
    clock.now_s = 0.5
    assert sensor.read() == [50.0]


def test_a_reading_that_failed_is_played_as_failed():
    samples = samples_of(POWER, time_s=[0.0], values=[[nan]])
    sensor = ReplaySensor.open(samples, clock=FakeClock(0.0))
    assert sensor.read() == pytest.approx([nan], nan_ok=True)


@pytest.mark.parametrize(
    ("channels", "quantity"), [([POWER], "power_w"), ([POWER, ENERGY], "energy_j")]
)
def test_a_counter_makes_the_quantity_energy(channels, quantity):
    samples = samples_of(*channels, time_s=[0.0], values=[[1.0]] * len(channels))
    assert ReplaySensor.open(samples).quantity == quantity


def test_a_record_without_readings_is_refused():
    samples = samples_of(POWER, time_s=[], values=np.empty((1, 0)))
    with pytest.raises(ValueError, match="no readings"):
        ReplaySensor.open(samples)
