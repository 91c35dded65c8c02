"""isojoule estimate during."""

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
    say,
)

_MOST_EPOCHS: Final = 1e9

if TYPE_CHECKING:
    from isojoule.cli.estimate.logs import TrainingLog
    from isojoule.estimators.stream.replay import Replay
    from isojoule.records import Estimate, Scope


@click.command(
    epilog=examples(
        "isojoule estimate during epochs.csv --epochs 90",
        "isojoule estimate during epochs.jsonl --epochs 60 --change-at 10",
        "isojoule estimate during runs.json --run 20261121T10 --seen 15 --replay",
        "isojoule estimate during 20261121T10 --out forecast",
        "isojoule estimate during epochs.csv --epochs 90 --method online-epoch --json",
    )
)
@click.argument("log")
@click.option("--run", "run_id", help="Which run, where LOG holds several")
@click.option(
    "--epochs",
    "n_epochs",
    type=click.FloatRange(0, min_open=True),
    help="Epochs that are planned  [default: as the record says]",
)
@click.option(
    "--seen",
    "n_seen",
    type=int,
    help="Use the first epochs only, as if the rest were to come",
)
@click.option(
    "--change-at",
    "changes_at",
    type=click.IntRange(1),
    multiple=True,
    help="Epoch from which on the work will be another, such as fine-tuning; repeat it",
)
@in_scope("Part of the machine  [default: as in the summary of the run]")
@at_level(0.9)
@click.option(
    "--method",
    type=click.Choice(["streaming", "online-power", "online-epoch"]),
    default="streaming",
    show_default=True,
    help="Our forecast, or one of those published, from a fixed window",
)
@click.option(
    "--start",
    type=int,
    help="First epoch of the window of a published method  [default: 10]",
)
@click.option(
    "--window",
    type=int,
    help="Epochs in the window of a published method  [default: 5]",
)
@click.option("--replay", is_flag=True, help="Tell the forecast after each epoch")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Folder for a page, the tables and the figure",
)
@click.option("--no-figures", is_flag=True, help="Leave the figure out of --out")
@in_store
@as_json
def during(
    log: str,
    run_id: str | None,
    n_epochs: float | None,
    n_seen: int | None,
    changes_at: tuple[int, ...],
    scope: "Scope | None",
    level: float,
    method: str,
    start: int | None,
    window: int | None,
    replay: bool,
    out: Path | None,
    no_figures: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Forecast energy and time of a training from the epochs that are over.

    LOG is a log with one line per epoch (CSV or JSONL with epoch, energy_j or
    energy_kwh, and duration_s or elapsed_s), a file of records, a table of runs, the
    folder of a store, or the id of a stored run. It may grow: run this again.
    """
    from isojoule.estimators.stream.replay import replay as replay_epochs

    training = read_training(log, run_id=run_id, scope=scope, store_root=store_root)
    planned = planned_epochs(training, n_epochs, is_over=replay or n_seen is not None)
    if method != "streaming":
        refuse_extras(method, replay=replay, out=out, changes_at=changes_at)
        estimate = estimate_by(
            training,
            method,
            planned,
            n_seen=n_seen,
            window=(start, window),
            level=level,
        )
        show_estimate(estimate, training, planned, n_seen, json_=json_)
        return
    refuse_extras("the streaming forecast", start=start, window=window)
    replayed = replay_epochs(
        training.epochs,
        n_epochs=planned,
        n_seen=n_seen,
        changes_at=changes_at,
        level=level,
        subject=training.subject,
        each=replay or out is not None,
    )
    if out is not None:
        write_forecast(replayed, out, with_figure=not no_figures)
    show_forecast(replayed, training.run.run_id, with_replay=replay, json_=json_)


def planned_epochs(
    training: "TrainingLog", n_epochs: float | None, *, is_over: bool
) -> float:
    """Return how many epochs are planned: as asked, as recorded, or those of the log.

    Raises
    ------
    click.UsageError
        If nothing tells how many, or they are too many.
    """
    if n_epochs is not None:
        if not n_epochs <= _MOST_EPOCHS:
            raise click.UsageError(
                f"--epochs {n_epochs:g} are more than anybody trains: give at most "
                f"{_MOST_EPOCHS:g}"
            )
        return n_epochs
    told = training.run.tags.get("planned_epochs")
    if told is not None:
        return float(told)
    if training.run.workload.n_epochs is not None:
        return training.run.workload.n_epochs
    if is_over:
        return training.epochs[-1].index + 1
    raise click.UsageError(
        f"{training.run.name} does not say how many epochs are planned: give --epochs "
        "(or --seen or --replay for a training that is over)"
    )


def refuse_extras(method: str, **options: object) -> None:
    """Raise where an option was given that a method has no place for.

    Raises
    ------
    click.UsageError
        If there is one.
    """
    for name, value in options.items():
        if value not in (None, False, ()):
            raise click.UsageError(
                f"{method} has no place for --{name.replace('changes_at', 'change-at')}"
            )


def estimate_by(
    training: "TrainingLog",
    method: str,
    n_epochs: float,
    *,
    n_seen: int | None,
    window: tuple[int | None, int | None],
    level: float,
) -> "Estimate":
    """Return what a published method says of the first epochs of a training.

    Raises
    ------
    InsufficientDataError
        If they do not hold the window.
    ValueError
        If the window does not fit, or `n_seen` is not one of the epochs.
    """
    from dataclasses import replace

    from isojoule.estimators.online import (
        PUBLISHED_START,
        PUBLISHED_WINDOW,
        OnlineEpochEstimator,
        OnlinePowerEstimator,
    )

    start = PUBLISHED_START if window[0] is None else window[0]
    size = PUBLISHED_WINDOW if window[1] is None else window[1]
    n_known = len(training.epochs)
    if n_seen is not None and not 1 <= n_seen <= n_known:
        raise ValueError(f"--seen must lie in 1 to {n_known}, got {n_seen}")
    workload = replace(training.run.workload, n_samples=n_epochs, n_samples_per_epoch=1)
    estimator = (
        OnlinePowerEstimator(start, size)
        if method == "online-power"
        else OnlineEpochEstimator(start, size)
    )
    found = estimator.estimate(
        workload,
        training.run.hardware,
        observed=training.epochs[:n_seen],
        level=level,
    )
    subject = training.subject
    return replace(found, scope=subject.scope, provenance=subject.provenance)


def show_estimate(
    estimate: "Estimate",
    training: "TrainingLog",
    n_epochs: float,
    n_seen: int | None,
    *,
    json_: bool,
) -> None:
    """Print what a published method says."""
    from isojoule.report.forecast import estimate_document, summarize_estimate

    is_whole = training.epochs[-1].index + 1 >= n_epochs
    true_j = sum(e.energy_j for e in training.epochs) if is_whole else None
    if json_:
        document = estimate_document(
            estimate,
            run_id=training.run.run_id,
            n_seen=n_seen or len(training.epochs),
            true_j=true_j,
        )
        print_json(document)
        return
    for sentence in summarize_estimate(estimate, true_j):
        click.echo(sentence)


def show_forecast(
    replayed: "Replay", run_id: str, *, with_replay: bool, json_: bool
) -> None:
    """Print a forecast."""
    from isojoule.report.forecast import forecast_document, summarize_forecast
    from isojoule.report.forecast_tables import (
        amounts_table,
        regimes_table,
        replay_table,
    )

    if json_:
        print_json(forecast_document(replayed, run_id=run_id, with_replay=with_replay))
        return
    if with_replay:
        print_table(replay_table(replayed))
    last = replayed.last
    print_table(amounts_table(last))
    if len(last.regimes) > 1:
        print_table(regimes_table(last, replayed.epochs[0].start_s))
    for sentence in summarize_forecast(replayed):
        click.echo(sentence)


def write_forecast(replayed: "Replay", out: Path, *, with_figure: bool) -> None:
    """Write a page, the tables as CSV and Markdown, and the figure."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.forecast_figures import draw_forecast
    from isojoule.report.forecast_page import describe_forecast
    from isojoule.report.forecast_tables import (
        amounts_table,
        regimes_table,
        replay_table,
    )
    from isojoule.report.html import render_html
    from isojoule.report.markdown import to_markdown

    figure = draw_forecast(replayed) if with_figure else None
    tables = {
        "forecast": amounts_table(replayed.last),
        "regimes": regimes_table(replayed.last, replayed.epochs[0].start_s),
        "replay": replay_table(replayed),
    }
    for name, table in tables.items():
        write_whole(out / "tables" / f"{name}.csv", encode_csv(table))
        write_whole(out / "tables" / f"{name}.md", to_markdown(table))
    if figure is not None:
        write_whole(out / "figures" / "forecast.svg", figure.svg)
    page = describe_forecast(replayed, figure, now=datetime.now(UTC))
    write_whole(out / "forecast.html", render_html(page))
    say(f"forecast.html and the tables are in {out}")
