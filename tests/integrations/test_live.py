import logging
import re
from dataclasses import replace
from math import isnan, nan

import numpy as np
import pytest
import torch

from isojoule.errors import SensorUnavailableError
from isojoule.integrations import StopRule
from isojoule.integrations.live import EpochFollower
from isojoule.integrations.plan import EpochPlan
from isojoule.meter import Meter
from isojoule.records import (
    Accelerator,
    Channel,
    ComponentEnergy,
    Hardware,
    Samples,
)
from isojoule.sensors.replay import ReplaySensor

POWER_W = 80.0


@pytest.fixture
def follow(meter, clock):
    """Return what trains epochs of 10 s, 800 J each, followed as the options say."""
    meter.start()

    def start(*, n_epochs=9, first_epoch=0, duration_s=10.0, **options):
        follower = EpochFollower(meter, EpochPlan.of(options))

        def train(*scores, n=1):
            """Train an epoch per score, or `n` without; return whether to end."""
            wants_end = None
            for reported in scores or [{}] * n:
                epoch = first_epoch + train.n_over
                with meter.window("train", phase="train", epoch=epoch):
                    follower.begin()
                    clock.now_s += duration_s
                wants_end = follower.end(epoch, n_epochs=n_epochs, reported=reported)
                train.n_over += 1
            return wants_end

        train.n_over = 0
        return follower, train

    yield start
    meter.stop()


def test_the_forecast_is_what_was_measured_and_the_same_again(follow):
    follower, train = follow(n_epochs=9)
    train(n=4)
    forecast = follower.forecast
    assert forecast.n_seen == 4
    assert forecast.energy_so_far_j == pytest.approx(4 * 800)
    assert forecast.left.energy_j == pytest.approx(5 * 800)
    assert forecast.duration_left.duration_s == pytest.approx(50)
    assert (forecast.total.scope, forecast.total.provenance) == ("gpu", "measured")
    assert (forecast.total.workload, forecast.total.hardware) == ("job", "test bench")


def test_an_epoch_reaches_from_the_end_of_the_one_before(meter, clock):
    """A checkpoint between two windows is energy of the training, too."""
    follower = EpochFollower(meter, EpochPlan())
    with meter:
        clock.now_s += 5.0  # before the first epoch
        for epoch in range(3):
            with meter.window("train", epoch=epoch):
                follower.begin()
                clock.now_s += 10.0
            with meter.window("validation", epoch=epoch):
                clock.now_s += 2.0
            follower.end(epoch, n_epochs=4, reported={})
            clock.now_s += 1.0
    forecast = follower.forecast
    assert forecast.energy_so_far_j == pytest.approx(POWER_W * (12 + 13 + 13))
    assert forecast.left.energy_j == pytest.approx(POWER_W * 13)


def test_where_no_end_is_planned_no_total_is_told(follow):
    follower, train = follow(n_epochs=None)
    train(n=4)
    forecast = follower.forecast
    assert forecast.total is forecast.left is forecast.duration_left is None
    assert isnan(forecast.n_epochs)
    assert "how many epochs are planned is not known" in forecast.reason
    assert forecast.energy_so_far_j == pytest.approx(4 * 800)
    assert forecast.stable_since == 1


def test_a_training_that_goes_on_beyond_its_plan_has_no_total(follow):
    follower, train = follow(n_epochs=2)
    train(n=2)
    assert follower.forecast.left.energy_j == 0.0
    train()
    assert follower.forecast.total is None
    assert follower.forecast.n_seen == 3


def test_a_part_of_an_epoch_may_be_planned(follow):
    follower, train = follow(n_epochs=4.5)
    train(n=3)
    assert follower.forecast.left.energy_j == pytest.approx(1.5 * 800)


def test_a_training_that_was_resumed_goes_on_with_its_epochs(follow):
    follower, train = follow(n_epochs=9, first_epoch=5)
    train(n=3)
    assert follower.forecast.left.energy_j == pytest.approx(800)
    assert "epochs 0 to 4 were not seen" in follower.forecast.notes[0]


def test_each_forecast_is_given_and_logged_in_one_line(follow, caplog):
    given = []
    with caplog.at_level(logging.INFO, "isojoule.training"):
        _, train = follow(on_forecast=given.append)
        train(n=4)
    assert [f.n_seen for f in given] == [1, 2, 3, 4]
    assert {r.name for r in caplog.records} == {"isojoule.training"}
    *_, last = (r.getMessage() for r in caplog.records)
    assert last.startswith("4 of 9 epochs: 3.2 kJ so far (gpu, measured), 7.2 kJ in")
    assert last.endswith("50 s and 4 kJ (1.11 Wh) left; stable since epoch 1")


def test_without_a_forecast_nothing_is_logged(follow, caplog):
    with caplog.at_level(logging.INFO, "isojoule.training"):
        follower, train = follow(forecast=False)
        train(n=4)
    assert caplog.records == []
    assert follower.forecast is None


