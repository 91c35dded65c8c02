import numpy as np
import pytest

from isojoule.records import Channel, Samples
from isojoule.report.power_series import bin_edges_s, mean_power_w, power_series


def test_mean_power_of_a_counter_survives_its_wrap_around():
    # 50 W throughout; the counter starts again at 1000 J between 1 s and 2 s.
    channel = Channel(
        "cpu0_energy_j", "cpu", "energy_j", "cpu0", counter_range_j=1000.0
    )
    time_s, row = np.array([0.0, 1.0, 2.0, 3.0]), np.array([920.0, 970.0, 20.0, 70.0])
    power_w = mean_power_w(channel, time_s, row, time_s)
    assert power_w == pytest.approx([50.0, 50.0, 50.0])


def test_mean_power_is_unknown_where_a_counter_was_reset():
    channel = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")
    time_s, row = np.array([0.0, 1.0, 2.0, 3.0]), np.array([920.0, 970.0, 20.0, 70.0])
    power_w = mean_power_w(channel, time_s, row, time_s)
    assert np.isnan(power_w[1])
    assert power_w[[0, 2]] == pytest.approx([50.0, 50.0])


def test_mean_power_holds_a_reading_over_a_failed_one():
    channel = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")
    time_s, row = np.array([0.0, 1.0, 2.0]), np.array([100.0, np.nan, 300.0])
    power_w = mean_power_w(channel, time_s, row, np.array([0.0, 2.0]))
    assert power_w == pytest.approx([100.0])


def test_the_devices_of_a_component_are_added_up(make_run):
    channels = tuple(
        Channel(f"gpu{i}_power_w", "gpu", "power_w", f"gpu{i}") for i in range(2)
    )
    samples = Samples(channels, np.arange(3.0), np.array([[100.0] * 3, [50.0] * 3]))
    (trace,) = power_series(make_run(samples=samples))
    assert trace.power_w == pytest.approx([150.0, 150.0])


def test_a_run_without_readings_has_no_power(make_run):
    assert power_series(make_run()) == []


def test_no_interval_is_shorter_than_half_a_second():
    edges_s = bin_edges_s(np.linspace(0.0, 2.0, 201))
    assert edges_s == pytest.approx([0.0, 0.5, 1.0, 1.5, 2.0])
