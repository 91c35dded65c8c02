"""One window of a meter at a time, so that nothing is in two of them."""

from contextlib import AbstractContextManager
from typing import TypeAlias

from isojoule.meter import Meter

Label: TypeAlias = tuple[str, str, int | None]
"""Name, phase and epoch of a window."""


class OneWindow:
    """Opens a window in place of another.

    Parameters
    ----------
    meter : Meter
        Running by the first `enter`.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._window: AbstractContextManager[object] | None = None
        self._label: Label | None = None

    @property
    def phase(self) -> str | None:
        """Phase of the open window; `None` where none is open."""
        return None if self._label is None else self._label[1]

    def enter(self, label: Label) -> None:
        """Open this window in place of another; nothing where it is open already.

        Parameters
        ----------
        label : tuple of str, str and int or None
            Name, phase and epoch.

        Raises
        ------
        RuntimeError
            If the meter was not started.
        """
        if label == self._label:
            return
        self.leave()
        name, phase, epoch = label
        window = self._meter.window(name, phase=phase, epoch=epoch)
        window.__enter__()
        self._window, self._label = window, label

    def leave(self) -> None:
        """Close the open window, if there is one."""
        window, self._window, self._label = self._window, None, None
        if window is not None:
            window.__exit__(None, None, None)
