"""isojoule estimate transfer."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.estimate.during import planned_epochs
from isojoule.cli.estimate.logs import read_training
from isojoule.cli.options import (
    as_json,
    at_level,
    examples,
    gather_runs,
    in_scope,
    in_store,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from isojoule.cli.estimate.logs import TrainingLog
    from isojoule.estimators.streaming import Forecast
    from isojoule.records import Estimate, Observation, Run, Scope


@click.command(
    epilog=examples(
        "isojoule estimate transfer epochs.jsonl --epochs 60 --from A40 --to H100",
        "isojoule estimate transfer 20261121T10 --to V100 --with both.json",
    )
)
@click.argument("log")
@click.option(
    "--to",
    "target",
    required=True,
    help="The other machine: one that measurements are known of, or an accelerator "
    "whose specification is known",
)
@click.option(
    "--from",
    "source",
    help="The machine of LOG, as the measurements call it  [default: as LOG says]",
)
@click.option(
    "--with",
    "inputs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Measurements of both machines: calibrations, tables, records, stores; "
    "repeat it  [default: the user's store]",
)
@click.option("--run", "run_id", help="Which run, where LOG holds several")
@click.option(
    "--epochs",
    "n_epochs",
    type=click.FloatRange(0, min_open=True),
    help="Epochs that are planned  [default: as the record says]",
)
@click.option("--seen", "n_seen", type=int, help="Use the first epochs only")
@click.option(
    "--change-at",
    "changes_at",
    type=click.IntRange(1),
    multiple=True,
    help="Epoch from which on the work will be another; repeat it",
)
@in_scope("Part of the machine  [default: as in the summary of the run]")
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="How to normalize, as in isojoule normalize",
)
@at_level(0.9)
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Accept measurements of other provenance or settings than the training's",
)
@in_store
@as_json
def transfer(
    log: str,
    target: str,
    source: str | None,
    inputs: tuple[Path, ...],
    run_id: str | None,
    n_epochs: float | None,
    n_seen: int | None,
    changes_at: tuple[int, ...],
    scope: "Scope | None",
    method: str,
    level: float,
    allow_mixed: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Estimate what a training under way would take on another machine.

    LOG is what `isojoule estimate during` takes. Its stable epochs are normalized to
    the other machine, and the forecast of the whole training goes with them; the
    interval holds the doubt of both steps.
    """
    from dataclasses import replace

    from isojoule.estimators.stream.replay import replay
    from isojoule.estimators.transfer import transferred
    from isojoule.report.transfer import summarize, transfer_document, transfer_table

    training = read_training(log, run_id=run_id, scope=scope, store_root=store_root)
    if source is not None:
        hardware = replace(training.run.hardware, name=source)
        training = replace(training, run=replace(training.run, hardware=hardware))
    forecast = replay(
        training.epochs,
        n_epochs=planned_epochs(training, n_epochs, is_over=n_seen is not None),
        n_seen=n_seen,
        changes_at=changes_at,
        level=level,
        subject=training.subject,
    ).last
    here = whole(forecast)
    part = stable_epoch(training, forecast)
    conversion = converted(
        part,
        target,
        gather_runs(inputs, store_root),
        method=method,
        level=level,
        allow_mixed=allow_mixed,
    )
    there = transferred(here, conversion, part_energy_j=part.energy_j)
    if json_:
        print_json(transfer_document(here, conversion, there, part=part))
        return
    print_table(transfer_table(here, conversion, there, part=part))
    for sentence in summarize(there):
        click.echo(sentence)


def whole(forecast: "Forecast") -> "Estimate":
    """Return the forecast of all planned epochs.

    Raises
    ------
    InsufficientDataError
        If there is none yet.
    """
    from isojoule.errors import InsufficientDataError

    if forecast.total is None:
        raise InsufficientDataError(f"no forecast yet: {forecast.reason}")
    if not forecast.is_whole:
        raise InsufficientDataError(
            f"the work changes at epoch {forecast.until_epoch:g}, and what comes then "
            "cannot be told: wait for some epochs after it"
        )
    return forecast.total


def stable_epoch(training: "TrainingLog", forecast: "Forecast") -> "Observation":
    """Return the mean stable epoch as what a normalizer may know of it.

    Raises
    ------
    InsufficientDataError
        If the training is not stable yet, or its epochs took no energy.
    """
    from statistics import fmean

    from isojoule.errors import InsufficientDataError
    from isojoule.records import Observation

    if forecast.stable_since is None:
        raise InsufficientDataError(
            "the training is not stable yet: no epoch stands for those to come"
        )
    seen = training.epochs[: forecast.n_seen]
    stable = [e for e in seen if e.index >= forecast.stable_since]
    energy_j = fmean(e.energy_j for e in stable)
    if not energy_j:
        raise InsufficientDataError("the stable epochs took no energy")
    work = training.run.workload
    flop = work.forward_flop_per_sample
    return Observation(
        workload=f"{work.name}, an epoch",
        hardware=training.run.hardware.name,
        energy_j=energy_j,
        duration_s=fmean(e.duration_s for e in stable),
        phase="train",
        model=work.model,
        variant=work.variant,
        provenance=training.subject.provenance,
        scope=training.subject.scope,
        work_flop=flop * work.n_samples_per_epoch
        if flop and work.n_samples_per_epoch
        else None,
        n_params=work.n_params,
        batch_size=work.batch_size,
    )


def converted(
    part: "Observation",
    target: str,
    runs: "Sequence[Run]",
    *,
    method: str,
    level: float,
    allow_mixed: bool,
) -> "Estimate":
    """Return what `part` would have taken on the other machine.

    Measurements of the same settings are taken where there are any.
    """
    from isojoule.normalizers.conversion import convert_all
    from isojoule.observations import once, select

    known = select(once(runs), phase="train", scope=part.scope).observations
    alike = [o for o in known if o.variant == part.variant]
    conversion = convert_all(
        [*(alike or known), part],
        source=part.hardware,
        target=target,
        method=method,
        level=level,
        allow_mixed=allow_mixed,
    )
    (found,) = [
        c.estimate
        for c in conversion.converted
        if c.observation.workload == part.workload
    ]
    return found
