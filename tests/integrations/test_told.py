from dataclasses import replace
from math import isnan, nan

import pytest

from isojoule.estimators.streaming import Forecast, TimeEstimate
from isojoule.integrations.told import figures_of, line_of
from isojoule.records import Estimate


def energy(value_j, low_j, high_j):
    return Estimate("job", "here", value_j, low_j, high_j, 0.9, "streaming")


TWELVE = Forecast(
    n_seen=12,
    n_epochs=50,
    until_epoch=50,
    energy_so_far_j=3200.0,
    duration_so_far_s=60.0,
    total=energy(14100.0, 13600.0, 14600.0),
    left=energy(10900.0, 10400.0, 11400.0),
    total_duration=TimeEstimate(260.0, 250.0, 270.0),
    duration_left=TimeEstimate(200.0, 190.0, 210.0),
    stable_since=4,
    stable_since_s=20.0,
    regimes=(),
)


def line(forecast, epoch=11):
    return line_of(forecast, epoch, what="gpu, measured")


def test_a_forecast_is_one_line():
    # 10.9 kJ / 3600 s/h = 3.03 Wh
    assert line(TWELVE) == (
        "12 of 50 epochs: 3.2 kJ so far (gpu, measured), 14.1 kJ in all (13.6 kJ to "
        "14.6 kJ at 90 %), 3 min 20 s and 10.9 kJ (3.03 Wh) left; stable since epoch 4"
    )


def test_much_energy_is_told_in_kwh():
    much = replace(TWELVE, left=energy(7.2e6, 7e6, 7.4e6))
    assert "7.2 MJ (2 kWh) left" in line(much)


def test_a_training_that_was_resumed_counts_all_its_epochs():
    assert line(replace(TWELVE, n_seen=2)).startswith("12 of 50 epochs: ")
    assert line(replace(TWELVE, n_epochs=12.5)).startswith("12 of 12.5 epochs: ")


def test_before_a_change_the_line_says_how_far_it_reaches():
    before = replace(TWELVE, until_epoch=20)
    assert "14.1 kJ before epoch 20 (13.6 kJ to" in line(before)
    so_far, left, time = figures_of(before).values()
    assert so_far == 3200.0
    assert isnan(left)
    assert isnan(time)


def test_no_forecast_says_why_and_doubts_are_told():
    none = replace(
        TWELVE,
        n_epochs=nan,
        until_epoch=nan,
        total=None,
        left=None,
        total_duration=None,
        duration_left=None,
        stable_since=None,
        reason="how many epochs are planned is not known",
        notes=("a doubt", "another"),
    )
    assert line(none, 0) == (
        "1 epoch: 3.2 kJ so far (gpu, measured); no forecast: how many epochs are "
        "planned is not known; not stable yet; a doubt; another"
    )
    assert figures_of(none)["energy_so_far_j"] == 3200.0


@pytest.mark.parametrize("forecast", [TWELVE, None])
def test_figures_have_the_same_names_whatever_is_known(forecast):
    names = ["energy_so_far_j", "energy_left_j", "time_left_s"]
    assert list(figures_of(forecast)) == names


def test_figures_are_those_of_the_forecast():
    assert list(figures_of(TWELVE).values()) == [3200.0, 10900.0, 200.0]
    assert all(map(isnan, figures_of(None).values()))
