import numpy as np
import pytest

from isojoule.estimators.stopping.curve import fit_curve
from isojoule.estimators.stopping.paths import ScorePaths, draw_paths, oriented
from score_curves import saturating

CURVE = fit_curve(saturating(10, limit=0.98, noise=0.01, seed=4))


def drawn(**options):
    return draw_paths(CURVE, 30, rng=np.random.default_rng(7), **options)


def test_the_same_seed_draws_the_same():
    assert np.array_equal(drawn().scores, drawn().scores)


def test_without_bounds_scores_may_pass_one():
    assert drawn().scores.max() > 1


def test_bounds_hold_for_scores_and_limits():
    paths = drawn(bounds=(0.0, 1.0))
    assert paths.scores.max() <= 1
    assert paths.limits.max() <= 1
    assert len(paths.scores) > 100


def test_bounds_that_all_draws_leave_still_hold():
    paths = drawn(bounds=(None, 0.5))
    assert paths.scores.max() <= 0.5


def test_the_best_so_far_never_falls():
    paths = ScorePaths(np.array([[0.4, 0.7, 0.5], [0.1, 0.2, 0.3]]), np.zeros(2))
    assert paths.bests(0.45).tolist() == [[0.45, 0.7, 0.7], [0.45, 0.45, 0.45]]


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((0.0, 1.0), (-1.0, -0.0)),
        ((0.0, None), (None, -0.0)),
        ((None, 2.0), (-2.0, None)),
    ],
)
def test_bounds_of_a_loss_turn_around(bounds, expected):
    assert oriented(bounds, "min") == expected
    assert oriented(bounds, "max") == bounds
