"""Prints what DeepSpeed's profiler and isojoule count, as JSON by name of a model.

Run as a program: the profiler replaces functions of torch in the whole process.
"""

import json
import sys

import torch
from deepspeed.profiling.flops_profiler import get_model_profile
from torch import nn
from torch.nn import functional

from isojoule import count_flop
from isojoule.workloads import INPUT_SHAPE, resolve

IMAGE, LINE, VOLUME = (2, 4, 8, 8), (2, 4, 8), (2, 4, 8, 8, 8)
SEQUENCE, ROWS, SQUARES = (3, 2, 4), (2, 4), (2, 4, 4)


class Written(nn.Module):
    """A function of an input and a weight."""

    def __init__(self, write):
        super().__init__()
        self.write = write
        self.weight = nn.Parameter(torch.ones(4, 4))

    def forward(self, x):
        return self.write(x, self.weight)


def of(*layers):
    return nn.Sequential(*layers)


MODELS = {
    "linear": (nn.Linear(4, 6), SQUARES),
    "convolutions": (
        of(
            nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=2),
            nn.ConvTranspose2d(8, 4, 3, stride=2, groups=2, output_padding=1),
            nn.Conv2d(4, 4, 3, padding="same", dilation=2, bias=False),
        ),
        IMAGE,
    ),
    "convolutions of lines": (
        of(nn.Conv1d(4, 8, 3), nn.ConvTranspose1d(8, 4, 3, bias=False)),
        LINE,
    ),
    "convolutions of volumes": (
        of(nn.Conv3d(4, 8, 3), nn.ConvTranspose3d(8, 4, 3)),
        VOLUME,
    ),
    "activations": (
        of(
            *(nn.ReLU(), nn.PReLU(), nn.ELU(), nn.LeakyReLU(), nn.ReLU6(), nn.SiLU()),
            *(nn.GELU(), nn.Softmax(dim=1), nn.Sigmoid(), nn.Tanh(), nn.Hardswish()),
            *(nn.Mish(), nn.Softplus(), nn.SELU(), nn.GLU(dim=1), nn.LogSoftmax(dim=1)),
            *(nn.Dropout(), nn.Identity(), nn.Flatten()),
        ),
        IMAGE,
    ),
    "normalizations": (
        of(
            *(nn.BatchNorm2d(4), nn.BatchNorm2d(4, affine=False)),
            *(nn.GroupNorm(2, 4), nn.GroupNorm(2, 4, affine=False)),
            *(nn.InstanceNorm2d(4), nn.InstanceNorm2d(4, affine=True)),
            *(nn.LayerNorm(8), nn.LayerNorm(8, elementwise_affine=False)),
        ),
        IMAGE,
    ),
    "pooling": (
        of(
            *(nn.MaxPool2d(2, 1), nn.AvgPool2d(2, 1)),
            *(nn.AdaptiveAvgPool2d(4), nn.AdaptiveMaxPool2d(3)),
        ),
        IMAGE,
    ),
    "pooling of lines": (
        of(
            *(nn.MaxPool1d(2, 1), nn.AvgPool1d(2, 1)),
            *(nn.AdaptiveAvgPool1d(4), nn.AdaptiveMaxPool1d(3)),
        ),
        LINE,
    ),
    "pooling of volumes": (
        of(
            *(nn.MaxPool3d(2, 1), nn.AvgPool3d(2, 1)),
            *(nn.AdaptiveAvgPool3d(4), nn.AdaptiveMaxPool3d(3)),
        ),
        VOLUME,
    ),
    "pooling with indices": (nn.MaxPool2d(2, return_indices=True), IMAGE),
    "recurrent": (nn.RNN(4, 5, bias=False), SEQUENCE),
    "gated": (nn.GRU(4, 5, 2, bidirectional=True, batch_first=True), SEQUENCE),
    "memory": (nn.LSTM(4, 5, 2, proj_size=3, bidirectional=True), SEQUENCE),
    "recurrent cell": (nn.RNNCell(4, 5, nonlinearity="relu"), ROWS),
    "gated cell": (nn.GRUCell(4, 5), ROWS),
    "memory cell": (nn.LSTMCell(4, 5, bias=False), ROWS),
    "products": (
        Written(lambda x, w: torch.matmul(x, w) @ w + torch.bmm(x, x).bmm(x)),
        SQUARES,
    ),
    "products with sums": (
        Written(
            lambda x, w: (
                torch.addmm(x[0], x[1], w)
                + x[0].addmm(x[1], w)
                + torch.mm(x[0], w)
                + torch.baddbmm(x, x, x)[0]
            )
        ),
        SQUARES,
    ),
    "element-wise": (
        Written(lambda x, w: torch.add(x * 2 + x, w) - torch.mul(x, 3).add_(x)),
        SQUARES,
    ),
    "softmax as a function": (
        Written(lambda x, _: functional.softmax(x, -1) + torch.softmax(x, -1)),
        SQUARES,
    ),
    "attention": (
        Written(lambda x, _: functional.scaled_dot_product_attention(x, x, x[..., :2])),
        IMAGE,
    ),
}
"""By name: model and shape of its input."""


def main() -> None:
    references = {
        model.name: (model.build(), (1, *INPUT_SHAPE)) for model in resolve(["quick"])
    }
    counts = {}
    for name, (model, shape) in {**MODELS, **references}.items():
        profiled, _, _ = get_model_profile(
            model, args=[torch.ones(shape)], print_profile=False, as_string=False
        )
        counts[name] = profiled, count_flop(model, torch.ones(shape)).deepspeed_flop
    json.dump(counts, sys.stdout)


if __name__ == "__main__":
    main()
