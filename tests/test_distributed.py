"""Ranks in processes of their own, on a driver of known energy, merged into one run."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders import skip_or_fail
from fakes.nvml import FakeDevice, FakeDriver, steady
from isojoule.cli import main
from isojoule.merging import merge_runs, newest_ranks
from isojoule.store import RunStore

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs" / "howto-distributed.md"
WATTS = (300.0, 100.0)
EPOCH_S = 1.1

# Two epochs in which the ranks wait for each other; one more window on rank 0 alone.
EPOCHS = f"""
def train(meter, step, rank):
    for epoch in range(2):
        with meter.window("train", phase="train", epoch=epoch):
            end_s = time.monotonic() + {EPOCH_S}
            while time.monotonic() < end_s:
                time.sleep(0.1)
            step()
    if rank == 0:
        with meter.window("checkpoint"):
            time.sleep(1.1)
    else:
        time.sleep(1.1)
    step()
"""

TORCH = f"""
import time
import torch
import torch.distributed as dist
from isojoule import Meter, RunStore
{EPOCHS}
dist.init_process_group("gloo")
with RunStore.open() as store, Meter("line", store=store) as meter:
    train(meter, dist.barrier, dist.get_rank())
dist.barrier()
dist.destroy_process_group()
"""

PLAIN = f"""
import os
import time
from isojoule import Meter, RunStore
{EPOCHS}
with RunStore.open() as store, Meter("line", store=store) as meter:
    train(meter, lambda: None, int(os.environ["SLURM_PROCID"]))
