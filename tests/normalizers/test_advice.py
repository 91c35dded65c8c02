"""What one more reference would be worth, against slow and simulated ways to know."""

from dataclasses import replace
from math import exp, sqrt

import numpy as np
import pytest
from scipy.stats import norm, t

from isojoule.formats import read_runs
from isojoule.normalizers.advice import expected_factor, factor_of, next_reference
from isojoule.normalizers.conversion import convert_all
from isojoule.normalizers.joint import JointNormalizer
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.prior import Prior, SpecificationPrior
from isojoule.normalizers.joint.process import condition
from isojoule.observations import select
from isojoule.records import Calibration, Estimate, Observation
from joint_cases import WIDTHS, draw_log_ratios, naive_mean, random_inputs

PRIOR = Prior(
    alone=WIDTHS,
    elsewhere=WIDTHS,
    planning=WIDTHS,
    widening_alone={1: 1.2, 4: 1.5},
    widening_elsewhere={1: 1.0},
    specification=SpecificationPrior(0.5, 0.3, 3.0),
    sources=("some",),
)

FLAT = replace(PRIOR, widening_alone={1: 1.0})
"""Intervals that nothing but the references changes."""


def machine(name, n, *, ratio=1.0, only=None, seed=0):
    """Workloads over four decades, each of a network of its own."""
    rng = np.random.default_rng(seed)
    energies_j = np.exp(rng.uniform(0.0, 9.0, n))
    powers_w = np.exp(rng.uniform(4.0, 5.5, n))
    return Calibration(
        name,
        {
            f"w{i}": Observation(f"w{i}", name, ratio * e, ratio * e / p)
            for i, (e, p) in enumerate(zip(energies_j, powers_w, strict=True))
            if only is None or i in only
        },
    )


def advised(source, target, *, prior=FLAT, **options):
    normalizer = JointNormalizer.fit([source, target], prior=prior, **options)
    estimates = [
        normalizer.convert(o, target=target.hardware)
        for o in source.observations.values()
    ]
    found = next_reference(
        normalizer, estimates, source=source.hardware, target=target.hardware
    )
    return found, estimates


def test_the_expected_factor_follows_the_formula():
    # Two references: 7.5 degrees of freedom; half way from 1 to 4 on a log scale.
    widening = 1.35
    spread = widening * t.ppf(0.95, 7.5) * 0.4 * sqrt(5.5 / 7.5)
    gains = norm.ppf(0.95) ** 2 * 2 * 0.05**2
    assert expected_factor(PRIOR, 2, 0.4) == pytest.approx(
        exp(sqrt(spread**2 + gains)), rel=1e-4
    )


def test_nothing_is_as_narrow_as_the_gains_of_two_boards_allow():
    floor = exp(norm.ppf(0.95) * sqrt(2) * 0.05)
    assert expected_factor(PRIOR, 4, 0.0) == pytest.approx(floor)


def test_a_level_outside_0_and_1_is_refused():
    with pytest.raises(ValueError, match="level"):
        expected_factor(PRIOR, 1, 0.4, level=1.0)


def test_references_scatter_in_the_mean_as_the_expected_factor_takes_them_to():
    rng = np.random.default_rng(4)
    inputs = random_inputs(rng, 5)
    references, asked = inputs.of([0, 1, 2, 3]), inputs.of([4])
    found = [
        condition(WIDTHS, references, draw_log_ratios(WIDTHS, references, rng))
        .predict(asked)
        .scale[0]
        ** 2
        for _ in range(4000)
    ]
    # Without scatter (nu - 2) / (nu + n) of the variance, as expected n more of it.
    still = condition(WIDTHS, references, naive_mean(WIDTHS, references))
    expected = still.predict(asked).scale[0] ** 2 * (3.5 + 4) / 3.5
    assert np.mean(found) == pytest.approx(
        expected, abs=4 * np.std(found) / sqrt(len(found))
    )


