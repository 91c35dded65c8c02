"""A function of which every call is measured."""

import functools
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar, cast

from isojoule.records import Run

Function = TypeVar("Function", bound=Callable[..., Any])


class Measurement(Protocol):
    """What measures one call."""

    @property
    def run(self) -> Run:
        """The finished run."""
        ...


def measured(
    function: Function, begin: Callable[[], AbstractContextManager[Measurement]]
) -> Function:
    """Return `function` with a measurement of its own around every call.

    Parameters
    ----------
    function : callable
        May be a coroutine function.
    begin : callable
        Returns a new measurement, which begins and ends as a context manager.

    Returns
    -------
    callable
        With the last finished run as its attribute ``run``.
    """

    def keep(measurement: Measurement) -> None:
        wrapper.run = measurement.run

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as it returns
        with begin() as measurement:
            result = function(*args, **kwargs)
        keep(measurement)
        return result

    @functools.wraps(function)
    async def call_later(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        with begin() as measurement:
            result = await function(*args, **kwargs)
        keep(measurement)
        return result

    wrapper: Any = call_later if inspect.iscoroutinefunction(function) else call
    return cast("Function", wrapper)
