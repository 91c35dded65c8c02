"""isojoule report."""

from datetime import UTC, datetime
from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    chosen,
    examples,
    in_store,
    open_store,
    print_json,
)


@click.command(
    epilog=examples("isojoule report", "isojoule report --out run.html 20261121T10")
)
@click.argument("run_ids", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("isojoule-report.html"),
    show_default=True,
    help="Page to write",
)
@in_store
@as_json
def report(
    run_ids: tuple[str, ...], out: Path, store_root: Path | None, json_: bool
) -> None:
    """Write one self-contained HTML page about runs; all where no RUN_IDS are given."""
    from isojoule.formats.files import write_whole
    from isojoule.report.html import render_html
    from isojoule.report.runs import describe_runs

    with open_store(store_root, create=False) as store:
        found = chosen(store, run_ids)
    write_whole(out, render_html(describe_runs(found, now=datetime.now(UTC))))
    if json_:
        print_json({"path": str(out), "n_runs": len(found)})
    else:
        click.echo(f"{len(found)} runs described in {out}")
