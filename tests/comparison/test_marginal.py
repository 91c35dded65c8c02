"""Tests of what a further point of score costs."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest

from comparison.submitted import rules
from comparison.systems_by_hand import one_metric, published, scored
from isojoule.comparison.marginal import front_systems, marginal_steps
from isojoule.units import kwh_to_j

FOUR = (
    scored("cheap", 1.0, 0.10),
    scored("dented", 4.0, 0.15),
    scored("middle", 5.0, 0.30),
    scored("dear", 25.0, 0.40),
    scored("beaten", 6.0, 0.20),
)


def steps(systems, with_rules=None):
    return marginal_steps(systems, "train", "psds1", with_rules or rules())


def test_along_the_hull_a_dent_is_skipped():
    """4 kWh for 20 points are 0.2 kWh per point, 20 kWh for 10 points are 2."""
    first, second = steps(FOUR)
    assert (first.from_label, first.to_label) == ("cheap", "middle")
    assert first.energy_j == pytest.approx(kwh_to_j(4.0))
    assert first.gain == pytest.approx(0.2)
    assert first.points == pytest.approx(20)
    assert first.energy_j_per_point == pytest.approx(kwh_to_j(0.2))
    assert (second.from_label, second.to_label) == ("middle", "dear")
    assert second.energy_j_per_point == pytest.approx(kwh_to_j(2.0))


def test_where_lower_is_better_the_gain_is_downward():
    systems = (scored("a", 1.0, 0.9), scored("b", 2.0, 0.5), scored("c", 3.0, 0.95))
    (only,) = steps(systems, one_metric(higher_is_better=False, point=0.1))
    assert (only.from_label, only.to_label) == ("a", "b")
    assert only.gain == pytest.approx(0.4)
    assert only.points == pytest.approx(4)


@pytest.mark.parametrize("seed", range(20))
def test_the_hull_is_what_no_chord_undercuts(seed):
    """A front system is on the hull unless two others mix to its score for less."""
    random = np.random.default_rng(seed)
    kwh, score = random.integers(1, 30, 40), random.integers(1, 30, 40)
    systems = tuple(
        scored(str(i), float(e), float(s))
        for i, (e, s) in enumerate(zip(kwh, score, strict=True))
    )
    front = {}
    for e, s in zip(kwh, score, strict=True):
        beaten = any(
            (x <= e and y > s) or (x < e and y >= s)
            for x, y in zip(kwh, score, strict=True)
        )
        if not beaten:
            front[int(s)] = int(e)
    found = front_systems(systems, "train", "psds1", rules())
    assert [(f.energy_j, f.quality) for f in found] == [
        (pytest.approx(kwh_to_j(e)), s) for s, e in sorted(front.items())
    ]
    costs, members = [], set()
    for step in steps(systems):
        costs.append(step.energy_j_per_point)
        members |= {int(score[int(step.from_label)]), int(score[int(step.to_label)])}
    assert costs == sorted(costs)
    undercut = {
        s
        for s in front
        for low in front
        for high in front
        if low < s < high
        and (front[low] * (high - s) + front[high] * (s - low)) / (high - low)
        < front[s] - 1e-9
    }
    if len(front) > 1:
        # What lies on a chord itself may be in or out by rounding.
        assert members <= front.keys() - undercut
        assert {min(front), max(front)} <= members


def test_an_improvement_is_worthy_if_it_is_cheap_and_above_noise():
    systems = (
        scored("a", 1.0, (0.10, 0.09, 0.11)),
        scored("b", 1.1, (0.115, 0.10, 0.13)),
        scored("c", 2.0, (0.20, 0.19, 0.21)),
        scored("d", 9.0, (0.25, 0.24, 0.26)),
    )
    first, second, third = steps(systems, rules(price_kwh_per_point=0.2))
    assert (first.gain_above_noise, first.is_worthy) == (False, False)
    assert first.reason == "the intervals of the scores overlap"
    assert (second.gain_above_noise, second.is_worthy, second.reason) == (
        True,
        True,
        "",
    )
    assert (third.gain_above_noise, third.is_worthy) == (True, False)
    assert third.reason == "a point costs more than the price"


def test_the_price_itself_is_still_paid():
    systems = (scored("a", 0.0, (0.0, 0.0, 0.0)), scored("b", 0.5, (0.01,) * 3))
    (step,) = steps(systems, rules(price_kwh_per_point=0.5))
    assert step.is_worthy is True


def test_without_intervals_only_a_dear_step_is_judged():
    cheap, dear = steps(FOUR, rules(price_kwh_per_point=0.3))
    assert (cheap.gain_above_noise, cheap.is_worthy) == (None, None)
    assert cheap.reason == "a score states no interval"
    assert dear.is_worthy is False


def test_without_a_price_nothing_is_judged():
    for step in steps(FOUR):
        assert step.is_worthy is None
        assert step.reason == "the rules state no price"


def test_the_price_is_for_the_main_phase_and_metric_only():
    systems = tuple(replace_phase(s) for s in FOUR)
    found = marginal_steps(systems, "test", "psds1", rules(price_kwh_per_point=1.0))
    assert {s.reason for s in found} == {"the price is for train and psds1"}
    assert {s.is_worthy for s in found} == {None}


def replace_phase(system):
    return replace(system, energies={"test": system.energies["train"]})


@pytest.mark.parametrize(
    "systems",
    [
        (),
        (scored("a", 1.0, 0.5),),
        (scored("a", 1.0, 0.5), scored("b", 2.0, 0.5), scored("c", 1.0, 0.5)),
        (scored("a", 1.0, nan), scored("b", None, 0.5), scored("c", nan, 0.5)),
    ],
)
def test_fewer_than_two_on_the_front_are_no_step(systems):
    assert steps(systems) == ()


def test_of_equals_the_first_is_named():
    systems = (scored("x", 5.0, 0.9), scored("a", 1.0, 0.5), scored("b", 1.0, 0.5))
    assert [(s.from_label, s.to_label) for s in steps(systems)] == [("a", "x")]


def test_the_published_front_of_2023_is_convex(dcase_folder):
    """With the printed energies all six systems of the front are on its hull."""
    found = steps(published(dcase_folder, 2023, energies="printed"))
    per_point = [s.energy_j_per_point / 3.6e6 for s in found]
    for cost, decimals, shown in zip(
        per_point, (2, 2, 2, 1, 1), (0.03, 0.08, 0.12, 6.9, 43.7), strict=True
    ):
        assert round(cost, decimals) == shown


def test_with_all_digits_of_2023_the_hull_stays(dcase_folder):
    """Three systems of a team differ by 1e-5 of their energy, printed as one value."""
    systems = published(dcase_folder, 2023)
    hull = [s.energy_j_per_point / 3.6e6 for s in steps(systems)]
    assert [round(c, 2) for c in hull] == [0.03, 0.08, 0.12, 6.86, 43.68]


def test_noise_is_judged_at_the_level_of_the_rules_as_ties_are():
    """0.500 and 0.518 with 95 % intervals of 0.010: 0.0168 apart at 90 %."""
    systems = (
        scored("a", 1.0, (0.500, 0.490, 0.510)),
        scored("b", 2.0, (0.518, 0.508, 0.528)),
    )
    assert steps(systems, replace(rules(), level=0.9))[0].gain_above_noise is True
    assert steps(systems, replace(rules(), level=0.95))[0].gain_above_noise is False
