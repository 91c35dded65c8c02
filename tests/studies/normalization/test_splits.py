import numpy as np
import pytest

from isojoule.studies.normalization.splits import (
    hold_out_models,
    hold_out_random,
    make_folds,
    unusable_models,
)
from many_machines import make_pair


@pytest.mark.parametrize(
    ("n", "n_tested"), [(8, 2), (10, 2), (12, 2), (13, 3), (20, 4)]
)
def test_a_fifth_of_the_workloads_is_held_out(n, n_tested):
    held = hold_out_random(make_pair(n), 6)
    assert held.shape == (6, n)
    assert held.sum(axis=1).tolist() == [n_tested] * 6


def test_every_workload_is_held_out_equally_often():
    share = hold_out_random(make_pair(10), 4000).mean(axis=0)
    # Five standard errors of a share of 0.2 in 4000 draws are 0.032.
    np.testing.assert_allclose(share, 0.2, atol=0.032)


def test_more_seeds_begin_with_those_of_fewer():
    pair = make_pair(12)
    assert np.array_equal(hold_out_random(pair, 9)[:3], hold_out_random(pair, 3))


def test_the_first_of_a_permutation_of_the_names_are_held_out():
    pair = make_pair(10)
    drawn = np.random.default_rng(3).permutation(10)[:2]
    names = {sorted(pair.workloads)[i] for i in drawn}
    held = hold_out_random(pair, 4)[3]
    assert {w for w, h in zip(pair.workloads, held, strict=True) if h} == names


@pytest.mark.parametrize("n_models", [2, 3, 5])
def test_few_networks_are_held_out_one_at_a_time_and_all_equally_often(n_models):
    models = [f"net{i % n_models}" for i in range(20)]
    held = hold_out_models(make_pair(20, models=models), 5)
    assert len(held) == 5 - 5 % n_models
    times = held.sum(axis=0)
    assert len(set(times)) == 1
    for row in held:
        assert len({m for m, h in zip(models, row, strict=True) if h}) == 1


def test_many_networks_are_dealt_into_five_hands():
    models = [f"net{i % 12}" for i in range(36)]
    held = hold_out_models(make_pair(36, models=models), 10)
    sizes = [len({m for m, h in zip(models, r, strict=True) if h}) for r in held]
    assert sorted(sizes[:5]) == sorted(sizes[5:]) == [2, 2, 2, 3, 3]
    assert held[:5].sum(axis=0).tolist() == [1] * 36
    assert not np.array_equal(held[:5], held[5:])  # shuffled anew


def test_fewer_seeds_than_hands_are_as_many_splits():
    models = [f"net{i % 12}" for i in range(36)]
    pair = make_pair(36, models=models)
    assert np.array_equal(hold_out_models(pair, 3), hold_out_models(pair, 5)[:3])


def test_pairs_with_the_same_networks_hold_out_the_same_ones():
    models = [f"net{i % 5}" for i in range(20)]
    one, other = (make_pair(20, models=models, source=s) for s in "AC")
    assert np.array_equal(hold_out_models(one, 5), hold_out_models(other, 5))


def test_networks_that_cannot_be_held_out_are_told():
    assert unusable_models(make_pair(9)) == ""
    assert "one network, net" in unusable_models(make_pair(9, models=["net"] * 9))
    assert "no network is stated" in unusable_models(make_pair(9, unstated=9))
    assert unusable_models(make_pair(9, unstated=8)) == ""


def test_folds_are_padded_to_a_width_of_the_pair_alone():
    pairs = [make_pair(8), make_pair(9), make_pair(16), make_pair(17)]
    folds = list(make_folds(pairs, (), "random", 3))
    assert [f.source_energy_j.shape for f in folds] == [(3, 8), (6, 16), (3, 24)]
    assert [sorted(set(f.pair)) for f in folds] == [[0], [1, 2], [3]]
    for f in folds:
        known = f.is_train | f.is_test
        assert not (f.is_train & f.is_test).any()
        assert known.sum(axis=1).tolist() == [len(pairs[p].workloads) for p in f.pair]
        assert (f.source_energy_j[~known] == 1).all()


def test_folds_hold_the_workloads_of_their_pair():
    pair = make_pair(9, n_features=2)
    (folds,) = make_folds([pair], ("flop", "params"), "random", 2)
    for row in range(2):
        assert np.array_equal(folds.source_energy_j[row, :9], pair.source_energy_j)
        assert np.array_equal(folds.target_energy_j[row, :9], pair.target_energy_j)
        assert np.array_equal(folds.feature_values[row, :, :9], pair.feature_values.T)
    only = folds.with_features(("params",))
    assert np.array_equal(only.feature_values[0, 0, :9], pair.feature_values[:, 1])
    second = folds.of(np.array([False, True]))
    assert second.seed.tolist() == [1]
    assert folds.of(np.array([1, 0, 1])).seed.tolist() == [1, 0, 1]
    assert second.features == ("flop", "params")


def test_pairs_without_networks_have_no_folds_by_model():
    pairs = [make_pair(9, unstated=9), make_pair(9), make_pair(9, models=["net"] * 9)]
    (folds,) = make_folds(pairs, (), "by-model", 3)
    assert set(folds.pair) == {1}
