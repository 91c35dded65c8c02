"""isojoule runs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

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
    say,
)

if TYPE_CHECKING:
    from isojoule.records import Run
    from isojoule.store import RunStore


@click.group()
def runs() -> None:
    """List, show, export, import and merge what was measured."""


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
        "isojoule runs export --format codecarbon --out emissions.csv",
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
@click.option(
    "--format",
    "file_format",
    help="native, tidy or codecarbon  [default: by the ending, native or tidy]",
)
@in_store
@as_json
def export_runs(
    run_ids: tuple[str, ...],
    out: Path,
    file_format: str | None,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Write runs to a file; all of them where no RUN_IDS are given."""
    from isojoule.formats import writer_for

    write = writer_for(out, file_format=file_format)
    with open_store(store_root, create=False) as store:
        found = chosen(store, run_ids)
    write(out, found)
    if json_:
        print_json({"path": str(out), "n_runs": len(found)})
    else:
        click.echo(f"{len(found)} runs written to {out}")


@runs.command(
    "import",
    epilog=examples(
        "isojoule runs import emissions.csv",
        "isojoule runs import --hardware 'NVIDIA A40' --workload resnet50 zeus.csv",
        "isojoule runs import --from nvidia-smi power.log",
    ),
)
@click.argument(
    "files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path)
)
@click.option(
    "--from",
    "file_format",
    help="codecarbon, nvidia-smi, carbontracker, zeus, pyjoules, tidy or native  "
    "[default: as the file looks]",
)
@click.option("--hardware", help="Name of the machine, for files that do not name it")
@click.option("--workload", help="Name of the work, the same wherever it is repeated")
@in_store
@as_json
def import_runs(
    files: tuple[Path, ...],
    file_format: str | None,
    hardware: str | None,
    workload: str | None,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Keep what other trackers measured as runs; all of FILES or none.

    A run that is in the store already, from this or another copy of its file, is not
    kept twice.
    """
    from isojoule.formats import read_runs
    from isojoule.report.text import runs_table

    found = [
        renamed(run, hardware=hardware, workload=workload)
        for path in files
        for run in read_runs(path, file_format=file_format)
    ]
    with open_store(store_root, create=True) as store:
        new = not_kept(found, store)
        for run in new:
            store.add(run)
    doubts = Counter(doubt for run in new for doubt in run.warnings)
    if json_:
        print_json(
            {
                "n_imported": len(new),
                "n_present": len(found) - len(new),
                "run_ids": [run.run_id for run in new],
                "warnings": [{"text": t, "n_runs": n} for t, n in doubts.items()],
            }
        )
        return
    for doubt, n_runs in doubts.items():
        say(f"isojoule: warning: {doubt}" + (f" ({n_runs} runs)" if n_runs > 1 else ""))
    if new:
        print_table(runs_table(new))
    present = f", {len(found) - len(new)} were there" if len(new) < len(found) else ""
    click.echo(f"{len(new)} runs imported{present}")


@runs.command(
    "merge",
    epilog=examples(
        "isojoule runs merge",
        "isojoule runs merge --job 48151623",
        "isojoule runs merge 20261121T1030 20261121T1031",
    ),
)
@click.argument("run_ids", nargs=-1)
@click.option("--job", help="Job whose ranks to merge  [default: the newest]")
@click.option(
    "--partial", is_flag=True, help="Accept that ranks of the job are missing"
)
@in_store
@as_json
def merge_ranks(
    run_ids: tuple[str, ...],
    job: str | None,
    partial: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Add the ranks of a distributed job up to one run, and keep it.

    RUN_IDS are the runs of the ranks; those that measured together last where none are
    given. Every device counts once, however many ranks measured it.
    """
    from isojoule.formats.native import encode_record
    from isojoule.merging import merge_runs
    from isojoule.report.text import summarize_run

    with open_store(store_root, create=False) as store:
        merged = merge_runs(ranks_in(store, run_ids, job=job), partial=partial)
        store.add(merged)
    if json_:
        click.echo(encode_record(merged).decode())
    else:
        click.echo("\n".join(summarize_run(merged)))


def ranks_in(
    store: "RunStore", run_ids: "Sequence[str]", *, job: str | None
) -> "list[Run]":
    """Return the runs of these ids, each once, or of the ranks that a job has.

    Raises
    ------
    click.UsageError
        If both are named.
    """
    from isojoule.merging import newest_ranks

    if run_ids and job:
        raise click.UsageError("name runs or a --job, not both")
    ids = run_ids or [run.run_id for run in newest_ranks(store.runs(), job=job)]
    return list({(run := store.get(run_id)).run_id: run for run_id in ids}.values())


def renamed(run: "Run", *, hardware: str | None, workload: str | None) -> "Run":
    """Return `run` on the hardware and of the workload that the user names."""
    if hardware:
        run = replace(run, hardware=replace(run.hardware, name=hardware))
    if workload:
        run = replace(run, workload=replace(run.workload, name=workload))
    return run


def not_kept(found: "Sequence[Run]", store: "RunStore") -> "list[Run]":
    """Return those of `found` that are not in the store, each once.

    Raises
    ------
    StoreError
        If a run of the same id is there, and is another one.
    """
    from isojoule.errors import StoreError

    ids = {run.run_id for run in store.runs()}
    new: dict[str, Run] = {}
    for run in found:
        kept = store.get(run.run_id) if run.run_id in ids else new.get(run.run_id)
        if kept is None:
            new[run.run_id] = run
        elif kept != run:
            raise StoreError(
                f"run {run.run_id} is in the store already with other values "
                f"({kept.origin}): import into another store (--store)"
            )
    return list(new.values())
