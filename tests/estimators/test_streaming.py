import numpy as np
import pytest

from epochs_by_hand import epochs_from
from isojoule.errors import InsufficientDataError
from isojoule.estimators import ESTIMATORS
from isojoule.estimators.epochs import Epoch, epochs_of
from isojoule.estimators.stream.replay import replay
from isojoule.estimators.streaming import Forecaster, StreamingEstimator, Subject
from isojoule.formats import read_runs
from isojoule.records import Hardware, Workload


def last_forecast(epochs, n_epochs, **options):
    forecaster = Forecaster(n_epochs, **options)
    for epoch in epochs:
        found = forecaster.observe(epoch)
    return found


def half_width(estimate):
    return (estimate.energy_high_j - estimate.energy_low_j) / 2


def test_the_rest_is_taken_to_be_like_the_stable_epochs():
    found = last_forecast(epochs_from([150.0] + [100.0] * 9, [45.0] + [30.0] * 9), 30)
    assert found.total.energy_j == pytest.approx(150 + 29 * 100)
    assert found.left.energy_j == pytest.approx(2000.0)
    assert found.energy_so_far_j == 1050.0
    assert found.total_duration.duration_s == pytest.approx(45 + 29 * 30)
    assert found.duration_left.duration_s == pytest.approx(600.0)
    assert (found.stable_since, found.stable_since_s) == (1, 45.0)
    assert found.energy_fraction == pytest.approx(1050 / 3050)
    assert found.total.energy_low_j < 3050 < found.total.energy_high_j
    assert half_width(found.total) == pytest.approx(half_width(found.left))


def test_one_short_epoch_is_no_ground_for_a_forecast():
    found = last_forecast(epochs_from([100.0]), 30)
    assert (found.total, found.left, found.duration_left) == (None, None, None)
    assert "epoch 0 is the first of its kind and took 30 s" in found.reason
    assert found.energy_so_far_j == 100.0


def test_one_long_epoch_is_but_it_may_hold_a_minute_of_start():
    found = last_forecast(epochs_from([3600.0], 3600.0), 3)
    assert found.total.energy_j == pytest.approx(3 * 3600.0)
    assert found.left.energy_low_j < 7200 * (1 - 60 / 3600)
    assert "start-up" in found.total.sources
    shorter = last_forecast(epochs_from([3600.0], 700.0), 3)
    assert half_width(shorter.left) > 1.5 * half_width(found.left)


def test_two_epochs_give_a_wide_forecast_that_says_so():
    found = last_forecast(epochs_from([150.0, 100.0]), 60)
    many = last_forecast(epochs_from([150.0] + [100.0] * 20), 60)
    assert half_width(found.left) / found.left.energy_j > 0.03
    assert half_width(many.left) / many.left.energy_j < 0.01
    assert found.stable_since is None
    assert not found.total.in_range
    assert found.notes[-1].startswith("only 1 stable epoch so far")


def test_at_the_end_nothing_is_left_and_the_total_is_what_was_measured():
    found = last_forecast(epochs_from([150.0, 100.0, 120.0]), 3)
    total = found.total
    assert (total.energy_low_j, total.energy_j, total.energy_high_j) == (370.0,) * 3
    assert found.left.energy_j == found.duration_left.duration_s == 0.0
    assert found.energy_fraction == 1.0


def test_three_epochs_are_enough_to_train():
    seen = [
        Forecaster(3).observe(epochs_from([100.0])[0]),
        last_forecast(epochs_from([120.0, 100.0]), 3),
        last_forecast(epochs_from([120.0, 100.0, 100.0]), 3),
    ]
    assert [f.total is None for f in seen] == [True, False, False]
    assert seen[1].total.energy_j == pytest.approx(320.0)


