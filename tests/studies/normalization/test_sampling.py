import numpy as np
import pytest

from isojoule.normalizers.references import min_max
from isojoule.studies.normalization.sampling import SAMPLINGS
from isojoule.studies.normalization.splits import make_folds
from many_machines import make_pair


def folds_of(*pairs, n_seeds=4):
    (folds,) = make_folds(pairs, (), "random", n_seeds)
    return folds


def taken(folds, sampling, k):
    """Places of the k references of each fold."""
    order = SAMPLINGS[sampling](folds)
    return [np.flatnonzero(row < k).tolist() for row in order]


def naive_medoids(energies_j):
    """All places in the order of greedy facility location."""
    logs = np.log(energies_j)
    chosen, nearest = [], np.full(len(logs), np.inf)
    while len(chosen) < len(logs):
        cost = [
            np.inf
            if c in chosen
            else sum(
                min(near, abs(x - logs[c]))
                for near, x in zip(nearest, logs, strict=True)
            )
            for c in range(len(logs))
        ]
        # Two points may serve the same sum of distances: then the lower one.
        enough = min(cost) + 1e-9 * np.abs(logs).sum()
        chosen.append(next(c for c, sum_ in enumerate(cost) if sum_ <= enough))
        nearest = np.minimum(nearest, np.abs(logs - logs[chosen[-1]]))
    return chosen


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_k_references_are_k_of_the_training_part_and_fewer_are_among_more(sampling):
    folds = folds_of(make_pair(21), make_pair(22, source="C"))
    for fold, n_train in enumerate(folds.n_train):
        before: set[int] = set()
        for k in range(1, n_train + 1):
            now = set(taken(folds, sampling, k)[fold])
            assert len(now) == k
            assert before < now
            before = now
        assert before == set(np.flatnonzero(folds.is_train[fold]))


@pytest.mark.parametrize("k", [1, 2, 3, 6, 7, 16])
def test_min_max_is_that_of_the_normalizers(k):
    folds = folds_of(make_pair(20))
    for fold, found in enumerate(taken(folds, "min-max", k)):
        ordered = np.flatnonzero(folds.is_train[fold]).tolist()
        assert found == sorted(min_max(ordered, k, seed=0))


def test_random_references_follow_the_lots():
    folds = folds_of(make_pair(20))
    for fold, found in enumerate(taken(folds, "random", 5)):
        lots = np.where(folds.is_train[fold], folds.lot[fold], 99)
        assert found == sorted(np.argsort(lots)[:5])


@pytest.mark.parametrize("n", [8, 13, 40])
def test_medoids_are_those_of_a_search_through_all(n):
    folds = folds_of(make_pair(n), make_pair(n, source="C", seed=1))
    order = SAMPLINGS["medoid"](folds)
    for fold, places in enumerate(order):
        train = np.flatnonzero(folds.is_train[fold])
        expected = train[naive_medoids(folds.source_energy_j[fold, train])]
        assert np.argsort(places)[: len(train)].tolist() == expected.tolist()


def test_medoids_by_hand():
    folds = folds_of(make_pair(8), n_seeds=1)
    folds.is_train[:] = True
    folds.source_energy_j[0] = np.exp([0.0, 1, 2, 9, 10, 11, 12, 30])
    # The median serves all; then the far low group; then the one far away.
    assert np.argsort(SAMPLINGS["medoid"](folds)[0])[:3].tolist() == [3, 1, 7]


def test_equal_energies_are_taken_lowest_place_first():
    folds = folds_of(make_pair(8), n_seeds=1)
    folds.is_train[:] = True
    folds.source_energy_j[0] = 5.0
    assert np.argsort(SAMPLINGS["medoid"](folds)[0]).tolist() == [
        3,
        0,
        1,
        2,
        4,
        5,
        6,
        7,
    ]


def test_medoids_do_not_depend_on_what_is_beside_them():
    pairs = [make_pair(n, seed=s) for n in (33, 38, 40) for s in range(5)]
    together = SAMPLINGS["medoid"](folds_of(*pairs))
    alone = [SAMPLINGS["medoid"](folds_of(pair)) for pair in pairs]
    assert np.array_equal(together, np.concatenate(alone))
