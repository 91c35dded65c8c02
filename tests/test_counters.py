from math import nan

import numpy as np
import pytest

from isojoule.counters import CounterSeries
from simulated import Trajectory, counter_j, metered, square, steady


def span_of(time_s, readings_j, start_s, end_s, **options):
    series = CounterSeries.fit(np.array(time_s), np.array(readings_j), **options)
    return series.between(np.array([start_s]), np.array([end_s]))[0]


def test_a_counter_gives_the_difference_of_its_edges():
    assert span_of([0.0, 1.0, 2.0], [10.0, 12.0, 15.5], 0.0, 2.0).energy_j == 5.5


def test_failed_readings_are_stepped_over():
    times, readings = [0.0, 1.0, 2.0, 3.0], [nan, 10.0, nan, 15.0]
    assert span_of(times, readings, 1.0, 3.0).energy_j == 5.0


def test_a_counter_that_wraps_goes_on_from_its_range():
    # 262 144 J range: 100 J to the end, then 50 J, then 30 J more.
    readings = [262044.0, 50.0, 80.0]
    span = span_of([0.0, 1.0, 2.0], readings, 0.0, 2.0, counter_range_j=262144.0)
    assert span.energy_j == 180.0


def test_a_counter_that_was_reset_tells_nothing_across_the_reset_and_all_beside_it():
    time_s, readings = np.arange(6.0), np.array([500.0, 510.0, 520.0, 3.0, 4.0, 5.0])
    series = CounterSeries.fit(time_s, readings)
    before, across, after = series.between(
        np.array([0.0, 1.0, 3.0]), np.array([2.0, 4.0, 5.0])
    )
    assert before.energy_j == 20.0
    assert across is None
    assert after.energy_j == 2.0


def test_a_counter_that_did_not_refresh_is_unknown_and_not_zero():
    assert span_of([0.0, 1.0], [500.0, 500.0], 0.0, 1.0) is None


def test_one_reading_tells_nothing():
    assert CounterSeries.fit(np.array([0.0, 1.0]), np.array([500.0, nan])) is None


def test_a_window_far_beyond_the_last_reading_is_unknown():
    assert span_of([0.0, 1.0, 2.0], [0.0, 100.0, 200.0], 0.0, 60.0) is None


def test_an_edge_lies_between_the_ticks_around_it():
    # Ticks at 0.1, 0.2, ... of 10 J each, read a millisecond before and after.
    ticks = np.arange(1, 11) / 10
    time_s = np.sort(np.concatenate([ticks - 0.001, ticks + 0.001, [0.45, 0.75]]))
    readings_j = np.floor(time_s * 10 + 1e-9) * 10
    span = span_of(time_s, readings_j, 0.45, 0.75)
    assert (span.low_j, span.high_j) == (20.0, 40.0)
    assert span.energy_j == pytest.approx(30.0)


def test_the_refresh_is_measured():
    time_s, readings_j = metered(steady(), [], length_s=5.0, refresh_s=0.07)
    series = CounterSeries.fit(time_s, readings_j)
    assert series.refresh_s == pytest.approx(0.07, abs=0.002)


def relative_errors(make, duration_s, *, n=40, seed=0, **meter):
    """Errors of the estimate and whether the bounds hold, over random phases."""
    rng = np.random.default_rng(seed)
    errors, held = [], []
    for _ in range(n):
        start_s = rng.uniform(0.5, 1.5)
        end_s = start_s + duration_s
        truth = make(rng, start_s, end_s)
        time_s, readings_j = metered(
            truth,
            [(start_s, end_s)],
            length_s=end_s + 0.5,
            phase_s=rng.uniform(0, 0.1),
            **meter,
        )
        span = span_of(time_s, readings_j, start_s, end_s)
        true_j = float(truth.energy_j(end_s) - truth.energy_j(start_s))
        errors.append(span.energy_j / true_j - 1)
        held.append(span.low_j - 2e-3 <= true_j <= span.high_j + 2e-3)
    return np.abs(errors), np.array(held)


def pulse(rng, start_s, end_s):
    times = np.array([-1.0, start_s, end_s])
    return Trajectory(times, np.array([70.0, 600.0, 70.0]))


def square_wave(rng, start_s, end_s):
    return square(100, 500, 0.7, end_s + 2, rng.uniform(0, 1.4))


def bursts(rng, start_s, end_s):
    return square(70, 600, 0.03, end_s + 2, rng.uniform(0, 0.06))


@pytest.mark.parametrize("duration_s", [0.02, 0.15, 2.0])
def test_steady_power_is_as_exact_as_the_times_of_the_ticks(duration_s):
    errors, held = relative_errors(lambda *_: steady(), duration_s)
    # Read every 3 ms, a tick is known to 1.5 ms, at either edge.
    assert errors.max() < 0.003 / duration_s + 1e-3
    assert held.all()


@pytest.mark.parametrize("duration_s", [0.02, 0.15])
def test_a_steady_power_beside_the_counter_makes_short_windows_exact(duration_s):
    start_s, end_s = np.array([1.03]), np.array([1.03 + duration_s])
    time_s, readings_j = metered(steady(), [(1.03, end_s[0])], length_s=2.0)
    series = CounterSeries.fit(time_s, readings_j)
    (span,) = series.between(start_s, end_s, steady_w=np.array([300.0]))
    assert span.energy_j == pytest.approx(300.0 * duration_s)
    # A power that the counter does not confirm is not heeded.
    (other,) = series.between(start_s, end_s, steady_w=np.array([900.0]))
    (plain,) = series.between(start_s, end_s)
    assert other == plain


@pytest.mark.parametrize("make", [pulse, square_wave, bursts])
@pytest.mark.parametrize("duration_s", [0.02, 0.15, 0.5, 2.0])
@pytest.mark.parametrize("trace", [True, False])
def test_the_bounds_hold_whatever_the_power_does(make, duration_s, trace):
    _, held = relative_errors(make, duration_s, trace=trace)
    assert held.all()


@pytest.mark.parametrize("make", [pulse, square_wave])
def test_a_step_at_an_edge_is_resolved(make):
    errors, _ = relative_errors(make, 12.3)
    assert np.median(errors) < 0.0005
    assert errors.max() < 0.005


def test_the_edges_are_better_than_the_plain_difference():
    rng = np.random.default_rng(3)
    plain = []
    for _ in range(40):
        start_s = rng.uniform(0.5, 1.5)
        truth = square_wave(rng, start_s, start_s + 2.0)
        phase_s = rng.uniform(0, 0.1)
        shown = [counter_j(truth, t, phase_s=phase_s) for t in (start_s, start_s + 2.0)]
        true_j = truth.energy_j(start_s + 2.0) - truth.energy_j(start_s)
        plain.append(abs((shown[1] - shown[0]) / true_j - 1))
    errors, _ = relative_errors(square_wave, 2.0)
    assert np.median(errors) < 0.1 * np.median(plain)
