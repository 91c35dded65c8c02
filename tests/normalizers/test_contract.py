"""What every registered method keeps, whatever its formula."""

import sys

import numpy as np
import pytest

from isojoule.errors import (
    InsufficientDataError,
    MissingExtraError,
    UnknownNameError,
)
from isojoule.normalizers import NORMALIZERS
from isojoule.observations import calibrate
from isojoule.records import Calibration, Observation

N_MIN = {
    "single-low": 1,
    "single-high": 1,
    "single-median": 1,
    "dual": 2,
    "linear": 2,
    "theil-sen": 2,
    "log-linear": 2,
    "gp": 4,
    "poly2": 3,
    "svr": 3,
    "svr-standardized": 3,
    "joint": 1,
}
LINES = [name for name in N_MIN if not name.startswith("single") and name != "joint"]
EVERY_METHOD = pytest.mark.parametrize("method", NORMALIZERS)


def machine(name: str, energies_j: list[float]) -> Calibration:
    return calibrate(
        name, [Observation(f"w{i}", name, e) for i, e in enumerate(energies_j)]
    )


def machines(n: int, *, factor: float = 2.0, unit_j: float = 1e6) -> list[Calibration]:
    """Two machines with `n` workloads of 1, 2, ... units; B takes `factor` as much."""
    energies_j = [unit_j * (1 + i) for i in range(n)]
    return [machine("A", energies_j), machine("B", [factor * e for e in energies_j])]


def test_every_method_is_under_this_contract():
    assert NORMALIZERS.keys() == N_MIN.keys()


@EVERY_METHOD
def test_one_reference_too_few_is_refused_with_the_number_needed(method):
    new = Observation("new", "A", 1.5e6)
    if N_MIN[method] > 1:
        short = NORMALIZERS[method](machines(N_MIN[method] - 1))
        with pytest.raises(
            InsufficientDataError, match=f"^{method} needs {N_MIN[method]} references"
        ):
            short.convert(new, target="B")
    estimate = NORMALIZERS[method](machines(N_MIN[method])).convert(new, target="B")
    assert np.isfinite(estimate.energy_j)


@EVERY_METHOD
def test_machines_that_share_nothing_are_refused(method):
    apart = [machine("A", [1.0]), calibrate("B", [Observation("other", "B", 1.0)])]
    told = "share no reference" if method == "joint" else "offer 0: measure more"
    with pytest.raises(InsufficientDataError, match=told):
        NORMALIZERS[method](apart).convert(Observation("new", "A", 1.0), target="B")


@EVERY_METHOD
def test_an_estimate_says_what_it_is_and_where_it_was_extrapolated(method):
    normalizer = NORMALIZERS[method](machines(6))
    inside = normalizer.convert(Observation("w3", "A", 4e6), target="B")
    beyond = normalizer.convert(Observation("new", "A", 6.1e6), target="B")
    below = normalizer.convert(Observation("new", "A", 0.9e6), target="B")
    assert (inside.method, inside.hardware, inside.workload) == (method, "B", "w3")
    assert set(inside.references) <= {f"w{i}" for i in range(6)}
    assert inside.in_range is not method.startswith("single")
    assert not beyond.in_range
    assert not below.in_range


@EVERY_METHOD
def test_a_fit_can_be_inspected_and_its_values_name_their_units(method):
    fit = NORMALIZERS[method](machines(6)).describe("A", "B")
    assert fit
    assert all(name.endswith("]") and " [" in name for name in fit)
    assert all(np.isfinite(value) for value in fit.values())


@pytest.mark.parametrize("unit_j", [1e-3, 1.0, 1e9])
@pytest.mark.parametrize(
    "method", sorted(N_MIN.keys() - {"svr", "svr-standardized", "joint"})
)
def test_a_doubling_is_found_from_millijoules_to_gigajoules(method, unit_j):
    normalizer = NORMALIZERS[method](machines(7, unit_j=unit_j))
    estimate = normalizer.convert(Observation("new", "A", 2.5 * unit_j), target="B")
    assert estimate.energy_j == pytest.approx(5 * unit_j, rel=1e-12)


@pytest.mark.parametrize("unit_j", [1e-3, 1.0, 1e9])
def test_joint_finds_a_doubling_but_for_what_its_prior_holds_back(unit_j):
    # Seven references against a prior of no change: a tenth of ln 2 at the most.
    normalizer = NORMALIZERS["joint"](machines(7, unit_j=1.0001 * unit_j))
    estimate = normalizer.convert(Observation("new", "A", 2.5001 * unit_j), target="B")
    assert estimate.energy_j == pytest.approx(5.0002 * unit_j, rel=0.07)


@EVERY_METHOD
def test_twelve_decades_at_once_leave_the_largest_right(method):
    decades_j = [10.0**e for e in range(-3, 10)]
    both = [machine("A", decades_j), machine("B", [3 * e for e in decades_j])]
    estimate = NORMALIZERS[method](both).convert(
        Observation("w12", "A", 1e9), target="B"
    )
    if method.startswith("svr"):
        assert estimate.energy_j < 0.6 * 3e9  # C holds it back, as published
    elif method == "joint":
        assert estimate.energy_j == pytest.approx(3e9, rel=0.1)  # its prior does
        assert estimate.energy_low_j < 3e9 < estimate.energy_high_j
    else:
        assert estimate.energy_j == pytest.approx(3e9, rel=1e-9)


