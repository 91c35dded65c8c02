"""Emissions in words, as JSON can hold them, and the table of countries."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

from isojoule.carbon import CarbonIntensity, Emissions
from isojoule.records import ComponentEnergy
from isojoule.report.words import COMPONENT_NAMES
from isojoule.tables import Cell, Table
from isojoule.units import format_energy, format_mass

_LOCATION_BASED: Final = (
    "Location-based: the mean of what is generated in the country, over the life cycle."
)
_NOT_IN_IT: Final = (
    "Not in it: the hour of the run, imported electricity, losses of the grid, "
    "cooling, making of the hardware."
)


def describe_emissions(emissions: Emissions) -> list[str]:
    """Return what one run emitted and where that figure comes from, a line each."""
    found = emissions
    lines = [f"{found.name}  {found.run_id}"]
    if found.energy_j is None or found.emissions_g is None:
        lines.append(f"  emissions   not known: no energy in scope {_scope(found)}")
    else:
        lines.append(
            f"  emissions   {format_mass(found.emissions_g)} CO2eq"
            f"{_mass_bounds(found)}, {found.provenance}"
        )
        lines.append(
            f"  energy      {format_energy(found.energy_j)}{_energy_bounds(found)}, "
            f"scope {_scope(found)}: {_listed(found.parts)}"
        )
    if found.left_out:
        lines.append(f"  left out    {_listed(found.left_out)}")
    if found.pue is not None and found.emissions_with_pue_g is not None:
        lines.append(
            f"  with PUE    {format_mass(found.emissions_with_pue_g)} CO2eq if the "
            f"building uses {found.pue:g} times what its machines use, as you state"
        )
    return lines


def _scope(emissions: Emissions) -> str:
    return emissions.scope or "not stated"


def _listed(energies: Sequence[ComponentEnergy]) -> str:
    return ", ".join(
        f"{COMPONENT_NAMES[e.component]} not measured"
        if e.energy_j is None
        else f"{COMPONENT_NAMES[e.component]} {format_energy(e.energy_j)} ({e.source})"
        for e in energies
    )


def _mass_bounds(emissions: Emissions) -> str:
    low_g, high_g = emissions.emissions_low_g, emissions.emissions_high_g
    if low_g is None or high_g is None:
        return ""
    return f" ({format_mass(low_g)} to {format_mass(high_g)})"


def _energy_bounds(emissions: Emissions) -> str:
    low_j, high_j = emissions.energy_low_j, emissions.energy_high_j
    if low_j is None or high_j is None:
        return ""
    return f" ({format_energy(low_j)} to {format_energy(high_j)})"


def describe_intensity(intensity: CarbonIntensity) -> list[str]:
    """Return the intensity with its source, and what no figure made of it holds."""
    value = f"{intensity.intensity_g_per_kwh:.4g} g CO2eq/kWh"
    place = f"{intensity.country}, " if intensity.country else ""
    if intensity.basis == "stated":
        return [f"Intensity: {place}{value}, your own figure; {intensity.source}."]
    return [
        f"Intensity: {place}{value}, mean of {intensity.year}; {intensity.source}.",
        _LOCATION_BASED,
        _NOT_IN_IT,
    ]


def emissions_document(
    emissions: Sequence[Emissions], intensity: CarbonIntensity, *, pue: float | None
) -> dict[str, object]:
    """Return emissions of runs and the intensity they were made with, for JSON.

    Parameters
    ----------
    emissions : sequence of Emissions
        One per run.
    intensity : CarbonIntensity
        Of all of them [g/kWh].
    pue : float or None
        Of all of them, where one was asked for.
    """
    return {
        "intensity": asdict(intensity),
        "pue": pue,
        "runs": [_emissions_record(e) for e in emissions],
    }


def _emissions_record(emissions: Emissions) -> dict[str, object]:
    return {
        "run_id": emissions.run_id,
        "name": emissions.name,
        "scope": emissions.scope,
        "provenance": emissions.provenance,
        "energy_j": emissions.energy_j,
        "energy_low_j": emissions.energy_low_j,
        "energy_high_j": emissions.energy_high_j,
        "emissions_g": emissions.emissions_g,
        "emissions_low_g": emissions.emissions_low_g,
        "emissions_high_g": emissions.emissions_high_g,
        "emissions_with_pue_g": emissions.emissions_with_pue_g,
        "parts": [_part_record(e) for e in emissions.parts],
        "left_out": [_part_record(e) for e in emissions.left_out],
    }


def _part_record(energy: ComponentEnergy) -> dict[str, Cell]:
    return {
        "component": energy.component,
        "energy_j": energy.energy_j,
        "source": energy.source,
    }


def intensities_table(intensities: Sequence[CarbonIntensity]) -> Table:
    """Return one row per country [g/kWh]."""
    return Table.from_rows(
        f"{len(intensities)} countries, g CO2eq per kWh generated",
        [
            {
                "country": i.country,
                "iso2": i.iso2,
                "iso3": i.iso3,
                "intensity_g_per_kwh": i.intensity_g_per_kwh,
                "year": i.year,
                "source": i.source,
            }
            for i in intensities
        ],
        labels={
            "country": "country",
            "iso2": "ISO 2",
            "iso3": "ISO 3",
            "intensity_g_per_kwh": "g/kWh",
            "year": "year",
            "source": "source",
        },
    )
