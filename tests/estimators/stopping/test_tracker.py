from isojoule.estimators.stopping.tracker import ScoreTracker
from score_curves import saturating


def followed(values, **options):
    tracker = ScoreTracker(0.01, (None, None), 0, **options)
    for epoch, value in enumerate(values):
        tracker.observe(epoch, value)
        tracker.look_ahead(2)
    return tracker


def test_a_jump_begins_another_curve():
    frozen = saturating(15, limit=0.4, rise=0.2, constant=3.0, noise=0.003, seed=1)
    tuned = saturating(15, limit=0.9, rise=0.3, constant=4.0, noise=0.003, seed=2)
    tracker = followed(frozen + tuned)
    assert tracker.starts == [0, 15]
    assert tracker.spikes == []
    assert tracker.n_scores == 15


def test_a_spike_is_left_out():
    values = saturating(30, noise=0.003, seed=1)
    values[20] -= 0.3
    tracker = followed(values)
    assert tracker.starts == [0]
    assert tracker.spikes == [20]
    assert tracker.n_scores == 29


def test_after_a_far_score_nothing_is_told_until_the_next():
    values = saturating(20, noise=0.003, seed=1)
    tracker = followed([*values, 0.2])
    assert tracker.is_unsettled
    assert tracker.look_ahead(5) is None
    tracker.observe(21, 0.89)
    assert not tracker.is_unsettled
    assert tracker.look_ahead(5) is not None


def test_an_announced_change_begins_another_curve_whatever_scores_say():
    tracker = followed(saturating(20, noise=0.003, seed=1), changes_at=(12,))
    assert tracker.starts == [0, 12]
    assert tracker.n_scores == 8


def test_five_scores_of_a_curve_are_needed():
    tracker = ScoreTracker(0.01, (None, None), 0)
    for epoch, value in enumerate([0.1, 0.3, 0.4, 0.45]):
        tracker.observe(epoch, value)
        assert tracker.look_ahead(5) is None
    tracker.observe(4, 0.48)
    assert tracker.look_ahead(5).paths.scores.shape[1] == 5
