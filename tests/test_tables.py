import pytest

from isojoule.tables import Column, Table


def test_rows_come_back_as_they_went_in():
    rows = [{"a": 1, "b_j": 2.5}, {"a": 2}]
    table = Table.from_rows("t", rows, labels={"a": "A", "b_j": "B"})
    assert table.n_rows == 2
    assert table.rows() == [{"a": 1, "b_j": 2.5}, {"a": 2, "b_j": None}]
    assert [c.heading for c in table.columns] == ["A", "B"]


def test_columns_of_different_length_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        Table("t", (Column("a", (1,)), Column("b", ())))


def test_two_columns_of_one_name_are_refused():
    with pytest.raises(ValueError, match="share a name"):
        Table("t", (Column("a", (1,)), Column("a", (2,))))
