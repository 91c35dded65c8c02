"""isojoule estimate stop."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from isojoule.cli.estimate.logs import read_training
from isojoule.cli.options import (
    as_json,
    at_level,
    examples,
    in_scope,
    in_store,
    print_json,
    print_table,
    progress,
    say,
)

if TYPE_CHECKING:
    from isojoule.cli.estimate.logs import TrainingLog
    from isojoule.estimators.epochs import Epoch
    from isojoule.estimators.stopping.rule import Mode, StopRule
    from isojoule.estimators.stopping.study import StopStudy
    from isojoule.records import Run, Scope

STOP: Final = 3
"""Exit code of ``--check`` where the decision is to stop."""

_MANY_EPOCHS: Final = 200


@click.command(
    epilog=examples(
        "isojoule estimate stop epochs.csv --score val_f1 --price 0.05",
        "isojoule estimate stop epochs.csv --score val_loss --mode min --budget-kwh 2",
        "isojoule estimate stop runs.json --score val_f1 --price 0.05 --replay",
        "isojoule estimate stop epochs.csv --price 0.05 --bounds 0 1 --out stop",
        "isojoule estimate stop epochs.csv --price 0.05 --check",
    )
)
@click.argument("log")
@click.option("--score", help="Name of the score in LOG  [default: the only one]")
@click.option(
    "--mode",
    type=click.Choice(["max", "min"]),
    help="Whether it is better the higher or the lower  [default: max]",
)
@click.option(
    "--price",
    type=click.FloatRange(0, min_open=True),
    metavar="KWH",
    help="The most kWh that one point of the score is worth",
)
@click.option(
    "--budget-kwh",
    type=click.FloatRange(0, min_open=True),
    metavar="KWH",
    help="Energy of the whole training",
)
@click.option(
    "--point",
    type=click.FloatRange(0, min_open=True),
    default=0.01,
    show_default=True,
    help="What one point is, in units of the score",
)
@click.option(
    "--window",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Epochs that a decision looks ahead",
)
@click.option("--epochs", "n_epochs", type=click.IntRange(1), help="Epochs planned")
@click.option(
    "--change-at",
    "changes_at",
    type=click.IntRange(1),
    multiple=True,
    help="Epoch from which on the work will be another, such as fine-tuning; repeat it",
)
@click.option(
    "--bounds",
    type=(float, float),
    metavar="LOW HIGH",
    help="What no score can leave, such as 0 1  [default: none]",
)
@at_level(0.9)
@click.option(
    "--seen",
    "n_seen",
    type=click.IntRange(1),
    help="Use the first epochs only, as if the rest were to come",
)
@click.option(
    "--replay",
    is_flag=True,
    help="Tell where this rule and others would have ended the training",
)
@click.option(
    "--patience",
    "patiences",
    type=click.IntRange(1),
    multiple=True,
    help="Early stopping to compare with; repeat it  [default: 5 and 10]",
)
@click.option("--check", is_flag=True, help="Exit with 3 to stop, with 0 to go on")
@click.option("--run", "run_id", help="Which run, where LOG holds several")
@in_scope("Part of the machine  [default: as in the summary of the run]")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figure",
)
@click.option("--no-figures", is_flag=True, help="Leave the figure out of --out")
@in_store
@as_json
@click.pass_context
def stop(
    context: click.Context,
    log: str,
    score: str | None,
    mode: "Mode | None",
    price: float | None,
    budget_kwh: float | None,
    point: float,
    window: int,
    n_epochs: int | None,
    changes_at: tuple[int, ...],
    bounds: tuple[float, float] | None,
    level: float,
    n_seen: int | None,
    replay: bool,
    patiences: tuple[int, ...],
    check: bool,
    run_id: str | None,
    scope: "Scope | None",
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Tell whether more epochs are worth their energy.

    LOG is a log with one line per epoch (CSV or JSONL with epoch, energy_j or
    energy_kwh, duration_s or elapsed_s, and scores), a file of records, the folder of a
    store, or the id of a stored run. It may grow: run this again. Epochs are counted
    from 0.

    Give --price, the most kWh that a point of the score is worth to you, or
    --budget-kwh, the energy of the whole training.
    """
    from isojoule.estimators.stopping.rule import StopRule
    from isojoule.units import kwh_to_j

    require_one_worth(price, budget_kwh)
    training, name = read_scored(log, score, run_id, scope, store_root)
    rule = StopRule(
        price_j_per_point=None if price is None else kwh_to_j(price),
        budget_j=None if budget_kwh is None else kwh_to_j(budget_kwh),
        mode=mode_of(name, mode),
        point=point,
        window=window,
        n_epochs=n_epochs,
        changes_at=changes_at,
        bounds=bounds or (None, None),
        level=level,
    )
    epochs = first_epochs(training, n_seen)
    study = study_log(epochs, rule, patiences or (5, 10))
    if out is not None:
        write_stop(study, training, name, out, with_figure=not no_figures)
    show_stop(study, training, name, with_replay=replay, json_=json_)
    if check and study.decision.stop:
        context.exit(STOP)


