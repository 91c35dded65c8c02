import pytest

from isojoule.errors import InsufficientDataError
from isojoule.estimators.stopping.replay import replay
from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.stopper import Stopper
from score_curves import epochs_with, saturating

# Best so far: 0.10 0.30 0.40 0.45 0.46, then nothing better until 0.47 at epoch 9.
SCORES = [0.10, 0.30, 0.40, 0.45, 0.46, 0.44, 0.45, 0.46, 0.45, 0.47, 0.46, 0.45]
RULE = StopRule(price_j_per_point=50.0)  # half an epoch of 100 J


def outcome(name, rule=RULE, **options):
    replayed = replay(epochs_with(SCORES), rule, **options)
    return next(o for o in replayed.outcomes if o.name == name)


def test_patience_ends_after_so_many_epochs_without_a_better_score():
    # Epochs 5 to 8 are four without; an equal score at epoch 7 is no better one.
    found = outcome("patience 4", patiences=[4])
    assert (found.epoch, found.stopped) == (8, True)
    assert found.best_score == 0.46
    assert found.lost_points == pytest.approx(1.0)
    assert (found.energy_j, found.saved_j) == (900.0, 300.0)
    assert found.saved_fraction == 0.25
    assert found.net_j == pytest.approx(300 - 50 * 1.0)


def test_patience_that_is_never_exhausted_goes_on_to_the_end():
    found = outcome("patience 5", patiences=[5])
    assert (found.epoch, found.stopped, found.saved_j) == (11, False, 0.0)


def test_in_hindsight_the_worth_less_the_energy_is_highest():
    # Points until epochs 0 to 4: 10, 30, 40, 45, 46. At 50 J a point less 100 J an
    # epoch: 400, 1300, 1700, 1850, 1800; epoch 3 is the best.
    found = outcome("hindsight")
    assert (found.epoch, found.best_score) == (3, 0.45)
    assert found.lost_points == pytest.approx(2.0)
    assert found.net_j == pytest.approx(800 - 50 * 2.0)


def test_in_hindsight_a_budget_buys_the_best_score_within_it():
    found = outcome("hindsight", StopRule(budget_j=850.0))
    assert (found.epoch, found.best_score) == (4, 0.46)
    assert found.net_j is None


def test_all_epochs_save_and_lose_nothing():
    found = outcome("all epochs")
    assert (found.saved_j, found.lost_points, found.stopped) == (0.0, 0.0, False)


def test_the_rule_ends_where_its_first_decision_to_stop_is():
    epochs = epochs_with(saturating(40, noise=0.005, seed=1))
    rule = StopRule(price_j_per_point=300.0)
    stopper = Stopper(rule)
    first = next(e.index for e in epochs if stopper.observe(e).stop)
    found = replay(epochs, rule).outcomes[0]
    assert (found.name, found.epoch, found.stopped) == ("rule", first, True)


def test_the_planned_end_is_no_stop_of_the_rule():
    epochs = epochs_with(saturating(8, noise=0.005, seed=1))
    rule = StopRule(price_j_per_point=1e6, n_epochs=8)
    assert not replay(epochs, rule).outcomes[0].stopped


def test_a_loss_is_judged_the_other_way_round():
    epochs = epochs_with([-s for s in SCORES])
    rule = StopRule(price_j_per_point=50.0, mode="min")
    mirrored = replay(epochs, rule, patiences=[4]).outcomes
    expected = replay(epochs_with(SCORES), RULE, patiences=[4]).outcomes
    assert [(o.epoch, o.lost_points) for o in mirrored] == [
        (o.epoch, o.lost_points) for o in expected
    ]


def test_a_window_longer_than_the_log_is_refused():
    rule = StopRule(price_j_per_point=1.0, window=50)
    with pytest.raises(InsufficientDataError, match="window of at most 12 epochs"):
        replay(epochs_with(SCORES), rule)


def test_a_log_with_too_few_scores_is_refused():
    with pytest.raises(InsufficientDataError, match=r"needs 5 epochs .* are 4: train"):
        replay(epochs_with([*SCORES[:4], None, None]), RULE)


def test_a_patience_of_nothing_is_refused():
    with pytest.raises(ValueError, match="patience must be at least 1"):
        replay(epochs_with(SCORES), RULE, patiences=[0])
