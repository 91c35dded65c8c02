"""Outputs of the layers of a model, counted while it runs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.modules.module import (
    register_module_forward_hook,
    register_module_forward_pre_hook,
)
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_leaves

_BYTES_PER_FLOAT32: Final = 4


class Activations:
    """Adds up what layers put out, each piece of memory once.

    Parameters
    ----------
    known : iterable of Tensor
        Inputs and parameters: an output that is only another view of one is no new
        activation.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        self._seen = {tensor.untyped_storage() for tensor in known if _is_dense(tensor)}
        self._calls_others: list[bool] = []
        self._n_numbers = 0

    @property
    def n_bytes(self) -> int:
        """Outputs so far in float32 [bytes]."""
        return _BYTES_PER_FLOAT32 * self._n_numbers

    @contextmanager
    def watching(self, model: nn.Module) -> Iterator[None]:
        """Add the outputs of the layers of `model` meanwhile."""
        own = set(model.modules())

        def enter(module: nn.Module, _: object) -> None:
            if module in own:
                if self._calls_others:
                    self._calls_others[-1] = True
                self._calls_others.append(False)

        def leave(module: nn.Module, _: object, output: object) -> None:
            if module in own and not self._calls_others.pop():
                self._add(module, output)

        hooks = (
            register_module_forward_pre_hook(enter),
            register_module_forward_hook(leave),
        )
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def _add(self, layer: nn.Module, output: object) -> None:
        n_layers = 1
        if isinstance(layer, nn.RNNBase):
            # It puts out the states of its last layer; those before have as many.
            n_layers = layer.num_layers
            output = _states_of(output)
        for tensor in tree_leaves(output):
            if not (isinstance(tensor, Tensor) and _is_dense(tensor)):
                continue
            storage = tensor.untyped_storage()
            if storage not in self._seen and _is_number(tensor):
                self._seen.add(storage)
                self._n_numbers += n_layers * tensor.numel()


def _states_of(output: object) -> Tensor:
    """Return the states of all steps that recurrent layers put out."""
    sequence: Tensor | PackedSequence = output[0]  # type: ignore[index]
    return sequence.data if isinstance(sequence, PackedSequence) else sequence


def _is_dense(tensor: Tensor) -> bool:
    return tensor.layout == torch.strided


def _is_number(tensor: Tensor) -> bool:
    return tensor.is_floating_point() or tensor.is_complex()
