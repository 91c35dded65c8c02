from math import sqrt
from statistics import fmean

import pytest

from epochs_by_hand import epochs_from
from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import epochs_of
from isojoule.estimators.online import (
    OnlineEpochEstimator,
    OnlinePowerEstimator,
    epoch_based_energy_j,
    power_based_energy_j,
)
from isojoule.formats import read_runs
from isojoule.records import Hardware, Workload

EPOCHS = epochs_from([90.0, 20.0, 30.0, 40.0], [3.0, 1.0, 1.0, 2.0])
MACHINE = Hardware("h")


def work(n_epochs=None):
    return Workload(
        "w",
        n_samples=None if n_epochs is None else n_epochs * 8,
        n_samples_per_epoch=8,
    )


def test_power_of_the_window_times_the_duration():
    # 50 J in 2 s are 25 W.
    assert power_based_energy_j(EPOCHS, start=1, window=2, duration_s=100.0) == 2500.0


def test_energy_of_the_window_for_all_stable_epochs_and_the_first_as_they_were():
    # 25 J for each of 9 stable epochs, and 90 J before them.
    assert epoch_based_energy_j(EPOCHS, start=1, window=2, n_epochs=10) == 315.0
    assert epoch_based_energy_j(EPOCHS, start=0, window=1, n_epochs=3) == 270.0


def test_epochs_after_the_window_do_not_matter():
    before = EPOCHS[:3]
    for epochs in (before, EPOCHS):
        assert epoch_based_energy_j(epochs, start=1, window=2, n_epochs=10) == 315.0


@pytest.mark.parametrize(
    ("start", "window", "n_epochs", "error", "told"),
    [
        (1, 0, 10, ValueError, "a window needs at least 1 epoch, got 0"),
        (-1, 2, 10, ValueError, "counted from 0, got a window from -1 on"),
        (8, 5, 10, ValueError, "epochs 8 to 12 does not fit into a training of 10"),
        (3, 2, 10, InsufficientDataError, "needs epochs 3 to 4, seen so far: epochs 0"),
        (7, 2, 10, InsufficientDataError, "needs epochs 7 to 8, seen so far"),
    ],
)
def test_a_window_that_cannot_be_is_refused(start, window, n_epochs, error, told):
    with pytest.raises(error, match=told):
        epoch_based_energy_j(EPOCHS, start=start, window=window, n_epochs=n_epochs)


def test_the_first_epochs_have_to_be_known():
    with pytest.raises(InsufficientDataError, match="epochs 0 to 0 is needed, and 1"):
        epoch_based_energy_j(EPOCHS[1:], start=1, window=2, n_epochs=10)


def test_missing_epochs_and_durations_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="epoch 1 is followed by epoch 3"):
        power_based_energy_j([EPOCHS[1], EPOCHS[3]], start=1, window=3, duration_s=9.0)
    for duration_s in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="duration must be positive"):
            power_based_energy_j(EPOCHS, start=1, window=2, duration_s=duration_s)


def test_the_interval_is_that_of_the_scatter_in_the_window():
    estimator = OnlineEpochEstimator(start=1, window=2)
    found = estimator.estimate(work(10), MACHINE, observed=EPOCHS, level=0.9)
    # Student's 0.95 quantile with 1 degree of freedom is 6.3138; stdev(20, 30) 7.0711.
    half_j = 6.3138 * 7.0711 * 9 * sqrt(1 / 2 + 1 / 7)
    assert found.energy_j == 315.0
    assert found.energy_high_j - found.energy_j == pytest.approx(half_j, rel=1e-4)
    assert found.energy_low_j == pytest.approx(max(315.0 - half_j, 0.0), abs=0.1)
    assert "scatter of the 2 epochs of the window" in found.uncertainty[0]


def test_epochs_that_agree_to_the_digit_are_not_certain():
    alike = epochs_from([20.0] * 5)
    # Student's 0.95 quantile with 4 degrees of freedom is 2.1318; 1 % of 20 J is 0.2 J.
    half_j = 2.1318 * 0.2 * 50 * sqrt(1 / 5 + 1 / 45)
    for estimator in (OnlineEpochEstimator(0, 5), OnlinePowerEstimator(0, 5)):
        found = estimator.estimate(work(50), MACHINE, observed=alike, level=0.9)
        assert found.energy_j == pytest.approx(1000.0)
        assert found.energy_high_j - 1000.0 == pytest.approx(half_j, rel=1e-4)
        assert 1000.0 - found.energy_low_j == pytest.approx(half_j, rel=1e-4)


