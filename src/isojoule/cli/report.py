"""isojoule report."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from isojoule.cli.options import (
    as_json,
    chosen,
    examples,
    in_store,
    open_store,
    print_json,
    say,
)

if TYPE_CHECKING:
    from isojoule.formats.bundle import Bundle

DIFFERENT: Final = 3
"""Exit code where a bundle gives other numbers than it holds."""


@click.command(
    epilog=examples(
        "isojoule report",
        "isojoule report --out run.html 20261121T10",
        "isojoule report ranking/bundle.zip --out ranking.html",
    )
)
@click.argument("run_ids", nargs=-1, metavar="[RUN_ID]... | BUNDLE")
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
) -> int:
    """Write one self-contained HTML page about runs; all where no RUN_IDs are given.

    BUNDLE is what `isojoule compare` wrote: the comparison is computed anew from it,
    and it is told whether every number came out the same.
    """
    from isojoule.formats.bundle import read_bundle
    from isojoule.formats.files import write_whole
    from isojoule.report.html import render_html
    from isojoule.report.runs import describe_runs

    if len(run_ids) == 1 and Path(run_ids[0]).suffix == ".zip":
        is_same = report_comparison(read_bundle(Path(run_ids[0])), out)
        if json_:
            print_json({"path": str(out), "is_same": is_same})
        return 0 if is_same else DIFFERENT
    with open_store(store_root, create=False) as store:
        found = chosen(store, run_ids)
    write_whole(out, render_html(describe_runs(found, now=datetime.now(UTC))))
    if json_:
        print_json({"path": str(out), "n_runs": len(found)})
    else:
        click.echo(f"{len(found)} runs described in {out}")
    return 0


def report_comparison(bundle: "Bundle", out: Path) -> bool:
    """Write the page of a comparison anew; return whether every number is the same."""
    from isojoule.cli.comparison import compare_again
    from isojoule.formats.files import write_whole
    from isojoule.report.comparison.page import render_comparison

    compared, is_same = compare_again(bundle)
    write_whole(out, render_comparison(compared, now=datetime.now(UTC)))
    say(f"the page is in {out}")
    return is_same
