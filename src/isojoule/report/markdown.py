"""A `Table` as Markdown, for a README, an issue or a paper draft."""

from typing import Final

from isojoule.report.tables import format_cell, is_numeric
from isojoule.tables import Table


def to_markdown(table: Table) -> str:
    """Return `table` as Markdown, its figures rounded and with units.

    Parameters
    ----------
    table : Table
        What to show; markup of Markdown and HTML in it is escaped: names and texts
        may come from anybody.

    Returns
    -------
    str
        A heading, then the table.
    """
    heads = [_cell(column.heading) for column in table.columns]
    rules = ["---:" if is_numeric(column) else "---" for column in table.columns]
    rows = [
        [_cell(format_cell(name, value)) for name, value in row.items()]
        for row in table.rows()
    ]
    lines = (f"| {' | '.join(cells)} |" for cells in (heads, rules, *rows))
    return f"### {_cell(table.title)}\n\n" + "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.translate(_ESCAPES)


_ESCAPES: Final = str.maketrans(
    {
        **{mark: f"\\{mark}" for mark in "\\|`*[]"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\n": " ",
        "\r": " ",
    }
)
