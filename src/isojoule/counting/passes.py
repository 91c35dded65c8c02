"""One run of a model on tensors without values, with everything watched."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.func import functional_call
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from isojoule.counting.activations import Activations
from isojoule.counting.deepspeed import DeepSpeedTally
from isojoule.counting.formulas import extra_formulas
from isojoule.counting.functions import WatchedFunctions
from isojoule.counting.stand_in import (
    Inputs,
    blank_attributes,
    blank_inputs,
    blank_on,
    blank_state,
    left_as_it_was,
)
from isojoule.counting.uncounted import UncountedOperations


@dataclass(frozen=True, slots=True)
class Ground:
    """Where tensors have shapes but no values.

    Parameters
    ----------
    context : context manager
        Inside it, tensors that a model makes have no values either.
    device : str
        Where the tensors of the model and its input belong.
    """

    context: AbstractContextManager[Any]
    device: str


def meta_ground() -> Ground:
    """Return the meta device: a tensor is its shape; asking for a value is an error."""
    return Ground(torch.device("meta"), "meta")


def fake_ground() -> Ground:
    """Return fake tensors on the CPU: real ones may be mixed in, values are symbols."""
    mode = FakeTensorMode(
        allow_non_fake_inputs=True, shape_env=ShapeEnv(), static_shapes=True
    )
    return Ground(mode, "cpu")


@dataclass(frozen=True, slots=True)
class Pass:
    """What one run of a model costs.

    Parameters
    ----------
    flop : int
        Of the forward pass, in training also of the gradients [FLOP].
    by_module : dict of str to int
        Forward FLOP by name of a module.
    deepspeed : DeepSpeedTally
        Of the forward pass.
    activation_bytes : int
        Outputs of all layers of the forward pass in float32 [bytes].
    uncounted : tuple of str
        Operations without a formula.
    """

    flop: int
    by_module: dict[str, int]
    deepspeed: DeepSpeedTally
    activation_bytes: int
    uncounted: tuple[str, ...]


def run_pass(
    model: nn.Module, inputs: Inputs, *, ground: Ground, is_training: bool
) -> Pass:
    """Return the cost of a forward pass, in training of the gradients as well.

    Parameters
    ----------
    model : torch.nn.Module
        It is left as it was.
    inputs : Inputs
        What it is called with.
    ground : Ground
        Where it runs.
    is_training : bool
        Mode of the modules. Normalizations over the batch stay in evaluation mode:
        they cost no product, and would refuse a batch of one.
    """
    with left_as_it_was(model):
        _set_mode(model, is_training=is_training)
        blank = blank_on(ground.device, is_training=is_training)
        with ground.context:
            state = blank_state(model, blank)
            args, kwargs = blank_inputs(inputs, blank)
            blank_attributes(model, blank)
        given = [t for t in tree_leaves((args, kwargs)) if isinstance(t, Tensor)]
        counter = FlopCounterMode(display=False, custom_mapping=extra_formulas())
        uncounted = UncountedOperations(counter.flop_registry)
        deepspeed = DeepSpeedTally()
        activations = Activations([*state.values(), *given])
        with ground.context, uncounted, counter, torch.set_grad_enabled(is_training):
            with WatchedFunctions(counter, deepspeed), activations.watching(model):
                outputs = functional_call(model, state, args, kwargs)
            by_module = _by_module(model, counter)
            if is_training:
                _differentiate(outputs)
    return Pass(
        flop=int(counter.get_total_flops()),
        by_module=by_module,
        deepspeed=deepspeed,
        activation_bytes=int(activations.n_bytes),
        uncounted=tuple(uncounted.names),
    )


_BATCH_NORMS: Final = (
    nn.BatchNorm1d,
    nn.BatchNorm2d,
    nn.BatchNorm3d,
    nn.SyncBatchNorm,
)


def _set_mode(model: nn.Module, *, is_training: bool) -> None:
    """Set every module by itself: a model may have its own idea of `train`."""
    for module in model.modules():
        module.training = is_training and not isinstance(module, _BATCH_NORMS)


def _by_module(model: nn.Module, counter: FlopCounterMode) -> dict[str, int]:
    root = type(model).__name__
    counts = counter.get_flop_counts()
    return {
        name: int(sum(counts[f"{root}.{name}"].values()))
        for name, _ in model.named_modules(remove_duplicate=False)
        if f"{root}.{name}" in counts
    }


def _differentiate(outputs: object) -> None:
    """Run the backward pass from all outputs that have one."""
    ends = [
        leaf
        for leaf in tree_leaves(outputs)
        if isinstance(leaf, Tensor) and leaf.requires_grad
    ]
    torch.autograd.backward(ends, [torch.empty_like(end) for end in ends])
