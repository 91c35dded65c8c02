"""Tests of the agreement of two orders."""

import sys
from itertools import combinations
from math import sqrt

import numpy as np
import pytest

from isojoule.comparison.associations import Association, kendall, spearman
from isojoule.errors import MissingExtraError


def naive_tau_b(x, y):
    """Count pairs one by one."""
    concordant = tied_x = tied_y = 0
    n_pairs = 0
    for i, j in combinations(range(len(x)), 2):
        n_pairs += 1
        a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
        concordant += a * b
        tied_x += a == 0
        tied_y += b == 0
    return concordant / sqrt((n_pairs - tied_x) * (n_pairs - tied_y))


def naive_ranks(values):
    """Mean of the places that a value could take."""
    return [
        sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2
        for value in values
    ]


def naive_spearman(x, y):
    a, b = np.array(naive_ranks(x)), np.array(naive_ranks(y))
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / sqrt((a @ a) * (b @ b))


@pytest.mark.parametrize("seed", range(5))
def test_coefficients_equal_naive_counting_with_ties(seed):
    random = np.random.default_rng(seed)
    x, y = random.integers(0, 9, (2, 40)).astype(float)
    assert kendall(x, y).value == pytest.approx(naive_tau_b(x, y), abs=1e-12)
    assert spearman(x, y).value == pytest.approx(naive_spearman(x, y), abs=1e-12)


@pytest.mark.parametrize("test", [kendall, spearman])
def test_the_same_order_is_one_and_the_reverse_minus_one(test):
    x = np.array([1.0, 2.0, 5.0, 9.0])
    assert test(x, x**3).value == pytest.approx(1)
    assert test(x, -x).value == pytest.approx(-1)


@pytest.mark.parametrize("test", [kendall, spearman])
def test_systems_that_lack_one_are_left_out(test):
    x = [1.0, np.nan, 2.0, 3.0, 4.0]
    y = [1.0, 7.0, 2.0, np.nan, 3.0]
    assert test(x, y).n == 3
    assert test(x, y).value == pytest.approx(1)


@pytest.mark.parametrize("test", [kendall, spearman])
@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        ([], [], "known for 0 systems, needs 3"),
        ([1.0, 2.0], [1.0, 2.0], "known for 2 systems, needs 3"),
        ([1.0, 1.0, 1.0], [1.0, 2.0, 3.0], "one of the two is the same for all"),
        ([1.0, 2.0, 3.0], [5.0, 5.0, 5.0], "one of the two is the same for all"),
        ([np.nan, np.inf, 3.0], [5.0, 5.0, 5.0], "known for 1 systems"),
    ],
)
def test_what_cannot_be_told_has_a_reason(test, x, y, reason):
    found = test(x, y)
    assert isinstance(found, Association)
    assert found.value is None
    assert found.p_value is None
    assert found.reason.startswith(reason)


def test_without_scipy_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[compare\]"):
        kendall([1.0, 2.0, 3.0], [1.0, 3.0, 2.0])