def test_an_error_of_the_user_is_told_once_and_forecasts_go_on(follow):
    def show(forecast):
        shown.append(forecast)
        raise ZeroDivisionError("mine")

    shown = []
    follower, train = follow(on_forecast=show)
    message = "on_forecast is not called again: ZeroDivisionError: mine; the training"
    with pytest.warns(UserWarning, match=message) as told:
        train(n=3)
    assert len(told) == len(shown) == 1
    assert follower.forecast.n_seen == 3


def test_before_a_planned_change_the_forecast_ends_there(follow):
    follower, train = follow(n_epochs=9, change_at=6)
    train(n=4)
    assert follower.forecast.until_epoch == 6
    assert follower.forecast.left.energy_j == pytest.approx(2 * 800)
    open_end, train = follow(n_epochs=None, change_at=6)
    train(n=4)
    assert open_end.forecast.until_epoch == 6
    assert isnan(open_end.forecast.n_epochs)


def test_a_change_beyond_the_plan_is_left_out_with_a_warning(follow):
    follower, train = follow(n_epochs=5, change_at=5)
    with pytest.warns(UserWarning, match="the change at epoch 5 is left out: 5 epochs"):
        train(n=3)
    assert follower.forecast.left.energy_j == pytest.approx(2 * 800)


# ---- scores ----


def test_scores_that_are_monitored_are_kept_with_their_epoch(follow, meter):
    _, train = follow(monitor=["f1", "loss"])
    train(
        {"f1": 0.5, "loss": torch.tensor(2.0), "other": 1.0},
        {"f1": 0.75},
    )
    meter.stop()
    assert [w.scores for w in meter.run.windows] == [
        {"f1": 0.5, "loss": 2.0},
        {"f1": 0.75},
    ]


@pytest.mark.parametrize("odd", [nan, float("inf"), torch.tensor(nan), "high", None])
def test_a_score_that_is_no_number_is_missing_and_told_once(follow, meter, odd):
    _, train = follow(monitor="f1")
    with pytest.warns(UserWarning, match="score 'f1' is missing in some") as told:
        train({"f1": 0.5}, {"f1": odd}, {"f1": odd}, {"f1": 0.6})
    assert len(told) == 1
    meter.stop()
    kept = [w.scores for w in meter.run.windows]
    assert kept == [{"f1": 0.5}, {}, {}, {"f1": 0.6}]


def test_a_score_that_never_comes_is_told_with_what_there_is(follow):
    _, train = follow(monitor="val_f1")
    with pytest.warns(UserWarning, match="'val_f1' is missing: .* there is acc, loss"):
        train(*[{"loss": 1.0, "acc": 0.5}] * 5)


# ---- the end ----


def test_a_budget_ends_the_training_before_it_is_passed(follow, meter, caplog):
    follower, train = follow(n_epochs=9, stop=StopRule(budget_j=3500.0))
    assert not train(n=3)
    assert follower.decision.reach.n_epochs == 1
    assert train()  # 3.2 kJ are spent, the next epoch takes 800 J more
    assert follower.decision.cause == "budget"
    follower.accept_end(3)
    follower.tag_end()
    (told,) = caplog.records
    assert told.levelname == "WARNING"
    assert told.getMessage().startswith("the training ends after epoch 3: ")
    tags = meter.stop().tags
    assert re.match("isojoule: .*budget", tags["stopped_by"])
    assert tags["stopped_after_epoch"] == "3"


def test_a_price_is_judged_by_the_first_score(follow):
    rule = StopRule(price_j_per_point=100.0)
    follower, train = follow(n_epochs=90, monitor=["f1", "loss"], stop=rule)
    scores = [0.8 - 0.5 * 0.5**epoch for epoch in range(25)]
    ended = [train({"f1": score, "loss": 9.0 - score}) for score in scores]
    assert not any(ended[:4])  # a decision needs 5 scores
    assert ended[-1]
    assert follower.decision.best_score == scores[-1]


def test_a_training_that_did_not_end_when_asked_is_not_tagged(follow, meter, caplog):
    follower, train = follow(n_epochs=9, stop=StopRule(budget_j=1000.0))
    for epoch in range(3):  # as many as the framework trains at least
        assert train()
        follower.accept_end(epoch)
    assert len(caplog.records) == 1
    with pytest.warns(UserWarning, match="epoch 3 has no length"):
        follower.end(3, n_epochs=9, reported={})
    follower.tag_end()
    assert meter.stop().tags.keys() == {"planned_epochs"}


def test_the_planned_end_is_no_decision_of_ours(follow):
    follower, train = follow(n_epochs=6, stop=StopRule(budget_j=1e9))
    assert not train(n=6)
    assert follower.decision.cause == "end"


def test_the_end_of_a_rule_counts_where_the_framework_has_none(follow):
    follower, train = follow(n_epochs=None, stop=StopRule(budget_j=1e9, n_epochs=6))
    assert not train(n=5)
    assert follower.forecast.left.energy_j == pytest.approx(800)
    assert train()
    assert not train()  # the framework goes on all the same


