"""How several things are run: one after the other, or by a pool of the caller."""

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")


class RunAll(Protocol):
    """Runs a function over several things, in their order, like `map`."""

    def __call__(
        self, function: Callable[[_In], _Out], things: Iterable[_In], /
    ) -> Iterable[_Out]:
        """Return the results in the order of the things."""
        ...
