"""The reference models, counted: their closed forms and their code agree."""

import pytest
import torch

from isojoule import count_flop
from isojoule.workloads import INPUT_SHAPE, SUITE

COUNTS = (
    "n_params",
    "forward_mac_per_sample",
    "forward_flop_per_sample",
    "training_flop_per_sample",
    "deepspeed_flop_per_sample",
    "activation_bytes_per_sample",
)


@pytest.mark.parametrize("name", SUITE)
def test_every_count_of_a_reference_model_equals_its_closed_form(name):
    with torch.device("meta"):
        network = SUITE[name].build()
    count = count_flop(network, torch.empty(8, *INPUT_SHAPE, device="meta"))
    counted = {key: getattr(count, key) for key in COUNTS}
    assert counted == {key: getattr(SUITE[name], key) for key in COUNTS}
    assert all(type(value) is int for value in counted.values())
    assert count.uncounted == ()


@pytest.mark.parametrize("n_samples", [1, 2, 5])
@pytest.mark.parametrize("name", ["mlp-1x512", "cnn-2x128", "rnn-1x128"])
def test_counts_per_sample_do_not_depend_on_the_batch(name, n_samples):
    with torch.device("meta"):
        network = SUITE[name].build()
    count = count_flop(network, torch.empty(n_samples, *INPUT_SHAPE, device="meta"))
    assert count.n_samples == n_samples
    assert [getattr(count, key) for key in COUNTS] == [
        getattr(SUITE[name], key) for key in COUNTS
    ]
