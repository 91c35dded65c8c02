"""Conditioning against the textbook formulas, and against draws from the model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import t as student_t

from isojoule.normalizers.joint.covariance import Inputs
from isojoule.normalizers.joint.process import JITTER, condition
from joint_cases import (
    WIDTHS,
    draw_log_ratios,
    joined,
    naive_covariance,
    naive_mean,
    random_inputs,
)

NONE = Inputs(np.zeros((0, 5)), np.zeros(0, dtype=int), np.zeros((0, 2)))


def naive_prediction(h, known, log_ratios, asked, *, center=0.0, extra=0.0):
    """Return center, scale and freedom of each asked workload, one by one."""
    n = len(log_ratios)
    extra = np.broadcast_to(extra, n)
    covariance = naive_covariance(h, known)
    for i in range(n):
        covariance[i, i] += h.noise_sd**2 + JITTER + extra[i]
    d = log_ratios - center - naive_mean(h, known)
    q = d @ np.linalg.solve(covariance, d)
    centers, scales = [], []
    for i in range(len(asked.network)):
        row = asked.of([i])
        k = naive_covariance(h, row, known)[0]
        own = naive_covariance(h, row)[0, 0] + h.noise_sd**2
        variance = own - k @ np.linalg.solve(covariance, k)
        centers.append(
            center + naive_mean(h, row)[0] + k @ np.linalg.solve(covariance, d)
        )
        scales.append(np.sqrt((h.freedom - 2 + q) / (h.freedom + n) * variance))
    return centers, scales, h.freedom + n


@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("seed", range(3))
def test_a_prediction_is_the_conditional_student_t(n, seed):
    rng = np.random.default_rng(seed)
    known, asked = random_inputs(rng, n), random_inputs(rng, 6)
    log_ratios, extra = rng.normal(size=n), rng.uniform(0, 0.3, n)
    found = condition(
        WIDTHS, known, log_ratios, center=0.4, extra_variance=extra
    ).predict(asked)
    centers, scales, freedom = naive_prediction(
        WIDTHS, known, log_ratios, asked, center=0.4, extra=extra
    )
    assert found.log_ratio == pytest.approx(centers, rel=1e-9)
    assert found.scale == pytest.approx(scales, rel=1e-9)
    assert found.freedom == freedom


def test_without_references_the_prior_is_left():
    asked = random_inputs(np.random.default_rng(2), 4)
    found = condition(WIDTHS, NONE, np.zeros(0), center=0.7).predict(asked)
    assert found.log_ratio == pytest.approx(0.7 + naive_mean(WIDTHS, asked))
    variance = np.diagonal(naive_covariance(WIDTHS, asked)) + WIDTHS.noise_sd**2
    # Student's t of 5.5 degrees of freedom: its scale is 3.5 / 5.5 of its variance.
    assert found.scale == pytest.approx(np.sqrt(3.5 / 5.5 * variance))
    assert found.freedom == 5.5


@pytest.mark.parametrize("n", [0, 1, 8])
def test_the_shares_add_up_to_one(n):
    rng = np.random.default_rng(n)
    known, asked = random_inputs(rng, n), random_inputs(rng, 5)
    found = condition(WIDTHS, known, rng.normal(size=n)).predict(asked)
    assert sum(found.shares.values()) == pytest.approx([1.0] * 5)
    assert "noise" in found.shares


def test_one_exact_reference_gives_its_own_ratio_again():
    known = random_inputs(np.random.default_rng(1), 1, unknown=0.0)
    exact = replace(WIDTHS, noise_sd=1e-3)
    found = condition(exact, known, np.array([1.7])).predict(known)
    assert found.log_ratio == pytest.approx([1.7], abs=1e-4)
    assert found.scale < 3e-3


def test_a_reference_that_agrees_narrows_every_interval():
    rng = np.random.default_rng(4)
    inputs, asked = random_inputs(rng, 12), random_inputs(rng, 6)
    before = np.full(6, np.inf)
    for n in range(13):
        known = inputs.of(list(range(n)))
        expected = naive_mean(WIDTHS, known)  # no spread at all
        found = condition(WIDTHS, known, expected).predict(asked)
        assert (found.scale < before).all()
        before = found.scale


def test_references_that_scatter_widen_the_interval():
    rng = np.random.default_rng(5)
    known, asked = random_inputs(rng, 6), random_inputs(rng, 3)
    signs = np.array([1, -1, 1, -1, 1, -1])
    scales = [
        condition(WIDTHS, known, naive_mean(WIDTHS, known) + size * signs)
        .predict(asked)
        .scale
        for size in (0.1, 0.5, 2.5)
    ]
    assert (scales[0] < scales[1]).all()
    assert (3 * scales[1] < scales[2]).all()


def test_extra_variance_weakens_a_reference():
    rng = np.random.default_rng(6)
    known, asked = random_inputs(rng, 1), random_inputs(rng, 3)
    firm = condition(WIDTHS, known, np.array([2.0])).predict(asked)
    weak = condition(WIDTHS, known, np.array([2.0]), extra_variance=1e9).predict(asked)
    prior = naive_mean(WIDTHS, asked)
    assert (abs(firm.log_ratio - prior) > 0.1).all()
    assert weak.log_ratio == pytest.approx(prior, abs=1e-6)


def test_equal_workloads_with_different_ratios_are_taken_in_the_middle():
    one = random_inputs(np.random.default_rng(7), 1, unknown=0.0)
    twice = joined(one, one)
    wide = replace(WIDTHS, ratio_sd=50.0)
    found = condition(wide, twice, np.array([0.0, 4.0])).predict(one)
    assert found.log_ratio == pytest.approx([2.0], abs=1e-3)
    alike = condition(wide, twice, np.array([2.0, 2.0])).predict(one)
    assert found.scale > 5 * alike.scale


@pytest.mark.slow
@pytest.mark.parametrize("n", [1, 2, 4, 8])
def test_intervals_cover_what_they_claim_on_draws_from_the_model(n):
    rng = np.random.default_rng(100 + n)
    trials, level = 2000, 0.9
    quantile = student_t.ppf((1 + level) / 2, WIDTHS.freedom + n)
    n_covered = 0
    for _ in range(trials):
        inputs = random_inputs(rng, n + 1)
        drawn = draw_log_ratios(WIDTHS, inputs, rng)
        known, asked = inputs.of(list(range(n))), inputs.of([n])
        found = condition(WIDTHS, known, drawn[:n]).predict(asked)
        off = abs(drawn[n] - found.log_ratio[0])
        n_covered += off <= quantile * found.scale[0]
    # Four standard errors of a share of 2000 draws: 0.027.
    tolerance = 4 * np.sqrt(level * (1 - level) / trials)
    assert n_covered / trials == pytest.approx(level, abs=tolerance)
