from math import exp, hypot

import numpy as np
import pytest

from estimators.physics.trainings import hardware, workload
from isojoule.estimators.physics.description import describe
from isojoule.estimators.physics.process import (
    Evidence,
    Points,
    Widths,
    condition,
    covariance,
    learn,
    unknown_plane,
    variances_before,
)

FEATURES = frozenset(
    {"step_flop", "batch_size", "training_share", "peak_flop_per_s", "power_limit_w"}
)
CASES = [
    describe(workload(model, flop=flop, batch=batch), hardware(name))
    for model, flop, batch, name in [
        ("a", 1e9, 32, "RTX 3070"),
        ("a", 1e9, 32, "RTX 3090"),
        ("a", 4e9, 64, "RTX 3090"),
        ("b", 2e9, 32, "RTX 3070"),
    ]
]
POINTS = Points.of(CASES, FEATURES)


def naive(a, b, widths):
    """The covariance of two cases, term by term."""
    of = [c.logs for c in (a, b)]
    planes = [
        [
            x["step_flop"],
            x["batch_size"],
            x["step_flop"] - x["peak_flop_per_s"],
            x["power_limit_w"],
        ]
        for x in of
    ]
    total = 4.0 + widths.slope**2 * sum(p * q for p, q in zip(*planes, strict=True))

    def smooth(names):
        square = sum((of[0][n] - of[1][n]) ** 2 for n in names)
        return exp(-square / (2 * widths.length**2))

    if a.hardware == b.hardware:
        pace = sum(of[0][n] * of[1][n] for n in ("step_flop", "batch_size"))
        total += widths.machine**2 + widths.machine_slope**2 * pace
    total += widths.work**2 * (a.work == b.work)
    total += widths.network**2 * (a.model == b.model)
    total += widths.own**2 * (a.configuration == b.configuration)
    work = ("step_flop", "batch_size", "training_share")
    total += widths.surface_of_work**2 * smooth(work)
    return total + widths.surface_of_all**2 * smooth(
        ("step_flop", "batch_size", "peak_flop_per_s")
    )


def test_the_covariance_is_the_sum_of_its_parts():
    widths = Widths()
    found = covariance(POINTS, POINTS, widths, unknown_plane(widths))
    expected = [[naive(a, b, widths) for b in CASES] for a in CASES]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(
        variances_before(POINTS, widths, unknown_plane(widths)), np.diag(expected)
    )


def test_conditioning_is_that_of_joint_normal_values():
    widths, values = Widths(), np.array([0.1, -0.2, 0.4])
    noise = np.array([0.01, 0.02, 0.03])
    seen = Evidence(POINTS.take(np.arange(3)), values, noise)
    means, variances = condition(seen, widths).predict(POINTS.take(np.array([3])))
    full = np.array([[naive(a, b, widths) for b in CASES] for a in CASES])
    inverse = np.linalg.inv(full[:3, :3] + np.diag(noise))
    assert means[0] == pytest.approx(full[3, :3] @ inverse @ values, rel=1e-6)
    assert variances[0] == pytest.approx(
        full[3, 3] - full[3, :3] @ inverse @ full[:3, 3], rel=1e-5
    )


def test_a_case_that_was_seen_is_known_to_its_noise():
    seen = Evidence(POINTS, np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 1e-6))
    means, variances = condition(seen, Widths()).predict(POINTS)
    np.testing.assert_allclose(means, [1, 2, 3, 4], atol=1e-3)
    assert (variances < 2e-6).all()


def test_the_plane_of_a_law_without_deviations_is_found():
    # ln E = 0.5 + 0.7 ln(step FLOP over its reference), nothing else.
    cases = [
        describe(workload("a", flop=f * 1e9, batch=b), hardware(name))
        for f in (0.25, 1, 4, 16)
        for b in (8, 32, 128)
        for name in ("RTX 3070", "RTX 3090")
    ]
    points = Points.of(cases, FEATURES)
    values = np.array([0.5 + 0.7 * c.logs["step_flop"] for c in cases])
    seen = Evidence(points, values, np.full(len(cases), 1e-4))
    narrow = Widths(0.01, 0.01, 0.01, 0.01, 0.01, slope=1.0, machine_slope=0.01)
    plane = condition(seen, narrow).learned_plane()
    np.testing.assert_allclose(points.plane @ plane.mean, values, atol=0.02)
    # How a slope is shared among step and occupancy only other machines can tell.
    _, step, batch, occupancy, _ = plane.mean
    assert step + occupancy == pytest.approx(0.7, abs=0.02)
    assert batch == pytest.approx(0.0, abs=0.02)


def test_learning_follows_the_cases():
    cases = [
        describe(workload(f"net{i}", flop=(1 + i) * 1e9), hardware()) for i in range(30)
    ]
    points, rng = Points.of(cases, FEATURES), np.random.default_rng(1)
    smooth = np.array([c.logs["step_flop"] for c in cases])
    apart = {}
    for own in (0.5, 0.001):
        values = smooth + own * rng.standard_normal(30)
        learned = learn(Evidence(points, values, np.full(30, 1e-4)), Widths())
        apart[own] = hypot(learned.own, learned.work, learned.network)
    start = hypot(Widths().own, Widths().work, Widths().network)
    assert apart[0.001] < start < apart[0.5]


def test_learning_is_repeatable():
    seen = Evidence(POINTS, np.array([1.0, 2.0, 3.0, 4.0]), np.full(4, 0.01))
    assert learn(seen, Widths()) == learn(seen, Widths())
