"""Carbon and the building: apart from all that is ranked."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from isojoule.carbon import CarbonIntensity, find_intensity, read_intensities
from isojoule.comparison.compare import Comparison
from isojoule.comparison.rules import Carbon
from isojoule.comparison.systems import System
from isojoule.errors import UnknownNameError
from isojoule.report.carbon import describe_intensity
from isojoule.report.comparison.methods import describe_energies
from isojoule.report.comparison.words import shown
from isojoule.tables import Table
from isojoule.units import j_to_kwh

_IGNORED = (
    "Emissions that trackers write into their files are ignored: recipes state a "
    "country in their code, whatever the true one is."
)


@dataclass(frozen=True, slots=True)
class CarbonBlock:
    """What energies would emit on the organizers' hardware.

    Parameters
    ----------
    text : tuple of str
        Intensity with its source, and what must not be read out of the table.
    table : Table or None
        By label; `None` where the country is not known.
    intensity : CarbonIntensity or None
        What it was made with.
    """

    text: tuple[str, ...]
    table: Table | None
    intensity: CarbonIntensity | None = None


def carbon_block(comparison: Comparison) -> CarbonBlock | None:
    """Return what the rules ask for on carbon; `None` where they do not.

    Parameters
    ----------
    comparison : Comparison
        Rules and normalized energies.
    """
    carbon = comparison.rules.carbon
    if carbon is None:
        return None
    try:
        intensity = find_intensity(carbon.country, read_intensities())
    except UnknownNameError as error:
        return CarbonBlock((f"No carbon figures: {error}.",), None)
    apart = (
        "Not a ranking: this block says what the energies above would emit on one "
        f"grid: {describe_energies(comparison.rules)}. Where a team sits does not "
        "count."
    )
    text = (apart, *describe_intensity(intensity), _building(carbon), _IGNORED)
    table = _table(comparison, carbon, intensity.intensity_g_per_kwh)
    return CarbonBlock(text, table, intensity)


def carbon_document(comparison: Comparison) -> dict[str, Any] | None:
    """Return the same for JSON, by label and phase; `None` where nobody asks for it.

    Parameters
    ----------
    comparison : Comparison
        Rules and normalized energies.
    """
    carbon, block = comparison.rules.carbon, carbon_block(comparison)
    if carbon is None or block is None:
        return None
    found = block.intensity
    return {
        "text": list(block.text),
        "country": carbon.country,
        "pue": carbon.pue,
        "intensity": None if found is None else asdict(found),
        "systems": {}
        if found is None
        else {
            system.label: {
                phase: _emissions(system, phase, carbon, found)
                for phase in system.energies
            }
            for system in comparison.systems
        },
    }


def _emissions(
    system: System, phase: str, carbon: Carbon, intensity: CarbonIntensity
) -> dict[str, float | None]:
    energy_j = system.energy_j(phase)
    g_per_kwh = intensity.intensity_g_per_kwh
    return {
        "energy_j": energy_j,
        "emissions_g": _grams(energy_j, g_per_kwh),
        "emissions_with_pue_g": _grams(energy_j, g_per_kwh * carbon.pue),
    }


def _building(carbon: Carbon) -> str:
    if carbon.pue == 1:
        return (
            "PUE 1: nothing is added for the building, which the rules do not describe."
        )
    return (
        f"PUE {carbon.pue:g} is a multiplier that the rules state for the building; it "
        "says nothing about a system."
    )


def _table(comparison: Comparison, carbon: Carbon, g_per_kwh: float) -> Table:
    phases = list(comparison.rules.phases)
    with_pue = [*phases] if carbon.pue != 1 else []
    rows = [
        {"label": shown(system.label), "team": shown(system.team)}
        | {f"{p}_g": _grams(system.energy_j(p), g_per_kwh) for p in phases}
        | {
            f"{p}_with_pue_g": _grams(system.energy_j(p), g_per_kwh * carbon.pue)
            for p in with_pue
        }
        for system in sorted(comparison.systems, key=lambda s: s.label.casefold())
        if system.energies
    ]
    return Table.from_rows(
        "CO2 equivalents by label, not ranked",
        rows,
        labels={"label": "system", "team": "team"}
        | _headings(phases, "{} [g CO2eq]", "_g")
        | _headings(with_pue, f"{{}} with PUE {carbon.pue:g} [g CO2eq]", "_with_pue_g"),
    )


def _headings(phases: Sequence[str], heading: str, end: str) -> dict[str, str]:
    return {f"{phase}{end}": heading.format(shown(phase)) for phase in phases}


def _grams(energy_j: float | None, g_per_kwh: float) -> float | None:
    return None if energy_j is None else j_to_kwh(energy_j) * g_per_kwh
