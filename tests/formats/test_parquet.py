import sys

import pytest

from isojoule.errors import FormatError, MissingExtraError
from isojoule.formats.parquet import is_parquet, parquet_columns, parquet_lines
from isojoule.formats.table import write_parquet
from isojoule.tables import Table


@pytest.fixture
def table(tmp_path):
    pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")
    path = tmp_path / "a.parquet"
    rows = [{"name": "x", "n": 1}, {"name": None, "n": 2}]
    write_parquet(path, Table.from_rows("t", rows, labels={"name": "", "n": ""}))
    return path


def test_columns_come_first_then_the_rows(table):
    assert parquet_columns(table) == ["name", "n"]
    assert list(parquet_lines(table)) == [["name", "n"], ["x", 1], [None, 2]]


def test_it_is_known_by_its_ending_or_by_how_it_begins(table, tmp_path):
    bare = table.rename(tmp_path / "a")
    text = tmp_path / "b.csv"
    text.write_text("a,b\n")
    assert is_parquet(bare)
    assert is_parquet(tmp_path / "nowhere.PQ")
    assert not is_parquet(text)


def test_what_is_not_parquet_or_not_there_is_told(tmp_path):
    pytest.importorskip("duckdb", reason="Parquet needs the parquet extra")
    path = tmp_path / "a.parquet"
    with pytest.raises(FormatError, match=r"cannot read .*: No such file"):
        parquet_columns(path)
    path.write_text("a,b\n")
    with pytest.raises(FormatError, match="is not a Parquet table"):
        list(parquet_lines(path))


def test_without_duckdb_it_says_what_to_install(table, monkeypatch):
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(MissingExtraError, match=r"isojoule\[parquet\]"):
        parquet_columns(table)
