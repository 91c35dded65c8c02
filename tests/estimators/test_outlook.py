import pytest

from estimators.physics.trainings import hardware, run_of, workload
from isojoule.estimators.outlook import look_ahead
from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.prior import bundled_planes
from isojoule.records import Hardware

SEEN = [
    run_of(workload(model, flop=flop, batch=batch), name)
    for model, flop in (("a", 1e9), ("b", 4e9))
    for batch in (16, 64)
    for name in ("RTX 3070", "RTX 3090")
]


def test_energy_time_and_power_are_told_together():
    work = workload("a", flop=1e9, batch=16)
    found = look_ahead(PhysicsEstimator.fit(SEEN), work, hardware())
    # 3 x 1 GFLOP x 32000 samples at 8.9 TFLOP/s and 175 W.
    assert found.duration_s.value == pytest.approx(96e12 / 8.9e12, rel=0.05)
    assert found.mean_power_w.value == pytest.approx(175.0, rel=0.05)
    assert found.energy.energy_j == pytest.approx(175 * 96e12 / 8.9e12, rel=0.05)
    assert found.duration_s.low < found.duration_s.value < found.duration_s.high


def test_calculators_get_the_estimated_time():
    work = workload("a", flop=1e9, batch=16)
    machine = Hardware("RTX 3090", hardware().accelerators, memory_bytes=16 * 2**30)
    found = look_ahead(PhysicsEstimator.fit(SEEN), work, machine)
    ml_co2, green = found.baselines
    seconds = found.duration_s.value
    assert ml_co2.energy_j == pytest.approx(350 * seconds)
    assert green.energy_j == pytest.approx(seconds * (350 + 16 * 0.3725) * 1.67)


def test_what_is_missing_says_why():
    without_time = [
        run.__class__(run.run_id, run.name, run.workload, run.hardware, run.energies)
        for run in SEEN
    ]
    work = workload("a", flop=1e9, batch=16)
    found = look_ahead(PhysicsEstimator.fit(without_time), work, hardware())
    assert found.duration_s is None
    assert found.mean_power_w is None
    assert found.baselines == ()
    assert len(found.reasons) == 2
    assert found.reasons[0].startswith("epoch_duration_s: no run was given")


def test_without_memory_green_algorithms_says_so():
    estimator = PhysicsEstimator.fit(planes=bundled_planes())
    found = look_ahead(estimator, workload(), hardware())
    assert [b.method for b in found.baselines] == ["ml-co2"]
    assert "counts memory by its size" in found.reasons[0]
