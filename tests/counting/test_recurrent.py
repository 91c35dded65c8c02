"""Recurrent layers by closed form, against torch taking every step apart."""

import itertools
import time

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from isojoule import count_flop
from isojoule.counting.recurrent import Needs, backward_mac, forward_mac

N_STEPS, N_SEQUENCES, N_FEATURES, WIDTH = 2, 3, 5, 4


def stepwise(layer, sequence, states):
    """Forward and training FLOP, step by step on the meta device."""
    with FlopCounterMode(display=False) as counter:
        outputs = layer(sequence, states)
        forward = counter.get_total_flops()
        ends = [t for t in tree_leaves(outputs) if t.requires_grad]
        torch.autograd.backward(ends, [torch.empty_like(end) for end in ends])
    return forward, counter.get_total_flops()


def states_for(layer, *, is_trained):
    """First states on the meta device, differentiated or not."""
    n_cells = layer.num_layers * (2 if layer.bidirectional else 1)
    hidden, cell = (
        torch.empty(
            n_cells, N_SEQUENCES, width, device="meta", requires_grad=is_trained
        )
        for width in (layer.proj_size or WIDTH, WIDTH)
    )
    return (hidden, cell) if isinstance(layer, nn.LSTM) else hidden


TWO_WAYS = {"num_layers": 2, "bidirectional": True}
VARIANTS = [
    (nn.RNN, TWO_WAYS),
    (nn.GRU, {"bias": False}),
    (nn.GRU, TWO_WAYS),
    (nn.LSTM, {"proj_size": 2}),
    (nn.LSTM, {**TWO_WAYS, "proj_size": 2}),
]
"""Kinds of recurrent layers with their options."""


def no_gradient_of(*parts):
    return lambda name: any(part in name for part in parts)


FROZEN = {
    "nothing": no_gradient_of(),
    "first layer": no_gradient_of("_l0"),
    "input weights": no_gradient_of("weight_ih"),
    "state weights": no_gradient_of("weight_hh"),
    "all weights": no_gradient_of("weight"),
    "all but a projection": lambda name: name != "weight_hr_l0",
}


@pytest.mark.parametrize("frozen", FROZEN)
@pytest.mark.parametrize(("kind", "options"), VARIANTS)
def test_counts_equal_those_of_every_step(kind, options, frozen):
    with torch.device("meta"):
        layer = kind(N_FEATURES, WIDTH, **options)
        sequence = torch.empty(N_STEPS, N_SEQUENCES, N_FEATURES)
    for name, parameter in layer.named_parameters():
        parameter.requires_grad_(not FROZEN[frozen](name))
    for trains_input, trains_states in ((False, False), (True, False), (False, True)):
        sequence.requires_grad_(trains_input)
        states = states_for(layer, is_trained=trains_states)
        forward, training = stepwise(layer, sequence, states)
        count = count_flop(layer, (sequence, states), n_samples=N_SEQUENCES)
        assert (count.forward_flop, count.training_flop) == (forward, training)


def test_counts_of_a_gru_by_hand():
    # 3 gates x 4 units, 5 features: 60 weights of the input, 48 of the state; 3 steps
    # of 2 sequences.
    layer = nn.GRU(5, 4)
    count = count_flop(layer, torch.ones(3, 2, 5), n_samples=2)
    assert count.forward_mac == 6 * (60 + 48)
    # The same for the weights; the state gradient skips the first step.
    assert count.training_flop == 2 * (2 * 6 * (60 + 48) + 4 * 48)


class Probe(nn.Module):
    """Notes the shapes that a layer puts out, outside of itself."""

    def __init__(self, layer, seen):
        super().__init__()
        self.layer = layer
        self.note = lambda outputs: seen.append([t.shape for t in tree_leaves(outputs)])

    def forward(self, sequence):
        outputs = self.layer(sequence)
        self.note(outputs)
        return outputs


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_outputs_have_the_shapes_of_the_real_ones(kind):
    for is_first, both_ways in itertools.product((False, True), repeat=2):
        layer = kind(5, 4, 2, batch_first=is_first, bidirectional=both_ways)
        model = Probe(layer, seen := [])
        model(torch.ones(3, 2, 5))
        count_flop(model, torch.ones(3, 2, 5))
        assert seen[0] == seen[1] == seen[2]


def test_relu_recurrence_counts_like_tanh():
    counts = [
        count_flop(nn.RNN(5, 4, nonlinearity=name), torch.ones(3, 2, 5)).training_flop
        for name in ("tanh", "relu")
    ]
    assert counts[0] == counts[1]


def test_sequences_of_different_length_count_by_their_steps():
    layer = nn.GRU(5, 4)
    packed = pack_sequence([torch.ones(3, 5), torch.ones(1, 5)])
    count = count_flop(layer, packed)
    assert count.n_samples == 2
    assert count.forward_mac == 4 * (60 + 48)
    assert count.training_flop == 2 * (2 * 4 * (60 + 48) + 2 * 48)
    assert count.activation_bytes == 4 * 4 * 4
    assert count.deepspeed_gap == "DeepSpeed does not count packed sequences"


def test_a_sequence_without_batch_is_one_sample():
    count = count_flop(nn.GRU(5, 4), torch.ones(3, 5), n_samples=1)
    assert count.forward_mac == 3 * (60 + 48)


def test_two_thousand_steps_take_milliseconds():
    layer, sequence = nn.GRU(64, 64, 2), torch.ones(2048, 8, 64)
    start_s = time.perf_counter()
    count = count_flop(layer, sequence, n_samples=8)
    assert time.perf_counter() - start_s < 0.5  # a second and more step by step
    assert count.forward_mac_per_sample == 2048 * 2 * 3 * 64 * (64 + 64)


def test_a_call_of_the_function_itself_counts_like_the_layer():
    class Direct(nn.Module):
        def __init__(self):
            super().__init__()
            self.weights = nn.ParameterList(nn.GRU(5, 4).parameters())

        def forward(self, sequence):
            state = torch.zeros(1, sequence.shape[1], 4)
            weights = list(self.weights)
            return torch.gru(
                sequence, state, weights, True, 1, 0.0, self.training, False, False
            )

    assert count_flop(Direct(), torch.ones(3, 2, 5)).training_flop == (
        count_flop(nn.GRU(5, 4), torch.ones(3, 2, 5)).training_flop
    )


def test_the_closed_forms_are_arithmetic_on_shapes():
    cell = [(12, 5), (12, 4), (12,), (12,)]
    assert forward_mac([cell], n_rows=6) == 6 * (60 + 48)
    needs = Needs(of_input=True, of_state=True, of_weights=((True,) * 4,))
    backward = backward_mac(
        [cell], n_rows=6, n_sequences=2, n_directions=1, needs=needs
    )
    assert backward == 2 * 6 * (60 + 48)
