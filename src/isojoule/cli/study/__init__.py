"""isojoule study: one file per question."""

import click

from isojoule.cli.study.benchmark import benchmark
from isojoule.cli.study.convergence import convergence
from isojoule.cli.study.estimators import estimators
from isojoule.cli.study.groups import groups
from isojoule.cli.study.link import link
from isojoule.cli.study.normalization import features, references, regressions
from isojoule.cli.study.prior import prior
from isojoule.cli.study.stabilization import stabilization


@click.group()
def study() -> None:
    """Answer questions about energy from your own runs."""


for command in (
    link,
    references,
    regressions,
    features,
    benchmark,
    prior,
    groups,
    estimators,
    stabilization,
    convergence,
):
    study.add_command(command)
