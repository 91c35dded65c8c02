"""isojoule runs."""

from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    chosen,
    examples,
    in_store,
    open_store,
    print_json,
    print_table,
    run_line,
)


@click.group()
def runs() -> None:
    """List, show and export what was measured."""


@runs.command(
    "list", epilog=examples("isojoule runs list", "isojoule runs list --json")
)
@in_store
@as_json
def list_runs(store_root: Path | None, json_: bool) -> None:
    """List the runs of the store."""
    from isojoule.report.text import runs_table

    with open_store(store_root, create=False) as store:
        found = store.runs()
    if json_:
        click.echo("[" + ",\n".join(run_line(run) for run in found) + "]")
    else:
        print_table(runs_table(found))


@runs.command("show", epilog=examples("isojoule runs show 20261121T10"))
@click.argument("run_id")
@in_store
@as_json
def show_run(run_id: str, store_root: Path | None, json_: bool) -> None:
    """Show one run; the beginning of its id is enough."""
    from isojoule.report.text import summarize_run, windows_table

    with open_store(store_root, create=False) as store:
        run = store.get(run_id)
    if json_:
        from isojoule.formats.native import encode_record

        click.echo(encode_record(run).decode())
        return
    click.echo("\n".join(summarize_run(run)))
    if run.windows:
        print_table(windows_table(run))


@runs.command(
    "export",
    epilog=examples(
        "isojoule runs export --out runs.json",
        "isojoule runs export --out runs.csv",
        "isojoule runs export --out runs.parquet 20261121T10",
    ),
)
@click.argument("run_ids", nargs=-1)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    help="File to write; its ending chooses the format: .json (records with samples), "
    ".csv or .parquet (one row per run)",
)
@in_store
@as_json
def export_runs(
    run_ids: tuple[str, ...], out: Path, store_root: Path | None, json_: bool
) -> None:
    """Write runs to a file; all of them where no RUN_IDS are given."""
    from isojoule.formats import writer_for

    write = writer_for(out)
    with open_store(store_root, create=False) as store:
        found = chosen(store, run_ids)
    write(out, found)
    if json_:
        print_json({"path": str(out), "n_runs": len(found)})
    else:
        click.echo(f"{len(found)} runs written to {out}")
