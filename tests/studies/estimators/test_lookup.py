import numpy as np

from isojoule.studies.estimators.lookup import (
    mean_of_configuration,
    nearest_configuration,
)


def test_a_configuration_gets_the_mean_of_its_repeats():
    names = np.array(["b", "a", "b"])
    found = mean_of_configuration(
        names, np.array([1.0, 5.0, 3.0]), np.array(["a", "b", "c"])
    )
    np.testing.assert_array_equal(found, [5.0, 2.0, np.nan])


def naive_nearest(inputs, names, asked):
    center = [sum(column) / len(column) for column in zip(*inputs, strict=True)]
    spread = [
        (sum((x - m) ** 2 for x in column) / len(column)) ** 0.5 or 1.0
        for column, m in zip(zip(*inputs, strict=True), center, strict=True)
    ]

    def distance(one, other):
        return sum(
            ((a - b) / s) ** 2 for a, b, s in zip(one, other, spread, strict=True)
        )

    found = []
    for row in asked:
        ranked = sorted(zip(names, inputs, strict=True), key=lambda pair: pair[0])
        found.append(min(ranked, key=lambda pair: distance(pair[1], row))[0])
    return found


def test_the_nearest_configuration_equals_a_search_one_by_one():
    rng = np.random.default_rng(6)
    points = rng.normal(size=(6, 4)) * [1, 10, 100, 0]
    which = rng.integers(0, 6, 40)
    inputs, names = points[which], [f"c{w}" for w in which]
    asked = rng.normal(size=(15, 4)) * [1, 10, 100, 0]
    found = nearest_configuration(inputs, names, asked)
    assert found.tolist() == naive_nearest(inputs.tolist(), names, asked.tolist())


def test_an_unknown_input_finds_nothing():
    inputs = np.array([[0.0], [1.0], [np.nan]])
    found = nearest_configuration(inputs, ["a", "b", "c"], np.array([[0.9], [np.nan]]))
    assert found.tolist() == ["b", ""]
    nothing = nearest_configuration(inputs[2:], ["c"], np.array([[0.9]]))
    assert nothing.tolist() == [""]
