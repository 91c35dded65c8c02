"""A `Table` as a file: CSV text, Parquet."""

import csv
import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from isojoule.errors import MissingExtraError, StoreError
from isojoule.formats.files import write_whole
from isojoule.tables import Cell, Table

_STARTS_FORMULA: Final = tuple("=+-@\t\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet takes for the start of a formula; the last four are wide forms."""


def encode_csv(table: Table, *, is_for_spreadsheet: bool = False) -> str:
    """Return `table` as CSV with a header; full precision, unknown cells empty.

    Parameters
    ----------
    table : Table
        What to write.
    is_for_spreadsheet : bool, default False
        Whether texts that a spreadsheet would run as a formula get an apostrophe in
        front: for a file with words of others that people open, and that no program
        reads back.

    References
    ----------
    .. [1] OWASP, "CSV Injection",
       https://owasp.org/www-community/attacks/CSV_Injection
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    rows: Iterable[Iterable[Cell]] = (
        [c.name for c in table.columns],
        *zip(*(c.values for c in table.columns), strict=True),
    )
    if is_for_spreadsheet:
        rows = ([_harmless(cell) for cell in row] for row in rows)
    writer.writerows(rows)
    return text.getvalue()


def _harmless(cell: Cell) -> Cell:
    """Return `cell`, behind an apostrophe where it is a text that starts a formula."""
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r", "\n")  # which `csv` does not quote by itself
    if not text.startswith(_STARTS_FORMULA) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}"


_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", re.ASCII)


def _parquet_type(values: tuple[Cell, ...]) -> str:
    kinds = {type(v) for v in values if v is not None}
    if kinds <= {bool} and kinds:
        return "BOOLEAN"
    if kinds <= {int} and kinds:
        return "BIGINT"
    return "DOUBLE" if kinds and kinds <= {int, float} else "VARCHAR"


def write_parquet(path: Path, table: Table) -> None:
    """Write `table` to `path`, whole or not at all.

    Raises
    ------
    MissingExtraError
        If duckdb is not installed.
    StoreError
        If the file cannot be written.
    """
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("parquet", f"writing {path.name}") from error
    columns = ", ".join(f'"{c.name}" {_parquet_type(c.values)}' for c in table.columns)
    marks = ", ".join("?" for _ in table.columns)
    fresh = path.with_name(f".{path.name}.new")
    connection = duckdb.connect()
    try:
        write_whole(fresh, b"")  # tells early, and in our words, what is not writable
        connection.execute(f"CREATE TABLE t ({columns})")
        if table.n_rows:
            cells = zip(*(c.values for c in table.columns), strict=True)
            connection.executemany(
                f"INSERT INTO t VALUES ({marks})",  # noqa: S608 - only question marks
                list(cells),
            )
        quoted = str(fresh).replace("'", "''")
        connection.execute(f"COPY t TO '{quoted}' (FORMAT parquet)")
        fresh.replace(path)
    except (duckdb.Error, OSError) as error:
        fresh.unlink(missing_ok=True)
        reason = str(error).splitlines()[0]
        raise StoreError(f"cannot write {path}: {reason}") from error
    finally:
        connection.close()