@pytest.mark.parametrize("method", LINES)
def test_constant_source_energies_are_refused_with_what_to_do(method):
    same = [machine("A", [5.0] * 4), machine("B", [1.0, 2.0, 3.0, 4.0])]
    with pytest.raises(
        InsufficientDataError, match=r"different energ.*measure another"
    ):
        NORMALIZERS[method](same).convert(Observation("new", "A", 5.0), target="B")


@EVERY_METHOD
def test_constant_target_energies_give_that_constant(method):
    flat = [machine("A", [1e6, 2e6, 3e6, 4e6]), machine("B", [7e6] * 4)]
    estimate = NORMALIZERS[method](flat).convert(
        Observation("w0", "A", 1e6), target="B"
    )
    if method == "joint":  # ratios of 7 down to 1.75 are no line that it expects
        assert estimate.energy_low_j < 7e6 < estimate.energy_high_j
        assert any("on A, not on B" in note for note in estimate.notes)
    elif not method.startswith("single"):
        # The prior of gp holds four references towards a constant ratio.
        rel = 0.02 if method == "gp" else 1e-6
        assert estimate.energy_j == pytest.approx(7e6, rel=rel)


@EVERY_METHOD
def test_an_estimate_that_is_not_positive_says_so_and_has_no_bounds(method):
    # Target energies fall to nearly nothing: lines and parabolas cross zero.
    steep = [
        machine("A", [1e6, 2e6, 3e6, 3.1e6]),
        machine("B", [9e6, 4.5e6, 1.0, 0.9]),
    ]
    estimate = NORMALIZERS[method](steep).convert(
        Observation("new", "A", 4e6), target="B", level=0.5
    )
    said = any("not positive" in note for note in estimate.notes)
    assert said == (estimate.energy_j <= 0)
    if said:
        assert estimate.energy_low_j is None
    assert said == (method in {"dual", "linear", "theil-sen", "poly2"})


@EVERY_METHOD
def test_the_own_energy_on_the_target_never_moves_the_interval(method):
    seen = Observation("w3", "A", 4e6)
    factors = []
    references = [f"w{i}" for i in range(8) if i != 3]
    for own_j in (5e6, 5e9):
        a, b = machines(8)
        told = {
            **b.observations,
            "w3": Observation("w3", "B", own_j),
        }
        estimate = NORMALIZERS[method](
            [a, Calibration("B", told)], references=references
        ).convert(seen, target="B", level=0.5)
        factors.append((estimate.energy_j, estimate.energy_high_j))
    assert factors[0] == factors[1]


@EVERY_METHOD
def test_the_order_of_machines_and_workloads_does_not_matter(method):
    a, b = machines(6)
    turned = Calibration("B", dict(reversed(b.observations.items())))
    new = Observation("new", "A", 3.3e6)
    one = NORMALIZERS[method]([a, b]).convert(new, target="B", level=0.5)
    other = NORMALIZERS[method]([turned, a]).convert(new, target="B", level=0.5)
    assert one == other


@EVERY_METHOD
def test_unknown_features_are_answered_by_name(method):
    with pytest.raises(UnknownNameError, match="no feature 'flops'"):
        NORMALIZERS[method](machines(6), features=["flops"])


@pytest.mark.parametrize(
    "method", sorted(N_MIN.keys() - {"linear", "log-linear", "gp"})
)
def test_methods_of_the_energy_alone_refuse_features(method):
    with pytest.raises(ValueError, match=f"{method} takes no features: use linear or"):
        NORMALIZERS[method](machines(6), features=["flop"])


def test_a_feature_that_only_another_method_takes_is_refused():
    with pytest.raises(ValueError, match="linear does not take power, only flop, par"):
        NORMALIZERS["linear"](machines(6), features=["power"])


@pytest.mark.parametrize(
    ("method", "module"),
    [
        ("svr", "sklearn"),
        ("svr-standardized", "sklearn"),
        ("theil-sen", "scipy.stats"),
        ("gp", "sklearn"),
        ("gp", "scipy"),
    ],
)
def test_a_missing_package_is_answered_with_the_extra(monkeypatch, method, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'isojoule\[study\]'"):
        NORMALIZERS[method](machines(6)).convert(
            Observation("new", "A", 2e6), target="B"
        )


@pytest.mark.parametrize(
    "method", sorted(N_MIN.keys() - {"svr", "svr-standardized", "theil-sen", "gp"})
)
def test_all_other_methods_need_numpy_alone(monkeypatch, method):
    for module in ("sklearn", "scipy", "scipy.stats"):
        monkeypatch.setitem(sys.modules, module, None)
    normalizer = NORMALIZERS[method](machines(6))
    assert normalizer.convert(Observation("new", "A", 2e6), target="B").energy_j > 0
