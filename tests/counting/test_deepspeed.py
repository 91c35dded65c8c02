"""FLOPs as DeepSpeed's profiler counts them."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from builders import skip_or_fail
from isojoule import count_flop

ORACLE = Path(__file__).with_name("deepspeed_oracle.py")


@pytest.mark.slow
def test_counts_equal_those_of_the_profiler():
    if find_spec("deepspeed") is None:
        skip_or_fail("comparing with DeepSpeed needs deepspeed: pip install deepspeed")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", ORACLE], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert len(counts) == 29
    assert {name: ours for name, (_, ours) in counts.items()} == {
        name: theirs for name, (theirs, _) in counts.items()
    }


def test_counts_of_convolution_pooling_and_activation_by_hand():
    model = nn.Sequential(
        nn.Conv1d(2, 3, 3),  # 18 weights x 6 positions, 18 biases
        nn.ReLU(),  # 18
        nn.MaxPool1d(2),  # its input: 18
        nn.Sigmoid(),  # free
        nn.Flatten(),
        nn.Linear(9, 4),  # 36 products, bias free
        nn.Softmax(dim=1),  # 4
    )
    count = count_flop(model, torch.ones(5, 2, 8))
    assert count.deepspeed_flop_per_sample == (2 * 108 + 18) + 18 + 18 + 2 * 36 + 4


def test_counts_of_recurrent_layers_by_hand():
    # 15 gates: products less one per gate, 7 per unit, and two biases per gate.
    step = (2 * 15 * 4 - 15) + (2 * 15 * 5 - 15) + 7 * 5 + 2 * 15
    count = count_flop(nn.GRU(4, 5), torch.ones(3, 2, 4))
    assert count.deepspeed_flop == 3 * 2 * step


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (lambda x: torch.einsum("bij,bjk->bik", x, x), "torch.einsum"),
        (lambda x: functional.interpolate(x, scale_factor=2), "functional.interpolate"),
        (
            lambda x: nn.MultiheadAttention(4, 2)(x, x, x)[0],
            "multi_head_attention_forward",
        ),
        (lambda x: torch.bmm(x, mat2=x), "misses the argument 'other'"),
    ],
)
def test_what_has_no_closed_form_is_told(work, told):
    class Written(nn.Module):
        def forward(self, x):
            return work(x)

    count = count_flop(Written(), torch.ones(2, 4, 4))
    assert count.deepspeed_flop is None
    assert told in count.deepspeed_gap
