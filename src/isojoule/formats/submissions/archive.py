"""The files of a zip archive, read where they are: nothing is unpacked."""

import stat
from functools import partial
from pathlib import Path
from typing import Final
from zipfile import ZipFile, ZipInfo

from isojoule.errors import FormatError
from isojoule.formats.archives import DAMAGE
from isojoule.formats.submissions.folder import MAX_DEPTH, MAX_FILES, is_hidden
from isojoule.formats.submissions.intake import Member
from isojoule.formats.submissions.texts import one_line
from isojoule.submissions import Place, Problem

_BOMB_RATIO: Final = 100
_BOMB_BYTES: Final = 50_000_000
_ENCRYPTED: Final = 0x1


def open_archive(path: Path) -> ZipFile:
    """Return the open archive at `path`.

    Raises
    ------
    FormatError
        If it is no zip archive or cannot be read.
    """
    try:
        return ZipFile(path)
    except DAMAGE as error:
        raise FormatError(f"{path} is no zip archive: {error}") from error


def members_of_archive(archive: ZipFile) -> tuple[list[Member], list[Problem]]:
    """Return the files in `archive` by their paths, and what was refused.

    Parameters
    ----------
    archive : ZipFile
        Open for as long as the files are read.

    Notes
    -----
    Refused are names that lead out of the archive, links, encrypted files, and what
    grows more than 100 times to over 50 MB.
    """
    members: dict[str, Member] = {}
    problems: list[Problem] = []
    for info in archive.infolist():
        if info.filename.endswith("/"):
            continue
        shown = one_line(info.filename) or "a file without a name"
        problem = _refusal(info)
        parts = [part for part in shown.split("/") if part not in {"", "."}]
        if problem is None and any(map(is_hidden, parts)):
            continue
        if problem is None and "/".join(parts) in members:
            problem = "the name comes again in the archive: the first file counts"
        if problem is None and len(parts) > MAX_DEPTH + 1:
            problem = f"more than {MAX_DEPTH} folders deep: refused"
        if problem is not None:
            problems.append(Problem("error", problem, Place(shown)))
        elif len(members) >= MAX_FILES:
            text = f"there are more than {MAX_FILES} files: the others are not read"
            problems.append(Problem("error", text, Place(shown)))
            break
        else:
            path = "/".join(parts)
            members[path] = Member(path, partial(_read_start, archive, info))
    in_order = sorted(members.values(), key=lambda member: member.path.split("/"))
    return in_order, problems


def _refusal(info: ZipInfo) -> str | None:
    """Return why a file in an archive is not read; `None` where it is."""
    name = info.orig_filename
    if not info.filename:
        return "it has no name: refused"
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or parts[0].endswith(":"):
        return "its name leads out of the archive: refused"
    if "\\" in name:
        return "its name has a backslash: refused"
    if info.flag_bits & _ENCRYPTED:
        return "it is encrypted: refused"
    if stat.S_ISLNK(info.external_attr >> 16):
        return "it is a link: refused"
    is_large = info.file_size > _BOMB_BYTES
    if is_large and info.file_size > _BOMB_RATIO * max(1, info.compress_size):
        return f"it grows from {info.compress_size} to {info.file_size} bytes: refused"
    return None


def _read_start(archive: ZipFile, info: ZipInfo, n_bytes: int) -> bytes:
    """Return the first bytes of a file in an archive.

    Raises
    ------
    FormatError
        If it is damaged, or packed in a way that cannot be read.
    """
    try:
        with archive.open(info) as file:
            return file.read(n_bytes)
    except DAMAGE as error:
        raise FormatError(
            f"{one_line(info.filename)} in the archive is damaged: {error}"
        ) from error
