"""isojoule study benchmark."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from isojoule.cli.options import (
    as_json,
    examples,
    print_json,
    print_table,
    progress,
    read_prior_file,
    say,
)

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from isojoule.records import Run
    from isojoule.studies.benchmark.results import BenchmarkResult

ENDINGS = (".parquet", ".csv", ".json")


@click.command(
    epilog=examples(
        "isojoule study benchmark tables/",
        "isojoule study benchmark tables/ --methods dual,log-linear --k 2,4",
        "isojoule study benchmark --data tables/ --method joint/plan --out found",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[DIR_OR_TABLE]...", type=click.Path(path_type=Path)
)
@click.option(
    "--data",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder of tables, or a table; as the argument",
)
@click.option(
    "--k",
    "ks",
    default="1,2,3,4,6,all",
    show_default=True,
    help="Numbers of references, with commas",
)
@click.option("--methods", default="", help="Names, with commas  [default: all]")
@click.option(
    "--selectors",
    default="",
    help="Ways to choose references: lowest, highest, min-max, random, medoid, plan; "
    "with commas  [default: all]",
)
@click.option(
    "--method",
    "judged",
    default="",
    metavar="METHOD[/SELECTOR]",
    help="Judge the bars for it, as joint/plan  [default: the best]",
)
@click.option(
    "--prior",
    "prior_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What joint and plan know beforehand, from `study prior`  [default: what "
    "ships]; for a table that it was learned from, the part without that table",
)
@click.option(
    "--split",
    type=click.Choice(["random", "by-model", "both"]),
    default="both",
    show_default=True,
    help="Hold out 20 % of the workloads, or of the networks",
)
@click.option(
    "--seeds",
    "n_seeds",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Folds of each pair and split",
)
@click.option(
    "--third-machines",
    type=click.Choice(["none", "train", "all"]),
    default="none",
    show_default=True,
    help="Show other machines of a table: not, without what is held out, or in full",
)
@click.option(
    "--min-shared",
    type=int,
    default=8,
    show_default=True,
    help="Fewest workloads that a pair shares",
)
@click.option(
    "--max-workloads",
    type=int,
    default=120,
    show_default=True,
    help="Most workloads of one phase of a table; of more some are drawn",
)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="Coverage that intervals are asked to have; the bar of coverage is for 0.9",
)
@click.option(
    "--seed", default=0, show_default=True, help="For what is drawn beside the folds"
)
@click.option(
    "--jobs",
    "n_jobs",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Processes at a time; the numbers do not depend on it",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for the tables and the JSON"
)
@as_json
def benchmark(
    inputs: tuple[Path, ...],
    data: tuple[Path, ...],
    ks: str,
    methods: str,
    selectors: str,
    prior_path: Path | None,
    split: str,
    out: Path | None,
    json_: bool,
    **settings: Any,  # noqa: ANN401 - fields of `Settings`
) -> None:
    """Judge every method by every way to choose references, on every table.

    DIR_OR_TABLE is a folder of tables (.parquet, .csv, .json: anything that `normalize`
    reads) or single ones, each of two machines or more. A method sees the source, and
    of the target the references alone; what is learned from other tables is learned
    without the one that is judged.
    """
    from isojoule.studies.benchmark.document import benchmark_document
    from isojoule.studies.benchmark.running import study_benchmark
    from isojoule.studies.benchmark.settings import Settings

    asked = Settings(
        ks=parse_ks(ks),
        methods=tuple(_names(methods)),
        selectors=tuple(_names(selectors)),
        splits=("random", "by-model") if split == "both" else (split,),
        **settings,
    )
    runs, unread = read_tables((*inputs, *data))
    priors = None if prior_path is None else read_prior_file(prior_path)
    with progress_of("pairs of machines") as told:
        result = study_benchmark(runs, asked, priors=priors, on_progress=told)
    result = replace(result, notes=(*unread, *result.notes))
    if out is not None:
        write_benchmark(result, out)
    if json_:
        print_json(benchmark_document(result))
        return
    print_benchmark(result)


@contextmanager
def progress_of(what: str) -> Iterator[Callable[[int, int], None]]:
    """Give what shows how much is done; it shows nothing before something is."""
    with ExitStack() as stack:
        bars: list[tuple[Progress, TaskID]] = []

        def told(n_done: int, n_total: int) -> None:
            if not bars:
                bar = stack.enter_context(progress())
                bars.append((bar, bar.add_task(what, total=n_total)))
            bar, task = bars[0]
            bar.update(task, completed=n_done)

        yield told


def parse_ks(text: str) -> tuple[int | None, ...]:
    """Return the numbers of references of a text such as ``1,2,all``.

    Raises
    ------
    ValueError
        If something is neither a positive whole number nor ``all``.
    """
    found: dict[int | None, None] = {}
    for word in _names(text):
        if word != "all" and not (word.isascii() and word.isdigit() and int(word) > 0):
            raise ValueError(
                f"--k takes positive whole numbers and all, with commas; got {word!r}"
            )
        found[None if word == "all" else int(word)] = None
    return tuple(found)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def read_tables(
    inputs: Sequence[Path],
) -> tuple[dict[str, "list[Run]"], list[str]]:
    """Return the runs of each table by its name, and what could not be read.

    Parameters
    ----------
    inputs : sequence of Path
        Folders and files.

    Raises
    ------
    FormatError
        If nothing can be read.
    ValueError
        If nothing was named, or two tables have one name.
    """
    from isojoule.errors import FormatError
    from isojoule.formats import read_runs

    if not inputs:
        raise ValueError("name a folder of tables, or tables of several machines")
    runs: dict[str, list[Run]] = {}
    unread = []
    for path in _files(inputs):
        try:
            found = read_runs(path)
        except FormatError as error:
            unread.append(f"{path.name} left out: {error}")
            continue
        if path.stem in runs:
            raise ValueError(f"two tables are named {path.stem}: rename one")
        runs[path.stem] = found
    if not runs:
        where = ", ".join(str(path) for path in inputs)
        why = f": {unread[0]}" if unread else f" ({', '.join(ENDINGS)})"
        raise FormatError(f"no table of runs in {where}{why}")
    return runs, unread


def _files(inputs: Sequence[Path]) -> list[Path]:
    files: dict[Path, None] = {}
    for path in inputs:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in inside:
            if file == path or (file.suffix in ENDINGS and file.is_file()):
                files[file] = None
    return list(files)


def print_benchmark(result: "BenchmarkResult") -> None:
    """Print the best of each split, the bars and what was left out."""
    from isojoule.report.benchmark_tables import short_tables

    for table in short_tables(result).values():
        if table.n_rows:
            print_table(table)
    for note in result.notes:
        click.echo(note)
    if result.skipped:
        label, one, other, reason = result.skipped[0]
        click.echo(
            f"{len(result.skipped)} ordered pairs left out, as {one} to {other} of "
            f"{label}: {reason}"
        )


def write_benchmark(result: "BenchmarkResult", out: Path) -> None:
    """Write the document as JSON, all tables as CSV and the short ones as Markdown."""
    import json

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.benchmark_tables import long_tables, short_tables
    from isojoule.report.markdown import to_markdown
    from isojoule.studies.benchmark.document import benchmark_document

    document = json.dumps(benchmark_document(result), indent=1, allow_nan=False)
    write_whole(out / "benchmark.json", document)
    for name, table in short_tables(result).items():
        write_whole(out / "tables" / f"benchmark-{name}.md", to_markdown(table))
    for name, table in (*short_tables(result).items(), *long_tables(result).items()):
        write_whole(out / "tables" / f"benchmark-{name}.csv", encode_csv(table))
    say(f"benchmark.json and the tables are in {out}")
