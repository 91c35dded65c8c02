"""RunStore: keeps runs in a folder and finds them again.

The folder holds ``runs.sqlite`` (WAL mode, one row per run, its samples one compressed
blob) and ``journals/``, one file per live run. Several processes may write at once. The
journal of a run that was killed becomes a run with status ``recovered`` at the next
start of anything that opens the store. WAL does not work on network file systems.
"""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

from isojoule.errors import FormatError, StoreError, UnknownNameError
from isojoule.finish import finish_run
from isojoule.formats.journal import (
    Journal,
    is_ended,
    lock_if_ended,
    read_journal,
)
from isojoule.formats.native import (
    SCHEMA_VERSION,
    check_version,
    decode_run,
    encode_record,
    pack_samples,
    unpack_samples,
    without_samples,
)
from isojoule.records import Channel, Run

_DATABASE: Final = "runs.sqlite"
_APPLICATION_ID: Final = 0x69736A6C  # "isjl" in the header of the SQLite file
_LAYOUT: Final = 1
_BUSY_S: Final = 60.0
_TABLE: Final = """
CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    schema_version INTEGER NOT NULL,
    record TEXT NOT NULL,
    samples BLOB
) WITHOUT ROWID
"""

log = logging.getLogger(__name__)


def default_root() -> Path:
    """Return the folder of the user's store: ISOJOULE_STORE, else the data folder."""
    from platformdirs import user_data_path

    named = os.environ.get("ISOJOULE_STORE")
    return Path(named) if named else user_data_path("isojoule") / "runs"


class RunStore:
    """Runs in a folder; open it with `open`, or as a context manager.

    Parameters
    ----------
    root : Path
        The folder.
    connection : sqlite3.Connection
        To its database.
    """

    def __init__(self, root: Path, connection: sqlite3.Connection) -> None:
        self.root = root
        self._connection = connection

    @classmethod
    def open(cls, root: Path | None = None, *, create: bool = True) -> Self:
        """Return the store at `root`, with the runs of killed processes recovered.

        Parameters
        ----------
        root : Path or None
            Folder; `default_root` where `None`.
        create : bool, default True
            Make the store if it is not there; only in a new or empty folder.

        Raises
        ------
        StoreError
            If there is no store and none may be made, the folder holds something else,
            or it cannot be read or written.
        """
        root = default_root() if root is None else root
        database = root / _DATABASE
        try:
            if not database.exists():
                _require_free(root, create=create)
                _create(root)
            connection = _connect(database)
        except OSError as error:
            raise StoreError(
                f"cannot make a store in {root}: {error.strerror or error}; "
                "choose another folder (--store)"
            ) from error
        store = cls(root, connection)
        if _is_writable(database):
            store.recover()
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._connection.close()

    def add(self, run: Run) -> None:
        """Keep `run` with its samples; a run that is there already stays as it is.

        Raises
        ------
        StoreError
            If it cannot be written.
        """
        record = encode_record(without_samples(run)).decode()
        blob = None if run.samples is None else pack_samples(run.samples)
        with _translated(self.root):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute(
                    "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?)",
                    (run.run_id, SCHEMA_VERSION, record, blob),
                )
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:  # SQLite may have ended it itself
                    self._connection.execute("ROLLBACK")

    def runs(self, *, with_samples: bool = False) -> list[Run]:
        """Return all runs by their start.

        Parameters
        ----------
        with_samples : bool, default False
            Unpack the samples too.

        Raises
        ------
        StoreError
            If the store cannot be read.
        FormatError
            If a record is damaged or comes from a newer isojoule.
        """
        samples = "samples" if with_samples else "NULL"
        return self._query(
            f"SELECT run_id, schema_version, record, {samples} FROM runs"  # noqa: S608
            " ORDER BY run_id",
            (),
        )

    def get(self, run_id: str) -> Run:
        """Return one run with its samples.

        Parameters
        ----------
        run_id : str
            Its id, or the beginning of only one.

        Raises
        ------
        UnknownNameError
            If none or several begin like that.
        StoreError
            If the store cannot be read.
        FormatError
            If the record is damaged or comes from a newer isojoule.
        """
        with _translated(self.root):
            rows = self._connection.execute("SELECT run_id FROM runs").fetchall()
        ids = [row[0] for row in rows]
        found = [i for i in ids if i == run_id] or [
            i for i in ids if run_id and i.startswith(run_id)
        ]
        if len(found) != 1:
            raise UnknownNameError("run", run_id, found or ids)
        (run,) = self._query(
            "SELECT run_id, schema_version, record, samples FROM runs WHERE run_id = ?",
            (found[0],),
        )
        return run

    def _query(self, sql: str, parameters: Sequence[str]) -> list[Run]:
        with _translated(self.root):
            rows = self._connection.execute(sql, parameters).fetchall()
        runs = []
        for run_id, version, record, blob in rows:
            where = f"run {run_id} in {self.root}"
            check_version(version, where=where)
            run = decode_run(record.encode(), where=where)
            if blob is not None:
                run = replace(run, samples=unpack_samples(blob, where=where))
            runs.append(run)
        return runs

    def start(self, run: Run, channels: Sequence[Channel]) -> Journal:
        """Return a journal for a run that begins now.

        Parameters
        ----------
        run : Run
            The run as far as it is known.
        channels : sequence of Channel
            What its readings will be of.

        Raises
        ------
        StoreError
            If the journal cannot be made.
        """
        return Journal.create(self._journals / f"{run.run_id}.jsonl", run, channels)

    def live_run_ids(self) -> list[str]:
        """Return the ids of the runs that are being measured now, on any host."""
        return [
            path.stem
            for path in sorted(self._journals.glob("*.jsonl"))
            if not is_ended(path)
        ]

    def finish(self, journal: Journal, run: Run) -> None:
        """Keep the ended `run` and remove its journal.

        If the run cannot be kept its journal stays, and the next start recovers it.

        Raises
        ------
        StoreError
            If the run cannot be written.
        """
        try:
            self.add(run)
            journal.path.unlink(missing_ok=True)
        finally:
            journal.close()

    def recover(self) -> list[str]:
        """Return the ids of the runs that were made from journals of killed processes.

        A journal that cannot be read is set aside as ``*.damaged``.

        Raises
        ------
        StoreError
            If a recovered run cannot be written.
        """
        recovered = []
        for path in sorted(self._journals.glob("*.jsonl")):
            file = lock_if_ended(path)
            if file is None:
                continue
            with file:
                try:
                    journaled = read_journal(file, where=str(path))
                except FormatError as error:
                    log.warning("%s; set aside", error)
                    path.rename(path.with_suffix(".damaged"))
                    continue
                run = finish_run(
                    journaled.run,
                    journaled.samples,
                    journaled.windows,
                    status="recovered",
                    start_s=journaled.start_s,
                    end_s=journaled.end_s,
                )
                self.add(run)
                path.unlink(missing_ok=True)
                recovered.append(run.run_id)
        return recovered

    @property
    def _journals(self) -> Path:
        return self.root / "journals"


