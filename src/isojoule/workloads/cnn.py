"""Convolutional networks of the reference suite."""

from functools import partial
from typing import TYPE_CHECKING

from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    N_FRAMES,
    N_MELS,
    ReferenceModel,
    count_conv_blocks,
    count_dense,
    require_torch,
)

if TYPE_CHECKING:
    from torch import nn


def cnn(num_layers: int, hidden_size: int) -> ReferenceModel:
    """Return the network with `num_layers` blocks of `hidden_size` channels."""
    n_features = hidden_size * n_pixels_after(num_layers)
    return ReferenceModel(
        name=f"cnn-{num_layers}x{hidden_size}",
        family="cnn",
        num_layers=(num_layers,),
        hidden_sizes=(hidden_size,),
        layers=(
            *count_conv_blocks(num_layers, hidden_size),
            count_dense(n_features, N_CLASSES, deepspeed_flop=N_CLASSES),
        ),
        builder=partial(_build, num_layers, hidden_size),
    )


def n_pixels_after(n_blocks: int) -> int:
    """Return mel bands x frames that `n_blocks` poolings leave."""
    return (N_MELS >> n_blocks) * (N_FRAMES >> n_blocks)


def conv_blocks(n_layers: int, hidden_size: int) -> "list[nn.Module]":
    """Return the modules of the blocks, three each, for the front of a network."""
    require_torch()
    from torch import nn

    modules: list[nn.Module] = []
    n_channels = INPUT_SHAPE[0]
    for _ in range(n_layers):
        modules += [
            nn.Conv2d(n_channels, hidden_size, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        n_channels = hidden_size
    return modules


def _build(
    num_layers: int, hidden_size: int, to_probabilities: "nn.Module"
) -> "nn.Module":
    require_torch()
    from torch import nn

    return nn.Sequential(
        *conv_blocks(num_layers, hidden_size),
        nn.Flatten(),
        nn.Linear(hidden_size * n_pixels_after(num_layers), N_CLASSES),
        to_probabilities,
    )
