"""What `faults.py` kills: a program that measures windows, or one that is measured.

It notes in the file ``events`` when what happened, by `time.monotonic`.
"""

import argparse
import os
import random
import time
from pathlib import Path

from isojoule import Meter, RunStore


class Events:
    """Appends lines that outlive a kill."""

    def __init__(self, folder: Path) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._descriptor = os.open(folder / "events", flags)

    def note(self, what: str, time_s: float | None = None) -> None:
        time_s = time.monotonic() if time_s is None else time_s
        os.write(self._descriptor, f"{what} {time_s!r}\n".encode())


class NotingClock:
    """`time.monotonic`; the first time that is asked for is noted as the origin."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._is_new = True

    def __call__(self) -> float:
        time_s = time.monotonic()
        if self._is_new:
            self._is_new = False
            self._events.note("origin", time_s)
        return time_s


def measure_windows(events: Events, folder: Path, *, for_s: float) -> None:
    """Measure windows of all lengths, nested ones too, for so long; then end."""
    lengths = random.Random(folder.name)
    store = RunStore.open(folder / "store")
    with Meter("killed", store=store, clock=NotingClock(events)) as meter:
        end_s = time.monotonic() + for_s
        while time.monotonic() < end_s:
            with meter.window("epoch", phase="train"):
                events.note("open")
                time.sleep(lengths.uniform(0.02, 0.6))
                with meter.window("validation", phase="validation"):
                    events.note("open")
                    time.sleep(lengths.uniform(0.02, 0.2))
                events.note("close")
            events.note("close")
        events.note("ending")
    store.close()
    events.note("ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--measure", type=float, help="measure windows for so long, s")
    parser.add_argument("--sleep", type=float, help="only sleep for so long, s")
    parser.add_argument("--exit", type=int, default=0, help="code to end with")
    options = parser.parse_args()
    events = Events(options.folder)
    if options.measure is not None:
        measure_windows(events, options.folder, for_s=options.measure)
    else:
        events.note(f"begun-{os.getpid()}")
        time.sleep(options.sleep)
        events.note("done")
    raise SystemExit(options.exit)


if __name__ == "__main__":
    main()
