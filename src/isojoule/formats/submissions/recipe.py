"""Energies in the files that trackers and the recipes of the challenge write."""

import re
from dataclasses import dataclass, replace
from typing import Final

from isojoule.errors import FormatError, IncomparableError
from isojoule.formats.calibration import is_calibration, read_calibration
from isojoule.formats.codecarbon import is_codecarbon, read_codecarbon
from isojoule.formats.codecarbon_rows import codecarbon_rows
from isojoule.formats.foreign import Row
from isojoule.formats.native import read_native
from isojoule.formats.submissions import names
from isojoule.formats.submissions.declared import read_energy
from isojoule.formats.submissions.evidence import Evidence, Kind
from isojoule.formats.submissions.fields import Fields
from isojoule.formats.submissions.intake import MAX_RECORD_BYTES, Intake, Member
from isojoule.formats.submissions.numbers import parse_number
from isojoule.formats.submissions.texts import one_line
from isojoule.observations import calibrate_phases, energy_in_scope, is_part, observe
from isojoule.records import Calibration, Run, Scope, counted_names
from isojoule.submissions import Figure, Place, Problem
from isojoule.units import kwh_to_j

_COLUMNS: Final[dict[Scope, str]] = {"node": "energy_consumed", "gpu": "gpu_energy"}
"""The column of an emissions.csv [kWh] that has a scope; none has the wall."""

_LINE: Final = re.compile(r"line (\d+)$")
_RECORDS: Final = re.compile(r'\s*\{\s*"kind"\s*:\s*"isojoule-')


@dataclass(frozen=True, slots=True)
class Source:
    """A file that holds energies, and whose they are.

    Parameters
    ----------
    member : Member
        The file.
    below : tuple of str
        Names of the folders between its submission and the file.
    fields : Fields
        Of the rules.
    scope : {"gpu", "node", "wall"} or None
        What the energies should cover.
    """

    member: Member
    below: tuple[str, ...]
    fields: Fields
    scope: Scope | None

    @property
    def phase(self) -> str | None:
        """What the names say."""
        return names.phase_in([self.member.name, *reversed(self.below)])

    def reference(self, phase: str | None) -> str | None:
        """Return which reference model it is of; empty where several may be meant."""
        known = self.fields.references_of(phase)
        return names.reference_in(self.below, self.member.name, known)


def is_relevant(member: Member) -> bool:
    """Return whether a file is one of those that are read below a submission."""
    name = member.name.lower()
    if names.meta_label(member.name) is not None or names.is_total(name):
        return True
    if name.endswith(".csv"):
        # What is called so and is something else is complained about, not passed over.
        return names.is_emissions(name) or is_codecarbon(member.head())
    return name.endswith(".json") and bool(_RECORDS.match(member.head()))


def evidence_in(
    source: Source, intake: Intake
) -> tuple[list[Evidence], Calibration | None, list[Problem]]:
    """Return the energies in a file, the calibration that it is, and its problems."""
    name = source.member.name.lower()
    try:
        if names.is_total(name):
            return _total(source, intake), None, []
        if name.endswith(".csv"):
            return _codecarbon(source, intake), None, []
        if is_calibration(source.member.head()):
            return [], _calibration(source, intake), []
        return _records(source, intake)
    except FormatError as error:
        return [], None, [intake.say(error, source.member)]
    except (IncomparableError, RecursionError, ValueError, OverflowError) as error:
        problem = Problem("error", f"not read: {error}", Place(source.member.path))
        return [], None, [problem]


def _total(source: Source, intake: Intake) -> list[Evidence]:
    text = intake.text(source.member).strip()
    figure = read_energy(text, Place(source.member.path, 1, "kWh"))
    return [_evidence(source, "total", figure, source.phase)]


def _evidence(
    source: Source, kind: Kind, figure: Figure, phase: str | None
) -> Evidence:
    return Evidence(
        kind=kind,
        phase=phase,
        figure=figure,
        reference=source.reference(phase),
        folder=source.member.folder,
        is_named_baseline=names.is_reference(source.member.name),
    )


def _codecarbon(source: Source, intake: Intake) -> list[Evidence]:
    path = intake.held(source.member)
    runs = read_codecarbon(path)
    rows = {row.line: row for row in codecarbon_rows(path)}
    found = []
    for run in runs:
        line = _LINE.search(run.origin)
        if line:
            found.append(_of_row(source, rows[int(line[1])], run))
    return found


