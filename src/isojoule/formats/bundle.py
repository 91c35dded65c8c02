"""The bundle of a comparison: inputs, rules, results, and the hashes of all of them.

A zip archive with ``manifest.json``, ``rules.toml``, ``results.json`` and the inputs as
``inputs/0000``, ``inputs/0001``, ... The manifest tells their paths, so that no name of
an input ever becomes a name in the archive. The same content gives the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from isojoule.errors import FormatError
from isojoule.formats.archives import DAMAGE
from isojoule.formats.files import read_bytes, write_whole
from isojoule.submissions import InputFile

KIND: Final = "isojoule-comparison"
BUNDLE_VERSION: Final = 1

_MANIFEST: Final = "manifest.json"
_RULES: Final = "rules.toml"
_RESULTS: Final = "results.json"
_CALIBRATION: Final = "calibration.json"
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)  # the first that a zip archive can hold
_MAX_BYTES: Final = 2**30


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """All that a comparison was made from, and what came out.

    Parameters
    ----------
    rules : bytes
        The rules file as it was.
    settings : mapping
        What the command line changed in the rules, by name.
    handed_in : str
        Name of the file or folder that was handed in.
    is_folder : bool
        Whether it was a folder; the paths of the files are below it.
    files : tuple of InputFile
        Every input.
    results : bytes
        The document of the results as JSON.
    calibration : bytes or None
        The file that the rules name.
    software : mapping of str to str
        Versions of what computed it.
    """

    rules: bytes
    settings: Mapping[str, Any]
    handed_in: str
    is_folder: bool
    files: tuple[InputFile, ...]
    results: bytes
    software: Mapping[str, str]
    calibration: bytes | None = None

    def write_inputs(self, folder: Path) -> Path:
        """Write the inputs below `folder`; return what to read as it was handed in.

        Raises
        ------
        FormatError
            If a path leads out of the folder.
        StoreError
            If a file cannot be written.
        """
        handed_in = folder / _below(self.handed_in)
        for file in self.files:
            root = handed_in if self.is_folder else folder
            write_whole(root / _below(file.path), file.content)
        if not self.is_folder and [file.path for file in self.files] != [
            self.handed_in
        ]:
            raise FormatError(
                f"the bundle does not hold {self.handed_in!r} that was handed in"
            )
        return handed_in


def _below(name: str) -> PurePosixPath:
    """Return a path that stays below the folder it is put into.

    Raises
    ------
    FormatError
        If `name` leads out of it.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts or "\0" in name:
        raise FormatError(f"the bundle has an input {name!r} that leads out of it")
    return path


def write_bundle(path: Path, bundle: Bundle) -> str:
    """Write `bundle` to `path`; return the hash of the archive.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    inputs = {f"inputs/{n:04}": file for n, file in enumerate(bundle.files)}
    parts = {_RULES: bundle.rules, _RESULTS: bundle.results}
    if bundle.calibration is not None:
        parts[_CALIBRATION] = bundle.calibration
    manifest = {
        "kind": KIND,
        "bundle_version": BUNDLE_VERSION,
        "handed_in": bundle.handed_in,
        "is_folder": bundle.is_folder,
        "settings": dict(bundle.settings),
        "software": dict(bundle.software),
        "sha256": {name: sha256(part).hexdigest() for name, part in parts.items()},
        "inputs": [
            {"member": member, "path": file.path, "sha256": file.sha256}
            for member, file in inputs.items()
        ],
    }
    members = {_MANIFEST: json.dumps(manifest, indent=1).encode(), **parts}
    members |= {member: file.content for member, file in inputs.items()}
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(ZipInfo(name, _EPOCH), content, ZIP_DEFLATED)
    write_whole(path, archive.getvalue())
    return sha256(archive.getvalue()).hexdigest()


def is_bundle(path: Path) -> bool:
    """Return whether `path` is a file that looks like a bundle."""
    if not path.is_file():
        return False
    try:
        with ZipFile(path) as archive:
            return {_MANIFEST, _RULES, _RESULTS} <= set(archive.namelist())
    except DAMAGE:
        return False


def read_bundle(path: Path) -> Bundle:
    """Return the bundle at `path`, every part checked against its hash.

    Raises
    ------
    FormatError
        If it is none, was changed since, or was written by a later version.
    """
    try:
        with ZipFile(BytesIO(read_bytes(path))) as archive:
            manifest = json.loads(_member(archive, _MANIFEST))
            if manifest["kind"] != KIND or manifest["bundle_version"] > BUNDLE_VERSION:
                raise FormatError(
                    f"{path} is a {manifest['kind']} of version "
                    f"{manifest['bundle_version']}; this isojoule reads {KIND} up to "
                    f"{BUNDLE_VERSION}"
                )
            digests = manifest["sha256"]
            parts = {name: _checked(archive, name, digests[name]) for name in digests}
            return Bundle(
                rules=parts[_RULES],
                settings=manifest["settings"],
                handed_in=str(manifest["handed_in"]),
                is_folder=bool(manifest["is_folder"]),
                files=_inputs(archive, manifest["inputs"]),
                results=parts[_RESULTS],
                calibration=parts.get(_CALIBRATION),
                software=manifest["software"],
            )
    except FormatError:
        raise
    except (*DAMAGE, KeyError, TypeError) as error:
        raise FormatError(
            f"{path} is no bundle of a comparison ({error}): make one with "
            "isojoule compare ... --out DIR"
        ) from error


def _inputs(
    archive: ZipFile, entries: Sequence[Mapping[str, str]]
) -> tuple[InputFile, ...]:
    return tuple(
        InputFile(
            path=entry["path"],
            sha256=entry["sha256"],
            content=_checked(archive, entry["member"], entry["sha256"]),
        )
        for entry in entries
    )


def _checked(archive: ZipFile, name: str, digest: str) -> bytes:
    content = _member(archive, name)
    if sha256(content).hexdigest() != digest:
        raise FormatError(
            f"{name} of the bundle is not what it was when the comparison was made: "
            "take the original"
        )
    return content


def _member(archive: ZipFile, name: str) -> bytes:
    if archive.getinfo(name).file_size > _MAX_BYTES:
        raise FormatError(f"{name} of the bundle is larger than 1 GiB")
    return archive.read(name)
