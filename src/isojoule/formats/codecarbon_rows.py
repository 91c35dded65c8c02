"""The rows of CodeCarbon's emissions.csv, also as a spreadsheet saves it again."""

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

from isojoule.formats.foreign import Row, read_rows, read_text

_NEEDED: Final = ("timestamp", "project_name", "duration", "energy_consumed")

_DELIMITERS: Final = (",", ";", "\t")
_DECIMAL_COMMA: Final = re.compile(r"-?\d+,\d+(?:[eE][+-]?\d+)?", re.ASCII)


def codecarbon_rows(path: Path) -> list[Row]:
    """Return the rows of an emissions.csv, also as a spreadsheet saves it again.

    Parameters
    ----------
    path : Path
        With commas between the cells, or with semicolons or tabs; the numbers of those
        may have decimal commas.

    Raises
    ------
    FormatError
        If it is not such a file; the message has the line.
    """
    delimiter = _delimiter(read_text(path))
    rows = read_rows(path, needed=_NEEDED, program="CodeCarbon", delimiter=delimiter)
    return rows if delimiter == "," else [_with_points(row) for row in rows]


def column_names(head: str) -> list[str]:
    """Return the names of the columns of a table that begins with `head`."""
    return [name.strip() for name in _cells(head, _delimiter(head))]


def _delimiter(head: str) -> str:
    """Return what stands between the names of the columns, not within quotes."""
    return max(_DELIMITERS, key=lambda delimiter: len(_cells(head, delimiter)))


def _cells(head: str, delimiter: str) -> list[str]:
    first = head.partition("\n")[0].rstrip("\r")
    try:
        return next(csv.reader([first], delimiter=delimiter), [])
    except csv.Error:
        return []


def _with_points(row: Row) -> Row:
    cells = {
        name: text.replace(",", ".") if _DECIMAL_COMMA.fullmatch(text.strip()) else text
        for name, text in row.cells.items()
    }
    return replace(row, cells=cells)