def require_one_worth(price: float | None, budget_kwh: float | None) -> None:
    """Raise unless there is a price or a budget, and one only.

    Raises
    ------
    click.UsageError
        If there are none or both.
    """
    if (price is None) == (budget_kwh is None):
        given = "neither" if price is None else "both"
        raise click.UsageError(
            "give --price, the most kWh that one point of the score is worth, or "
            f"--budget-kwh, the energy of the whole training: {given} given"
        )


def read_scored(
    log: str,
    score: str | None,
    run_id: str | None,
    scope: "Scope | None",
    store_root: Path | None,
) -> "tuple[TrainingLog, str]":
    """Return a training with the score of its epochs, and the name of that.

    Raises
    ------
    click.UsageError
        If no score is named, and there is not exactly one.
    """
    training = read_training(log, run_id=run_id, scope=scope, store_root=store_root)
    name = score or only_score(training.run)
    scored = read_training(
        log, run_id=run_id, scope=scope, score=name, store_root=store_root
    )
    return scored, name


def only_score(run: "Run") -> str:
    """Return the name of the only score of a run.

    Raises
    ------
    click.UsageError
        If it has none, or several.
    """
    names = sorted({name for window in run.windows for name in window.scores})
    if not names:
        raise click.UsageError(
            f"{run.name} has no scores: add a column such as val_f1 to the log, or let "
            "a callback record them"
        )
    if len(names) > 1:
        raise click.UsageError(
            f"{run.name} has several scores: choose one with --score "
            f"({', '.join(names)})"
        )
    return names[0]


def mode_of(score: str, mode: "Mode | None") -> "Mode":
    """Return whether a score is better the higher; never guessed against its name.

    Raises
    ------
    click.UsageError
        If nothing was said of one that looks as if it were better the lower.
    """
    from isojoule.estimators.stopping.rule import looks_lower_is_better

    if mode is None and looks_lower_is_better(score):
        raise click.UsageError(
            f"{score} looks like a score that is better the lower: say --mode min, or "
            "--mode max if it is not"
        )
    return mode or "max"


def first_epochs(training: "TrainingLog", n_seen: int | None) -> "tuple[Epoch, ...]":
    """Return the first epochs of a training, or all.

    Raises
    ------
    click.UsageError
        If it has fewer.
    """
    n_known = len(training.epochs)
    if n_seen is not None and n_seen > n_known:
        raise click.UsageError(f"--seen must lie in 1 to {n_known}, got {n_seen}")
    return training.epochs[:n_seen]


def study_log(
    epochs: "tuple[Epoch, ...]", rule: "StopRule", patiences: tuple[int, ...]
) -> "StopStudy":
    """Return what is told of the epochs; with a progress bar where there are many."""
    from isojoule.estimators.stopping.study import study_stopping

    if len(epochs) < _MANY_EPOCHS:
        return study_stopping(epochs, rule, patiences=patiences)
    with progress() as bar:
        task = bar.add_task("following the epochs", total=len(epochs))
        return study_stopping(
            epochs, rule, patiences=patiences, on_epoch=lambda: bar.advance(task)
        )


def show_stop(
    study: "StopStudy",
    training: "TrainingLog",
    score: str,
    *,
    with_replay: bool,
    json_: bool,
) -> None:
    """Print the decision and what it rests on."""
    from isojoule.report.stopping import stop_document, summarize_stop
    from isojoule.report.stopping_tables import marks_table, now_table, outcomes_table

    if json_:
        document = stop_document(
            study,
            run_id=training.run.run_id,
            score=score,
            subject=training.subject,
            with_replay=with_replay,
        )
        print_json(document)
        return
    print_table(now_table(study))
    print_table(marks_table(study))
    if with_replay:
        print_table(outcomes_table(study.replay))
    decision, *details = summarize_stop(study)
    for sentence in (*details, decision):
        click.echo(sentence)


def write_stop(
    study: "StopStudy",
    training: "TrainingLog",
    score: str,
    out: Path,
    *,
    with_figure: bool,
) -> None:
    """Write a page, the tables as CSV and Markdown, and the figure."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.html import render_html
    from isojoule.report.markdown import to_markdown
    from isojoule.report.stopping_figures import draw_stopping
    from isojoule.report.stopping_page import describe_stopping
    from isojoule.report.stopping_tables import (
        decisions_table,
        marks_table,
        now_table,
        outcomes_table,
    )

    figure, files = draw_stopping(study, score) if with_figure else (None, {})
    tables = {
        "now": now_table(study),
        "marks": marks_table(study),
        "outcomes": outcomes_table(study.replay),
        "decisions": decisions_table(study.replay),
    }
    for name, table in tables.items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
    for ending, content in files.items():
        write_whole(out / "figures" / f"stop{ending}", content)
    page = describe_stopping(
        study, figure, score=score, subject=training.subject, now=datetime.now(UTC)
    )
    write_whole(out / "stop.html", render_html(page))
    say(f"stop.html and the tables are in {out}")
