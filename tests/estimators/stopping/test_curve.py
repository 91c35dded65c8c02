import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.estimators.stopping.curve import CurveModel, ScoreCurve, fit_curve
from isojoule.estimators.stopping.paths import draw_paths
from isojoule.estimators.stopping.residuals import Residual, drift_of, loadings
from isojoule.estimators.stopping.shapes import Shapes, shapes_for
from score_curves import NaiveCurve, saturating

SCORES = saturating(12, noise=0.01, seed=3)
ONE_SHAPE = Shapes(np.array([False]), np.array([1.0]), np.array([4.0]))
RESIDUALS = [
    Residual("level", 0.0, 0.0),
    Residual("level", 0.5, 2.0),
    Residual("trend", 1.0, 0.0),
    Residual("trend", 10.0, 2.0),
]


def rise(n):
    """1 - exp(-(t - 1) / 4), which is what is left of exp(-t / 4) since epoch 1."""
    return 1 - np.exp(-np.arange(n) / 4.0)


def model_of(*residuals, noises=(0.05,)):
    return CurveModel(ONE_SHAPE, tuple(residuals), np.array(noises))


def test_a_power_law_rises_as_by_hand():
    # g(t) = 1 / (1 + t): 1/2 at epoch 1, 1/4 at epoch 3, so half of it is done.
    shapes = Shapes(np.array([True]), np.array([1.0]), np.array([1.0]))
    assert shapes.rise(np.array([1.0, 3.0]))[0] == pytest.approx([0.0, 0.5])


def test_all_shapes_rise_from_zero_towards_one():
    rises = shapes_for(30).rise(np.arange(1.0, 2000.0))
    assert np.all(rises[:, 0] == 0)
    assert np.all(np.diff(rises, axis=1) >= 0)
    assert np.all((rises[:, -1] > 0.95) & (rises[:, -1] <= 1))


@pytest.mark.parametrize("residual", RESIDUALS)
def test_steps_of_the_drift_do_what_a_loop_says(residual):
    rows, state = loadings(np.eye(6), residual)
    steps = np.random.default_rng(1).standard_normal(6)
    level, slope, levels = 0.0, 0.0, [0.0]
    for epoch in range(1, 6):
        step = steps[epoch] * (6 / (epoch + 1)) ** (residual.fading / 2)
        slope = residual.persistence * slope + step
        level += slope
        levels.append(level)
    # Of a level, the slope is not kept: it is all new with each step.
    kept = slope if residual.drift == "trend" else 0.0
    assert rows @ steps == pytest.approx(np.array(levels))
    assert state @ steps == pytest.approx(np.array([level, kept]))
    drift, last_slope = drift_of(steps, residual)
    assert drift == pytest.approx(np.array(levels))
    assert last_slope == pytest.approx(kept)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_the_level_is_that_of_a_naive_smoother(residual):
    curve = fit_curve(SCORES, model=model_of(residual))
    naive = NaiveCurve(SCORES, rise(12), residual, 0.05, 0)
    assert curve.level() == pytest.approx(naive.level, rel=1e-6)


def test_candidates_are_weighed_by_their_evidence():
    curve = fit_curve(SCORES, model=model_of(*RESIDUALS, noises=(0.02, 0.1)))
    evidence = np.array(
        [
            [NaiveCurve(SCORES, rise(12), r, noise, 0).log_evidence]
            for r in RESIDUALS
            for noise in (0.02, 0.1)
        ]
    ).reshape(4, 2)
    expected = np.exp(evidence - evidence.max())
    assert curve.weights[:, 0, :] == pytest.approx(expected / expected.sum(), rel=1e-6)


@pytest.mark.parametrize("residual", RESIDUALS)
def test_draws_of_scores_to_come_are_those_of_a_naive_predictor(residual):
    curve = fit_curve(SCORES, model=model_of(residual))
    rng = np.random.default_rng(5)
    scores = draw_paths(curve, 8, rng=rng, n_draws=40_000).scores
    naive = NaiveCurve(SCORES, rise(20), residual, 0.05, 8)
    std = np.sqrt(naive.level_variance + naive.noise_variance)[12:]
    # Standard error of a mean of 40,000 draws is 0.005 std; of their spread 0.0035.
    assert np.all(np.abs(scores.mean(axis=0) - naive.level[12:]) < 0.025 * std)
    assert scores.std(axis=0) == pytest.approx(std, rel=0.02)


def test_an_exponential_without_noise_is_found():
    curve = fit_curve(saturating(15, limit=0.9, constant=4.0))
    paths = draw_paths(curve, 40, rng=np.random.default_rng(0))
    assert np.median(paths.limits) == pytest.approx(0.9, abs=0.01)
    assert np.median(paths.scores[:, -1]) == pytest.approx(0.9, abs=0.01)


def test_a_higher_scale_of_scores_changes_nothing_else():
    small = fit_curve(SCORES)
    large = fit_curve([100 * s - 7 for s in SCORES])
    assert large.level() == pytest.approx(100 * small.level() - 7)
    assert large.weights == pytest.approx(small.weights)


def test_epochs_without_a_score_are_left_out():
    seen = [1, 2, 4, 5, 7, 9, 12]
    curve = fit_curve([SCORES[n - 1] for n in seen], epochs=seen)
    assert curve.n_epochs == 12
    whole = fit_curve(SCORES)
    assert curve.level() == pytest.approx(whole.level(), abs=0.03)


def test_many_epochs_are_fitted_as_if_few_were_averaged():
    scores = saturating(300, noise=0.01, constant=20.0, seed=2)
    curve = fit_curve(scores)
    assert len(curve.rows) == 64
    true = np.array(saturating(300, constant=20.0))
    assert curve.level()[-100:] == pytest.approx(true[-100:], abs=0.01)


def test_scores_that_do_not_differ_have_a_curve():
    curve = fit_curve([0.5] * 8, least_scale=0.01)
    assert isinstance(curve, ScoreCurve)
    assert curve.level() == pytest.approx(np.full(8, 0.5), abs=1e-3)


def test_four_scores_are_too_few():
    with pytest.raises(InsufficientDataError, match=r"needs 5 epochs .* there are 4"):
        fit_curve([0.1, 0.2, 0.3, 0.4])


def test_a_score_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="score 3 is nan"):
        fit_curve([0.1, 0.2, float("nan"), 0.4, 0.5])


@pytest.mark.parametrize("epochs", [[0, 1, 2, 3, 4], [1, 2, 2, 3, 4], [1, 2, 3, 4]])
def test_epochs_that_do_not_rise_are_refused(epochs):
    with pytest.raises(ValueError, match="need as many epochs that rise"):
        fit_curve([0.1, 0.2, 0.3, 0.4, 0.5], epochs=epochs)
