import numpy as np
import pytest

from epochs_by_hand import epochs_from
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.regimes import WINDOW, RegimeTracker


def follow(energies_j, durations_s=30.0, **options):
    tracker = RegimeTracker(**options)
    for epoch in epochs_from(energies_j, durations_s):
        tracker.observe(epoch)
    return tracker


def starts(tracker):
    return [regime.start for regime in tracker.regimes]


def test_the_first_epoch_is_not_typical():
    tracker = follow([150.0, 100.0, 100.0, 100.0])
    assert tracker.stable_since == 1
    assert tracker.stable_since_s == 30.0
    assert tracker.stable.energies_j.tolist() == [100.0] * 3


def test_a_long_first_epoch_is():
    tracker = follow([100.0, 100.0, 100.0], 7200.0)
    assert tracker.stable_since == 0
    assert tracker.stable.has_startup


def test_less_than_three_stable_epochs_are_not_called_stable():
    assert follow([100.0]).stable is None
    assert follow([100.0, 100.0, 100.0]).stable_since is None
    assert len(follow([100.0, 100.0, 100.0]).stable.positions) == 2


def test_two_epochs_of_another_kind_are_a_regime_that_begins_with_the_first():
    tracker = follow([60.0] + [50.0] * 6 + [130.0, 100.0])
    assert starts(tracker) == [0, 7]
    assert tracker.stable.energies_j.tolist() == [100.0]
    first, second = tracker.regimes
    assert (first.n_epochs, first.energy_j) == (7, 50.0)
    assert (second.n_epochs, second.energy_j, second.duration_s) == (2, 100.0, 30.0)
    assert second.start_s == 7 * 30.0
    assert first.mean_power_w == pytest.approx(50.0 / 30.0)


def test_a_change_of_time_alone_is_one_too():
    tracker = follow([100.0] * 9, [30.0] * 6 + [40.0] * 3)
    assert starts(tracker) == [0, 6]


def test_a_single_slow_epoch_is_no_regime_and_is_told_while_it_is_the_last():
    tracker = follow([100.0] * 8 + [160.0])
    assert (tracker.n_suspects, tracker.stable_since) == (1, None)
    assert [s.tolist() for s in tracker.suspects] == [[160.0], [30.0]]
    tracker = follow([100.0] * 8 + [160.0, 100.0])
    assert (tracker.n_suspects, tracker.stable_since) == (0, 1)
    assert starts(tracker) == [0]


@pytest.mark.parametrize(("step", "n_needed"), [(1.12, 2), (1.08, 3), (1.04, 5)])
def test_a_smaller_step_needs_a_longer_proof(step, n_needed):
    before = [100.0] * 20
    assert starts(follow(before + [100.0 * step] * (n_needed - 1))) == [0]
    assert starts(follow(before + [100.0 * step] * n_needed)) == [0, 20]


def test_where_odd_epochs_are_common_two_in_a_row_are_no_regime():
    often = [150.0 if i in {7, 12, 23} else 100.0 for i in range(28)]
    # 3 of 27 stable ones are odd, taken as 3 in 37: 1 in 150 twice, 1 in 1900 thrice.
    assert starts(follow([*often, 150.0, 150.0])) == [0]
    assert starts(follow([*often, 150.0, 150.0, 150.0])) == [0, 28]


def test_a_step_within_the_scatter_is_none():
    random = np.random.default_rng(3)
    noisy = 100 * (1 + 0.05 * random.standard_normal(60))
    assert starts(follow(noisy)) == [0]


def test_a_planned_change_begins_a_regime_at_once():
    tracker = follow([100.0] * 5 + [101.0], changes_at=(5,))
    assert starts(tracker) == [0, 5]
    assert [r.is_planned for r in tracker.regimes] == [False, True]
    assert tracker.stable is None


def test_an_incident_is_undone_once_the_old_level_is_back():
    tracker = follow([100.0] * 8 + [150.0] * 3 + [100.0] * 2)
    assert starts(tracker) == [0]
    assert tracker.incidents == [(8, 3)]
    assert not tracker.stable.is_switching


def test_going_to_and_fro_counts_all_epochs_since():
    tracker = follow([100.0] * 9 + [150.0] * 8 + [100.0] * 4)
    assert starts(tracker) == [0, 9, 17]
    assert tracker.stable.is_switching
    # The first epochs of the three stretches hold a start and do not count.
    assert len(tracker.stable.positions) == 21 - 3
    assert tracker.stable.energies_j.sum() == 8 * 100 + 7 * 150 + 3 * 100


def test_a_planned_change_is_not_a_return():
    tracker = follow([100.0] * 9 + [150.0] * 8 + [100.0] * 4, changes_at=(9, 17))
    assert starts(tracker) == [0, 9, 17]
    assert not tracker.stable.is_switching


def test_three_kinds_of_epochs_are_three_regimes():
    tracker = follow([100.0] * 8 + [160.0] * 9 + [300.0] * 5)
    assert starts(tracker) == [0, 8, 17]
    assert tracker.stable_since == 18


def test_a_warm_up_over_several_epochs_is_left_out():
    warm = [300.0, 220.0, 160.0, 130.0, 115.0, 107.0, 104.0]
    tracker = follow(warm + [100.0] * 12)
    assert starts(tracker) == [0]
    assert 5 <= tracker.stable_since <= 7
    assert tracker.stable.before is not None


def test_two_epochs_cannot_hold_out_against_more_that_differ():
    tracker = follow([500.0, 76.0, 100.0, 100.0, 100.0, 100.0])
    assert tracker.stable.energies_j[-3:].tolist() == [100.0] * 3
    assert tracker.n_suspects == 0


def test_a_large_change_is_noticed_after_two_stable_epochs():
    tracker = follow([50.0] * 3 + [140.0, 120.0])
    assert starts(tracker) == [0, 3]


@pytest.mark.parametrize("period", [2, 3, 5, 10])
def test_what_repeats_is_a_pattern_not_a_regime(period):
    heavy = [
        130.0 if i % period == period - 1 else 100.0 for i in range(4 * period + 6)
    ]
    tracker = follow(heavy)
    assert starts(tracker) == [0]
    assert tracker.stable.period == period


def test_another_kind_of_epochs_ends_a_pattern():
    heavy = [130.0 if i % 2 else 100.0 for i in range(14)]
    tracker = follow([*heavy, 250.0, 200.0])
    assert starts(tracker) == [0, 14]
    assert tracker.stable.period == 1


def test_constant_and_zero_energies_are_stable():
    for energy_j in (100.0, 0.0):
        tracker = follow([energy_j] * 6)
        assert (tracker.stable_since, starts(tracker)) == (1, [0])


def test_energy_that_begins_later_is_another_regime():
    assert starts(follow([0.0] * 6 + [10.0, 10.0])) == [0, 6]


def test_the_look_back_is_bounded():
    random = np.random.default_rng(1)
    tracker = follow(100 * (1 + 0.01 * random.standard_normal(3 * WINDOW)))
    assert len(tracker.stable.positions) <= WINDOW
    assert tracker.stable_since == 1


def test_a_resumed_training_keeps_its_numbers():
    tracker = RegimeTracker()
    for epoch in epochs_from([100.0] * 4 + [200.0] * 2, first=30):
        tracker.observe(epoch)
    assert starts(tracker) == [30, 34]


def test_gaps_between_epochs_are_time_too():
    tracker = RegimeTracker()
    for i in range(5):
        tracker.observe(Epoch(i, 40.0 * i, 40.0 * i + 30.0, 100.0))
    assert tracker.stable.durations_s.tolist() == [40.0] * 4
    assert tracker.last_duration_s == 40.0
