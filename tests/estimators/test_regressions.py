from dataclasses import replace

import numpy as np
import pytest

from estimator_runs import GIB, make_hardware, make_training, make_trainings
from estimator_runs import make_workload as work
from isojoule.errors import IncomparableError, InsufficientDataError
from isojoule.estimators import ESTIMATORS
from isojoule.estimators.inputs import GpuFigures, input_rows
from isojoule.estimators.regressions import (
    KERNEL_RIDGE_EPOCH,
    KERNEL_RIDGE_POWER,
    LINEAR_EPOCH,
    LINEAR_POWER,
    RIDGE_POWER,
)

RUNS = make_trainings()
KNOWN = work("vgg16", 128, 32)
NEW = work("vgg16", 128, 48)


def test_power_times_duration_is_an_energy_of_the_gpu():
    found = LINEAR_POWER.fit(RUNS).estimate(NEW, make_hardware(), duration_s=500.0)
    expected_w = 150 + 0.5 * 53 + 4.8 + 1  # repeats are 0, 1 and 2 W above
    assert found.energy_j == pytest.approx(expected_w * 500, rel=1e-6)
    assert (found.scope, found.provenance) == ("gpu", "measured")
    assert found.method == "linear-power"
    assert found.in_range


def test_energy_of_an_epoch_times_their_number():
    found = LINEAR_EPOCH.fit(RUNS).estimate(NEW, make_hardware())
    expected_w = 150 + 0.5 * 53 + 4.8 + 1
    assert found.energy_j == pytest.approx(expected_w * 1000, rel=1e-6)


def test_the_scope_decides_what_an_epoch_holds():
    found = LINEAR_EPOCH.fit(RUNS, scope="node").estimate(NEW, make_hardware())
    expected_w = 150 + 0.5 * 53 + 4.8 + 1
    assert found.energy_j == pytest.approx(expected_w * 1000 + 5000, rel=1e-6)
    assert (found.scope, found.provenance) == ("node", "modelled")


def test_a_known_configuration_is_judged_by_its_repeats():
    fitted = RIDGE_POWER.fit(RUNS)
    known = fitted.estimate(KNOWN, make_hardware(), duration_s=1.0)
    new = fitted.estimate(NEW, make_hardware(), duration_s=1.0)
    assert "repeats of configurations it knows" in known.uncertainty[0]
    assert "configurations that were left out" in new.uncertainty[0]
    assert known.energy_low_j < known.energy_j < known.energy_high_j


def test_an_unknown_configuration_has_the_wider_interval_of_kernel_ridge():
    rng = np.random.default_rng(3)  # what one configuration takes tells of no other
    runs = [
        replace(run, energies=make_training(power_w=base_w + repeat).energies)
        for base_w, *own in zip(
            rng.uniform(100, 300, 24), *[iter(RUNS)] * 3, strict=True
        )
        for repeat, run in enumerate(own)
    ]
    fitted = KERNEL_RIDGE_POWER.fit(runs)
    known, new = (
        fitted.estimate(w, make_hardware(), duration_s=1.0) for w in (KNOWN, NEW)
    )
    assert new.energy_high_j - new.energy_j > 2 * (known.energy_high_j - known.energy_j)


def test_intervals_cover_repeats_as_often_as_they_claim():
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(20):
        runs = [
            make_training(
                m, s, b, power_w=float(100 + s + b + rng.normal(0, 5)), repeat=n
            )
            for m in ("vgg16", "resnet50")
            for s in (75, 128, 224)
            for b in (32, 64)
            for n in range(9)
        ]
        fitted = RIDGE_POWER.fit(runs[1:])
        found = fitted.estimate(runs[0].workload, runs[0].hardware, duration_s=1000.0)
        hits.append(found.energy_low_j <= runs[0].gpu_energy_j <= found.energy_high_j)
    # 20 intervals at 90 %: fewer than 14 hits have a chance of 1 in 400.
    assert sum(hits) >= 14


def test_out_of_range_there_is_no_interval_and_it_is_said_why():
    fitted = KERNEL_RIDGE_EPOCH.fit(RUNS)
    found = fitted.estimate(NEW, make_hardware("RTX 4090", ram_gib=64))
    assert not found.in_range
    assert found.energy_low_j is None
    assert found.uncertainty[0].startswith("no interval: outside")
    assert "main memory [GB] 64, trained on 16 to 16" in found.notes[0]
    assert "GPU cores 16384, trained on 5888 to 10496" in found.notes[0]
    assert any("falls to 0" in note for note in found.notes)


def test_an_energy_that_is_not_positive_has_no_interval():
    # 2 W more for each pixel, 3 W less for each sample of the batch.
    runs = [
        make_training(
            side=side, batch_size=b, power_w=50 + 2 * (side - 75) - 3 * (b - 32)
        )
        for side, b in ((75, 32), (128, 32), (224, 32), (224, 64), (128, 64))
    ]
    fitted = LINEAR_POWER.fit(runs)
    found = fitted.estimate(work("vgg16", 75, 64), make_hardware(), duration_s=1.0)
    assert found.energy_j == pytest.approx(50 - 96)
    assert found.in_range
    assert found.energy_low_j is None
    assert found.uncertainty[0].startswith("no interval")
    assert any("not positive" in note for note in found.notes)


