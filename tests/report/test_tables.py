import json
from io import StringIO
from math import inf, nan

import pytest
from rich.console import Console

from isojoule.report.tables import (
    format_cell,
    is_numeric,
    to_records,
    to_rich,
)
from isojoule.tables import Column, Table


@pytest.fixture
def table():
    return Table(
        "Two runs",
        (
            Column("run", ("a|b", "<b>[red]c"), "Run"),
            Column("energy_j", (1234.5678901, None), "Energy"),
            Column("idle_fraction", (nan, 0.125)),
            Column("in_range", (True, False), "In range"),
        ),
    )


@pytest.mark.parametrize(
    ("column_name", "value", "expected"),
    [
        ("energy_j", 1234.5, "1.23 kJ"),
        ("energy_j", 0.0, "0 J"),
        ("energy_j", -2500.0, "-2.5 kJ"),
        ("energy_j_per_sample", 0.0025, "2.5 mJ/sample"),
        ("power_w", 345.6, "346 W"),
        ("duration_s", 3725.0, "1 h 2 min"),
        ("idle_fraction", 0.1234, "12.3 %"),
        ("mdape_fraction", 22.82, "2,282 %"),
        ("memory_bytes", 16 * 2**30, "16 GiB"),
        ("memory_bytes", 512 * 2**20, "512 MiB"),
        ("temperature_c", 61.0, "61 °C"),
        ("ratio", 0.123456, "0.1235"),
        ("n_runs", 12, "12"),
        ("year", 2026, "2026"),
        ("n_params", 1234567, "1,234,567"),
        ("in_range", True, "yes"),
        ("in_range", False, "no"),
        ("energy_j", None, "\N{EN DASH}"),
        ("energy_j", nan, "\N{EN DASH}"),
        ("energy_high_j", inf, "∞"),
        ("duration_s", "not a number", "not a number"),
        ("n_steps", 3, "3"),
    ],
)
def test_format_cell_reads_the_unit_from_the_end_of_the_name(
    column_name, value, expected
):
    assert format_cell(column_name, value) == expected


def test_a_column_of_truths_or_of_nothing_is_not_numeric(table):
    assert [is_numeric(c) for c in table.columns] == [False, True, True, False]
    assert not is_numeric(Column("energy_j", (None, None)))


def test_records_hold_only_what_json_can_say(table):
    records = to_records(table)
    assert records[0]["idle_fraction"] is None
    assert records[1]["energy_j"] is None
    assert records[0]["energy_j"] == 1234.5678901
    assert json.loads(json.dumps(records, allow_nan=False)) == records
    assert to_records(Table("", (Column("x", (inf,)),))) == [{"x": None}]


def test_rich_takes_brackets_for_text_and_puts_numbers_to_the_right(table):
    rich_table = to_rich(table)
    assert [c.justify for c in rich_table.columns] == ["left", "right", "right", "left"]
    console = Console(width=100, file=StringIO())
    console.print(rich_table)
    shown = console.file.getvalue()
    assert "Two runs" in shown
    assert "[red]c" in shown
    assert "1.23 kJ" in shown


def test_an_empty_table_renders_everywhere():
    empty = Table("Nothing", (Column("energy_j", ()),))
    assert to_records(empty) == []
    assert to_rich(empty).row_count == 0
