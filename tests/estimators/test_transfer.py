from dataclasses import replace
from math import exp, log, sqrt

import pytest

from isojoule.errors import IncomparableError
from isojoule.estimators.transfer import transferred
from isojoule.records import Estimate

FORECAST = Estimate(
    "training", "A", 1000.0, 1000 * exp(-0.3), 1000 * exp(0.3), 0.9, "streaming"
)
CONVERSION = Estimate("epoch", "B", 20.0, 20 * exp(-0.4), 20 * exp(0.4), 0.9, "joint")


def test_the_ratio_of_a_part_scales_the_whole_and_doubts_add_in_squares():
    found = transferred(FORECAST, CONVERSION, part_energy_j=10.0)
    assert (found.workload, found.hardware) == ("training", "B")
    assert found.energy_j == pytest.approx(2000.0)
    assert log(found.energy_high_j / 2000) == pytest.approx(0.5)
    assert log(2000 / found.energy_low_j) == pytest.approx(0.5)
    assert found.sources == pytest.approx({"forecast": 0.36, "conversion": 0.64})
    assert found.method == "streaming, then joint"


def test_a_lopsided_interval_stays_so():
    lopsided = replace(FORECAST, energy_high_j=1000 * exp(0.4))
    found = transferred(lopsided, CONVERSION, part_energy_j=10.0)
    assert log(found.energy_high_j / 2000) == pytest.approx(sqrt(0.32))
    assert log(2000 / found.energy_low_j) == pytest.approx(0.5)


def test_without_an_interval_on_one_side_there_is_none():
    unknown = replace(CONVERSION, energy_low_j=None, energy_high_j=None)
    found = transferred(FORECAST, unknown, part_energy_j=10.0)
    assert found.energy_low_j is None
    assert found.sources == {}


@pytest.mark.parametrize(
    "other", [replace(CONVERSION, level=0.95), replace(CONVERSION, scope="wall")]
)
def test_levels_and_scopes_are_not_mixed(other):
    with pytest.raises(IncomparableError, match=r"forecast (is of|at level 0.9)"):
        transferred(replace(FORECAST, scope="gpu"), other, part_energy_j=10.0)


def test_a_part_without_energy_is_refused():
    with pytest.raises(ValueError, match="needs positive energies, got 0 J"):
        transferred(FORECAST, CONVERSION, part_energy_j=0.0)