def test_too_few_configurations_give_an_estimate_without_interval():
    runs = [make_training(batch_size=b) for b in (32, 64, 128)]
    found = LINEAR_POWER.fit(runs).estimate(
        work(batch_size=48), make_hardware(), duration_s=1.0
    )
    assert found.energy_low_j is None
    assert "support a level of at most 75%" in found.uncertainty[0]


def test_settings_that_no_training_had_are_told():
    frozen = replace(NEW, settings={"layers": "frozen"})
    found = RIDGE_POWER.fit(RUNS).estimate(frozen, make_hardware(), duration_s=1.0)
    assert any("layers frozen" in note for note in found.notes)
    plain = RIDGE_POWER.fit(RUNS).estimate(NEW, make_hardware(), duration_s=1.0)
    assert plain.notes == ()


def test_figures_of_an_unknown_board_can_be_stated():
    stated = {"Mine": GpuFigures(7000, 10 * GIB, 250.0)}
    fitted = RIDGE_POWER.fit(RUNS, stated=stated)
    found = fitted.estimate(NEW, make_hardware("Mine"), duration_s=1.0)
    assert found.in_range
    with pytest.raises(InsufficientDataError, match="no accelerator 'Mine'"):
        RIDGE_POWER.fit(RUNS).estimate(NEW, make_hardware("Mine"), duration_s=1.0)


def test_power_without_a_duration_is_refused():
    with pytest.raises(InsufficientDataError, match=r"ridge-power .*duration_s"):
        RIDGE_POWER.fit(RUNS).estimate(NEW, make_hardware())


@pytest.mark.parametrize("duration_s", [0.0, -1.0, float("nan"), float("inf")])
def test_a_duration_that_cannot_be_is_refused(duration_s):
    with pytest.raises(ValueError, match="duration must be positive"):
        RIDGE_POWER.fit(RUNS).estimate(NEW, make_hardware(), duration_s=duration_s)


def test_epochs_of_unknown_number_are_refused():
    endless = replace(NEW, n_samples=None)
    with pytest.raises(InsufficientDataError, match="how many epochs"):
        LINEAR_EPOCH.fit(RUNS).estimate(endless, make_hardware())


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_that_cannot_be_is_refused(level):
    with pytest.raises(ValueError, match=r"the level must lie in \(0, 1\)"):
        LINEAR_EPOCH.fit(RUNS).estimate(NEW, make_hardware(), level=level)


def test_one_configuration_is_not_enough_to_learn_from():
    with pytest.raises(InsufficientDataError, match="got 1 from 4 runs"):
        RIDGE_POWER.fit([make_training(repeat=n) for n in range(4)])
    with pytest.raises(InsufficientDataError, match="got 0 from 0 runs"):
        RIDGE_POWER.fit()


def test_runs_that_lack_an_input_are_left_out_and_counted():
    bare = [replace(run, hardware=make_hardware(memory_bytes=None)) for run in RUNS]
    with pytest.raises(InsufficientDataError, match=r"72 runs \(72 runs: state memory"):
        RIDGE_POWER.fit(bare)


def test_energies_of_several_scopes_are_not_mixed():
    stated = replace(RUNS[0], measures={"mean_epoch_energy_j": 9000.0})
    with pytest.raises(IncomparableError, match="gpu, node"):
        LINEAR_EPOCH.fit([stated, *RUNS[1:]])


def test_rows_at_once_equal_single_estimates():
    fitted = RIDGE_POWER.fit(RUNS)
    asked = [make_training(batch_size=b) for b in (32, 48, 64)]
    value, low, high = fitted.predict_rows(input_rows(asked).values, 0.8)
    for place, run in enumerate(asked):
        one = fitted.estimate(run.workload, run.hardware, duration_s=1.0, level=0.8)
        found = (one.energy_j, one.energy_low_j, one.energy_high_j)
        assert found == pytest.approx((value[place], low[place], high[place]))


def test_intervals_cover_new_configurations_as_often_as_they_claim():
    rng = np.random.default_rng(8)
    n_hit = 0
    for _ in range(60):
        runs = [
            make_training(m, s, b, g, power_w=float(own + rng.normal(0, 3)), repeat=n)
            for g in ("RTX 3090", "RTX 3070")
            for m in ("vgg16", "resnet50")
            for s in (75, 128, 224)
            for b in (32, 64)
            for own in (150 + s / 4 + rng.normal(0, 15),)
            for n in range(4)
        ]
        # In the middle of the range: the bounds of the inputs stay known.
        asked = [r for r in runs if "vgg16-128-32-RTX 3090" in r.run_id]
        fitted = RIDGE_POWER.fit([r for r in runs if r not in asked])
        found = fitted.estimate(asked[0].workload, asked[0].hardware, duration_s=1000.0)
        n_hit += found.energy_low_j <= asked[0].gpu_energy_j <= found.energy_high_j
    # Of 60 at 90 %: below 47 or all of them has a chance under 1 in 300 each.
    assert 47 <= n_hit < 60


def test_without_errors_there_are_no_intervals():
    fitted = RIDGE_POWER.fit(RUNS, with_errors=False)
    assert fitted.estimate(KNOWN, make_hardware(), duration_s=1.0).energy_low_j is None


def test_every_regression_is_in_the_registry():
    named = {n for n in ESTIMATORS if n.endswith(("-power", "-epoch"))}
    assert named >= {
        f"{model}-{of}"
        for model in ("linear", "ridge", "kernel-ridge", "svm")
        for of in ("power", "epoch")
    }
