"""What a model costs: counts from shapes alone, on no device and without its weights.

Importing this leaves torch alone; counting needs it (the ``suite`` extra).
"""

from typing import TYPE_CHECKING

from isojoule.counting.record import CONVENTIONS, FlopCount
from isojoule.errors import MissingExtraError

if TYPE_CHECKING:
    from torch import nn

__all__ = ["CONVENTIONS", "FlopCount", "count_flop"]


def count_flop(
    model: "nn.Module",
    example_input: object,
    *,
    n_samples: int | None = None,
    training: bool = True,
) -> FlopCount:
    """Return what one call of `model` costs, counted without doing the work.

    Parameters
    ----------
    model : torch.nn.Module
        On any device, also ``meta``. It is left as it was: parameters, buffers,
        gradients, modes and attributes of its modules. Its hooks run.
    example_input : tensor, tuple or mapping
        The input, a tuple of the inputs by place, or a mapping of those by name. Only
        shapes and types of tensors matter, not their values or device.
    n_samples : int or None
        Samples in it; `None` takes the length of the first dimension of the first
        tensor.
    training : bool, default True
        Whether to count a training pass too.

    Returns
    -------
    FlopCount
        Counts of the call [MAC, FLOP, bytes] and their shares per sample.

    Raises
    ------
    MissingExtraError
        If `torch` is not installed.
    TypeError
        If `model` is no module of torch, or does not take such inputs.
    ValueError
        If the number of samples is not clear, or the model cannot be called so, or its
        work depends on values.

    Warns
    -----
    UserWarning
        If operations that look like products have no formula: the counts lack them.

    Notes
    -----
    ``torch.utils.flop_counter.FlopCounterMode`` counts the matrix products and
    convolutions of a call with tensors that have no values. Such a call takes no memory
    and no device, and counts alike for every device, because nothing is fused.
    Recurrent layers are counted by closed form. Gradients of grouped convolutions are
    counted right, which torch 2.13 counts once per group.

    The forward pass is one in evaluation mode. The training pass counts the gradients
    that autograd computes: of a frozen layer none of the weights, of the first layer
    none of the input.
    """
    try:
        from isojoule.counting.model import count_model
    except ImportError as error:
        raise MissingExtraError("suite", "counting a model") from error
    return count_model(model, example_input, n_samples=n_samples, training=training)
