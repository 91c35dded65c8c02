"""Tests of what caps and correlations compare."""

from math import inf, nan

import numpy as np
import pytest

from comparison.systems_by_hand import scored, system
from isojoule.comparison.quantities import quantities_of, quantity_of, scores_of


def test_a_quantity_is_a_count_or_the_energy_of_a_phase():
    one = system("a", 1.0, params=7, macs=9)
    assert quantity_of(one, "params") == 7
    assert quantity_of(one, "macs") == 9
    assert quantity_of(one, "train") == pytest.approx(3.6e6)
    assert quantity_of(one, "test") is None


@pytest.mark.parametrize("value", [nan, inf, -1.0])
def test_what_is_no_amount_is_not_known(value):
    assert quantity_of(system("a", params=value), "params") is None
    assert quantity_of(system("a", value), "train") is None


def test_zero_is_measured_as_zero():
    assert quantity_of(system("a", 0.0, params=0), "train") == 0
    assert quantity_of(system("a", 0.0, params=0), "params") == 0


def test_columns_have_nan_where_a_system_has_nothing():
    systems = (scored("a", 1.0, 0.5), scored("b", None, nan), system("c", 2.0))
    np.testing.assert_allclose(quantities_of(systems, "train"), [3.6e6, nan, 7.2e6])
    np.testing.assert_array_equal(scores_of(systems, "psds1"), [0.5, nan, nan])
