"""A `Table` for the terminal, for JSON and cell by cell; `formats.table` writes CSV.

People read rounded figures with a unit; machines get the full value in the unit that
ends the name of the column.
"""

import re
from collections.abc import Callable
from math import isfinite, isnan
from typing import TYPE_CHECKING, Final

from isojoule.tables import Cell, Column, Table
from isojoule.units import (
    BYTES_PER_GIB,
    BYTES_PER_MIB,
    format_duration,
    format_energy,
    format_power,
)

if TYPE_CHECKING:
    from rich.table import Table as RichTable

NOT_KNOWN: Final = "\N{EN DASH}"
"""What stands for a value that is not known."""

_UNIT_ENDING: Final = re.compile(r"(?:^|_)(j|w|s|c|fraction|bytes)(?:_per_(\w+))?$")


def _format_bytes(memory_bytes: float) -> str:
    if memory_bytes >= BYTES_PER_GIB:
        return f"{memory_bytes / BYTES_PER_GIB:.3g} GiB"
    return f"{memory_bytes / BYTES_PER_MIB:.3g} MiB"


def _format_percent(fraction: float) -> str:
    percent = 100 * fraction
    return f"{percent:,.0f} %" if abs(percent) >= 1000 else f"{percent:.3g} %"


def _format_celsius(temperature_c: float) -> str:
    return f"{temperature_c:.3g} °C"


_FORMATS: Final[dict[str, Callable[[float], str]]] = {
    "j": format_energy,
    "w": format_power,
    "s": format_duration,
    "c": _format_celsius,
    "fraction": _format_percent,
    "bytes": _format_bytes,
}


def _format_number(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        # Years, seeds and counts up to four digits stay as they are written.
        return f"{int(value):,}" if abs(value) >= 10_000 else f"{int(value)}"
    return f"{value:.4g}"


def format_cell(column_name: str, value: Cell) -> str:
    """Return one value for people to read.

    Parameters
    ----------
    column_name : str
        Its ending gives the unit: ``_j``, ``_w``, ``_s``, ``_c``, ``_fraction``,
        ``_bytes``, each also before ``_per_<something>``.
    value : str, float, int, bool or None
        In that unit.

    Returns
    -------
    str
        Three significant digits with a unit, four without; whole numbers in full; an
        en dash where the value is not known (`None`, NaN); yes and no for a truth.
    """
    if value is None:
        return NOT_KNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isnan(value):
        return NOT_KNOWN
    if not isfinite(value):
        return "∞" if value > 0 else "\N{MINUS SIGN}∞"
    ending = _UNIT_ENDING.search(column_name)
    if ending is None:
        return _format_number(value)
    unit, per = ending.groups()
    return _FORMATS[unit](value) + (f"/{per.replace('_', ' ')}" if per else "")


def is_numeric(column: Column) -> bool:
    """Return whether all known values of `column` are numbers, and there is one."""
    known = [v for v in column.values if v is not None]
    return bool(known) and not any(isinstance(v, str | bool) for v in known)


def to_rich(table: Table) -> "RichTable":
    """Return `table` for a terminal, numbers to the right.

    Parameters
    ----------
    table : Table
        What to show; square brackets in it are text, not markup.

    Returns
    -------
    rich.table.Table
        Ready to print.
    """
    from rich import box
    from rich.table import Table as RichTable
    from rich.text import Text

    title = Text(table.title) if table.title else None
    rich_table = RichTable(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    for column in table.columns:
        rich_table.add_column(
            Text(column.heading), justify="right" if is_numeric(column) else "left"
        )
    for row in table.rows():
        rich_table.add_row(*(Text(format_cell(n, v)) for n, v in row.items()))
    return rich_table


def _finite_or_none(value: Cell) -> Cell:
    return None if isinstance(value, float) and not isfinite(value) else value


def to_records(table: Table) -> list[dict[str, Cell]]:
    """Return one mapping per row that JSON can hold.

    Parameters
    ----------
    table : Table
        What to show.

    Returns
    -------
    list of dict
        Full precision, keyed by column name; NaN and infinity, which JSON has no word
        for, are `None`.
    """
    return [{n: _finite_or_none(v) for n, v in row.items()} for row in table.rows()]
