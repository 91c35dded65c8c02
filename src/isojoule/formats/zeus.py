"""The log of Zeus' ZeusMonitor: one line per window, energies of GPUs in joules."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.foreign import read_rows, read_text
from isojoule.formats.windows import counted_energy, run_of_windows, window_of
from isojoule.records import Run

COLUMNS: Final[Mapping[str, str]] = {
    "start_time": "start_s",
    "window_name": "name",
    "elapsed_time": "duration_s",
}
"""Their names to ours; after these comes a ``gpu<i>_energy`` [J] per GPU."""

_GPU: Final = re.compile(r"gpu\d+_energy")


def is_zeus(head: str) -> bool:
    """Return whether a file that begins with `head` is a log of Zeus."""
    return head.startswith(",".join(COLUMNS))


def read_zeus(path: Path) -> list[Run]:
    """Return the one run of a log, with its windows.

    Parameters
    ----------
    path : Path
        What ``ZeusMonitor(log_file=...)`` wrote.

    Raises
    ------
    FormatError
        If it is not such a file, has no windows, or holds impossible values.

    Notes
    -----
    Energies are ``measured``: the file does not say whether Zeus read the energy
    counters or power. It holds GPUs only, and does not name them. 0 J is *not
    measured*: the window was shorter than a refresh of the counter.
    """
    rows = read_rows(path, needed=COLUMNS, program="Zeus")
    text = read_text(path)
    gpus = [name for name in text.partition("\n")[0].strip().split(",")[3:] if name]
    if not gpus or not all(_GPU.fullmatch(name) for name in gpus):
        raise FormatError(
            f"{path} has no columns gpu0_energy and so on after elapsed_time, but "
            f"{', '.join(gpus) or 'none'}"
        )
    windows = [
        window_of(
            row,
            name=row.text("window_name") or "window",
            started_s="start_time",
            duration_s="elapsed_time",
            energies=[
                counted_energy("gpu", [row.number(name) for name in gpus], "measured")
            ],
        )
        for row in rows
    ]
    return [run_of_windows(windows, path=path, program="Zeus", content=text)]
