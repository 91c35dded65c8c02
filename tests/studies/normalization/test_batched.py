import numpy as np
import pytest

from isojoule.studies.normalization.batched import (
    least_squares,
    median_of_known,
    median_slopes,
)


def made_up(n_fits=40, p=2, n=24, seed=0):
    """Inputs over decades, values over decades, masks of at least p + 2 references."""
    rng = np.random.default_rng([seed, p, n])
    inputs = 10 ** rng.uniform(0, 12, (n_fits, p, 1)) * rng.lognormal(
        0, 2, (n_fits, p, n)
    )
    values = 10 ** rng.uniform(0, 6, (n_fits, n))
    weights = np.zeros((n_fits, n))
    for row in weights:
        row[rng.choice(n, rng.integers(p + 2, n), replace=False)] = 1
    return inputs, values, weights


def naive_plane(inputs, values, weights):
    """Predictions everywhere by NumPy's own solver on scaled columns, one fit."""
    used = weights > 0
    scale = np.abs(inputs[:, used]).max(axis=1)
    columns = np.column_stack([np.ones(inputs.shape[1]), *(inputs / scale[:, None])])
    root = np.sqrt(weights[used])
    found, *_ = np.linalg.lstsq(
        columns[used] * root[:, None], values[used] * root, rcond=None
    )
    return columns @ found


@pytest.mark.parametrize("p", [1, 2, 3])
@pytest.mark.parametrize("n", [8, 24, 56])
def test_least_squares_equals_a_loop_over_fits(p, n):
    inputs, values, weights = made_up(p=p, n=n)
    fast = least_squares(inputs, values, weights).at(inputs)
    slow = [naive_plane(*one) for one in zip(inputs, values, weights, strict=True)]
    np.testing.assert_allclose(fast, slow, rtol=1e-9, atol=1e-9 * values.max())


def test_least_squares_equals_scikit_learn_on_scaled_columns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    inputs, values, weights = made_up(n_fits=10)
    fast = least_squares(inputs, values, weights).at(inputs)
    for row in range(10):
        used = weights[row] > 0
        columns = (inputs[row] / inputs[row].max(axis=1, keepdims=True)).T
        model = linear_model.LinearRegression().fit(columns[used], values[row, used])
        np.testing.assert_allclose(fast[row], model.predict(columns), rtol=1e-9)


def test_a_line_by_hand():
    planes = least_squares(
        np.array([[[1.0, 2.0, 3.0, 100.0]]]),
        np.array([[3.0, 5.0, 7.0, -1.0]]),
        np.array([[1.0, 1.0, 1.0, 0.0]]),
    )
    assert planes.coefficients[0] == pytest.approx([2.0])
    assert planes.intercept[0] == pytest.approx(1.0)
    assert planes.at(np.array([[[10.0]]]))[0] == pytest.approx([21.0])


def test_weights_are_counts():
    inputs, values, weights = made_up(n_fits=1, p=1, n=8)
    counts = weights * np.arange(1, 9)
    rows = np.repeat(np.arange(8), counts[0].astype(int))
    once = least_squares(inputs[:, :, rows], values[:, rows], np.ones((1, len(rows))))
    counted = least_squares(inputs, values, counts)
    np.testing.assert_allclose(counted.coefficients, once.coefficients, rtol=1e-12)
    np.testing.assert_allclose(counted.intercept, once.intercept, rtol=1e-9)


def test_collinear_inputs_get_the_smallest_slopes():
    x = np.linspace(1, 2, 8)
    inputs = np.stack([x, 3 * x])[np.newaxis]
    planes = least_squares(inputs, (4 * x + 1)[np.newaxis], np.ones((1, 8)))
    # Scaled alike, the two inputs are one: each takes half of the slope.
    assert planes.coefficients[0] == pytest.approx([2.0, 2.0 / 3])
    np.testing.assert_allclose(planes.at(inputs)[0], 4 * x + 1)


def test_an_input_that_never_changes_explains_nothing():
    x = np.linspace(1, 2, 8)
    inputs = np.stack([x, np.full(8, 7.0)])[np.newaxis]
    planes = least_squares(inputs, (4 * x + 1)[np.newaxis], np.ones((1, 8)))
    assert planes.coefficients[0] == pytest.approx([4.0, 0.0])


def test_fewer_references_than_slopes_are_met_exactly():
    inputs, values, _ = made_up(n_fits=1, p=3, n=8)
    weights = np.zeros((1, 8))
    weights[0, :3] = 1  # three points, four coefficients
    fitted = least_squares(inputs, values, weights).at(inputs)
    np.testing.assert_allclose(fitted[0, :3], values[0, :3], rtol=1e-9)


def test_no_fit_depends_on_the_others_to_the_last_bit():
    inputs, values, weights = made_up(n_fits=3000, p=3, n=24)
    together = least_squares(inputs, values, weights).at(inputs)
    lines = median_slopes(inputs[:, 0], values, weights).at(inputs[:, :1])
    for some in (slice(7, 8), slice(100, 231), slice(1500, 3000)):
        part = inputs[some], values[some], weights[some]
        alone = least_squares(*part).at(part[0])
        assert np.array_equal(alone, together[some])
        line = median_slopes(part[0][:, 0], *part[1:]).at(part[0][:, :1])
        assert np.array_equal(line, lines[some])


def test_median_slopes_are_those_of_scipy():
    stats = pytest.importorskip("scipy.stats")
    inputs, values, weights = made_up(p=1)
    inputs[:, :, 3] = inputs[:, :, 4]  # equal abscissae have no slope
    found = median_slopes(inputs[:, 0], values, weights)
    for row, used in enumerate(weights > 0):
        expected = stats.theilslopes(values[row, used], inputs[row, 0, used])
        assert found.coefficients[row, 0] == pytest.approx(expected.slope, rel=1e-12)
        assert found.intercept[row] == pytest.approx(expected.intercept, rel=1e-9)


def test_the_median_of_what_is_known():
    nan, inf = np.nan, np.inf
    rows = [[3, nan, 1, 2], [4, nan, nan, 1], [nan] * 4, [1, inf, inf, nan]]
    found = median_of_known(np.array(rows))
    assert found.tolist()[:2] == [2.0, 2.5]
    assert np.isnan(found[2])
    assert found[3] == inf
