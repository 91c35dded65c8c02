import numpy as np
import pytest

from isojoule.estimators.regression_models import (
    PUBLISHED,
    KernelRidge,
    Linear,
    Ridge,
    Standardization,
    SupportVectors,
)


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def naive_kernel_ridge(inputs, target, asked, alpha, gamma):
    """Every run its own equation, every kernel value by itself."""

    def kernel(one, other):
        return np.exp(-gamma * sum((a - b) ** 2 for a, b in zip(one, other)))  # noqa: B905

    n = len(inputs)
    matrix = np.array(
        [[kernel(inputs[i], inputs[j]) for j in range(n)] for i in range(n)]
    )
    weights = np.linalg.solve(matrix + alpha * np.eye(n), target)
    return [
        sum(w * kernel(row, seen) for w, seen in zip(weights, inputs, strict=True))
        for row in asked
    ]


def test_repeats_put_together_give_what_one_equation_each_gives(rng):
    inputs = rng.normal(size=(5, 3))[[0, 0, 0, 1, 2, 2, 3, 4, 4, 4]]
    target = rng.normal(200.0, 40.0, 10)
    asked = rng.normal(size=(4, 3))
    found = KernelRidge(0.01, 0.3)(inputs, target)(asked)
    expected = naive_kernel_ridge(inputs, target, asked, 0.01, 0.3)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_kernel_ridge_falls_to_zero_away_from_its_data(rng):
    inputs = rng.normal(size=(6, 3))
    predict = KernelRidge(0.001, 1.0)(inputs, np.full(6, 300.0))
    assert predict(inputs)[0] == pytest.approx(300.0, rel=0.01)
    assert predict(np.full((1, 3), 50.0))[0] == 0.0


def test_ridge_equals_that_of_scikit_learn(rng):
    linear_model = pytest.importorskip("sklearn.linear_model")
    inputs, target = rng.normal(size=(30, 4)), rng.normal(5.0, 2.0, 30)
    asked = rng.normal(size=(7, 4))
    theirs = linear_model.Ridge(alpha=0.7).fit(inputs, target).predict(asked)
    np.testing.assert_allclose(Ridge(0.7)(inputs, target)(asked), theirs, rtol=1e-10)


def test_ridge_does_not_shrink_the_intercept():
    inputs = np.array([[-1.0], [0.0], [1.0]])
    predict = Ridge(1e12)(inputs, np.array([9.0, 10.0, 11.0]))
    assert predict(inputs) == pytest.approx([10.0, 10.0, 10.0])


def test_the_line_through_points_on_a_line_is_exact():
    inputs = np.array([[0.0], [1.0], [3.0]])
    predict = Linear()(inputs, np.array([1.0, 3.0, 7.0]))
    assert predict(np.array([[2.0]]))[0] == pytest.approx(5.0)


def test_an_input_that_is_there_twice_does_not_matter(rng):
    inputs, target = rng.normal(size=(20, 2)), rng.normal(size=20)
    doubled = inputs[:, [0, 1, 1]]
    asked = rng.normal(size=(5, 2))
    once, twice = (
        Linear()(inputs, target)(asked),
        Linear()(doubled, target)(asked[:, [0, 1, 1]]),
    )
    np.testing.assert_allclose(once, twice, rtol=1e-9)


def test_support_vectors_keep_within_epsilon_of_points_that_can_be_met():
    pytest.importorskip("sklearn")
    inputs = np.array([[0.0], [1.0], [2.0]])
    target = np.array([1.0, 2.0, 3.0])
    predict = SupportVectors(1000.0, 0.1, 1.0)(inputs, target)
    assert np.abs(predict(inputs) - target).max() <= 0.1 + 2e-3


def test_an_input_that_does_not_vary_is_not_divided_by_zero():
    inputs = np.array([[1.0, 7.0], [3.0, 7.0]])
    scaling = Standardization.of(inputs)
    assert scaling.apply(inputs).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("scales", "chosen"),
    [
        ({"alpha": 0.1}, [[m.alpha] for m in PUBLISHED["ridge"].values()]),
        (
            {"alpha": 0.01, "gamma": 0.01},
            [[m.alpha, m.gamma] for m in PUBLISHED["kernel-ridge"].values()],
        ),
        (
            {"C": 300.0, "epsilon": 1.0, "gamma": 0.01},
            [[m.c, m.epsilon, m.gamma] for m in PUBLISHED["svm"].values()],
        ),
    ],
)
def test_the_hyperparameters_are_draws_of_the_published_search(scales, chosen):
    expon = pytest.importorskip("scipy.stats").expon
    model_selection = pytest.importorskip("sklearn.model_selection")
    draws = model_selection.ParameterSampler(
        {name: expon(scale=scale) for name, scale in scales.items()},
        100,
        random_state=2022,
    )
    drawn = np.array([[draw[name] for name in scales] for draw in draws])
    for parameters in chosen:
        assert np.isclose(drawn, parameters, rtol=1e-12).all(axis=1).any()
