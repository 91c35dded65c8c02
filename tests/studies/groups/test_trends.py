from math import atanh, sqrt, tanh

import pytest

from group_runs import make_training
from isojoule.studies.groups.factors import CORE
from isojoule.studies.groups.quantities import Case
from isojoule.studies.groups.trends import rank_trend


def trend_of(*pairs):
    cases = [Case(make_training(batch_size=x), y) for x, y in pairs]
    return rank_trend(cases, CORE["batch_size"], level=0.95)


def test_correlation_of_ranks_with_its_interval():
    found = trend_of((8, 1.0), (16, 3.0), (32, 2.0), (64, 4.0))
    # Ranks 1 2 3 4 against 1 3 2 4: 1 - 6 * 2 / (4 * 15).
    rho = 1 - 6 * 2 / (4 * 15)
    assert found.rho.value == pytest.approx(rho)
    error = sqrt((1 + rho**2 / 2) / 1)
    assert found.rho.low == pytest.approx(tanh(atanh(rho) - 1.959964 * error), abs=1e-5)


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        ([(8, 1.0), (16, 2.0)] * 5, "2 values of it, needs 3"),
        ([(8, 1.0)], "1 value of it, needs 3"),
        ([(8, 1.0), (16, 2.0), (32, 3.0)], "3 runs, needs 4"),
        ([(8, 5.0), (16, 5.0), (32, 5.0), (64, 5.0)], "all runs have the same figure"),
    ],
)
def test_what_cannot_be_told_is_told(pairs, reason):
    found = trend_of(*pairs)
    assert (found.rho, found.reason) == (None, reason)


def test_runs_that_do_not_state_it_are_left_out():
    pairs = [(8, 1.0), (16, 3.0), (32, 2.0), (64, 4.0)]
    assert trend_of(*pairs, (None, 9.0)) == trend_of(*pairs)
