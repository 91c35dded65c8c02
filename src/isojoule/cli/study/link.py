"""isojoule study link."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import (
    as_json,
    at_level,
    examples,
    gather_runs,
    in_scope,
    in_store,
    print_json,
    print_table,
    say,
)

if TYPE_CHECKING:
    from isojoule.records import Scope
    from isojoule.studies.link import LinkStudy


@click.command(
    epilog=examples(
        "isojoule study link",
        "isojoule study link calibration.json --out link",
        "isojoule study link runs.parquet --hardware A40 --phase train --json",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[INPUT]...", type=click.Path(path_type=Path)
)
@click.option("--phase", help="train, test, ...  [default: all, each by itself]")
@in_scope("Part of the machine  [default: as in the summary of each run]")
@click.option("--hardware", help="One machine  [default: all, each by itself]")
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Put energies of different scope, provenance or settings together",
)
@at_level(0.95)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figures",
)
@click.option("--no-figures", is_flag=True, help="Leave the figures out of --out")
@in_store
@as_json
def link(
    inputs: tuple[Path, ...],
    phase: str | None,
    scope: "Scope | None",
    hardware: str | None,
    allow_mixed: bool,
    level: float,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Tell how energy goes with FLOP, parameters, utilization and time.

    INPUT is any file of runs (records, tidy tables, calibrations, del Rey's table) or
    the folder of a store; the user's store where none is given. Machines, scopes,
    provenances, settings and phases are judged apart.
    """
    from isojoule.report.link import link_document, summarize_link
    from isojoule.studies.link import study_link

    found = study_link(
        gather_runs(inputs, store_root),
        phase=phase,
        scope=scope,
        hardware=hardware,
        allow_mixed=allow_mixed,
        level=level,
    )
    if out is not None:
        write_study(found, out, with_figures=not no_figures)
    if json_:
        print_json(link_document(found))
    elif out is None:
        print_study(found)
    for sentence in () if json_ else summarize_link(found):
        click.echo(sentence)


def print_study(found: "LinkStudy") -> None:
    """Print the tables of a study, block by block."""
    from isojoule.report.link_tables import (
        block_title,
        fitted_lengths_table,
        overview_table,
        predictors_table,
        ratios_table,
        setup_title,
    )

    for linked in found.blocks:
        click.echo(f"\n{block_title(linked.block)}")
        print_table(overview_table(linked))
        if linked.comparison.has_scores:
            print_table(predictors_table(linked))
        lengths = fitted_lengths_table(linked)
        if lengths.n_rows:
            print_table(lengths)
    for comparison in found.phases:
        click.echo(f"\n{setup_title(comparison.setup)}")
        print_table(ratios_table(comparison))


def write_study(found: "LinkStudy", out: Path, *, with_figures: bool) -> None:
    """Write a page, the tables as CSV and Markdown, and the figures."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.html import render_html
    from isojoule.report.link_figures import LinkFigures, draw_link
    from isojoule.report.link_page import describe_link
    from isojoule.report.link_tables import link_tables
    from isojoule.report.markdown import to_markdown

    drawn = draw_link(found) if with_figures else LinkFigures((), ())
    for name, table in link_tables(found).items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
    for figure in drawn.figures:
        for ending, content in figure.files.items():
            write_whole(out / "figures" / f"{figure.stem}{ending}", content)
    page = describe_link(found, drawn, now=datetime.now(UTC))
    write_whole(out / "link.html", render_html(page))
    n_figures = f", {len(drawn.figures)} figures" if with_figures else ""
    say(f"link.html{n_figures} and the tables are in {out}")
