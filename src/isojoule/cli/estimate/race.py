"""isojoule estimate race."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.estimate.logs import TrainingLog, read_training
from isojoule.cli.estimate.stop import mode_of
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
    from isojoule.estimators.epochs import Epoch
    from isojoule.estimators.race import Mode, Race
    from isojoule.records import Provenance, Scope


@click.command(
    epilog=examples(
        "isojoule estimate race small.csv large.csv --epochs 90",
        "isojoule estimate race a.csv b.csv --epochs 90 --score val_f1 --out race",
        "isojoule estimate race runs.json --epochs 50 --json",
    )
)
@click.argument("logs", nargs=-1, required=True, metavar="LOG...")
@click.option(
    "--epochs",
    "n_epochs",
    type=click.IntRange(1),
    required=True,
    help="Epochs that are planned of each",
)
@click.option("--score", help="Score to predict too  [default: none]")
@click.option(
    "--mode",
    type=click.Choice(["max", "min"]),
    help="Whether it is better the higher or the lower  [default: max]",
)
@click.option(
    "--bounds",
    type=(float, float),
    metavar="LOW HIGH",
    help="What no score can leave, such as 0 1  [default: none]",
)
@at_level(0.9)
@in_scope("Part of the machine  [default: as in the summary of each run]")
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Compare energies of different scope, provenance or machines",
)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the draws")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the table and the figure",
)
@click.option("--no-figures", is_flag=True, help="Leave the figure out of --out")
@in_store
@as_json
def race(
    logs: tuple[str, ...],
    n_epochs: int,
    score: str | None,
    mode: "Mode | None",
    bounds: tuple[float, float] | None,
    level: float,
    scope: "Scope | None",
    allow_mixed: bool,
    seed: int,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Rank configurations by what their whole training will take.

    Each ran for a few epochs. LOG is what `estimate during` takes: a log of epochs, a
    file of records or the folder of a store with any number of runs, or the id of a
    stored run.
    """
    from isojoule.estimators.race import RaceRule
    from isojoule.estimators.race import race as run_race
    from isojoule.records import weakest

    trainings = [
        training
        for log in logs
        for training in trainings_of(log, scope, score, store_root)
    ]
    if not allow_mixed:
        require_alike(trainings)
    rule = RaceRule(
        n_epochs=n_epochs,
        mode="max" if score is None else mode_of(score, mode),
        bounds=bounds or (None, None),
        level=level,
        seed=seed,
    )
    found = run_race(named_epochs(trainings), rule)
    if out is not None:
        provenance = weakest(t.subject.provenance for t in trainings)
        write_race(found, score, provenance, out, with_figure=not no_figures)
    show_race(found, score, json_=json_)


def trainings_of(
    log: str, scope: "Scope | None", score: str | None, store_root: Path | None
) -> list[TrainingLog]:
    """Return all trainings of a log: one, or the runs of a file or a store."""
    from isojoule.formats.epoch_log import is_epoch_log
    from isojoule.formats.foreign import head_of

    path = Path(log)
    run_ids: list[str | None] = [None]
    if path.is_dir() or (path.is_file() and not is_epoch_log(head_of(path))):
        runs = gather_runs([path], store_root)
        run_ids = [
            r.run_id for r in runs if any(w.epoch is not None for w in r.windows)
        ] or [None]
    return [
        read_training(
            log, run_id=run_id, scope=scope, score=score, store_root=store_root
        )
        for run_id in run_ids
    ]


def require_alike(trainings: Sequence[TrainingLog]) -> None:
    """Raise unless all energies are of one scope, provenance and machine.

    Raises
    ------
    IncomparableError
        If they are not.
    """
    from isojoule.errors import IncomparableError

    kinds: dict[str, set[str]] = {
        "scope": {t.scope or "not stated" for t in trainings},
        "provenance": {t.subject.provenance for t in trainings},
        "hardware": {t.run.hardware.name for t in trainings},
    }
    for kind, found in kinds.items():
        if len(found) > 1:
            listed = ", ".join(sorted(found))
            raise IncomparableError(
                f"the trainings differ in {kind} ({listed}): choose those that do not, "
                "or say --allow-mixed"
            )


def named_epochs(trainings: Sequence[TrainingLog]) -> "dict[str, Sequence[Epoch]]":
    """Return the epochs of trainings by name; those that share one get their id too.

    Raises
    ------
    click.UsageError
        If one comes twice.
    """
    names = Counter(t.run.name for t in trainings)
    named: dict[str, Sequence[Epoch]] = {}
    for training in trainings:
        name = training.run.name
        if names[name] > 1:
            name = f"{name} {training.run.run_id}"
        if name in named:
            raise click.UsageError(f"{name} is there twice: give each training once")
        named[name] = training.epochs
    return named


def show_race(found: "Race", score: str | None, *, json_: bool) -> None:
    """Print what is predicted."""
    from isojoule.report.stopping_race import (
        race_document,
        race_table,
        summarize_race,
    )

    if json_:
        print_json(race_document(found, score=score))
        return
    print_table(race_table(found))
    for sentence in summarize_race(found):
        click.echo(sentence)


def write_race(
    found: "Race",
    score: str | None,
    provenance: "Provenance",
    out: Path,
    *,
    with_figure: bool,
) -> None:
    """Write a page, the table as CSV and Markdown, and the figure."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.html import render_html
    from isojoule.report.markdown import to_markdown
    from isojoule.report.stopping_race import race_table
    from isojoule.report.stopping_race_figures import draw_race
    from isojoule.report.stopping_race_page import describe_race

    figure, files = draw_race(found, score) if with_figure else (None, {})
    write_whole(out / "tables" / "race.csv", encode_csv(race_table(found)))
    write_whole(out / "tables" / "race.md", to_markdown(race_table(found)))
    for ending, content in files.items():
        write_whole(out / "figures" / f"race{ending}", content)
    page = describe_race(found, figure, provenance=provenance, now=datetime.now(UTC))
    write_whole(out / "race.html", render_html(page))
    say(f"race.html and the table are in {out}")
