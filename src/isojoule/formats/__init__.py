"""Files in and out, one file per format; `native` is our own."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from isojoule.errors import UnknownNameError
from isojoule.formats.native import read_native, write_native
from isojoule.formats.tidy import read_tidy, write_tidy_csv, write_tidy_parquet
from isojoule.records import Run

READERS: Mapping[str, Callable[[Path], list[Run]]] = {
    "native": read_native,
    "tidy": read_tidy,
}

WRITERS: Mapping[str, Callable[[Path, Sequence[Run]], None]] = {
    ".json": write_native,
    ".csv": write_tidy_csv,
    ".parquet": write_tidy_parquet,
}


def read_runs(path: Path) -> list[Run]:
    """Return the runs of a file: ours where it ends in .json, else a tidy table.

    Raises
    ------
    FormatError
        If the file is not what it is taken for.
    MissingExtraError
        If reading it needs a package that is not installed.
    """
    return READERS["native" if path.suffix == ".json" else "tidy"](path)


def writer_for(path: Path) -> Callable[[Path, Sequence[Run]], None]:
    """Return what writes runs to a file with the ending of `path`.

    Raises
    ------
    UnknownNameError
        If there is no such format.
    """
    if path.suffix not in WRITERS:
        raise UnknownNameError("file ending", path.suffix or path.name, WRITERS)
    return WRITERS[path.suffix]
