from itertools import combinations
from math import dist, log

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.normalizers.references import (
    medoid_places,
    select_references,
    source_points,
    standardize,
)
from isojoule.observations import calibrate
from isojoule.records import Observation

ORDERED = list("abcdefg")


def test_min_max_takes_half_from_each_end():
    assert select_references("min-max:4", ORDERED) == ["a", "b", "f", "g"]


def test_an_odd_min_max_takes_one_more_of_the_low():
    assert select_references("min-max:3", ORDERED) == ["a", "b", "g"]
    assert select_references("min-max:1", ORDERED) == ["a"]
    assert select_references("min-max:7", ORDERED) == ORDERED


def test_random_is_reproducible_and_without_repeats():
    first = select_references("random:4", ORDERED, seed=7)
    assert first == select_references("random:4", ORDERED, seed=7)
    assert len(set(first)) == 4
    drawn = {tuple(select_references("random:4", ORDERED, seed=s)) for s in range(20)}
    assert len(drawn) > 5


def test_all_takes_all():
    assert select_references("all", ORDERED) == ORDERED


def test_more_than_there_are_is_refused_with_the_number():
    with pytest.raises(InsufficientDataError, match="ask for at most 7"):
        select_references("random:8", ORDERED)


@pytest.mark.parametrize(
    "spec", ["min-max", "min-max:", "medoid:", "random:0", "random:-2", "random:x"]
)
def test_a_missing_or_wrong_number_is_refused(spec):
    with pytest.raises(ValueError, match="needs a number"):
        select_references(spec, ORDERED)


def test_an_unknown_way_of_sampling_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="did you mean min-max"):
        select_references("minmax:4", ORDERED)


def test_only_takes_those_of_the_names_by_rising_energy():
    assert select_references("only:f, b,f", ORDERED) == ["b", "f"]


def test_only_refuses_names_that_are_not_shared_and_none_at_all():
    with pytest.raises(UnknownNameError, match="no shared workload 'h'"):
        select_references("only:a,h", ORDERED)
    for spec in ("only", "only:", "only:, "):
        with pytest.raises(ValueError, match="needs names"):
            select_references(spec, ORDERED)


def naive_sum(points: np.ndarray, taken: tuple[int, ...]) -> float:
    """Return the sum of the distances to the nearest taken point, point by point."""
    return sum(min(dist(point, points[i]) for i in taken) for point in points)


def exhaustive(points: np.ndarray, k: int) -> tuple[float, tuple[int, ...]]:
    """Return the lowest sum of all subsets, and the first subset that has it."""
    return min(
        (naive_sum(points, taken), taken)
        for taken in combinations(range(len(points)), k)
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_medoids_are_nearly_the_best_of_all_subsets(seed, k):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(10, 1 + seed % 3))
    found = tuple(medoid_places(points, k).tolist())
    best, _ = exhaustive(points, k)
    assert len(set(found)) == k
    assert naive_sum(points, found) <= 1.1 * best
    for old in found:  # no exchange improves it
        for new in range(10):
            changed = tuple({*found, new} - {old} | ({new} if new == old else set()))
            assert naive_sum(points, changed) >= naive_sum(points, found) - 1e-9


@pytest.mark.parametrize("k", [1, 2, 3, 6])
def test_medoids_of_clusters_are_the_best_of_all_subsets(k):
    # Three clusters of three, the middle one of each nearest to the others.
    points = np.array([[c + d] for c in (0.0, 10.0, 30.0) for d in (-1.0, 0.0, 1.5)])
    best, taken = exhaustive(points, k)
    found = tuple(medoid_places(points, k).tolist())
    assert naive_sum(points, found) == pytest.approx(best)
    if k == 3:
        assert found == taken == (1, 4, 7)


def test_an_exchange_mends_what_the_first_steps_took():
    # The one between the sides is best alone; of two, the middles of the sides are.
    points = np.array([[x, 0.0] for x in (-7.0, -6.0, -5.0, 0.0, 5.0, 6.0, 7.0)])
    points[3, 1] = 1.0
    assert medoid_places(points, 1).tolist() == [3]
    assert medoid_places(points, 2).tolist() == [1, 5]


def test_of_equal_medoids_those_of_the_lowest_energy_are_taken():
    assert medoid_places(np.zeros((5, 2)), 2).tolist() == [0, 1]
    assert medoid_places(np.array([[0.0], [1.0]]), 1).tolist() == [0]
    assert medoid_places(np.arange(4.0)[:, np.newaxis], 1).tolist() == [1]


def test_all_points_can_be_medoids():
    points = np.random.default_rng(1).normal(size=(7, 2))
    found = select_references("medoid:7", ORDERED, points=points)
    assert found == ORDERED


def test_medoids_are_refused_without_points():
    with pytest.raises(ValueError, match="pass points"):
        select_references("medoid:2", ORDERED)


def test_every_axis_counts_alike_and_one_that_never_changes_not_at_all():
    points = np.array([[1.0, 1e9, 0.1], [3.0, 3e9, 0.1], [2.0, 2e9, 0.1]])
    by_hand = [-(1.5**0.5), 1.5**0.5, 0.0]  # deviation sqrt(2/3)
    expected = np.array([by_hand, by_hand, [0.0] * 3]).T
    assert standardize(points) == pytest.approx(expected)


def test_points_hold_the_power_only_where_all_durations_are_known():
    timed = Observation("a", "A", 8.0, 2.0, work_flop=0.0)
    untimed = Observation("b", "A", 9.0, work_flop=6.0)
    both = calibrate("A", [timed, untimed])
    assert source_points(both, ["a"], ["flop"]) == pytest.approx(
        np.array([[log(8), log(1), log(4)]])
    )
    assert source_points(both, ["a", "b"], ["flop"]) == pytest.approx(
        np.array([[log(8), log(1)], [log(9), log(7)]])
    )
    with_power = source_points(both, ["a"], ["power", "flop"])
    assert with_power == pytest.approx(source_points(both, ["a"], ["flop"]))
