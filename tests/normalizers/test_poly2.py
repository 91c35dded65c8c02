"""The parabola by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.poly2 import fit_parabola

# Five equal steps: orthogonal polynomials give mean 6, slope 26/10, square 14/14.
SOURCE_J = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
TARGET_J = np.array([2.0, 4.0, 4.0, 6.0, 14.0])


def test_the_parabola_equals_hand_arithmetic():
    fit = fit_parabola(SOURCE_J[:, None], TARGET_J)
    # 6 + 2.6 (x - 3) + ((x - 3)^2 - 2) at 6 and at 2.
    assert fit.predict(np.array([[6.0], [2.0]])) == pytest.approx([20.8, 2.4])
    assert fit.describe() == pytest.approx(
        {
            "intercept [J]": 5.2,
            "source energy [J/J]": -3.4,
            "source energy squared [J/J^2]": 1.0,
        }
    )


def test_a_parabola_that_falls_between_references_says_so():
    # Its slope at 1 J is -3.4 + 2 = -1.4.
    assert "falls" in fit_parabola(SOURCE_J[:, None], TARGET_J).doubts[0]
    rising = fit_parabola(SOURCE_J[:, None], SOURCE_J**2)
    assert rising.doubts == ()


def test_three_references_are_met_exactly():
    inputs = np.array([[1.0], [2.0], [4.0]])
    fit = fit_parabola(inputs, 2 + 3 * inputs[:, 0] + 0.5 * inputs[:, 0] ** 2)
    assert fit.predict(np.array([[6.0]])) == pytest.approx([38.0])


@pytest.mark.parametrize("decades", [(-3, 0), (2.8, 6.4), (6, 9)])
def test_the_parabola_equals_scikit_learn(decades):
    rng = np.random.default_rng(4)
    source_j = 10 ** rng.uniform(*decades, 30)
    target_j = 1.4 * source_j * np.exp(rng.normal(0, 0.3, 30))
    asked = np.geomspace(source_j.min() / 2, 2 * source_j.max(), 40)[:, None]
    # Scaled twice: LinearRegression drops columns a million times smaller than others.
    model = make_pipeline(
        StandardScaler(),
        PolynomialFeatures(2, include_bias=False),
        StandardScaler(),
        LinearRegression(),
    ).fit(source_j[:, None], target_j)
    fit = fit_parabola(source_j[:, None], target_j)
    assert fit.predict(asked) == pytest.approx(
        model.predict(asked), rel=1e-9, abs=1e-11 * target_j.max()
    )
    intercept, slope, square = fit.describe().values()
    assert intercept + slope * asked[:, 0] + square * asked[:, 0] ** 2 == pytest.approx(
        fit.predict(asked), rel=1e-9, abs=1e-11 * target_j.max()
    )


def test_energies_close_together_are_told_apart():
    # A thousandth of a joule beside a gigajoule: squares in joules would lose it.
    inputs = 1e9 + np.array([[0.0], [1.0], [2.0], [3.0]])
    target_j = np.array([10.0, 11.0, 14.0, 19.0])  # 10 + t^2
    fit = fit_parabola(inputs, target_j)
    assert fit.predict(inputs) == pytest.approx(target_j, rel=1e-9)


def test_two_different_energies_make_no_parabola():
    with pytest.raises(InsufficientDataError, match="3 different energies"):
        fit_parabola(np.array([[1.0], [2.0], [2.0]]), np.array([1.0, 2.0, 3.0]))
