"""Our own record format: JSON with a schema version, checked on reading.

History of the schema:

1. First version.
2. Bounds and gain error of energies; resolution, averaging and origin of channels;
   start, refreshes, sampling period and what is left out of runs.
3. Family, settings and activations of workloads; memory utilization and further
   measures of runs.
4. Validation samples and input shape of workloads; scores of windows.
"""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from isojoule.errors import FormatError
from isojoule.formats.files import read_bytes, write_whole
from isojoule.records import Channel, Run, Samples

SCHEMA_VERSION: Final = 4
"""Version of the record that this isojoule writes; every older one stays readable."""


class _RunFile(msgspec.Struct, kw_only=True, tag_field="kind", tag="isojoule-runs"):
    schema_version: int
    runs: list[Run]


class _Version(msgspec.Struct):
    schema_version: int
    kind: str


def _encode_array(value: object) -> object:
    if isinstance(value, np.ndarray):
        return value.tolist()  # msgspec writes NaN as null
    raise TypeError(f"cannot write {type(value)}")


def _decode_array(kind: type, value: object) -> NDArray[np.float64]:
    del kind
    try:
        return np.array(value, dtype=np.float64)  # null becomes NaN
    except (TypeError, ValueError) as error:
        raise ValueError("expected an array of numbers") from error


def encode_record(record: object) -> bytes:
    """Return a record, or anything made of records, as one line of JSON."""
    return msgspec.json.encode(record, enc_hook=_encode_array)


def encode_lines(records: Sequence[object]) -> bytes:
    """Return records as JSON, a line each."""
    return msgspec.json.Encoder(enc_hook=_encode_array).encode_lines(records)


def decode_run(data: bytes, *, where: str) -> Run:
    """Return the run that `data` holds, checked against the schema.

    Parameters
    ----------
    data : bytes
        JSON as `encode_record` makes it.
    where : str
        What the bytes were read from, for messages.

    Raises
    ------
    FormatError
        If they are not a run.
    """
    try:
        return msgspec.json.decode(data, type=Run, dec_hook=_decode_array)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"{where} holds no valid run: {error}") from error


def check_version(version: int, *, where: str) -> None:
    """Raise unless records of `version` can be read.

    Raises
    ------
    FormatError
        If the version is newer than this isojoule, or not a version.
    """
    if not 1 <= version <= SCHEMA_VERSION:
        raise FormatError(
            f"{where} has record schema {version}, this isojoule reads up to "
            f"{SCHEMA_VERSION}: install a newer isojoule"
        )


def encode_runs(runs: Sequence[Run]) -> bytes:
    """Return `runs` as the content of a record file, one run per line."""
    lines = b",\n".join(encode_record(run) for run in runs)
    head = b'{"kind":"isojoule-runs","schema_version":%d,"runs":[\n' % SCHEMA_VERSION
    return head + lines + b"\n]}\n"


def write_native(path: Path, runs: Sequence[Run]) -> None:
    """Write `runs` with their samples to `path`.

    Raises
    ------
    StoreError
        If the file cannot be written.
    """
    write_whole(path, encode_runs(runs))


def read_native(path: Path) -> list[Run]:
    """Return the runs of a record file.

    Raises
    ------
    FormatError
        If it is not one, is damaged, or comes from a newer isojoule.
    """
    data = read_bytes(path)
    try:
        version = msgspec.json.decode(data, type=_Version)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise FormatError(f"{path} is not a file of isojoule runs: {error}") from error
    check_version(version.schema_version, where=str(path))
    try:
        return msgspec.json.decode(data, type=_RunFile, dec_hook=_decode_array).runs
    except msgspec.MsgspecError as error:
        raise FormatError(f"{path} is not a valid run file: {error}") from error


def pack_samples(samples: Samples) -> bytes:
    """Return `samples` as one compressed blob.

    Notes
    -----
    zlib of a line of JSON (the channels and the number of samples) followed by the time
    and then each channel, little-endian float64.
    """
    head = encode_record({"n": len(samples.time_s), "channels": samples.channels})
    numbers = np.vstack([samples.time_s, samples.values]).astype("<f8")
    return zlib.compress(head + b"\n" + numbers.tobytes(), level=6)


def unpack_samples(blob: bytes, *, where: str) -> Samples:
    """Return the samples that `pack_samples` packed.

    Raises
    ------
    FormatError
        If the blob is damaged.
    """

    class Head(msgspec.Struct):
        n: int
        channels: tuple[Channel, ...]

    try:
        line, _, data = zlib.decompress(blob).partition(b"\n")
        head = msgspec.json.decode(line, type=Head)
        numbers = np.frombuffer(data, dtype="<f8").reshape(
            1 + len(head.channels), head.n
        )
        return Samples(head.channels, numbers[0].copy(), numbers[1:].copy())
    except (zlib.error, msgspec.MsgspecError, ValueError, IndexError) as error:
        raise FormatError(f"samples of {where} are damaged: {error}") from error


def without_samples(run: Run) -> Run:
    """Return `run` without its samples, for places that keep those apart."""
    return replace(run, samples=None)
