"""Estimates of the joint model: what they say, and when they are wide or refused."""

import time
from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest

from isojoule.errors import (
    IncomparableError,
    InsufficientDataError,
    UnknownNameError,
)
from isojoule.formats import read_runs
from isojoule.normalizers.conversion import convert_all
from isojoule.normalizers.joint import JointNormalizer
from isojoule.normalizers.joint.prior import bundled
from isojoule.normalizers.joint.ways import MAX_REFERENCES
from isojoule.observations import calibrate, select
from isojoule.records import Calibration, Estimate, Observation
from joint_cases import machine

NEW = Observation("new", "A", 4321.9)
LEFT = {f"p{i}": 1111.13 * 1.9**i for i in range(6)}
RIGHT = {f"q{i}": 1234.17 * 1.7**i for i in range(6)}


def times(factor: float, energies_j: dict[str, float]) -> dict[str, float]:
    return {name: factor * energy_j for name, energy_j in energies_j.items()}


def spread(n: int) -> dict[str, float]:
    """Workloads over a decade of energies, none of them a round number."""
    return {f"w{i}": 1234.57 * 10 ** (i / max(n - 1, 1)) for i in range(n)}


def described(hardware: str, energies_j: dict[str, float]) -> Calibration:
    """A machine of which all that the model looks at is known."""
    return calibrate(
        hardware,
        [
            Observation(
                name,
                hardware,
                energy_j,
                energy_j / (150 + 10 * (i % 5)),
                model=f"net{i}",
                work_flop=1e10 * energy_j,
                n_params=1e6 + 1e5 * i,
                batch_size=32,
            )
            for i, (name, energy_j) in enumerate(energies_j.items())
        ],
    )


def convert(
    machines: list[Calibration],
    observation: Observation = NEW,
    *,
    target: str = "B",
    level: float = 0.9,
    **options,
) -> Estimate:
    normalizer = JointNormalizer.fit(machines, **options)
    return normalizer.convert(observation, target=target, level=level)


def factor(estimate: Estimate) -> float:
    """How far the interval reaches from its median, up and down alike."""
    up = estimate.energy_high_j / estimate.energy_j
    assert up == pytest.approx(estimate.energy_j / estimate.energy_low_j)
    return up


def two(n: int, ratio: float = 2.0) -> list[Calibration]:
    return [machine("A", spread(n)), machine("B", times(ratio, spread(n)))]


def test_one_reference_is_enough_for_an_interval():
    estimate = convert(two(1))
    assert estimate.references == ("w0",)
    assert estimate.energy_low_j < 2 * 4321.9 < estimate.energy_high_j
    assert estimate.uncertainty[0].startswith("from 1 reference, with what 5 other")
    assert not estimate.in_range


def test_an_exact_doubling_is_found_and_narrower_with_each_reference():
    at = Observation(
        "new", "A", 4321.9, 4321.9 / 170, work_flop=4e13, n_params=1.2e6, batch_size=32
    )
    energies = spread(24)
    before = np.inf
    for n in (1, 2, 4, 8, 16, 24):
        # Every third first, so that the references of each step are spread.
        names = sorted(energies, key=lambda name: int(name[1:]) * 7 % 24)[:n]
        machines = [described("A", energies), described("B", times(2, energies))]
        estimate = convert(machines, at, references=names)
        assert factor(estimate) < before
        before = factor(estimate)
        assert abs(log(estimate.energy_j / (2 * 4321.9))) < 0.5 / sqrt(n)
    assert before < 1.35


def test_the_other_way_round_gives_half():
    back = convert(two(12)[::-1], Observation("new", "B", 8643.8), target="A")
    assert back.energy_j == pytest.approx(4321.9, rel=0.08)


