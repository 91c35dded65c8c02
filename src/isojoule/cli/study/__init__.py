"""isojoule study: one file per question."""

import click

from isojoule.cli.study.link import link


@click.group()
def study() -> None:
    """Answer questions about energy from your own runs."""


study.add_command(link)
