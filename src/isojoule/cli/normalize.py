"""isojoule normalize."""

from pathlib import Path

import click

from isojoule.cli.options import (
    as_json,
    at_level,
    examples,
    gather_runs,
    in_store,
    print_json,
    print_table,
    read_prior_file,
)


@click.command(
    epilog=examples(
        "isojoule normalize energies.csv --from A40 --to V100",
        "isojoule normalize mine.json a40.json v100.json --from A40 --to V100",
        "isojoule normalize energies.csv --from A40 --to H100",
        "isojoule normalize energies.parquet --from A40 --to V100 --phase train \\",
        "    --method linear --features flop,params --references min-max:6 --json",
    )
)
@click.argument(
    "tables",
    nargs=-1,
    metavar="[TABLE_OR_STORE]...",
    type=click.Path(path_type=Path),
)
@click.option("--from", "source", required=True, help="Hardware the energies are from")
@click.option(
    "--to",
    "target",
    required=True,
    help="Hardware to estimate them for; without any run there, an accelerator whose "
    "specification is known",
)
@click.option(
    "--method",
    default="auto",
    show_default=True,
    help="auto takes the one that evidence is for; else joint, single-low, "
    "single-high, single-median, dual, linear, theil-sen, log-linear, gp, poly2, svr "
    "or svr-standardized",
)
@click.option(
    "--features",
    default="",
    help="For linear: flop, params; for log-linear and gp also power; with commas",
)
@click.option(
    "--references",
    default="all",
    show_default=True,
    help="all, min-max:K, medoid:K, random:K or only:NAME,NAME of the workloads that "
    "both measured",
)
@click.option("--seed", default=0, show_default=True, help="For random references")
@click.option(
    "--prior",
    "prior_path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="What joint knows beforehand, from `study prior`  [default: what ships]",
)
@click.option("--phase", help="train, inference, ... where the table holds several")
@at_level(0.9)
@click.option(
    "--power-limit",
    "power_limit_w",
    type=float,
    help="Keep runs at this limit, in W  [default: the highest of each machine]",
)
@click.option(
    "--allow-mixed",
    is_flag=True,
    help="Accept energies of different scope or provenance",
)
@click.option("--csv", "csv_", is_flag=True, help="Print CSV instead of text")
@click.option(
    "--show-fit", is_flag=True, help="Print also the coefficients, with units"
)
@in_store
@as_json
def normalize(
    tables: tuple[Path, ...],
    store_root: Path | None,
    source: str,
    target: str,
    method: str,
    features: str,
    references: str,
    seed: int,
    prior_path: Path | None,
    phase: str | None,
    level: float,
    power_limit_w: float | None,
    allow_mixed: bool,
    csv_: bool,
    show_fit: bool,
    json_: bool,
) -> None:
    """Estimate what workloads would need on other hardware.

    TABLE_OR_STORE is a CSV or Parquet with one row per measurement (columns
    workload_id, hardware, energy_j and more, see the documentation), a calibration of
    the suite, a file of isojoule runs, or the folder of a store; the user's store where
    none is given. Several are taken together: further machines make estimates better.
    """
    from isojoule.formats.table import encode_csv
    from isojoule.normalizers.conversion import convert_all
    from isojoule.observations import once, require_left, select
    from isojoule.report.conversion import (
        conversion_records,
        conversion_table,
        summarize,
    )

    runs = once(gather_runs(tables, store_root))
    selection = select(runs, phase=phase, power_limit_w=power_limit_w)
    require_left(runs, selection, source, target)
    conversion = convert_all(
        selection.observations,
        source=source,
        target=target,
        method=method,
        features=[name.strip() for name in features.split(",") if name.strip()],
        references=references,
        level=level,
        seed=seed,
        allow_mixed=allow_mixed,
        prior=None if prior_path is None else read_prior_file(prior_path).prior,
    )
    if json_:
        document = conversion_records(conversion)
        print_json({**document, "notes": list(selection.notes)})
    elif csv_:
        click.echo(encode_csv(conversion_table(conversion)), nl=False)
    else:
        print_table(conversion_table(conversion))
        for sentence in (*summarize(conversion), *selection.notes):
            click.echo(sentence)
    if show_fit and not json_:
        for name, value in conversion.fit.items():
            # A CSV file has one header: beside it the fit goes to stderr.
            click.echo(f"Fit: {name} = {value:.6g}", err=csv_)
