"""What must never end a training: its errors become one warning each."""

import functools
import logging
import warnings
from collections.abc import Callable
from typing import Any, Protocol, TypeVar, cast

T = TypeVar("T")

log = logging.getLogger("isojoule.training")


class Guard:
    """Lets work of ours fail without harm, and tells of it once."""

    def __init__(self) -> None:
        self._failed: set[str] = set()

    def attempt(
        self, what: str, work: Callable[[], T], *, again: bool = False
    ) -> T | None:
        """Return what `work` returns; `None` where it fails.

        Parameters
        ----------
        what : str
            What ends or is missing if it fails; begins the warning.
        work : callable
            May raise anything; a Ctrl-C still ends the training.
        again : bool, default False
            Whether to try again after it has failed once.

        Warns
        -----
        UserWarning
            If it fails for the first time.
        """
        if what in self._failed and not again:
            return None
        try:
            return work()
        # Whatever it is, the training that we only look at must go on.
        except Exception as error:
            log.debug("%s", what, exc_info=True)
            self.tell(what, f"{type(error).__name__}: {error}")
            return None

    def tell(self, what: str, reason: str) -> None:
        """Warn of `what` and why, once.

        Parameters
        ----------
        what : str
            What ends or is missing.
        reason : str
            Why.

        Warns
        -----
        UserWarning
            The first time; where warnings are errors it is logged instead.
        """
        if what in self._failed:
            return
        self._failed.add(what)
        message = f"{what}: {reason}; the training goes on"
        try:
            warnings.warn(message, stacklevel=2)
        except UserWarning:
            log.warning(message)


class Guarded(Protocol):
    """What has hooks that a framework calls."""

    @property
    def guard(self) -> Guard:
        """Tells of errors in them."""
        ...


Hook = TypeVar("Hook", bound=Callable[..., None])


def harmless(hook: Hook) -> Hook:
    """Return a hook of a framework that never raises; every call is tried.

    Parameters
    ----------
    hook : callable
        Method of something `Guarded`.
    """

    @functools.wraps(hook)
    def call(self: Guarded, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        self.guard.attempt(
            f"isojoule failed in {hook.__name__}",
            lambda: hook(self, *args, **kwargs),
            again=True,
        )

    return cast("Hook", call)
