"""Formulas of operations that `torch.utils.flop_counter` lacks or counts wrongly.

Each takes the arguments of an operation with shapes in the place of tensors, and
returns FLOP.
"""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any, Final, TypeAlias

import torch
from torch.utils.flop_counter import flop_registry

Shape: TypeAlias = Sequence[int]
Formula: TypeAlias = Callable[..., int]


def convolution_backward(
    gradient: Shape,
    x: Shape,
    weight: Shape,
    _bias: object,
    _stride: object,
    _padding: object,
    _dilation: object,
    is_transposed: bool,
    _output_padding: object,
    _groups: int,
    output_mask: Sequence[bool],
    **_: object,
) -> int:
    """Return the FLOP of the gradients of a convolution, grouped or not.

    The gradient of the input and that of the weight take as many as the convolution.
    torch 2.13 counts the latter once for every group.
    """
    positions = x if is_transposed else gradient
    mac = positions[0] * prod(positions[2:]) * prod(weight)
    return 2 * mac * sum(output_mask[:2])


def vector_product(first: Shape, *_: object, **__: object) -> int:
    """Return the FLOP of a matrix by a vector, or of two vectors."""
    return 2 * prod(first)


def added_vector_product(_: object, matrix: Shape, *__: object, **___: object) -> int:
    """Return the FLOP of a matrix by a vector to which a vector is added."""
    return 2 * prod(matrix)


def matrix_product(first: Shape, second: Shape, **_: object) -> int:
    """Return the FLOP of two matrices, or of pairs of them."""
    return 2 * prod(first) * second[-1]


def added_matrix_product(_: object, first: Shape, second: Shape, **__: object) -> int:
    """Return the FLOP of a product of matrices to which something is added."""
    return 2 * prod(first) * second[-1]


def grouped_product(first: Shape, second: Shape, *_: object, **__: object) -> int:
    """Return the FLOP of rows by the matrices of their groups, whoever has which.

    Where only the first has matrices for groups, the columns of the second are shared
    out among them.
    """
    is_shared_out = len(first) > len(second)
    return 2 * prod(first[1:] if is_shared_out else first) * second[-1]


def attention(query: Shape, key: Shape, value: Shape, *_: object, **__: object) -> int:
    """Return the FLOP of scores and of weighted values, whatever is masked."""
    return 2 * prod(query[:-1]) * key[-2] * (query[-1] + value[-1])


def attention_backward(
    _: object, query: Shape, key: Shape, value: Shape, *__: object, **___: object
) -> int:
    """Return the FLOP of the gradients and of the scores, which are computed anew."""
    scores = 2 * prod(query) * key[-2]
    return scores + 2 * attention(query, key, value)


def multi_head_attention(
    query: Shape, key: Shape, value: Shape, width: int, *_: object, **__: object
) -> int:
    """Return the FLOP of the four projections and of the attention of all heads."""
    n_rows = 2 * prod(query[:-1]) + prod(key[:-1]) + prod(value[:-1])
    return 2 * n_rows * width * width + attention(query, key, value)


def transformer_layer(x: Shape, width: int, *rest: Shape, **_: object) -> int:
    """Return the FLOP of self-attention and of the two products behind it."""
    first_weight, second_weight = rest[12], rest[14]
    products = 2 * prod(x[:-1]) * (prod(first_weight) + prod(second_weight))
    return multi_head_attention(x, x, x, width) + products


# Operations by name, because not every build and version of torch has all of them.
_CORRECTED: Final[Mapping[str, Formula]] = {
    "convolution_backward": convolution_backward,
}
_ADDED: Final[Mapping[str, Formula]] = {
    "mv": vector_product,
    "dot": vector_product,
    "vdot": vector_product,
    "addmv": added_vector_product,
    "addbmm": added_matrix_product,
    "_addmm_activation": added_matrix_product,
    "_int_mm": matrix_product,
    "_grouped_mm": grouped_product,
    "_scaled_dot_product_flash_attention_for_cpu": attention,
    "_scaled_dot_product_flash_attention_for_cpu_backward": attention_backward,
    "_native_multi_head_attention": multi_head_attention,
    "_transformer_encoder_layer_fwd": transformer_layer,
}


def extra_formulas() -> dict[Any, Formula]:
    """Return formulas for the `custom_mapping` of a `FlopCounterMode`.

    Those that torch lacks are left out where a newer torch, or the user, has one.
    """
    aten = torch.ops.aten
    added = {
        getattr(aten, name): formula
        for name, formula in _ADDED.items()
        if hasattr(aten, name)
    }
    return {
        **{o: formula for o, formula in added.items() if o not in flop_registry},
        **{getattr(aten, name): formula for name, formula in _CORRECTED.items()},
    }
