import warnings

import numpy as np
import pytest

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.stopper import Stopper
from score_curves import epochs_with, saturating

PRICE = StopRule(price_j_per_point=300.0)  # three epochs of 100 J for a point
CURVE = saturating(40, noise=0.005, seed=1)


def decided(epochs, rule=PRICE, **options):
    stopper = Stopper(rule, **options)
    return [stopper.observe(epoch) for epoch in epochs]


def test_it_goes_on_while_scores_rise_and_stops_where_they_level_off():
    decisions = decided(epochs_with(CURVE))
    first = next(d for d in decisions if d.stop)
    # The slope of 0.9 - 0.5 exp(-n / 6) falls to 1/3 point an epoch at n = 19.3.
    assert 15 <= first.epoch <= 26
    assert first.cause in {"price", "no-gain"}
    assert first.reason.startswith("Stop: ")
    assert all(not d.stop for d in decisions[: first.epoch])
    assert decisions[8].cause == "worth-it"
    assert decisions[8].gain.probability_worth > 0.9
    assert decisions[-1].gain.probability_worth < 0.1


def test_a_higher_price_trains_longer():
    stops = [
        next(d.epoch for d in decided(epochs_with(CURVE), rule) if d.stop)
        for rule in (
            StopRule(price_j_per_point=50.0),
            StopRule(price_j_per_point=1000.0),
        )
    ]
    assert stops[0] + 5 < stops[1]


def test_a_loss_is_judged_as_its_mirror_image():
    loss = StopRule(price_j_per_point=300.0, mode="min")
    up = decided(epochs_with(CURVE))
    down = decided(epochs_with([-v for v in CURVE]), loss)
    assert [d.stop for d in up] == [d.stop for d in down]
    assert down[-1].best_score == -up[-1].best_score
    assert down[-1].gain == up[-1].gain


def test_it_never_looks_ahead():
    rng = np.random.default_rng(3)
    other = [*CURVE[:25], *rng.uniform(0, 1, 15)]
    first, second = decided(epochs_with(CURVE)), decided(epochs_with(other))
    assert first[:25] == second[:25]
    assert first[25:] != second[25:]


def test_the_energy_of_the_window_is_that_of_stable_epochs():
    gain = decided(epochs_with(CURVE))[-1].gain
    assert gain.n_epochs == 5
    assert gain.energy_j == pytest.approx(500.0, rel=0.01)
    assert gain.energy_low_j < 500 < gain.energy_high_j


def test_four_scores_give_no_decision():
    decisions = decided(epochs_with(CURVE[:4]))
    assert [d.cause for d in decisions] == ["too-few"] * 4
    assert "4 of the 5 scores" in decisions[-1].reason


def test_a_window_longer_than_the_epochs_so_far_gives_no_decision():
    rule = StopRule(price_j_per_point=1.0, window=12)
    decisions = decided(epochs_with(CURVE[:13]), rule)
    assert [d.cause for d in decisions[:11]] == ["too-few"] * 11
    assert decisions[12].gain is not None


def test_the_window_ends_with_the_training():
    rule = StopRule(price_j_per_point=300.0, n_epochs=12)
    decisions = decided(epochs_with(CURVE[:12]), rule)
    assert [d.gain.n_epochs for d in decisions[4:11]] == [5, 5, 5, 4, 3, 2, 1]
    assert decisions[-1].cause == "end"
    assert decisions[-1].stop


def test_more_epochs_than_planned_are_refused():
    with pytest.raises(ValueError, match="epoch 6 came, but only epochs 0 to 5"):
        decided(epochs_with(CURVE[:7]), StopRule(budget_j=1e6, n_epochs=6))


def test_it_stops_where_the_next_epoch_would_pass_the_budget():
    # 1050 J carry ten epochs of 100 J, epochs 0 to 9.
    decisions = decided(epochs_with(CURVE[:12]), StopRule(budget_j=1050.0))
    assert [d.stop for d in decisions] == [False] * 9 + [True] * 3
    assert decisions[8].reach.n_epochs == 1
    assert decisions[9].cause == "budget"
    assert "are left" in decisions[9].reason
    assert "passed by" in decisions[11].reason


def test_a_budget_needs_no_scores():
    epochs = epochs_with([None] * 8)
    decisions = decided(epochs, StopRule(budget_j=650.0))
    assert [d.stop for d in decisions] == [False] * 5 + [True] * 3
    assert decisions[0].cause == "no-score"


def test_a_budget_tells_the_score_it_reaches():
    decision = decided(epochs_with(CURVE[:15]), StopRule(budget_j=2500.0))[-1]
    assert decision.cause == "in-budget"
    assert decision.reach.n_epochs == 10
    low, high = decision.reach.best_score_low, decision.reach.best_score_high
    assert decision.reach.n_forecast == 10
    assert low < 0.9 - 0.5 * np.exp(-24 / 6) < high
    assert decision.gain.probability_worth is None


