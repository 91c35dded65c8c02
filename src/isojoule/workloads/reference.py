"""What the reference models share: the training protocol, the counts, the record.

The counts are closed forms in integers, so that listing them needs neither `torch` nor
memory. A multiply-accumulate (MAC) is one of a matrix product or convolution, and one
MAC is two FLOP; element-wise work is only in the DeepSpeed count.

References
----------
.. [1] Douwes & Serizel, "Normalizing Energy Consumption for Hardware-Independent
   Evaluation"; the 43 configurations.
.. [2] https://github.com/ConstanceDws/toolbox_energy, commit 4c6f87d (the authors'
   code; where paper and code differ, the code is followed).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from isojoule.errors import MissingExtraError

if TYPE_CHECKING:
    from torch import nn

# The protocol. Source: [2]_, `launch_experiment.sh` (mel frames, epochs, batch size),
# `main.py` (Adam, learning rate), `src/dataloader.py` (mel bands, classes).
N_MELS: Final = 128
N_FRAMES: Final = 64
INPUT_SHAPE: Final = (1, N_MELS, N_FRAMES)
"""One clip: channel, mel band, frame."""
N_CLASSES: Final = 10
Loss: TypeAlias = Literal["softmax", "sigmoid"]
"""What stands before the binary cross-entropy: ``softmax`` in [2]_, ``sigmoid`` in the
text of [1]_."""
BATCH_SIZE: Final = 8
N_EPOCHS: Final = 10
LEARNING_RATE: Final = 1e-3
"""Of Adam, with its default moments."""

# Rows of `weak.tsv` of DESED (turpaultn/DESED, 0686178), the data set of [1]_.
N_SAMPLES_PER_EPOCH: Final = 1578
STEPS_PER_EPOCH: Final = 198
"""ceil(1578 / 8): the last batch holds 2 clips and is not dropped."""


def require_torch() -> ModuleType:
    """Return `torch`, which only building, clips and running need.

    Raises
    ------
    MissingExtraError
        If `torch` is not installed.
    """
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("suite", "running reference models") from error
    return torch


@dataclass(frozen=True, slots=True)
class LayerCount:
    """What one layer costs for one sample.

    Parameters
    ----------
    n_params : int
        Weights and biases.
    forward_mac : int
        Multiply-accumulates of the forward pass; the gradient of the weights takes as
        many again.
    input_gradient_mac : int
        Multiply-accumulates of the gradient that is passed to whatever comes before.
    deepspeed_flop : int
        FLOP that DeepSpeed's profiler adds for biases, activations and pooling.
    n_outputs : int
        Numbers that the layer, its activation and its pooling put out.
    """

    n_params: int
    forward_mac: int
    input_gradient_mac: int
    deepspeed_flop: int
    n_outputs: int


def count_dense(
    n_in: int, n_out: int, *, is_first: bool = False, deepspeed_flop: int
) -> LayerCount:
    """Return the count of a linear layer with bias and the activation behind it.

    Parameters
    ----------
    n_in, n_out : int
        Features.
    is_first : bool, default False
        Whether nothing with parameters comes before; its input then needs no gradient.
    deepspeed_flop : int
        What DeepSpeed adds for the activation behind it: one per output of a ReLU or
        softmax. The bias of a linear layer it does not count.
    """
    mac = n_in * n_out
    return LayerCount(
        n_params=mac + n_out,
        forward_mac=mac,
        input_gradient_mac=0 if is_first else mac,
        deepspeed_flop=deepspeed_flop,
        n_outputs=2 * n_out,
    )


def count_conv_blocks(n_layers: int, hidden_size: int) -> tuple[LayerCount, ...]:
    """Return the counts of convolution blocks on one clip, from the input on.

    A block is a 3 x 3 convolution with padding 1 and bias, ReLU, and a 2 x 2 maximum
    pooling, which halves both sides for the next one.

    Parameters
    ----------
    n_layers : int
        Blocks.
    hidden_size : int
        Output channels of each.

    Notes
    -----
    DeepSpeed adds bias, ReLU and pooling with one FLOP per output of the convolution
    each: it counts the *input* of the pooling.
    """
    counts = []
    n_channels = INPUT_SHAPE[0]
    for layer in range(n_layers):
        n_pixels = (N_MELS >> layer) * (N_FRAMES >> layer)
        n_weights = 9 * n_channels * hidden_size
        mac = n_weights * n_pixels
        counts.append(
            LayerCount(
                n_params=n_weights + hidden_size,
                forward_mac=mac,
                input_gradient_mac=0 if layer == 0 else mac,
                deepspeed_flop=3 * hidden_size * n_pixels,
                n_outputs=2 * hidden_size * n_pixels + hidden_size * n_pixels // 4,
            )
        )
        n_channels = hidden_size
    return tuple(counts)


def count_gru(
    n_in: int, hidden_size: int, *, n_layers: int, n_steps: int, is_first: bool = False
) -> tuple[LayerCount, ...]:
    """Return the counts of the layers of a GRU.

    Parameters
    ----------
    n_in : int
        Features of its input.
    hidden_size : int
        Features of its state.
    n_layers : int
        Layers, each fed by the states of the one before.
    n_steps : int
        Length of the sequence.
    is_first : bool, default False
        Whether nothing with parameters comes before; the input of the first layer then
        needs no gradient.

    Notes
    -----
    Three gates, each with a product of the input and one of the state, at every step:
    :math:`3 T h (x + h)` MAC, also for the first state, which is zero but multiplied
    all the same. Backwards, the state gradient exists for :math:`T - 1` steps, because
    the first state is a constant. DeepSpeed adds 7 per state and step.
    """
    counts = []
    for layer in range(n_layers):
        n_features = n_in if layer == 0 else hidden_size
        input_mac = 3 * n_steps * hidden_size * n_features
        state_mac_per_step = 3 * hidden_size * hidden_size
        needs_input_gradient = layer > 0 or not is_first
        counts.append(
            LayerCount(
                n_params=3 * hidden_size * (n_features + hidden_size + 2),
                forward_mac=input_mac + n_steps * state_mac_per_step,
                input_gradient_mac=(input_mac if needs_input_gradient else 0)
                + (n_steps - 1) * state_mac_per_step,
                deepspeed_flop=7 * n_steps * hidden_size,
                n_outputs=n_steps * hidden_size,
            )
        )
    return tuple(counts)


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """One configuration of the reference suite: what it costs and how to build it.

    Parameters
    ----------
    name : str
        Key in `SUITE`.
    family : str
        ``mlp``, ``cnn``, ``rnn`` or ``crnn``.
    num_layers : tuple of int
        Hidden layers; of a CRNN the convolutions and the recurrent layers.
    hidden_sizes : tuple of int
        Width of each kind of layer in `num_layers`.
    layers : tuple of LayerCount
        Cost per layer, input to output.
    builder : callable
        Takes the module behind the last layer, returns the network with fresh weights.

    Notes
    -----
    All counts are per sample and do not depend on the batch size.
    """

    name: str
    family: str
    num_layers: tuple[int, ...]
    hidden_sizes: tuple[int, ...]
    layers: tuple[LayerCount, ...] = field(repr=False)
    builder: Callable[["nn.Module"], "nn.Module"] = field(repr=False, compare=False)

    @property
    def n_params(self) -> int:
        """Trainable parameters."""
        return sum(layer.n_params for layer in self.layers)

    @property
    def forward_mac_per_sample(self) -> int:
        """Multiply-accumulates of matrix products and convolutions [MAC]."""
        return sum(layer.forward_mac for layer in self.layers)

    @property
    def forward_flop_per_sample(self) -> int:
        """Twice the multiply-accumulates [FLOP]."""
        return 2 * self.forward_mac_per_sample

    @property
    def training_flop_per_sample(self) -> int:
        """Forward, weight gradients, and input gradients where one is needed [FLOP].

        Between 2 and 3 times the forward pass: the first layer passes no gradient on.
        Loss and optimizer are not counted.
        """
        return 2 * sum(
            2 * layer.forward_mac + layer.input_gradient_mac for layer in self.layers
        )

    @property
    def deepspeed_flop_per_sample(self) -> int:
        """What DeepSpeed's profiler reports as FLOPs of the forward pass [FLOP].

        The figure that the published normalization used: element-wise work is in it,
        the bias of linear layers is not.
        """
        return self.forward_flop_per_sample + sum(
            layer.deepspeed_flop for layer in self.layers
        )

    @property
    def activation_bytes_per_sample(self) -> int:
        """Outputs of all layers of the forward pass in float32 [bytes].

        Of a recurrent layer its states; gates and gradients are not among them.
        """
        return 4 * sum(layer.n_outputs for layer in self.layers)

    def build(self, loss: Loss = "softmax") -> "nn.Module":
        """Return the network with fresh weights from torch's global generator.

        Seeding and the device (``with torch.device(...)``) are up to the caller.

        Parameters
        ----------
        loss : {"softmax", "sigmoid"}
            What turns the last layer into probabilities.

        Returns
        -------
        torch.nn.Module
            Maps clips of shape (n, 1, 128, 64) to probabilities of shape (n, 10).

        Raises
        ------
        MissingExtraError
            If `torch` is not installed.
        """
        nn = require_torch().nn
        is_softmax = loss == "softmax"
        return self.builder(nn.Softmax(dim=1) if is_softmax else nn.Sigmoid())
