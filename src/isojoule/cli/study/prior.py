"""isojoule study prior."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import as_json, examples, print_json, print_table, say
from isojoule.cli.study.benchmark import progress_of, read_tables

if TYPE_CHECKING:
    from isojoule.normalizers.joint.prior import PriorFile
    from isojoule.tables import Table


@click.command(
    epilog=examples(
        "isojoule study prior tables/ --out prior.json",
        "isojoule normalize energies.csv --from A40 --to V100 --prior prior.json",
    )
)
@click.argument(
    "inputs",
    nargs=-1,
    required=True,
    metavar="DIR_OR_TABLE...",
    type=click.Path(path_type=Path),
)
@click.option(
    "--max-workloads",
    type=click.IntRange(8),
    default=200,
    show_default=True,
    help="Most workloads of one phase of a table; of more some are drawn",
)
@click.option(
    "--seed", default=0, show_default=True, help="For the workloads that are drawn"
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="File to write"
)
@as_json
def prior(
    inputs: tuple[Path, ...],
    max_workloads: int,
    seed: int,
    out: Path | None,
    json_: bool,
) -> None:
    """Learn from tables of many machines what the method joint knows beforehand.

    DIR_OR_TABLE is a folder of tables or single ones, three at least, each of two
    machines or more. Beside the prior from all tables there is one without each, for
    judging that table. Takes minutes.
    """
    from isojoule.normalizers.joint.prior import write_priors
    from isojoule.studies.benchmark.priors import learn_priors
    from isojoule.studies.benchmark.sources import gather_sources

    runs, notes = read_tables(inputs)
    sources, thinned = gather_sources(runs, max_workloads=max_workloads, seed=seed)
    with progress_of("sets of tables") as told:
        priors = learn_priors(sources, on_progress=told)
    if out is not None:
        import json

        from isojoule.formats.files import write_whole

        write_whole(out, json.dumps(write_priors(priors), indent=1) + "\n")
        say(f"the priors are in {out}")
    if json_:
        print_json(write_priors(priors))
        return
    print_table(_widenings(priors))
    for note in (*notes, *thinned):
        click.echo(note)


def _widenings(priors: "PriorFile") -> "Table":
    """Return how much wider than learned intervals are made, by what was left out."""
    from isojoule.tables import Table

    named = {"none": priors.prior} | dict(priors.without)
    rows = [
        {
            "without": name,
            "elsewhere": "yes" if is_elsewhere else "no",
            **{
                f"k{count}": known.widening(count, is_elsewhere=is_elsewhere)
                for count in known.widening_alone
            },
        }
        for name, known in named.items()
        for is_elsewhere in (False, True)
    ]
    counts = list(priors.prior.widening_alone)
    return Table.from_rows(
        "Factor of the intervals by number of references",
        rows,
        labels={
            "without": "without",
            "elsewhere": "known elsewhere",
            **{f"k{count}": str(count) for count in counts[:-1]},
            f"k{counts[-1]}": f"{counts[-1]} or more",
        },
    )
