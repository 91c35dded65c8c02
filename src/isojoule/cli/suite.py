"""isojoule suite."""

from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    examples,
    in_store,
    open_store,
    print_json,
    print_table,
    progress,
    run_line,
)


@click.group()
def suite() -> None:
    """List and run the reference models."""


@suite.command(
    "list", epilog=examples("isojoule suite list", "isojoule suite list --json")
)
@as_json
def list_suite(json_: bool) -> None:
    """List the 43 reference models with their exact counts."""
    from isojoule.report.tables import to_records
    from isojoule.workloads import suite_table

    table = suite_table()
    if json_:
        print_json(to_records(table))
    else:
        print_table(table)


@suite.command(
    "run",
    epilog=examples(
        "isojoule suite run --subset quick --device cpu",
        "isojoule suite run mlp-1x512 cnn-2x128 --steps 198",
    ),
)
@click.argument("names", nargs=-1)
@click.option(
    "--subset", "subsets", multiple=True, help="quick, full, or a model's name"
)
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda:N")
@click.option("--threads", type=click.IntRange(1), help="Compute threads on the CPU")
@click.option(
    "--steps", "n_steps", type=click.IntRange(1), help="Exactly so many steps"
)
@click.option(
    "--seconds",
    "duration_s",
    type=click.FloatRange(0.1),
    default=60.0,
    show_default=True,
    help="Without --steps: as many steps as fill this time",
)
@in_store
@as_json
def run_suite(
    names: tuple[str, ...],
    subsets: tuple[str, ...],
    device: str,
    threads: int | None,
    n_steps: int | None,
    duration_s: float,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Train reference models here and keep their energy as runs."""
    from isojoule.report.text import runs_table
    from isojoule.suite import Configuration, Length, make_clips, require_device
    from isojoule.suite import run_suite as run_models
    from isojoule.workloads import resolve

    models = resolve([*subsets, *names] or ["quick"])
    require_device(device)
    made = []
    with open_store(store_root, create=True) as store, progress() as bar:
        task = bar.add_task("preparing the clips", total=len(models))
        for run in run_models(
            models,
            Configuration(device, threads),
            length=Length(n_steps=n_steps, duration_s=duration_s),
            clips=make_clips(),
            store=store,
            on_start=lambda model: bar.update(task, description=model.name),
        ):
            made.append(run)
            bar.advance(task)
    if json_:
        click.echo("[" + ",\n".join(run_line(run) for run in made) + "]")
    else:
        print_table(runs_table(made))
