"""FLOPs as DeepSpeed's profiler reports them, without DeepSpeed.

The profiler replaces functions of torch by ones that add a closed form per call. What
it does not replace costs nothing: pooling counts, a sigmoid does not.

References
----------
.. [1] DeepSpeed 0.19.8, `deepspeed/profiling/flops_profiler/profiler.py`: what each
   function and recurrent module costs. 0.12.6 and 0.14.4 count the layers of the
   reference models alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import torch
from torch import Tensor
from torch.nn import functional

from isojoule.counting.recurrent import N_GATES, RecurrentCall


@dataclass(frozen=True, slots=True)
class _Call:
    """One call of a function: its arguments by place or name, and what came back."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    output: Any

    def tensor(self, place: int, name: str) -> Tensor:
        """Return an argument that is a tensor."""
        found: Tensor = self.args[place] if self._has(place) else self.kwargs[name]
        return found

    def is_given(self, place: int, name: str) -> bool:
        """Return whether an argument is there and not `None`."""
        found = self.args[place] if self._has(place) else self.kwargs.get(name)
        return found is not None

    def _has(self, place: int) -> bool:
        return place < len(self.args)

    @property
    def n_inputs(self) -> int:
        """Numbers in the first argument."""
        return self.tensor(0, "input").numel()

    @property
    def n_outputs(self) -> int:
        """Numbers in the output."""
        return int(self.output.numel())


Rule = Callable[[_Call], int]


def _per_input(call: _Call) -> int:
    return call.n_inputs


def _per_output(call: _Call) -> int:
    return call.n_outputs


def _linear(call: _Call) -> int:
    return 2 * call.n_inputs * call.tensor(1, "weight").shape[0]


def _convolution(call: _Call) -> int:
    per_output = 2 * prod(call.tensor(1, "weight").shape[1:])
    return (per_output + call.is_given(2, "bias")) * call.n_outputs


def _transposed_convolution(call: _Call) -> int:
    per_input = 2 * prod(call.tensor(1, "weight").shape[1:])
    return per_input * call.n_inputs + call.is_given(2, "bias") * call.n_outputs


def _batch_norm(call: _Call) -> int:
    return (1 + call.is_given(3, "weight")) * call.n_inputs


def _norm(weight_place: int) -> Rule:
    def flop(call: _Call) -> int:
        return (4 + call.is_given(weight_place, "weight")) * call.n_inputs

    return flop


def _product(call: _Call) -> int:
    return 2 * call.n_inputs * call.tensor(1, "other").shape[-1]


def _added_product(call: _Call) -> int:
    first, second = call.tensor(1, "mat1"), call.tensor(2, "mat2")
    return 2 * first.numel() * second.shape[-1] + call.n_inputs


def _attention(call: _Call) -> int:
    query, key = call.tensor(0, "query"), call.tensor(1, "key")
    width = query.shape[-1] + call.tensor(2, "value").shape[-1]
    return 2 * prod(query.shape[:-1]) * key.shape[-2] * width


def _cell(function: Callable[..., Any]) -> Rule:
    def flop(call: _Call) -> int:
        per_row = _step_flop(
            function,
            call.tensor(2, "w_ih").shape,
            call.tensor(3, "w_hh").shape,
            has_biases=call.is_given(4, "b_ih"),
        )
        return per_row * call.tensor(0, "input").shape[0]

    return flop


_PER_STATE: Final = {
    torch.rnn_tanh: 1,
    torch.rnn_relu: 1,
    torch.gru: 7,
    torch.lstm: 10,
}
"""Element-wise FLOP of a recurrent step, per number of its state."""


