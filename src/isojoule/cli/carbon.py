"""isojoule carbon."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from isojoule.cli.options import (
    as_json,
    examples,
    in_scope,
    in_store,
    open_store,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from isojoule.carbon import CarbonIntensity
    from isojoule.records import Run, Scope


@click.command(
    epilog=examples(
        "isojoule carbon --country FR 20261121T10",
        "isojoule carbon --country Germany --pue 1.2 energies.csv",
        "isojoule carbon --intensity 23 --source 'contract with the utility, 2025'",
        "isojoule carbon --country FR --model-card 20261121T10",
        "isojoule carbon --list",
    )
)
@click.argument("runs", nargs=-1)
@click.option("--country", help="Where the runs ran: name or code of 2 or 3 letters")
@click.option(
    "--intensity",
    "intensity_g_per_kwh",
    type=click.FloatRange(0),
    help="A figure of your own instead of the country's, in g CO2eq per kWh",
)
@click.option("--source", help="Who states --intensity, and for what")
@in_scope("Part of the machine  [default: as in the summary of the run]")
@click.option(
    "--pue",
    type=click.FloatRange(1),
    help="Also tell the figure with the share of the building: its energy over that of "
    "its machines",
)
@click.option(
    "--model-card",
    is_flag=True,
    help="Print the co2_eq_emissions block of a Hugging Face model card",
)
@click.option(
    "--training-type",
    type=click.Choice(["pre-training", "fine-tuning"]),
    help="What --model-card says of the training",
)
@click.option("--list", "list_", is_flag=True, help="List the countries and stop")
@in_store
@as_json
def carbon(
    runs: tuple[str, ...],
    country: str | None,
    intensity_g_per_kwh: float | None,
    source: str | None,
    scope: "Scope | None",
    pue: float | None,
    model_card: bool,
    training_type: str | None,
    list_: bool,
    store_root: Path | None,
    json_: bool,
) -> None:
    """Tell the location-based carbon of RUNS; all of the store where none are given.

    RUNS are ids or their beginnings, or files: records or tidy tables. The energy is
    multiplied with what the country's generation emits per kWh, mean of a year.
    Nothing is looked up elsewhere, and no comparison uses the result.
    """
    from isojoule.carbon import emissions_of
    from isojoule.report.carbon import (
        describe_emissions,
        describe_intensity,
        emissions_document,
    )

    if list_:
        print_intensities(json_)
        return
    if model_card:
        require_none("--model-card", {"--json": json_, "--pue": pue})
    else:
        require_none("text and JSON", {"--training-type": training_type})
    intensity = intensity_for(country, intensity_g_per_kwh, source)
    measured = find_runs(runs, store_root)
    if model_card:
        print_model_card(measured, intensity, scope, training_type)
        return
    found = [emissions_of(run, intensity, scope=scope, pue=pue) for run in measured]
    if json_:
        print_json(emissions_document(found, intensity, pue=pue))
        return
    for emissions in found:
        click.echo("\n".join(describe_emissions(emissions)))
    for sentence in describe_intensity(intensity):
        click.echo(sentence)


def require_none(output: str, options: "dict[str, object]") -> None:
    """Raise where an option was given that `output` has no place for.

    Raises
    ------
    click.UsageError
        If there is one; the message names it.
    """
    for name, value in options.items():
        if value:
            raise click.UsageError(f"{output} has no place for {name}")


def print_intensities(json_: bool) -> None:
    """Print the countries with their intensities."""
    from isojoule.carbon import read_intensities
    from isojoule.report.carbon import intensities_table
    from isojoule.report.tables import to_records

    table = intensities_table(read_intensities())
    if json_:
        print_json(to_records(table))
    else:
        print_table(table)


def print_model_card(
    runs: "Sequence[Run]",
    intensity: "CarbonIntensity",
    scope: "Scope | None",
    training_type: str | None,
) -> None:
    """Print the block of a model card about one run.

    Raises
    ------
    click.UsageError
        If there is not exactly one run, or no place.
    InsufficientDataError
        If its energy is not known.
    """
    from isojoule.carbon import emissions_of
    from isojoule.errors import InsufficientDataError
    from isojoule.formats.model_card import model_card_block

    if len(runs) != 1:
        raise click.UsageError(f"a model card is about one run, {len(runs)} were found")
    if intensity.country is None:
        raise click.UsageError("a model card tells the place: name it with --country")
    emissions = emissions_of(runs[0], intensity, scope=scope)
    if emissions.emissions_g is None:
        raise InsufficientDataError(
            f"run {runs[0].run_id} has no energy in scope "
            f"{emissions.scope or 'not stated'}: choose another one with --scope"
        )
    block = model_card_block(
        runs[0],
        emissions_g=emissions.emissions_g,
        location=intensity.country,
        training_type=training_type,
        scope=emissions.scope,
    )
    click.echo(block, nl=False)


def intensity_for(
    country: str | None, intensity_g_per_kwh: float | None, source: str | None
) -> "CarbonIntensity":
    """Return the intensity that the options ask for [g/kWh].

    Raises
    ------
    click.UsageError
        If they ask for none, or for a figure without saying whose.
    UnknownNameError
        If the country is not known.
    """
    from isojoule.carbon import CarbonIntensity, find_intensity, read_intensities

    if (intensity_g_per_kwh is None) != (source is None):
        raise click.UsageError("--intensity and --source belong together: give both")
    if country is None and intensity_g_per_kwh is None:
        raise click.UsageError(
            "say where the runs ran (--country FR; --list tells which there are), or "
            "give a figure of your own (--intensity with --source)"
        )
    if intensity_g_per_kwh is None or source is None:
        return find_intensity(country or "", read_intensities())
    return CarbonIntensity(intensity_g_per_kwh, source, country=country)


def find_runs(names: Sequence[str], store_root: Path | None) -> "list[Run]":
    """Return the runs of the files that `names` name, then those of the store."""
    from isojoule.formats import read_runs

    paths = [Path(name) for name in names if Path(name).is_file()]
    found = [run for path in paths for run in read_runs(path)]
    run_ids = [name for name in names if Path(name) not in paths]
    if run_ids or not names:
        with open_store(store_root, create=False) as store:
            found += [store.get(i) for i in run_ids] if names else store.runs()
    return found
