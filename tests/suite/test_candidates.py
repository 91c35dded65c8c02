"""What is known of reference models on another machine."""

from dataclasses import replace

import pytest

from builders import make_run
from isojoule.errors import InsufficientDataError, UnknownNameError
from isojoule.records import Hardware, Workload
from isojoule.suite.candidates import ask, known_on, sized_by_flop
from isojoule.workloads import SUITE
from suite.test_calibration import GOOD, reference_run

ALL = list(SUITE.values())


def work(name, flop, phase="train"):
    run = make_run(name)
    return replace(
        run,
        workload=Workload(
            name, phase=phase, forward_flop_per_sample=flop, n_samples=10
        ),
    )


def test_sizes_by_flop_are_an_epoch_at_10_gflop_to_the_joule():
    # 8192 -> 512 -> 10: forward and weight gradients twice, input gradient of the
    # second layer once; 2 FLOP to a multiply-accumulate.
    flop = 2 * (2 * (8192 * 512 + 512 * 10) + 512 * 10)
    found = sized_by_flop(SUITE["mlp-1x512"], "train")
    assert found.energy_j == pytest.approx(flop * 1578 / 1e10)
    assert (found.mean_power_w, found.work_flop) == (None, None)
    assert (found.batch_size, found.n_params) == (8, SUITE["mlp-1x512"].n_params)


def test_inference_counts_the_forward_pass_alone():
    train, test = (sized_by_flop(SUITE["cnn-1x128"], p) for p in ("train", "test"))
    assert test.energy_j < train.energy_j / 2
    assert test.phase == "test"


def test_without_measurements_everything_is_sized_by_flop_and_that_is_said():
    question = ask(ALL, "train")
    assert len(question.candidates) == len(question.wanted) == 43
    assert "sizes are taken from FLOP" in question.notes[0]


def test_only_what_the_other_machine_has_measured_can_be_a_reference():
    source = known_on(GOOD, None, "train")
    question = ask(ALL, "train", source=source, have=["cnn-1x128", "cnn-1x256"])
    # Medians of 6000 and 6100 J, of 9000 and 9050 J.
    assert {o.workload: o.energy_j for o in question.candidates} == {
        "mlp-1x512": 6050.0,
        "cnn-1x128": 9025.0,
    }
    assert question.have == ("cnn-1x128",)
    assert question.notes == (
        "41 models are left out: Card has not measured them",
        "no reference, though run here: cnn-1x256",
    )


def test_a_machine_without_the_models_asked_for_is_refused():
    source = known_on(GOOD, None, "train")
    with pytest.raises(InsufficientDataError, match="Card has measured none of rnn-1x"):
        ask([SUITE["rnn-1x128"]], "train", source=source)


def test_of_several_machines_one_has_to_be_named():
    other = replace(GOOD[0], hardware=Hardware("Other"))
    with pytest.raises(InsufficientDataError, match="Card, Other: name one"):
        known_on([*GOOD, other], None, "train")
    assert known_on([*GOOD, other], "Other", "train").hardware == "Other"


def test_of_training_and_inference_the_phase_asked_for_is_taken():
    tested = reference_run(phase="test", energy_j=2000.0)
    assert known_on([*GOOD, tested], None, "test").energy_j == {"mlp-1x512": 2000.0}


def test_workloads_that_state_flop_are_sized_by_them():
    wanted = [work("a", 1e9), work("b", 1e9, "inference")]
    (train,) = ask(ALL, "train", wanted_runs=wanted[:1]).wanted
    (infer,) = ask(ALL, "train", wanted_runs=wanted[1:]).wanted
    # Ten samples; a training step is three forward passes.
    assert train.energy_j == pytest.approx(3.0)
    assert infer.energy_j == pytest.approx(1.0)


def test_workloads_without_flop_need_measurements_to_be_compared_with():
    with pytest.raises(InsufficientDataError, match="--source"):
        ask(ALL, "train", wanted_runs=[make_run("a")])


def test_workloads_are_those_of_the_other_machine():
    source = known_on(GOOD, None, "train")
    here = replace(make_run("mine", energy_j=70.0), hardware=Hardware("Card"))
    (wanted,) = ask(ALL, "train", source=source, wanted_runs=[here]).wanted
    assert (wanted.workload, wanted.energy_j) == ("mine", 70.0)
    with pytest.raises(UnknownNameError, match="Card"):
        ask(ALL, "train", source=source, wanted_runs=[make_run("mine")])


def test_families_and_runs_are_asked_for_together():
    cnns = [m for m in ALL if m.family == "cnn"]
    question = ask(ALL, "train", wanted_models=cnns, wanted_runs=[work("a", 1e9)])
    assert len(question.wanted) == 13