def test_another_kind_of_epochs_takes_over_and_is_wide_at_first():
    frozen, tuned = [60.0] + [50.0] * 9, [150.0] + [120.0] * 20
    widths, totals = [], []
    forecaster = Forecaster(60)
    for epoch in epochs_from(frozen + tuned):
        found = forecaster.observe(epoch)
        totals.append(found.total and found.total.energy_j)
        widths.append(found.total and half_width(found.total))
    true_j = 510 + 150 + 49 * 120
    assert totals[9] == pytest.approx(510 + 50 * 50.0, rel=1e-3)
    assert totals[11] == pytest.approx(true_j, rel=1e-3)
    # While it cannot be told what the change is, the interval holds both cases.
    assert widths[10] > 0.4 * true_j > 0.15 * true_j > widths[11]
    # A single epoch of the new kind does not tell how much they scatter, three do.
    assert widths[11] > 0.05 * true_j > widths[13] > widths[20]
    assert [r.start for r in found.regimes] == [0, 10]
    assert found.stable_since == 11
    assert (
        "another kind of epochs began at epoch 10 (2.4 times the energy"
        in (found.notes[0])
    )


def test_a_slow_epoch_widens_once_and_leaves_the_forecast_alone():
    calm = last_forecast(epochs_from([100.0] * 12), 40)
    slow = last_forecast(epochs_from([100.0] * 12 + [180.0]), 40)
    over = last_forecast(epochs_from([100.0] * 12 + [180.0, 100.0]), 40)
    assert half_width(slow.total) > 5 * half_width(calm.total)
    assert slow.notes[-1].startswith("the last epoch departs from the stable ones (+80")
    assert "a change going on" in slow.total.sources
    # 80 J once, and the odd share of 1 in 23 of it for the epochs to come.
    assert over.total.energy_j == pytest.approx(4080 + 26 * 80 / 23, rel=1e-3)
    assert half_width(over.total) < half_width(slow.total) / 3


def test_up_to_an_announced_change_and_no_further():
    epochs = epochs_from([60.0] + [50.0] * 4)
    found = last_forecast(epochs, 60, changes_at=(10,))
    assert (found.until_epoch, found.is_whole) == (10, False)
    assert found.total.energy_j == pytest.approx(60 + 9 * 50)
    assert found.energy_fraction is None
    assert "the work changes at epoch 10" in found.notes[0]


def test_just_before_an_announced_change_nothing_is_left_to_forecast():
    found = last_forecast(epochs_from([60.0] + [50.0] * 9), 60, changes_at=(10,))
    assert found.total.energy_j == 510.0
    assert not found.is_whole


def test_after_an_announced_change_its_first_epoch_is_not_enough():
    epochs = epochs_from([60.0] + [50.0] * 9 + [70.0, 52.0, 52.0])
    after = last_forecast(epochs[:11], 60, changes_at=(10,))
    assert (after.total, after.is_whole) == (None, True)
    assert "epoch 10 is the first of its kind" in after.reason
    # 4 % more would not have been noticed so soon.
    found = last_forecast(epochs, 60, changes_at=(10,))
    assert found.left.energy_j == pytest.approx(47 * 52.0, rel=1e-6)
    assert [r.is_planned for r in found.regimes] == [False, True]


def test_a_changed_machine_may_change_back():
    stayed = last_forecast(epochs_from([100.0] * 20), 60)
    slowed = last_forecast(epochs_from([100.0] * 10 + [115.0] * 10), 60)
    assert slowed.total.sources["changing back"] > 0.5
    assert half_width(slowed.total) > 4 * half_width(stayed.total)
    other_work = last_forecast(epochs_from([100.0] * 10 + [200.0] * 10), 60)
    assert "changing back" not in other_work.total.sources


def test_going_to_and_fro_is_taken_as_the_mean_of_both():
    speeds = ([30.0] * 9 + [40.0] * 9) * 2
    found = last_forecast(epochs_from([100.0] * 36, speeds), 72)
    assert found.duration_left.duration_s == pytest.approx(36 * 35.0, rel=0.1)
    assert "goes to and fro" in found.notes[0]


