from math import atanh, sqrt, tanh

import numpy as np
import pytest
from scipy import stats

from isojoule.errors import MissingExtraError
from isojoule.studies.intervals import (
    Interval,
    correlation_interval,
    mean_interval,
    require_scipy,
)


def test_the_interval_of_single_values_is_that_of_a_mean():
    values = [1.0, 2.0, 4.0, 9.0]
    found = mean_interval(values, level=0.9)
    low, high = stats.t.interval(0.9, 3, loc=4.0, scale=stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((4.0, low, high))


def test_values_of_one_group_count_as_one_where_they_are_the_same():
    groups = ["a", "a", "b", "b", "c", "c"]
    found = mean_interval([1.0, 1.0, 2.0, 2.0, 6.0, 6.0], level=0.95, groups=groups)
    single = mean_interval([1.0, 2.0, 6.0], level=0.95)
    assert found.low == pytest.approx(single.low)
    assert found.high == pytest.approx(single.high)


def test_groups_of_different_size_by_hand():
    # Mean 2; sums of distances: a -2, b 0, c 2; error sqrt(3/2 * 8) / 4.
    found = mean_interval([1.0, 1.0, 2.0, 4.0], level=0.95, groups=list("aabc"))
    half = stats.t.ppf(0.975, 2) * sqrt(1.5 * 8) / 4
    assert found.value == 2.0
    assert found.high - found.value == pytest.approx(half)


def test_two_groups_have_a_mean_and_a_reason_but_no_bounds():
    found = mean_interval([1.0, 2.0, 3.0], level=0.95, groups=list("aab"))
    assert found == Interval(2.0, reason="2 families: an interval needs 3")
    with pytest.raises(ValueError, match="no values"):
        mean_interval([], level=0.95)


def test_fisher_by_hand_and_nothing_where_the_agreement_is_complete():
    found = correlation_interval(0.5, error=0.25, level=0.95)
    assert found.low == pytest.approx(tanh(atanh(0.5) - 1.959964 * 0.25), abs=1e-6)
    assert found.high == pytest.approx(tanh(atanh(0.5) + 1.959964 * 0.25), abs=1e-6)
    complete = correlation_interval(1.0, error=0.25, level=0.95)
    assert complete.low is None
    assert "no interval" in complete.reason


def test_a_mapped_interval_keeps_its_reason():
    assert Interval(1.0, 0.0, 2.0).mapped(np.exp2) == Interval(2.0, 1.0, 4.0)
    assert Interval(1.0, reason="why").mapped(np.exp2) == Interval(2.0, reason="why")


def test_without_scipy_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'isojoule\[study\]'"):
        require_scipy()


@pytest.mark.slow
def test_the_interval_over_groups_covers_at_the_promised_rate():
    rng = np.random.default_rng(0)
    n_trials, n_groups, n_each, hits = 2000, 4, 6, 0
    groups = [str(g) for g in range(n_groups) for _ in range(n_each)]
    for _ in range(n_trials):
        shared = np.repeat(rng.normal(0, 1, n_groups), n_each)
        values = shared + rng.normal(0, 0.5, n_groups * n_each)
        found = mean_interval(values, level=0.95, groups=groups)
        hits += found.low <= 0 <= found.high
    # Four standard errors of a rate of 0.95 in 2000 trials: 0.02.
    assert hits / n_trials == pytest.approx(0.95, abs=0.02)
