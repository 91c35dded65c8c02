"""Which column, or path of keys, says which quantity: the rules, read once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from isojoule.formats.submissions.declared import J_BY_UNIT

DEFAULTS: Final[Mapping[str, tuple[str, ...]]] = {
    "label": ("submission.label", "code", "system_name", "label"),
    "name": ("submission.name",),
    "team": ("team_name",),
    "n_params": ("system.complexity.total_parameters",),
    "n_macs": ("system.complexity.macs", "system.complexity.MACS"),
    "n_subsystems": ("system.description.ensemble_method_subsystem_count",),
}
"""Where the meta files of the challenge and its published entries say it; they count
behind those of the rules."""

_UNITS: Final[Mapping[str, str]] = {unit.casefold(): unit for unit in J_BY_UNIT}


@dataclass(frozen=True, slots=True)
class EnergyField:
    """Where an energy stands.

    Parameters
    ----------
    reference : str or None
        Name of the reference model; `None` for the system itself.
    phase : str
        Of the run.
    unit : str
        Of a number without one.
    columns : tuple of str
        The first that is found counts.
    """

    reference: str | None
    phase: str
    unit: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Fields:
    """Where submissions say what.

    Parameters
    ----------
    columns : mapping of str to tuple of str
        By quantity, for those that are one text.
    energies : tuple of EnergyField
        Of the system.
    references : tuple of EnergyField
        Of reference models.
    scores : mapping of str to tuple of str
        By metric, in the order of the rules.
    known : frozenset of str
        All columns, in lower case.
    reference_names : mapping of str to tuple of str
        Names of the reference models of the rules by the phase of their runs.
    """

    columns: Mapping[str, tuple[str, ...]]
    energies: tuple[EnergyField, ...]
    references: tuple[EnergyField, ...]
    scores: Mapping[str, tuple[str, ...]]
    known: frozenset[str]
    reference_names: Mapping[str, tuple[str, ...]]

    @classmethod
    def from_rules(
        cls,
        rules_fields: Mapping[str, tuple[str, ...]],
        reference_names: Mapping[str, Sequence[str]] | None = None,
    ) -> Self:
        """Return the fields that ``Rules.fields`` names, and those of `DEFAULTS`.

        Parameters
        ----------
        rules_fields : mapping of str to tuple of str
            By quantity.
        reference_names : mapping of str to sequence of str, optional
            Names of reference models by phase, beside those that have fields.
        """
        columns = {key: tuple(names) for key, names in rules_fields.items()}
        for key, names in DEFAULTS.items():
            known = columns.get(key, ())
            columns[key] = (*known, *(n for n in names if n not in known))
        found = [_energy(key, names) for key, names in columns.items()]
        energies = tuple(f for f in found if f is not None)
        scores = {
            key.removeprefix("scores."): names
            for key, names in columns.items()
            if key.startswith("scores.") and not key.endswith((".low", ".high"))
        }
        references = tuple(f for f in energies if f.reference is not None)
        return cls(
            columns,
            tuple(f for f in energies if f.reference is None),
            references,
            scores,
            frozenset(n.casefold() for names in columns.values() for n in names),
            _names_by_phase(references, reference_names or {}),
        )

    @property
    def phases(self) -> tuple[str, ...]:
        """Phases that energies are asked for."""
        return tuple(dict.fromkeys(f.phase for f in self.energies))

    def references_of(self, phase: str | None) -> tuple[str, ...]:
        """Return the names of the reference models of a phase.

        Parameters
        ----------
        phase : str or None
            Of the run; those of all phases where the rules have none for it.
        """
        every = [n for names in self.reference_names.values() for n in names]
        return self.reference_names.get(phase or "") or tuple(dict.fromkeys(every))

    def of(self, key: str) -> tuple[str, ...]:
        """Return the columns that say a quantity."""
        return self.columns.get(key, ())

    def are_in(self, columns: Iterable[str]) -> bool:
        """Return whether one of `columns` says a quantity."""
        return any(column.casefold() in self.known for column in columns)


def _names_by_phase(
    references: Iterable[EnergyField], others: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    names: dict[str, dict[str, None]] = {}
    for field in references:
        if field.reference is not None:
            names.setdefault(field.phase, {})[field.reference] = None
    for phase, more in others.items():
        names.setdefault(phase, {}).update(dict.fromkeys(more))
    return {phase: tuple(known) for phase, known in names.items()}


def _energy(key: str, columns: tuple[str, ...]) -> EnergyField | None:
    """Return the field of ``energy_kwh.<phase>`` or
    ``reference_energy_kwh.<name>.<phase>``; `None` for another key.
    """  # noqa: D205
    head, _, rest = key.partition(".")
    start = "reference_energy_" if head.startswith("reference_energy_") else "energy_"
    unit = _UNITS.get(head.removeprefix(start)) if head.startswith(start) else None
    if unit is None or not rest:
        return None
    if start == "energy_":
        return EnergyField(None, rest, unit, columns)
    name, _, phase = rest.rpartition(".")
    return EnergyField(name, phase, unit, columns) if name else None
