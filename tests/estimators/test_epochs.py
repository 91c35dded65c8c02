import pytest

from isojoule.errors import InsufficientDataError
from isojoule.estimators.epochs import Epoch, epochs_of, require_consecutive
from isojoule.records import ComponentEnergy, Hardware, Run, Window, Workload


def window(epoch, start_s, end_s, energy_j, *, phase="train", **scores):
    energies = (
        ComponentEnergy("gpu", energy_j, "counter"),
        ComponentEnergy("dram", 1.0, "modelled"),
    )
    return Window(phase, phase, epoch, start_s, end_s, energies, scores)


def run_with(*windows):
    return Run(
        "r", "r", Workload("w"), Hardware("h"), (), duration_s=9.0, windows=windows
    )


def test_training_and_validation_of_an_epoch_are_one():
    run = run_with(
        window(1, 4.0, 6.0, 50.0),
        window(0, 0.0, 2.0, 10.0),
        window(0, 2.5, 3.0, 5.0, phase="validation", f1=0.5),
        window(None, 7.0, 8.0, 9.0, phase="test"),
    )
    first, second = epochs_of(run, scope="gpu", score="f1")
    assert first == Epoch(0, 0.0, 3.0, 15.0, 0.5)
    assert second == Epoch(1, 4.0, 6.0, 50.0)
    assert second.mean_power_w == 25.0


def test_a_validation_within_the_window_of_its_epoch_counts_once():
    run = run_with(
        window(0, 0.0, 5.0, 50.0),
        window(0, 3.0, 5.0, 20.0, phase="validation", f1=0.5),
    )
    assert epochs_of(run, scope="gpu", score="f1") == (Epoch(0, 0.0, 5.0, 50.0, 0.5),)


def test_the_scope_decides_which_energies_count():
    run = run_with(window(0, 0.0, 2.0, 10.0))
    assert epochs_of(run, scope="node")[0].energy_j == 11.0
    with pytest.raises(InsufficientDataError, match="no energy of scope wall"):
        epochs_of(run, scope="wall")


def test_a_run_without_epochs_says_how_to_get_them():
    with pytest.raises(InsufficientDataError, match="one window per epoch"):
        epochs_of(run_with())


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (Epoch(2, 2.0, 3.0, 1.0), "epoch 0 is followed by epoch 2"),
        (Epoch(0, 2.0, 3.0, 1.0), "epoch 0 is followed by epoch 0"),
        (Epoch(1, 1.5, 3.0, 1.0), "before epoch 0 has ended at 2 s"),
    ],
)
def test_missing_and_overlapping_epochs_are_refused(second, message):
    with pytest.raises(ValueError, match=message):
        require_consecutive([Epoch(0, 0.0, 2.0, 1.0), second])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ((-1, 0.0, 1.0, 1.0), "counted from 0"),
        ((0, 1.0, 1.0, 1.0), "has no length"),
        ((0, 0.0, float("nan"), 1.0), "has no length"),
        ((0, 0.0, 1.0, -1.0), "not negative"),
        ((0, 0.0, 1.0, float("nan")), "must be finite"),
    ],
)
def test_an_impossible_epoch_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Epoch(*fields)
