"""Support vector regression where it can be worked out, and against scikit-learn."""

from math import exp, sqrt

import numpy as np
import pytest
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from isojoule.formats import read_runs
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.pairs import make_pair
from isojoule.normalizers.pairwise import N_GROUPS
from isojoule.normalizers.svr import fit_in_kwh, fit_standardized
from isojoule.observations import calibrate, select
from isojoule.records import Calibration, Observation

KWH_J = 3.6e6
# Three references in equal steps: every weight reaches C, and the middle stays.
SOURCE_J = KWH_J * np.array([[1.0], [2.0], [3.0]])
TARGET_J = KWH_J * np.array([5.0, 10.0, 15.0])


def test_in_kwh_no_estimate_moves_further_than_c_allows():
    # gamma = 1 / (2/3), ends are 2 kWh apart: the kernel between them is exp(-6).
    step_kwh = 0.1 * (1 - exp(-6))
    expected_j = KWH_J * np.array([10 - step_kwh, 10, 10 + step_kwh])
    fit = fit_in_kwh(SOURCE_J, TARGET_J)
    assert fit.predict(SOURCE_J) == pytest.approx(expected_j, rel=1e-9)
    assert fit.describe() == pytest.approx(
        {
            "intercept [kWh]": 10.0,
            "gamma [1/kWh^2]": 1.5,
            "support vectors [1]": 2.0,
            "largest weight [kWh]": 0.1,
        }
    )
    assert fit.doubts == (
        "the curve is nearly flat, from end to end 718 kJ instead of 36 MJ",
    )


def test_standardized_the_same_holds_in_standard_deviations():
    deviation_j = 5 * sqrt(2 / 3) * KWH_J
    expected_j = 10 * KWH_J + deviation_j * 0.1 * (1 - exp(-6)) * np.array([-1, 0, 1])
    fit = fit_standardized(SOURCE_J, TARGET_J)
    assert fit.predict(SOURCE_J) == pytest.approx(expected_j, rel=1e-9)
    described = fit.describe()
    assert described["gamma [1/std^2]"] == pytest.approx(1.0)
    assert described["target mean [J]"] == pytest.approx(10 * KWH_J)
    assert described["target std [J]"] == pytest.approx(deviation_j)


def test_in_kwh_energies_within_4320_joules_are_all_alike():
    # Twice epsilon (720 J) and the tolerance at which the solver stops (3600 J).
    source_j = np.linspace(1e3, 9e3, 12)[:, None]
    near, far = (
        fit_in_kwh(source_j, np.linspace(1e3, end, 12)) for end in (5310, 5330)
    )
    assert near.predict(source_j) == pytest.approx(np.full(12, 3155.0))
    assert "from end to end 0 J instead of 4.31 kJ" in near.doubts[0]
    assert near.describe()["support vectors [1]"] == 0
    assert far.doubts == ()


@pytest.fixture(scope="module")
def decades():
    rng = np.random.default_rng(2)
    source_j = 10 ** rng.uniform(2, 7, 40)
    return source_j[:, None], 1.4 * source_j * np.exp(rng.normal(0, 0.3, 40))


def test_in_kwh_it_equals_scikit_learn(decades):
    source_j, target_j = decades
    model = SVR(C=0.1, epsilon=1e-4).fit(source_j / KWH_J, target_j / KWH_J)
    asked_j = np.geomspace(1e-3, 1e9, 50)[:, None]
    assert fit_in_kwh(source_j, target_j).predict(asked_j) == pytest.approx(
        KWH_J * model.predict(asked_j / KWH_J), rel=1e-9
    )


def test_standardized_it_equals_scikit_learn(decades):
    source_j, target_j = decades
    model = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), SVR(C=0.1, epsilon=1e-4)),
        transformer=StandardScaler(),
    ).fit(source_j, target_j)
    asked_j = np.geomspace(1e-3, 1e9, 50)[:, None]
    assert fit_standardized(source_j, target_j).predict(asked_j) == pytest.approx(
        model.predict(asked_j), rel=1e-9
    )


def test_the_curve_can_be_drawn_from_what_the_model_holds(decades):
    source_j, target_j = decades
    fit = fit_standardized(source_j, target_j)
    described = fit.describe()
    at = (source_j[:5] - described["source mean [J]"]) / described["source std [J]"]
    kernel = np.exp(
        -described["gamma [1/std^2]"] * (at - fit.model.support_vectors_.T) ** 2
    )
    counts = described["intercept [std]"] + kernel @ fit.model.dual_coef_[0]
    expected_j = described["target mean [J]"] + described["target std [J]"] * counts
    assert fit.predict(source_j[:5]) == pytest.approx(expected_j, rel=1e-9)


def test_what_it_gives_depends_on_the_unit_of_work(zeus_table):
    observations = select(read_runs(zeus_table)).observations
    names = ("NVIDIA A40", "NVIDIA Tesla V100")
    pair = make_pair({n: calibrate(n, observations) for n in names}, *names)

    def error(share: float) -> float:
        """Return the median error where the unit is this share of an epoch."""
        fit = fit_in_kwh(share * pair.inputs, share * pair.target_energy_j)
        predicted_j = fit.predict(share * pair.inputs) / share
        return float(np.median(np.abs(predicted_j / pair.target_energy_j - 1)))

    assert error(1) == pytest.approx(0.18, abs=0.01)
    assert error(1e-3) == pytest.approx(2.08, abs=0.01)  # one constant for all
    assert error(100) == pytest.approx(0.69, abs=0.01)  # C holds everything back


def machines(n: int) -> list[Calibration]:
    energies_j = np.geomspace(1e4, 1e7, n)
    factors = np.exp(0.2 * np.sin(np.arange(n)))
    return [
        calibrate(
            name,
            [Observation(f"w{i}", name, e) for i, e in enumerate(values.tolist())],
        )
        for name, values in (("A", energies_j), ("B", energies_j * factors))
    ]


@pytest.mark.parametrize("n", [200, 201])
def test_many_references_are_left_out_in_groups(n):
    normalizer = NORMALIZERS["svr"](machines(n))
    fitted = normalizer.fitted("A", "B")
    assert fitted.n_groups == (None if n == 200 else N_GROUPS)
    estimate = normalizer.convert(Observation("new", "A", 1e5), target="B")
    said = "references in 10 groups left out in turn" in estimate.uncertainty[0]
    assert said is (n == 201)
    assert len(fitted.abs_log_residuals) == n


def test_a_group_is_predicted_by_a_fit_without_it():
    n = 210
    a, b = machines(n)
    fitted = NORMALIZERS["svr-standardized"]([a, b]).fitted("A", "B")
    source_j = np.array([o.energy_j for o in a.observations.values()])[:, None]
    target_j = np.array([o.energy_j for o in b.observations.values()])
    third = np.arange(n) % N_GROUPS == 3
    rest = fit_standardized(source_j[~third], target_j[~third])
    expected = np.abs(np.log(rest.predict(source_j[third]) / target_j[third]))
    found = [fitted.abs_log_residuals[f"w{i}"] for i in np.flatnonzero(third)]
    assert found == pytest.approx(expected.tolist())
