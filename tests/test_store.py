import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from builders import make_run
from isojoule.errors import FormatError, StoreError, UnknownNameError
from isojoule.store import RunStore, default_root


@pytest.fixture
def store(tmp_path):
    with RunStore.open(tmp_path / "store") as opened:
        yield opened


def test_a_run_comes_back_with_its_samples(store, power_samples):
    run = replace(make_run(), samples=power_samples)
    store.add(run)
    assert store.get(run.run_id) == run
    assert store.runs(with_samples=True) == [run]
    assert store.runs() == [replace(run, samples=None)]


def test_a_run_is_never_edited(store):
    store.add(make_run(energy_j=1.0))
    store.add(make_run(energy_j=2.0))
    assert store.get("a-one").energies[0].energy_j == 1.0


def test_the_beginning_of_an_id_is_enough_where_only_one_begins_so(store):
    for name in ("abc", "abd", "xyz"):
        store.add(make_run(name))
    assert store.get("x").name == "xyz"
    assert store.get("abc-one").name == "abc"
    with pytest.raises(UnknownNameError, match="no run 'ab'"):
        store.get("ab")
    with pytest.raises(UnknownNameError, match="no run 'q'"):
        store.get("q")
    with pytest.raises(UnknownNameError, match="no run ''"):
        store.get("")


def test_reading_does_not_make_a_store(tmp_path):
    with pytest.raises(StoreError, match="there is no isojoule store in"):
        RunStore.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_folder_with_other_things_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(StoreError, match="is not empty and not an isojoule store"):
        RunStore.open(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is not a folder"):
        RunStore.open(tmp_path / "file")


def test_a_database_of_somebody_else_is_refused(tmp_path):
    connection = sqlite3.connect(tmp_path / "runs.sqlite")
    connection.execute("CREATE TABLE runs (a)")
    connection.close()
    with pytest.raises(StoreError, match="is not an isojoule store"):
        RunStore.open(tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "runs.sqlite").write_text("this is no database, but long enough" * 9)
    with pytest.raises(StoreError, match="cannot be used"):
        RunStore.open(tmp_path)


def test_a_newer_store_is_refused(store):
    store._connection.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreError, match="has store layout 2, this isojoule knows"):
        RunStore.open(store.root)


def test_a_record_of_a_newer_schema_is_refused(store):
    store.add(make_run())
    store._connection.execute("UPDATE runs SET schema_version = 9")
    with pytest.raises(FormatError, match="schema 9"):
        store.runs()


def test_a_store_that_may_only_be_read_is_read(store, monkeypatch):
    store.add(make_run())
    store.close()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with RunStore.open(store.root, create=False) as locked:
        assert locked.runs() == [make_run()]
        with pytest.raises(StoreError, match="readonly"):
            locked.add(make_run("b"))


def test_runs_that_are_still_in_the_wal_are_read_where_nothing_may_be_written(
    store, monkeypatch
):
    store.add(make_run())  # the store stays open, so its WAL is not folded in
    (store.root / "journals" / "left.jsonl").write_text("somebody's")
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    with RunStore.open(store.root, create=False) as locked:
        assert locked.runs() == [make_run()]
    assert (store.root / "journals" / "left.jsonl").exists()


def test_a_full_disk_is_told_and_loses_nothing_that_was_kept(store):
    store.add(make_run())
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")
    big = replace(make_run("big"), warnings=("x" * 100_000,))
    with pytest.raises(StoreError, match="database or disk is full"):
        store.add(big)
    assert store.runs() == [make_run()]


def test_the_store_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("ISOJOULE_STORE", str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv("ISOJOULE_STORE")
    assert default_root().name == "runs"


WRITER = """
import sys
from pathlib import Path
from builders import make_run
from isojoule.store import RunStore
with RunStore.open(Path(sys.argv[1])) as store:
    for i in range(int(sys.argv[3])):
        store.add(make_run(f"w{sys.argv[2]}-{i:03d}"))
"""


@pytest.mark.slow
def test_eight_processes_write_at_once_and_nothing_is_lost(tmp_path):
    root, n_writers, n_runs = tmp_path / "store", 8, 25
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    writers = [  # all find no store yet
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), str(i), str(n_runs)],
            env=environment,
        )
        for i in range(n_writers)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * n_writers
    with RunStore.open(root, create=False) as store:
        assert len(store.runs()) == n_writers * n_runs


METERED = """
import sys, time
from pathlib import Path
from isojoule import Meter, RunStore
store = RunStore.open(Path(sys.argv[1]))
with Meter("victim", hz=50, store=store) as meter:
    with meter.window("epoch", phase="train", epoch=0):
        print("started", flush=True)
        time.sleep(60)
"""


@pytest.mark.slow
def test_a_run_killed_with_sigkill_is_recovered_at_the_next_start(tmp_path):
    victim = subprocess.Popen(
        [sys.executable, "-c", METERED, str(tmp_path / "store")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victim.stdout.readline() == "started\n"
    (journal,) = (tmp_path / "store" / "journals").glob("*.jsonl")
    deadline_s = time.monotonic() + 30
    while journal.read_bytes().count(b'"v":') < 20 and time.monotonic() < deadline_s:
        time.sleep(0.02)
    with RunStore.open(tmp_path / "store") as store:
        assert store.runs() == []  # alive: nobody takes it for ended
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    n_kept = journal.read_bytes().count(b'"v":')
    with RunStore.open(tmp_path / "store") as store:
        (run,) = store.runs(with_samples=True)
    assert run.status == "recovered"
    assert run.name == "victim"
    assert len(run.samples.time_s) == n_kept >= 20
    assert run.duration_s == run.samples.time_s[-1] - run.samples.time_s[0]
    (window,) = run.windows
    assert (window.name, window.end_s) == ("epoch", run.samples.time_s[-1])
    assert not journal.exists()


def test_a_journal_that_cannot_be_read_is_set_aside_and_told(store, caplog):
    (store.root / "journals" / "x.jsonl").write_text("not a journal\n")
    with caplog.at_level(logging.WARNING):
        assert store.recover() == []
    assert "not an isojoule journal" in caplog.text
    assert (store.root / "journals" / "x.damaged").exists()
