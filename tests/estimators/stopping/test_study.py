import numpy as np
import pytest

from isojoule.estimators.stopping.marks import marks_of, share_of
from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.study import study_stopping
from score_curves import epochs_with, saturating

PRICE = StopRule(price_j_per_point=300.0)
LOSS = StopRule(price_j_per_point=300.0, mode="min")


def test_marks_are_reached_as_by_hand():
    # The best is 0.80: 90 % are 0.72, 95 % are 0.76, 99 % are 0.792.
    epochs = epochs_with([0.4, 0.73, 0.7, 0.77, 0.78, 0.80])
    marks = marks_of(epochs, PRICE)
    assert [m.target for m in marks] == pytest.approx([0.72, 0.76, 0.792])
    assert [m.epoch for m in marks] == [1, 3, 5]
    assert [m.energy_j for m in marks] == [200.0, 400.0, 600.0]


def test_marks_of_a_loss_are_of_the_way_from_the_first():
    # From 2.0 to 1.0: 90 % of the way is 1.1, 95 % 1.05, 99 % 1.01.
    epochs = epochs_with([2.0, 1.2, 1.08, 1.3, 1.04, 1.0])
    marks = marks_of(epochs, LOSS)
    assert [m.target for m in marks] == pytest.approx([1.1, 1.05, 1.01])
    assert [m.epoch for m in marks] == [2, 4, 5]
    assert share_of(epochs, LOSS) == "improvement"


def test_marks_count_from_the_first_epoch_with_a_score():
    marks = marks_of(epochs_with([None, 0.1, 0.8, None, 0.8]), PRICE)
    assert [m.energy_j for m in marks] == [300.0] * 3


def test_the_limit_of_a_curve_is_found_with_its_interval():
    epochs = epochs_with(saturating(30, noise=0.003, seed=5))
    limit = study_stopping(epochs, PRICE).limit
    assert limit.is_known
    assert limit.score_low < 0.9 < limit.score_high
    assert limit.score == pytest.approx(0.9, abs=0.01)
    # 90 % of 0.9 is 0.81: 0.5 exp(-n / 6) = 0.09 at n = 10.3, after 11 epochs or so.
    assert limit.marks[0].energy_j == pytest.approx(1100.0, abs=150.0)
    assert limit.marks[0].energy_low_j <= limit.marks[0].energy_j


def test_a_mark_that_is_further_off_than_can_be_told_has_no_energy():
    rising = [0.1 + 0.01 * n for n in range(8)]
    limit = study_stopping(epochs_with(rising), PRICE).limit
    assert not limit.is_known
    assert limit.marks[-1].energy_high_j is None


def test_a_mark_ahead_takes_what_was_spent_and_what_is_to_come():
    epochs = epochs_with(saturating(12, noise=0.001, seed=5))
    last = study_stopping(epochs, PRICE).limit.marks[-1]
    # 99 % of 0.9 is 0.891: 0.5 exp(-n / 6) = 0.009 at n = 24.1, 25 epochs in all.
    assert last.energy_j == pytest.approx(2500.0, rel=0.2)
    assert last.energy_low_j <= 2500
    assert last.energy_high_j is None or last.energy_high_j >= 2500


def test_what_is_ahead_goes_on_from_the_log():
    study = study_stopping(epochs_with(saturating(20, noise=0.003, seed=5)), PRICE)
    assert study.ahead[0].epoch == 20
    assert study.ahead[0].energy_j == pytest.approx(2100.0, rel=0.01)
    assert len(study.ahead) == 60
    assert all(a.score_low <= a.score <= a.score_high for a in study.ahead)
    bests = [a.best_score for a in study.ahead]
    assert np.all(np.diff(bests) >= 0)


def test_nothing_is_ahead_of_the_planned_end():
    rule = StopRule(price_j_per_point=300.0, n_epochs=20)
    study = study_stopping(epochs_with(saturating(20, noise=0.003, seed=5)), rule)
    assert study.ahead == ()
    assert study.limit is None
    assert study.decision.cause == "end"


def test_each_curve_is_a_piece():
    frozen = saturating(15, limit=0.4, rise=0.2, constant=3.0, noise=0.002, seed=1)
    tuned = saturating(15, limit=0.9, rise=0.3, constant=4.0, noise=0.002, seed=2)
    study = study_stopping(epochs_with(frozen + tuned), PRICE)
    assert [p.start for p in study.pieces] == [0, 15]
    assert study.pieces[0].levels == pytest.approx(
        saturating(15, limit=0.4, rise=0.2, constant=3.0), abs=0.01
    )


def test_a_log_of_a_resumed_training_keeps_its_epochs():
    epochs = epochs_with(saturating(20, noise=0.003, seed=5), first=40)
    study = study_stopping(epochs, PRICE)
    assert study.decision.epoch == 59
    assert study.pieces[0].start == 40
    assert study.marks[-1].epoch >= 40


def test_each_epoch_is_told_to_who_shows_progress():
    seen = []
    study_stopping(
        epochs_with(saturating(9)), PRICE, on_epoch=lambda: seen.append(None)
    )
    assert len(seen) == 9
