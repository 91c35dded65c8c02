from math import log

import pytest

from estimators.physics.trainings import hardware, run_of, workload
from isojoule.estimators.physics.cases import (
    EPOCH_DURATION,
    EPOCH_ENERGY,
    MEAN_POWER,
    gather_cases,
    limit_w,
    mean_latents,
)
from isojoule.estimators.physics.description import describe
from isojoule.records import ComponentEnergy, Hardware, Run

KNOWN = frozenset({"step_flop", "peak_flop_per_s", "power_limit_w"})


@pytest.mark.parametrize("target", [EPOCH_ENERGY, EPOCH_DURATION, MEAN_POWER])
@pytest.mark.parametrize("features", [KNOWN, frozenset({"step_flop"})])
def test_a_value_comes_back_from_its_latent_value(target, features):
    at = describe(workload(), hardware())
    for value in (1.0, 300.0):
        latent = target.latent(value, at, features)
        assert target.value(latent, at, features) == pytest.approx(value)


def test_half_of_what_an_accelerator_can_draw_is_zero():
    # 1.2 times 350 W is the bound: 210 W is half of it.
    at = describe(workload(), hardware("RTX 3090"))
    assert limit_w(at) == pytest.approx(350.0)
    assert MEAN_POWER.latent(210.0, at, KNOWN) == pytest.approx(0.0)
    assert MEAN_POWER.value(50.0, at, KNOWN) == pytest.approx(420.0)


def test_energy_at_the_peak_rate_and_the_limit_is_the_zero_of_energy():
    # 100 GFLOP per step on 10 TFLOP/s and 250 W; the latent value is ln(J per step).
    work = workload(flop=100e9 / 96, training_flop_per_sample=100e9 / 32)
    at = describe(work, hardware())
    latent = EPOCH_ENERGY.latent(100 * 2.5, at, frozenset({"step_flop"}))
    assert latent == pytest.approx(log(2.5))  # 100 steps


def test_runs_of_one_configuration_are_one_case():
    runs = [
        run_of(workload()),
        run_of(workload(), factor=1.1),
        run_of(workload(batch=64)),
        run_of(workload(), "RTX 3070"),
    ]
    cases = gather_cases(runs, EPOCH_ENERGY, None)
    assert [len(c.values) for c in cases] == [2, 1, 1]
    # 3 * 1 GFLOP * 3200 samples at 8.9 TFLOP/s and 175 W.
    assert cases[0].values[0] == pytest.approx(9.6e12 / 8.9e12 * 175)


def test_what_a_run_does_not_tell_is_left_out():
    without_flop = run_of(workload())
    object.__setattr__(without_flop.workload, "forward_flop_per_sample", None)
    without_energy = Run("x", "x", workload(), hardware(), ())
    assert gather_cases([without_flop, without_energy], EPOCH_ENERGY, None) == ()


def test_stated_means_go_before_totals():
    run = Run(
        "x",
        "x",
        workload(),
        Hardware("h"),
        (ComponentEnergy("gpu", 10.0, "counter"),),
        duration_s=5.0,
        measures={"mean_gpu_power_w": 3.0, "mean_epoch_energy_j": 7.0},
    )
    assert MEAN_POWER.read(run, None) == 3.0
    assert EPOCH_ENERGY.read(run, None) == 7.0
    assert EPOCH_DURATION.read(run, None) == 0.5  # ten epochs in five seconds


def test_the_scatter_is_pooled_within_configurations():
    # ln factors 0 and 0.2 around 0.1, and 0 and 0.4 around 0.2: squares 0.02 and 0.08
    # with two degrees of freedom; 5 % is assumed, as if of three.
    work, other = workload(), workload(batch=64)
    runs = [
        run_of(work),
        run_of(work, factor=2.718281828459045**0.2),
        run_of(other),
        run_of(other, factor=2.718281828459045**0.4),
    ]
    cases = gather_cases(runs, EPOCH_ENERGY, None)
    _, scatter = mean_latents(cases, EPOCH_ENERGY, KNOWN)
    assert scatter == pytest.approx(((3 * 0.05**2 + 0.1) / 5) ** 0.5)


def test_single_runs_scatter_as_configurations_do():
    cases = gather_cases([run_of(workload())], EPOCH_ENERGY, None)
    assert mean_latents(cases, EPOCH_ENERGY, KNOWN)[1] == EPOCH_ENERGY.widths.own
