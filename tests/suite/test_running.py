from dataclasses import replace

import pytest
import torch

from isojoule.errors import UnknownNameError
from isojoule.observations import observe
from isojoule.suite import Configuration, Settings, is_too_large, run_jobs
from isojoule.suite.measuring import _is_steady

pytestmark = pytest.mark.usefixtures("steady")


def run_all(session, clips, **options):
    options.setdefault("on_stage", lambda job, stage: None)
    return list(run_jobs(session, session.jobs(), clips=clips, **options))


@pytest.mark.parametrize("name", ["mlp-1x512", "cnn-1x128", "rnn-1x128"])
def test_a_model_of_each_family_is_trained_and_measured(session_of, clips, name):
    (run,) = run_all(session_of(name), clips)
    assert (run.workload.name, run.workload.phase) == (name, "train")
    assert run.workload.family == name.partition("-")[0]
    assert run.workload.mode == "device-only"
    assert run.workload.settings["loss"] == "softmax and binary cross-entropy"
    assert run.workload.settings["precision"] == "float32"
    assert run.hardware.n_threads == 1
    assert run.status == "complete"
    # Two steps of eight of the 18 clips.
    assert (run.workload.n_samples, run.measures["n_steps"]) == (16, 2)
    assert run.measures["step_s"] == pytest.approx(run.duration_s / 2)
    assert 0 < run.measures["loader_fraction"] < 1
    assert run.cpu_energy_j == pytest.approx(40.0 * run.duration_s)
    assert observe(run).energy_j == pytest.approx(run.cpu_energy_j * 1578 / 16)


def test_the_last_batch_is_smaller_and_kept(session_of, clips):
    session = session_of("rnn-1x128")
    rules = replace(session.rules, n_steps=None, whole_epochs=True, min_duration_s=1e-9)
    (run,) = run_all(replace(session, rules=rules), clips)
    # Whole epochs of 8, 8 and 2 clips, as many as fill a window of a second.
    assert run.workload.n_samples % 18 == 0
    assert run.measures["n_steps"] == run.workload.n_samples / 18 * 3
    assert run.duration_s > 0.2


def test_training_and_test_are_measured_apart_and_the_clips_are_the_same(
    session_of, clips
):
    runs = run_all(session_of("rnn-1x128", phases=("train", "test")), clips)
    assert {run.workload.phase for run in runs} == {"train", "test"}
    assert {w.phase for run in runs for w in run.windows} == {
        "train",
        "test",
        "warm-up",
    }


def test_idle_before_and_after_is_kept_and_is_not_part_of_the_run(session_of, clips):
    session = session_of("rnn-1x128")
    session = replace(session, rules=replace(session.rules, idle_s=0.2))
    (run,) = run_all(session, clips)
    before, warm_up, work, after = run.windows
    assert (before.name, after.name) == ("idle before", "idle after")
    assert (warm_up.phase, work.phase) == ("warm-up", "train")
    assert warm_up.end_s <= run.start_s <= work.start_s
    assert work.end_s <= run.start_s + run.duration_s <= after.start_s
    assert run.measures["idle_power_w"] == pytest.approx(40.0)


def test_a_long_run_repeats_epochs_until_it_is_long_enough(session_of, clips):
    session = session_of("rnn-1x128")
    rules = replace(session.rules, n_steps=None, min_duration_s=0.3)
    (run,) = run_all(replace(session, rules=rules), clips)
    assert run.duration_s >= 0.3
    assert sum(w.phase == "train" for w in run.windows) >= 2


def test_settings_of_the_user_are_put_back(session_of, clips):
    backends = torch.backends.cudnn
    before = torch.get_num_threads(), backends.allow_tf32, backends.benchmark
    state = torch.random.get_rng_state()
    settings = Settings(tf32=True, cudnn_benchmark=True)
    run_all(session_of("rnn-1x128", settings=settings), clips)
    after = torch.get_num_threads(), backends.allow_tf32, backends.benchmark
    assert after == before
    assert torch.equal(torch.random.get_rng_state(), state)


def test_variants_are_labelled(session_of, clips):
    settings = Settings(loss="sigmoid", tf32=True, cudnn_benchmark=True)
    (run,) = run_all(session_of("rnn-1x128", settings=settings), clips)
    assert run.workload.settings == {
        "loss": "sigmoid and binary cross-entropy",
        "precision": "TF32",
        "cudnn_benchmark": "on",
        "data": "synthetic",
    }


def test_stages_are_told_before_they_begin(session_of, clips):
    told = []
    run_all(
        session_of("rnn-1x128"),
        clips,
        on_stage=lambda job, stage: told.append((str(job), stage)),
    )
    assert told[:2] == [
        ("rnn-1x128 train", "building"),
        ("rnn-1x128 train", "warming up"),
    ]


def test_a_device_that_is_not_there_is_answered_with_those_that_are(session_of, clips):
    session = session_of("rnn-1x128", configuration=Configuration("cuda:9"))
    with pytest.raises(UnknownNameError, match="no device 'cuda:9'"):
        run_all(session, clips)


def no_memory(*args, **options):
    raise RuntimeError(
        "[enforce fail at alloc_cpu.cpp:1] DefaultCPUAllocator: can't allocate memory: "
        "you tried to allocate 7 bytes."
    )


def test_out_of_memory_is_recorded_and_the_suite_goes_on(
    session_of, clips, monkeypatch
):
    session = session_of("mlp-1x512", "rnn-1x128")
    too_large = next(m for m in session.models if m.name == "mlp-1x512")
    build = type(too_large).build
    monkeypatch.setattr(
        type(too_large),
        "build",
        lambda self, loss: no_memory() if self is too_large else build(self, loss),
    )
    runs = {run.workload.name: run for run in run_all(session, clips)}
    assert runs["rnn-1x128"].status == "complete"
    failed = runs["mlp-1x512"]
    assert failed.status == "failed"
    assert is_too_large(failed)
    assert failed.workload.n_samples is None


def test_a_model_larger_than_the_free_memory_is_not_tried(
    session_of, clips, monkeypatch
):
    class Full:
        available = 1024
        total = 2**30

    monkeypatch.setattr("psutil.virtual_memory", lambda: Full)
    (run,) = run_all(session_of("rnn-1x128"), clips)
    # 16 bytes for each of 3,197,066 parameters, and 8 x 4 x (128 + 20) of activations.
    assert "out of memory: needs 0.0 GiB, 0.0 GiB are free" in run.warnings


def test_another_error_of_a_model_is_raised(session_of, clips, monkeypatch):
    def broken(self, loss):
        raise RuntimeError("a bug")

    monkeypatch.setattr("isojoule.workloads.ReferenceModel.build", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        run_all(session_of("rnn-1x128"), clips)


@pytest.mark.parametrize(
    ("blocks", "steady"),
    [
        ([(1.0, 10.0), (1.0, 10.0)], False),
        ([(9.0, 1.0), (1.0, 10.0), (1.04, 10.0), (1.0, 10.2)], True),
        ([(1.0, 10.0), (1.0, 10.0), (1.2, 10.0)], False),
        ([(1.0, 10.0), (1.0, 14.0), (1.0, 10.0)], False),
        ([(1.0, None), (1.0, None), (1.0, None)], True),
    ],
)
def test_steady_is_three_blocks_of_one_pace_and_one_power(blocks, steady):
    assert _is_steady(blocks, 0.05) is steady
