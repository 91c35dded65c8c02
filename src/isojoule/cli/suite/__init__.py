"""isojoule suite: the reference models, one file per command that does much."""

from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    examples,
    print_json,
    print_table,
    progress,
    say,
)
from isojoule.cli.suite.check import check
from isojoule.cli.suite.plan import plan
from isojoule.cli.suite.run import run


@click.group()
def suite() -> None:
    """Run the reference models that make machines comparable."""


suite.add_command(run)
suite.add_command(check)
suite.add_command(plan)


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


@suite.command(epilog=examples("isojoule suite synthesize made-up --clips 100"))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--clips",
    "n_clips",
    type=click.IntRange(1),
    default=1578,
    show_default=True,
    help="How many; each takes about 1.7 MB",
)
@click.option("--seed", default=0, show_default=True, help="Of the sounds")
def synthesize(folder: Path, n_clips: int, seed: int) -> None:
    """Write made-up recordings in the layout of DESED, for mode as-published."""
    from isojoule.workloads.synthetic import write_stand_in

    with progress() as bar:
        task = bar.add_task("writing clips", total=n_clips)
        write_stand_in(
            folder,
            n_clips,
            seed=seed,
            on_clip=lambda n: bar.update(task, completed=n),
        )
    say(f"{n_clips} made-up clips in {folder}: isojoule suite run --data {folder}")