@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_sources_of_doubt_add_up_and_none_is_negative(n):
    rng = np.random.default_rng(n)
    scattered = {w: e * rng.lognormal(0, 0.5) for w, e in spread(n).items()}
    for machines in (
        [machine("A", spread(n)), machine("B", scattered)],
        [described("A", spread(n)), described("B", scattered)],
    ):
        for energy_j in (13.7, 4321.9, 98765.4):
            estimate = convert(machines, replace(NEW, energy_j=energy_j))
            shares = list(estimate.sources.values())
            assert sum(shares) == pytest.approx(1.0)
            assert min(shares) >= 0
            assert shares == sorted(shares, reverse=True)
            largest = next(iter(estimate.sources))
            assert estimate.uncertainty[0].endswith(f"most of its doubt is {largest}")


def test_boards_that_err_by_themselves_set_a_bound_to_any_interval():
    energies = spread(200)
    estimate = convert(
        [described("A", energies), described("B", times(2, energies))],
        described("A", energies).observations["w77"],
    )
    assert factor(estimate) > np.exp(1.645 * sqrt(2) * 0.05)
    assert estimate.sources["gain of the boards"] > 0.2


def test_a_higher_level_is_a_wider_interval():
    factors = [factor(convert(two(4), level=level)) for level in (0.5, 0.8, 0.9, 0.99)]
    assert factors == sorted(factors)
    assert factors[0] < factors[-1]


@pytest.mark.parametrize("level", [0.0, 1.0, -0.1, 90, float("nan")])
def test_a_level_outside_its_range_is_refused(level):
    with pytest.raises(ValueError, match="the level must lie in"):
        convert(two(4), level=level)


def test_specifications_alone_give_a_wide_answer_and_a_note():
    on_a40 = replace(NEW, hardware="A40")
    for machines in (
        [machine("A40", spread(5))],
        [machine("A40", spread(5)), machine("V100", {"other": 3.3})],
        [Calibration("A40", {})],
    ):
        estimate = convert(machines, on_a40, target="V100")
        assert factor(estimate) > 3
        assert estimate.references == ()
        assert estimate.uncertainty[0].startswith("from specifications alone")
        assert "no reference was run on both machines" in estimate.notes[0]
        assert sum(estimate.sources.values()) == pytest.approx(1.0)
        # Nothing that those energies differ by is a factor of two.
        assert 0.5 < estimate.energy_j / 4321.9 < 2
    fit = JointNormalizer.fit(machines).describe("A40", "V100")
    assert list(fit) == ["ratio from specifications [1]"]


def test_each_reference_narrows_what_specifications_leave():
    energies, on_a40 = spread(6), replace(NEW, hardware="A40")
    factors = [
        factor(
            convert(
                [
                    machine("A40", energies),
                    machine("V100", times(1.2, dict(list(energies.items())[:n]))),
                ],
                on_a40,
                target="V100",
            )
        )
        for n in range(7)
    ]
    assert factors == sorted(factors, reverse=True)


def test_without_reference_or_specification_it_says_what_to_run():
    machines = [machine("A", LEFT), machine("B", RIGHT)]
    with pytest.raises(
        InsufficientDataError,
        match=r"A and B share no reference.*run a reference model on both",
    ):
        convert(machines)
    with pytest.raises(InsufficientDataError, match="run a reference model on both"):
        convert(two(4), references=[])


def test_the_same_machine_twice_is_refused():
    with pytest.raises(IncomparableError, match="source and target are both 'A'"):
        convert(two(3), target="A")


def test_unknown_machines_and_references_are_named():
    with pytest.raises(UnknownNameError, match="no hardware 'Z'"):
        convert(two(3), target="Z")
    with pytest.raises(UnknownNameError, match="no hardware 'Z'"):
        convert(two(3), replace(NEW, hardware="Z"))
    with pytest.raises(UnknownNameError, match="no shared workload 'w9'"):
        convert(two(3), references=["w1", "w9"])


def test_features_are_refused_for_all_that_is_known_is_used():
    with pytest.raises(ValueError, match="joint takes no features"):
        JointNormalizer.fit(two(3), features=["flop"])


