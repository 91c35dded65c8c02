"""pyJoules' CSV: one line per sample, differences of RAPL and NVIDIA counters."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.foreign import Row, read_rows, read_text
from isojoule.formats.windows import counted_energy, run_of_windows, window_of
from isojoule.records import Accelerator, Component, ComponentEnergy, Run
from isojoule.units import J_PER_MJ, J_PER_UJ

COLUMNS: Final[Mapping[str, tuple[Component, float]]] = {
    "nvidia_gpu": ("gpu", J_PER_MJ),
    "package": ("cpu", J_PER_UJ),
    "dram": ("dram", J_PER_UJ),
}
"""Their domains, without the number of the socket or GPU: what drew it, their unit."""

_TIMES: Final = ("timestamp", "tag", "duration")
_INSIDE: Final = ("core", "uncore")
"""Domains that are part of the package, and so never added to it."""


def is_pyjoules(head: str) -> bool:
    """Return whether a file that begins with `head` is a CSV of pyJoules."""
    return head.startswith(";".join(_TIMES) + ";")


def read_pyjoules(path: Path) -> list[Run]:
    """Return the one run of a CSV, with a window per sample.

    Parameters
    ----------
    path : Path
        What the ``CSVHandler`` of pyJoules wrote.

    Raises
    ------
    FormatError
        If it is not such a file, has no samples, or holds impossible values.

    Notes
    -----
    Energies come from a ``counter``, RAPL in microjoules and NVIDIA in millijoules.
    Core and uncore are part of the package and not added to it.
    pyJoules does not correct a counter that starts again from zero; such a negative
    difference is *not measured* here.
    """
    rows = read_rows(path, needed=_TIMES, program="pyJoules", delimiter=";")
    text = read_text(path)
    names = text.partition("\n")[0].strip().split(";")[len(_TIMES) :]
    domains = {name: re.sub(r"_\d+$", "", name) for name in names if name}
    unknown = [n for n, d in domains.items() if d not in COLUMNS and d not in _INSIDE]
    if unknown or not domains:
        raise FormatError(
            f"{path} has the domains {', '.join(domains) or 'none'}; known are "
            f"{', '.join((*COLUMNS, *_INSIDE))}, each with a number: package_0"
        )
    windows = [
        window_of(
            row,
            name=row.text("tag") or "sample",
            started_s="timestamp",
            duration_s="duration",
            energies=_energies(row, domains),
        )
        for row in rows
    ]
    n_gpus = list(domains.values()).count("nvidia_gpu")
    return [
        run_of_windows(
            windows,
            path=path,
            program="pyJoules",
            content=text,
            accelerators=(Accelerator("NVIDIA GPU", "nvidia"),) * n_gpus,
        )
    ]


def _energies(row: Row, domains: Mapping[str, str]) -> list[ComponentEnergy]:
    energies = []
    for domain, (component, unit_j) in COLUMNS.items():
        names = [name for name, d in domains.items() if d == domain]
        if names:
            parts_j = [row.number(name) * unit_j for name in names]
            energies.append(counted_energy(component, parts_j, "counter"))
    return energies
