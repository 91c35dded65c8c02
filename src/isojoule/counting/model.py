"""Counting a model: on the meta device where it runs there, else on fake tensors."""

import logging
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import (
    DataDependentOutputException,
    DynamicOutputShapeException,
)
from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.rnn import PackedSequence
from torch.utils._pytree import tree_leaves

from isojoule.counting.passes import Pass, fake_ground, meta_ground, run_pass
from isojoule.counting.record import FlopCount
from isojoule.counting.stand_in import Inputs, is_packed

_DEPENDENCE: Final = (
    DataDependentOutputException,
    DynamicOutputShapeException,
    GuardOnDataDependentSymNode,
)
"""What torch raises where a value decides."""


def count_model(
    model: nn.Module,
    example_input: object,
    *,
    n_samples: int | None,
    training: bool,
) -> FlopCount:
    """Return what one call of `model` costs; see `isojoule.counting.count_flop`.

    Parameters
    ----------
    model : torch.nn.Module
        What is called.
    example_input : tensor, tuple or mapping
        What it is called with.
    n_samples : int or None
        Samples in it; `None` where the first dimension tells.
    training : bool
        Whether to count a training pass too.

    Raises
    ------
    TypeError
        If `model` is no module, or does not take such inputs.
    ValueError
        If the number of samples is not clear, or the model cannot be counted so.

    Warns
    -----
    UserWarning
        If operations that look like products have no formula.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"{type(model).__name__} is no torch.nn.Module to count")
    model = _unwrapped(model)
    inputs = _arguments(example_input)
    if n_samples is None:
        n_samples = _n_samples(inputs)
    modes = (False, True) if training else (False,)
    with _plain_operations(model):
        passes = [_run(model, inputs, is_training=mode) for mode in modes]
    return _record(model, passes, n_samples)


def _unwrapped(model: nn.Module) -> nn.Module:
    """Return what a compiled or parallel model was made from.

    Raises
    ------
    ValueError
        If `model` is scripted.
    """
    if isinstance(model, torch.jit.ScriptModule):
        raise ValueError(
            "a scripted model hides its operations: count the model it was made from"
        )
    if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
        return _unwrapped(model.module)
    original = vars(model).get("_modules", {}).get("_orig_mod")
    return model if original is None else _unwrapped(original)


def _arguments(example_input: object) -> Inputs:
    """Return the inputs by place and those by name."""
    if isinstance(example_input, Mapping):
        return (), dict(example_input)
    if isinstance(example_input, tuple) and not is_packed(example_input):
        return example_input, {}
    return (example_input,), {}


def _n_samples(inputs: Inputs) -> int:
    """Return the samples of a batch.

    Raises
    ------
    ValueError
        If there is no tensor with a first dimension.
    """
    for leaf in tree_leaves(inputs, is_leaf=is_packed):
        if isinstance(leaf, PackedSequence):
            return int(leaf.batch_sizes[0])
        if isinstance(leaf, Tensor) and leaf.dim() > 0:
            return leaf.shape[0]
    raise ValueError("no input is a tensor with samples: state n_samples")


def _run(model: nn.Module, inputs: Inputs, *, is_training: bool) -> Pass:
    """Return a pass on the meta device, or on fake tensors where values are missed.

    Raises
    ------
    TypeError
        If the model does not take such inputs.
    ValueError
        If it runs on neither.
    """
    try:
        return run_pass(model, inputs, ground=meta_ground(), is_training=is_training)
    except RuntimeError as error:
        if not _is_for_lack_of_values(error):
            raise ValueError(_reason(model, inputs, error)) from error
    except TypeError as error:
        if not _is_for_lack_of_values(error):
            raise
    with _silent_fakes():
        try:
            return run_pass(
                model, inputs, ground=fake_ground(), is_training=is_training
            )
        except _DEPENDENCE as error:
            raise ValueError(_dependence(model, error, is_training)) from error
        except RuntimeError as error:
            raise ValueError(_reason(model, inputs, error)) from error


def _is_for_lack_of_values(error: Exception) -> bool:
    """Return whether the meta device is to blame, and not the model or its input.

    A value was asked for, an operation has no meta kernel, or a tensor that is not
    the model's was mixed in: such messages speak of the device.
    """
    return isinstance(error, NotImplementedError) or "meta" in str(error).lower()


def _reason(model: nn.Module, inputs: Inputs, error: RuntimeError) -> str:
    """Return why a model cannot be called."""
    shapes = [tuple(t.shape) for t in tree_leaves(inputs) if isinstance(t, Tensor)]
    line = str(error).strip().partition("\n")[0] or type(error).__name__
    return (
        f"{type(model).__name__} cannot be called with inputs of shape "
        f"{', '.join(map(str, shapes))}: {line}"
    )


def _dependence(model: nn.Module, error: RuntimeError, is_training: bool) -> str:
    """Return where the work of a model depends on values, and what to do."""
    places = [
        f"{Path(frame.filename).name}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
        if not Path(frame.filename).is_relative_to(Path(torch.__file__).parent)
        and not Path(frame.filename).is_relative_to(Path(__file__).parent)
    ]
    where = f" (at {places[-1]})" if places else ""
    pass_, remedy = (
        ("training pass", "count the forward pass alone (training=False)")
        if is_training
        else ("forward pass", "count its parts")
    )
    return (
        f"the {pass_} of {type(model).__name__} depends on values, not on shapes "
        f"alone{where}, so it has no count; {remedy}"
    )


@contextmanager
def _silent_fakes() -> Iterator[None]:
    """Keep torch from logging a traceback for what is raised anyway."""
    logger = logging.getLogger("torch._subclasses.fake_tensor")
    was_disabled = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = was_disabled


def _record(model: nn.Module, passes: list[Pass], n_samples: int) -> FlopCount:
    """Return the record of the passes; warn of what they could not count."""
    forward, *training = passes
    uncounted = tuple(dict.fromkeys(name for p in passes for name in p.uncounted))
    if uncounted:
        warnings.warn(
            f"the counts of {type(model).__name__} lack operations that have no "
            f"formula: {', '.join(uncounted)}",
            stacklevel=4,
        )
    return FlopCount(
        n_samples=n_samples,
        n_params=sum(p.numel() for p in model.parameters() if p.requires_grad),
        forward_mac=forward.flop // 2,
        training_flop=training[0].flop if training else None,
        deepspeed_flop=forward.deepspeed.flop,
        activation_bytes=forward.activation_bytes,
        by_module={name: flop // 2 for name, flop in forward.by_module.items()},
        uncounted=uncounted,
        deepspeed_gap=forward.deepspeed.gap,
    )


@contextmanager
def _plain_operations(model: nn.Module) -> Iterator[None]:
    """Have attention taken apart into products; put random generators back after."""
    devices = {t.device for t in (*model.parameters(), *model.buffers()) if t.is_cuda}
    has_fast_path = torch.backends.mha.get_fastpath_enabled()
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(mode=False))
        stack.enter_context(torch.random.fork_rng(devices))
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        stack.callback(torch.backends.mha.set_fastpath_enabled, has_fast_path)
        torch.backends.mha.set_fastpath_enabled(False)
        yield
