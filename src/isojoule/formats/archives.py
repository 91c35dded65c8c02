"""What the readers of zip archives share."""

import struct
import zlib
from lzma import LZMAError
from typing import Final
from zipfile import BadZipFile

DAMAGE: Final = (
    BadZipFile,
    EOFError,
    LZMAError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What the zip library raises for archives that are damaged, odd or encrypted."""
