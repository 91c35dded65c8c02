"""isojoule study stabilization."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import (
    as_json,
    examples,
    in_scope,
    in_store,
    open_store,
    print_json,
    print_table,
    progress,
    say,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from isojoule.records import Run
    from isojoule.studies.stabilization.results import (
        StabilizationQuestion,
        StabilizationStudy,
    )


@click.command(
    epilog=examples(
        "isojoule study stabilization",
        "isojoule study stabilization runs.parquet --out stabilization",
        "isojoule study stabilization runs.parquet --starts 0:30 --windows 1,5,10",
        "isojoule study stabilization --settings sane --environment myhost --json",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[INPUT]...", type=click.Path(path_type=Path)
)
@click.option(
    "--settings",
    type=click.Choice(["published", "sane", "both"]),
    default="both",
    show_default=True,
    help="Of FLUSS: those of the paper, those that may say that nothing changes",
)
@click.option(
    "--start",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="First epoch of the window that is looked at closely",
)
@click.option(
    "--window",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Epochs in it",
)
@click.option(
    "--starts",
    default="0:30",
    show_default=True,
    metavar="LIST",
    help="Starts to try: numbers and ranges, with commas",
)
@click.option(
    "--windows",
    default="1:20",
    show_default=True,
    metavar="LIST",
    help="Windows to try, alike",
)
@click.option(
    "--truth",
    type=click.Choice(["epochs", "recording"]),
    default="epochs",
    show_default=True,
    help="Hold estimates against all epochs, or against the whole run",
)
@in_scope("Part of the machine  [default: the plug where measured, else all parts]")
@click.option("--environment", help="One host, or machine without one  [default: all]")
@click.option("--hardware", help="One machine  [default: all]")
@click.option(
    "--draws",
    "n_draws",
    type=click.IntRange(1),
    default=500,
    show_default=True,
    help="Random places of the window, for each run anew",
)
@click.option("--seed", default=0, show_default=True, help="For those places")
@click.option(
    "--runs",
    "n_most",
    type=click.IntRange(1),
    help="At most so many runs, spread evenly  [default: all]",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Share of the draws within the bands",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figures",
)
@click.option("--no-figures", is_flag=True, help="Leave the figures out of --out")
@in_store
@as_json
def stabilization(
    inputs: tuple[Path, ...],
    starts: str,
    windows: str,
    level: float,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
    **options: Any,  # noqa: ANN401 - fields of `StabilizationQuestion`
) -> None:
    """Tell when trainings become stable, and where to begin estimating.

    INPUT is any file of runs with windows of epochs, or the folder of a store; the
    user's store where none is given. With samples, a change of power is looked for
    too. Of del Rey et al.'s runs.parquet, epochs.parquet and power.parquet are read
    from the same folder.
    """
    from isojoule.report.stabilization import (
        stabilization_document,
        summarize_stabilization,
    )
    from isojoule.studies.stabilization.study import study_stabilization

    question = _question(starts, windows, **options)
    runs = gather_traced_runs(inputs, store_root)
    with _stages() as told:
        found = study_stabilization(
            runs, level=level, question=question, on_progress=told
        )
    if out is not None:
        write_stabilization(found, out, with_figures=not no_figures)
    if json_:
        print_json(stabilization_document(found))
        return
    if out is None:
        print_stabilization(found)
    for sentence in summarize_stabilization(found):
        click.echo(sentence)


def _question(
    starts: str,
    windows: str,
    **options: Any,  # noqa: ANN401 - checked by click
) -> "StabilizationQuestion":
    from isojoule.studies.stabilization.results import StabilizationQuestion

    return StabilizationQuestion(
        starts=parse_numbers(starts, "--starts"),
        windows=parse_numbers(windows, "--windows"),
        **options,
    )


def parse_numbers(text: str, option: str) -> tuple[int, ...]:
    """Return the numbers of a text such as ``0:10,15,20``, in order, each once.

    Parameters
    ----------
    text : str
        Numbers and ranges, both ends included.
    option : str
        What it was given to, for messages.

    Raises
    ------
    ValueError
        If something is neither.
    """
    found: set[int] = set()
    for word in (part.strip() for part in text.split(",") if part.strip()):
        ends = word.split(":")
        if len(ends) > 2 or not all(end.isascii() and end.isdigit() for end in ends):
            raise ValueError(
                f"{option} takes whole numbers and ranges such as 0:10,15; got {word!r}"
            )
        low, high = int(ends[0]), int(ends[-1])
        if not low <= high <= 10_000:
            raise ValueError(
                f"{option}: a range goes up, to at most 10000; got {word!r}"
            )
        found.update(range(low, high + 1))
    if not found:
        raise ValueError(f"{option} needs at least one number, got {text!r}")
    return tuple(sorted(found))


def gather_traced_runs(
    inputs: tuple[Path, ...], store_root: Path | None
) -> "list[Run]":
    """Return the runs of files and stores with their samples.

    Parameters
    ----------
    inputs : tuple of Path
        Files, and folders of stores; the user's store where there are none.
    store_root : Path or None
        Where that is.

    Raises
    ------
    FormatError
        If a file is not what it is taken for.
    """
    found: list[Run] = []
    for path in inputs:
        found += _of_store(path) if path.is_dir() else _of_file(path)
    return found if inputs else _of_store(store_root)


def _of_store(root: Path | None) -> "list[Run]":
    with open_store(root, create=False) as store:
        return store.runs(with_samples=True)


def _of_file(path: Path) -> "list[Run]":
    from isojoule.formats import format_of, read_runs
    from isojoule.formats.delrey_traces import FILE_NAME, with_traces

    file_format = format_of(path)
    runs = read_runs(path, file_format=file_format)
    if file_format != "delrey":
        return runs
    beside = path.with_name(FILE_NAME)
    if not beside.exists():
        say(
            f"{beside} is not there: without it no change of power can be looked for "
            f"in the runs of {path.name}"
        )
        return runs
    say(f"the readings of {path.name} are taken from {beside}")
    return with_traces(runs, beside)


@contextmanager
def _stages() -> Iterator[Callable[[str, int, int], None]]:
    """Give what shows one bar for each stage of the work, once it begins."""
    with ExitStack() as stack:
        bars: list[Progress] = []
        tasks: dict[str, TaskID] = {}

        def told(what: str, n_done: int, n_all: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress()))
            if what not in tasks:
                tasks[what] = bars[0].add_task(what, total=n_all)
            bars[0].update(tasks[what], completed=n_done)

        yield told


def print_stabilization(found: "StabilizationStudy") -> None:
    """Print the shares by epoch, the scores of the detectors, the rules."""
    from isojoule.report.stabilization_error_tables import rules_table
    from isojoule.report.stabilization_tables import (
        left_out_table,
        scores_table,
        shares_table,
    )

    for table in (
        shares_table(found),
        scores_table(found),
        rules_table(found),
        left_out_table(found),
    ):
        if table.n_rows:
            print_table(table)


def write_stabilization(
    found: "StabilizationStudy", out: Path, *, with_figures: bool
) -> None:
    """Write a page, the tables as CSV and Markdown, and the figures."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.html import render_html
    from isojoule.report.markdown import to_markdown
    from isojoule.report.stabilization_figures import draw_stabilization
    from isojoule.report.stabilization_page import describe_stabilization
    from isojoule.report.stabilization_tables import stabilization_tables

    drawn = draw_stabilization(found) if with_figures else ()
    for name, table in stabilization_tables(found).items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
    for figure in drawn:
        for ending, content in figure.files.items():
            write_whole(out / "figures" / f"{figure.stem}{ending}", content)
    page = describe_stabilization(found, drawn, now=datetime.now(UTC))
    write_whole(out / "stabilization.html", render_html(page))
    n_figures = f", {len(drawn)} figures" if with_figures else ""
    say(f"stabilization.html{n_figures} and the tables are in {out}")
