"""Functions of torch as a model calls them, before torch takes them apart."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils.flop_counter import FlopCounterMode

from isojoule.counting.deepspeed import DeepSpeedTally
from isojoule.counting.recurrent import N_GATES, RecurrentCall


class WatchedFunctions(TorchFunctionMode):
    """Counts recurrent layers by closed form and all calls as DeepSpeed would.

    Parameters
    ----------
    counter : FlopCounterMode
        Gets the FLOP of recurrent layers.
    deepspeed : DeepSpeedTally
        Gets all calls.
    """

    def __init__(self, counter: FlopCounterMode, deepspeed: DeepSpeedTally) -> None:
        super().__init__()
        self._counter = counter
        self._deepspeed = deepspeed

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if func in N_GATES and not kwargs:
            call = RecurrentCall.of(func, args)
            self._deepspeed.add_recurrent(call)
            return call.run(self._tell)
        output = func(*args, **(kwargs or {}))
        self._deepspeed.add(func, args, kwargs or {}, output)
        return output

    def _tell(self, flop: int) -> None:
        """Add FLOP to every module that is running."""
        for module in set(self._counter.mod_tracker.parents):
            self._counter.flop_counts[module][torch.ops.aten.rnn_tanh] += flop