def _of_row(source: Source, row: Row, run: Run) -> Evidence:
    """Return what a row of an emissions.csv says; its emissions are left alone."""
    count = row.amount_or_none("gpu_count")
    counted = Figure(
        text=row.text("gpu_count"),
        value=count,
        place=Place(source.member.path, row.line, "gpu_count"),
    )
    duration = Figure(
        text=row.text("duration"),
        value=run.duration_s,
        place=Place(source.member.path, row.line, "duration"),
        provenance="measured",
    )
    accelerators = {a.name for a in run.hardware.accelerators}
    phase = source.phase or names.phase_in([run.name])
    work = replace(run.workload, phase=phase or "unstated")
    return replace(
        _evidence(source, "codecarbon", _row_energy(source, row, run), phase),
        run=replace(run, workload=work),
        n_tracked_devices=counted if count else None,
        duration_s=duration,
        device=one_line(" + ".join(sorted(accelerators))) or None,
        tracker=one_line(f"codecarbon {row.text('codecarbon_version')}".strip()),
    )


def _row_energy(source: Source, row: Row, run: Run) -> Figure:
    """Return the energy of a row in the scope that is asked for, or of the node.

    The program writes whole floats: the digits are not rounded.
    """
    scope = source.scope or "node"
    column = _COLUMNS.get(scope)
    text = row.text(column) if column else ""
    place = Place(source.member.path, row.line, column or "energy_consumed")
    known = energy_in_scope(run.energies, scope)
    if not text or known is None:
        problem = f"CodeCarbon states no energy of scope {scope!r} here"
        return Figure(text=text, value=None, place=place, problem=problem)
    pue = row.amount_or_none("pue") or 1.0
    remark = (
        f"divided by the PUE {pue:g} that CodeCarbon multiplied" if pue != 1 else ""
    )
    return Figure(
        text=text,
        value=kwh_to_j(parse_number(text).value) / pue,
        place=place,
        provenance=known[1],
        scope=scope,
        problem=remark,
    )


def _records(
    source: Source, intake: Intake
) -> tuple[list[Evidence], Calibration | None, list[Problem]]:
    member = source.member
    path = intake.held(member, limit=MAX_RECORD_BYTES)
    found, problems = [], []
    content = path.read_bytes()
    for run in read_native(path):
        line = _line_of(run, content)
        why = _why_not_used(run)
        if why:
            text = f"the run {run.run_id} {why}: it is left out"
            problems.append(Problem("warning", text, Place(member.path, line)))
        else:
            found.append(_of_run(source, run, line))
    return found, None, problems


def _why_not_used(run: Run) -> str:
    if run.status != "complete":
        return f"did not end by itself ({run.status})"
    return "is of one rank among several" if is_part(run) else ""


def _line_of(run: Run, content: bytes) -> int | None:
    at = content.find(f'"run_id":"{run.run_id}"'.encode())
    return None if at < 0 else content.count(b"\n", 0, at) + 1


def _of_run(source: Source, run: Run, line: int | None) -> Evidence:
    scope = source.scope or run.default_scope
    known = energy_in_scope(run.energies, scope)
    place = Place(source.member.path, line, f"energies of run {one_line(run.run_id)}")
    if known is None:
        problem = f"the run has no energy of scope {scope!r}"
        figure = Figure(text="", value=None, place=place, problem=problem)
    else:
        figure = Figure(
            text=f"{known[0]!r} J",
            value=known[0],
            place=place,
            provenance=known[1],
            scope=scope,
        )
    accelerators = counted_names(a.name for a in run.hardware.accelerators)
    n_devices = len(run.hardware.accelerators)
    counted = Figure(text=str(n_devices), value=float(n_devices), place=place)
    return replace(
        _evidence(source, "record", figure, run.workload.phase),
        run=run,
        n_tracked_devices=counted if n_devices else None,
        duration_s=_duration(run, place),
        device=one_line(accelerators) or None,
        tracker=one_line(f"isojoule {run.isojoule_version}".strip()),
    )


def _duration(run: Run, place: Place) -> Figure | None:
    if run.duration_s is None:
        return None
    return Figure(
        text=f"{run.duration_s!r} s",
        value=run.duration_s,
        place=place,
        provenance="measured",
    )


def _calibration(source: Source, intake: Intake) -> Calibration:
    """Return what the reference suite took, repeats reduced.

    Raises
    ------
    FormatError
        If it was changed after it was made, or no run of it has an energy.
    """
    path = intake.held(source.member, limit=MAX_RECORD_BYTES)
    held = read_calibration(path)
    seen = [
        observed
        for run in held.runs
        if (observed := observe(run, scope=source.scope)) is not None
    ]
    if not seen:
        raise FormatError(f"{source.member.path} has no run with an energy that counts")
    return calibrate_phases(held.hardware.name, seen)
