from math import nan

import numpy as np
import pytest

from isojoule.energy import component_energies, mean_reading, total_energy
from isojoule.records import Channel, ComponentEnergy, Samples


def test_a_device_is_read_by_its_counter_where_it_has_one(power_samples):
    ((energy,),) = component_energies(power_samples, [(0.0, 2.0)])
    assert (energy.component, energy.energy_j, energy.source) == (
        "gpu",
        400.0,
        "counter",
    )


def test_a_window_takes_only_its_own_readings(power_samples):
    (first,), (second,) = component_energies(power_samples, [(0.0, 1.0), (1.0, 2.0)])
    assert (first.energy_j, second.energy_j) == (100.0, 300.0)


def two_gpus(second: list[float]) -> Samples:
    channels = (
        Channel("gpu0_power_w", "gpu", "power_w", "gpu0"),
        Channel("gpu1_power_w", "gpu", "power_w", "gpu1"),
    )
    return Samples(channels, np.array([0.0, 2.0]), np.array([[300.0, 300.0], second]))


def test_devices_are_summed_and_never_averaged():
    ((energy,),) = component_energies(two_gpus([100.0, 100.0]), [(0.0, 2.0)])
    assert (energy.energy_j, energy.source) == (800.0, "sampled")


def test_a_sum_that_would_leave_a_device_out_is_absent():
    (energies,) = component_energies(two_gpus([nan, nan]), [(0.0, 2.0)])
    assert energies == (ComponentEnergy("gpu", None, "absent"),)


def test_modelled_power_gives_modelled_energy():
    channel = Channel("cpu0_power_w", "cpu", "power_w", "cpu0", "modelled")
    samples = Samples((channel,), np.array([0.0, 4.0]), np.array([[12.0, 12.0]]))
    (energies,) = component_energies(samples, [(0.0, 4.0)])
    assert energies == (ComponentEnergy("cpu", 48.0, "modelled"),)


def test_a_gauge_is_averaged_over_time():
    channel = Channel("gpu0_utilization_fraction", "gpu", "utilization_fraction", "g")
    samples = Samples(
        (channel,), np.array([0.0, 1.0, 4.0]), np.array([[0.0, 1.0, 1.0]])
    )
    # Idle for one second, busy for three.
    span = {"start_s": 0.0, "end_s": 4.0}
    mean = mean_reading(samples, "utilization_fraction", "gpu", **span)
    assert mean == pytest.approx(0.75)
    assert mean_reading(samples, "temperature_c", "gpu", **span) is None


def test_the_gain_error_of_the_board_widens_the_bounds():
    channel = Channel(
        "gpu0_energy_j", "gpu", "energy_j", "gpu0", gain_error_fraction=0.05
    )
    readings = [[0.0, 100.0, 200.0, 300.0, 400.0]]
    samples = Samples((channel,), np.arange(5.0), np.array(readings))
    ((energy,),) = component_energies(samples, [(1.0, 3.0)])
    # A reading further at either edge, and 5 % on top.
    assert energy.energy_j == 200.0
    assert energy.energy_low_j == pytest.approx(100.0 * 0.95)
    assert energy.energy_high_j == pytest.approx(300.0 * 1.05)
    assert energy.gain_error_fraction == 0.05


def test_a_sum_has_the_weakest_source_and_the_sum_of_the_bounds():
    counted = ComponentEnergy("gpu", 100.0, "counter", 90.0, 110.0, 0.05)
    sampled = ComponentEnergy("gpu", 300.0, "sampled", 200.0, 400.0, 0.01)
    total = total_energy([counted, sampled])
    assert total == ComponentEnergy(
        "gpu", 400.0, "sampled", 290.0, 510.0, pytest.approx(0.02)
    )
    unbounded = ComponentEnergy("gpu", 5.0, "modelled")
    assert total_energy([counted, unbounded]).energy_low_j is None


def test_a_modelled_counter_gives_no_energy_below_its_step():
    channel = Channel(
        "cpu0_energy_j", "cpu", "energy_j", "cpu0", "modelled", resolution=0.12
    )
    samples = Samples((channel,), np.arange(4.0), np.array([[0.0, 0.06, 5.0, 9.0]]))
    short, long = component_energies(samples, [(0.0, 1.0), (1.0, 3.0)])
    assert short == (ComponentEnergy("cpu", None, "absent"),)
    assert (long[0].source, long[0].energy_j) == ("modelled", pytest.approx(8.94))
