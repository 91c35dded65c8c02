import numpy as np
import pytest

from isojoule import NORMALIZERS, Calibration, Observation
from isojoule.studies.normalization.methods import METHODS, is_enough
from isojoule.studies.normalization.splits import make_folds
from many_machines import make_pair

FEATURES = ("flop", "params")


def calibrations_of(pair):
    """The pair as two machines, for the normalizers that convert one workload."""

    def observe(hardware, energies_j):
        return Calibration(
            hardware,
            {
                name: Observation(
                    name, hardware, float(energy_j), work_flop=flop, n_params=params
                )
                for name, energy_j, (flop, params) in zip(
                    pair.workloads,
                    energies_j,
                    pair.feature_values.tolist(),
                    strict=True,
                )
            },
        )

    return [
        observe(pair.source, pair.source_energy_j),
        observe(pair.target, pair.target_energy_j),
    ]


def fits(name, features=(), n_seeds=3):
    """Each fold of two pairs, what the study fits, and what the normalizer fits."""
    pairs = [make_pair(n, n_features=2) for n in (11, 30)]
    for folds in make_folds(pairs, FEATURES, "random", n_seeds):
        chosen = folds.with_features(features)
        fitted = METHODS[name].fit(chosen, folds.is_train.astype(float))
        for row, place in enumerate(folds.pair):
            pair = pairs[place]
            n = len(pair.workloads)
            train = np.flatnonzero(folds.is_train[row])
            normalizer = NORMALIZERS[name](
                calibrations_of(pair),
                references=[pair.workloads[i] for i in train],
                features=features,
            )
            columns = [FEATURES.index(f) for f in features]
            inputs = np.column_stack(
                [pair.source_energy_j, pair.feature_values[:, columns]]
            )
            yield fitted, row, n, normalizer.fitted("A", "B"), inputs, pair


CASES = [
    *((name, ()) for name in METHODS if name != "none"),
    ("linear", ("flop",)),
    ("linear", ("params",)),
    ("linear", FEATURES),
]


@pytest.mark.parametrize(("name", "features"), CASES)
def test_the_study_fits_what_the_normalizer_of_that_name_fits(name, features):
    pytest.importorskip("sklearn")
    for fitted, row, n, alone, inputs, pair in fits(name, features):
        expected_j = alone.line.predict(inputs)
        atol = 1e-9 * np.abs(expected_j).max()
        np.testing.assert_allclose(
            fitted.predicted_j[row, :n], expected_j, rtol=1e-9, atol=atol
        )
        used = [pair.workloads[i] for i in np.flatnonzero(fitted.is_reference[row])]
        assert used == list(alone.references)


@pytest.mark.parametrize(("name", "features"), CASES)
def test_coefficients_have_the_names_and_values_of_the_normalizer(name, features):
    pytest.importorskip("sklearn")
    for fitted, row, *_, alone, _inputs, _pair in fits(name, features, n_seeds=1):
        expected = alone.line.describe(features)
        found = {n: float(v[row]) for n, v in fitted.coefficients.items()}
        if name.startswith("single"):  # a proportion: the line has an intercept of 0
            expected = {k: v for k, v in expected.items() if k != "intercept [J]"}
        scale_j = 1e-9 * abs(expected.get("intercept [J]", 0.0)) + 1e-6
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            near = scale_j if key == "intercept [J]" else 0.0
            assert found[key] == pytest.approx(value, rel=1e-6, abs=near), key


def test_none_takes_the_energies_as_they_are():
    (folds,) = make_folds([make_pair(10)], (), "random", 2)
    fitted = METHODS["none"].fit(folds, folds.is_train.astype(float))
    assert np.array_equal(fitted.predicted_j, folds.source_energy_j)
    assert not fitted.is_reference.any()


@pytest.mark.parametrize(
    ("name", "n_features", "energies_j", "enough"),
    [
        ("none", 0, [], True),
        ("single-low", 0, [], False),
        ("single-low", 0, [1.0], True),
        ("dual", 0, [1.0], False),
        ("dual", 0, [1.0, 1.0, 1.0], False),
        ("dual", 0, [1.0, 2.0], True),
        ("linear", 0, [1.0, 2.0], True),
        ("linear", 2, [1.0, 2.0, 3.0], False),
        ("linear", 2, [1.0, 2.0, 3.0, 3.0], True),
        ("poly2", 0, [1.0, 2.0, 2.0], False),
        ("poly2", 0, [1.0, 2.0, 3.0], True),
        ("svr", 0, [1.0, 2.0], False),
        ("svr", 0, [1.0, 1.0, 2.0], True),
    ],
)
def test_every_method_has_its_fewest_references(name, n_features, energies_j, enough):
    (folds,) = make_folds([make_pair(8)], (), "random", 1)
    weights = np.zeros((1, 8))
    folds.source_energy_j[0] = sorted([*energies_j, *[0.5] * (8 - len(energies_j))])
    weights[0, 8 - len(energies_j) :] = 1
    found = is_enough(METHODS[name], folds, weights, n_features=n_features)
    assert found.tolist() == [enough]