def test_without_a_duration_it_is_wider_and_says_so():
    energies = spread(8)
    machines = [described("A", energies), described("B", times(2, energies))]
    timed = replace(machines[0].observations["w3"], workload="new", model="new")
    with_power = convert(machines, timed)
    without = convert(machines, replace(timed, duration_s=None))
    assert factor(without) > 1.02 * factor(with_power)
    assert with_power.notes == ()
    assert without.notes == ("without a duration the mean power is not known: wider",)


def test_what_only_the_asked_workload_states_changes_nothing():
    # What the source never told has no mean to compare with.
    plain = convert(two(5))
    for known in (
        {"duration_s": 20.0},
        {"work_flop": 1e15},
        {"n_params": 1e7},
        {"batch_size": 64},
    ):
        told = convert(two(5), replace(NEW, **known))
        assert told.energy_j == pytest.approx(plain.energy_j)
        assert told.energy_high_j == pytest.approx(plain.energy_high_j)


def test_flop_of_some_workloads_only_are_used_where_they_are():
    def some(hardware: str, ratio: float) -> Calibration:
        known = described(hardware, times(ratio, spread(10))).observations
        return Calibration(
            hardware,
            {
                name: replace(o, work_flop=None if i % 2 else o.work_flop)
                for i, (name, o) in enumerate(known.items())
            },
        )

    machines = [some("A", 1.0), some("B", 2.0)]
    asked = replace(machines[0].observations["w4"], workload="new", model="new")
    for flop in (None, 0.0, float("nan"), float("inf"), asked.work_flop):
        estimate = convert(machines, replace(asked, work_flop=flop))
        assert estimate.energy_j == pytest.approx(2 * asked.energy_j, rel=0.1)
        assert factor(estimate) < 2


def test_ratios_ten_times_apart_are_told_and_widen():
    energies = spread(5)
    torn = {**times(2, energies), "w2": 50 * energies["w2"]}
    estimate = convert([machine("A", energies), machine("B", torn)])
    assert estimate.notes[0].startswith(
        "references contradict each other: B needs 2 times the energy for w"
    )
    assert "50 times for w2" in estimate.notes[0]
    assert factor(estimate) > 3 * factor(convert(two(5)))
    assert estimate.energy_low_j < 2 * 4321.9 < estimate.energy_high_j


def test_a_reversed_order_is_told_and_widens():
    energies = spread(4)
    reverse = dict(zip(energies, sorted(energies.values(), reverse=True), strict=True))
    estimate = convert([machine("A", energies), machine("B", reverse)])
    assert "w3 needs more than w0 on A, not on B" in estimate.notes
    assert factor(estimate) > 2 * factor(convert(two(4, ratio=1.0)))


def test_the_same_workload_with_two_ratios_is_no_confident_answer():
    same = {"x": 1234.57, "y": 1234.57}
    torn = {"x": 1234.57, "y": 123456.7}
    estimate = convert(
        [machine("A", same), machine("B", torn)], replace(NEW, energy_j=1234.57)
    )
    assert factor(estimate) > 10
    assert any("contradict" in note for note in estimate.notes)
    agreeing = convert(
        [machine("A", same), machine("B", same)], replace(NEW, energy_j=1234.57)
    )
    assert agreeing.energy_j == pytest.approx(1234.57)
    assert np.isfinite(factor(agreeing))


def chain() -> list[Calibration]:
    """A and C share nothing; B takes twice A, and C takes three times B."""
    on_b = times(2, LEFT) | times(2, RIGHT)
    return [machine("A", LEFT), machine("B", on_b), machine("C", times(6, RIGHT))]


