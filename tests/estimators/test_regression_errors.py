import numpy as np
import pytest

from isojoule.estimators.regression_errors import (
    reach_of_configurations,
    unseen_errors,
)
from isojoule.estimators.regression_models import Linear


def test_errors_are_those_of_fits_that_did_not_see_the_run():
    inputs = np.array([[0.0], [0.0], [1.0], [1.0], [3.0], [3.0]])
    target = np.array([0.0, 0.0, 1.0, 1.0, 4.0, 4.0])
    which = np.array([0, 0, 1, 1, 2, 2])
    found = unseen_errors(Linear(), inputs, target, which)
    # Left out whole: 0 from the line 1.5 x - 0.5, 1 from 4/3 x, 4 from x.
    expected = (0.5, 0.5, 1 / 3, 1 / 3, 1.0, 1.0)
    assert [e for of in found.configurations for e in of] == pytest.approx(expected)
    assert len(found.repeats) == 6
    # Each half of the repeats is predicted by the line through the other half.
    slope, offset = np.polyfit([0.0, 1.0, 3.0], [0.0, 1.0, 4.0], 1)
    line = offset + slope * inputs[::2, 0]
    expected = np.abs(target[::2] - line)
    assert sorted(found.repeats) == pytest.approx(sorted([*expected, *expected]))


def test_configurations_count_and_not_their_runs():
    one_each = [[float(n)] for n in range(1, 21)]
    assert reach_of_configurations(one_each, 0.9) == 19.0  # the 19th of 20
    repeated = [[float(n)] * (1 + 9 * (n == 20)) for n in range(1, 21)]
    assert reach_of_configurations(repeated, 0.9) == 19.0
    # Half of the runs of each are off by 10 more: the upper half of them is reached.
    spread = [[float(n), float(n) + 10] for n in range(1, 21)]
    assert reach_of_configurations(spread, 0.9) == 28.0


def test_a_level_needs_enough_configurations():
    errors = [[1.0]] * 9
    assert reach_of_configurations(errors, 0.9) == 1.0
    assert reach_of_configurations(errors[:8], 0.9) is None
    assert reach_of_configurations([], 0.5) is None
    with pytest.raises(ValueError, match="level must lie"):
        reach_of_configurations(errors, 1.0)
