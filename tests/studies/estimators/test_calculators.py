from dataclasses import replace

import pytest

from estimator_runs import make_hardware, make_training
from isojoule.records import ComponentEnergy
from isojoule.studies.estimators.calculators import (
    board_powers,
    score_calculators,
)

# 205 kJ measured; 220 or 240 W for 1000 s; half used, and 16 GB.
RUN = make_training(gpu="RTX 3070", power_w=200.0)


def scores(runs):
    found = score_calculators(runs)
    return {(s.method, s.figure, s.subset): s for s in found}


def test_both_powers_of_a_board_give_their_own_error():
    found = scores([RUN])
    assert found["ml-co2", "specification", "all runs"].errors.bias == 15_000.0
    assert found["ml-co2", "limit", "all runs"].errors.bias == 35_000.0
    memory_j = 16 * 0.3725 * 1000
    by_spec = found["green-algorithms-delrey", "specification", "all runs"].errors
    assert by_spec.bias == pytest.approx(110_000 + memory_j - 205_000)
    by_limit = found["green-algorithms-delrey", "limit", "all runs"].errors
    assert by_limit.bias == pytest.approx(120_000 + memory_j - 205_000)


def test_what_a_run_does_not_tell_leaves_it_out():
    unknown = make_training(gpu="RTX 3070", repeat=1)
    for change in (
        {"gpu_utilization_fraction": None},
        {"duration_s": None},
        {"energies": ()},
        {"hardware": make_hardware("Mine")},
    ):
        found = scores([RUN, replace(unknown, **change)])
        n = found["green-algorithms-delrey", "limit", "all runs"].errors.n
        assert n == 1


def test_runs_of_the_gpu_alone_are_counted():
    alone = replace(RUN, energies=(ComponentEnergy("gpu", 2e5, "counter"),))
    found = scores([RUN, alone])["ml-co2", "limit", "all runs"]
    assert (found.errors.n, found.n_gpu_only) == (2, 1)


def test_runs_with_raw_samples_are_scored_on_their_own_too():
    raw = replace(RUN, measures={"mlco2_energy_j": 1.0})
    found = scores([RUN, raw, RUN])
    assert found["ml-co2", "limit", "runs with raw samples"].errors.n == 1
    assert found["ml-co2", "limit", "all runs"].errors.n == 3


def test_without_a_stated_limit_there_is_one_power():
    board = replace(RUN.hardware.accelerators[0], power_limit_w=None)
    run = replace(RUN, hardware=replace(RUN.hardware, accelerators=(board,)))
    assert {figure for _, figure, _ in scores([run])} == {"specification"}


def test_both_powers_of_each_board_are_told():
    boards = board_powers([RUN, make_training()])
    assert [(b.name, b.specification_w, b.limit_w, b.n_runs) for b in boards] == [
        ("RTX 3070", 220.0, 240.0, 1),
        ("RTX 3090", 350.0, 350.0, 1),
    ]