def test_a_way_through_a_third_machine_is_wider_than_its_first_part():
    first, both = convert(chain()), convert(chain(), target="C")
    assert factor(both) > 1.1 * factor(first)
    assert both.energy_j == pytest.approx(6 * 4321.9, rel=0.2)
    assert both.energy_low_j < 6 * 4321.9 < both.energy_high_j
    assert both.uncertainty[0].startswith("from no reference and ways through B")
    assert sum(both.sources.values()) == pytest.approx(1.0)
    assert JointNormalizer.fit(chain()).describe("A", "C") == {}


def test_a_way_starts_anew_where_the_workload_was_measured():
    a, b, c = chain()
    seen = {**b.energy_j, "new": 9999.1}
    unseen = convert(chain(), target="C")
    estimate = convert([a, machine("B", seen), c], target="C")
    assert factor(estimate) < factor(unseen)
    assert estimate.energy_j == pytest.approx(3 * 9999.1, rel=0.2)
    rounded = {**b.energy_j, "new": 10800.0}  # 0.003 kWh: off by up to a sixth
    vague = convert([a, machine("B", rounded), c], target="C")
    assert factor(vague) > factor(estimate)
    assert vague.sources["repeats and rounding"] > 0.02
    assert sum(vague.sources.values()) == pytest.approx(1.0)


def test_references_may_lie_on_the_way():
    # Only q0 to q2 may be known of C: the way to B may use all that A and B share.
    some = convert(chain(), target="C", references=["q0", "q1", "q2"])
    assert factor(some) > factor(convert(chain(), target="C"))
    with pytest.raises(UnknownNameError, match="no shared workload 'p0'"):
        convert(chain(), target="C", references=["p0"])


def test_ways_through_machines_of_another_kind_are_not_taken():
    a, b, c = chain()
    other = machine("B", b.energy_j, scope="wall")
    with pytest.raises(InsufficientDataError, match="share no reference"):
        convert([a, other, c], target="C")
    assert convert([a, other, c], target="C", allow_mixed=True).energy_j > 0


def test_a_mixture_that_was_accepted_is_a_doubt():
    a, b, c = chain()
    other = machine("C", c.energy_j, scope="wall")
    estimate = convert([a, b, other], target="C", allow_mixed=True)
    assert any("different scope are mixed" in note for note in estimate.notes) == bool(
        estimate.references
    )
    straight = convert(
        [machine("A", LEFT), machine("C", LEFT, scope="wall")],
        target="C",
        allow_mixed=True,
    )
    assert any("different scope are mixed" in note for note in straight.notes)


def test_few_references_and_a_way_are_taken_together():
    # One reference of A and C, and a way through B.
    _, b, c = chain()
    shared = machine("A", {**LEFT, "q0": RIGHT["q0"]})
    both = convert([shared, b, c], target="C")
    assert both.uncertainty[0].startswith("from 1 reference and ways through B")
    assert factor(both) < factor(convert([shared, c], target="C"))


def test_what_the_target_needed_for_it_is_never_asked_on_a_way():
    names = [f"{kind}{i}" for i in range(1, 5) for kind in "rs"]
    energies = {name: 1111.13 * 1.4**i for i, name in enumerate(names)}
    on_a = {name: energies[name] for name in ("r1", "s1", "s2", "s3")}
    references = ["r1", "r2", "r3", "r4"]
    found = []
    for own_j in (25000.3, 2500000.3):
        on_c = {name: 6 * energies[name] for name in references}
        machines = [
            machine("A", {**on_a, "new": 4321.9, "v": 7777.7}),
            machine("B", times(2, energies)),
            machine("C", {**on_c, "new": own_j, "v": own_j * 1.7}),
        ]
        estimate = convert(machines, target="C", references=references)
        assert "ways through B" in estimate.uncertainty[0]
        found.append((estimate.energy_j, estimate.energy_high_j))
    assert found[0] == found[1]


