import numpy as np
import pytest

from isojoule.errors import InsufficientDataError
from isojoule.studies.composites import EnergyShares, Roofline, moved_bytes


def columns(**values):
    return {name: np.array(v, dtype=float) for name, v in values.items()}


def test_bytes_of_a_training_step_by_hand():
    # 100 parameters, 2 steps, 16 samples of 50 bytes: 10 * 400 * 2 and 5 * 50 * 16.
    given = {"n_params": 100, "n_steps": 2, "n_samples": 16}
    found = moved_bytes(**given, activation_bytes_per_sample=50, is_training=True)
    assert found == 8000 + 4000


def test_bytes_of_a_test_step_by_hand_and_without_activations():
    given = {"n_params": 100, "n_steps": 2, "n_samples": 16, "is_training": False}
    assert moved_bytes(**given, activation_bytes_per_sample=50) == 800 + 1600
    assert moved_bytes(**given, activation_bytes_per_sample=None) == 800


def test_ceilings_are_the_highest_rates_that_were_reached():
    seen = columns(flop=[10, 100], moved_bytes=[40, 20], duration_s=[2, 4])
    ceilings = Roofline.measured(seen)
    assert (ceilings.flop_per_s, ceilings.bytes_per_s) == (25.0, 20.0)


def test_the_slower_of_computing_and_moving_decides():
    work = columns(flop=[50, 5], moved_bytes=[20, 200])
    assert Roofline(25.0, 20.0).time_s(work).tolist() == [2.0, 10.0]


def test_shares_are_found_again_however_far_apart_the_counts_are():
    rng = np.random.default_rng(3)
    work = columns(
        flop=rng.uniform(1e9, 1e14, 12),
        moved_bytes=rng.uniform(1e6, 1e11, 12),
        n_steps=rng.integers(1, 500, 12),
    )
    true = EnergyShares(1e-12, 2e-10, 0.05, 3.0)
    found = EnergyShares.fit({**work, "energy_j": true.energy_j(work)})
    for name in ("flop", "byte", "step"):
        share = f"energy_j_per_{name}"
        assert getattr(found, share) == pytest.approx(getattr(true, share), rel=1e-6)
    assert found.energy_fixed_j == pytest.approx(3.0, rel=1e-6)


def test_no_share_is_negative():
    seen = columns(
        flop=[1, 2, 3, 4, 5],
        moved_bytes=[5, 4, 3, 2, 1],
        n_steps=[1, 1, 2, 2, 3],
        energy_j=[10, 8, 6, 4, 2],
    )
    found = EnergyShares.fit(seen)
    assert min(found.energy_j_per_flop, found.energy_j_per_step) >= 0
    assert found.energy_j_per_byte == pytest.approx(2.0, rel=1e-6)


def test_shares_need_as_many_workloads_as_there_are():
    seen = columns(
        flop=[1, 2, 3], moved_bytes=[1] * 3, n_steps=[1] * 3, energy_j=[1] * 3
    )
    with pytest.raises(InsufficientDataError, match="4 shares need as many workloads"):
        EnergyShares.fit(seen)
