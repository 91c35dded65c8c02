"""A comparison in a terminal and as files."""

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from isojoule.cli.options import print_table, say

if TYPE_CHECKING:
    from isojoule.comparison.compare import Comparison
    from isojoule.formats.bundle import Bundle
    from isojoule.report.comparison.figures import ComparisonFigure

_N_SHOWN: Final = 20

_FOLDERS: Final = {
    "tables": (".csv", ".md", ".tex"),
    "mails": (".txt",),
    "figures": (".svg", ".pdf", ".png"),
}
"""Folders that are ours, and what we write into them."""

_RESERVED: Final = ("", "con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)))
"""Names that are no files everywhere."""


def print_comparison(compared: "Comparison", *, detailed: bool | None) -> None:
    """Print the ranking at a glance and what needs attention."""
    from isojoule.report.comparison.overview import overview_sentences, overview_table

    table = overview_table(compared, n_most=_N_SHOWN)
    if table.n_rows:
        print_table(table)
    for sentence in overview_sentences(compared, detailed=detailed):
        click.echo(sentence)


def write_comparison(
    compared: "Comparison", out: Path, *, bundle: "Bundle", with_figures: bool
) -> None:
    """Write the page, the tables, the figures, a mail per team, and the bundle.

    All is made before the first file is written; what an earlier comparison left in the
    same folder and this one has no more is removed.
    """
    from isojoule.formats.bundle import write_bundle
    from isojoule.formats.files import write_whole

    files = _files(compared, with_figures=with_figures)
    files["comparison.json"] = bundle.results
    is_again = (out / "comparison.json").is_file()
    for name, content in files.items():
        write_whole(out / name, content)
    write_bundle(out / "bundle.zip", bundle)
    if is_again:
        _remove_others(out, files)
    say(f"comparison.html, the tables, the mails and bundle.zip are in {out}")


def _files(compared: "Comparison", *, with_figures: bool) -> dict[str, bytes | str]:
    """Return the content of every file by its path below the folder."""
    from datetime import UTC, datetime

    from isojoule.comparison.checks.mail import mails
    from isojoule.formats.table import encode_csv
    from isojoule.report.comparison.page import render_comparison
    from isojoule.report.comparison.tables import comparison_tables, tables_to_print
    from isojoule.report.latex import to_latex
    from isojoule.report.markdown import to_markdown

    files: dict[str, bytes | str] = {}
    for name, table in comparison_tables(compared).items():
        files[f"tables/{name}.csv"] = encode_csv(table, is_for_spreadsheet=True)
    for name, table in tables_to_print(compared).items():
        files[f"tables/{name}.md"] = to_markdown(table)
        files[f"tables/{name}.tex"] = to_latex(table)
    letters = mails(compared.findings, edition=compared.rules.edition)
    for team, name in zip(letters, file_names(letters), strict=True):
        files[f"mails/{name}.txt"] = letters[team]
    figures = _drawn(compared) if with_figures else ()
    for figure in figures:
        for ending, content in figure.files.items():
            files[f"figures/{figure.stem}{ending}"] = content
    files["comparison.html"] = render_comparison(
        compared, now=datetime.now(UTC), with_figures=with_figures, figures=figures
    )
    return files


def _remove_others(out: Path, files: dict[str, bytes | str]) -> None:
    for folder, endings in _FOLDERS.items():
        for path in (out / folder).glob("*"):
            is_ours = path.suffix in endings and path.is_file()
            if is_ours and f"{folder}/{path.name}" not in files:
                path.unlink(missing_ok=True)


def _drawn(compared: "Comparison") -> "tuple[ComparisonFigure, ...]":
    """Return the figures; none, and a sentence, where the extra is missing."""
    from isojoule.errors import MissingExtraError
    from isojoule.report.comparison.figures import draw_comparison

    try:
        return draw_comparison(compared)
    except MissingExtraError as error:
        say(f"no figures: {error}")
        return ()


def file_names(teams: Iterable[str]) -> list[str]:
    """Return a name for a file about each team, whatever the teams are called.

    No two are the same where case does not count, and none means anything to a system.
    """
    names: list[str] = []
    for team in teams:
        plain = re.sub(r"[^A-Za-z0-9_-]+", "_", team)[:60].strip("_-")
        taken = plain.casefold() in {*_RESERVED, *(n.casefold() for n in names)}
        digest = sha256(team.encode()).hexdigest()[:6]
        names.append(plain if plain == team and not taken else f"{plain}-{digest}")
    return names