def test_the_next_reference_is_the_one_that_a_trial_of_each_finds():
    source = machine("A", 14)
    target = machine("B", 14, ratio=2.0, only={5})
    found, _ = advised(source, target)
    frame = make_frame(source)
    known = source.observations
    wanted = frame.inputs([o for n, o in known.items() if n != "w5"])
    left = {}
    for name in known.keys() - {"w5"}:
        run = frame.inputs([known["w5"], known[name]])
        still = condition(WIDTHS, run, naive_mean(WIDTHS, run))
        left[name] = still.predict(wanted).scale.mean()
    assert found.workload == min(left, key=left.__getitem__)
    assert found.n_workloads == 12


def test_the_factor_before_is_that_of_the_estimates_at_hand():
    source, target = machine("A", 9), machine("B", 9, ratio=2.0, only={3})
    found, estimates = advised(source, target)
    others = [
        sqrt(e.energy_high_j / e.energy_low_j)
        for e in estimates
        if e.workload not in {"w3", found.workload}
    ]
    assert found.factor_before == pytest.approx(np.exp(np.mean(np.log(others))))
    assert found.factor_after <= 0.95 * found.factor_before


def test_only_references_that_may_be_used_count_as_run():
    source = machine("A", 9)
    target = machine("B", 9, ratio=2.0, only={1, 2, 3, 4})
    found, estimates = advised(source, target, references=["w2"])
    assert {e.references for e in estimates} == {("w2",)}
    # What has run there without being used is no candidate, and still asked for.
    assert found.workload not in {"w1", "w2", "w3", "w4"}
    assert found.n_workloads == 7


@pytest.mark.parametrize("only", [set(range(6)), set(range(5))])
def test_nothing_is_advised_where_nothing_else_is_left_to_estimate(only):
    found, _ = advised(machine("A", 6), machine("B", 6, only=only))
    assert found is None


def test_nothing_is_advised_where_it_would_narrow_little():
    found, _ = advised(machine("A", 60), machine("B", 60, only=set(range(50))))
    assert found is None


def test_a_machine_that_is_only_specified_has_a_first_reference():
    source = machine("NVIDIA A40", 8)
    found, _ = advised(source, Calibration("NVIDIA Tesla V100", {}), prior=None)
    assert found.n_workloads == 7
    assert found.factor_after < found.factor_before


def test_an_estimate_without_bounds_has_no_finite_factor():
    assert factor_of(Estimate("w", "B", 2.0, None, None, 0.9, "dual")) == np.inf
    assert factor_of(Estimate("w", "B", 2.0, 1.0, 4.0, 0.9, "joint")) == 2.0


def test_only_the_joint_method_advises():
    seen = [
        o
        for c in (machine("A", 9), machine("B", 9, only={1}))
        for o in c.observations.values()
    ]
    joint = convert_all(seen, source="A", target="B", method="joint")
    single = convert_all(seen, source="A", target="B", method="single-median")
    assert joint.next_reference is not None
    assert single.next_reference is None


def test_on_published_gpu_training_promises_are_in_the_mean_what_comes(zeus_table):
    seen = select(read_runs(zeus_table)).observations
    a40 = [o for o in seen if o.hardware == "NVIDIA A40"]
    v100 = [o for o in seen if o.hardware == "NVIDIA Tesla V100"]
    names = sorted({o.workload for o in a40} & {o.workload for o in v100})
    promised, came = [], []

    def convert(run):
        there = [o for o in v100 if o.workload in run]
        return convert_all(a40 + there, source="A40", target="V100", method="joint")

    for start in range(0, 40, 4):
        run = {names[start], names[(start + 20) % len(names)]}
        advice = convert(run).next_reference
        if advice is None:
            continue
        after = convert(run | {advice.workload})
        factors = [factor_of(c.estimate) for c in after.converted if not c.is_reference]
        promised.append(np.log(advice.factor_after) / np.log(advice.factor_before))
        came.append(np.mean(np.log(factors)) / np.log(advice.factor_before))
    assert len(promised) >= 4
    assert np.mean(came) == pytest.approx(np.mean(promised), abs=0.15)
