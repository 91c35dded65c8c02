"""Rules files of comparisons: the user's own, and those that come with the package."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from isojoule.errors import FormatError, UnknownNameError
from isojoule.formats.files import read_bytes

_FOLDER: Final = "data/rules"
_ENDING: Final = ".toml"


def known_rules() -> list[str]:
    """Return the names of the rules that come with the package."""
    folder = files("isojoule").joinpath(_FOLDER)
    return sorted(f.name.removesuffix(_ENDING) for f in folder.iterdir())


def packaged_rules(name: str) -> bytes:
    """Return the text of the rules that come with the package under `name`.

    Raises
    ------
    UnknownNameError
        If there are none.
    """
    if name not in known_rules():
        raise UnknownNameError("rules file", name, known_rules())
    return files("isojoule").joinpath(f"{_FOLDER}/{name}{_ENDING}").read_bytes()


def read_rules(source: str) -> bytes:
    """Return the text of a rules file.

    Parameters
    ----------
    source : str
        Path, or the name of one that comes with the package.

    Raises
    ------
    FormatError
        If the file cannot be read.
    UnknownNameError
        If it is neither.
    """
    path = Path(source)
    if path.suffix or path.exists():
        return read_bytes(path)
    return packaged_rules(source)


def parse_rules(text: bytes, source: str) -> Mapping[str, Any]:
    """Return the document of a rules file; decimals keep their digits.

    Raises
    ------
    FormatError
        If it is not TOML; the message has the line.
    """
    try:
        return tomllib.loads(text.decode("utf-8-sig"), parse_float=Decimal)
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise FormatError(f"{source} is no rules file in TOML: {error}") from error
