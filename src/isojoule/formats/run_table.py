"""Tables of trainings: energy in total, at the best score, at a share of it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.foreign import Row, read_rows
from isojoule.units import kwh_to_j

COLUMNS: Final[Mapping[str, re.Pattern[str]]] = {
    "total": re.compile(r"total(_energy)?_kwh"),
    "at_best": re.compile(
        r"(energy_at_best(_\w+)?_kwh|kwh_at_best(?!.*_over_)(_\w+)?)"
    ),
    "at_share": re.compile(r"(energy_at_\d+pct(_\w+)?_kwh|kwh_at_\d+pct(_\w+)?)"),
}
"""What their columns of energies [kWh] are called; the rest names the run."""

_NAME: Final = ("run", "name", "gpu", "hardware", "batch_size")

RunEnergies = tuple[str, float | None, float | None, float | None, float]


def is_run_table(head: str) -> bool:
    """Return whether a file that begins with `head` is such a table."""
    names = [name.strip() for name in head.partition("\n")[0].split(",")]
    return all(any(p.fullmatch(n) for n in names) for p in COLUMNS.values())


def read_run_table(path: Path) -> list[RunEnergies]:
    """Return the name of each run, its energies in total, at best, at the share [J].

    Last in each row is the share, as the name of its column has it: 0.95 of ``95pct``.

    Raises
    ------
    FormatError
        If the file has no such columns, or two of a kind, or an impossible value; the
        message has the line.
    """
    rows = read_rows(path, needed=(), program="a table of trainings")
    if not rows:
        raise FormatError(f"{path} has no rows")
    columns = {kind: _column(rows[0], pattern) for kind, pattern in COLUMNS.items()}
    found = re.search(r"_(\d+)pct", columns["at_share"])
    share = int(found[1]) / 100 if found else 1.0
    return [
        (
            " ".join(filter(None, (row.text(n) for n in _NAME))) or f"line {row.line}",
            _energy_j(row, columns["total"]),
            _energy_j(row, columns["at_best"]),
            _energy_j(row, columns["at_share"]),
            share,
        )
        for row in rows
    ]


def _column(row: Row, pattern: re.Pattern[str]) -> str:
    found = [name for name in row.cells if pattern.fullmatch(name.strip())]
    if len(found) != 1:
        named = f"{', '.join(found)} are several" if found else "there is none"
        raise row.fail(f"one column must be called {pattern.pattern}: {named}")
    return found[0]


def _energy_j(row: Row, name: str) -> float | None:
    energy_kwh = row.amount_or_none(name)
    return None if energy_kwh is None else kwh_to_j(energy_kwh)
