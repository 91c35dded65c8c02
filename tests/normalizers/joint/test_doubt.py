from math import pi

import numpy as np
import pytest

from isojoule.normalizers.joint.doubt import (
    gain_variance,
    repeat_variance,
    rounding_variance,
)
from isojoule.records import Observation


def test_two_boards_have_two_gains():
    assert gain_variance() == pytest.approx(2 * 0.05**2)


def test_a_single_run_has_no_scatter_of_repeats():
    assert repeat_variance(Observation("w", "h", 1.0)) == 0.0


def test_repeats_leave_the_variance_of_their_median():
    four = Observation("w", "h", 1.0, n_repeats=4, repeat_std_fraction=0.2)
    assert repeat_variance(four) == pytest.approx(pi / 2 * 0.04 / 4)


def test_medians_of_many_repeats_scatter_as_told():
    rng = np.random.default_rng(2)
    medians = np.median(rng.normal(1.0, 0.1, (20000, 51)), axis=1)
    told = repeat_variance(
        Observation("w", "h", 1.0, n_repeats=51, repeat_std_fraction=0.1)
    )
    assert np.var(np.log(medians)) == pytest.approx(told, rel=0.05)


@pytest.mark.parametrize(
    ("energy_j", "step"),
    [
        (7.0, 1 / 7),
        (0.25, 0.01 / 0.25),
        (36000.0, 1.0),  # 0.01 kWh
        (252000.0, 1 / 7),  # 0.07 kWh
        (4.5e6, 0.01 / 1.25),  # 1.25 kWh
        (1000.0, 1 / 1000),  # zeros of a whole number of joules are digits
        (2e-9, 1 / 2),
    ],
)
def test_rounding_is_half_of_the_last_digit_that_is_written(energy_j, step):
    assert rounding_variance(energy_j) == pytest.approx(step**2 / 12)


def test_many_digits_leave_next_to_nothing():
    assert rounding_variance(1234.56789) < 1e-10
    assert rounding_variance(1 / 3) < 1e-20


def test_rounded_energies_are_off_as_told():
    true_kwh = np.random.default_rng(1).uniform(0.045, 0.055, 100_000)
    off = np.log(0.05 / true_kwh)
    assert np.var(off) == pytest.approx(rounding_variance(0.05 * 3.6e6), rel=0.05)
