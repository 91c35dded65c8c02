"""isojoule study: one file per question."""

import click

from isojoule.cli.study.benchmark import benchmark
from isojoule.cli.study.link import link
from isojoule.cli.study.normalization import features, references, regressions
from isojoule.cli.study.prior import prior


@click.group()
def study() -> None:
    """Answer questions about energy from your own runs."""


for command in (link, references, regressions, features, benchmark, prior):
    study.add_command(command)
