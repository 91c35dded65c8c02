"""Runs a command under the meter without changing what it does."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Final

from isojoule.errors import IsojouleError
from isojoule.meter import Meter
from isojoule.records import Run, Status

_TICK_S: Final = 1.0


def require_command(name: str) -> None:
    """Raise unless `name` can be started.

    Raises
    ------
    IsojouleError
        If there is no such program.
    """
    if shutil.which(name) is None:
        raise IsojouleError(
            f"cannot start {name!r}: no such command; check its spelling and PATH"
        )


def run_measured(
    command: Sequence[str],
    meter: Meter,
    *,
    on_tick: Callable[[Meter], None],
    idle_s: float = 0.0,
) -> Run:
    """Return the run of `command`; its output, signals and exit code stay its own.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    meter : Meter
        Not started yet.
    on_tick : callable
        Called about once a second while the command runs.
    idle_s : float, default 0
        How long to record the machine at rest before and after [s]. A signal meanwhile
        ends the rest: before the command, also the measurement.

    Raises
    ------
    IsojouleError
        If the command cannot be started.
    KeyboardInterrupt
        If a signal came before the command was started; the run is kept.
    SensorUnavailableError
        If there is no usable sensor; the command is not started then.
    StoreError
        If the journal cannot be made; the command is not started then.
    """
    require_command(command[0])
    children: list[subprocess.Popen[bytes]] = []
    signalled = threading.Event()
    with _passing_signals_to(children, signalled):
        meter.start()
        if idle_s:
            meter.idle_before(lambda: signalled.wait(idle_s))
        if signalled.is_set():
            meter.stop("interrupted")
            raise KeyboardInterrupt
        try:
            child = subprocess.Popen(command)
        except OSError as error:
            meter.stop("failed")
            raise IsojouleError(
                f"cannot start {command[0]!r}: {error.strerror}"
            ) from error
        children.append(child)
        while True:
            try:
                code = child.wait(_TICK_S)
                break
            except subprocess.TimeoutExpired:
                on_tick(meter)
        children.clear()
        if idle_s and not signalled.is_set():
            meter.idle_after(lambda: signalled.wait(idle_s))
        return meter.stop(_status_of(code), exit_code=code)


def _status_of(exit_code: int) -> Status:
    if exit_code == 0:
        return "complete"
    by_user = {-signal.SIGINT, -signal.SIGTERM, 128 + signal.SIGINT}
    return "interrupted" if exit_code in by_user else "failed"


@contextmanager
def _passing_signals_to(
    children: Sequence[subprocess.Popen[bytes]], signalled: threading.Event
) -> Iterator[None]:
    """Live through the signals that are meant for the child, and pass them on.

    A terminal sends Ctrl-C to the child by itself; passing it on too would double it.
    """

    def pass_on(number: int, frame: FrameType | None) -> None:
        del frame
        signalled.set()
        if number == signal.SIGINT and _in_foreground():
            return
        for child in children:
            child.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
    before = {number: signal.signal(number, pass_on) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Return whether we belong to the job that the terminal sends its signals to."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def die_like(exit_code: int) -> int:
    """Return the exit code to end with; a negative one ends us by that signal."""
    if exit_code >= 0:
        return exit_code
    if -exit_code != signal.SIGKILL:
        signal.signal(-exit_code, signal.SIG_DFL)
    os.kill(os.getpid(), -exit_code)
    return 128 - exit_code  # of a signal that is not deadly by default
