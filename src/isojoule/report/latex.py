"""A `Table` as LaTeX, for a paper."""

import re
from typing import Final

from isojoule.report.tables import format_cell, is_numeric
from isojoule.tables import Cell, Table

_MAX_ROWS_ON_A_PAGE: Final = 40

_ESCAPES: Final = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "{": r"\{",
        "}": r"\}",
        "#": r"\#",
        "$": r"\$",
        "%": r"\%",
        "&": r"\&",
        "_": r"\_",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "[": "{[}",  # after the end of a row it would open an option
        "*": "{*}",
        "\n": " ",
        "\N{EN DASH}": "--",
        "\N{HORIZONTAL ELLIPSIS}": r"\dots{}",
        "\N{INFINITY}": r"$\infty$",
        "\N{MINUS SIGN}": "$-$",
        "\N{SUPERSCRIPT TWO}": "$^2$",
        "\N{MICRO SIGN}": r"$\mu$",
        "\N{DEGREE SIGN}": r"$^\circ$",
        "\N{RIGHTWARDS ARROW}": r"$\rightarrow$",
    }
)

_NUMBER: Final = re.compile(r"^(-?)(\d[\d.,]*)(?:e([+-])0*(\d+))?")


def to_latex(table: Table) -> str:
    """Return `table` as LaTeX with rules of booktabs, figures rounded and with units.

    Parameters
    ----------
    table : Table
        What to show; whatever LaTeX would take for a command in it is escaped.

    Returns
    -------
    str
        A ``tabular``, for a ``table`` with a caption of your own; a ``longtable``,
        which goes on over pages, where there are more than 40 rows. The packages that
        it needs stand in a comment at its head.
    """
    is_long = table.n_rows > _MAX_ROWS_ON_A_PAGE
    kind = "longtable" if is_long else "tabular"
    packages = "booktabs, longtable" if is_long else "booktabs"
    numeric = [is_numeric(column) for column in table.columns]
    layout = "".join("r" if is_number else "l" for is_number in numeric)
    rows = [
        _row(
            [
                _cell(name, value, is_number=is_number)
                for (name, value), is_number in zip(row.items(), numeric, strict=True)
            ]
        )
        for row in table.rows()
    ]
    lines = [
        f"% {_one_line(table.title)}. Needs the packages {packages}.",
        rf"\begin{{{kind}}}{{{layout}}}",
        r"\toprule",
        _row([escape(column.heading) for column in table.columns]),
        r"\midrule",
        *([r"\endhead", r"\bottomrule", r"\endfoot"] if is_long else []),
        *rows,
        *([] if is_long else [r"\bottomrule"]),
        rf"\end{{{kind}}}",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Return `text` such that LaTeX prints it as it stands."""
    return text.translate(_ESCAPES)


def _cell(name: str, value: Cell, *, is_number: bool) -> str:
    text = escape(format_cell(name, value))
    return _NUMBER.sub(_typeset, text) if is_number else text


def _typeset(found: re.Match[str]) -> str:
    """Return a number with a true minus and a power of ten."""
    minus, digits, sign, exponent = found.groups()
    if exponent is None:
        return f"${minus}${digits}" if minus else digits
    power = exponent if sign == "+" else f"-{exponent}"
    return rf"${minus}{digits}\times10^{{{power}}}$"


def _row(cells: list[str]) -> str:
    return f"{' & '.join(cells)} \\\\"


def _one_line(text: str) -> str:
    return " ".join(text.split())
