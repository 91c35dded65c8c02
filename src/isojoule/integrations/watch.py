"""Notices that a call has been left where nobody tells of it.

Transformers and Keras call no hook when a training raises. The stack of the thread does
tell: once the function that trains is no longer on it, the training has ended. Nothing
is wrapped, replaced or traced for that.
"""

import inspect
import sys
import threading
from collections.abc import Callable, Iterator
from traceback import walk_stack, walk_tb
from types import FrameType
from typing import Final

_POLL_S: Final = 0.1


def calling_frame(function: str, *, package: str) -> FrameType | None:
    """Return the innermost frame of a function that called us.

    Parameters
    ----------
    function : str
        Its name, such as ``"fit"``.
    package : str
        Top-level package that it is written in.

    Returns
    -------
    FrameType or None
        `None` where no such function is under way.
    """
    for frame, _ in walk_stack(inspect.currentframe()):
        module = str(frame.f_globals.get("__name__", ""))
        if frame.f_code.co_name == function and module.split(".")[0] == package:
            return frame
    return None


class Watch:
    """Tells whether a call of this thread is still under way.

    Parameters
    ----------
    frame : FrameType
        The call; held until `cancel`.
    """

    def __init__(self, frame: FrameType) -> None:
        self._frame: FrameType | None = frame
        self._thread_id = threading.get_ident()
        self._ended = threading.Event()

    def has_left(self) -> bool:
        """Return whether the call has returned or raised."""
        top = sys._current_frames().get(self._thread_id)  # noqa: SLF001
        return top is None or all(f is not self._frame for f, _ in walk_stack(top))

    def was_interrupted(self) -> bool:
        """Return whether a Ctrl-C that is still being handled, or told of, ended it."""
        return any(
            isinstance(error, KeyboardInterrupt)
            and any(f is self._frame for f, _ in walk_tb(error.__traceback__))
            for error in _recent_errors(self._thread_id)
        )

    def start(self, on_left: Callable[[], object]) -> None:
        """Call `on_left` from a thread of ours once the call has been left.

        Parameters
        ----------
        on_left : callable
            Called at most once, within about 0.1 s; never after `cancel`.
        """
        threading.Thread(
            target=self._poll, args=(on_left,), name="isojoule-watch", daemon=True
        ).start()

    def _poll(self, on_left: Callable[[], object]) -> None:
        while not self._ended.wait(_POLL_S):
            if self.has_left():
                on_left()
                return

    def cancel(self) -> None:
        """Watch no longer, and let go of what the call held."""
        self._ended.set()
        self._frame = None


def _recent_errors(thread_id: int) -> Iterator[BaseException]:
    """Yield what the thread is handling and what was last told of, with its causes."""
    handled = sys._current_exceptions().get(thread_id)  # noqa: SLF001
    if sys.version_info >= (3, 12):
        error = handled
    else:
        error = handled[1] if handled else None
    for last in (error, getattr(sys, "last_value", None)):
        error = last
        while error is not None:
            yield error
            error = error.__context__
