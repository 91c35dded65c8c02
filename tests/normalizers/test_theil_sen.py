"""The median slope by hand, and against all pairs one by one."""

from itertools import combinations
from statistics import median

import numpy as np
import pytest

from isojoule.normalizers.theil_sen import fit_median_slope


def test_one_reference_that_is_far_off_does_not_move_the_line():
    # Six pairs have slope 2, four go through the outlier: 24.5, 32, 47 and 92.
    inputs = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]])
    fit = fit_median_slope(inputs, np.array([2.0, 4.0, 6.0, 8.0, 100.0]))
    assert fit.describe() == {"intercept [J]": 0.0, "source energy [J/J]": 2.0}
    assert fit.predict(np.array([[10.0]])) == pytest.approx([20.0])


def test_the_intercept_goes_through_the_medians():
    # Slopes 1, 1.5, 2: median 1.5; medians 2 and 2: intercept 2 - 3 = -1.
    fit = fit_median_slope(np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 4.0]))
    assert fit.describe() == {"intercept [J]": -1.0, "source energy [J/J]": 1.5}


def test_the_line_equals_the_median_over_all_pairs_one_by_one():
    rng = np.random.default_rng(8)
    source_j = 10 ** rng.uniform(-3, 9, 25)
    source_j[7] = source_j[3]  # a pair without a slope
    target_j = 1.3 * source_j * np.exp(rng.normal(0, 0.4, 25))
    slope = median(
        (y2 - y1) / (x2 - x1)
        for (x1, y1), (x2, y2) in combinations(
            zip(source_j.tolist(), target_j.tolist(), strict=True), 2
        )
        if x1 != x2
    )
    intercept_j = median(target_j.tolist()) - slope * median(source_j.tolist())
    fit = fit_median_slope(source_j[:, None], target_j)
    assert list(fit.describe().values()) == pytest.approx(
        [intercept_j, slope], rel=1e-12
    )
