"""What the readers of other programs' files share: text, rows with their place, ids."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.files import read_bytes
from isojoule.records import Hardware

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_HEAD_BYTES: Final = 8192
_UNKNOWN: Final = {"", "nan", "none", "null", "n/a"}


def read_text(path: Path) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 where it begins with a mark.

    Redirecting the output of a program in PowerShell makes UTF-16.

    Raises
    ------
    FormatError
        If it cannot be read or is no text.
    """
    data = read_bytes(path)
    try:
        return data.decode(_encoding(data))
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} is not a text file: {error}") from error


def head_of(path: Path) -> str:
    """Return how a file begins, as far as that is text.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_HEAD_BYTES)
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
    return data.decode(_encoding(data), errors="replace")


def _encoding(data: bytes) -> str:
    return "utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8-sig"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table with its place, for messages.

    Parameters
    ----------
    path : Path
        The file.
    line : int
        Where the row ends in it, counted from 1.
    cells : mapping of str to str
        Text by the name of the column.
    """

    path: Path
    line: int
    cells: Mapping[str, str]

    def fail(self, what: str) -> FormatError:
        """Return an error that tells where the row is."""
        return FormatError(f"{self.path} line {self.line}: {what}")

    def text(self, name: str) -> str:
        """Return a cell without blanks around it; empty where it is not there."""
        return self.cells.get(name, "").strip()

    def number_or_none(self, name: str) -> float | None:
        """Return a cell as a number; `None` where it is empty or not there.

        Raises
        ------
        FormatError
            If it is something else.
        """
        text = self.text(name)
        if text.casefold() in _UNKNOWN:
            return None
        try:
            value = float(text)
        except ValueError as error:
            raise self.fail(f"{name} is {text!r}, not a number") from error
        if not isfinite(value):
            raise self.fail(f"{name} is {text}; empty the cell if it was not measured")
        return value

    def number(self, name: str) -> float:
        """Return a cell that has to be a number.

        Raises
        ------
        FormatError
            If it is empty or something else.
        """
        value = self.number_or_none(name)
        if value is None:
            raise self.fail(f"{name} is empty; remove the line")
        return value

    def amount_or_none(self, name: str) -> float | None:
        """Return a cell that cannot be negative; `None` where it is empty.

        Raises
        ------
        FormatError
            If it is negative or no number.
        """
        value = self.number_or_none(name)
        if value is not None and value < 0:
            raise self.fail(f"{name} is {value:g}, which cannot be; remove the line")
        return value

    def amount(self, name: str) -> float:
        """Return a cell that has to be there and cannot be negative.

        Raises
        ------
        FormatError
            If it is empty, negative or no number.
        """
        self.number(name)
        return self.amount_or_none(name) or 0.0


def read_rows(
    path: Path, *, needed: Iterable[str], program: str, delimiter: str = ","
) -> list[Row]:
    """Return the rows of a table with a header.

    Parameters
    ----------
    path : Path
        The file.
    needed : iterable of str
        Columns that it must have.
    program : str
        Who writes such files, for messages.
    delimiter : str, default ","
        Between two cells.

    Raises
    ------
    FormatError
        If the file is no such table, has no rows, or a row has too few or many cells.
    """
    lines = read_text(path).splitlines()
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in needed if name not in header]
        if missing:
            raise FormatError(
                f"{path} is not a table of {program}: it has no column "
                f"{', '.join(missing)}"
            )
        return [_row(path, reader.line_num, header, c) for c in reader if c]
    except csv.Error as error:
        raise FormatError(f"{path} line {reader.line_num}: {error}") from error


def _row(path: Path, line: int, header: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(header):
        raise FormatError(
            f"{path} line {line} has {len(cells)} cells, the header {len(header)}; "
            "remove the line if its end was cut off"
        )
    return Row(path, line, dict(zip(header, cells, strict=True)))


def run_id_of(stamp: datetime, content: str) -> str:
    """Return an id that sorts by start and is the same for the same measurement.

    Parameters
    ----------
    stamp : datetime
        As the file has it.
    content : str
        The part of the file that the run comes from: importing it again, or a copy of
        it, gives the same run.
    """
    return f"{stamp:%Y%m%dT%H%M%S}-{sha256(content.encode()).hexdigest()[:8]}"


def unnamed_hardware(path: Path) -> Hardware:
    """Return hardware that no other file shares, for files that do not name theirs."""
    return Hardware(f"hardware of {path.name}")
