from math import inf

import pytest

from isojoule.estimators.stopping.rule import Gain, StopRule


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "a price per point or a budget, and one only; got neither"),
        ({"price_j_per_point": 1.0, "budget_j": 1.0}, "one only; got both"),
        ({"price_j_per_point": -1.0}, "the price per point must be positive, got -1"),
        ({"budget_j": 0.0}, "the budget must be positive, got 0"),
        ({"budget_j": inf}, "the budget must be positive, got inf"),
        ({"budget_j": 1.0, "point": 0.0}, "a point must be positive"),
        ({"budget_j": 1.0, "window": 0}, "a window needs at least 1 epoch, got 0"),
        ({"budget_j": 1.0, "n_epochs": 3}, "a window of 5 epochs is longer than"),
        ({"budget_j": 1.0, "min_epochs": 4}, "at least 5 epochs with a score, got 4"),
        ({"budget_j": 1.0, "confirm": 0}, "confirm must be at least 1 epoch"),
        ({"budget_j": 1.0, "bounds": (1.0, 0.0)}, "bounds 1.0 to 0.0 leave no room"),
        ({"budget_j": 1.0, "level": 1.0}, "level must lie in"),
        ({"budget_j": 1.0, "mode": "up"}, "mode must be 'max' or 'min', got 'up'"),
        (
            {"budget_j": 1.0, "n_epochs": 20, "changes_at": (20,)},
            "a change at epoch 20 is not within the training",
        ),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        StopRule(**options)


def test_a_decision_never_looks_further_ahead_than_back():
    assert StopRule(budget_j=1.0, window=3).n_needed == 5
    assert StopRule(budget_j=1.0, window=12).n_needed == 12


def test_a_gain_is_counted_per_energy_and_the_other_way():
    gain = Gain(5, 200.0, 190.0, 210.0, 4.0, 0.0, 8.0)
    assert gain.points_per_j == 0.02
    assert gain.energy_j_per_point == 50.0


def test_no_gain_has_no_price_and_no_energy_any_gain():
    assert Gain(5, 200.0, 190.0, 210.0, 0.0, 0.0, 0.0).energy_j_per_point == inf
    assert Gain(5, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0).points_per_j == inf
