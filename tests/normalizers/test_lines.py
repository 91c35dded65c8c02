"""Least squares against exact rational arithmetic and scikit-learn."""

from fractions import Fraction

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from isojoule.errors import InsufficientDataError
from isojoule.formats import read_runs
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.lines import (
    LinearFit,
    least_squares,
    require_different_energies,
)
from isojoule.normalizers.pairs import make_pair
from isojoule.observations import calibrate, select
from isojoule.records import Observation


def exact_least_squares(inputs: np.ndarray, target_j: np.ndarray) -> list[float]:
    """Solve the normal equations in fractions: intercept, then slopes, no rounding."""
    rows = [[Fraction(1), *map(Fraction, row)] for row in inputs.tolist()]
    known = list(map(Fraction, target_j.tolist()))
    size = len(rows[0])
    system = [
        [sum(r[i] * r[j] for r in rows) for j in range(size)]
        + [sum(r[i] * y for r, y in zip(rows, known, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = next(k for k in range(i, size) if system[k][i])
        system[i], system[pivot] = system[pivot], system[i]
        system[i] = [value / system[i][i] for value in system[i]]
        for k in range(size):
            if k != i:
                system[k] = [
                    a - system[k][i] * b
                    for a, b in zip(system[k], system[i], strict=True)
                ]
    return [float(row[-1]) for row in system]


def test_the_exact_solver_solves_a_line_by_hand():
    # (1, 1), (2, 3), (3, 2): slope 1/2, intercept 1.
    inputs = np.array([[1.0], [2.0], [3.0]])
    assert exact_least_squares(inputs, np.array([1.0, 3.0, 2.0])) == [1.0, 0.5]


@pytest.mark.parametrize(
    ("source_j", "flop", "params"),
    [
        # An epoch of training on a GPU: kilojoules to megajoules, up to 1e18 FLOP.
        ((2.8, 6.4), (13, 18), (5, 8.2)),
        # A batch of a language model: 100 kJ beside 1e15 to 1e17 FLOP, 1e10 parameters.
        ((4, 5.5), (15, 17), (9.8, 10.9)),
        # An image on a USB stick, and everything from there to a large training.
        ((-3, 0), (6, 10), (5, 8)),
        ((-3, 9), (6, 18), (3, 11)),
    ],
)
@pytest.mark.parametrize("n_features", [0, 1, 2])
def test_least_squares_equal_exact_arithmetic(source_j, flop, params, n_features):
    rng = np.random.default_rng(11)
    n = 24
    columns = [10 ** rng.uniform(*decades, n) for decades in (source_j, flop, params)]
    inputs = np.column_stack(columns[: 1 + n_features])
    target_j = 1.7 * inputs[:, 0] * np.exp(rng.normal(0, 0.3, n))
    fit = least_squares(inputs, target_j)
    intercept_j, *slopes = exact_least_squares(inputs, target_j)
    # Coefficients to the effect that they have: in parts of the largest energy.
    largest_j = target_j.max()
    assert fit.intercept_j == pytest.approx(intercept_j, abs=1e-13 * largest_j)
    for ours, exact, column in zip(fit.coefficients, slopes, inputs.T, strict=True):
        assert ours * column.max() == pytest.approx(
            exact * column.max(), abs=1e-12 * largest_j
        )
    assert fit.is_unique


@pytest.mark.parametrize("features", [(), ("flop",), ("params",)])
def test_linear_equals_scikit_learn_on_published_language_models(
    cross_hardware, features
):
    runs = read_runs(cross_hardware / "argonne_llm_power.parquet")
    observations = select(runs).observations
    names = sorted({o.hardware for o in observations})
    machines = {name: calibrate(name, observations) for name in names}
    for source, target in [(a, b) for a in names for b in names if a != b]:
        pair = make_pair(machines, source, target, features=features)
        model = make_pipeline(StandardScaler(), LinearRegression())
        model.fit(pair.inputs, pair.target_energy_j)
        normalizer = NORMALIZERS["linear"](list(machines.values()), features=features)
        ours_j = normalizer.fitted(source, target).line.predict(pair.inputs)
        assert ours_j == pytest.approx(model.predict(pair.inputs), rel=1e-9)


@pytest.mark.parametrize("features", [(), ("params",)])
def test_linear_equals_exact_arithmetic_on_published_trainings(zeus_table, features):
    observations = select(read_runs(zeus_table)).observations
    names = ("NVIDIA A40", "NVIDIA Tesla V100")
    machines = {name: calibrate(name, observations) for name in names}
    pair = make_pair(machines, *names, features=features)
    assert len(pair.workloads) >= 8
    intercept_j, *slopes = exact_least_squares(pair.inputs, pair.target_energy_j)
    normalizer = NORMALIZERS["linear"](list(machines.values()), features=features)
    fit = list(normalizer.describe(*names).values())
    assert fit == pytest.approx([intercept_j, *slopes], rel=1e-9)


def test_an_input_that_follows_from_another_is_told():
    source_j = np.array([1.0, 2.0, 3.0, 5.0])
    flop = np.array([1e12, 5e12, 2e12, 4e12])
    fit = least_squares(np.column_stack([source_j, flop, 2 * flop]), 3 * source_j)
    assert fit.predict(np.array([[4.0, 3e12, 6e12]])) == pytest.approx([12.0])
    assert any("not unique" in doubt for doubt in fit.doubts)


def test_a_feature_that_never_changes_is_told():
    seen = [Observation(f"w{i}", "A", 1.0 + i, work_flop=7.0) for i in range(4)]
    machines = [calibrate(m, [_moved(o, m) for o in seen]) for m in ("A", "B")]
    normalizer = NORMALIZERS["linear"](machines, features=["flop"])
    estimate = normalizer.convert(seen[1], target="B")
    assert estimate.energy_j == pytest.approx(2.0)
    assert any("never changes" in note for note in estimate.notes)


@pytest.mark.parametrize("constant", [0.1, 1 / 3, 0.7e13])
@pytest.mark.parametrize("rounding", [0.0, 2.3e-16])
def test_a_feature_that_changes_by_rounding_alone_gets_no_coefficient(
    constant, rounding
):
    # The mean of seven times 0.1 is not 0.1: what is left must not count as a change.
    source_j = np.array([1.0, 2.0, 4.0, 7.0, 11.0, 16.0, 22.0])
    feature = constant * (1 + rounding * np.array([0, 1, 0, 1, 1, 0, 1]))
    target_j = 3 * source_j + np.sin(source_j)
    fit = least_squares(np.column_stack([source_j, feature]), target_j)
    alone = least_squares(source_j[:, None], target_j)
    assert fit.coefficients == pytest.approx((*alone.coefficients, 0.0), abs=1e-15)
    assert fit.intercept_j == pytest.approx(alone.intercept_j)
    assert not fit.is_unique


def _moved(observation: Observation, hardware: str) -> Observation:
    return Observation(
        observation.workload,
        hardware,
        observation.energy_j,
        work_flop=observation.work_flop,
    )


def test_a_line_names_its_coefficients_with_units():
    fit = LinearFit(3.0, (2.0, 1e-12, 1e-6))
    assert fit.describe(["flop", "params"]) == {
        "intercept [J]": 3.0,
        "source energy [J/J]": 2.0,
        "flop [J/FLOP]": 1e-12,
        "params [J/parameter]": 1e-6,
    }


def test_too_few_different_energies_are_named():
    with pytest.raises(
        InsufficientDataError,
        match="poly2 needs references of 3 different energies, the 4 at hand have only "
        "1 J and 2 J: measure another one",
    ):
        require_different_energies("poly2", np.array([1.0, 2.0, 1.0, 2.0]), 3)
    with pytest.raises(InsufficientDataError, match="have only 5 J: measure"):
        require_different_energies("linear", 5.0 + np.array([0.0, 1e-15, 8e-15]), 2)
    require_different_energies("poly2", np.array([1e-3, 2e-3, 1e9]), 3)
