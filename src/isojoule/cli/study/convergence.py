"""isojoule study convergence."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import (
    as_json,
    examples,
    in_scope,
    in_store,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from isojoule.records import Scope
    from isojoule.studies.convergence import Trained


@click.command(
    epilog=examples(
        "isojoule study convergence run-a.csv run-b.csv --score val_f1",
        "isojoule study convergence runs.csv --json",
    )
)
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option("--score", help="Name of the score in each LOG  [default: the only one]")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.95,
    show_default=True,
    help="Of the best score; a table of runs has its own",
)
@in_scope("Part of the machine  [default: as in the summary of each run]")
@in_store
@as_json
def convergence(
    logs: tuple[str, ...],
    score: str | None,
    share: float,
    scope: "Scope | None",
    store_root: Path | None,
    json_: bool,
) -> None:
    """Tell what the last points of a score cost: the energy beyond 95 % of the best.

    Each LOG is what `estimate during` takes, with scores; or a table of finished runs
    with the energies in total, at the best score and at a share of it.
    """
    from isojoule.report.convergence import (
        convergence_document,
        convergence_table,
        summarize_convergence,
    )
    from isojoule.studies.convergence import study_convergence

    trained = [
        training
        for log in logs
        for training in read_trained(
            log, score=score, share=share, scope=scope, store_root=store_root
        )
    ]
    found = study_convergence(trained)
    if json_:
        print_json(convergence_document(found))
        return
    print_table(convergence_table(found))
    for sentence in summarize_convergence(found):
        click.echo(sentence)


def read_trained(
    log: str,
    *,
    score: str | None,
    share: float,
    scope: "Scope | None",
    store_root: Path | None,
) -> "list[Trained]":
    """Return the trainings of a log of epochs, or of a table of finished runs."""
    from isojoule.cli.estimate.logs import read_training
    from isojoule.cli.estimate.stop import only_score
    from isojoule.formats.foreign import head_of
    from isojoule.formats.run_table import is_run_table, read_run_table
    from isojoule.studies.convergence import Trained

    path = Path(log)
    if path.is_file() and is_run_table(head_of(path)):
        return [Trained(*row) for row in read_run_table(path)]
    training = read_training(log, scope=scope, store_root=store_root)
    name = score or only_score(training.run)
    scored = read_training(log, scope=scope, score=name, store_root=store_root)
    return [Trained.of(scored.run.name, scored.epochs, share=share)]
