"""Ratios and their intervals on a table of errors made by hand."""

from math import isnan, nan

import numpy as np
import pytest

from isojoule.studies.benchmark.comparison import N_DRAWS, Comparer, best_of
from isojoule.studies.benchmark.means import SplitMeans
from isojoule.studies.benchmark.sources import MachinePair
from many_machines import make_pair


def pair_of(file, source, target):
    return MachinePair(file, "train", make_pair(8, source=source, target=target))


PAIRS = [
    pair_of("one", "A", "B"),
    pair_of("one", "B", "A"),
    pair_of("one", "A", "C"),
    pair_of("two", "A", "B"),
]


def means_of(male, pairs=PAIRS):
    """Means of contenders (columns) on pairs (rows)."""
    male = np.array(male, dtype=float)
    files = list(dict.fromkeys(pair.name for pair in pairs))
    place = np.array([files.index(pair.name) for pair in pairs])
    sources = np.array([male[place == f].mean(axis=0) for f in range(len(files))])
    return SplitMeans(
        tuple(files),
        place,
        {"male": male},
        {"male": sources},
        {"male": sources.mean(axis=0)},
    )


def comparer(male, *, counted=(2, 2, 1), published=(0, 2), seed=0, pairs=PAIRS):
    return Comparer(means_of(male, pairs), counted, published, pairs, seed=seed)


MALE = [[1.0, 0.5, 3.0], [2.0, 1.0, 3.0], [6.0, 7.0, 3.0], [2.0, 1.0, 4.0]]


def test_the_ratio_is_that_of_means_of_means():
    found = comparer(MALE).compare(1, 2)
    # File one: 9 / 3 and 8.5 / 3, file two: 2 and 1.
    assert found.published == 0
    assert found.ratio == pytest.approx((8.5 / 3 + 1) / (3 + 2))
    assert found.beats == 0.75
    # In hindsight the third contender is the best published one for A to C.
    assert found.beats_hindsight == 0.75


def test_a_tie_is_no_victory():
    found = comparer(MALE).compare(0, 2)
    assert (found.ratio, found.beats) == (1, 0)
    assert (found.low, found.high) == (1, 1)


def test_the_published_best_has_no_more_references():
    assert comparer(MALE).compare(1, 1).published == 2
    assert comparer(MALE).compare(1, None).published == 0
    assert comparer(MALE, counted=(None, 2, 4)).compare(1, 2) is None


def test_draws_are_the_same_for_both_so_a_constant_ratio_is_certain():
    male = [[m, 0.7 * m, m] for m in (1.0, 5.0, 0.2, 3.0)]
    found = comparer(male).compare(1, 2)
    assert found.low == pytest.approx(0.7)
    assert found.high == pytest.approx(0.7)


def test_the_interval_is_that_of_a_naive_bootstrap():
    # File one has two pairs of machines, A-B in both directions and A-C: of two draws
    # both are A-B, or A-C, with probability 1/4 each; file two is kept.
    ratios = {
        "both A-B": ((1.5 / 2 + 1), (3.0 / 2 + 2)),
        "both A-C": ((7 + 1), (6 + 2)),
        "one each": ((8.5 / 3 + 1), (9 / 3 + 2)),
    }
    possible = sorted(own / rival for own, rival in ratios.values())
    found = comparer(MALE).compare(1, 2)
    assert found.low == pytest.approx(possible[0])
    assert found.high == pytest.approx(possible[-1])


def test_the_same_seed_draws_the_same():
    rng = np.random.default_rng(0)
    pairs = [pair_of("one", "A", f"B{i}") for i in range(12)]
    male = rng.uniform(0.1, 1.0, (12, 3))
    first, again, other = (
        comparer(male, pairs=pairs, seed=seed).compare(1, 2) for seed in (0, 0, 1)
    )
    assert first == again
    assert (first.low, first.high) != (other.low, other.high)
    assert other.low == pytest.approx(first.low, rel=0.1)
    assert N_DRAWS == 2000


def test_who_did_not_answer_everything_has_no_ratio_but_a_share():
    male = [[m[0], m[1] if i else nan, m[2]] for i, m in enumerate(MALE)]
    found = comparer(male).compare(1, 2)
    assert isnan(found.ratio)
    assert isnan(found.low)
    assert found.beats == pytest.approx(2 / 3)


def test_the_best_is_the_first_of_equals_and_nobody_without_a_score():
    means = means_of([[0.3, 0.1, 0.1 + 1e-13, nan]], PAIRS[:1])
    assert best_of([0, 1, 2, 3], means) == 1
    assert best_of([0, 3], means) == 0
    assert best_of([3], means) is None
    assert best_of([], means) is None
