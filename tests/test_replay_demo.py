import time

import numpy as np
import pytest

from isojoule.energy import component_energies
from isojoule.replay_demo import example_samples, replay_demo
from isojoule.store import RunStore


def test_the_example_has_a_counter_that_agrees_with_its_power():
    samples = example_samples()
    counted = samples.series("gpu0_energy_j")
    power_w = samples.series("gpu0_power_w")
    # The counter may lag by a refresh of 0.1 s.
    integrated_j = float(np.sum(power_w) * 0.005)
    assert counted[-1] - counted[0] == pytest.approx(integrated_j, abs=30.0)
    ((energy,),) = component_energies(samples, [(0.0, 9.6)])
    assert energy.source == "counter"


@pytest.mark.slow
def test_the_replayed_training_has_its_epochs_and_bounds_that_hold(tmp_path):
    epochs = []
    with RunStore.open(tmp_path / "store") as store:
        run = replay_demo(store, on_epoch=epochs.append, sleep=time.sleep)
        assert store.get(run.run_id) == run
    assert epochs == [0, 1, 2]
    assert [(w.phase, w.epoch) for w in run.windows] == [
        (phase, epoch) for epoch in range(3) for phase in ("train", "validation")
    ]
    # 2.4 s at a mean of 262 W; validation 0.8 s at 171 W.
    for window in run.windows:
        (energy,) = window.energies
        true_j = 262.0 * 2.4 if window.phase == "train" else 171.0 * 0.8
        assert energy.energy_low_j <= true_j <= energy.energy_high_j
        assert energy.energy_j == pytest.approx(true_j, rel=0.03)
    assert "made-up" in run.warnings[0]
