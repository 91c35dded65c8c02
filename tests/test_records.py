from datetime import datetime

import numpy as np
import pytest

from builders import make_run
from isojoule.records import (
    Accelerator,
    ComponentEnergy,
    Estimate,
    Hardware,
    Observation,
    Run,
    Samples,
    Window,
    Workload,
    counted_names,
    weakest,
)


def test_the_weakest_provenance_is_that_of_a_sum():
    assert weakest(["measured", "measured"]) == "measured"
    assert weakest(["measured", "modelled"]) == "modelled"
    assert weakest(["modelled", "declared", "measured"]) == "declared"


def test_an_energy_without_a_value_must_be_absent():
    assert ComponentEnergy("gpu", None, "absent").provenance is None
    with pytest.raises(ValueError, match="source 'counter'"):
        ComponentEnergy("gpu", None, "counter")
    with pytest.raises(ValueError, match="source 'absent'"):
        ComponentEnergy("gpu", 1.0, "absent")


@pytest.mark.parametrize("energy_j", [-1.0, float("nan"), float("inf")])
def test_an_impossible_energy_is_refused(energy_j):
    with pytest.raises(ValueError, match="energy is"):
        ComponentEnergy("gpu", energy_j, "counter")


@pytest.mark.parametrize("energy_j", [0.0, -1.0, float("nan"), float("inf")])
def test_an_observation_needs_a_positive_energy(energy_j):
    with pytest.raises(ValueError, match="energy_j of 'w' on 'h' must be positive"):
        Observation("w", "h", energy_j)


def test_mean_power_is_energy_over_duration():
    assert Observation("w", "h", 30.0, duration_s=2.0).mean_power_w == 15.0
    assert Observation("w", "h", 30.0).mean_power_w is None


def test_work_is_flop_times_samples():
    assert Workload("w", n_samples=3, forward_flop_per_sample=5).work_flop == 15
    assert Workload("w", n_samples=3).work_flop is None


def test_a_run_has_each_component_once():
    energy = ComponentEnergy("gpu", 1.0, "counter")
    with pytest.raises(ValueError, match="appears twice"):
        Run("r", "n", Workload("w"), Hardware("h"), (energy, energy))


def test_a_run_needs_a_date_with_a_time_zone():
    with pytest.raises(ValueError, match="without a time zone"):
        Run("r", "n", Workload("w"), Hardware("h"), (), started_at=datetime(2026, 1, 1))


def test_the_default_scope_is_the_gpu_only_for_runs_that_used_one():
    energies = (
        ComponentEnergy("gpu", 5.0, "counter"),
        ComponentEnergy("cpu", 3.0, "counter"),
    )
    on_cpu = Run("r", "n", Workload("w"), Hardware("h"), energies)
    board = Accelerator("A40", "nvidia")
    on_gpu = Run("r", "n", Workload("w"), Hardware("h", (board,)), energies)
    assert on_cpu.default_scope == "node"
    assert on_gpu.default_scope == "gpu"
    assert make_run().default_scope == "node"
    only = Run("r", "n", Workload("w"), Hardware("h"), energies[:1])
    assert only.default_scope == "gpu"


def test_samples_refuse_a_wrong_shape_and_time_that_runs_backwards():
    with pytest.raises(ValueError, match="shape"):
        Samples((), np.array([0.0]), np.zeros((1, 1)))
    with pytest.raises(ValueError, match="backwards"):
        Samples((), np.array([1.0, 0.0]), np.zeros((0, 2)))


def test_a_window_cannot_end_before_it_starts():
    with pytest.raises(ValueError, match="ends before"):
        Window("w", None, None, 2.0, 1.0)
    assert Window("w", None, None, 1.0, 3.0).duration_s == 2.0


def test_an_estimate_refuses_half_or_crossed_bounds_and_a_level_out_of_range():
    with pytest.raises(ValueError, match="both bounds"):
        Estimate("w", "h", 1.0, 0.5, None, 0.9, "m")
    with pytest.raises(ValueError, match="cross"):
        Estimate("w", "h", 1.0, 2.0, 0.5, 0.9, "m")
    with pytest.raises(ValueError, match="level"):
        Estimate("w", "h", 1.0, None, None, 1.0, "m")


def test_equal_boards_are_counted():
    assert counted_names(["A40", "L4", "A40"]) == "2x A40 + L4"
