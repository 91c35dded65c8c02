"""The log ratio along each way, before it becomes an estimate."""

from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import t as student_t

from isojoule.errors import IncomparableError
from isojoule.normalizers.joint.doubt import BOARD_GAIN_SD, own_variance
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.normalizer import JointNormalizer
from isojoule.normalizers.joint.paths import combine
from isojoule.normalizers.joint.prior import Prior, SpecificationPrior, bundled
from isojoule.normalizers.joint.process import condition
from isojoule.normalizers.joint.ways import MIN_GUESS, Ways
from isojoule.records import Calibration, Observation
from joint_cases import WIDTHS, machine

PRIOR = Prior(
    alone=WIDTHS,
    elsewhere=replace(WIDTHS, ratio_sd=0.7, noise_sd=0.05),
    planning=WIDTHS,
    widening_alone={1: 1.0},
    widening_elsewhere={1: 1.0},
    specification=SpecificationPrior(0.5, 0.3, 3.0),
    sources=("one",),
)
NEW = Observation("new", "A", 4321.9)


def energies(prefix: str, n: int) -> dict[str, float]:
    return {f"{prefix}{i}": 1111.13 * 1.45**i for i in range(n)}


def bent(on_a: dict[str, float], *, exponent: float = 0.6) -> dict[str, float]:
    """A machine whose ratio falls with the energy."""
    return {name: 2 * 1111.13 * (e / 1111.13) ** exponent for name, e in on_a.items()}


def ways(*machines: Calibration, prior: Prior = PRIOR, **options) -> Ways:
    return Ways({c.hardware: c for c in machines}, prior, **options)


def test_a_straight_way_is_the_process_of_its_references():
    on_a, on_b = energies("w", 5), bent(energies("w", 5))
    a, b = machine("A", on_a), machine("B", on_b)
    found = ways(a, b).straight(NEW, "B")
    frame = make_frame(a)
    shared = [a.observations[name] for name in on_a]
    expected = condition(
        WIDTHS,
        frame.inputs(shared),
        np.array([log(on_b[name] / on_a[name]) for name in on_a]),
        extra_variance=np.array(
            [own_variance(o) + own_variance(b.observations[o.workload]) for o in shared]
        ),
    ).predict(frame.inputs([NEW]))
    assert found.log_ratio == pytest.approx(expected.log_ratio[0])
    assert found.scale == pytest.approx(expected.scale[0])
    assert (found.machines, found.freedom) == (("A", "B"), WIDTHS.freedom + 5)


def test_what_was_learned_of_intervals_widens_them():
    pair = (machine("A", energies("w", 3)), machine("B", bent(energies("w", 3))))
    plain = ways(*pair).straight(NEW, "B")
    wide = replace(PRIOR, widening_alone={3: 1.7}, widening_elsewhere={3: 9.0})
    found = ways(*pair, prior=wide).straight(NEW, "B")
    assert found.scale == pytest.approx(1.7 * plain.scale)
    assert found.log_ratio == pytest.approx(plain.log_ratio)
    third = machine("D", energies("w", 3) | {"new": 1234.5})
    known = machine("A", energies("w", 3) | {"new": NEW.energy_j})
    told = ways(known, pair[1], third).straight(NEW, "B")
    wide_told = ways(known, pair[1], third, prior=wide).straight(NEW, "B")
    assert wide_told.scale == pytest.approx(9 * told.scale)


def test_bounds_add_what_the_process_does_not_see():
    on_a = energies("w", 5)
    pair = [machine("A", on_a), machine("B", bent(on_a))]
    rounded = replace(NEW, energy_j=4300.0, n_repeats=5, repeat_std_fraction=0.2)
    way = ways(*pair).straight(rounded, "B")
    estimate = JointNormalizer.fit(pair, prior=PRIOR).convert(
        rounded, target="B", level=0.8
    )
    inside = student_t.ppf(0.9, way.freedom) * way.scale
    # Two boards, a median of five, and half a joule.
    variance = 2 * BOARD_GAIN_SD**2 + np.pi / 2 * 0.04 / 5 + (1 / 4300) ** 2 / 12
    reach = sqrt(inside**2 + (1.2815516 * sqrt(variance)) ** 2)
    assert estimate.energy_j == pytest.approx(4300 * exp(way.log_ratio))
    assert log(estimate.energy_high_j / estimate.energy_j) == pytest.approx(
        reach, rel=1e-4
    )
    total = way.scale**2 + variance
    assert estimate.sources["gain of the boards"] == pytest.approx(0.005 / total)


def test_a_way_through_a_machine_carries_the_error_of_its_first_part():
    left, right = energies("p", 6), energies("q", 6)
    a = machine("A", left)
    b = machine("B", {**left, **right})
    c = machine("C", bent(right))
    known = ways(a, b, c)
    (found,) = known.all(NEW, "C")
    first = known.straight(NEW, "B", hidden="C")

    def onward(log_ratio: float):
        moved = replace(NEW, hardware="B", energy_j=NEW.energy_j * exp(log_ratio))
        return known.straight(moved, "C")

    second = onward(first.log_ratio)
    slope = (onward(first.log_ratio + first.scale).log_ratio - second.log_ratio) / (
        first.scale
    )
    assert slope < -0.2  # what costs more on B costs C less than in proportion
    assert found.machines == ("A", "B", "C")
    assert found.log_ratio == pytest.approx(first.log_ratio + second.log_ratio)
    assert found.scale == pytest.approx(
        sqrt(((1 + slope) * first.scale) ** 2 + second.scale**2)
    )


