import pytest

from isojoule.errors import FormatError
from isojoule.formats.foreign import head_of, read_rows, read_text


def test_text_is_read_with_its_mark_or_without(tmp_path):
    path = tmp_path / "a.csv"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes("Größe".encode(encoding))
        assert read_text(path) == head_of(path) == "Größe"


def test_bytes_that_are_no_text_are_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xffPAR1")
    with pytest.raises(FormatError, match="is not a text file"):
        read_text(path)
    assert "PAR1" in head_of(path)


def test_a_file_that_is_not_there_is_told(tmp_path):
    for read in (read_text, head_of):
        with pytest.raises(FormatError, match=r"cannot read .* No such file"):
            read(tmp_path / "a.csv")


def test_rows_know_their_lines(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,x\n\n 3 ,z\n")
    rows = read_rows(path, needed=("a",), program="x")
    assert [(row.line, row.number("a"), row.text("b")) for row in rows] == [
        (2, 1.0, "x"),
        (4, 3.0, "z"),
    ]
    assert rows[0].number_or_none("c") is None


def test_a_damaged_line_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n1,"x"y\n')
    with pytest.raises(FormatError, match=r"a\.csv line 2: "):
        read_rows(path, needed=(), program="x")
