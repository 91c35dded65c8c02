"""A `Table` as a file: CSV text, Parquet."""

import csv
import io
from pathlib import Path

from isojoule.errors import MissingExtraError, StoreError
from isojoule.formats.files import write_whole
from isojoule.tables import Cell, Table


def encode_csv(table: Table) -> str:
    """Return `table` as CSV with a header; full precision, unknown cells empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([c.name for c in table.columns])
    writer.writerows(zip(*(c.values for c in table.columns), strict=True))
    return text.getvalue()


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
