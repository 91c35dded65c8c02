"""What the commands share: options, examples, printing."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from rich.progress import Progress

    from isojoule.normalizers.joint.prior import PriorFile
    from isojoule.records import Run
    from isojoule.store import RunStore
    from isojoule.tables import Table

Command = TypeVar("Command", bound=Callable[..., Any])


def as_json(command: Command) -> Command:
    """Give a command the option --json."""
    return click.option(
        "--json", "json_", is_flag=True, help="Print one JSON document instead of text."
    )(command)


def in_store(command: Command) -> Command:
    """Give a command the option --store."""
    return click.option(
        "--store",
        "store_root",
        type=click.Path(path_type=Path),
        envvar="ISOJOULE_STORE",
        help="Folder that keeps the runs  [env: ISOJOULE_STORE; default: user data]",
    )(command)


def at_level(default: float) -> Callable[[Command], Command]:
    """Return what gives a command the option --level.

    Parameters
    ----------
    default : float
        Coverage of its intervals where none is asked for, in (0, 1).
    """
    return click.option(
        "--level",
        type=click.FloatRange(0, 1, min_open=True, max_open=True),
        default=default,
        show_default=True,
        help="Coverage of the intervals",
    )


def in_scope(told: str) -> Callable[[Command], Command]:
    """Return what gives a command the option --scope, with `told` as its help."""
    return click.option(
        "--scope", type=click.Choice(["gpu", "node", "wall"]), help=told
    )


def examples(*lines: str) -> str:
    """Return an epilog that click does not re-wrap."""
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def print_json(document: object) -> None:
    """Print `document` as JSON."""
    click.echo(json.dumps(document, indent=1, allow_nan=False))


def print_table(table: "Table") -> None:
    """Print `table` for people; wide enough for whole names where it is piped."""
    from rich.console import Console

    from isojoule.report.tables import to_rich

    width = None if sys.stdout.isatty() else 200
    Console(width=width).print(to_rich(table))


def say(text: str) -> None:
    """Tell of our own steps, on stderr: stdout is for results."""
    click.echo(text, err=True)


def read_prior_file(path: Path) -> "PriorFile":
    """Return the priors of a file that `study prior` wrote.

    Raises
    ------
    FormatError
        If it is none.
    """
    from isojoule.errors import FormatError
    from isojoule.formats.files import read_bytes
    from isojoule.normalizers.joint.prior import read_priors

    content = read_bytes(path)
    try:
        return read_priors(json.loads(content))
    except (ValueError, FormatError) as error:
        raise FormatError(f"{path} holds no prior: {error}") from error


def progress() -> "Progress":
    """Return a progress bar on stderr."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeElapsedColumn as Elapsed

    return Progress(
        TextColumn("{task.description:<40}"),
        BarColumn(),
        MofNCompleteColumn(),
        Elapsed(),
        console=Console(stderr=True),
        refresh_per_second=2,  # what is drawn is measured too, on a CPU
    )


def open_store(root: Path | None, *, create: bool) -> "RunStore":
    """Return the store at `root`, the user's where `None`."""
    from isojoule.store import RunStore

    return RunStore.open(root, create=create)


def chosen(store: "RunStore", run_ids: Sequence[str]) -> "list[Run]":
    """Return the runs of these ids with their samples, or all of them."""
    if run_ids:
        return [store.get(run_id) for run_id in run_ids]
    return store.runs(with_samples=True)


def run_line(run: "Run") -> str:
    """Return a run without its samples as one line of JSON."""
    from isojoule.formats.native import encode_record, without_samples

    return encode_record(without_samples(run)).decode()


def gather_runs(inputs: Sequence[Path], store_root: Path | None) -> "list[Run]":
    """Return the runs of files and of folders of stores; of the store where none."""
    from isojoule.formats import read_runs

    folders = [path for path in inputs if path.is_dir()]
    found = [r for path in inputs if path not in folders for r in read_runs(path)]
    for root in folders if inputs else [store_root]:
        with open_store(root, create=False) as store:
            found += store.runs()
    return found
