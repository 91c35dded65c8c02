import numpy as np
import pytest

from estimator_runs import make_training, make_trainings
from isojoule.studies.estimators.parts import configuration_of
from isojoule.studies.estimators.splits import group_folds, make_splits

RUNS = make_trainings()


def test_every_run_is_held_out_once_in_every_split():
    splits, skipped = make_splits(RUNS)
    assert [s.name for s in splits] == [
        "random-folds",
        "configuration",
        "each-configuration",
        "architecture",
        "gpu",
    ]
    for split in splits:
        assert np.sum(split.folds, axis=0).tolist() == [1] * len(RUNS)
    assert skipped == {"one data set": "there is only one of them"}


def test_grouped_splits_never_tear_a_group_apart():
    splits, _ = make_splits(RUNS)
    names = {
        "configuration": [configuration_of(r) for r in RUNS],
        "each-configuration": [configuration_of(r) for r in RUNS],
        "architecture": [r.workload.model for r in RUNS],
        "gpu": [r.hardware.name for r in RUNS],
    }
    for split in splits[1:]:
        of = np.array(names[split.name])
        for fold in split.folds:
            assert not set(of[fold]) & set(of[~fold])
        assert split.is_grouped


def test_published_folds_are_taken_where_all_runs_have_one():
    runs = [make_training(repeat=n, tags={"cv_fold": str(n % 3)}) for n in range(6)]
    split = make_splits(runs)[0][0]
    assert split.name == "published-folds"
    assert split.folds[1].tolist() == [False, True, False, False, True, False]
    untagged = [*runs, make_training(repeat=9)]
    assert make_splits(untagged)[0][0].name == "random-folds"


def test_random_folds_are_the_same_every_time():
    first, again = (make_splits(RUNS)[0][0].folds for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_folds_of_groups_are_those_of_scikit_learn():
    model_selection = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(2)
    for _ in range(20):
        groups = np.sort(rng.integers(0, 12, 90))
        groups = np.unique(groups, return_inverse=True)[1]
        theirs = model_selection.GroupKFold(5).split(groups, groups=groups)
        mine = group_folds(groups, 5)
        for fold, (_, held) in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(np.flatnonzero(fold), held)


def test_one_run_leaves_nothing_to_group():
    splits, skipped = make_splits([make_training()])
    assert len(splits) == 1
    assert len(skipped) == 4


def test_many_configurations_are_not_left_out_one_by_one():
    runs = [make_training(batch_size=b) for b in range(1, 103)]
    splits, skipped = make_splits(runs)
    assert "each-configuration" not in {s.name for s in splits}
    assert "102, too many" in skipped["one configuration"]


def test_no_runs_give_no_folds():
    splits, _ = make_splits([])
    assert splits[0].folds == ()
