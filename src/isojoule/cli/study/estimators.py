"""isojoule study estimators."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

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

    from isojoule.records import Run, Scope
    from isojoule.studies.estimators.running import EstimatorStudy

_ENDINGS = (".parquet", ".csv", ".json")
_DATABASE = "runs.sqlite"


@click.command(
    epilog=examples(
        "isojoule study estimators",
        "isojoule study estimators delrey2024/ --out estimators",
        "isojoule study estimators regression_train.parquet regression_test.parquet",
        "isojoule study estimators my_runs.csv --scope node --json",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[DIR_OR_FILE]...", type=click.Path(path_type=Path)
)
@in_scope("Part of the machine, for own runs  [default: as in the summary of each run]")
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.9,
    show_default=True,
    help="Coverage that intervals are asked to have",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figures",
)
@click.option("--no-figures", is_flag=True, help="Leave the figures out of --out")
@in_store
@as_json
def estimators(
    inputs: tuple[Path, ...],
    scope: "Scope | None",
    level: float,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Judge what tells the energy of a training before it begins.

    DIR_OR_FILE is a file of runs, a folder of them, or the folder of a store; the
    user's store where none is given. The tables of del Rey et al. (2024) are known by
    their content: with regression_train, regression_test and table10_test, Tables 8 to
    10 are recomputed; with runs, the calculators by both powers of a board. Own runs
    are scored in the same way, each configuration, network, data set and GPU held out
    whole.
    """
    from isojoule.report.estimators import estimators_document, write_estimators
    from isojoule.report.estimators_sentences import (
        describe_recall,
        summarize_estimators,
    )
    from isojoule.studies.estimators.running import study_estimators

    runs, unread = read_inputs(inputs, store_root)
    with _progress_of("estimators by folds") as told:
        found = study_estimators(runs, level=level, scope=scope, on_progress=told)
    for sentence in unread:
        say(sentence)
    if out is not None:
        written = write_estimators(found, out, with_figures=not no_figures)
        say(f"{len(written)} files are in {out}, the page is {written[0].name}")
    if json_:
        print_json(estimators_document(found))
        return
    if out is None:
        print_study(found)
    for sentence in (describe_recall(found), *summarize_estimators(found)):
        if sentence:
            click.echo(sentence)


def read_inputs(
    inputs: Sequence[Path], store_root: Path | None
) -> "tuple[list[Run], list[str]]":
    """Return the runs of files, folders of files and stores, and what was not read.

    Parameters
    ----------
    inputs : sequence of Path
        What was named; the user's store where nothing was. A file that is named must
        be readable; in a folder those that hold no runs are passed over and told of.
    store_root : Path or None
        Folder of the store where nothing was named.

    Raises
    ------
    FormatError
        If a file that is named holds no runs, or no file of a folder does.
    """
    from isojoule.errors import FormatError
    from isojoule.formats import read_runs

    if not inputs:
        return _of_store(store_root), []
    runs: list[Run] = []
    unread: list[str] = []
    for path in inputs:
        if not path.is_dir():
            runs += read_runs(path)
        elif (path / _DATABASE).exists() or not any(_tables_in(path)):
            runs += _of_store(path)
        else:
            found = []
            for file in _tables_in(path):
                try:
                    found += read_runs(file)
                except FormatError:
                    unread.append(f"{file.name} left out: it holds no runs")
            if not found:
                raise FormatError(f"no table in {path} holds runs: name a file of runs")
            runs += found
    return runs, unread


def _tables_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file() and p.suffix in _ENDINGS)


def _of_store(root: Path | None) -> "list[Run]":
    with open_store(root, create=False) as store:
        return store.runs()


@contextmanager
def _progress_of(what: str) -> Iterator[Callable[[int, int], None]]:
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


def print_study(found: "EstimatorStudy") -> None:
    """Print the tables of a study that hold something."""
    from isojoule.report.estimators_text import (
        calculators_text,
        coverage_text,
        grouped_text,
        held_out_text,
        printed_tables,
        table10_text,
    )
    from isojoule.studies.estimators.contenders import TARGETS

    for table in (
        *printed_tables(found).values(),
        held_out_text(found),
        table10_text(found),
        *(grouped_text(found, target) for target in TARGETS),
        *(coverage_text(found, target) for target in TARGETS),
        calculators_text(found),
    ):
        if table.n_rows:
            print_table(table)
