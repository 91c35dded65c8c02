import csv
import io

import pytest

from isojoule.formats.table import encode_csv
from isojoule.tables import Column, Table


def cells_of(text):
    return [row[0] for row in csv.reader(io.StringIO(text))]


HARMFUL = (
    '=HYPERLINK("http://x")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "\tx",
    "\n=1",
    "\N{FULLWIDTH EQUALS SIGN}1",
)


@pytest.mark.parametrize("text", HARMFUL)
def test_a_text_that_starts_a_formula_stays_a_text_in_a_spreadsheet(text):
    table = Table("t", (Column("a", (text,)),))
    encoded = encode_csv(table, is_for_spreadsheet=True)
    assert next(csv.reader(io.StringIO(encoded.partition("\n")[2], newline=""))) == [
        f"'{text}"
    ]


def test_a_name_of_a_column_is_no_formula_either():
    table = Table("t", (Column("=x", (1,)),))
    assert cells_of(encode_csv(table, is_for_spreadsheet=True)) == ["'=x", "1"]


def test_numbers_stay_numbers_in_a_spreadsheet():
    values = (-1.5, -2, None, "-0.25", "+1e-3", "a=b")
    table = Table("t", (Column("a", values),))
    expected = ["a", "-1.5", "-2", "", "-0.25", "+1e-3", "a=b"]
    rows = list(csv.reader(io.StringIO(encode_csv(table, is_for_spreadsheet=True))))
    assert [row[0] if row else "" for row in rows] == expected


def test_a_file_that_is_read_back_has_texts_as_they_are():
    table = Table("t", (Column("a", ("=1", "-x")),))
    assert cells_of(encode_csv(table)) == ["a", "=1", "-x"]


def test_a_carriage_return_starts_no_row_of_its_own():
    table = Table("t", (Column("a", ("\r=1", "x\r=1")),))
    encoded = encode_csv(table, is_for_spreadsheet=True)
    assert encoded == 'a\n"\'\n=1"\n"x\n=1"\n'