def test_one_epoch_has_no_interval_and_that_is_said():
    found = OnlineEpochEstimator(1, 1).estimate(work(10), MACHINE, observed=EPOCHS)
    assert (found.energy_low_j, found.energy_high_j) == (None, None)
    assert "one epoch has no scatter" in found.uncertainty[0]


def test_a_duration_that_is_not_known_is_taken_on():
    estimator = OnlinePowerEstimator(start=1, window=2)
    given = estimator.estimate(work(), MACHINE, observed=EPOCHS, duration_s=13.0)
    # 7 s are over; 6 more epochs of 1 s, the mean length in the window.
    found = estimator.estimate(work(10), MACHINE, observed=EPOCHS)
    assert found.energy_j == given.energy_j == 25.0 * 13.0
    assert "duration of 13 s taken on" in found.notes[0]
    assert given.notes == ()


def test_what_is_not_known_is_asked_for():
    with pytest.raises(InsufficientDataError, match="state n_samples"):
        OnlineEpochEstimator(1, 2).estimate(work(), MACHINE, observed=EPOCHS)
    with pytest.raises(InsufficientDataError, match="state n_samples"):
        OnlinePowerEstimator(1, 2).estimate(work(), MACHINE, observed=EPOCHS)
    with pytest.raises(ValueError, match="does not fit into a training of 10 epochs"):
        OnlinePowerEstimator().estimate(work(10), MACHINE, observed=EPOCHS)
    with pytest.raises(ValueError, match="at least 1 epoch"):
        OnlinePowerEstimator(window=0)


@pytest.fixture
def raw_runs(delrey_table):
    """The 309 raw runs of block 1, as published with their energies."""
    return [run for run in read_runs(delrey_table) if run.windows]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("start", "power", "epoch"),
    [
        # RMSE [kJ] and MAPE [%] of our own recomputation over the whole recordings.
        (11, (16.15, 1.62), (12.05, 0.59)),
        (20, (12.48, 1.56), (5.61, 0.38)),
        (5, (106.3, 11.5), (426.0, 54.7)),
    ],
)
def test_the_published_runs_give_the_known_errors(raw_runs, start, power, epoch):
    errors = {"power": [], "epoch": []}
    for run in raw_runs:
        epochs = epochs_of(run, scope="node")
        true_j = sum(e.energy_j or 0.0 for e in run.energies)
        found_j = {
            "power": power_based_energy_j(
                epochs, start=start, window=5, duration_s=run.duration_s
            ),
            "epoch": epoch_based_energy_j(
                epochs, start=start, window=5, n_epochs=len(epochs)
            ),
        }
        for name, energy_j in found_j.items():
            errors[name].append((energy_j, true_j))
    for name, (rmse_kj, mape) in (("power", power), ("epoch", epoch)):
        pairs = errors[name]
        assert sqrt(fmean((a - b) ** 2 for a, b in pairs)) / 1e3 == pytest.approx(
            rmse_kj, rel=0.005
        )
        assert 100 * fmean(abs(a / b - 1) for a, b in pairs) == pytest.approx(
            mape, abs=0.1
        )


@pytest.mark.slow
def test_start_10_gives_the_published_errors_over_the_epochs(raw_runs):
    power, epoch = [], []
    for run in raw_runs:
        epochs = epochs_of(run, scope="node")
        true_j = sum(e.energy_j for e in epochs)
        duration_s = epochs[-1].end_s - epochs[0].start_s
        window = {"start": 10, "window": 5}
        power.append(
            (power_based_energy_j(epochs, **window, duration_s=duration_s), true_j)
        )
        epoch.append(
            (epoch_based_energy_j(epochs, **window, n_epochs=len(epochs)), true_j)
        )
        # What the source itself computed from the raw samples of the same epochs.
        stored_j = run.measures["online_epoch_energy_j"]
        assert epoch[-1][0] == pytest.approx(stored_j, rel=2e-3)
    mape = [100 * fmean(abs(a / b - 1) for a, b in pairs) for pairs in (power, epoch)]
    assert mape == pytest.approx([1.30, 1.83], abs=0.01)
    rmse_kj = sqrt(fmean((a - b) ** 2 for a, b in power)) / 1e3
    assert rmse_kj == pytest.approx(19.1, abs=0.05)
