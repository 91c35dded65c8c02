"""Files in and out, one file per format; `native` is our own."""

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from isojoule.errors import UnknownNameError
from isojoule.formats.calibration import is_calibration, read_calibration_runs
from isojoule.formats.carbontracker import is_carbontracker, read_carbontracker
from isojoule.formats.codecarbon import (
    is_codecarbon,
    read_codecarbon,
    write_codecarbon,
)
from isojoule.formats.delrey import is_delrey, read_delrey
from isojoule.formats.delrey_regression import (
    is_delrey_regression,
    is_delrey_table10,
    read_delrey_regression,
    read_delrey_table10,
)
from isojoule.formats.foreign import head_of
from isojoule.formats.native import read_native, write_native
from isojoule.formats.nvidia_smi import is_nvidia_smi, read_nvidia_smi
from isojoule.formats.parquet import is_parquet, parquet_columns
from isojoule.formats.pyjoules import is_pyjoules, read_pyjoules
from isojoule.formats.tidy import read_tidy, write_tidy_csv, write_tidy_parquet
from isojoule.formats.zeus import is_zeus, read_zeus
from isojoule.records import Run

READERS: Mapping[str, Callable[[Path], list[Run]]] = {
    "native": read_native,
    "calibration": read_calibration_runs,
    "tidy": read_tidy,
    "codecarbon": read_codecarbon,
    "nvidia-smi": read_nvidia_smi,
    "carbontracker": read_carbontracker,
    "zeus": read_zeus,
    "pyjoules": read_pyjoules,
    "delrey": read_delrey,
    "delrey-regression": read_delrey_regression,
    "delrey-table10": read_delrey_table10,
}

SIGNS: Mapping[str, Callable[[str], bool]] = {
    "codecarbon": is_codecarbon,
    "nvidia-smi": is_nvidia_smi,
    "carbontracker": is_carbontracker,
    "zeus": is_zeus,
    "pyjoules": is_pyjoules,
}
"""Whether a file with such a beginning is of a format; none of two."""

PARQUET_SIGNS: Mapping[str, Callable[[Collection[str]], bool]] = {
    "delrey": is_delrey,
    "delrey-regression": is_delrey_regression,
    "delrey-table10": is_delrey_table10,
}
"""Whether a Parquet file with such columns is of a format; none of two."""

EXPORTS: Mapping[str, Mapping[str, Callable[[Path, Sequence[Run]], None]]] = {
    "native": {".json": write_native},
    "tidy": {".csv": write_tidy_csv, ".parquet": write_tidy_parquet},
    "codecarbon": {".csv": write_codecarbon},
}
"""What writes a format, by the ending of the file."""

WRITERS: Mapping[str, Callable[[Path, Sequence[Run]], None]] = {
    **EXPORTS["native"],
    **EXPORTS["tidy"],
}
"""What writes a file with an ending where no format is asked for."""


def format_of(path: Path) -> str:
    """Return the format of a file: by its ending, its columns, or how it begins.

    Parameters
    ----------
    path : Path
        ``.json`` is a file of ours, records or a calibration; of a Parquet file the
        columns decide. Anything that no program's output looks like is a tidy table.

    Raises
    ------
    FormatError
        If it cannot be read.
    MissingExtraError
        If it is Parquet and duckdb is not installed.
    """
    if path.suffix == ".json":
        return "calibration" if is_calibration(head_of(path)) else "native"
    if is_parquet(path):
        columns = parquet_columns(path)
        return next((n for n, fits in PARQUET_SIGNS.items() if fits(columns)), "tidy")
    head = head_of(path)
    return next((name for name, fits in SIGNS.items() if fits(head)), "tidy")


def read_runs(path: Path, *, file_format: str | None = None) -> list[Run]:
    """Return the runs of a file.

    Parameters
    ----------
    path : Path
        Records of ours, a tidy table, or what another tracker wrote.
    file_format : str or None
        A key of `READERS`; `format_of` where `None`.

    Raises
    ------
    FormatError
        If the file is not what it is taken for.
    MissingExtraError
        If reading it needs a package that is not installed.
    UnknownNameError
        If there is no such format.
    """
    name = format_of(path) if file_format is None else file_format
    if name not in READERS:
        raise UnknownNameError("file format", name, READERS)
    return READERS[name](path)


def writer_for(
    path: Path, *, file_format: str | None = None
) -> Callable[[Path, Sequence[Run]], None]:
    """Return what writes runs to a file with the ending of `path`.

    Parameters
    ----------
    path : Path
        File to write.
    file_format : str or None
        A key of `EXPORTS`, where the ending alone does not choose.

    Raises
    ------
    UnknownNameError
        If there is no such format, or it does not go into files with that ending.
    """
    if file_format is not None and file_format not in EXPORTS:
        raise UnknownNameError("file format", file_format, EXPORTS)
    endings = WRITERS if file_format is None else EXPORTS[file_format]
    if path.suffix not in endings:
        raise UnknownNameError("file ending", path.suffix or path.name, endings)
    return endings[path.suffix]
