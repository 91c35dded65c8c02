"""Activations: outputs of layers, each piece of memory once."""

import torch
from torch import nn

from isojoule import count_flop


def numbers_per_sample(model, *sizes, n_samples=3):
    """Numbers of float32 that the activations of one sample hold."""
    count = count_flop(model, torch.ones(n_samples, *sizes))
    return count.activation_bytes_per_sample / 4


def test_every_layer_counts_its_output():
    model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 2))
    assert numbers_per_sample(model, 4) == 5 + 5 + 2


def test_an_activation_in_place_takes_no_memory():
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU(inplace=True))
    assert numbers_per_sample(model, 4) == 5


def test_another_view_of_an_output_takes_no_memory():
    model = nn.Sequential(nn.Conv1d(2, 3, 3), nn.Flatten(), nn.Linear(18, 2))
    assert numbers_per_sample(model, 2, 8) == 18 + 2


def test_the_input_is_no_activation():
    model = nn.Sequential(nn.Flatten(), nn.Identity(), nn.Linear(8, 2))
    assert numbers_per_sample(model, 2, 4) == 2


def test_dropout_of_the_evaluation_mode_takes_no_memory():
    assert numbers_per_sample(nn.Sequential(nn.Linear(4, 5), nn.Dropout()), 4) == 5


def test_recurrent_layers_count_the_states_of_every_layer_and_direction():
    gru = nn.GRU(3, 5, num_layers=2, bidirectional=True, batch_first=True)
    assert numbers_per_sample(gru, 7, 3) == 2 * 2 * 7 * 5
    lstm = nn.LSTM(3, 5, proj_size=2, batch_first=True)
    assert numbers_per_sample(lstm, 7, 3) == 7 * 2


def test_a_state_that_is_flattened_counts_once():
    class Last(nn.Module):
        def __init__(self):
            super().__init__()
            self.gru = nn.GRU(3, 5, batch_first=True)
            self.flatten = nn.Flatten()

        def forward(self, x):
            return self.flatten(self.gru(x)[0])

    assert numbers_per_sample(Last(), 7, 3) == 7 * 5


def test_indices_are_no_activation():
    pool = nn.MaxPool1d(2, return_indices=True)
    assert numbers_per_sample(pool, 2, 8) == 2 * 4


def test_a_module_that_calls_others_is_no_layer():
    # Attention never calls the module of its output weights, so it is itself a layer.
    attention = nn.MultiheadAttention(4, 2, batch_first=True)
    x = torch.ones(2, 5, 4)
    count = count_flop(attention, {"query": x, "key": x, "value": x})
    weights = 5 * 5  # put out as well, of both heads together
    assert count.activation_bytes_per_sample == 4 * (5 * 4 + weights)


def test_half_precision_is_counted_as_float32():
    model = nn.Linear(4, 5).half()
    count = count_flop(model, torch.ones(2, 4, dtype=torch.float16))
    assert count.activation_bytes_per_sample == 4 * 5


def test_other_models_that_run_meanwhile_are_not_counted():
    other = nn.Linear(4, 9)

    class Caller(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 5)
            self.others = [other.to("meta")]  # in a list, so no part of the model

        def forward(self, x):
            self.others[0](x)
            return self.layer(x)

    assert numbers_per_sample(Caller(), 4) == 5
