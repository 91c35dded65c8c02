"""isojoule estimate: one file per question."""

import click

from isojoule.cli.estimate.before import before
from isojoule.cli.estimate.during import during
from isojoule.cli.estimate.race import race
from isojoule.cli.estimate.stop import stop


@click.group()
def estimate() -> None:
    """Tell what a training will take: before it, during it, and when to stop."""


for command in (before, during, stop, race):
    estimate.add_command(command)