def test_a_window_longer_than_the_training_is_cut(follow):
    rule = StopRule(price_j_per_point=100.0, window=20)
    follower, train = follow(n_epochs=9, monitor="f1", stop=rule)
    train(*[{"f1": 0.5}] * 6)
    assert follower.decision.reason.startswith("Go on: 6 of the 9 scores")


def test_a_decision_of_another_process_is_tagged_as_such(follow, meter):
    follower, train = follow(stop=StopRule(budget_j=1e9))
    assert not train(n=3)
    follower.accept_end(2)
    follower.tag_end()
    assert meter.stop().tags["stopped_by"] == (
        "isojoule: another process of the training asked for it"
    )


# ---- what goes wrong ----


def test_a_meter_that_cannot_be_read_is_told_once(follow, meter, monkeypatch):
    def broken():
        raise SensorUnavailableError("gone")

    _, train = follow(monitor="f1", stop=StopRule(budget_j=1.0))
    train({"f1": 0.5})
    monkeypatch.setattr(meter, "run_so_far", broken)
    with pytest.warns(UserWarning, match="no forecast: .* gone; the training") as told:
        assert not train({"f1": 0.6}, {"f1": 0.7})
    assert len(told) == 1
    meter.stop()
    assert [w.scores for w in meter.run.windows] == [{"f1": s} for s in (0.5, 0.6, 0.7)]


def test_a_counter_that_stands_still_gives_no_forecast(clock):
    still = Samples(
        (Channel("gpu0_energy_j", "gpu", "energy_j", "gpu0"),),
        np.array([0.0]),
        np.array([[5.0]]),
    )
    sensor = ReplaySensor.open(still, clock=clock)
    meter = Meter(sensors=[sensor], hardware=Hardware("h"), clock=clock, hz=1)
    follower = EpochFollower(meter, EpochPlan())

    def train(n_epochs):
        for epoch in range(n_epochs):
            with meter.window("train", epoch=epoch):
                follower.begin()
                clock.now_s += 1.0
            follower.end(epoch, n_epochs=5, reported={})

    with meter:
        train(10)
        with pytest.warns(UserWarning, match="no forecast yet: the energy so far is"):
            train(3)
    assert follower.forecast is None


def test_the_scope_does_not_depend_on_which_part_is_known_first(meter, monkeypatch):
    """While the counter of the GPU has not ticked, the CPU is not taken for all."""

    def read(time_s, gpu):
        cpu = ComponentEnergy("cpu", 5.0 * time_s, "counter")
        machine = Hardware("h", accelerators=(Accelerator("nvidia", "A100"),))
        return replace(run, energies=(cpu, gpu), duration_s=time_s, hardware=machine)

    meter.start()
    run = meter.run_so_far()
    absent = ComponentEnergy("gpu", None, "absent")
    known = ComponentEnergy("gpu", 7.0, "counter")
    readings = iter([read(0.1, absent), read(1.0, known), read(1.0, known)])
    monkeypatch.setattr(meter, "run_so_far", lambda: next(readings))
    follower = EpochFollower(meter, EpochPlan())
    follower.begin()
    follower.end(0, n_epochs=9, reported={})
    meter.stop()
    assert follower.forecast.energy_so_far_j == 7.0


def test_epochs_of_unknown_energy_are_left_out_and_it_begins_anew(
    follow, meter, monkeypatch
):
    """Of 9 epochs of 800 J the sensor does not tell of epochs 3 and 4."""

    def without_energy():
        run = read()
        absent = tuple(
            ComponentEnergy(e.component, None, "absent") for e in run.energies
        )
        return replace(run, energies=absent)

    read = meter.run_so_far
    follower, train = follow(n_epochs=9, stop=StopRule(budget_j=5700.0))
    assert not train(n=3)
    monkeypatch.setattr(meter, "run_so_far", without_energy)
    with pytest.warns(UserWarning, match="energy at the end of epoch 3 is") as told:
        assert not train(n=2)
    assert len(told) == 1
    assert follower.forecast is follower.decision is None
    monkeypatch.setattr(meter, "run_so_far", read)
    assert not train()
    assert (follower.forecast.n_seen, follower.decision.epoch) == (1, 5)
    assert follower.forecast.energy_so_far_j == pytest.approx(800)
    assert "epochs 0 to 4 were not seen" in follower.forecast.notes[0]
    # The 4 kJ before count: of 5.7 kJ the sixth epoch leaves 900 J, the next 100 J.
    assert follower.decision.reach.left_j == pytest.approx(900)
    assert train()
    assert follower.decision.cause == "budget"


def test_an_epoch_that_is_skipped_keeps_its_scores_and_is_in_no_forecast(
    follow, meter, clock
):
    follower, train = follow(n_epochs=9, first_epoch=1, monitor="f1")
    with meter.window("train", phase="train", epoch=0):
        follower.begin()
        clock.now_s += 3.0
    follower.skip(0, {"f1": 0.25})
    assert follower.forecast is None
    train(*[{"f1": 0.5}] * 2)
    assert follower.forecast.energy_so_far_j == pytest.approx(2 * 800)
    meter.stop()
    assert [w.scores["f1"] for w in meter.run.windows] == [0.25, 0.5, 0.5]
