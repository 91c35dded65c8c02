"""Tensors without values in the place of real ones, and a model left as it was."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_map

Inputs: TypeAlias = tuple[tuple[Any, ...], dict[str, Any]]
"""What a model is called with, by place and by name."""
Blank: TypeAlias = Callable[[Tensor], Tensor]
"""Returns a tensor of the same shape and kind without its values."""


def blank_on(device: str, *, is_training: bool) -> Blank:
    """Return a function that makes tensors without values.

    Parameters
    ----------
    device : str
        Where it makes them.
    is_training : bool
        Whether the gradients that the originals need are needed of these, too.
    """

    def blank(tensor: Tensor) -> Tensor:
        made = torch.empty_like(tensor.detach(), device=device)
        return made.requires_grad_(is_training and tensor.requires_grad)

    return blank


def blank_inputs(inputs: Inputs, blank: Blank) -> Inputs:
    """Return inputs with every tensor in them blank; what is no tensor stays.

    Parameters
    ----------
    inputs : Inputs
        What a model takes; tensors may be inside tuples, lists and mappings.
    blank : callable
        Makes a tensor without values.
    """

    def replaced(leaf: object) -> object:
        if isinstance(leaf, PackedSequence):
            # The lengths stay: they are part of the shape.
            order = (leaf.sorted_indices, leaf.unsorted_indices)
            blanks = [None if tensor is None else blank(tensor) for tensor in order]
            return PackedSequence(blank(leaf.data), leaf.batch_sizes, *blanks)
        return blank(leaf) if isinstance(leaf, Tensor) else leaf

    made: Inputs = tree_map(replaced, inputs, is_leaf=is_packed)
    return made


def is_packed(node: object) -> bool:
    """Return whether `node` is a batch of sequences of different lengths."""
    return isinstance(node, PackedSequence)


def blank_state(model: nn.Module, blank: Blank) -> dict[str, Tensor]:
    """Return blank parameters and buffers by their names, shared ones once.

    Parameters
    ----------
    model : torch.nn.Module
        Whose they are.
    blank : callable
        Makes a tensor without values.

    Raises
    ------
    ValueError
        If a parameter has no shape yet.
    """
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    lazy = [name for name, tensor in tensors.items() if is_lazy(tensor)]
    if lazy:
        raise ValueError(f"{lazy[0]} has no shape yet: call the model once, then count")
    return {name: blank(tensor) for name, tensor in tensors.items()}


def blank_attributes(model: nn.Module, blank: Blank) -> None:
    """Blank the tensors that modules hold without having registered them.

    Parameters
    ----------
    model : torch.nn.Module
        Changed; see `left_as_it_was`.
    blank : callable
        Makes a tensor without values.
    """
    for module in model.modules():
        attributes = vars(module)
        for name, value in attributes.items():
            if isinstance(value, Tensor):
                attributes[name] = blank(value)


@contextmanager
def left_as_it_was(model: nn.Module) -> Iterator[None]:
    """Undo afterwards whatever is set on the modules of `model` meanwhile.

    Parameters
    ----------
    model : torch.nn.Module
        Values of its tensors are not kept: nothing may write to them.
    """
    before = [(vars(module), _remembered(vars(module))) for module in model.modules()]
    try:
        yield
    finally:
        for attributes, remembered in before:
            attributes.clear()
            for name, (value, content) in remembered.items():
                attributes[name] = value
                if isinstance(value, list):
                    value[:] = content
                elif isinstance(value, dict | set):
                    value.clear()
                    value.update(content)


def _remembered(attributes: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return each attribute, and of a container also what it holds."""
    return {
        name: (value, value.copy() if isinstance(value, dict | list | set) else None)
        for name, value in attributes.items()
    }
