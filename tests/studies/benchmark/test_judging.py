from math import e, isnan, log, nan

import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.normalizers import NORMALIZERS
from isojoule.records import Estimate
from isojoule.studies.benchmark.contenders import Contender
from isojoule.studies.benchmark.folds import split_pair
from isojoule.studies.benchmark.judging import (
    SCORE_TYPE,
    Judge,
    Task,
    score_estimates,
)
from isojoule.studies.benchmark.means import first_alike, split_means, used_references
from isojoule.studies.benchmark.selectors import SELECTORS
from isojoule.studies.benchmark.sources import gather_sources, pair_machines
from many_machines import make_many


def estimate(energy_j, low_j=None, high_j=None):
    return Estimate("w", "B", energy_j, low_j, high_j, 0.9, "made-up")


def test_scores_are_those_of_hand_arithmetic():
    estimates = [estimate(1.0), estimate(2.0, 1.0, 4.0), estimate(e * 4, 5.0, 50.0)]
    found = score_estimates(estimates, [1.0, 4.0, 4.0], 9.0)
    assert found == pytest.approx(
        {
            "male": (0 + log(2) + 1) / 3,
            "mdape": 0.5,  # of 0, 0.5 and e - 1
            "nonpositive_fraction": 0.0,
            "interval_fraction": 2 / 3,
            "coverage": 0.5,  # 4 is on the edge of the first, below the second
            "log_width": (log(4) + log(10)) / 2,
        }
    )


def test_what_is_not_positive_counts_as_a_tenth_of_the_lowest_reference():
    found = score_estimates([estimate(0.0), estimate(-5.0)], [0.5, 0.05], 5.0)
    assert found["male"] == pytest.approx((0 + log(10)) / 2)
    assert found["mdape"] == pytest.approx((0 + 9) / 2)
    assert found["nonpositive_fraction"] == 1
    assert isnan(found["coverage"])


def row(pair, contender, seed, male, *, n_offered=4, n_used=4, coverage=nan):
    metrics = (male, male, 0.0, 0.0, coverage, nan)
    return (pair, 0, contender, seed, n_offered, n_used, 2, *metrics)


def table(*rows):
    return np.array(list(rows), dtype=SCORE_TYPE)


def test_means_are_of_folds_then_pairs_then_files():
    scores = table(
        row(0, 0, 0, 1.0, coverage=0.5),
        row(0, 0, 1, 2.0),
        row(1, 0, 0, 3.5),
        row(2, 0, 0, 9.0),
    )
    found = split_means(scores, np.array([2, 1, 1, 0]), 2, ["x", "x", "y", "z"])
    assert found.files == ("x", "y")
    assert found.file_of_pair.tolist() == [0, 0, 1, -1]
    assert found.pairs["male"][:3, 0].tolist() == [1.5, 3.5, 9.0]
    assert found.sources["male"][:, 0].tolist() == [2.5, 9.0]
    assert found.headline["male"][0] == 5.75
    assert found.headline["coverage"][0] == 0.5
    assert isnan(found.headline["male"][1])


def test_a_fold_that_is_missing_leaves_the_pair_without_a_mean():
    scores = table(row(0, 0, 0, 1.0), row(1, 0, 0, 3.0))
    found = split_means(scores, np.array([2, 1]), 1, ["x", "y"])
    assert isnan(found.pairs["male"][0, 0])
    assert found.sources["male"][1, 0] == 3.0
    assert isnan(found.headline["male"][0])


def test_references_count_as_used_only_where_some_are_left_in_every_fold():
    scores = table(
        row(0, 0, 0, 1.0, n_used=2),
        row(0, 0, 1, 1.0, n_used=1),
        row(0, 1, 0, 1.0, n_used=2),
        row(0, 1, 1, 1.0, n_used=4),
    )
    assert used_references(scores, [4, None, 6]) == [2, None, 6]


def test_the_very_same_scores_with_as_many_references_are_alike():
    scores = table(
        *(row(0, c, s, 0.1 * (1 + s)) for c in (0, 1, 2) for s in (0, 1)),
        *(row(0, 3, s, 0.1 * (1 + s) + 1e-14) for s in (0, 1)),
        row(0, 4, 0, 0.1),
    )
    assert first_alike(scores, [2, 2, 3, 2, 2, 2]) == [0, 0, 2, 0, 4, 5]


@pytest.mark.parametrize("method", ["dual", "linear", "log-linear", "poly2"])
@pytest.mark.parametrize("k", [1, 2, 3, 4, 6, None])
def test_what_is_saved_on_intervals_changes_no_score(method, k):
    judge = Judge(
        contenders=(Contender(method, (), "min-max" if k else "all", k),),
        normalizers={method: NORMALIZERS[method]},
        selectors=SELECTORS,
        splits=("random",),
        n_seeds=1,
        third_machines="none",
        level=0.9,
    )
    (source,), _ = gather_sources({"f": make_many("AB")}, max_workloads=99, seed=0)
    (task_pair, _), _ = pair_machines([source], min_shared=8)
    scores, refusals = judge(Task(0, task_pair, source.calibrations, {}))
    (fold,) = split_pair(task_pair, source.calibrations, "random", 1)
    names = fold.train
    if k:
        low = (k + 1) // 2
        names = (*names[:low], *names[len(names) - (k - low) :])
    if method == "dual" and k != 1:
        names = names[0], names[-1]
    said, refused = [], []
    try:
        normalizer = NORMALIZERS[method](fold.visible(names), references=names)
        said = [normalizer.convert(o, target="B") for o in fold.questions]
    except InsufficientDataError as error:
        refused.append(str(error))
    assert [refusal.reason for refusal in refusals] == refused
    if refused:
        return
    true_j = fold.true_j(fold.test)
    expected = score_estimates(said, true_j, min(fold.true_j(names)))
    for name, value in expected.items():
        assert scores[0][name] == pytest.approx(value, nan_ok=True)
