import logging
import re
from math import nan

import pytest

from isojoule import RunStore
from isojoule.estimators.epochs import epochs_of
from isojoule.integrations import StopRule, track_epochs

BUDGET = StopRule(budget_j=3500.0)


def labels(run):
    return [(w.phase, w.epoch, w.duration_s) for w in run.windows]


def test_each_epoch_is_a_window_and_is_forecast(meter, clock):
    given = []
    with meter:
        epochs = track_epochs(meter, 5, on_forecast=given.append)
        assert len(epochs) == 5
        for _ in epochs:
            clock.now_s += 10.0
    assert labels(meter.run) == [("train", epoch, 10.0) for epoch in range(5)]
    assert [f.n_seen for f in given] == [1, 2, 3, 4, 5]
    assert given[2].left.energy_j == pytest.approx(2 * 800)
    assert epochs.forecast is given[-1]
    assert epochs.forecast.total.energy_j == pytest.approx(meter.run.gpu_energy_j)
    assert epochs.decision is None


def test_a_validation_is_a_window_of_its_own_and_part_of_the_forecast(meter, clock):
    with meter:
        epochs = track_epochs(meter, 3)
        for _ in epochs:
            clock.now_s += 10.0
            with epochs.validation(then_train=True):
                clock.now_s += 2.0
            clock.now_s += 5.0
            with epochs.validation():
                clock.now_s += 2.0
            clock.now_s += 1.0  # saves a checkpoint
    one = [("train", 10.0), ("validation", 2.0), ("train", 5.0), ("validation", 2.0)]
    expected = [(phase, n, s) for n in range(3) for phase, s in one]
    assert labels(meter.run) == expected
    assert [e.energy_j for e in epochs_of(meter.run)] == pytest.approx([19 * 80.0] * 3)
    # The last reading is at the end of the last window, or after it.
    assert 59 * 80.0 <= epochs.forecast.energy_so_far_j + 1e-6 <= 60 * 80.0 + 1e-5


def test_a_window_of_the_user_within_an_epoch_changes_no_forecast(meter, clock):
    with meter:
        epochs = track_epochs(meter, 4)
        for epoch in epochs:
            clock.now_s += 8.0
            with meter.window("validation", phase="validation", epoch=epoch):
                clock.now_s += 2.0
    assert epochs.forecast.energy_so_far_j == pytest.approx(4 * 800)


def test_scores_are_kept_with_their_epoch(meter, clock):
    with meter:
        epochs = track_epochs(meter, 3, monitor="f1")
        for epoch in epochs:
            clock.now_s += 10.0
            with epochs.validation():
                clock.now_s += 1.0
                epochs.report(f1=0.5 + epoch / 10, loss=2.0)
    assert [w.scores for w in meter.run.windows if w.phase == "train"] == [{}] * 3
    assert [e.score for e in epochs_of(meter.run, score="f1")] == [0.5, 0.6, 0.7]
    assert [e.score for e in epochs_of(meter.run, score="loss")] == [2.0] * 3


def test_a_score_that_is_no_number_ends_no_training(meter, clock):
    def train():
        epochs = track_epochs(meter, 2)
        for _ in epochs:
            clock.now_s += 10.0
            epochs.report(f1=nan)

    with meter, pytest.warns(UserWarning, match="score 'f1' is missing in some epochs"):
        train()
    assert [w.scores for w in meter.run.windows] == [{}, {}]


class Unreadable:
    """Neither a number nor anything that can be shown."""

    def __float__(self):
        raise AssertionError("no number")

    def __repr__(self):
        raise ZeroDivisionError("not shown")


@pytest.mark.parametrize("odd", [10**400, Unreadable()])
def test_a_score_that_cannot_be_converted_ends_no_training(meter, clock, odd):
    def train():
        epochs = track_epochs(meter, 2)
        for _ in epochs:
            clock.now_s += 10.0
            epochs.report(f1=odd)
        return epochs

    with meter, pytest.warns(UserWarning, match="score"):
        epochs = train()
    assert epochs.forecast.n_seen == 2
    assert [w.scores for w in meter.run.windows] == [{}, {}]


def test_a_break_ends_the_epoch_at_once_and_it_is_in_no_forecast(meter, clock):
    with meter:
        epochs = track_epochs(meter, 9)
        for epoch in epochs:
            clock.now_s += 10.0
            if epoch == 2:
                epochs.report(f1=0.5)
                break
        clock.now_s += 5.0
    expected = [("train", 0, 10.0), ("train", 1, 10.0), ("train", 2, 10.0)]
    assert labels(meter.run) == expected
    assert meter.run.windows[2].scores == {"f1": 0.5}
    assert epochs.forecast.n_seen == 2
    assert not epochs.stopped


