from math import nan

import numpy as np
import pytest

from isojoule.powers import PowerSeries
from oracles import held_energy_j
from simulated import square


def held_j(time_s, power_w, start_s, end_s):
    series = PowerSeries.fit(np.array(time_s), np.array(power_w))
    return float(series.held_j(np.array([start_s]), np.array([end_s]))[0])


def test_power_is_held_to_the_next_reading_and_to_the_edges():
    # From 0.5 to 4: half a second at 10 W, two at 20 W, one at 40 W.
    assert held_j([0.0, 1.0, 3.0], [10.0, 20.0, 40.0], 0.5, 4.0) == 5 + 40 + 40


def test_steady_power_is_not_zero_energy():
    assert held_j([0.0, 1.0, 2.0], [70.0] * 3, 0.0, 2.0) == 140.0


def test_the_first_reading_holds_back_to_the_start_of_the_window():
    assert held_j([0.0, 1.0], [nan, 50.0], 0.0, 2.0) == 100.0


def test_power_that_was_never_read_is_unknown():
    assert PowerSeries.fit(np.array([0.0, 1.0]), np.array([nan, nan])) is None


def test_integration_equals_the_naive_loop_on_random_readings():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(1, 30))
        time_s = np.sort(rng.uniform(0, 10, n))
        power_w = np.where(rng.random(n) < 0.2, nan, rng.uniform(0, 500, n))
        start_s, end_s = np.sort(rng.uniform(0, 12, 2))
        expected = held_energy_j(time_s, power_w, start_s, end_s)
        if expected is not None:
            assert held_j(time_s, power_w, start_s, end_s) == pytest.approx(expected)


def test_a_window_without_a_reading_near_its_end_is_unknown():
    series = PowerSeries.fit(np.array([0.0, 1.0, 2.0]), np.full(3, 100.0))
    lost, known = series.between(np.array([0.0, 0.0]), np.array([9.0, 2.5]))
    assert lost is None
    assert known.energy_j == 250.0


def test_the_edges_are_as_late_as_the_readings():
    time_s = np.arange(0.0, 10.0, 0.1)
    series = PowerSeries.fit(time_s, np.full(100, 100.0))
    (span,) = series.between(np.array([2.0]), np.array([4.0]))
    # 100 W x 0.1 s at either edge.
    assert (span.low_j, span.high_j) == pytest.approx((180.0, 220.0))


def test_a_running_mean_makes_the_edges_later():
    time_s = np.arange(0.0, 10.0, 0.1)
    series = PowerSeries.fit(time_s, np.full(100, 100.0), averaging_s=1.0)
    (span,) = series.between(np.array([2.0]), np.array([4.0]))
    assert (span.low_j, span.high_j) == pytest.approx((0.0, 400.0))


def test_readings_that_are_renewed_less_often_than_read_are_that_late():
    time_s = np.arange(0.0, 20.0, 0.1)
    renewed_each_second = np.floor(time_s + 1e-9) % 7 + 100
    assert PowerSeries.fit(time_s, renewed_each_second).lag_s == pytest.approx(1.0)


def test_the_bounds_hold_on_square_waves_read_ten_times_a_second():
    rng = np.random.default_rng(1)
    held = []
    for _ in range(300):
        truth = square(100, 500, 0.7, 30.0, rng.uniform(0, 1.4))
        time_s = np.arange(0.0, 25.0, 0.1)
        at = np.searchsorted(truth.time_s, time_s, "right") - 1
        start_s = rng.uniform(0.5, 5.0)
        end_s = start_s + rng.choice([0.02, 0.5, 2.0, 12.3])
        series = PowerSeries.fit(time_s, truth.power_w[at])
        (span,) = series.between(np.array([start_s]), np.array([end_s]))
        true_j = truth.energy_j(end_s) - truth.energy_j(start_s)
        held.append(span.low_j <= true_j <= span.high_j)
    assert np.mean(held) >= 0.95


def test_power_is_steady_where_it_is_the_same_before_and_after():
    time_s = np.arange(0.0, 10.0, 0.1)
    series = PowerSeries.fit(time_s, np.where(time_s < 5.0, 100.0, 300.0))
    steady_w = series.steady_w(np.array([2.0, 4.95]), np.array([2.05, 5.05]))
    assert steady_w == pytest.approx([100.0, nan], nan_ok=True)
