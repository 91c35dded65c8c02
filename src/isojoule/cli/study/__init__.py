"""isojoule study: one file per question."""

import click

from isojoule.cli.study.link import link
from isojoule.cli.study.normalization import features, references, regressions


@click.group()
def study() -> None:
    """Answer questions about energy from your own runs."""


for command in (link, references, regressions, features):
    study.add_command(command)
