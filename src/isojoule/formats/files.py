"""Files that are written whole or not at all."""

import os
from pathlib import Path
from tempfile import NamedTemporaryFile

from isojoule.errors import FormatError, StoreError


def write_whole(path: Path, data: bytes | str) -> None:
    """Write `data` to `path` through a file beside it, so that no half file is seen.

    Parameters
    ----------
    path : Path
        File to write or replace; its folder is made if it is not there.
    data : bytes or str
        The content; text is written as UTF-8.

    Raises
    ------
    StoreError
        If the folder or file cannot be written: read-only, full, not allowed.
    """
    content = data.encode() if isinstance(data, str) else data
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            name = file.name
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise StoreError(
            f"cannot write {path}: {error.strerror or error}; choose another place"
        ) from error


def _umask() -> int:
    """Return the umask; it can only be read by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def read_bytes(path: Path) -> bytes:
    """Return the content of `path`.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(f"cannot read {path}: {error.strerror or error}") from error
