"""Radix order equals that by comparison."""

import numpy as np
import pytest

from isojoule.comparison.orders import cut_off, radix_orders, ranks_of


def naive_ranks(costs):
    """Ranks by counting who is less, draw by draw."""
    ranks = np.empty(costs.shape, int)
    for draw in range(costs.shape[1]):
        column = costs[:, draw]
        for k, cost in enumerate(column):
            ranks[k, draw] = 1 + sum(other < cost for other in column)
    return ranks


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
@pytest.mark.parametrize("shift", [0.0, 3.0, -3.0])
def test_the_order_is_that_of_a_stable_sort(scale, shift):
    rng = np.random.default_rng(1)
    costs = ((rng.standard_normal((300, 20)) + shift) * scale).astype(np.float32)
    costs[10:20] = costs[20:30]
    costs[40, :] = -0.0
    costs[41, :] = 0.0
    expected = np.argsort(costs, axis=0, kind="stable").T
    assert np.array_equal(np.array(list(radix_orders(costs))), expected)


def test_equal_costs_share_a_rank():
    rng = np.random.default_rng(2)
    costs = rng.integers(0, 5, (40, 30)).astype(np.float32)
    assert np.array_equal(ranks_of(costs), naive_ranks(costs))


def test_without_equals_every_rank_is_given_once():
    costs = np.random.default_rng(3).standard_normal((40, 30)).astype(np.float32)
    found = ranks_of(costs, has_equals=False)
    assert np.array_equal(found, naive_ranks(costs))


@pytest.mark.parametrize(
    "values",
    [
        lambda rng, n: rng.normal(16, 2, (n, 8)),
        lambda rng, n: -np.exp(rng.normal(0, 2, (n, 8))),
        lambda rng, n: rng.normal(0.3, 0.1, (n, 8)),
    ],
    ids=["ln energy", "weighted score", "score"],
)
def test_thousands_are_ranked_to_a_few_places(values):
    n = 10_000
    costs = values(np.random.default_rng(4), n).astype(np.float32)
    exact = np.argsort(np.argsort(costs, axis=0), axis=0) + 1
    found = ranks_of(costs, has_equals=False).astype(int)
    assert np.abs(found - exact).max() <= n * 1e-3
    assert np.abs(found - exact).mean() < 1


def test_crowds_are_told_apart_beside_an_outlier():
    n = 10_000
    costs = np.random.default_rng(5).normal(1, 1e-4, (n, 4)).astype(np.float32)
    costs[0] = 1e20
    exact = np.argsort(np.argsort(costs, axis=0, kind="stable"), axis=0) + 1
    assert np.array_equal(ranks_of(costs, has_equals=False), exact)


def test_costs_that_are_no_numbers_are_the_worst_and_all_are_finite():
    costs = np.array([[np.nan], [-np.inf], [1.0], [np.inf]], np.float32)
    assert ranks_of(cut_off(costs)).T.tolist() == [[3, 1, 2, 3]]
    usual = np.array([[2.0, 1.0]], np.float32)
    assert cut_off(usual) is usual


def test_a_crowd_among_thousands_is_ranked_exactly():
    rng = np.random.default_rng(5)
    spread, crowd = rng.normal(16, 2, (3_400, 4)), 16 + rng.normal(0, 1e-5, (2_600, 4))
    costs = np.concatenate([spread, crowd]).astype(np.float32)
    expected = np.argsort(costs, axis=0, kind="stable").T
    assert np.array_equal(np.array(list(radix_orders(costs))), expected)