def third(deviations: list[float]) -> tuple[list[Calibration], Estimate]:
    """A, B and D, on which workloads deviate alike; the last was not run on B."""
    energies = dict.fromkeys([f"w{i}" for i in range(len(deviations))], 0.0)
    on_a = dict(zip(energies, spread(len(deviations)).values(), strict=True))
    moved = {
        name: energy_j * np.exp(d)
        for (name, energy_j), d in zip(on_a.items(), deviations, strict=True)
    }
    last = f"w{len(deviations) - 1}"
    on_b = {name: 2 * e for name, e in moved.items() if name != last}
    machines = [
        machine("A", on_a),
        machine("B", on_b),
        machine("D", times(3, moved)),
    ]
    return machines, machines[0].observations[last]


def test_a_third_machine_that_knows_the_workload_narrows_and_mends():
    rng = np.random.default_rng(8)
    machines, asked = third([*rng.normal(0, 0.5, 9).tolist(), 1.2])
    true_j = 2 * asked.energy_j * np.exp(1.2)
    without = convert(machines[:2], asked)
    told = convert(machines, asked)
    assert factor(told) < factor(without)
    assert abs(log(told.energy_j / true_j)) < abs(log(without.energy_j / true_j)) / 2


def test_mixed_kinds_of_energy_are_refused_unless_allowed():
    energies = spread(4)
    for kinds in (
        ({"scope": "gpu"}, {"scope": "wall"}),
        ({"provenance": "measured"}, {"provenance": "modelled"}),
    ):
        a, b = (
            machine(name, energies, **kind)
            for name, kind in zip("AB", kinds, strict=True)
        )
        asked = replace(NEW, **kinds[0])
        with pytest.raises(IncomparableError, match="--allow-mixed"):
            convert([a, b], asked)
        estimate = convert([a, b], asked, allow_mixed=True)
        assert estimate.energy_j > 0
    assert estimate.provenance == "modelled"


@pytest.mark.parametrize(
    ("on_b", "energy_j"),
    [
        ([1e-9, 1.0, 1e9], 4321.9),
        ([9e6, 4.5e6, 1.1], 9999.9),
        ([1.7, 1.7, 1.7], 1.23456e12),
        ([1e12, 2e12, 3e12], 1.23456e-9),
    ],
)
def test_estimates_are_positive_and_finite_whatever_goes_in(on_b, energy_j):
    on_a = {"w0": 1000.7, "w1": 2000.9, "w2": 3000.3}
    machines = [
        machine("A", on_a),
        machine("B", dict(zip(on_a, on_b, strict=True))),
    ]
    estimate = convert(machines, replace(NEW, energy_j=energy_j), level=0.99)
    bounds = (estimate.energy_low_j, estimate.energy_j, estimate.energy_high_j)
    assert np.isfinite(bounds).all()
    assert 0 < bounds[0] < bounds[1] < bounds[2]


def test_far_from_its_references_an_estimate_is_wide_and_says_it_is_out_of_range():
    near, far = (
        convert(two(6), replace(NEW, energy_j=energy_j)) for energy_j in (4321.9, 1e9)
    )
    assert near.in_range
    assert not far.in_range
    assert factor(far) > 3 * factor(near)


def test_a_power_outside_of_the_references_is_out_of_range():
    energies = spread(6)
    machines = [described("A", energies), described("B", energies)]
    asked = replace(machines[0].observations["w3"], workload="new")
    assert convert(machines, asked).in_range
    assert not convert(
        machines, replace(asked, duration_s=asked.duration_s / 9)
    ).in_range


def test_repeats_that_scatter_widen():
    def repeated(scatter: float) -> list[Calibration]:
        runs = [
            Observation(name, "B", 2 * energy_j * (1 + off))
            for name, energy_j in spread(5).items()
            for off in (-scatter, 0.0, scatter)
        ]
        return [machine("A", spread(5)), calibrate("B", runs)]

    firm, loose = convert(repeated(1e-9)), convert(repeated(0.4))
    assert factor(loose) > factor(firm)
    unsure = replace(NEW, n_repeats=3, repeat_std_fraction=0.4)
    assert factor(convert(two(5), unsure)) > 1.1 * factor(convert(two(5)))


