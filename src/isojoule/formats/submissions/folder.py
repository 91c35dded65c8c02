"""The files of a folder that was handed in; nothing outside it is ever opened."""

import stat
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from isojoule.errors import FormatError
from isojoule.formats.submissions.intake import Member
from isojoule.formats.submissions.texts import one_line
from isojoule.submissions import Place, Problem, Severity

MAX_DEPTH: Final = 7
"""Folders between what was handed in and a file: a team, a submission, and the four
that the recipes of the challenge make below it, and one more."""

MAX_FILES: Final = 100_000


def members_of_folder(root: Path) -> tuple[list[Member], list[Problem]]:
    """Return the files below `root` by their paths, and what was passed over.

    Parameters
    ----------
    root : Path
        A folder. Hidden files are passed over without a word.

    Notes
    -----
    A link is followed only to a file that lies below `root`; a link to a folder never.
    """
    members: list[Member] = []
    problems: list[Problem] = []
    for path, problem in _walk(root, root.resolve()):
        shown = "/".join(one_line(part) for part in path.relative_to(root).parts)
        if problem:
            severity: Severity = "note" if "not opened" in problem else "error"
            problems.append(Problem(severity, problem, Place(shown)))
        elif len(members) >= MAX_FILES:
            text = f"there are more than {MAX_FILES} files: the others are not read"
            problems.append(Problem("error", text, Place(shown)))
            break
        else:
            members.append(Member(shown, partial(read_start, path)))
    members.sort(key=lambda member: member.path.split("/"))
    return members, problems


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is what systems leave behind."""
    return name.startswith(".") or name == "__MACOSX"


def read_start(path: Path, n_bytes: int) -> bytes:
    """Return the first `n_bytes` of a file.

    Raises
    ------
    FormatError
        If it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(n_bytes)
    except OSError as error:
        shown = one_line(str(path))
        why = error.strerror or type(error).__name__
        raise FormatError(f"cannot read {shown}: {why}") from error


def _walk(folder: Path, root: Path, depth: int = 0) -> Iterator[tuple[Path, str]]:
    """Yield files in order, and with a reason what is passed over."""
    try:
        entries = sorted(folder.iterdir(), key=lambda path: path.name)
    except OSError as error:
        yield folder, f"the folder cannot be read: {error.strerror or error}"
        return
    for path in entries:
        if is_hidden(path.name):
            continue
        try:
            yield from _entry(path, root, depth)
        except OSError as error:
            yield path, f"it cannot be read: {error.strerror or error}"


def _entry(path: Path, root: Path, depth: int) -> Iterator[tuple[Path, str]]:
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            yield path, "the link leads nowhere and is refused"
            return
        if not target.is_relative_to(root):
            yield path, "the link leaves the folder and is refused"
        elif target.is_dir():
            yield path, "a link to a folder is not opened: what is in it is read there"
        else:
            yield path, ""
    elif stat.S_ISDIR(path.stat().st_mode):
        if depth >= MAX_DEPTH:
            yield path, f"more than {MAX_DEPTH} folders deep: not opened"
        else:
            yield from _walk(path, root, depth + 1)
    elif stat.S_ISREG(path.stat().st_mode):
        yield path, ""
    else:
        yield path, "it is no file and is not opened"
