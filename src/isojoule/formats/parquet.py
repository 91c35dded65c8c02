"""Reading of Parquet files, whatever their columns mean."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from isojoule.errors import FormatError, MissingExtraError
from isojoule.formats.files import read_bytes
from isojoule.formats.foreign import head_of

_MAGIC: Final = "PAR1"


def is_parquet(path: Path) -> bool:
    """Return whether a file is Parquet: by its ending, else by how it begins.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    named = path.suffix.lower() in {".parquet", ".pq"}
    return named or head_of(path).startswith(_MAGIC)


def parquet_columns(path: Path) -> list[str]:
    """Return the names of the columns of a Parquet file.

    Raises
    ------
    FormatError
        If it is no such file.
    MissingExtraError
        If duckdb is not installed.
    """
    return next(_query(path, "SELECT * FROM read_parquet(?) LIMIT 0"))


def parquet_lines(path: Path) -> Iterator[list[Any]]:
    """Yield the names of the columns, then the cells of each row.

    Raises
    ------
    FormatError
        If it is no Parquet file.
    MissingExtraError
        If duckdb is not installed.
    """
    yield from _query(path, "SELECT * FROM read_parquet(?)")


def _query(path: Path, sql: str) -> Iterator[list[Any]]:
    try:
        import duckdb
    except ImportError as error:
        raise MissingExtraError("parquet", f"reading {path.name}") from error
    read_bytes(path)  # a missing file is told in our words
    try:
        table = duckdb.connect().execute(sql, [str(path)])
        yield [column[0] for column in table.description]
        yield from (list(row) for row in table.fetchall())
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        raise FormatError(f"{path} is not a Parquet table: {reason}") from error
