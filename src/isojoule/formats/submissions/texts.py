"""Text of strangers: decoded, and without what could steer a terminal or a page."""

import re
from typing import Final

from isojoule.errors import FormatError

_UTF_16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")

_STEERING: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f"
    "\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Controls, marks that turn the direction of writing, halves of characters."""

_BREAKING: Final = re.compile("[\t\n\r\x85]")


def printable(text: str) -> str:
    r"""Return `text` with what cannot be shown as ``\x1b`` or ``\u202e``."""
    return _STEERING.sub(_escape, text)


def one_line(text: str) -> str:
    r"""Return `text` as `printable`, and with breaks of lines and tabs as ``\x0a``."""
    return _BREAKING.sub(_escape, printable(text))


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def decode(data: bytes, *, where: str) -> str:
    """Return the text of a file in UTF-8, or in UTF-16 where it begins with a mark.

    Parameters
    ----------
    data : bytes
        The whole file.
    where : str
        Its path, for the message.

    Raises
    ------
    FormatError
        If it is neither; the message has the line.
    """
    encoding = "utf-16" if data.startswith(_UTF_16_MARKS) else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FormatError(
            f"{where} line {line} is not UTF-8: save the file in that encoding"
        ) from error
