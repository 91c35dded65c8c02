import numpy as np
import pytest

from builders import make_run
from isojoule.errors import FormatError, StoreError
from isojoule.formats.journal import Journal, lock_if_ended, read_journal
from isojoule.records import Channel, Window

CHANNEL = Channel("gpu0_power_w", "gpu", "power_w", "gpu0")


def reread(path):
    file = lock_if_ended(path)
    assert file is not None
    with file:
        return read_journal(file, where=str(path))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.jsonl"


def test_readings_and_windows_come_back_in_order(path):
    journal = Journal.create(path, make_run(), [CHANNEL])
    journal.sample(0.0, [10.0])
    journal.open_window(0, Window("outer", "train", 0, 0.0, 0.0))
    journal.sample(1.0, [float("nan")])
    journal.open_window(1, Window("inner", None, None, 1.0, 1.0))
    journal.close_window(0, 1.0)
    journal.sample(2.0, [30.0])
    journal.close()
    journaled = reread(path)
    assert journaled.run == make_run()
    assert journaled.samples.channels == (CHANNEL,)
    np.testing.assert_array_equal(journaled.samples.time_s, [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(journaled.samples.values, [[10.0, np.nan, 30.0]])
    assert journaled.windows == (
        Window("outer", "train", 0, 0.0, 1.0),
        Window("inner", None, None, 1.0, 2.0),  # still open: ends at the last reading
    )


def test_scores_come_back_with_their_window_whenever_they_were_reported(path):
    journal = Journal.create(path, make_run(), [CHANNEL])
    journal.sample(0.0, [10.0])
    for index in range(3):
        journal.open_window(index, Window("train", "train", index, 0.0, 0.0))
    journal.report(0, {"val_f1": 0.5, "val_loss": 2.0}, 0.5)
    journal.close_window(0, 1.0)
    journal.close_window(1, 1.0)
    journal.report(1, {"val_f1": 0.6}, 1.0)
    journal.report(1, {"val_f1": 0.7}, 1.5)
    journal.report(7, {"val_f1": 0.9}, 1.5)  # its window was cut short by a kill
    journal.sample(2.0, [30.0])
    journal.close()
    assert [w.scores for w in reread(path).windows] == [
        {"val_f1": 0.5, "val_loss": 2.0},
        {"val_f1": 0.7},
        {},
    ]


def test_a_line_cut_short_by_a_kill_is_left_out(path):
    journal = Journal.create(path, make_run(), [CHANNEL])
    journal.sample(0.0, [10.0])
    journal.close()
    whole = path.read_bytes()
    for torn in (b'{"t":1.0,"v":[2', b"\xff\xff\n", b'{"t":1.0,"v":[1,2]}\n'):
        path.write_bytes(whole + torn)
        assert len(reread(path).samples.time_s) == 1


def test_a_live_journal_is_left_alone(path):
    journal = Journal.create(path, make_run(), [CHANNEL])
    assert lock_if_ended(path) is None
    journal.close()
    file = lock_if_ended(path)
    assert file is not None
    file.close()


def test_a_journal_that_is_gone_is_nobodys(path):
    assert lock_if_ended(path) is None


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"schema_version":1}\n'])
def test_what_is_no_journal_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(FormatError, match="not an isojoule journal"):
        reread(path)


def test_a_journal_of_a_newer_schema_is_refused(path):
    Journal.create(path, make_run(), [CHANNEL]).close()
    newer = path.read_bytes().replace(b'"schema_version":4', b'"schema_version":9')
    path.write_bytes(newer)
    with pytest.raises(FormatError, match="schema 9"):
        reread(path)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_journal_of_an_older_schema_is_read(path, version):
    """It holds no scores, and a window in it has none."""
    journal = Journal.create(path, make_run(), [CHANNEL])
    journal.sample(0.0, [10.0])
    journal.open_window(0, Window("train", "train", 0, 0.0, 0.0))
    journal.close_window(0, 1.0)
    journal.close()
    older = path.read_bytes().replace(
        b'"schema_version":4', f'"schema_version":{version}'.encode()
    )
    path.write_bytes(older)
    assert reread(path).windows == (Window("train", "train", 0, 0.0, 1.0),)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(StoreError, match="cannot start a journal"):
        Journal.create(tmp_path / "none" / "run.jsonl", make_run(), [CHANNEL])