"""

TORCHRUN = [
    *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
    *("--nproc-per-node", "2", "train.py"),
]


@pytest.fixture
def ranks_of(tmp_path, monkeypatch):
    """Return a function that runs ranks beside GPUs and returns their runs."""
    if shutil.which("cc") is None:
        skip_or_fail("no C compiler: the fake driver cannot be built")
    monkeypatch.chdir(tmp_path)

    def run(program, powers_w, commands, *variables):
        Path("train.py").write_text(program, encoding="utf-8")
        driver = FakeDriver([FakeDevice(steady(power_w)) for power_w in powers_w])
        environment = os.environ | driver.write(tmp_path / "driver")
        environment |= {"ISOJOULE_STORE": str(tmp_path / "store")}
        environment |= {"OMP_NUM_THREADS": "1"}
        environment.pop("CUDA_VISIBLE_DEVICES", None)
        ranks = [
            subprocess.Popen(
                commands, env=environment | more, stderr=subprocess.PIPE, text=True
            )
            for more in variables or [{}]
        ]
        for rank in ranks:
            _, told = rank.communicate(timeout=120)
            assert rank.returncode == 0, told
        with RunStore.open(tmp_path / "store") as store:
            return newest_ranks(store.runs(with_samples=True))

    return run


def found(run, component):
    (energy,) = [e for e in run.energies if e.component == component]
    return energy


def by_rank(runs):
    return sorted(runs, key=lambda run: int(run.tags["rank"]))


def assert_two_gpus_are_added(runs):
    """Rank r measured GPU r, which drew WATTS[r]."""
    merged = merge_runs(runs)
    first, second = by_rank(runs)
    true_j = WATTS[0] * first.duration_s + WATTS[1] * second.duration_s
    gpu = found(merged, "gpu")
    assert gpu.energy_j == pytest.approx(true_j, rel=0.005)
    assert gpu.energy_low_j <= true_j <= gpu.energy_high_j
    assert gpu.source == "counter"
    assert found(merged, "cpu") == found(first, "cpu")
    assert {e.component for e in second.energies} == {"gpu"}
    assert [w.epoch for w in merged.windows] == [0, 1]
    for i, window in enumerate(merged.windows):
        cut = [run.windows[i].duration_s for run in (first, second)]
        assert min(cut) >= EPOCH_S
        true_j = WATTS[0] * cut[0] + WATTS[1] * cut[1]
        energy = window.energies[1]
        assert energy.energy_j == pytest.approx(true_j, rel=0.01)
        assert energy.energy_low_j <= true_j <= energy.energy_high_j
        assert window.duration_s >= max(cut) - 1e-9
    assert merged.hardware.name == "2x NVIDIA A100-SXM4-80GB"
    assert merged.duration_s >= max(first.duration_s, second.duration_s) - 1e-9
    assert merged.tags["world_size"] == "2"
    *others, lost = merged.warnings
    assert lost.endswith("have are left out: 1 'checkpoint'")
    # On a busy machine a rank may begin a second later, which is told.
    assert all(text.startswith("rank ") for text in others)


def test_torchrun_with_a_gpu_for_each_rank(ranks_of):
    pytest.importorskip("torch", reason="torchrun needs the suite extra")
    assert_two_gpus_are_added(ranks_of(TORCH, WATTS, TORCHRUN))


def test_torchrun_with_one_gpu_for_two_ranks(ranks_of):
    pytest.importorskip("torch", reason="torchrun needs the suite extra")
    runs = ranks_of(TORCH, WATTS[:1], TORCHRUN)
    merged = merge_runs(runs)
    true_j = WATTS[0] * max(run.duration_s for run in runs)
    assert found(merged, "gpu").energy_j == pytest.approx(true_j, rel=0.005)
    assert found(merged, "cpu") == found(by_rank(runs)[0], "cpu")
    assert merged.hardware.name == "NVIDIA A100-SXM4-80GB"
    (shared,) = [text for text in merged.warnings if "window" not in text]
    assert shared.startswith("gpu0 of ")
    assert shared.endswith("measured by ranks 0, 1: counted once")


def slurm(rank, **more):
    """What srun tells a task of two on one node."""
    return {
        "SLURM_JOB_ID": "4242",
        "SLURM_PROCID": str(rank),
        "SLURM_LOCALID": str(rank),
        "SLURM_NTASKS": "2",
        **more,
    }


def test_tasks_of_slurm_measure_a_share_each(ranks_of, tmp_path, capsys):
    tasks = [slurm(rank, SLURM_STEP_TASKS_PER_NODE="2") for rank in range(2)]
    runs = ranks_of(PLAIN, WATTS, [sys.executable, "train.py"], *tasks)
    assert_two_gpus_are_added(runs)
    store = str(tmp_path / "store")
    assert main(["runs", "merge", "--job", "4242", "--store", store]) == 0
    assert "2x NVIDIA A100-SXM4-80GB" in capsys.readouterr().out


def test_tasks_that_each_measure_the_whole_node_count_it_once(ranks_of):
    # Without the number of tasks on its node a task cannot know its share.
    tasks = [slurm(rank) for rank in range(2)]
    runs = ranks_of(PLAIN, WATTS, [sys.executable, "train.py"], *tasks)
    merged = merge_runs(runs)
    longest = max(runs, key=lambda run: run.duration_s)
    true_j = sum(WATTS) * longest.duration_s
    assert found(merged, "gpu").energy_j == pytest.approx(true_j, rel=0.005)
    assert found(merged, "cpu") == found(longest, "cpu")
    assert "cpu0, gpu0, gpu1 of " in merged.warnings[0]


def test_the_program_of_the_page_runs_under_torchrun(ranks_of):
    pytest.importorskip("torch", reason="torchrun needs the suite extra")
    block = r"<!-- test: file train_ranks.py -->\n```python\n(.*?)^```$"
    text = PAGE.read_text(encoding="utf-8")
    program = re.search(block, text, re.MULTILINE | re.DOTALL)[1]
    merged = merge_runs(ranks_of(program, WATTS, TORCHRUN))
    assert [(w.name, w.epoch) for w in merged.windows] == [("train", 0), ("train", 1)]
    assert found(merged, "gpu").energy_j is not None
