"""Corrections that the organizers recorded: the original stays with the new value."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, Final

from isojoule.comparison.checks.stated import counts, ranked_figures
from isojoule.comparison.rules import Amendment
from isojoule.errors import FormatError, UnknownNameError
from isojoule.submissions import Figure, Place, ReferenceRun, Submission
from isojoule.units import kwh_to_j

_PLAIN: Final = (
    "n_params",
    "n_macs",
    "n_subsystems",
    "training_duration_s",
    "n_devices",
    "n_tracked_devices",
)
_REFERENCE: Final = "reference_energy_kwh"
_ENERGY: Final = "_energy_kwh"
_SCORES: Final = "scores."


def amend(
    submissions: Sequence[Submission], amendments: Iterable[Amendment]
) -> tuple[Submission, ...]:
    """Return the submissions with the amendments applied, in their order.

    Parameters
    ----------
    submissions : sequence of Submission
        As they were handed in; they are left as they are.
    amendments : iterable of Amendment
        A later one of the same field replaces the value of an earlier one; the original
        stays what was handed in.

    Raises
    ------
    UnknownNameError
        If there is no submission of that label.
    FormatError
        If there is no such field, or the value is not possible in it.

    Notes
    -----
    What was wrong with a figure while it was read is settled with its amendment, and
    goes with it; the original keeps its own remark.
    """
    by_label = {s.label: s for s in submissions}
    for amendment in amendments:
        if amendment.label not in by_label:
            raise UnknownNameError("submission to amend", amendment.label, by_label)
        handed_in = by_label[amendment.label]
        by_label[amendment.label] = _settled(handed_in, _amended(handed_in, amendment))
    return tuple(by_label[s.label] for s in submissions)


def _settled(old: Submission, new: Submission) -> Submission:
    """Return `new` without the problems of the figures that were replaced in it."""
    kept = {id(figure) for figure in _figures(old)}
    places = {f.place for f in _figures(new) if id(f) not in kept and f.original}
    # One cell may say two figures, such as duration and devices.
    others = [f for f in _figures(new) if f.place in places and not f.original]
    problems = tuple(
        p
        for p in old.problems
        if p.place not in places
        or any(f.place == p.place and f.problem and f.problem in p.text for f in others)
    )
    return replace(new, problems=problems)


def _figures(submission: Submission) -> list[Figure]:
    return [f for _, f in (*ranked_figures(submission), *counts(submission))]


def _amended(submission: Submission, amendment: Amendment) -> Submission:
    field = amendment.field
    if not isfinite(amendment.value) or amendment.value < 0:
        raise _refuse(amendment, "its value must not be negative")
    if field in _PLAIN:
        changes: dict[str, Any] = {
            field: _figure(getattr(submission, field), amendment)
        }
        return replace(submission, **changes)
    if field.startswith(_SCORES):
        name = field.removeprefix(_SCORES)
        return replace(submission, scores=_with(submission.scores, name, amendment))
    if field.split(".")[0] == _REFERENCE:
        return _with_references(submission, amendment)
    if field.endswith(_ENERGY):
        phase = field.removesuffix(_ENERGY)
        energies = _with(submission.energies, phase, amendment, kwh_to_j)
        return replace(submission, energies=energies)
    fields = f"<phase>{_ENERGY}, {_REFERENCE}, {_SCORES}<metric>, {', '.join(_PLAIN)}"
    raise _refuse(amendment, f"there is no such field; there are {fields}")


def _with(
    figures: Mapping[str, Figure],
    name: str,
    amendment: Amendment,
    convert: Callable[[float], float] = float,
) -> dict[str, Figure]:
    return {**figures, name: _figure(figures.get(name), amendment, convert)}


def _with_references(submission: Submission, amendment: Amendment) -> Submission:
    # Without a name all references of the submission are meant.
    _, _, name = amendment.field.partition(".")
    asked = [
        run
        for run in submission.references
        if name in {"", run.name, f"{run.name}.{run.phase}"}
    ]
    if not asked:
        known = ", ".join(f"{r.name}.{r.phase}" for r in submission.references)
        raise _refuse(amendment, f"it handed in {known or 'no reference'}")
    return replace(
        submission,
        references=tuple(
            ReferenceRun(r.name, r.phase, _figure(r.energy, amendment, kwh_to_j))
            if r in asked
            else r
            for r in submission.references
        ),
    )


def _figure(
    old: Figure | None,
    amendment: Amendment,
    convert: Callable[[float], float] = float,
) -> Figure:
    """Return the figure that replaces `old`, which goes with it."""
    return Figure(
        text=f"{amendment.value:g}",
        value=convert(amendment.value),
        place=old.place if old else Place("rules", None, amendment.field),
        provenance="declared",
        scope=old.scope if old else None,
        original=(old.original or old) if old else None,
        reason=amendment.reason,
    )


def _refuse(amendment: Amendment, why: str) -> FormatError:
    return FormatError(
        f"the amendment of {amendment.field!r} of {amendment.label!r}: {why}"
    )
