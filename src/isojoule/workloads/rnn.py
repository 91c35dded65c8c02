"""Recurrent networks of the reference suite, which never recur.

The authors reshape a clip to one step of 8192 features (the channel axis becomes time),
so a GRU here is a stack of gated layers, and every step of training moves a state of
zeros from the CPU to the device. Both cost energy in the published runs: both are kept.
"""

from functools import partial
from math import prod
from typing import TYPE_CHECKING

from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    ReferenceModel,
    count_dense,
    count_gru,
    require_torch,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

N_FEATURES = prod(INPUT_SHAPE)


def rnn(num_layers: int, hidden_size: int) -> ReferenceModel:
    """Return the GRU with `num_layers` layers of `hidden_size` units."""
    return ReferenceModel(
        name=f"rnn-{num_layers}x{hidden_size}",
        family="rnn",
        num_layers=(num_layers,),
        hidden_sizes=(hidden_size,),
        layers=(
            *count_gru(
                N_FEATURES, hidden_size, n_layers=num_layers, n_steps=1, is_first=True
            ),
            count_dense(hidden_size, N_CLASSES, deepspeed_flop=N_CLASSES),
        ),
        builder=partial(_build, num_layers, hidden_size),
    )


def _build(
    num_layers: int, hidden_size: int, to_probabilities: "nn.Module"
) -> "nn.Module":
    require_torch()
    import torch
    from torch import nn

    class OneStepGru(nn.Module):  # in here, because its base is an optional package
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(N_FEATURES, hidden_size, num_layers, batch_first=True)
            self.output = nn.Linear(hidden_size, N_CLASSES)
            self.to_probabilities = to_probabilities

        def forward(self, clips: "Tensor") -> "Tensor":
            n_clips = clips.shape[0]
            state = torch.zeros(num_layers, n_clips, hidden_size, device="cpu")
            hidden, _ = self.gru(
                clips.view(n_clips, 1, N_FEATURES), state.to(clips.device)
            )
            probabilities: Tensor = self.to_probabilities(self.output(hidden[:, 0]))
            return probabilities

    return OneStepGru()
