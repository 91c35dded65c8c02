"""What trainings that have not begun will take: a table, plain data, sentences."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from isojoule.estimators.outlook import Outlook, Range
from isojoule.report.tables import format_cell, to_records
from isojoule.tables import Cell, Table

NotesOf: TypeAlias = Callable[[Outlook], Iterable[str]]

_BASELINES: Final = {"ml-co2": "ml_co2", "green-algorithms": "green_algorithms"}

_LABELS: Final = {
    "hardware": "hardware",
    "batch_size": "batch",
    "n_epochs": "epochs",
    "energy_j": "energy",
    "energy_low_j": "low",
    "energy_high_j": "high",
    "energy_j_per_epoch": "per epoch",
    "duration_s": "time",
    "duration_low_s": "low",
    "duration_high_s": "high",
    "mean_power_w": "mean power",
    "mean_power_low_w": "low",
    "mean_power_high_w": "high",
    "ml_co2_j": "ML CO2 Impact",
    "green_algorithms_j": "Green Algorithms",
    "in_range": "in range",
}

_OVERVIEW: Final = {
    "hardware": "hardware",
    "batch_size": "batch",
    "energy_j": "energy",
    "energy_interval": "interval",
    "duration_s": "time",
    "duration_interval": "interval",
    "mean_power_w": "mean power",
    "ml_co2_j": "ML CO2 Impact",
    "green_algorithms_j": "Green Algorithms",
}


def outlook_table(outlooks: Sequence[Outlook]) -> Table:
    """Return one row per machine and batch size."""
    rows = [_row(outlook) for outlook in outlooks]
    return Table.from_rows("", rows, labels=_LABELS)


def _row(outlook: Outlook) -> Mapping[str, Cell]:
    energy = outlook.energy
    said = {_BASELINES.get(b.method, b.method): b.energy_j for b in outlook.baselines}
    return {
        "hardware": outlook.hardware.name,
        "batch_size": outlook.workload.batch_size,
        "n_epochs": outlook.n_epochs,
        "energy_j": energy.energy_j,
        "energy_low_j": energy.energy_low_j,
        "energy_high_j": energy.energy_high_j,
        "energy_j_per_epoch": energy.energy_j / outlook.n_epochs,
        **_ranged("duration", "s", outlook.duration_s),
        **_ranged("mean_power", "w", outlook.mean_power_w),
        "in_range": energy.in_range,
        **{f"{name}_j": energy_j for name, energy_j in said.items()},
    }


def _ranged(name: str, unit: str, found: Range | None) -> dict[str, Cell]:
    value, low, high = (
        (None, None, None) if found is None else (found.value, found.low, found.high)
    )
    return {
        f"{name}_{unit}": value,
        f"{name}_low_{unit}": low,
        f"{name}_high_{unit}": high,
    }


def overview_table(outlooks: Sequence[Outlook]) -> Table:
    """Return one row per machine and batch size, bounds in one cell: for a terminal."""
    rows = []
    for row in map(_row, outlooks):
        bounds = {
            f"{of}_interval": _between(f"{of}_{unit}", row[low], row[high])
            for of, unit, low, high in (
                ("energy", "j", "energy_low_j", "energy_high_j"),
                ("duration", "s", "duration_low_s", "duration_high_s"),
            )
        }
        rows.append({**row, **bounds})
    return Table.from_rows("", rows, labels=_OVERVIEW)


def _between(name: str, low: Cell, high: Cell) -> str:
    return f"{format_cell(name, low)} to {format_cell(name, high)}"


def outlook_document(outlooks: Sequence[Outlook]) -> dict[str, object]:
    """Return outlooks as plain data, with the keys that ``--json`` documents."""
    rows = to_records(outlook_table(outlooks))
    first = outlooks[0].energy
    return {
        "level": first.level,
        "method": first.method,
        "scope": first.scope,
        "provenance": first.provenance,
        "estimates": [
            {
                **row,
                "sources": dict(outlook.energy.sources),
                "notes": list(outlook.energy.notes),
                "baselines": [
                    {
                        "method": b.method,
                        "energy_j": b.energy_j,
                        "notes": list(b.notes),
                    }
                    for b in outlook.baselines
                ],
                "not_known": list(outlook.reasons),
            }
            for row, outlook in zip(rows, outlooks, strict=True)
        ],
    }


def summarize(outlooks: Sequence[Outlook]) -> Iterator[str]:
    """Yield what the table means and what to doubt, a sentence each."""
    level = outlooks[0].energy.level
    yield (
        f"Bounds hold {100 * level:.3g} % of such estimates. What the two calculators "
        "say is for the estimated time, and without an interval."
    )
    if len(outlooks) > 1:
        yield _compared(outlooks)
    for note, whose in _shared(outlooks, lambda o: (*o.energy.notes, *o.reasons)):
        yield f"{note[0].upper()}{note[1:]}{whose}."
    for baseline in outlooks[0].baselines if len(outlooks) == 1 else ():
        yield f"{baseline.method}: {'; '.join(baseline.notes)}."


def _compared(outlooks: Sequence[Outlook]) -> str:
    best, *others = sorted(outlooks, key=lambda o: o.energy.energy_j)
    high_j = best.energy.energy_high_j
    apart = [
        o
        for o in others
        if high_j is not None and (o.energy.energy_low_j or 0.0) > high_j
    ]
    told = (
        f"Least energy: {_called(best)}, "
        f"{format_cell('energy_j', best.energy.energy_j)}"
    )
    unsure = len(others) - len(apart)
    if unsure:
        return f"{told}; its interval overlaps with that of {unsure} of {len(others)}."
    return f"{told}; all others are above its interval."


def _called(outlook: Outlook) -> str:
    return f"{outlook.hardware.name}, batch {outlook.workload.batch_size}"


def _shared(
    outlooks: Sequence[Outlook], notes_of: NotesOf
) -> Iterator[tuple[str, str]]:
    """Yield each note once, with whose it is unless it is everybody's."""
    owners: dict[str, list[str]] = {}
    for outlook in outlooks:
        for note in notes_of(outlook):
            owners.setdefault(note, []).append(_called(outlook))
    for note, of in owners.items():
        is_everybodys = len(of) == len(outlooks)
        yield note, "" if is_everybodys else f" ({'; '.join(of)})"
