from math import exp, log

import pytest

from estimators.physics.trainings import hardware, workload
from isojoule.errors import InsufficientDataError
from isojoule.estimators.physics.description import REFERENCE, describe
from isojoule.records import Accelerator, Hardware


def told(at, name):
    return REFERENCE[name] * exp(at.logs[name])


def test_a_step_is_a_batch_of_training_or_validation():
    # 3200 + 800 samples in batches of 32 are 125 steps; three times the forward work in
    # training: (3 * 3200 + 800) / 4000 = 2.6 forward passes per sample.
    at = describe(workload(n_validation_samples_per_epoch=800), hardware())
    assert at.n_steps == 125
    assert told(at, "training_share") == pytest.approx(2.6)
    assert told(at, "step_flop") == pytest.approx(2.6 * 32e9)
    assert "3 times its forward pass" in at.assumptions[0]


def test_counted_training_work_goes_before_what_is_assumed():
    at = describe(workload(training_flop_per_sample=2.5e9), hardware())
    assert told(at, "step_flop") == pytest.approx(80e9)
    assert at.assumptions == ()


def test_frozen_layers_are_not_trained():
    at = describe(workload(settings={"layers": "frozen backbone"}), hardware())
    assert told(at, "training_share") == pytest.approx(1.0)
    assert "frozen" in at.assumptions[0]


def test_the_machine_is_all_its_accelerators():
    one = describe(workload(), hardware("RTX 3090"))
    two = describe(workload(), Hardware("2x", (Accelerator("RTX 3090", "nvidia"),) * 2))
    assert told(one, "power_limit_w") == pytest.approx(350.0)
    assert two.logs["peak_flop_per_s"] - one.logs["peak_flop_per_s"] == pytest.approx(
        log(2)
    )


def test_an_unknown_machine_has_no_peak():
    assert "peak_flop_per_s" not in describe(workload(), Hardware("my box")).logs


def test_the_same_steps_are_the_same_work_on_any_machine():
    a, b = (describe(workload(), hardware(n)) for n in ("RTX 3070", "RTX 3090"))
    assert a.work == b.work
    assert a.configuration != b.configuration
    assert a.work != describe(workload(batch=64), hardware()).work


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ({"batch_size": None}, "batch_size of workload .* is not known"),
        ({"forward_flop_per_sample": None}, "forward_flop_per_sample .* not known"),
        ({"forward_flop_per_sample": -1.0}, "forward_flop_per_sample .* is -1.0"),
        ({"n_samples_per_epoch": None, "n_samples": None}, "n_samples .* not known"),
    ],
)
def test_what_is_needed_is_named(missing, message):
    with pytest.raises(InsufficientDataError, match=message):
        describe(workload(**missing), hardware())