def _step_flop(
    function: Callable[..., Any],
    of_input: torch.Size,
    of_state: torch.Size,
    *,
    has_biases: bool,
) -> int:
    """Return the FLOP of one step of one recurrent layer.

    A product of a row by a matrix is here 2 per weight less 1 per output.
    """
    n_gates_wide = of_input[0]
    products = 2 * (prod(of_input) + prod(of_state)) - 2 * n_gates_wide
    element_wise = _PER_STATE[function] * (n_gates_wide // N_GATES[function])
    return products + element_wise + (2 * n_gates_wide if has_biases else 0)


_RULES: Final[Mapping[Callable[..., Any], Rule]] = {
    functional.linear: _linear,
    functional.conv1d: _convolution,
    functional.conv2d: _convolution,
    functional.conv3d: _convolution,
    functional.conv_transpose1d: _transposed_convolution,
    functional.conv_transpose2d: _transposed_convolution,
    functional.conv_transpose3d: _transposed_convolution,
    functional.relu: _per_input,
    functional.prelu: _per_input,
    functional.elu: _per_input,
    functional.leaky_relu: _per_input,
    functional.relu6: _per_input,
    functional.silu: _per_input,
    functional.gelu: _per_input,
    functional.softmax: _per_input,
    functional.batch_norm: _batch_norm,
    functional.layer_norm: _norm(2),
    functional.group_norm: _norm(2),
    functional.instance_norm: _norm(3),
    functional.avg_pool1d: _per_input,
    functional.avg_pool2d: _per_input,
    functional.avg_pool3d: _per_input,
    functional.max_pool1d: _per_input,
    functional.max_pool2d: _per_input,
    functional.max_pool3d: _per_input,
    functional.max_pool1d_with_indices: _per_input,
    functional.max_pool2d_with_indices: _per_input,
    functional.max_pool3d_with_indices: _per_input,
    functional.adaptive_avg_pool1d: _per_input,
    functional.adaptive_avg_pool2d: _per_input,
    functional.adaptive_avg_pool3d: _per_input,
    functional.adaptive_max_pool1d: _per_input,
    functional.adaptive_max_pool2d: _per_input,
    functional.adaptive_max_pool3d: _per_input,
    functional.adaptive_max_pool1d_with_indices: _per_input,
    functional.adaptive_max_pool2d_with_indices: _per_input,
    functional.adaptive_max_pool3d_with_indices: _per_input,
    functional.scaled_dot_product_attention: _attention,
    torch.matmul: _product,
    torch.mm: _product,
    torch.bmm: _product,
    torch.Tensor.matmul: _product,
    torch.Tensor.mm: _product,
    torch.Tensor.bmm: _product,
    torch.addmm: _added_product,
    torch.baddbmm: _added_product,
    torch.Tensor.addmm: _added_product,
    torch.mul: _per_output,
    torch.add: _per_output,
    torch.rnn_tanh_cell: _cell(torch.rnn_tanh),
    torch.rnn_relu_cell: _cell(torch.rnn_relu),
    torch.gru_cell: _cell(torch.gru),
    torch.lstm_cell: _cell(torch.lstm),
}

_NO_CLOSED_FORM: Final[Mapping[Callable[..., Any], str]] = {
    torch.einsum: "torch.einsum",
    functional.interpolate: "torch.nn.functional.interpolate",
    functional.lp_pool1d: "torch.nn.functional.lp_pool1d",
    functional.lp_pool2d: "torch.nn.functional.lp_pool2d",
    functional.lp_pool3d: "torch.nn.functional.lp_pool3d",
    torch.Tensor.__rmatmul__: "torch.Tensor.__rmatmul__",
    functional.multi_head_attention_forward: (
        "torch.nn.functional.multi_head_attention_forward"
    ),
}
"""What DeepSpeed counts in a way that is not a closed form of the shapes."""


class DeepSpeedTally:
    """Adds up the calls of a forward pass.

    Attributes
    ----------
    gap : str
        Why `flop` is not known; empty where it is.

    Notes
    -----
    ``a + b`` and ``a.add(b)`` look alike here. The former is taken, which DeepSpeed
    does not count; likewise ``a * b``.
    """

    def __init__(self) -> None:
        self.gap = ""
        self._flop = 0

    @property
    def flop(self) -> int | None:
        """The sum [FLOP]; `None` where there is a gap."""
        return None if self.gap else self._flop

    def add(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
        output: object,
    ) -> None:
        """Add a call of a function of torch."""
        if function in _RULES:
            try:
                self._flop += _RULES[function](_Call(args, kwargs, output))
            except KeyError as missing:  # it knows other names of arguments
                self.gap = f"DeepSpeed misses the argument {missing} of a function"
        elif function in _NO_CLOSED_FORM:
            self.gap = f"{_NO_CLOSED_FORM[function]} has no closed form there"

    def add_recurrent(self, call: RecurrentCall) -> None:
        """Add a call of recurrent layers.

        Of a layer with two directions it counts the first twice, and no projection.
        """
        if call.is_packed:
            self.gap = "DeepSpeed does not count packed sequences"
            return
        per_row = sum(
            _step_flop(
                call.function,
                cell[0].shape,
                cell[1].shape,
                has_biases=len(cell) >= 4,
            )
            for cell in call.cells[:: call.n_directions]
        )
        self._flop += call.n_directions * call.n_rows * per_row
