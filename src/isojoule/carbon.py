"""Carbon of an energy that was used: joules times what the grid of a country emits.

A step of its own, after measuring and never part of a comparison: the same work on the
same machine emits ten times as much elsewhere, which says nothing about either.
"""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from math import isfinite
from typing import Final, Literal, TypeAlias

from isojoule.errors import UnknownNameError
from isojoule.observations import energy_in_scope, parts_in_scope
from isojoule.records import Component, ComponentEnergy, Provenance, Run, Scope
from isojoule.units import j_to_kwh

Basis: TypeAlias = Literal["location-based", "stated"]
"""Mean of the grid where the machine stands, or a figure of the user's own."""

_TABLE: Final = "data/carbon_intensity.csv"
_NODE_PARTS: Final[tuple[Component, ...]] = ("gpu", "cpu", "dram")
_RESERVED: Final = {"uk": "gb"}
"""Codes that ISO 3166-1 keeps free for a country that has another one."""


@dataclass(frozen=True, slots=True)
class CarbonIntensity:
    """What one kilowatt-hour of electricity emits, according to whom.

    Parameters
    ----------
    intensity_g_per_kwh : float
        Greenhouse gases as CO2 equivalents per electricity [g/kWh].
    source : str
        Who says so.
    country : str or None
        Where the electricity is used.
    iso2, iso3 : str or None
        Codes of the country in ISO 3166-1.
    year : int or None
        Year that the figure is the mean of.
    basis : {"location-based", "stated"}
        Mean of the country's generation, or a figure of the user's own.

    Raises
    ------
    ValueError
        If the intensity is negative or not finite, or the source is empty.
    """

    intensity_g_per_kwh: float
    source: str
    country: str | None = None
    iso2: str | None = None
    iso3: str | None = None
    year: int | None = None
    basis: Basis = "stated"

    def __post_init__(self) -> None:
        value = self.intensity_g_per_kwh
        if not (isfinite(value) and value >= 0):
            raise ValueError(f"a carbon intensity cannot be {value} g/kWh")
        if not self.source.strip():
            raise ValueError("a carbon intensity needs a source: say who states it")


def read_intensities() -> list[CarbonIntensity]:
    """Return the intensities of all countries in the package, by name [g/kWh].

    Notes
    -----
    Emissions over the life cycle per kilowatt-hour generated in the country, mean of a
    year. Imports, exports and the losses of the grid are not in them. The header of the
    file states source and license.
    """
    with files("isojoule").joinpath(_TABLE).open(encoding="utf-8") as file:
        rows = csv.DictReader(line for line in file if not line.startswith("#"))
        return [
            CarbonIntensity(
                intensity_g_per_kwh=float(row["intensity_g_per_kwh"]),
                source=row["source"],
                country=row["country"],
                iso2=row["iso2"],
                iso3=row["iso3"],
                year=int(row["year"]),
                basis="location-based",
            )
            for row in rows
        ]


def find_intensity(country: str, known: Iterable[CarbonIntensity]) -> CarbonIntensity:
    """Return the intensity of a country [g/kWh].

    Parameters
    ----------
    country : str
        Its name or its code of two or three letters, in any case.
    known : iterable of CarbonIntensity
        Those of all countries, as from `read_intensities`.

    Raises
    ------
    UnknownNameError
        If the country is not among them; the message names the nearest.
    """
    offered = list(known)
    wanted = country.strip().casefold()
    wanted = _RESERVED.get(wanted, wanted)
    for intensity in offered:
        names = (intensity.iso2, intensity.iso3, intensity.country)
        if wanted in {name.casefold() for name in names if name}:
            return intensity
    raise UnknownNameError("country", country, (i.country or "" for i in offered))