def test_a_pattern_is_carried_on():
    heavy = [140.0 if i % 5 == 4 else 100.0 for i in range(60)]
    found = last_forecast(epochs_from(heavy[:27]), 60)
    assert found.period == 5
    assert found.left.energy_j == pytest.approx(sum(heavy[27:]), rel=1e-6)
    assert "every 5 epochs a pattern repeats" in found.notes


def test_epochs_of_no_energy_are_refused_and_their_time_is_not():
    found = last_forecast(epochs_from([0.0] * 8), 20)
    assert (found.total, found.left) == (None, None)
    assert "took 0 J" in found.reason
    assert found.duration_left.duration_s == pytest.approx(360.0)


def test_epochs_that_never_vary_are_not_certain():
    found = last_forecast(epochs_from([100.0] * 40), 80)
    assert 0.001 < half_width(found.left) / found.left.energy_j < 0.01


def test_very_short_epochs_are_wide_while_the_board_warms_up():
    short = last_forecast(epochs_from([1.0] * 10, 0.1), 1000)
    long = last_forecast(epochs_from([1.0] * 10, 60.0), 1000)
    assert half_width(short.left) > 3 * half_width(long.left)
    assert short.left.sources["warm-up"] > 0.5
    assert "warm-up" not in short.total.uncertainty


def test_time_before_the_first_epoch_counts():
    found = last_forecast(epochs_from([100.0] * 5), 10, before_s=60.0)
    assert found.duration_so_far_s == 210.0
    assert found.total_duration.duration_s == pytest.approx(360.0)


def test_a_part_of_an_epoch_can_be_planned():
    found = last_forecast(epochs_from([100.0] * 5), 5.5)
    assert found.total.energy_j == pytest.approx(550.0)
    assert Forecaster(29.9999999999).n_epochs == 30


def test_a_resumed_training_tells_what_it_does_not_hold():
    found = last_forecast(epochs_from([100.0] * 6, first=20), 40)
    assert found.total.energy_j == pytest.approx(2000.0)
    assert found.n_seen == 6
    assert "epochs 0 to 19 were not seen" in found.notes[0]
    assert found.stable_since == 21