def _require_free(root: Path, *, create: bool) -> None:
    """Raise unless a new store may be made at `root`.

    Raises
    ------
    StoreError
        If it may not, with the reason.
    """
    if not create:
        raise StoreError(
            f"there is no isojoule store in {root}: name another one with --store, or "
            "make one with isojoule measure, suite run or demo"
        )
    if root.exists() and not root.is_dir():
        raise StoreError(f"{root} is not a folder: name another one with --store")
    ours = {_DATABASE, "journals", ".lock"}
    if root.is_dir() and any(
        not entry.name.startswith(_DATABASE) and entry.name not in ours
        for entry in root.iterdir()
    ):
        raise StoreError(
            f"{root} is not empty and not an isojoule store: name a new folder"
        )


def _create(root: Path) -> None:
    """Make the folder and an empty database, once, whoever else is doing the same."""
    (root / "journals").mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (root / _DATABASE).exists():
            return
        fresh = root / f"{_DATABASE}.new"
        fresh.unlink(missing_ok=True)
        with _translated(root):
            connection = sqlite3.connect(fresh, isolation_level=None)
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {_LAYOUT}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.close()
        fresh.rename(root / _DATABASE)


def _connect(database: Path) -> sqlite3.Connection:
    """Return a connection to a database that is ours.

    Raises
    ------
    StoreError
        If it is not ours, is newer, or cannot be opened.
    """
    with _translated(database.parent):
        mode = "rw"
        if not _is_writable(database):
            # SQLite cannot make the shared memory of a WAL there; a WAL that holds runs
            # must be read all the same, or they would be missing without a word.
            wal = database.with_name(f"{database.name}-wal")
            has_wal = wal.exists() and wal.stat().st_size > 0
            mode = "ro" if has_wal else "ro&immutable=1"
        connection = sqlite3.connect(
            f"{database.absolute().as_uri()}?mode={mode}",
            timeout=_BUSY_S,
            isolation_level=None,
            uri=True,
        )
        (identity,) = connection.execute("PRAGMA application_id").fetchone()
        (layout,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute("PRAGMA synchronous = NORMAL")
    if identity != _APPLICATION_ID:
        connection.close()
        raise StoreError(f"{database} is not an isojoule store: name another folder")
    if layout > _LAYOUT:
        connection.close()
        raise StoreError(
            f"{database} has store layout {layout}, this isojoule knows up to "
            f"{_LAYOUT}: install a newer isojoule"
        )
    return connection


def _is_writable(database: Path) -> bool:
    return os.access(database, os.W_OK) and os.access(database.parent, os.W_OK)


@contextmanager
def _translated(root: Path) -> Iterator[None]:
    """Turn errors of SQLite into a `StoreError` that names the store.

    Raises
    ------
    StoreError
        If the body raised an error of SQLite.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(
            f"the store {root} cannot be used ({error}): free its disk, or name "
            "another folder with --store"
        ) from error
