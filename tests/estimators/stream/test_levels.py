import statistics

import numpy as np
import pytest

from isojoule.estimators.stream.levels import (
    PRIOR_FREEDOM,
    PRIOR_SCATTER,
    judge_level,
    median,
    period_of,
    shared_period,
    stable_from,
    typical,
)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 100])
def test_the_median_is_the_median(n):
    values = np.random.default_rng(n).standard_normal(n)
    assert median(values) == pytest.approx(statistics.median(values))


def naive_scatter(values):
    center = statistics.median(values)
    off = [abs(v - center) for v in values]
    limit = 3 * 1.2533 * statistics.fmean(off)
    spread = 1.2533 * statistics.fmean([o for o in off if o <= limit])
    prior = PRIOR_FREEDOM * (PRIOR_SCATTER * center) ** 2
    return ((prior + len(values) * spread**2) / (PRIOR_FREEDOM + len(values))) ** 0.5


def test_the_scatter_is_that_of_the_formula():
    values = 100 + np.random.default_rng(0).standard_normal(50)
    values[7] = 200.0
    assert typical(values) == pytest.approx(
        (statistics.median(values), naive_scatter(values.tolist()))
    )


def test_a_single_odd_value_hardly_counts_and_one_in_three_does():
    calm = np.array([100.0] * 9 + [150.0])
    assert typical(calm)[1] < 0.6
    uneasy = np.array([100.0, 100.0, 150.0] * 3)
    assert typical(uneasy)[1] > 10


def test_values_that_never_vary_keep_the_prior_scatter():
    # sqrt(3 / (3 + 9)) of 0.6 % of 100.
    assert typical(np.full(9, 100.0)) == pytest.approx((100.0, 0.3))
    assert typical(np.zeros(9)) == (0.0, 0.0)


def test_a_stretch_is_stable_from_where_it_is_like_its_later_half():
    series = np.array([180.0, 130.0, 101.0, 100.0, 100.5, 99.5, 100.0, 100.0])
    assert stable_from(series) == 2
    assert stable_from(np.full(8, 100.0)) == 0
    assert stable_from(np.full(8, 100.0), series) == 2


def test_what_never_settles_is_stable_from_the_middle_at_the_latest():
    assert stable_from(np.array([100.0, 200.0])) == 1
    assert stable_from(np.arange(1.0, 21.0) ** 3) <= 10


def naive_period(values):
    n = len(values)
    for period in range(2, min(16, n // 3) + 1):
        cycles = [values[n % period + i :: period] for i in range(period)]
        used = values[n % period :]
        mean = statistics.fmean(used)
        whole = sum((v - mean) ** 2 for v in used)
        left = sum((v - statistics.fmean(c)) ** 2 for c in cycles for v in c)
        if left < 0.1 * whole:
            return period
    return 1


@pytest.mark.parametrize("period", [1, 2, 3, 5, 7, 16])
@pytest.mark.parametrize("n", [8, 20, 49, 80])
def test_periods_are_those_of_the_slow_way(period, n):
    random = np.random.default_rng(period + n)
    place = np.arange(n) % period == period - 1
    values = 100 + 30.0 * place * (period > 1) + random.standard_normal(n)
    assert period_of(values) == naive_period(values.tolist())


def test_too_few_epochs_and_noise_have_no_period():
    assert period_of(np.array([1.0, 2.0] * 3)) == 1
    random = np.random.default_rng(5)
    found = [period_of(random.standard_normal(40)) for _ in range(200)]
    assert sum(period > 1 for period in found) <= 2


def test_a_pattern_in_time_alone_is_found_and_a_small_one_is_left_alone():
    flat = np.full(20, 100.0)
    assert shared_period(flat, 30.0 + 5.0 * (np.arange(20) % 2)) == 2
    assert shared_period(flat, 30.0 + 0.05 * (np.arange(20) % 2)) == 1


def test_a_level_expects_by_the_place_in_the_period():
    values = np.array([100.0, 130.0] * 6)
    level = judge_level(values, np.arange(3, 15), 2)
    # Position 3 is the first value: odd positions take 100, even ones 130.
    assert level.values == (130.0, 100.0)
    assert level.deviation(100.0, 15) == (0.0, 0.0)
    share, scatters = level.deviation(115.0, 15)
    assert share == pytest.approx(0.15)
    assert scatters > 10
    assert level.holds(131.0)
    assert not level.holds(115.0)


def test_a_level_of_few_epochs_is_not_sure_of_itself():
    few = judge_level(np.array([100.0, 100.0]), np.arange(2), 1)
    more = judge_level(np.array([100.0] * 3), np.arange(3), 1)
    assert few.scatter > 6 > 1 > more.scatter
    assert (few.n_epochs, more.n_epochs) == (2, 3)


def test_a_level_of_nothing_departs_from_any_energy():
    nothing = judge_level(np.zeros(5), np.arange(5), 1)
    assert nothing.deviation(0.0, 9) == (0.0, 0.0)
    assert nothing.deviation(1.0, 9) == (float("inf"), float("inf"))
