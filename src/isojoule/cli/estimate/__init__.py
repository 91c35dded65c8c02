"""isojoule estimate: one file per question."""

import click

from isojoule.cli.estimate.before import before
from isojoule.cli.estimate.during import during
from isojoule.cli.estimate.race import race
from isojoule.cli.estimate.stop import stop
from isojoule.cli.estimate.transfer import transfer


@click.group()
def estimate() -> None:
    """Tell what a training will take: before it, during it, and when to stop."""


for command in (before, during, transfer, stop, race):
    estimate.add_command(command)
