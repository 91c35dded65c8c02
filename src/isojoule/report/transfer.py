"""A training under way on one machine, told for another: a table, data, sentences."""

from collections.abc import Iterator, Mapping
from typing import Final

from isojoule.records import Estimate, Observation
from isojoule.report.tables import format_cell, to_records
from isojoule.tables import Cell, Table

_LABELS: Final = {
    "what": "what",
    "hardware": "machine",
    "energy_j": "energy",
    "energy_low_j": "low",
    "energy_high_j": "high",
    "method": "method",
}


def transfer_table(
    here: Estimate, conversion: Estimate, there: Estimate, *, part: Observation
) -> Table:
    """Return the epoch and the whole training on both machines."""
    an_epoch: Mapping[str, Cell] = {
        "what": "a stable epoch",
        "hardware": part.hardware,
        "energy_j": part.energy_j,
        "method": part.provenance,
    }
    rows = [
        an_epoch,
        _row("a stable epoch", conversion),
        _row("all epochs", here),
        _row("all epochs", there),
    ]
    return Table.from_rows("", rows, labels=_LABELS)


def _row(what: str, estimate: Estimate) -> Mapping[str, Cell]:
    return {
        "what": what,
        "hardware": estimate.hardware,
        "energy_j": estimate.energy_j,
        "energy_low_j": estimate.energy_low_j,
        "energy_high_j": estimate.energy_high_j,
        "method": estimate.method,
    }


def transfer_document(
    here: Estimate, conversion: Estimate, there: Estimate, *, part: Observation
) -> dict[str, object]:
    """Return a transfer as plain data, with the keys that ``--json`` documents."""
    return {
        "level": there.level,
        "scope": there.scope,
        "provenance": there.provenance,
        "in_range": there.in_range,
        "estimates": to_records(transfer_table(here, conversion, there, part=part)),
        "sources": dict(there.sources),
        "uncertainty": list(there.uncertainty),
        "notes": list(there.notes),
    }


def summarize(there: Estimate) -> Iterator[str]:
    """Yield what a transfer says and what to doubt, a sentence each."""
    told = f"On {there.hardware}: {format_cell('energy_j', there.energy_j)}"
    if there.energy_low_j is None:
        yield f"{told}, without an interval."
    else:
        low, high = (
            format_cell("energy_j", bound_j)
            for bound_j in (there.energy_low_j, there.energy_high_j)
        )
        yield f"{told} ({low} to {high} at {100 * there.level:.3g} %)."
    if there.sources:
        share = there.sources["conversion"]
        yield f"{100 * share:.3g} % of the doubt is about the other machine."
    for note in there.notes:
        yield f"{note[0].upper()}{note[1:]}."
