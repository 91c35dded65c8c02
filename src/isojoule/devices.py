"""Waiting for accelerators, through the frameworks that are imported already."""

import sys
from types import ModuleType
from typing import Any


def synchronize_devices() -> None:
    """Wait until the accelerators have done what was asked of them.

    Only through PyTorch and JAX, only where they are imported and have started a
    device; nothing is imported or started here. While a CUDA graph is captured nothing
    is waited for, since that would break the capture.
    """
    torch = sys.modules.get("torch")
    if torch is not None:
        _synchronize_torch(torch)
    jax = sys.modules.get("jax")
    if jax is not None:
        _synchronize_jax(jax)


def _synchronize_torch(torch: ModuleType) -> None:
    cuda = getattr(torch, "cuda", None)
    if cuda is not None and cuda.is_initialized():
        if cuda.is_current_stream_capturing():
            return
        used = {cuda.current_device()}
        # Waiting for a device that holds nothing of ours would create a context on it.
        used |= {i for i in range(cuda.device_count()) if cuda.memory_reserved(i)}
        for device in sorted(used):
            cuda.synchronize(device)
    mps = getattr(torch, "mps", None)
    if mps is not None and _mps_is_used(torch):
        mps.synchronize()


def _mps_is_used(torch: ModuleType) -> bool:
    backend = getattr(getattr(torch, "backends", None), "mps", None)
    if backend is None or not backend.is_available():
        return False
    return bool(torch.mps.current_allocated_memory() > 0)


def _synchronize_jax(jax: Any) -> None:  # noqa: ANN401 - JAX may not be installed
    bridge = sys.modules.get("jax._src.xla_bridge")
    started = getattr(bridge, "backends_are_initialized", None)
    if started is None or not started():
        return
    # A device runs what it is given in order: the last one done, all are done.
    for device in jax.local_devices():
        (jax.device_put(0.0, device) + 0).block_until_ready()
