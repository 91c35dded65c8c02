"""Recurrent layers by closed form: no loop over the steps, whatever the device.

torch runs a GRU, LSTM or RNN step by step on some devices and as one fused operation on
others. Here it is one operation of known cost everywhere, which makes outputs of the
right shape and nothing else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Final, Protocol, TypeAlias

import torch
from torch import Tensor

N_GATES: Final = {
    torch.rnn_tanh: 1,
    torch.rnn_relu: 1,
    torch.gru: 3,
    torch.lstm: 4,
}
"""Products of the input, and of the state, in each step."""

Shape: TypeAlias = Sequence[int]


@dataclass(frozen=True, slots=True)
class Needs:
    """Which gradients a backward pass of a stack of recurrent cells computes.

    Parameters
    ----------
    of_input : bool
        Of the sequence.
    of_state : bool
        Of the first states.
    of_weights : tuple of tuple of bool
        Of the weights and biases of each cell.
    """

    of_input: bool
    of_state: bool
    of_weights: tuple[tuple[bool, ...], ...]


def forward_mac(weights: Sequence[Sequence[Shape]], *, n_rows: int) -> int:
    """Return the multiply-accumulates of recurrent cells [MAC].

    Parameters
    ----------
    weights : sequence of sequences of shapes
        Weights and biases of each cell: one per layer and direction.
    n_rows : int
        Steps of all sequences together.

    Notes
    -----
    Every matrix of a cell is multiplied at every step, also by a first state of zeros.
    """
    return n_rows * sum(prod(shape) for cell in weights for shape in _matrices(cell))


def backward_mac(
    weights: Sequence[Sequence[Shape]],
    *,
    n_rows: int,
    n_sequences: int,
    n_directions: int,
    needs: Needs,
) -> int:
    """Return the multiply-accumulates of the gradients [MAC].

    Parameters
    ----------
    weights : sequence of sequences of shapes
        Weights and biases of each cell, by layer and then direction.
    n_rows, n_sequences : int
        Steps of all sequences together; sequences.
    n_directions : int
        Cells per layer.
    needs : Needs
        What is differentiated.

    Notes
    -----
    The gradient of a matrix takes as many as its product. That of the state is passed
    from each step to the one before, so it exists once less than there are steps,
    unless the first state is differentiated too.
    """
    total = 0
    input_needs = needs.of_input
    for start in range(0, len(weights), n_directions):
        layer = slice(start, start + n_directions)
        pairs = list(zip(weights[layer], needs.of_weights[layer], strict=True))
        for cell, trained in pairs:
            matrices = _matrices(cell)
            of_input, of_state, *projection = [prod(shape) for shape in matrices]
            total += n_rows * sum(
                prod(shape)
                for shape, is_trained in zip(cell, trained, strict=True)
                if is_trained and len(shape) == 2
            )
            total += n_rows * of_input if input_needs else 0
            # What the last product of a step multiplies, and what reaches it.
            before = trained[:-1] if projection else trained
            if input_needs or needs.of_state or any(before):
                total += n_rows * sum(projection)
            elif any(trained):
                total += (n_rows - n_sequences) * sum(projection)
            if input_needs or needs.of_state or any(trained):
                n_passed = n_rows if needs.of_state else n_rows - n_sequences
                total += n_passed * of_state
        input_needs |= needs.of_state or any(any(trained) for _, trained in pairs)
    return total


def _matrices(cell: Sequence[Shape]) -> list[Shape]:
    return [shape for shape in cell if len(shape) == 2]


@dataclass(frozen=True, slots=True)
class RecurrentCall:
    """The arguments of ``torch.gru``, ``torch.lstm``, ``torch.rnn_*`` by their meaning.

    Parameters
    ----------
    function : callable
        One of `N_GATES`.
    sequence : Tensor
        Steps of all sequences, in one row each where `is_packed`.
    states : tuple of Tensor
        First states, of an LSTM also the first cell states.
    cells : tuple of tuple of Tensor
        Weights and biases per layer and direction.
    n_directions : int
        Cells per layer.
    is_packed : bool
        Whether the sequences differ in length.
    """

    function: Callable[..., Any]
    sequence: Tensor
    states: tuple[Tensor, ...]
    cells: tuple[tuple[Tensor, ...], ...]
    n_directions: int
    is_packed: bool

    @classmethod
    def of(cls, function: Callable[..., Any], args: Sequence[Any]) -> "RecurrentCall":
        """Return the call that `torch.nn` makes with these positional arguments."""
        is_packed = isinstance(args[3], list | tuple)
        sequence, *rest = args
        states, weights, _, n_layers = rest[1:5] if is_packed else rest[:4]
        is_bidirectional = args[8 if is_packed else 7]
        n_directions = 2 if is_bidirectional else 1
        size = len(weights) // (n_layers * n_directions)
        return cls(
            function=function,
            sequence=sequence,
            states=(states,) if isinstance(states, Tensor) else tuple(states),
            cells=tuple(
                tuple(weights[start : start + size])
                for start in range(0, len(weights), size)
            ),
            n_directions=n_directions,
            is_packed=is_packed,
        )

    @property
    def n_rows(self) -> int:
        """Steps of all sequences together."""
        return prod(self.sequence.shape[:-1])

    @property
    def n_sequences(self) -> int:
        """Sequences of the batch."""
        return self.states[0].shape[1]

    @property
    def shapes(self) -> list[list[Shape]]:
        """Shapes of `cells`."""
        return [[weight.shape for weight in cell] for cell in self.cells]

    def run(self, tell: Callable[[int], None]) -> tuple[Tensor, ...]:
        """Return empty outputs; tell the FLOP now and, of the gradients, backwards.

        Parameters
        ----------
        tell : callable
            Takes a number of FLOP whenever some are spent.
        """
        tell(2 * forward_mac(self.shapes, n_rows=self.n_rows))
        weights = [weight for cell in self.cells for weight in cell]
        outputs: tuple[Tensor, ...] = _ShapeOnly.apply(  # type: ignore[no-untyped-call]
            self, tell, self.sequence, *self.states, *weights
        )
        return outputs

    def backward_flop(self, needs: Sequence[bool]) -> int:
        """Return the FLOP of the gradients.

        Parameters
        ----------
        needs : sequence of bool
            Whether the sequence, each state and each weight is differentiated.
        """
        n_states, size = len(self.states), len(self.cells[0])
        of_weights = needs[1 + n_states :]
        return 2 * backward_mac(
            self.shapes,
            n_rows=self.n_rows,
            n_sequences=self.n_sequences,
            n_directions=self.n_directions,
            needs=Needs(
                of_input=needs[0],
                of_state=any(needs[1 : 1 + n_states]),
                of_weights=tuple(
                    tuple(of_weights[start : start + size])
                    for start in range(0, len(of_weights), size)
                ),
            ),
        )


class _Context(Protocol):
    """What the two passes of an operation share."""

    call: RecurrentCall
    tell: Callable[[int], None]
    needs_input_grad: tuple[bool, ...]
    saved_tensors: tuple[Tensor, ...]

    def save_for_backward(self, *tensors: Tensor) -> None:
        """Keep tensors for the backward pass."""


class _ShapeOnly(torch.autograd.Function):
    """Recurrent layers that make outputs and gradients of the right shape only."""

    @staticmethod
    def forward(
        ctx: _Context,
        call: RecurrentCall,
        tell: Callable[[int], None],
        sequence: Tensor,
        *tensors: Tensor,
    ) -> tuple[Tensor, ...]:
        ctx.call, ctx.tell = call, tell
        ctx.save_for_backward(sequence, *tensors)
        n_outputs = call.cells[0][1].shape[1]  # of the state as it is passed on
        output = sequence.new_empty(*sequence.shape[:-1], n_outputs * call.n_directions)
        return (output, *(torch.empty_like(state) for state in call.states))

    @staticmethod
    def backward(ctx: _Context, *_: Tensor) -> tuple[Tensor | None, ...]:
        needs = ctx.needs_input_grad[2:]
        ctx.tell(ctx.call.backward_flop(needs))
        return (
            None,
            None,
            *(
                torch.empty_like(tensor) if is_needed else None
                for tensor, is_needed in zip(ctx.saved_tensors, needs, strict=True)
            ),
        )
