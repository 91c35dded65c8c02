from itertools import permutations
from math import isnan, log, sqrt

import numpy as np
import pytest

from isojoule.studies.normalization.claims import judge_claims, median_interval
from isojoule.studies.normalization.design import Design, Question, Variant
from isojoule.studies.normalization.scoring import SCORE_TYPE
from many_machines import make_pair

pytest.importorskip("scipy")

GOOD, BAD = Variant("dual"), Variant("linear", ("flop",))
DESIGN = Design(
    "made up", (), (GOOD, BAD), (), (Question("good-beats-bad", "It is", GOOD, BAD),)
)
THREE = [make_pair(8, source=a, target=b) for a, b in permutations("ABC", 2)]


def scores_of(metric, good, bad, n_seeds=5):
    """Scores of two variants on every pair and seed; `good` and `bad` are functions."""
    rows = []
    for pair in range(len(THREE)):
        for seed in range(n_seeds):
            for variant, value in enumerate((good, bad)):
                row = np.zeros(1, SCORE_TYPE)
                row["pair"], row["seed"], row["variant"] = pair, seed, variant
                row[metric] = value(pair, seed)
                rows.append(row)
    return np.concatenate(rows)


def judge(metric, good, bad, **changes):
    options = {"splits": ("random",), "metrics": (metric,), "level": 0.95}
    scores = scores_of(metric, good, bad)
    (claim,) = judge_claims(DESIGN, scores, THREE, **(options | changes))
    return claim


def test_less_error_holds_and_is_told_as_a_ratio():
    claim = judge("mdape", lambda p, s: 0.1 + 0.001 * p, lambda p, s: 0.2 + 0.001 * s)
    assert claim.verdict == "holds"
    assert claim.metric == "ln(MdAPE of linear with flop / MdAPE of dual) [1]"
    assert 0 < claim.low < claim.difference < claim.high
    # Pairs 0 to 5 and seeds 0 to 4: the median lies near the middle of both.
    assert claim.difference == pytest.approx(log(0.202 / 0.1025), abs=0.01)
    assert (claim.id, claim.split, claim.n_pairs) == ("good-beats-bad", "random", 6)


def test_more_error_does_not_hold():
    claim = judge("mdape", lambda p, s: 0.2, lambda p, s: 0.1 + 0.001 * s)
    assert claim.verdict == "does not hold"
    assert claim.high < 0


def test_more_r2_is_better_and_told_as_a_difference():
    claim = judge("r2", lambda p, s: 0.9 + 0.001 * p, lambda p, s: 0.5)
    assert claim.verdict == "holds"
    assert claim.metric == "R2 of dual minus that of linear with flop [1]"
    assert claim.difference == pytest.approx(0.4025)


def test_what_depends_on_the_machine_cannot_be_told():
    # A pair is good where A is the source, bad elsewhere.
    claim = judge("mdape", lambda p, s: 0.1 if p < 2 else 0.3, lambda p, s: 0.2)
    assert claim.verdict == "cannot tell"
    assert claim.low < 0 < claim.high


def test_the_same_errors_are_no_gain_whatever_rounding_says():
    claim = judge("mdape", lambda p, s: 0.1, lambda p, s: 0.1 * (1 + 1e-13))
    assert (claim.difference, claim.low, claim.high) == (0, 0, 0)
    assert claim.verdict == "does not hold"


def test_of_two_infinite_errors_none_is_better():
    claim = judge(
        "male",
        lambda p, s: np.inf if p == 0 else 0.1,
        lambda p, s: np.inf if p < 3 else 0.2 + 0.001 * s,
    )
    assert claim.n_pairs == 5  # both fail on the first
    assert claim.difference == pytest.approx(log(2))


def test_undefined_scores_give_no_claim():
    scores = scores_of("r2", lambda p, s: np.nan, lambda p, s: 0.5)
    options = {"splits": ("random",), "metrics": ("r2",), "level": 0.95}
    assert judge_claims(DESIGN, scores, THREE, **options) == ()


@pytest.mark.parametrize(("n_machines", "n_splits"), [(2, 5), (3, 1)])
def test_too_few_machines_or_splits_have_no_interval(n_machines, n_splits):
    machines = np.array([[0, 1], [1, 0], [0, n_machines - 1]])
    gain = np.arange(3 * n_splits, dtype=float).reshape(3, n_splits)
    median, half_width = median_interval(gain, machines, level=0.95)
    assert median == np.median(gain)
    assert isnan(half_width)


def test_the_interval_by_hand():
    machines = np.array([*permutations(range(3), 2)])
    by_pair = {frozenset((0, 1)): 1.0, frozenset((0, 2)): 2.0, frozenset((1, 2)): 4.0}
    gain = np.array([[by_pair[frozenset(m)]] * 2 for m in machines.tolist()])
    # Without machine 0, 1 and 2 the medians are 4, 2 and 1; splits are all the same.
    mean = 7 / 3
    variance = 2 / 3 * ((4 - mean) ** 2 + (2 - mean) ** 2 + (1 - mean) ** 2)
    median, half_width = median_interval(gain, machines, level=0.95)
    assert median == 2.0
    assert half_width == pytest.approx(4.302653 * sqrt(variance), rel=1e-6)  # t, 2 free


@pytest.mark.slow
@pytest.mark.parametrize("n_machines", [3, 4, 6])
@pytest.mark.parametrize(
    ("of_machine", "of_split", "of_fit"),
    [(1, 0, 0.3), (1, 0.7, 0.5), (0, 1, 0.5), (0.3, 0.3, 1), (0, 0, 1)],
)
def test_intervals_cover_at_least_as_often_as_they_say(
    n_machines, of_machine, of_split, of_fit
):
    rng = np.random.default_rng(n_machines)
    machines = np.array([*permutations(range(n_machines), 2)])
    hits = 0
    for _ in range(400):
        source, target = rng.normal(0, of_machine, (2, n_machines))
        gain = (source[machines[:, :1]] + target[machines[:, 1:]]) + rng.normal(
            0, of_split, 5
        )
        gain = gain + rng.normal(0, of_fit, gain.shape)
        median, half_width = median_interval(gain, machines, level=0.95)
        hits += abs(median) <= half_width
    # Four standard errors of a share of 0.95 in 400 trials are 0.044.
    assert hits / 400 >= 0.95 - 0.044
