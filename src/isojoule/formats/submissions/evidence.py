"""An energy that a file states, with all that the file says about it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from isojoule.formats.submissions.declared import shortened
from isojoule.records import Run
from isojoule.submissions import Figure, Place, Problem
from isojoule.units import j_to_kwh

Kind: TypeAlias = Literal["total", "codecarbon", "record"]

_RANKS: Final[dict[Kind, int]] = {"total": 0, "codecarbon": 1, "record": 2}
_FLOAT_NOISE: Final = 1e-9
_VERSION: Final = re.compile(r"(?:^|/)version_(\d{1,9})(?=/)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One energy out of a file.

    Parameters
    ----------
    kind : {"total", "codecarbon", "record"}
        What kind of file it stands in; the first counts before the others.
    phase : str or None
        Of the run; `None` where neither names nor file say it.
    figure : Figure
        The energy [J].
    folder : str
        Where the file lies.
    reference : str or None
        Name of the reference model; `None` for the system itself; empty where nothing
        says which of several it is.
    is_named_baseline : bool, default False
        Whether the file, not its folder, is called after the baseline.
    run : Run or None
        The record with its parts.
    n_tracked_devices : Figure or None
        Accelerators that the tracker counted.
    duration_s : Figure or None
        Of the run [s].
    device, tracker : str or None
        As the file has them.
    """

    kind: Kind
    phase: str | None
    figure: Figure
    folder: str
    reference: str | None = None
    is_named_baseline: bool = False
    run: Run | None = None
    n_tracked_devices: Figure | None = None
    duration_s: Figure | None = None
    device: str | None = None
    tracker: str | None = None

    @property
    def version(self) -> int:
        """Number of the run, as Lightning counts in names of folders; else -1."""
        return version_of(self.figure.place)

    @property
    def order(self) -> tuple[object, ...]:
        """What it is sorted by: the first counts."""
        place = self.figure.place
        return (
            _RANKS[self.kind],
            self.is_named_baseline,
            -self.version,
            place.file.split("/"),
            place.line or 0,
        )


def summed(parts: Sequence[Evidence]) -> Evidence:
    """Return what several runs of one phase take together.

    Parameters
    ----------
    parts : sequence of Evidence
        At least one; the place is that of the first.
    """
    first = parts[0]
    if len(parts) == 1:
        return first
    values = [p.figure.value for p in parts if p.figure.value is not None]
    scopes = {p.figure.scope for p in parts}
    weak = max(
        parts,
        key=lambda p: ("measured", "modelled", "declared").index(p.figure.provenance),
    )
    problem = f"the sum of {len(parts)} runs"
    if len(values) < len(parts) or len(scopes) > 1:
        problem = f"{len(parts)} runs cannot be added: not all have one scope"
    figure = replace(
        first.figure,
        text=shortened(" + ".join(p.figure.text for p in parts)),
        value=None if len(values) < len(parts) or len(scopes) > 1 else sum(values),
        step=None,
        provenance=weak.figure.provenance,
        problem=problem,
    )
    durations = [p.duration_s for p in parts if p.duration_s is not None]
    known_s = [d.value for d in durations if d.value is not None]
    duration = None
    if durations and len(known_s) == len(parts):
        duration = replace(durations[0], value=sum(known_s), step=None, problem=problem)
    return replace(first, figure=figure, run=None, duration_s=duration)


def chosen(
    candidates: Sequence[Figure], *, what: str
) -> tuple[Figure | None, list[Problem]]:
    """Return the first figure that was read, and where others say something else.

    Parameters
    ----------
    candidates : sequence of Figure
        Energies [J] of one thing, those that count first in front.
    what : str
        What they are the energy of, for messages.
    """
    if not candidates:
        return None, []
    kept = next((f for f in candidates if f.value is not None), candidates[0])
    problems = [
        Problem("warning", _difference(kept, other, what), kept.place)
        for other in candidates
        if other is not kept and not agree(kept, other)
    ]
    return kept, problems


def agree(one: Figure, other: Figure) -> bool:
    """Return whether two figures are the same up to the digits that were written."""
    if one.value is None or other.value is None:
        return False
    steps = (one.step or 0.0, other.step or 0.0)
    # One value, rounded twice to the same digit, gives the same text.
    rounding = 0.0 if steps[0] == steps[1] else sum(steps) / 2
    noise = _FLOAT_NOISE * max(abs(one.value), abs(other.value))
    return abs(one.value - other.value) <= rounding + noise


def version_of(place: Place) -> int:
    """Return the number in the innermost folder ``version_<n>``; -1 without one."""
    found = _VERSION.findall(place.file)
    return int(found[-1]) if found else -1


def _difference(kept: Figure, other: Figure, what: str) -> str:
    is_rerun = version_of(kept.place) > version_of(other.place) >= 0
    return (
        f"the energy of {what} is {_shown(kept)} in {_where(kept.place)} and "
        f"{_shown(other)} in {_where(other.place)}: the "
        f"{'highest version' if is_rerun else 'first one'} counts, unless the "
        "organizers amend it in the rules"
    )


def _shown(figure: Figure) -> str:
    if figure.value is None:
        return repr(shortened(figure.text))
    return f"{j_to_kwh(figure.value):.6g} kWh"


def _where(place: Place) -> str:
    return f"{place} ({place.field})" if place.field else str(place)
