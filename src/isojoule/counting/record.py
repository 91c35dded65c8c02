"""What was counted, and under which conventions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CONVENTIONS: Final[Mapping[str, str]] = {
    "multiply-accumulate": (
        "one multiplication and addition of a matrix product or convolution (MAC); "
        "biases, activations, pooling, norms and other element-wise work are not in it"
    ),
    "flop": (
        "2 per MAC; training: forward, gradients of the weights that are trained, and "
        "of inputs where one is needed, without loss and optimizer"
    ),
    "deepspeed": (
        "what DeepSpeed 0.19.8 reports as FLOPs of one forward pass: 2 per MAC and "
        "element-wise work, but not the bias of a linear layer"
    ),
    "activations": (
        "outputs of all layers of one forward pass in float32; of recurrent layers the "
        "states of every layer and step"
    ),
}
"""What each count means, by its name."""


@dataclass(frozen=True, slots=True)
class FlopCount:
    """What one call of a model costs, and its share per sample.

    Parameters
    ----------
    n_samples : int
        Samples of the call.
    n_params : int
        Trainable parameters; shared ones once.
    forward_mac : int
        Convention ``multiply-accumulate``: of matrix products and convolutions of the
        forward pass in evaluation mode [MAC].
    training_flop : int or None
        Convention ``flop``: forward pass in training mode, gradients of the weights
        that are trained, gradients of inputs where something before needs one [FLOP].
        `None` where it was not asked for.
    deepspeed_flop : int or None
        Convention ``deepspeed``: what its profiler reports for the forward pass in
        evaluation mode [FLOP]. `None` where `deepspeed_gap` says why.
    activation_bytes : int
        Outputs of all layers of the forward pass, 4 bytes per number [bytes]. A layer
        is a module that calls no other; an output that shares the memory of an earlier
        one, as after an in-place activation or a flattening, counts once.
    by_module : mapping of str to int
        Forward MAC of every module that does any, by its name in the model, those of
        the modules inside it included.
    uncounted : tuple of str
        Operations that look like products but have no formula: the counts lack them.
    deepspeed_gap : str
        Why there is no count by the convention ``deepspeed``; empty where there is one.

    Raises
    ------
    ValueError
        If `n_samples` is not positive.

    Notes
    -----
    Shares are integers where the samples divide the total, as they do for all that is
    done anew for every sample.
    """

    n_samples: int
    n_params: int
    forward_mac: int
    training_flop: int | None
    deepspeed_flop: int | None
    activation_bytes: int
    by_module: Mapping[str, int]
    uncounted: tuple[str, ...] = ()
    deepspeed_gap: str = ""

    def __post_init__(self) -> None:
        if self.n_samples < 1:
            raise ValueError(f"n_samples is {self.n_samples}; it must be at least 1")

    @property
    def forward_flop(self) -> int:
        """Convention ``flop``: twice the multiply-accumulates [FLOP]."""
        return 2 * self.forward_mac

    @property
    def forward_mac_per_sample(self) -> float:
        """Share of `forward_mac` [MAC]."""
        return self.per_sample(self.forward_mac)

    @property
    def forward_flop_per_sample(self) -> float:
        """Share of `forward_flop` [FLOP]."""
        return self.per_sample(self.forward_flop)

    @property
    def training_flop_per_sample(self) -> float | None:
        """Share of `training_flop` [FLOP]."""
        return (
            None if self.training_flop is None else self.per_sample(self.training_flop)
        )

    @property
    def deepspeed_flop_per_sample(self) -> float | None:
        """Share of `deepspeed_flop` [FLOP]."""
        return (
            None
            if self.deepspeed_flop is None
            else self.per_sample(self.deepspeed_flop)
        )

    @property
    def activation_bytes_per_sample(self) -> float:
        """Share of `activation_bytes` [bytes]."""
        return self.per_sample(self.activation_bytes)

    def per_sample(self, total: int) -> float:
        """Return the share of one sample in a figure of the call.

        Parameters
        ----------
        total : int
            Such as a value of `by_module`.

        Returns
        -------
        float
            In the same unit; an integer where the samples divide it.
        """
        share, rest = divmod(total, self.n_samples)
        return total / self.n_samples if rest else share
