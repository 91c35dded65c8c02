"""What the intervals promise, on curves that are drawn."""

import numpy as np
import pytest

from isojoule.estimators.stopping.curve import fit_curve
from isojoule.estimators.stopping.paths import draw_paths
from isojoule.estimators.stopping.tracker import ScoreTracker
from score_curves import drawn_curve

N_CURVES = 150
SEEN = (6, 10, 16, 25, 40)


@pytest.fixture(scope="module")
def forecasts():
    """Share of draws below the score to come, and of gains, for curves and epochs."""
    rng = np.random.default_rng(11)
    found = []
    for _ in range(N_CURVES):
        scores = drawn_curve(rng, 60)
        for n_seen in SEEN:
            curve = fit_curve(scores[:n_seen])
            paths = draw_paths(curve, 10, rng=rng, n_draws=500)
            best = scores[:n_seen].max()
            gain = max(scores[n_seen : n_seen + 5].max() - best, 0.0)
            found.append(
                (
                    np.mean(paths.scores[:, 0] < scores[n_seen]),
                    np.mean(paths.scores[:, 4] < scores[n_seen + 4]),
                    np.mean(paths.scores[:, 9] < scores[n_seen + 9]),
                    paths.bests(best)[:, 4].mean() - best,
                    gain,
                )
            )
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize(("place", "ahead"), [(0, 1), (1, 5), (2, 10)])
def test_intervals_of_90_percent_hold_85_to_95_percent_of_the_scores(
    forecasts, place, ahead
):
    inside = (forecasts[:, place] > 0.05) & (forecasts[:, place] < 0.95)
    # Two standard errors of the five forecasts of 150 curves, taken as dependent.
    slack = 2 * np.sqrt(0.9 * 0.1 / N_CURVES / 2)
    assert 0.85 - slack / 2 < inside.mean() < 0.95 + slack / 2, ahead


@pytest.mark.slow
def test_the_expected_gain_is_right_on_average_to_a_quarter(forecasts):
    expected, true = forecasts[:, 3].mean(), forecasts[:, 4].mean()
    assert expected == pytest.approx(true, rel=0.25)


@pytest.mark.slow
def test_hardly_any_curve_is_taken_to_jump():
    rng = np.random.default_rng(12)
    n_jumps = 0
    for _ in range(40):
        tracker = ScoreTracker(0.01, (None, None), 0)
        for epoch, score in enumerate(drawn_curve(rng, 40)):
            tracker.observe(epoch, float(score))
            tracker.look_ahead(2)
        n_jumps += len(tracker.starts) - 1
    assert n_jumps <= 4
