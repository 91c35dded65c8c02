"""Calibration files: what the reference models took on one machine, small and hashed.

A calibration is meant to be sent to somebody who has another machine. The hash tells
whether a file was changed after it was made; it is no signature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from isojoule.errors import FormatError
from isojoule.formats.files import read_bytes, write_whole
from isojoule.formats.native import SCHEMA_VERSION, check_version
from isojoule.records import Hardware, Run

KIND: Final = "isojoule-calibration"

_MADE_BY: Final = "make it again with isojoule suite run"


@dataclass(frozen=True, slots=True)
class CalibrationFile:
    """The runs of reference models on one machine, with the rules they were made under.

    Parameters
    ----------
    hardware : Hardware
        The machine with its software.
    rules : mapping
        Run rules by name.
    runs : tuple of Run
        Without samples, and without windows but the idle ones.
    made_at : datetime
        Aware.
    isojoule_version : str
        Version that made it.
    """

    hardware: Hardware
    rules: Mapping[str, str | float | bool | None]
    runs: tuple[Run, ...]
    made_at: datetime
    isojoule_version: str


def is_calibration(head: str) -> bool:
    """Return whether a file that begins so is a calibration."""
    return head.lstrip().startswith(f'{{"kind":"{KIND}"')


def write_calibration(path: Path, calibration: CalibrationFile) -> str:
    """Write `calibration` to `path`; return its hash.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    head = {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "made_at": calibration.made_at.isoformat(),
        "isojoule_version": calibration.isojoule_version,
        "hardware": msgspec.to_builtins(calibration.hardware),
        "rules": dict(calibration.rules),
    }
    runs = [_slimmed(run) for run in calibration.runs]
    digest = _digest({**head, "runs": runs})
    lines = [f"{json.dumps(key)}:{_compact(value)}" for key, value in head.items()]
    lines.append('"runs":[\n' + ",\n".join(_compact(run) for run in runs) + "\n]")
    lines.append(f'"sha256":"{digest}"')
    write_whole(path, ("{" + ",\n".join(lines) + "}\n").encode())
    return digest


def read_calibration(path: Path) -> CalibrationFile:
    """Return what a calibration file holds.

    Raises
    ------
    FormatError
        If it is not a calibration, comes from a newer isojoule, or was changed after it
        was made.
    """
    data = read_bytes(path)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path} is not a calibration file: {error}") from error
    if not isinstance(document, dict) or document.get("kind") != KIND:
        raise FormatError(f"{path} is not a calibration file: {_MADE_BY}")
    version = document.get("schema_version")
    check_version(version if isinstance(version, int) else 0, where=str(path))
    stated = document.pop("sha256", None)
    if stated != _digest(document):
        raise FormatError(
            f"{path} was changed after it was made, its hash does not fit: {_MADE_BY}"
        )
    try:
        hardware = document["hardware"]
        runs = [{**run, "hardware": hardware} for run in document["runs"]]
        return CalibrationFile(
            hardware=msgspec.convert(hardware, Hardware),
            rules=document["rules"],
            runs=tuple(msgspec.convert(run, Run) for run in runs),
            made_at=datetime.fromisoformat(document["made_at"]),
            isojoule_version=str(document["isojoule_version"]),
        )
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise FormatError(f"{path} is no valid calibration: {error}") from error


def read_calibration_runs(path: Path) -> list[Run]:
    """Return the runs of a calibration file, for what works on runs.

    Raises
    ------
    FormatError
        As `read_calibration`.
    """
    return list(read_calibration(path).runs)


def _slimmed(run: Run) -> dict[str, Any]:
    """Return what a calibration keeps of a run; what is empty is left away."""
    idle = tuple(w for w in run.windows if w.phase == "idle")
    record = msgspec.to_builtins(replace(run, samples=None, windows=idle))
    del record["hardware"]
    return {
        key: value for key, value in record.items() if value not in ({}, [], None, "")
    }


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _digest(document: Mapping[str, object]) -> str:
    """Return the SHA-256 of the content, whatever its order and spaces."""
    canonical = json.dumps(
        document, sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return sha256(canonical.encode()).hexdigest()
