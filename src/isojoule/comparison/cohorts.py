"""Parts of the systems that are compared by themselves, without repetitions."""

from collections.abc import Mapping, Sequence
from typing import Final

from isojoule.comparison.quantities import COUNTS, quantity_of
from isojoule.comparison.rules import Cohort
from isojoule.comparison.systems import System
from isojoule.submissions import Figure, Submission
from isojoule.units import j_to_kwh

_YES: Final = ("1", "true", "yes")


def cohort_of(systems: Sequence[System], cohort: Cohort) -> tuple[System, ...]:
    """Return the systems that belong to a cohort, in their order.

    Parameters
    ----------
    systems : sequence of System
        All of them.
    cohort : Cohort
        What its members have in common, and what makes two of them one.

    Returns
    -------
    tuple of System
        Of duplicates the first; empty where nobody belongs to it.

    Notes
    -----
    A system that lacks one of `Cohort.drop_duplicates` stays: nothing shows that it is
    a duplicate. A field is looked up by the name that it has in the files and by the
    name that `Submission` gives it; spaces around its text do not count.
    """
    members = [s for s in systems if _belongs(s.submission, cohort.where)]
    if not cohort.drop_duplicates:
        return tuple(members)
    first: dict[object, System] = {}
    for system in members:
        first.setdefault(_identity(system, cohort) or id(system), system)
    return tuple(first.values())


def _belongs(submission: Submission, where: Mapping[str, str]) -> bool:
    texts = _texts(submission) if where else {}
    return where.keys() <= texts.keys() and all(
        _says(texts[name], wanted, is_flag=name == "is_baseline")
        for name, wanted in where.items()
    )


def _says(text: str, wanted: str, *, is_flag: bool) -> bool:
    if is_flag:
        return (text.strip().casefold() in _YES) == (wanted.strip().casefold() in _YES)
    return text.strip() == wanted.strip()


def _texts(submission: Submission) -> dict[str, str]:
    """Return every text of a submission by its names; what the files say comes last."""
    named = {
        "label": submission.label,
        "team": submission.team,
        "name": submission.name,
        "device": submission.device,
        "tracker": submission.tracker,
        "is_baseline": str(submission.is_baseline),
    }
    figures: dict[str, Figure | None] = {
        "n_params": submission.n_params,
        "n_macs": submission.n_macs,
        "n_subsystems": submission.n_subsystems,
        "training_duration_s": submission.training_duration_s,
        "n_devices": submission.n_devices,
        "n_tracked_devices": submission.n_tracked_devices,
        **submission.energies,
        **submission.scores,
        **{f"reference {n}": r.energy for n, r in enumerate(submission.references)},
    }
    stated = {name: figure for name, figure in figures.items() if figure is not None}
    return (
        {name: text for name, text in named.items() if text is not None}
        | {name: figure.text for name, figure in stated.items()}
        | {f.place.field: f.text for f in stated.values() if f.place.field}
        | dict(submission.cells)
    )


def _identity(system: System, cohort: Cohort) -> tuple[float, ...] | None:
    """Return what duplicates share; `None` where a part of it is not known."""
    parts = [_part(system, name, cohort) for name in cohort.drop_duplicates]
    known = tuple(part for part in parts if part is not None)
    return known if len(known) == len(parts) else None


def _part(system: System, name: str, cohort: Cohort) -> float | None:
    value = quantity_of(system, name)
    if value is None or name in COUNTS:
        return value
    return round(j_to_kwh(value), cohort.duplicate_digits)
