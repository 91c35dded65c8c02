"""isojoule measure."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import as_json, examples, in_store, open_store, run_line, say

if TYPE_CHECKING:
    from isojoule.meter import Meter


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog=examples(
        "isojoule measure -- python train.py --epochs 10",
        "isojoule measure --name baseline --hz 20 -- ./train.sh",
        "isojoule measure --idle 60 -- python train.py",
    ),
)
@click.option("--name", help="Name of the run  [default: the command]")
@click.option("--workload", help="Name of the work, the same wherever it is repeated")
@click.option(
    "--hz",
    type=click.FloatRange(1, 100),
    default=10.0,
    show_default=True,
    help="Readings per second",
)
@click.option(
    "--idle",
    "idle_s",
    type=click.FloatRange(0),
    default=0.0,
    metavar="SECONDS",
    help="Record the machine at rest for so long before and after; it is not part of "
    "the energy and not subtracted from it",
)
@in_store
@as_json
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def measure(
    name: str | None,
    workload: str | None,
    hz: float,
    idle_s: float,
    store_root: Path | None,
    json_: bool,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND and measure the energy of the machine meanwhile.

    Output, signals and exit code of the command stay its own; the summary goes to
    stderr, with --json as one line of JSON.
    """
    from isojoule.command import die_like, require_command, run_measured
    from isojoule.meter import Meter
    from isojoule.records import Workload
    from isojoule.report.text import summarize_run

    require_command(command[0])
    name = name or Path(command[0]).name
    with open_store(store_root, create=True) as store:
        meter = Meter(
            name,
            workload=Workload(workload or name),
            hz=hz,
            store=store,
            command=command,
        )
        live = sys.stderr.isatty() and not json_
        run = run_measured(
            command,
            meter,
            idle_s=idle_s,
            on_tick=show_live if live else show_nothing,
        )
    if json_:
        say(run_line(run))
    else:
        say(("\r\033[K" if live else "") + "isojoule: " + "\n".join(summarize_run(run)))
    sys.exit(die_like(run.exit_code or 0))


def show_nothing(meter: "Meter") -> None:
    """Leave the terminal to the command."""
    del meter


def show_live(meter: "Meter") -> None:
    """Overwrite one line of the terminal with the energy so far."""
    from isojoule.units import format_energy

    parts = [
        f"{e.component} {format_energy(e.energy_j)} ({e.source})"
        for e in meter.energies_so_far()
        if e.energy_j is not None
    ]
    click.echo(f"\r\033[K{', '.join(parts)}", err=True, nl=False)
