"""Files of strangers, each read once, under limits, and kept with its hash."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Final, cast

from isojoule.errors import FormatError
from isojoule.formats.submissions.texts import decode
from isojoule.submissions import InputFile, Place, Problem

MAX_TEXT_BYTES: Final = 20_000_000
MAX_RECORD_BYTES: Final = 200_000_000
MAX_TOTAL_BYTES: Final = 1_000_000_000
_HEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a folder or an archive that was handed in.

    Parameters
    ----------
    path : str
        Below what was handed in, with ``/``; what cannot be shown is escaped.
    read : callable
        Returns the first bytes, so many as are asked for. Raises `FormatError`.
    """

    path: str
    read: Callable[[int], bytes]

    @property
    def name(self) -> str:
        """Last part of the path."""
        return PurePosixPath(self.path).name

    @property
    def folder(self) -> str:
        """Path without its last part; empty for what lies outermost."""
        parent = str(PurePosixPath(self.path).parent)
        return "" if parent == "." else parent

    def head(self) -> str:
        """Return how it begins, as far as that is text; empty if it cannot be read."""
        try:
            return self.read(_HEAD_BYTES).decode("utf-8-sig", errors="replace")
        except FormatError:
            return ""


@dataclass(slots=True)
class Intake:
    """What was read so far, and what could not be."""

    files: list[InputFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _known: dict[str, bytes] = field(default_factory=dict)
    _n_bytes: int = 0

    def take(self, member: Member, *, limit: int = MAX_TEXT_BYTES) -> bytes:
        """Return the content of a file, and keep it.

        Parameters
        ----------
        member : Member
            The file.
        limit : int, default 20 MB
            Largest size that is read [bytes].

        Raises
        ------
        FormatError
            If it is larger, or cannot be read.
        """
        if member.path in self._known:
            return self._known[member.path]
        room = min(limit, MAX_TOTAL_BYTES - self._n_bytes)
        data = member.read(room + 1)
        if len(data) > room:
            raise FormatError(
                f"{member.path} is larger than {room / 1e6:.0f} MB and is not read"
            )
        self._n_bytes += len(data)
        self._known[member.path] = data
        digest = sha256(data).hexdigest()
        self.files.append(InputFile(member.path, digest, data))
        return data

    def text(self, member: Member) -> str:
        """Return the text of a file, and keep it.

        Raises
        ------
        FormatError
            If it is too large, cannot be read, or is not UTF-8.
        """
        return decode(self.take(member), where=member.path)

    def held(self, member: Member, *, limit: int = MAX_TEXT_BYTES) -> Path:
        """Return a file for a reader that wants a path.

        Raises
        ------
        FormatError
            If it is too large or cannot be read.
        """
        return cast(Path, _Held(member.path, self.take(member, limit=limit)))

    def say(self, error: FormatError, member: Member) -> Problem:
        """Return `error` as a problem of a file."""
        text = str(error).removeprefix(f"{member.path} ").removeprefix(member.path)
        return Problem("error", text.lstrip(" :"), Place(member.path, line_in(text)))


def line_in(text: str) -> int | None:
    """Return the line that a message of a reader names."""
    head, _, rest = text.partition("line ")
    digits = rest.split(maxsplit=1)[0].rstrip(":,;)") if rest.strip() else ""
    is_line = (
        digits.isascii() and digits.isdigit() and len(digits) < 10 and len(head) < 4096
    )
    return int(digits) if is_line else None


@dataclass(frozen=True, slots=True)
class _Held:
    """What the readers need of a path: bytes that are here already, and a name."""

    path: str
    content: bytes

    def __str__(self) -> str:
        return self.path

    @property
    def name(self) -> str:
        return PurePosixPath(self.path).name

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.path).suffix

    def read_bytes(self) -> bytes:
        return self.content

    def open(self, mode: str = "rb") -> BytesIO:
        del mode
        return BytesIO(self.content)