@dataclass(frozen=True, slots=True)
class Emissions:
    """What the energy of one run emitted, beside the energy that it comes from.

    Parameters
    ----------
    run_id, name : str
        Of the run.
    scope : {"gpu", "node", "wall"} or None
        What the energy covers; `None` where its source does not state it.
    parts : tuple of ComponentEnergy
        The figures that the energy is the sum of [J]; empty where nothing in the scope
        is known.
    left_out : tuple of ComponentEnergy
        Figures of the run that are not in the sum, and parts of the machine without
        one.
    provenance : {"measured", "modelled", "declared"} or None
        The weakest of the parts; the emissions are of no better kind.
    intensity : CarbonIntensity
        What the energy was multiplied with.
    pue : float or None
        Energy of the building over that of its machines, as the user states it; `None`
        where it was not asked for.

    Raises
    ------
    ValueError
        If the PUE is below 1 or not finite.
    """

    run_id: str
    name: str
    scope: Scope | None
    parts: tuple[ComponentEnergy, ...]
    left_out: tuple[ComponentEnergy, ...]
    provenance: Provenance | None
    intensity: CarbonIntensity
    pue: float | None = None

    def __post_init__(self) -> None:
        if self.pue is not None and not (isfinite(self.pue) and self.pue >= 1):
            raise ValueError(
                f"a PUE cannot be {self.pue}: a building uses at least what its "
                "machines use, which is 1"
            )

    @property
    def energy_j(self) -> float | None:
        """Energy in the scope [J]."""
        return _sum_known([p.energy_j for p in self.parts])

    @property
    def energy_low_j(self) -> float | None:
        """Lower bound of the energy [J], where every part has bounds."""
        return _sum_known([p.energy_low_j for p in self.parts])

    @property
    def energy_high_j(self) -> float | None:
        """Upper bound of the energy [J], where every part has bounds."""
        return _sum_known([p.energy_high_j for p in self.parts])

    @property
    def emissions_g(self) -> float | None:
        """CO2 equivalents of the energy [g], without any PUE."""
        return self._emitted_g(self.energy_j)

    @property
    def emissions_low_g(self) -> float | None:
        """CO2 equivalents of the lower bound of the energy [g]."""
        return self._emitted_g(self.energy_low_j)

    @property
    def emissions_high_g(self) -> float | None:
        """CO2 equivalents of the upper bound of the energy [g]."""
        return self._emitted_g(self.energy_high_j)

    @property
    def emissions_with_pue_g(self) -> float | None:
        """CO2 equivalents with the share of the building [g]; `None` without a PUE."""
        if self.emissions_g is None or self.pue is None:
            return None
        return self.emissions_g * self.pue

    def _emitted_g(self, energy_j: float | None) -> float | None:
        if energy_j is None:
            return None
        return j_to_kwh(energy_j) * self.intensity.intensity_g_per_kwh


def emissions_of(
    run: Run,
    intensity: CarbonIntensity,
    *,
    scope: Scope | None = None,
    pue: float | None = None,
) -> Emissions:
    """Return what the energy of `run` emitted [g of CO2 equivalents].

    Parameters
    ----------
    run : Run
        A finished run.
    intensity : CarbonIntensity
        Of the electricity that it used [g/kWh].
    scope : {"gpu", "node", "wall"} or None
        Part of the machine; `Run.default_scope` where `None`.
    pue : float or None
        Energy of the building over that of its machines, 1 or more.

    Returns
    -------
    Emissions
        Without figures where the energy in that scope is not known.

    Raises
    ------
    ValueError
        If `pue` is below 1 or not finite.

    Notes
    -----
    Emissions are energy times intensity; the bounds are those of the energy. The error
    of the intensity is not in them: its source states none.
    """
    scope = scope or run.default_scope
    parts = parts_in_scope(run.energies, scope)
    found = energy_in_scope(parts, scope)
    return Emissions(
        run_id=run.run_id,
        name=run.name,
        scope=scope,
        parts=parts,
        left_out=_left_out(run, scope, parts),
        provenance=None if found is None else found[1],
        intensity=intensity,
        pue=pue,
    )


def _left_out(
    run: Run, scope: Scope | None, parts: tuple[ComponentEnergy, ...]
) -> tuple[ComponentEnergy, ...]:
    """Return what `parts` do not cover: other figures, and parts without a figure."""
    covered = {p.component for p in parts}
    if "wall" in covered:
        return ()
    if "node" in covered:
        covered.update(_NODE_PARTS)
    others: dict[Component, ComponentEnergy] = {}
    if scope is not None:
        others = {c: ComponentEnergy(c, None, "absent") for c in _NODE_PARTS}
        if not run.hardware.accelerators:
            del others["gpu"]
    others |= {e.component: e for e in run.energies}
    return tuple(e for c, e in others.items() if c not in covered)


def _sum_known(values: list[float | None]) -> float | None:
    """Return the sum of `values`; `None` where one is not known, or there is none."""
    known = [value for value in values if value is not None]
    return sum(known) if known and len(known) == len(values) else None
