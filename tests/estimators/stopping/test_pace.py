import numpy as np
import pytest

from isojoule.estimators.stopping.pace import EnergyPace
from score_curves import epochs_with


def paced(energies_j, **options):
    pace = EnergyPace(0.9, **options)
    for epoch in epochs_with([None] * len(energies_j), energy_j=energies_j):
        pace.observe(epoch)
    return pace


def test_epochs_to_come_take_what_stable_ones_took():
    rng = np.random.default_rng(1)
    pace = paced(200.0 + 2.0 * rng.standard_normal(20))
    ahead = pace.ahead(10)
    assert ahead.energy_j == pytest.approx(2000.0, rel=0.01)
    assert ahead.low_j < 2000 < ahead.high_j


def test_what_was_spent_is_the_sum():
    assert paced([100.0, 50.0, 60.0]).spent_j == 210.0


def test_one_epoch_alone_leaves_it_wide():
    ahead = paced([100.0]).ahead(3)
    assert (ahead.energy_j, ahead.low_j, ahead.high_j) == (300.0, 0.0, 600.0)


def test_epochs_may_come_beyond_what_was_asked_for():
    pace = EnergyPace(0.9)
    for epoch in epochs_with([None] * 40, energy_j=[100.0] * 40):
        pace.observe(epoch)
        if epoch.index % 10 == 0:
            pace.ahead(2)
    assert pace.spent_j == 4000.0


def test_an_energy_carries_whole_epochs():
    n_epochs, low, high = paced([100.0] * 20).carried_by(1250.0)
    assert n_epochs == 12
    assert low <= 12 <= high
    assert paced([100.0] * 20).carried_by(99.0)[0] == 0
    assert paced([100.0] * 20).carried_by(-5.0)[0] == 0


def test_epochs_before_an_announced_change_tell_nothing_of_those_after():
    pace = paced([100.0] * 10 + [300.0] * 4, changes_at=(10,))
    assert pace.ahead(1).energy_j == pytest.approx(300.0, rel=0.02)
