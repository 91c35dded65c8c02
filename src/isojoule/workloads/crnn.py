"""Convolutional recurrent networks of the reference suite.

The authors reshape the channels-first feature map to (steps, channels) without swapping
the axes, so that one step mixes positions of a few channels. It is kept: it sets the
length of the sequence, 2048 steps after one convolution and 512 after two.
"""

from functools import partial
from typing import TYPE_CHECKING

from isojoule.workloads.cnn import conv_blocks, n_pixels_after
from isojoule.workloads.reference import (
    N_CLASSES,
    ReferenceModel,
    count_conv_blocks,
    count_dense,
    count_gru,
    require_torch,
)

if TYPE_CHECKING:
    from torch import Tensor, nn


def crnn(num_layers: tuple[int, int], hidden_sizes: tuple[int, int]) -> ReferenceModel:
    """Return the network of convolution blocks and a GRU on what they leave.

    Parameters
    ----------
    num_layers : tuple of 2 int
        Convolution blocks and recurrent layers.
    hidden_sizes : tuple of 2 int
        Channels of the blocks and units of the recurrent layers.
    """
    (n_conv, n_recurrent), (conv_size, recurrent_size) = num_layers, hidden_sizes
    return ReferenceModel(
        name=f"crnn-{n_conv}x{n_recurrent}-{conv_size}x{recurrent_size}",
        family="crnn",
        num_layers=num_layers,
        hidden_sizes=hidden_sizes,
        layers=(
            *count_conv_blocks(n_conv, conv_size),
            *count_gru(
                conv_size,
                recurrent_size,
                n_layers=n_recurrent,
                n_steps=n_pixels_after(n_conv),
            ),
            count_dense(recurrent_size, N_CLASSES, deepspeed_flop=N_CLASSES),
        ),
        builder=partial(_build, num_layers, hidden_sizes),
    )


def _build(
    num_layers: tuple[int, int],
    hidden_sizes: tuple[int, int],
    to_probabilities: "nn.Module",
) -> "nn.Module":
    require_torch()
    from torch import nn

    (n_conv, n_recurrent), (conv_size, recurrent_size) = num_layers, hidden_sizes

    class ConvGru(nn.Module):  # in here, because its base is an optional package
        def __init__(self) -> None:
            super().__init__()
            self.blocks = nn.Sequential(*conv_blocks(n_conv, conv_size))
            self.gru = nn.GRU(conv_size, recurrent_size, n_recurrent, batch_first=True)
            self.output = nn.Linear(recurrent_size, N_CLASSES)
            self.to_probabilities = to_probabilities

        def forward(self, clips: "Tensor") -> "Tensor":
            features = self.blocks(clips).view(clips.shape[0], -1, conv_size)
            hidden, _ = self.gru(features)
            probabilities: Tensor = self.to_probabilities(self.output(hidden[:, -1]))
            return probabilities

    return ConvGru()
