"""The methods on numbers that can be worked out by hand, and against scikit-learn."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from builders import observed
from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.normalizers import NORMALIZERS
from isojoule.normalizers.conversion import convert_all
from isojoule.normalizers.pairwise import interval_factor
from isojoule.observations import calibrate
from isojoule.records import Calibration, Observation


def pair(source: dict[str, float], target: dict[str, float]) -> list[Calibration]:
    return [
        calibrate("A", observed("A", **source)),
        calibrate("B", observed("B", **target)),
    ]


def seen(energy_j: float, name: str = "new") -> Observation:
    return Observation(name, "A", energy_j, scope="gpu")


# Low 10 -> 30, middle 20 -> 20, high 40 -> 60.
SOURCE = {"low": 10.0, "mid": 20.0, "high": 40.0}
TARGET = {"low": 30.0, "mid": 20.0, "high": 60.0}


@pytest.mark.parametrize(
    ("method", "energy_j"),
    [
        ("single-low", 16 * 30 / 10),
        ("single-high", 16 * 60 / 40),
        ("single-median", 16 * 20 / 20),
        # Through (10, 30) and (40, 60): slope 1, so 30 + 6.
        ("dual", 36.0),
    ],
)
def test_estimates_equal_hand_arithmetic(method, energy_j):
    normalizer = NORMALIZERS[method](pair(SOURCE, TARGET))
    assert normalizer.convert(seen(16.0), target="B").energy_j == pytest.approx(
        energy_j
    )


def test_linear_equals_hand_arithmetic():
    # Points (1, 1), (2, 3), (3, 2): slope 0.5, intercept 1; at 5 it gives 3.5.
    machines = pair({"a": 1.0, "b": 2.0, "c": 3.0}, {"a": 1.0, "b": 3.0, "c": 2.0})
    estimate = NORMALIZERS["linear"](machines).convert(seen(5.0), target="B")
    assert estimate.energy_j == pytest.approx(3.5)
    assert estimate.references == ("a", "b", "c")
    assert not estimate.in_range


@pytest.mark.parametrize("features", [(), ("flop",), ("params",), ("flop", "params")])
def test_linear_equals_scikit_learn_over_decades(features):
    rng = np.random.default_rng(3)
    n = 12
    flop, params = 10 ** rng.uniform(12, 16, n), 10 ** rng.uniform(4, 9, n)
    source_j = 10 ** rng.uniform(2, 6, n)
    target_j = 1.7 * source_j + 1e-11 * flop + 1e-5 * params + rng.uniform(0, 50, n)

    def on(hardware: str, energies_j: np.ndarray) -> list[Observation]:
        return [
            Observation(
                f"w{i}", hardware, energies_j[i], work_flop=flop[i], n_params=params[i]
            )
            for i in range(n)
        ]

    machines = [calibrate("A", on("A", source_j)), calibrate("B", on("B", target_j))]
    normalizer = NORMALIZERS["linear"](machines, features=features)
    new = Observation("new", "A", 5e4, work_flop=3e14, n_params=2e6)
    columns = {"flop": (flop, 3e14), "params": (params, 2e6)}
    known = np.column_stack([source_j, *(columns[f][0] for f in features)])
    asked = [[5e4, *(columns[f][1] for f in features)]]
    # Scaled first: LinearRegression drops columns a million times smaller than others.
    model = make_pipeline(StandardScaler(), LinearRegression()).fit(known, target_j)
    expected = model.predict(asked)[0]
    estimate = normalizer.convert(new, target="B")
    assert estimate.energy_j == pytest.approx(expected, rel=1e-9)


def test_the_interval_comes_from_workloads_predicted_without_themselves():
    # The line through a and f is E_B = E_A; b to e are off by 2, 1, 4 and 1 times.
    source = {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0, "e": 5.0, "f": 100.0}
    target = {**source, "b": 4.0, "d": 1.0}
    fitted = NORMALIZERS["dual"](pair(source, target), references=["a", "f"])
    residuals = fitted.fitted("A", "B").abs_log_residuals
    # One reference left is too few for a line: a and f have no residual.
    assert residuals == pytest.approx(
        {"b": log(2), "c": 0.0, "d": log(4), "e": 0.0}, abs=1e-12
    )
    estimate = fitted.convert(seen(10.0), target="B", level=0.8)
    assert estimate.energy_j == pytest.approx(10.0)
    # ceil(5 * 0.8) = 4th smallest of four: a factor of 4.
    assert estimate.energy_low_j == pytest.approx(2.5)
    assert estimate.energy_high_j == pytest.approx(40.0)
    assert "log errors of 4 other workloads" in estimate.uncertainty[0]


def test_leaving_one_out_refits_where_references_are_left():
    # Dual on all of a, b, c: without a the line goes through b and c, and so on.
    machines = pair({"a": 1.0, "b": 2.0, "c": 4.0}, {"a": 2.0, "b": 2.0, "c": 4.0})
    fitted = NORMALIZERS["dual"](machines).fitted("A", "B")
    # a from b, c: 2 + 1 (1 - 2) = 1, true 2.  b from a, c: 2 + 2/3 = 8/3, true 2.
    # c from a, b: 2, true 4.
    assert fitted.abs_log_residuals == pytest.approx(
        {"a": log(2), "b": log(4 / 3), "c": log(2)}
    )


def test_what_is_left_without_a_reference_may_make_no_line():
    # Without a both others have 2 J; the line through a and c stands all the same.
    machines = pair({"a": 1.0, "b": 2.0, "c": 2.0}, {"a": 2.0, "b": 3.0, "c": 4.0})
    fitted = NORMALIZERS["dual"](machines).fitted("A", "B")
    assert fitted.references == ("a", "c")
    assert fitted.line.describe() == {"intercept [J]": 0.0, "source energy [J/J]": 2.0}
    # b lies on 2 * 2 = 4, true 3; c without itself on the line through b: 3, true 4.
    assert fitted.abs_log_residuals == pytest.approx({"b": log(4 / 3), "c": log(4 / 3)})


def test_the_own_energy_on_the_target_never_moves_an_estimate_or_its_interval():
    source = {name: float(i) for i, name in enumerate("abcdefgh", start=1)}
    target = {name: 2 * energy_j + 1 for name, energy_j in source.items()}
    estimates = []
    for own_j in (5.0, 5000.0):
        machines = pair(source, {**target, "d": own_j})
        normalizer = NORMALIZERS["dual"](machines, references=["a", "h"])
        estimates.append(normalizer.convert(seen(4.0, "d"), target="B", level=0.8))
    assert estimates[0] == estimates[1]


def test_two_references_alone_leave_the_interval_unknown_and_not_zero():
    machines = pair({"a": 1.0, "b": 2.0}, {"a": 3.0, "b": 5.0})
    estimate = NORMALIZERS["dual"](machines).convert(seen(1.5), target="B")
    assert estimate.energy_j == pytest.approx(4.0)
    assert estimate.energy_low_j is None
    assert estimate.energy_high_j is None
    assert estimate.uncertainty[0].startswith("unknown: 0 other workloads")


def test_a_line_that_goes_below_zero_says_so_and_has_no_interval():
    machines = pair({"a": 10.0, "b": 20.0}, {"a": 1.0, "b": 101.0})
    estimate = NORMALIZERS["dual"](machines).convert(seen(5.0), target="B")
    assert estimate.energy_j == pytest.approx(-49.0)
    assert estimate.energy_low_j is None
    assert any("not positive" in note for note in estimate.notes)


def test_checks_that_come_out_negative_make_the_interval_unknown():
    # Every check lies far below the low reference, where the line is negative.
    source = {f"w{i}": 1.0 + i for i in range(5)} | {"low": 100.0, "high": 200.0}
    target = {f"w{i}": 1.0 for i in range(5)} | {"low": 1.0, "high": 1000.0}
    normalizer = NORMALIZERS["dual"](pair(source, target), references=["low", "high"])
    estimate = normalizer.convert(seen(150.0), target="B", level=0.8)
    assert estimate.energy_low_j is None
    assert estimate.uncertainty == ("unknown: 5 of 5 checks were not positive",)


def test_references_that_contradict_each_other_are_told():
    machines = pair({"a": 1.0, "b": 2.0}, {"a": 5.0, "b": 3.0})
    estimate = NORMALIZERS["dual"](machines).convert(seen(1.5), target="B")
    assert any("contradict" in note for note in estimate.notes)


def test_range_is_that_of_the_references():
    normalizer = NORMALIZERS["dual"](pair(SOURCE, TARGET))
    assert normalizer.convert(seen(40.0), target="B").in_range
    assert not normalizer.convert(seen(40.1), target="B").in_range
    assert not normalizer.convert(seen(9.9), target="B").in_range


@pytest.mark.parametrize(
    ("method", "features", "n"),
    [
        ("single-low", (), 1),
        ("dual", (), 2),
        ("linear", (), 2),
        ("linear", ("flop", "params"), 4),
    ],
)
def test_fewer_references_than_the_method_needs_are_refused(method, features, n):
    def machine(hardware: str, count: int) -> Calibration:
        return calibrate(
            hardware,
            [
                Observation(f"w{i}", hardware, 1.0 + i, work_flop=1 + i * i, n_params=i)
                for i in range(count)
            ],
        )

    new = Observation("new", "A", 1.0, work_flop=1.0, n_params=1.0)
    short = [machine("A", n - 1), machine("B", n - 1)]
    enough = [machine("A", n), machine("B", n)]
    with pytest.raises(InsufficientDataError, match=f"needs {n} references"):
        NORMALIZERS[method](short, features=features).convert(new, target="B")
    assert NORMALIZERS[method](enough, features=features).convert(new, target="B")


def test_two_references_of_the_same_energy_give_no_line():
    machines = pair({"a": 2.0, "b": 2.0}, {"a": 3.0, "b": 5.0})
    with pytest.raises(InsufficientDataError, match="different energy"):
        NORMALIZERS["dual"](machines).convert(seen(1.5), target="B")


def test_features_are_only_for_methods_that_take_them():
    with pytest.raises(ValueError, match="dual takes no features"):
        NORMALIZERS["dual"](pair(SOURCE, TARGET), features=["flop"])


def test_unknown_names_are_answered_with_near_ones():
    machines = pair(SOURCE, TARGET)
    with pytest.raises(UnknownNameError, match="no hardware 'C'"):
        NORMALIZERS["dual"](machines).convert(seen(1.0), target="C")
    with pytest.raises(UnknownNameError, match="did you mean high"):
        NORMALIZERS["dual"](machines, references=["hihg"]).convert(
            seen(1.0), target="B"
        )
    with pytest.raises(UnknownNameError, match="no feature 'flops': did you mean flop"):
        NORMALIZERS["linear"](machines, features=["flops"]).convert(
            seen(1.0), target="B"
        )


def test_an_observation_without_the_feature_is_refused():
    machines = [
        calibrate(m, [Observation(f"w{i}", m, 1.0 + i, work_flop=i) for i in range(4)])
        for m in ("A", "B")
    ]
    normalizer = NORMALIZERS["linear"](machines, features=["flop"])
    with pytest.raises(InsufficientDataError, match="flop of 'new' is not known"):
        normalizer.convert(Observation("new", "A", 1.0), target="B")


def test_a_machine_is_not_converted_to_itself():
    with pytest.raises(IncomparableError, match="both 'A'"):
        NORMALIZERS["dual"](pair(SOURCE, TARGET)).convert(seen(1.0), target="A")


def test_mixed_scopes_are_refused_unless_asked_for():
    machines = [
        calibrate("A", observed("A", **SOURCE)),
        calibrate("B", [replace(o, scope="wall") for o in observed("B", **TARGET)]),
    ]
    with pytest.raises(IncomparableError, match="scopes"):
        NORMALIZERS["dual"](machines).convert(seen(16.0), target="B")
    mixed = NORMALIZERS["dual"](machines, allow_mixed=True)
    assert mixed.convert(seen(16.0), target="B").energy_j == pytest.approx(36.0)


def test_an_estimate_is_no_better_than_the_weakest_energy_behind_it():
    modelled = [replace(o, provenance="modelled") for o in observed("B", **TARGET)]
    machines = [calibrate("A", observed("A", **SOURCE)), calibrate("B", modelled)]
    normalizer = NORMALIZERS["dual"](machines, allow_mixed=True)
    assert normalizer.convert(seen(16.0), target="B").provenance == "modelled"


def test_a_level_out_of_range_is_refused():
    fitted = NORMALIZERS["dual"](pair(SOURCE, TARGET)).fitted("A", "B")
    with pytest.raises(ValueError, match="level"):
        interval_factor(fitted, "new", 1.5)


@pytest.mark.parametrize("method", NORMALIZERS)
def test_every_method_converts_every_workload_of_a_table(method):
    on_a = observed("A", **SOURCE, new=30.0, top=80.0)
    on_b = observed("B", **TARGET, top=90.0)
    conversion = convert_all(on_a + on_b, source="A", target="B", method=method)
    assert [c.observation.workload for c in conversion.converted] == [
        "low",
        "mid",
        "new",
        "high",
        "top",
    ]
    by_name = {c.observation.workload: c for c in conversion.converted}
    assert by_name["new"].target_energy_j is None
    assert by_name["high"].target_energy_j == 60.0


def test_the_interval_covers_as_promised_on_simulated_machines():
    rng = np.random.default_rng(5)
    level, covered, n_trials = 0.8, 0, 300
    for _ in range(n_trials):
        energies_j = 10 ** rng.uniform(1, 4, 12)
        factors = 2 * np.exp(rng.normal(0, 0.3, 12))
        names = [f"w{i}" for i in range(12)]
        source = dict(zip(names, energies_j.tolist(), strict=True))
        target = dict(zip(names, (energies_j * factors).tolist(), strict=True))
        new = names[int(rng.integers(12))]
        true_j = target.pop(new)
        machines = pair(source, target)
        others = [n for n in names if n != new]
        normalizer = NORMALIZERS["single-low"](machines, references=others[:1])
        estimate = normalizer.convert(seen(source[new], new), target="B", level=level)
        covered += estimate.energy_low_j <= true_j <= estimate.energy_high_j
    # Ten checks: exact coverage is ceil(11 * 0.8) / 11 = 9 / 11.
    expected = 9 / 11
    tolerance = 4 * np.sqrt(expected * (1 - expected) / n_trials)
    assert covered / n_trials == pytest.approx(expected, abs=tolerance)
