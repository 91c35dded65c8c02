from math import nan

import numpy as np
import pytest

from isojoule.energy import (
    component_energies,
    counter_energy_j,
    finish_run,
    integrated_energy_j,
    mean_reading,
)
from isojoule.records import (
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)
from oracles import held_energy_j


def test_a_counter_gives_the_difference_of_its_ends():
    assert counter_energy_j(np.array([10.0, 12.0, 15.5])) == 5.5


def test_failed_readings_of_a_counter_are_stepped_over():
    assert counter_energy_j(np.array([nan, 10.0, nan, 15.0])) == 5.0


def test_a_counter_that_wraps_goes_on_from_its_range():
    # 262 144 J range: 100 J to the end, then 50 J, then 30 J more.
    readings = np.array([262044.0, 50.0, 80.0])
    assert counter_energy_j(readings, counter_range_j=262144.0) == 180.0


def test_a_counter_that_falls_without_a_range_was_reset_and_tells_nothing():
    assert counter_energy_j(np.array([500.0, 3.0])) is None


def test_a_counter_that_did_not_refresh_is_unknown_and_not_zero():
    assert counter_energy_j(np.array([500.0, 500.0])) is None


def test_one_reading_of_a_counter_tells_nothing():
    assert counter_energy_j(np.array([500.0, nan])) is None


def test_power_is_held_to_the_next_reading_and_to_the_edges():
    time_s = np.array([0.0, 1.0, 3.0])
    power_w = np.array([10.0, 20.0, 40.0])
    # From 0.5 to 4: half a second at 10 W, two at 20 W, one at 40 W.
    energy_j = integrated_energy_j(time_s, power_w, start_s=0.5, end_s=4.0)
    assert energy_j == pytest.approx(5 + 40 + 40)


def test_steady_power_is_not_zero_energy():
    energy_j = integrated_energy_j(
        np.array([0.0, 1.0, 2.0]), np.full(3, 70.0), start_s=0.0, end_s=2.0
    )
    assert energy_j == pytest.approx(140.0)


def test_the_first_reading_holds_back_to_the_start_of_the_window():
    energy_j = integrated_energy_j(
        np.array([0.0, 1.0]), np.array([nan, 50.0]), start_s=0.0, end_s=2.0
    )
    assert energy_j == pytest.approx(100.0)


def test_power_that_was_never_read_is_unknown():
    energy_j = integrated_energy_j(
        np.array([0.0, 1.0]), np.array([nan, nan]), start_s=0.0, end_s=1.0
    )
    assert energy_j is None


def test_integration_equals_the_naive_loop_on_random_readings():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n = int(rng.integers(1, 30))
        time_s = np.sort(rng.uniform(0, 10, n))
        power_w = np.where(rng.random(n) < 0.2, nan, rng.uniform(0, 500, n))
        start_s, end_s = np.sort(rng.uniform(0, 12, 2))
        expected = held_energy_j(time_s, power_w, start_s, end_s)
        got = integrated_energy_j(time_s, power_w, start_s=start_s, end_s=end_s)
        assert got == (None if expected is None else pytest.approx(expected))


def test_a_device_is_read_by_its_counter_where_it_has_one(power_samples):
    energies = component_energies(power_samples, start_s=0.0, end_s=2.0)
    assert energies == (ComponentEnergy("gpu", 400.0, "counter"),)


def test_a_window_takes_only_its_own_readings(power_samples):
    energies = component_energies(power_samples, start_s=1.0, end_s=2.0)
    assert energies == (ComponentEnergy("gpu", 300.0, "counter"),)


def two_gpus(second: list[float]) -> Samples:
    channels = (
        Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),
        Channel("gpu1_power_w", "gpu", "power_w", "gpu1"),
    )
    return Samples(channels, np.array([0.0, 2.0]), np.array([[300.0, 300.0], second]))


def test_devices_are_summed_and_never_averaged():
    energies = component_energies(two_gpus([100.0, 100.0]), start_s=0.0, end_s=2.0)
    assert energies == (ComponentEnergy("gpu", 800.0, "sampled"),)


def test_a_sum_that_would_leave_a_device_out_is_absent():
    energies = component_energies(two_gpus([nan, nan]), start_s=0.0, end_s=2.0)
    assert energies == (ComponentEnergy("gpu", None, "absent"),)


def test_modelled_power_gives_modelled_energy():
    channel = Channel("cpu0_power_w", "cpu", "power_w", "cpu0", "modelled")
    samples = Samples((channel,), np.array([0.0, 4.0]), np.array([[12.0, 12.0]]))
    energies = component_energies(samples, start_s=0.0, end_s=4.0)
    assert energies == (ComponentEnergy("cpu", 48.0, "modelled"),)


def test_a_gauge_is_averaged_over_time():
    channel = Channel("gpu0_utilization_fraction", "gpu", "utilization_fraction", "g")
    samples = Samples(
        (channel,), np.array([0.0, 1.0, 4.0]), np.array([[0.0, 1.0, 1.0]])
    )
    # Idle for one second, busy for three.
    assert mean_reading(samples, "utilization_fraction", "gpu") == pytest.approx(0.75)
    assert mean_reading(samples, "temperature_c", "gpu") is None


def test_a_run_is_finished_from_its_samples(power_samples):
    stub = Run("r", "n", Workload("w"), Hardware("h"), ())
    windows = [Window("late", "train", 0, 1.0, 2.0)]
    run = finish_run(stub, power_samples, windows, status="complete")
    assert run.gpu_energy_j == 400.0
    assert run.duration_s == 2.0
    assert run.windows[0].energies == (ComponentEnergy("gpu", 300.0, "counter"),)
    assert not run.warnings


def test_a_run_of_one_reading_has_no_energy_and_says_so(power_samples):
    stub = Run("r", "n", Workload("w"), Hardware("h"), ())
    one = Samples(power_samples.channels, np.array([0.0]), power_samples.values[:, :1])
    run = finish_run(stub, one, [], status="recovered")
    assert run.energies == (ComponentEnergy("gpu", None, "absent"),)
    assert run.warnings == ("the run ended before a second reading",)
