"""What every estimator promises, for every entry of `ESTIMATORS`."""

from dataclasses import replace

import pytest

from estimators.physics.trainings import run_of, workload
from isojoule.errors import InsufficientDataError
from isojoule.estimators import ESTIMATORS
from isojoule.estimators.epochs import Epoch
from isojoule.records import Estimate

pytest.importorskip("sklearn", reason="the regressions need the study extra")

MORE = {"input_shape": (128, 128), "n_validation_samples_per_epoch": 0}
WORK = workload("b", flop=4e9, batch=32, **MORE)
MACHINE = replace(run_of(WORK).hardware, memory_bytes=16 * 2**30, n_cpus=8)
SEEN = [
    replace(run, hardware=replace(run.hardware, memory_bytes=16 * 2**30))
    for model, flop in (("a", 1e9), ("b", 4e9), ("c", 16e9))
    for batch in (16, 64)
    for name in ("RTX 3070", "RTX 3090")
    for run in [run_of(workload(model, flop=flop, batch=batch, **MORE), name)]
]


@pytest.fixture(params=sorted(ESTIMATORS))
def estimator(request):
    return ESTIMATORS[request.param](SEEN)


def asked(estimator, *, level=0.9):
    """An estimate 20 epochs before the end; the published methods start at epoch 10."""
    over = [Epoch(i, 10.0 * i, 10.0 * (i + 1), 1000.0 + i % 2) for i in range(20)]
    return estimator.estimate(
        replace(WORK, n_samples=3200.0 * 40),
        MACHINE,
        observed=over,
        duration_s=400.0,
        level=level,
    )


def test_an_estimate_says_what_it_is_for(estimator):
    found = asked(estimator, level=0.8)
    assert isinstance(found, Estimate)
    assert (found.workload, found.hardware) == (WORK.name, MACHINE.name)
    assert found.level == 0.8
    assert found.energy_j > 0
    assert found.method


def test_an_interval_holds_the_estimate_or_says_why_there_is_none(estimator):
    found = asked(estimator)
    if found.energy_low_j is None:
        assert any("no interval" in reason for reason in found.uncertainty)
    else:
        assert found.energy_low_j <= found.energy_j <= found.energy_high_j


def test_a_higher_level_is_wider(estimator):
    narrow, wide = (asked(estimator, level=level) for level in (0.5, 0.95))
    if wide.energy_low_j is not None:
        assert wide.energy_low_j <= narrow.energy_low_j
        assert wide.energy_high_j >= narrow.energy_high_j


def test_nothing_to_go_by_is_refused_and_not_guessed(estimator):
    bare = replace(
        WORK,
        batch_size=None,
        forward_flop_per_sample=None,
        n_samples=None,
        n_samples_per_epoch=None,
    )
    with pytest.raises((InsufficientDataError, ValueError)):
        estimator.estimate(bare, MACHINE)
