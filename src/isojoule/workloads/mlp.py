"""Multilayer perceptrons of the reference suite."""

from functools import partial
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

from isojoule.workloads.reference import (
    INPUT_SHAPE,
    N_CLASSES,
    ReferenceModel,
    count_dense,
    require_torch,
)

if TYPE_CHECKING:
    from torch import nn


def mlp(num_layers: int, hidden_size: int) -> ReferenceModel:
    """Return the perceptron with `num_layers` hidden layers of `hidden_size` units."""
    widths = [prod(INPUT_SHAPE), *[hidden_size] * num_layers]
    hidden = [
        count_dense(n_in, n_out, is_first=layer == 0, deepspeed_flop=n_out)
        for layer, (n_in, n_out) in enumerate(pairwise(widths))
    ]
    output = count_dense(hidden_size, N_CLASSES, deepspeed_flop=N_CLASSES)
    return ReferenceModel(
        name=f"mlp-{num_layers}x{hidden_size}",
        family="mlp",
        num_layers=(num_layers,),
        hidden_sizes=(hidden_size,),
        layers=(*hidden, output),
        builder=partial(_build, num_layers, hidden_size),
    )


def _build(
    num_layers: int, hidden_size: int, to_probabilities: "nn.Module"
) -> "nn.Module":
    require_torch()
    from torch import nn

    stack: list[nn.Module] = [nn.Flatten()]
    n_in = prod(INPUT_SHAPE)
    for _ in range(num_layers):
        stack += [nn.Linear(n_in, hidden_size), nn.ReLU()]
        n_in = hidden_size
    return nn.Sequential(*stack, nn.Linear(n_in, N_CLASSES), to_probabilities)