def test_where_the_workload_was_measured_only_the_second_part_is_in_doubt():
    left, right = energies("p", 6), energies("q", 6)
    seen = Observation("new", "B", 9999.1)
    known = ways(
        machine("A", left),
        machine("B", {**left, **right, "new": seen.energy_j}),
        machine("C", bent(right)),
    )
    (found,) = known.all(NEW, "C")
    second = known.straight(seen, "C")
    assert found.log_ratio == pytest.approx(log(9999.1 / 4321.9) + second.log_ratio)
    assert found.scale == pytest.approx(second.scale, rel=1e-6)
    assert sum(found.shares.values()) == pytest.approx(1.0)


def test_two_ways_are_both_found_and_put_together():
    left, right = energies("p", 6), energies("q", 6)
    both = {**left, **right}
    known = ways(
        machine("A", left),
        machine("B", both),
        machine("C", bent(right)),
        machine("D", {name: 3 * e for name, e in both.items()}),
    )
    found = known.all(NEW, "C")
    assert [w.label for w in found] == ["A -> B -> C", "A -> D -> C"]
    estimate = JointNormalizer(known).convert(NEW, target="C")
    assert estimate.energy_j == pytest.approx(
        NEW.energy_j * exp(combine(found).log_ratio)
    )
    assert "ways through B, D" in estimate.uncertainty[0]


@pytest.mark.parametrize(("n_shared", "is_taken"), [(2, False), (3, True)])
def test_a_way_needs_three_references_to_its_first_machine(n_shared, is_taken):
    left, right = energies("p", n_shared), energies("q", 6)
    known = ways(
        machine("A", left), machine("B", {**left, **right}), machine("C", right)
    )
    assert known.between("A", "C") == (["B"] if is_taken else [])


def test_no_way_round_is_taken_where_there_are_three_references():
    left, right = energies("p", 6), energies("q", 6)
    b, c = machine("B", {**left, **right}), machine("C", {**left, **right})
    one = ways(machine("A", left), b, c)
    assert one.between("A", "C") == []
    assert one.between("A", "an unknown one") == []
    assert [w.label for w in one.all(NEW, "C")] == ["A -> C"]
    few = {name: left[name] for name in ("p0", "p3")}
    assert ways(machine("A", left), b, machine("C", {**few, **right})).between(
        "A", "C"
    ) == ["B"]


def test_a_machine_that_measures_another_thing_is_not_gone_through():
    left, right = energies("p", 6), energies("q", 6)
    b = machine("B", {**left, **right}, provenance="modelled")
    known = (machine("A", left), b, machine("C", right))
    assert ways(*known).between("A", "C") == []
    assert ways(*known, allow_mixed=True).between("A", "C") == ["B"]
    with pytest.raises(IncomparableError, match="provenances"):
        ways(*known).references_of("A", "B")


@pytest.mark.parametrize("n", [MIN_GUESS - 1, MIN_GUESS])
def test_a_machine_that_shares_enough_is_asked_for_a_guess(n):
    on_a = energies("w", n)
    three = {name: on_a[name] for name in ("w0", "w3", "w6")}
    a, b = machine("A", on_a), machine("B", bent(three))
    third = machine("D", bent(on_a))
    alone = ways(a, b).straight(NEW, "B")
    found = ways(a, b, third).straight(NEW, "B")
    if n < MIN_GUESS:
        assert found.log_ratio == pytest.approx(alone.log_ratio)
        assert found.shares["other machines"] == 0.0
    else:
        assert found.shares["other machines"] > 0.0
        # A far larger workload: D tells that the ratio goes on falling.
        large = replace(NEW, energy_j=1e5 + 0.1)
        true = log(2 * 1111.13 * (large.energy_j / 1111.13) ** 0.6 / large.energy_j)
        off = [
            abs(w.straight(large, "B").log_ratio - true)
            for w in (ways(a, b), ways(a, b, third))
        ]
        assert off[1] < off[0]


def test_no_part_of_the_doubt_is_less_than_nothing():
    # In some of such cases two parts make up for each other.
    rng = np.random.default_rng(12)

    def at_random(name: str) -> Observation:
        energy_j = float(rng.lognormal(7, 2))
        return Observation(
            name,
            "A",
            energy_j,
            energy_j / rng.lognormal(5, 1),
            model=f"net{rng.integers(0, 4)}",
            work_flop=energy_j * rng.lognormal(23, 1),
            n_params=rng.lognormal(14, 1),
            batch_size=int(2 ** rng.integers(1, 9)),
        )

    for _ in range(60):
        seen = {f"w{i}": at_random(f"w{i}") for i in range(rng.integers(1, 8))}
        on_b = {n: o.energy_j * float(rng.lognormal(0, 1)) for n, o in seen.items()}
        known = ways(Calibration("A", seen), machine("B", on_b), prior=bundled().prior)
        found = known.straight(at_random("new"), "B")
        assert min(found.shares.values()) >= 0
        assert sum(found.shares.values()) == pytest.approx(1.0)


def test_the_ratio_of_specifications_is_their_doubt_beside_that_of_the_workload():
    on_a40 = replace(NEW, hardware="A40")
    a = machine("A40", energies("w", 4))
    found = ways(a).straight(on_a40, "V100")
    own = condition(
        replace(WIDTHS, ratio_sd=1e-9, freedom=5.0),
        make_frame(a).inputs([]),
        np.zeros(0),
    ).predict(make_frame(a).inputs([on_a40]))
    expected = log(250 / 300) - log(900 / 696) / 2 - log(14 / 37.4) / 2
    assert found.log_ratio == pytest.approx(0.5 * expected + own.log_ratio[0])
    assert found.scale == pytest.approx(sqrt(0.3**2 + own.scale[0] ** 2))
    assert found.freedom == 3.0
    assert found.shares["ratio of the machines"] == pytest.approx(0.09 / found.scale**2)