def test_names_scope_and_provenance_come_along():
    subject = Subject("w", "h", "modelled", "node")
    total = last_forecast(epochs_from([100.0] * 6), 9, subject=subject).total
    assert (total.workload, total.hardware) == ("w", "h")
    assert (total.provenance, total.scope) == ("modelled", "node")
    assert (total.method, total.level) == ("streaming", 0.9)
    assert sum(total.sources.values()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"n_epochs": 0}, "must be > 0, got 0"),
        ({"n_epochs": float("nan")}, "must be > 0"),
        ({"changes_at": (40,)}, "a change at epoch 40 is not within"),
        ({"before_s": -1.0}, "before_s must not be negative"),
        ({"level": 1.0}, "level must lie in"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        Forecaster(**({"n_epochs": 40} | options))


def test_epochs_that_cannot_follow_are_refused():
    forecaster = Forecaster(3)
    with pytest.raises(InsufficientDataError, match="no epoch was seen yet"):
        forecaster.forecast()
    forecaster.observe(Epoch(0, 0.0, 1.0, 5.0))
    with pytest.raises(ValueError, match="epoch 0 is followed by epoch 2"):
        forecaster.observe(Epoch(2, 1.0, 2.0, 5.0))
    with pytest.raises(ValueError, match="before epoch 0 has ended"):
        forecaster.observe(Epoch(1, 0.5, 2.0, 5.0))
    with pytest.raises(ValueError, match="only epochs 0 to 2 are planned"):
        forecaster.observe(Epoch(3, 1.0, 2.0, 5.0))
    # What was refused has left no trace.
    assert forecaster.observe(Epoch(1, 1.0, 2.0, 5.0)).n_seen == 2


def test_an_update_looks_back_on_a_bounded_number_of_epochs():
    random = np.random.default_rng(0)
    epochs = epochs_from(100 * (1 + 0.01 * random.standard_normal(1200)))
    forecaster = Forecaster(10_000)
    for epoch in epochs:
        forecaster.follow(epoch)
    found = forecaster.forecast()
    assert found.total.uncertainty[0].startswith("256 stable epochs")
    assert found.total.energy_j == pytest.approx(1e6, rel=0.005)


def work(n_epochs):
    return Workload("w", n_samples=8.0 * n_epochs, n_samples_per_epoch=8)


def test_the_estimator_is_the_last_forecast():
    epochs = epochs_from([120.0] + [100.0] * 6)
    found = ESTIMATORS["streaming"]().estimate(
        work(20), Hardware("h"), observed=epochs, level=0.8
    )
    subject = Subject("w", "h")
    assert found == last_forecast(epochs, 20, level=0.8, subject=subject).total


def test_the_estimator_refuses_what_it_cannot_know():
    estimator, machine = StreamingEstimator((10,)), Hardware("h")
    with pytest.raises(InsufficientDataError, match="state n_samples"):
        estimator.estimate(Workload("w"), machine, observed=epochs_from([1.0]))
    with pytest.raises(InsufficientDataError, match="no epoch was seen yet"):
        estimator.estimate(work(20), machine)
    with pytest.raises(InsufficientDataError, match="first of its kind"):
        estimator.estimate(work(20), machine, observed=epochs_from([1.0]))
    with pytest.raises(InsufficientDataError, match="the work changes at epoch 10"):
        estimator.estimate(work(20), machine, observed=epochs_from([1.0] * 5))


def test_a_replay_tells_each_forecast_and_what_it_came_to():
    epochs = epochs_from([150.0] + [100.0] * 9)
    told = replay(epochs, n_epochs=10, n_seen=4)
    assert [f.n_seen for f in told.forecasts] == [1, 2, 3, 4]
    assert (told.energy_j, told.duration_s) == (1050.0, 300.0)
    assert told.error_fraction == pytest.approx(0.0, abs=1e-9)
    alone = replay(epochs, n_epochs=10, n_seen=4, each=False)
    assert alone.forecasts == (told.last,)
    running = replay(epochs[:4], n_epochs=10)
    assert (running.energy_j, running.duration_s, running.error_fraction) == (
        (None,) * 3
    )


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"n_epochs": 10, "n_seen": 0}, "--seen must lie in 1 to 10"),
        ({"n_epochs": 10, "n_seen": 11}, "--seen must lie in 1 to 10"),
        ({"n_epochs": 9}, "give --epochs 10 or more"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(options, told):
    with pytest.raises(ValueError, match=told):
        replay(epochs_from([100.0] * 10), **options)


@pytest.mark.slow
def test_the_bar_on_the_published_runs(delrey_table):
    """After epochs 0 to 14, as the published estimators see: 1.30 and 1.83 %."""
    errors, inside = {15: [], 24: []}, {15: [], 24: []}
    for run in read_runs(delrey_table):
        if not run.windows:
            continue
        epochs = epochs_of(run, scope="node")
        true_j = sum(e.energy_j for e in epochs)
        forecaster = Forecaster(len(epochs))
        for epoch in epochs[:24]:
            forecaster.follow(epoch)
            if epoch.index + 1 in errors:
                total = forecaster.forecast().total
                errors[epoch.index + 1].append(abs(total.energy_j / true_j - 1))
                covered = total.energy_low_j <= true_j <= total.energy_high_j
                inside[epoch.index + 1].append(covered)
    assert len(errors[15]) == 309
    assert np.mean(errors[15]) <= 0.006
    assert np.mean(errors[24]) <= 0.004
    for covered in inside.values():
        assert 0.85 <= np.mean(covered) <= 0.97