def fail_in_epoch_1(meter, clock, epochs):
    with meter:
        for epoch in epochs:
            clock.now_s += 10.0
            if epoch == 1:
                with epochs.validation():
                    clock.now_s += 1.0
                    raise ValueError("boom")


def test_an_error_goes_on_and_the_run_has_failed(meter, clock):
    epochs = track_epochs(meter, 9)
    with pytest.raises(ValueError, match="boom"):
        fail_in_epoch_1(meter, clock, epochs)
    assert meter.run.status == "failed"
    assert labels(meter.run) == [
        ("train", 0, 10.0),
        ("train", 1, 10.0),
        ("validation", 1, 1.0),
    ]
    assert epochs.forecast.n_seen == 1


def test_a_rule_ends_the_loop_and_tags_the_run(meter, clock, caplog):
    with meter:
        epochs = track_epochs(meter, 9, stop=BUDGET)
        for _ in epochs:
            clock.now_s += 10.0
    assert epochs.stopped
    assert epochs.decision.cause == "budget"
    assert [w.epoch for w in meter.run.windows] == [0, 1, 2, 3]  # 3.2 kJ
    assert meter.run.status == "complete"
    assert re.match("isojoule: .*budget", meter.run.tags["stopped_by"])
    assert meter.run.tags["stopped_after_epoch"] == "3"
    assert [r.levelno for r in caplog.records] == [logging.WARNING]


def test_a_training_that_goes_on_begins_with_its_epoch(meter, clock):
    with meter:
        epochs = track_epochs(meter, 5, first_epoch=2)
        assert len(epochs) == 3
        assert [(epoch, clock.now_s) for epoch in ticking(epochs, clock)] == [
            (2, 1000.0),
            (3, 1010.0),
            (4, 1020.0),
        ]


def ticking(epochs, clock):
    for epoch in epochs:
        yield epoch
        clock.now_s += 10.0


def test_an_open_end_is_up_to_the_loop(meter, clock):
    with meter:
        epochs = track_epochs(meter, None)
        for epoch in ticking(epochs, clock):
            if epoch == 5:
                break
    assert epochs.forecast.n_seen == 5
    assert epochs.forecast.total is None
    with pytest.raises(TypeError, match="the number of epochs is open"):
        len(epochs)


def test_several_processes_are_not_ended_by_one(meter, clock, monkeypatch):
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    epochs = track_epochs(meter, 6, stop=BUDGET)
    with meter, pytest.warns(UserWarning, match="does not end a training of several"):
        trained = [*ticking(epochs, clock)]
    assert len(trained) == 6
    assert not epochs.stopped
    assert "stopped_by" not in meter.run.tags


def test_a_run_that_is_killed_keeps_the_scores_so_far(tmp_path, meter, clock):
    with RunStore.open(tmp_path / "store") as store:
        meter._store = store
        meter.start()
        epochs = track_epochs(meter, 9)
        for epoch in epochs:
            clock.now_s += 10.0
            epochs.report(f1=epoch / 10)
            if epoch == 2:
                meter._sampler.stop()  # as a kill does
                meter._journal.close()
                (run_id,) = store.recover()
                break
        run = store.get(run_id)
    assert run.status == "recovered"
    assert [w.scores for w in run.windows] == [{"f1": 0.0}, {"f1": 0.1}, {}]
    # The last epoch was cut short, perhaps before a reading told that it had begun.
    assert [e.score for e in epochs_of(run, score="f1")][:2] == [0.0, 0.1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n_epochs": 0}, ValueError, "epochs 0 to 0 are none"),
        ({"n_epochs": 3, "first_epoch": 3}, ValueError, "epochs 3 to 3 are none"),
        ({"n_epochs": 3, "first_epoch": -1}, ValueError, "counted from 0"),
        ({"n_epochs": 3, "on_forcast": print}, TypeError, "no option 'on_forcast'"),
        ({"n_epochs": 3, "stop": 5.0}, TypeError, "takes a StopRule"),
    ],
)
def test_what_cannot_be_tracked_is_refused(meter, options, error, message):
    with pytest.raises(error, match=message):
        track_epochs(meter, **options)


def test_a_training_is_tracked_once_and_by_a_running_meter(meter, clock):
    epochs = track_epochs(meter, 2)
    with pytest.raises(RuntimeError, match="no epoch has begun"):
        epochs.report(f1=1.0)
    with pytest.raises(RuntimeError, match="no epoch has begun"), epochs.validation():
        pass
    with pytest.raises(RuntimeError, match="start it before its windows"):
        next(iter(epochs))
    again = track_epochs(meter, 2)
    with meter:
        assert [*ticking(again, clock)] == [0, 1]
        with pytest.raises(RuntimeError, match="tracked once"):
            next(iter(again))
