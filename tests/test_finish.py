from dataclasses import replace
from math import nan

import numpy as np
import pytest

from isojoule.finish import finish_run, left_out_of
from isojoule.records import (
    Channel,
    ComponentEnergy,
    Hardware,
    Run,
    Samples,
    Window,
    Workload,
)

STUB = Run("r", "n", Workload("w"), Hardware("h"), (), sampling_period_s=0.1)
COUNTER = Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0")
POWER = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")


def test_a_run_is_finished_from_its_samples(power_samples):
    stub = STUB
    windows = [Window("late", "train", 0, 1.0, 2.0)]
    run = finish_run(stub, power_samples, windows, status="complete")
    assert run.gpu_energy_j == 400.0
    assert run.duration_s == 2.0
    assert [e.energy_j for e in run.windows[0].energies] == [300.0]
    assert not run.warnings
    assert run.left_out[:2] == ("CPU", "memory")


def test_a_run_of_one_reading_has_no_energy_and_says_so(power_samples):
    stub = STUB
    one = Samples(power_samples.channels, np.array([0.0]), power_samples.values[:, :1])
    run = finish_run(stub, one, [], status="recovered")
    assert run.energies == (ComponentEnergy("gpu", None, "absent"),)
    assert run.warnings == ("the run ended before a second reading",)


def read(time_s, **rows):
    """Samples of a GPU's counter and power."""
    channels = {"energy_j": COUNTER, "power_w": POWER}
    return Samples(
        tuple(channels[name] for name in rows),
        np.array(time_s, dtype=float),
        np.array([np.broadcast_to(row, np.shape(time_s)) for row in rows.values()]),
    )


def finished(samples, windows=(), **edges):
    return finish_run(STUB, samples, windows, status="complete", **edges)


def test_readings_outside_the_run_proper_are_not_in_its_energy():
    time_s = np.arange(0.0, 10.0, 0.1)
    samples = read(time_s, power_w=np.where(time_s < 5.0 - 1e-9, 50.0, 300.0))
    run = finished(samples, start_s=5.0, end_s=9.0)
    assert run.gpu_energy_j == pytest.approx(1200.0)
    assert (run.start_s, run.duration_s) == (5.0, 4.0)


def test_instruments_that_disagree_are_told_of():
    time_s = np.arange(0.0, 30.0, 0.1)
    run = finished(read(time_s, energy_j=time_s * 187.0, power_w=327.0))
    assert "disagree" in run.warnings[0]
    assert "+74.9%" in run.warnings[0]


def test_instruments_that_agree_are_not():
    time_s = np.arange(0.0, 30.0, 0.1)
    assert not finished(read(time_s, energy_j=time_s * 200.0, power_w=204.0)).warnings


def test_a_gap_is_told_with_its_place_and_length():
    time_s = np.concatenate([np.arange(0.0, 5.0, 0.1), np.arange(12.0, 20.0, 0.1)])
    (warning,) = finished(read(time_s, power_w=100.0)).warnings
    assert warning.startswith("no reading for 7.1 s at 4.9 s")


def test_a_device_that_is_lost_makes_the_energy_unknown_and_says_until_when():
    time_s = np.arange(0.0, 20.0, 0.1)
    energy_j = np.where(time_s < 10.05, time_s * 100, nan)
    run = finished(
        read(time_s, energy_j=energy_j), [Window("early", "train", 0, 2.0, 4.0)]
    )
    assert run.energies == (ComponentEnergy("gpu", None, "absent"),)
    assert "gpu0 gave no reading after 10 s" in run.warnings[0]
    assert "1 kJ" in run.warnings[0]
    assert run.windows[0].energies[0].energy_j == pytest.approx(200.0)


def test_a_reset_counter_is_replaced_by_its_power_and_told_of():
    time_s = np.arange(0.0, 20.0, 0.1)
    energy_j = np.where(time_s < 10, 5000 + time_s * 100, (time_s - 10) * 100)
    run = finished(read(time_s, energy_j=energy_j, power_w=100.0))
    (energy,) = run.energies
    assert (energy.energy_j, energy.source) == (pytest.approx(1990.0), "sampled")
    assert "driver reload" in run.warnings[0]


def test_short_windows_are_told_once_by_name():
    time_s = np.arange(0.0, 20.0, 0.1)
    windows = [Window("step", "train", 0, t, t + 0.02) for t in (3.0, 4.0, 5.0)]
    run = finished(read(time_s, power_w=100.0), windows)
    (warning,) = run.warnings
    assert warning.startswith("3 windows 'step' shorter than 10 refreshes")
    assert "several repeats" in warning


@pytest.mark.parametrize(
    ("energies", "has_gpu", "missing"),
    [
        ([("gpu", 1.0)], True, ["CPU", "memory"]),
        ([("cpu", 1.0), ("dram", 1.0)], False, []),
        ([("cpu", 1.0)], True, ["GPU", "memory"]),
    ],
)
def test_what_is_left_out_is_named(energies, has_gpu, missing):
    found = [ComponentEnergy(part, value, "counter") for part, value in energies]
    *parts, rest = left_out_of(found, has_gpu=has_gpu)
    assert parts == missing
    assert rest.startswith("fans")


def test_nothing_is_left_out_behind_the_plug():
    assert left_out_of([ComponentEnergy("wall", 1.0, "declared")], has_gpu=True) == ()


def test_the_refresh_of_every_counter_is_in_the_record():
    ticks = np.arange(1, 40) / 10
    time_s = np.sort(np.concatenate([ticks - 0.001, ticks + 0.001]))
    run = finished(read(time_s, energy_j=np.floor(time_s * 10 + 1e-9) * 10))
    assert run.refresh_s == {"gpu0_energy_j": pytest.approx(0.1)}


def test_a_run_without_a_period_is_judged_by_its_own():
    time_s = np.arange(0.0, 300.0, 10.0)
    run = finish_run(
        replace(STUB, sampling_period_s=None),
        read(time_s, power_w=100.0),
        [],
        status="complete",
    )
    assert not run.warnings


def conditions(**rows):
    """Samples of a steady GPU beside what explains it."""
    time_s = np.arange(0.0, 10.0, 0.1)
    explaining = tuple(Channel(f"gpu0_{q}", "gpu", q, "gpu0") for q in rows)
    values = [np.full(100, 100.0), *(np.full(100, value) for value in rows.values())]
    return Samples((POWER, *explaining), time_s, np.array(values))


def test_a_gpu_that_several_processes_use_is_told_of():
    (warning,) = finished(conditions(n_processes=2.0)).warnings
    assert warning.startswith("up to 2 processes used gpu0")
    assert not finished(conditions(n_processes=1.0)).warnings


def test_a_gpu_that_slows_down_by_heat_is_told_of_but_a_power_cap_is_not():
    (warning,) = finished(conditions(throttle_bits=64.0)).warnings
    assert "slowed down by heat" in warning
    assert "100%" in warning
    assert not finished(conditions(throttle_bits=4.0)).warnings
