"""Operations that do work like a product and have no formula."""

from collections.abc import Collection
from typing import Any, Final

from torch._ops import HigherOrderOperator, OpOverload
from torch.utils._python_dispatch import TorchDispatchMode

_PLAIN_NAMESPACES: Final = {"aten", "prim", "prims", "profiler", "c10d"}
"""Those of torch, where the name tells what an operation does."""

_PRODUCT_WORDS: Final = frozenset(
    (
        *("mv", "addmv", "dot", "vdot", "addr", "matmul", "einsum", "attention"),
        *("linear", "bilinear", "trilinear", "cdist", "euclidean", "fft"),
        *("conv", "conv1d", "conv2d", "conv3d", "convolution", "rnn", "lstm", "gru"),
        *("cholesky", "lu", "qr", "svd", "eig", "eigh", "inv", "pinv", "solve"),
        *("lstsq", "matrix", "det", "slogdet", "householder"),
    )
)
_HARMLESS_WORDS: Final = frozenset(("cell", "flatten"))
"""Of fused operations that only do what is left beside the products."""


def looks_like_a_product(namespace: str, name: str) -> bool:
    """Return whether an operation may hold products, going by its name.

    Parameters
    ----------
    namespace, name : str
        Such as ``aten`` and ``_fft_r2c``. Of the operations of others nothing is
        known, so all of them may.
    """
    if namespace not in _PLAIN_NAMESPACES:
        return True
    words = set(name.split("_"))
    if words & _HARMLESS_WORDS:
        return False
    return bool(words & _PRODUCT_WORDS) or any(word.endswith("mm") for word in words)


class UncountedOperations(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Notes every operation that looks like a product and has no formula.

    Parameters
    ----------
    counted : collection
        Operations with a formula.

    Attributes
    ----------
    names : dict of str to None
        What was seen, as ``namespace::name``, in order.
    """

    supports_higher_order_operators = True

    def __init__(self, counted: Collection[Any]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: dict[str, None] = {}
        self._counted = counted

    def __torch_dispatch__(
        self,
        func: OpOverload | HigherOrderOperator,
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> object:
        if getattr(func, "overloadpacket", func) not in self._counted:
            name = func.__name__.partition(".")[0]
            if looks_like_a_product(func.namespace, name):
                self.names[f"{func.namespace}::{name}"] = None
        return func(*args, **(kwargs or {}))
