from dataclasses import replace

import pytest

from estimator_runs import GIB, make_hardware, make_workload
from isojoule.errors import InsufficientDataError
from isojoule.estimators import ESTIMATORS
from isojoule.estimators.baselines import (
    GreenAlgorithmsEstimator,
    MlCo2Estimator,
    green_algorithms_energy_j,
    ml_co2_energy_j,
    power_of,
)
from isojoule.records import Accelerator, Hardware

WORK = make_workload()
MACHINE = make_hardware("RTX 3070", ram_gib=32, n_cpus=8)


def test_ml_co2_is_power_times_time():
    assert ml_co2_energy_j(300.0, 10.0) == 3000.0
    found = ESTIMATORS["ml-co2"]().estimate(WORK, MACHINE, duration_s=100.0)
    assert found.energy_j == 22_000.0  # 220 W as specified
    assert (found.provenance, found.scope) == ("modelled", "gpu")
    assert "220 W x 100 s" in found.notes


def test_the_limit_of_the_driver_is_another_power_than_the_specification():
    by_limit = MlCo2Estimator(figure="limit")
    assert by_limit.estimate(WORK, MACHINE, duration_s=100.0).energy_j == 24_000.0
    assert power_of(MACHINE, "specification")[0] == 220.0
    assert power_of(MACHINE, "limit") == (
        240.0,
        "240 W, the limit of RTX 3070 that the record states",
    )


def test_one_power_stands_in_for_the_other_where_it_alone_is_known():
    board = Accelerator("Mine", "nvidia", power_limit_w=90.0)
    assert power_of(Hardware("x", (board,)), "specification")[0] == 90.0
    assert power_of(Hardware("RTX 3090"), "limit")[0] == 350.0


def test_several_boards_add_up():
    board = Accelerator("RTX 3090", "nvidia")
    assert power_of(Hardware("x", (board, board)), "specification")[0] == 700.0


def test_a_board_of_unknown_power_is_told_with_what_to_do():
    with pytest.raises(
        InsufficientDataError, match=r"no accelerator 'Mine'.*limit in W"
    ):
        MlCo2Estimator().estimate(WORK, Hardware("Mine"), duration_s=1.0)


def test_the_published_form_of_green_algorithms():
    # One hour of 8 cores at 12 W, a GPU of 220 W half used and 32 GB, PUE 1.67, twice.
    method = GreenAlgorithmsEstimator(gpu_utilization_fraction=0.5, psf=2.0)
    found = method.estimate(WORK, MACHINE, duration_s=3600.0)
    watts = 8 * 12 + 0.5 * 220 + 32 * 0.3725
    assert found.energy_j == pytest.approx(3600 * watts * 1.67 * 2)
    assert found.scope is None  # a data center is more than a node


def test_the_replication_takes_the_limit_and_no_cpu():
    method = replace(
        ESTIMATORS["green-algorithms-delrey"](), gpu_utilization_fraction=0.5
    )
    found = method.estimate(WORK, MACHINE, duration_s=1000.0)
    assert found.energy_j == pytest.approx(1000 * (240 * 0.5 + 0.3725 * 32))
    assert (found.method, found.scope) == ("green-algorithms-delrey", "node")


def test_all_parameters_are_shown():
    method = GreenAlgorithmsEstimator(
        cpu_utilization_fraction=0.25, memory_gb=64.0, n_cpu_cores=4, pue=1.2
    )
    told = " ".join(method.estimate(WORK, MACHINE, duration_s=60.0).notes)
    for shown in (
        "60 s",
        "GPU 220 W x use 1",
        "4 cores x 12 W x use 0.25",
        "64 GB x 0.3725 W/GB",
        "PUE 1.2",
        "PSF 1",
        "as specified for RTX 3070",
    ):
        assert shown in told


def test_neither_pretends_to_know_its_error():
    for name in ("ml-co2", "green-algorithms", "green-algorithms-delrey"):
        found = ESTIMATORS[name]().estimate(WORK, MACHINE, duration_s=1.0)
        assert found.energy_low_j is found.energy_high_j is None
        assert "no interval" in found.uncertainty[0]


def test_unknown_cpus_are_left_out_and_that_is_said():
    machine = replace(MACHINE, n_cpus=None)
    found = GreenAlgorithmsEstimator().estimate(WORK, machine, duration_s=1.0)
    assert any("CPU is left out" in note for note in found.notes)


def test_unknown_memory_is_refused():
    machine = replace(MACHINE, memory_bytes=None)
    with pytest.raises(InsufficientDataError, match="state memory_bytes"):
        GreenAlgorithmsEstimator().estimate(WORK, machine, duration_s=1.0)
    stated = GreenAlgorithmsEstimator(memory_gb=8.0)
    assert stated.estimate(WORK, machine, duration_s=1.0).energy_j > 0


@pytest.mark.parametrize("name", ["ml-co2", "green-algorithms"])
def test_a_calculator_needs_the_duration(name):
    with pytest.raises(InsufficientDataError, match=f"{name} .*duration_s"):
        ESTIMATORS[name]().estimate(WORK, MACHINE)
    with pytest.raises(ValueError, match="duration must be positive, got -1"):
        ESTIMATORS[name]().estimate(WORK, MACHINE, duration_s=-1.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"gpu_utilization_fraction": 1.5}, r"must lie in \[0, 1\]"),
        ({"gpu_utilization_fraction": -0.5}, "must not be negative"),
        ({"pue": 0.9}, "pue must be 1 or more"),
        ({"psf": -1.0}, "psf must not be negative"),
        ({"memory_gb": float("nan")}, "memory_gb must not be negative"),
    ],
)
def test_parameters_that_cannot_be_are_refused(change, told):
    with pytest.raises(ValueError, match=told):
        GreenAlgorithmsEstimator(**change)


def test_memory_counts_by_its_size_in_units_of_two_to_the_thirty():
    machine = replace(MACHINE, memory_bytes=10 * GIB)
    plain = GreenAlgorithmsEstimator(with_cpu=False, gpu_utilization_fraction=0.0)
    found = replace(plain, pue=1.0).estimate(WORK, machine, duration_s=1.0)
    assert found.energy_j == pytest.approx(3.725)
    assert green_algorithms_energy_j(0.0, 10.0, 1.0) == pytest.approx(3.725)
