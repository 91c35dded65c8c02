from dataclasses import asdict, replace
from math import log

import numpy as np
import pytest

from isojoule.normalizers.joint.hyperparameters import (
    PLACES,
    START,
    Hyperparameters,
)
from joint_cases import WIDTHS


@pytest.mark.parametrize("h", [START, WIDTHS])
def test_a_vector_holds_all_and_gives_them_back(h):
    back = asdict(Hyperparameters.from_vector(h.to_vector()))
    for name, value in asdict(h).items():
        assert back[name] == pytest.approx(value)


def test_positive_ones_stand_as_logarithms_and_free_ones_as_they_are():
    vector = WIDTHS.to_vector()
    assert vector[PLACES["ratio_sd"]] == pytest.approx([log(0.9)])
    assert vector[PLACES["slope_sd"]][2] == pytest.approx(log(0.13))
    assert vector[PLACES["surface_length"]] == pytest.approx([log(1.3), log(0.7)])
    assert vector[PLACES["freedom"]] == pytest.approx([log(3.5)])
    assert vector[PLACES["energy_slope"]] == pytest.approx([-0.2])
    assert vector[PLACES["elsewhere_weight"]] == pytest.approx([0.6])


def test_the_places_are_apart_and_leave_nothing_out():
    taken = [i for place in PLACES.values() for i in range(place.start, place.stop)]
    assert taken == list(range(len(START.to_vector())))


def test_any_vector_gives_hyperparameters_that_are_allowed():
    rng = np.random.default_rng(1)
    for _ in range(20):
        vector = rng.normal(0, 3, len(START.to_vector()))
        assert Hyperparameters.from_vector(vector).freedom > 2


def test_plain_data_gives_them_back():
    assert Hyperparameters.from_dict(WIDTHS.to_dict()) == WIDTHS
    assert WIDTHS.to_dict()["surface_length"] == [1.3, 0.7]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"noise_sd": 0.0}, "noise_sd is not positive: 0.0"),
        ({"ratio_sd": float("nan")}, "ratio_sd is not finite: nan"),
        ({"curve_sd": (1.0, 1.0, -1.0, 1.0, 1.0)}, "curve_sd is not positive"),
        ({"slope_sd": (1.0,)}, "slope_sd needs 5 values"),
        ({"surface_length": (1.0, 1.0, 1.0)}, "surface_length needs 2 values"),
        ({"freedom": 2.0}, "freedom must be above 2, got 2.0"),
    ],
)
def test_what_no_covariance_can_have_is_refused(change, told):
    with pytest.raises(ValueError, match=told):
        replace(WIDTHS, **change)


def test_slopes_and_weights_may_be_negative():
    h = replace(WIDTHS, energy_slope=-1.0, power_slope=-1.0, elsewhere_weight=-1.0)
    assert h.elsewhere_weight == -1.0
