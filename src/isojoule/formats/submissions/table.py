"""A table with a row per submission: CSV, TSV, or with semicolons."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from isojoule.formats.submissions.drafts import Draft
from isojoule.formats.submissions.texts import one_line, printable
from isojoule.formats.submissions.yaml_nodes import Leaf
from isojoule.submissions import Place, Problem

_DELIMITERS: Final = (",", ";", "\t")
_MAX_BROKEN_ROWS: Final = 100
_DECIMAL_COMMA: Final = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))", re.ASCII)
_DECIMAL_POINT: Final = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: Sequence[str]
    problem: str = ""


def read_table(text: str, file: str) -> tuple[list[Draft], list[Problem]]:
    """Return a draft per row of a table, and what is wrong with its other rows.

    Parameters
    ----------
    text : str
        A header and rows, between commas, semicolons or tabs; whichever the header has
        most of.
    file : str
        Its path, for places.

    Notes
    -----
    A row with too many cells is left out: which of them is which cannot be told. One
    with too few is read as far as it goes, and says so. Where commas are not between
    the cells, some numbers have a decimal comma for certain and none a point, all have
    decimal commas.
    """
    delimiter = _delimiter(text)
    rows = list(_rows(text, delimiter))
    if not rows:
        return [], [Problem("error", "the table is empty", Place(file))]
    header, *body = rows
    names, problems = _names(header, file)
    has_comma = delimiter != "," and _has_decimal_comma(body)
    drafts = []
    for row in body:
        draft = _draft(row, names, file)
        if isinstance(draft, Problem):
            problems.append(draft)
        else:
            drafts.append(replace(draft, has_decimal_comma=has_comma))
    if not body:
        problems.append(
            Problem("error", "the table has a header and no rows", Place(file))
        )
    return drafts, problems


def column_names(text: str) -> list[str]:
    """Return the names in the header of a table; none where there is no table."""
    row = next(_rows(text, _delimiter(text)), None)
    return [name.strip() for name in row.cells] if row else []


def _delimiter(text: str) -> str:
    head = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", head).count)


def _rows(text: str, delimiter: str) -> Iterator[_Row]:
    """Yield the rows that hold something; those that break the quoting say so.

    Behind a row that cannot be parsed, reading goes on with the next line: a quote that
    is never closed does not take the rest of the table with it.
    """
    lines = list(io.StringIO(text, newline=""))
    start, n_broken = 0, 0
    while start < len(lines) and n_broken < _MAX_BROKEN_ROWS:
        reader = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        first = start
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield _Row(first + 1, cells)
                first = start + reader.line_num
            return
        except csv.Error as error:
            yield _mended(lines[first], first + 1, delimiter, str(error))
            start, n_broken = first + 1, n_broken + 1
    if start < len(lines):
        yield _Row(start + 1, (), "so many rows are broken that the rest is not read")


def _mended(line: str, number: int, delimiter: str, error: str) -> _Row:
    """Return a line alone, with its quotes taken as they are."""
    try:
        reader = csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE)
        cells = next(reader, [])
    except csv.Error:
        cells = []
    return _Row(number, cells, f"its quotes do not match ({error})")


def _names(header: _Row, file: str) -> tuple[list[str], list[Problem]]:
    """Return a name for every column, each once."""
    names: list[str] = []
    problems = []
    for number, cell in enumerate(header.cells, start=1):
        plain = one_line(cell.strip()) or f"column {number}"
        name, n_seen = plain, 1
        while name in names:
            n_seen += 1
            name = f"{plain} ({n_seen})"
        if n_seen > 1:
            text = f"the column {plain!r} comes again: the first one counts"
            problems.append(Problem("warning", text, Place(file, header.line, plain)))
        names.append(name)
    return names, problems


def _draft(row: _Row, names: Sequence[str], file: str) -> Draft | Problem:
    place = Place(file, row.line)
    cells = list(row.cells)
    while len(cells) > len(names) and not cells[-1].strip():
        cells.pop()
    if len(cells) > len(names) or not cells:
        text = row.problem or (
            f"the row has {len(cells)} cells and the header {len(names)}: it is left "
            "out, put quotes around cells that hold the delimiter"
        )
        return Problem("error", text, place)
    problems = []
    if row.problem:
        problems.append(Problem("warning", row.problem, place))
    if len(cells) < len(names):
        text = f"the row ends after {len(cells)} of {len(names)} cells"
        problems.append(Problem("warning", text, place))
    around = '" ' if row.problem else None
    leaves = {
        name: Leaf(printable(cell.strip().strip(around)), row.line)
        for name, cell in zip(names, cells, strict=False)
    }
    return Draft(
        place=place,
        leaves=leaves,
        fallback_label=f"{PurePosixPath(file).stem} line {row.line}",
        problems=tuple(problems),
    )


def _has_decimal_comma(rows: Sequence[_Row]) -> bool:
    cells = [cell.strip() for row in rows for cell in row.cells]
    return any(map(_DECIMAL_COMMA.fullmatch, cells)) and not any(
        map(_DECIMAL_POINT.fullmatch, cells)
    )
