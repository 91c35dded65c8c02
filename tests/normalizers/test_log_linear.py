"""The line in logarithms by hand, and against scikit-learn."""

from math import log

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from isojoule.errors import InsufficientDataError
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.conversion import convert_all
from isojoule.normalizers.log_linear import fit_logarithms
from isojoule.observations import calibrate
from isojoule.records import Observation


def test_a_power_law_is_found():
    # E_B = 3 sqrt(E_A).
    fit = fit_logarithms(np.array([[1.0], [4.0], [16.0]]), np.array([3.0, 6.0, 12.0]))
    assert fit.predict(np.array([[9.0]])) == pytest.approx([9.0])
    assert fit.describe() == pytest.approx(
        {"intercept [ln J]": log(3), "exponent of source energy [1]": 0.5}
    )


def test_the_estimate_is_the_median_and_not_the_mean():
    # Two of each energy, off by a factor of 4 both ways: the median is the energy, the
    # mean would be (4 + 1/4) / 2 = 2.125 times as much.
    fit = fit_logarithms(
        np.array([[1.0], [1.0], [8.0], [8.0]]), np.array([4.0, 0.25, 32.0, 2.0])
    )
    assert fit.predict(np.array([[1.0], [8.0]])) == pytest.approx([1.0, 8.0])


@pytest.mark.parametrize(
    "features", [(), ("power",), ("flop", "params"), ("power", "flop", "params")]
)
def test_it_equals_scikit_learn_on_logarithms(features):
    rng = np.random.default_rng(6)
    n = 20
    energies_j = 10 ** rng.uniform(-3, 9, n)
    columns = {
        "power": 10 ** rng.uniform(0, 3, n),
        "flop": 10 ** rng.uniform(6, 18, n),
        "params": 10 ** rng.uniform(3, 11, n),
    }
    on_b_j = energies_j**0.9 * columns["power"] ** 0.5 * np.exp(rng.normal(0, 0.2, n))
    on_a = [
        Observation(
            f"w{i}",
            "A",
            energies_j[i],
            energies_j[i] / columns["power"][i],
            work_flop=columns["flop"][i],
            n_params=columns["params"][i],
        )
        for i in range(n)
    ]
    on_b = [Observation(f"w{i}", "B", on_b_j[i]) for i in range(n)]
    machines = [calibrate("A", on_a[1:]), calibrate("B", on_b[1:])]
    normalizer = NORMALIZERS["log-linear"](machines, features=features)
    inputs = np.log(np.column_stack([energies_j, *(columns[f] for f in features)]))
    model = LinearRegression().fit(inputs[1:], np.log(on_b_j[1:]))
    estimate = normalizer.convert(on_a[0], target="B")
    assert estimate.energy_j == pytest.approx(
        float(np.exp(model.predict(inputs[:1])[0])), rel=1e-9
    )
    assert list(normalizer.describe("A", "B").values()) == pytest.approx(
        [model.intercept_, *model.coef_], rel=1e-9
    )
    assert list(normalizer.describe("A", "B"))[2:] == [
        f"exponent of {name} [1]" for name in features
    ]


@pytest.mark.parametrize("features", [("power",), ("power", "flop", "params")])
def test_each_feature_needs_one_more_reference(features):
    n = 2 + len(features)

    def machines(count: int):
        return [
            calibrate(
                name,
                [
                    Observation(
                        f"w{i}", name, 2.0**i, 1.0, work_flop=3.0**i, n_params=1.0 + i
                    )
                    for i in range(count)
                ],
            )
            for name in ("A", "B")
        ]

    new = Observation("new", "A", 2.0, 1.0, work_flop=3.0, n_params=2.0)
    with pytest.raises(
        InsufficientDataError,
        match=f"needs {n} references, A and B offer {n - 1} with these features",
    ):
        NORMALIZERS["log-linear"](machines(n - 1), features=features).convert(
            new, target="B"
        )
    normalizer = NORMALIZERS["log-linear"](machines(n), features=features)
    assert normalizer.convert(new, target="B").energy_j > 0


def test_workloads_with_a_feature_of_zero_are_left_out_with_the_reason():
    def on(name: str) -> list[Observation]:
        counts = {"knn": 0.0, "a": 1.0, "b": 30.0, "c": 50.0, "d": 200.0}
        return [
            Observation(workload, name, 1.0 + i, n_params=count)
            for i, (workload, count) in enumerate(counts.items())
        ]

    conversion = convert_all(
        on("A") + on("B"),
        source="A",
        target="B",
        method="log-linear",
        features=["params"],
    )
    assert conversion.references == ("a", "b", "c", "d")
    assert conversion.skipped == {
        "knn": "params of 'knn' is 0, and log-linear takes its logarithm: leave the "
        "feature out"
    }


@pytest.mark.parametrize("power_w", [1.0, 70.1])
def test_a_power_that_changes_by_rounding_alone_gets_no_exponent(power_w):
    energies_j = np.array([1.0, 3.0, 8.0, 30.0, 70.0])
    powers_w = power_w * (1 + 2.3e-16 * np.array([0, 1, 0, 1, 1]))
    target_j = np.array([2.0, 5.0, 20.0, 50.0, 160.0])
    fit = fit_logarithms(np.column_stack([energies_j, powers_w]), target_j)
    alone = fit_logarithms(energies_j[:, None], target_j)
    found = fit.predict(np.array([[10.0, 300.0]]))
    assert found == pytest.approx(alone.predict(np.array([[10.0]])))
    assert any("not unique" in doubt for doubt in fit.doubts)


def test_an_estimate_beyond_all_numbers_is_refused():
    # A hundredfold energy for one percent more: the exponent is over 400.
    machines = [
        calibrate("A", [Observation("a", "A", 1.0), Observation("b", "A", 1.01)]),
        calibrate("B", [Observation("a", "B", 1.0), Observation("b", "B", 100.0)]),
    ]
    normalizer = NORMALIZERS["log-linear"](machines)
    with pytest.raises(InsufficientDataError, match="gives no finite energy for 'new'"):
        normalizer.convert(Observation("new", "A", 1e3), target="B")


def test_energies_that_contradict_each_other_are_told():
    fit = fit_logarithms(np.array([[1.0], [2.0]]), np.array([5.0, 3.0]))
    assert any("contradict" in doubt for doubt in fit.doubts)