def test_energies_of_few_digits_widen():
    # 0.03 kWh is anything from 0.025 to 0.035.
    exact = replace(NEW, energy_j=0.0301234 * 3.6e6)
    rounded = replace(NEW, energy_j=0.03 * 3.6e6)
    energies = {f"w{i}": 40123.4 * 1.4**i for i in range(6)}
    machines = [machine("A", energies), machine("B", times(2, energies))]
    vague = {name: round(e / 3.6e6, 2) * 3.6e6 for name, e in energies.items()}
    assert factor(convert(machines, rounded)) > factor(convert(machines, exact))
    coarse = [machine("A", vague), machine("B", times(2, energies))]
    assert factor(convert(coarse, exact)) > factor(convert(machines, exact))


def test_of_many_references_an_even_choice_is_used():
    n = MAX_REFERENCES + 50
    estimate = convert(two(n))
    assert len(set(estimate.references)) == MAX_REFERENCES
    assert estimate.references[0] == "w0"
    assert estimate.references[-1] == f"w{n - 1}"
    assert estimate.energy_j == pytest.approx(2 * 4321.9, rel=0.02)


def test_a_fit_is_kept_for_further_conversions():
    normalizer = JointNormalizer.fit(two(MAX_REFERENCES))
    normalizer.convert(NEW, target="B")
    began = time.perf_counter()
    for _ in range(5):
        normalizer.convert(NEW, target="B")
    # A few milliseconds each; ten times that is left to a busy machine.
    assert time.perf_counter() - began < 5 * 0.05


def test_what_is_described_is_the_ratio_at_the_mean():
    fit = JointNormalizer.fit(two(12)).describe("A", "B")
    assert fit["ratio at the mean of the source [1]"] == pytest.approx(2.0, rel=0.05)
    assert fit["references [1]"] == 12
    assert fit["further machines [1]"] == 0
    assert fit["scale of the log ratio there [1]"] > 0
    told = JointNormalizer.fit(chain()).describe("A", "B")
    assert told["further machines [1]"] == 0  # C shares nothing with A


def test_a_whole_table_is_converted_through_a_third_machine():
    observations = [o for c in chain() for o in c.observations.values()]
    conversion = convert_all(observations, source="A", target="C", method="joint")
    assert [c.observation.workload for c in conversion.converted] == list(LEFT)
    assert conversion.references == ()


@pytest.mark.parametrize(("k", "most"), [(1, 0.8), (4, 0.3)])
def test_published_gpu_training_never_learned_from_lies_inside(zeus_table, k, most):
    observations = select(read_runs(zeus_table)).observations
    names = ("A40", "V100", "P100", "RTX6000")
    known = {o.hardware for o in observations}
    machines = [
        calibrate(hardware, observations)
        for hardware in sorted(known)
        if any(name in hardware for name in names)
    ]
    source = next(c for c in machines if "A40" in c.hardware)
    target = next(c for c in machines if "V100" in c.hardware)
    shared = sorted(
        source.observations.keys() & target.observations.keys(),
        key=source.energy_j.__getitem__,
    )
    references = [shared[round((i + 0.5) * len(shared) / k)] for i in range(k)]
    normalizer = JointNormalizer.fit(
        [source, target],
        references=references,
        prior=bundled().without["zeus_nsdi23"],
    )
    errors, covered = [], []
    for name in sorted(set(shared) - set(references)):
        estimate = normalizer.convert(source.observations[name], target=target.hardware)
        true_j = target.energy_j[name]
        errors.append(abs(log(estimate.energy_j / true_j)))
        covered.append(estimate.energy_low_j <= true_j <= estimate.energy_high_j)
    assert len(errors) > 30
    assert np.mean(errors) < most  # the dual reference: 0.35
    # One pair says little of coverage: its workloads err together.
    assert np.mean(covered) > 0.75