def test_a_budget_is_not_spent_where_nothing_is_to_gain():
    flat = saturating(40, constant=2.0, noise=0.0005, seed=2)
    decisions = decided(epochs_with(flat), StopRule(budget_j=1e6))
    first = next(d for d in decisions if d.stop)
    assert first.cause == "no-gain"
    assert first.reach.n_epochs > 9000


def test_falling_scores_are_told_as_such():
    loss = [0.6 + np.exp(-n / 3) + 0.02 * max(n - 10, 0) for n in range(30)]
    rule = StopRule(price_j_per_point=100.0, mode="min")
    first = next(d for d in decided(epochs_with(loss), rule) if d.stop)
    assert first.cause in {"falling", "price"}
    last = decided(epochs_with(loss), rule)[-1]
    assert last.cause == "falling"
    assert "overfitting" in last.reason


def test_scores_that_never_change_end_a_training_without_an_error():
    decisions = decided(epochs_with([0.1] * 30))
    assert not any(d.stop for d in decisions[:20])
    assert decisions[-1].stop
    assert decisions[-1].cause == "no-gain"


def test_a_plateau_at_the_start_is_not_taken_for_the_end():
    rng = np.random.default_rng(4)
    plateau = 0.1 + 0.003 * rng.standard_normal(10)
    rising = 0.1 + 0.7 * (1 - np.exp(-np.arange(20) / 5.0))
    decisions = decided(epochs_with([*plateau, *rising]))
    assert not any(d.stop for d in decisions[:18])
    assert {d.cause for d in decisions[5:10]} <= {"rising", "worth-it", "unsettled"}


def test_nothing_stops_before_an_announced_change():
    frozen = saturating(15, limit=0.4, rise=0.3, constant=2.0, noise=0.002, seed=1)
    tuned = saturating(25, limit=0.9, rise=0.4, constant=4.0, noise=0.002, seed=2)
    rule = StopRule(price_j_per_point=100.0, changes_at=(15,))
    decisions = decided(epochs_with(frozen + tuned), rule)
    assert not any(d.stop for d in decisions[:15])
    assert decisions[14].cause == "change-ahead"
    assert decisions[15].cause == "too-few"
    assert "scores jumped at epoch 15" in decisions[15].reason
    assert decisions[-1].stop


def test_one_epoch_against_it_does_not_stop():
    decisions = decided(epochs_with(CURVE))
    first = next(place for place, d in enumerate(decisions) if d.stop)
    assert "to-confirm" in {d.cause for d in decisions[:first]}
    at_once = decided(epochs_with(CURVE), StopRule(price_j_per_point=300.0, confirm=1))
    assert next(place for place, d in enumerate(at_once) if d.stop) < first


def test_epochs_without_a_score_are_followed_without_a_decision():
    sparse = [v if n % 3 == 0 else None for n, v in enumerate(CURVE)]
    decisions = decided(epochs_with(sparse))
    assert decisions[1].cause == "no-score"
    assert decisions[1].spent_j == 200.0
    assert decisions[12].gain is not None
    assert any(d.stop for d in decisions)


def test_a_score_that_is_nan_is_refused():
    with pytest.raises(ValueError, match="the score of epoch 2 is nan: the training"):
        decided(epochs_with([0.1, 0.2, float("nan")]))


def test_a_callback_is_warned_of_a_score_that_is_nan():
    stopper = Stopper(PRICE, strict=False)
    epochs = epochs_with([0.1, float("nan"), 0.3])
    stopper.observe(epochs[0])
    with pytest.warns(UserWarning, match="the score of epoch 1 is nan: no decision"):
        decision = stopper.observe(epochs[1])
    assert decision.cause == "no-score"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert stopper.observe(epochs[2]).best_score == 0.3


def test_a_missing_epoch_is_refused():
    epochs = epochs_with(CURVE)
    with pytest.raises(ValueError, match="epoch 1 is followed by epoch 3"):
        decided([*epochs[:2], *epochs[3:]])


def test_an_overlapping_epoch_is_refused():
    with pytest.raises(ValueError, match="begins at 5 s, before epoch 0 has ended"):
        decided([Epoch(0, 0.0, 10.0, 1.0, 0.1), Epoch(1, 5.0, 15.0, 1.0, 0.2)])


def test_epochs_without_energy_never_cost_too_much():
    decisions = decided(epochs_with(CURVE, energy_j=0.0))
    assert not any(d.stop for d in decisions)


def test_a_score_that_leaves_its_bounds_is_refused():
    stopper = Stopper(StopRule(price_j_per_point=1.0, bounds=(0.0, 1.0)))
    with pytest.raises(ValueError, match=r"87\.2, outside the bounds 0\.0 to 1\.0"):
        stopper.observe(Epoch(0, 0.0, 1.0, 1.0, 87.2))
