"""isojoule estimate before."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
    from isojoule.estimators.outlook import Outlook
    from isojoule.records import Hardware, Run, Scope, Workload


@click.command(
    epilog=examples(
        'isojoule estimate before --hardware "RTX 3090" --flop-per-sample 5.9e9 \\',
        "    --samples 12000 --validation-samples 8580 --epochs 50 --batch 32",
        "isojoule estimate before --hardware A100 --hardware H100 --batch 256 \\",
        "    --model net.py:build --input 1x3x224x224 \\",
        "    --samples 1281167 --epochs 90",
        "isojoule estimate before runs.parquet --hardware A40 --flop-per-sample 4e9 \\",
        "    --samples 50000 --epochs 100 --batch 64 --json",
    )
)
@click.argument(
    "inputs", nargs=-1, metavar="[INPUT]...", type=click.Path(path_type=Path)
)
@click.option(
    "--hardware",
    "names",
    multiple=True,
    help="Machine that runs are known of, or an accelerator whose specification is "
    "known; repeat it to compare  [default: this machine]",
)
@click.option(
    "--accelerators",
    "n_accelerators",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many of an accelerator that no run is known of",
)
@click.option(
    "--flop-per-sample",
    "forward_flop",
    type=click.FloatRange(0, min_open=True),
    help="Forward pass of one sample: 2 x multiply-accumulates",
)
@click.option(
    "--training-flop-per-sample",
    "training_flop",
    type=click.FloatRange(0, min_open=True),
    help="Forward and backward  [default: 3 x forward, 1 x with --frozen-backbone]",
)
@click.option(
    "--model",
    help="Count a torch model instead: package.module:name or file.py:name",
)
@click.option(
    "--input",
    "inputs_of_model",
    multiple=True,
    metavar="[NAME=]SHAPE[:DTYPE]",
    help="Input of --model, such as 1x3x224x224",
)
@click.option(
    "--network",
    help="Name of the network, where runs of it are known  [default: that of --model]",
)
@click.option("--params", "n_params", type=click.FloatRange(0, min_open=True))
@click.option(
    "--input-shape",
    metavar="HxW",
    help="Shape of one input without the batch, such as 3x224x224",
)
@click.option(
    "--samples", "n_train", type=click.IntRange(1), required=True, help="Of an epoch"
)
@click.option(
    "--validation-samples",
    "n_validation",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Of the validation after each epoch",
)
@click.option("--epochs", "n_epochs", type=click.IntRange(1), required=True)
@click.option(
    "--batch",
    "batch_sizes",
    type=click.IntRange(1),
    multiple=True,
    required=True,
    help="Samples per step; repeat it to compare",
)
@click.option(
    "--frozen-backbone", is_flag=True, help="Only the head of the network is trained"
)
@click.option(
    "--memory-gb",
    type=click.FloatRange(0, min_open=True),
    help="Main memory, for Green Algorithms  [default: as the runs state]",
)
@in_scope("Part of the machine  [default: gpu; node on a machine without accelerators]")
@at_level(0.9)
@click.option(
    "--no-prior", is_flag=True, help="Use the runs alone, not what ships with isojoule"
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder for a page and the table"
)
@in_store
@as_json
def before(
    inputs: tuple[Path, ...],
    names: tuple[str, ...],
    n_accelerators: int,
    batch_sizes: tuple[int, ...],
    scope: "Scope | None",
    level: float,
    memory_gb: float | None,
    no_prior: bool,
    out: Path | None,
    store_root: Path | None,
    json_: bool,
    **asked: Any,  # noqa: ANN401 - what describes the training, as named above
) -> None:
    """Estimate energy, time and power of a training that has not begun.

    INPUT is any file of finished trainings (records, tidy tables, calibrations of the
    suite, del Rey's table) or the folder of a store; the user's store where none is
    given. The more alike they are, the narrower the interval; without any, what ships
    with isojoule gives a wide one for an accelerator whose specification is known.
    """
    from isojoule.estimators.outlook import look_ahead
    from isojoule.estimators.physics import PhysicsEstimator
    from isojoule.estimators.physics.prior import bundled_planes
    from isojoule.report.outlook import outlook_document, overview_table, summarize
    from isojoule.units import BYTES_PER_GIB

    work = _workload(batch_sizes[0], **asked)
    runs = _known_runs(inputs, store_root)
    machines = [_machine(name, runs, n_accelerators) for name in names]
    machines = [
        m
        if memory_gb is None
        else replace(m, memory_bytes=round(memory_gb * BYTES_PER_GIB))
        for m in machines or [_this_machine()]
    ]
    scope = scope or ("gpu" if all(m.accelerators for m in machines) else "node")
    # What ships was learned from accelerators alone.
    planes = bundled_planes() if scope == "gpu" and not no_prior else None
    estimator = PhysicsEstimator.fit(runs, scope=scope, planes=planes)
    if n_unused := len(runs) - estimator.n_runs:
        say(
            f"{n_unused} of {len(runs)} runs are not learned from: it takes FLOP of a "
            f"sample, batch size, samples, an energy of scope {scope}, and a whole run"
        )
    outlooks = [
        look_ahead(estimator, replace(work, batch_size=batch), machine, level=level)
        for machine, batch in product(machines, batch_sizes)
    ]
    if out is not None:
        write_outlooks(outlooks, out)
    if json_:
        print_json(outlook_document(outlooks))
        return
    print_table(overview_table(outlooks))
    for sentence in summarize(outlooks):
        click.echo(sentence)


def _workload(
    batch_size: int,
    *,
    forward_flop: float | None,
    training_flop: float | None,
    model: str | None,
    inputs_of_model: tuple[str, ...],
    network: str | None,
    n_params: float | None,
    input_shape: str | None,
    n_train: int,
    n_validation: int,
    n_epochs: int,
    frozen_backbone: bool,
) -> "Workload":
    """Return what is to be trained.

    Raises
    ------
    ValueError
        If the work of a sample is not stated, or stated twice.
    """
    from isojoule.records import Workload

    if (forward_flop is None) == (model is None):
        raise ValueError(
            "how much a sample computes is needed once: state --flop-per-sample, or "
            "name a --model and its --input to have it counted"
        )
    counted: dict[str, Any] = {"forward_flop_per_sample": forward_flop}
    if model is not None:
        from isojoule.cli.count import count_own

        found = count_own(
            model,
            inputs=inputs_of_model,
            dtype="float32",
            n_samples=None,
            training=True,
        )
        counted = {
            "forward_flop_per_sample": found.forward_flop_per_sample,
            "training_flop_per_sample": found.training_flop_per_sample,
            "n_params": found.n_params,
        }
    stated = {
        "training_flop_per_sample": training_flop,
        "n_params": n_params,
        "input_shape": _shape(input_shape or _first_shape(inputs_of_model)),
    }
    return Workload(
        name=network or model or "training",
        model=network or (model.rpartition(":")[2] if model else None),
        settings={"layers": "frozen backbone"} if frozen_backbone else {},
        batch_size=batch_size,
        n_samples=n_train * n_epochs,
        n_samples_per_epoch=n_train,
        n_validation_samples_per_epoch=n_validation,
        **{**counted, **{k: v for k, v in stated.items() if v is not None}},
    )


def _first_shape(inputs_of_model: Sequence[str]) -> str | None:
    """Return the shape of the first input without its batch."""
    if not inputs_of_model:
        return None
    shape = inputs_of_model[0].rpartition("=")[2].partition(":")[0]
    return shape.partition("x")[2] or None


def _shape(text: str | None) -> tuple[int, ...] | None:
    """Return the numbers of a shape.

    Raises
    ------
    ValueError
        If it is not understood.
    """
    if text is None:
        return None
    sides = text.lower().split("x")
    if not all(side.isdigit() for side in sides):
        raise ValueError(
            f"--input-shape {text!r} is not understood: write a shape such as "
            "3x224x224, or 128x64"
        )
    return tuple(int(side) for side in sides)


def _known_runs(inputs: Sequence[Path], store_root: Path | None) -> "list[Run]":
    """Return the runs to learn from; none where the user has no store yet."""
    from isojoule.observations import once
    from isojoule.store import default_root

    root = store_root or default_root()
    if not inputs and not root.exists():
        say(f"no runs to learn from: there is no store in {root} yet")
        return []
    return once(gather_runs(inputs, store_root))


def _this_machine() -> "Hardware":
    """Return the machine that this runs on, as its runs name it."""
    from isojoule.probe import probe_hardware
    from isojoule.sensors import close_sensors, probe_sensors

    states = probe_sensors()
    opened = [s.sensor for s in states if s.sensor is not None]
    boards = [a for s in opened for a in getattr(s, "accelerators", ())]
    close_sensors(states)
    return probe_hardware(accelerators=boards)


def _machine(name: str, runs: "Sequence[Run]", n_accelerators: int) -> "Hardware":
    """Return the machine of the runs that `name` means, or accelerators of that name.

    Raises
    ------
    UnknownNameError
        If there is neither.
    """
    from isojoule.accelerators import find_specification, specifications
    from isojoule.errors import UnknownNameError
    from isojoule.observations import match_hardware
    from isojoule.records import Accelerator, Hardware, counted_names

    machines = {r.hardware.name: r.hardware for r in runs}
    if n_accelerators == 1:
        with suppress(UnknownNameError):
            return machines[match_hardware(name, machines)]
    known = find_specification(name)
    if known is None:
        raise UnknownNameError("hardware", name, [*machines, *specifications()])
    boards = (Accelerator(known.name, known.vendor),) * n_accelerators
    return Hardware(counted_names(b.name for b in boards), boards)


def write_outlooks(outlooks: "Sequence[Outlook]", out: Path) -> None:
    """Write a page with a figure, and the table as CSV."""
    from datetime import UTC, datetime

    from isojoule.formats.files import write_whole
    from isojoule.formats.table import encode_csv
    from isojoule.report.html import render_html
    from isojoule.report.outlook import outlook_table
    from isojoule.report.outlook_page import describe_outlooks

    page = describe_outlooks(outlooks, now=datetime.now(UTC))
    write_whole(out / "outlook.csv", encode_csv(outlook_table(outlooks)))
    write_whole(out / "outlook.html", render_html(page))
    say(f"outlook.html and outlook.csv are in {out}")
