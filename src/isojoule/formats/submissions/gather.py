"""One submission out of its files: what it declares, and what its files measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from isojoule.errors import FormatError
from isojoule.formats.submissions.assemble import assemble, label_place
from isojoule.formats.submissions.drafts import Draft
from isojoule.formats.submissions.entries import read_meta
from isojoule.formats.submissions.evidence import Evidence, agree, chosen, summed
from isojoule.formats.submissions.fields import Fields
from isojoule.formats.submissions.intake import Intake, Member
from isojoule.formats.submissions.ownership import Unit
from isojoule.formats.submissions.recipe import Source, evidence_in
from isojoule.records import Calibration, Scope
from isojoule.submissions import (
    Figure,
    Place,
    Problem,
    ReferenceRun,
    Severity,
    Submission,
)


@dataclass(slots=True)
class _Found:
    """What the files of a submission hold."""

    own: list[Evidence] = field(default_factory=list)
    references: list[Evidence] = field(default_factory=list)
    calibrations: list[tuple[Place, Calibration]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def gather(
    unit: Unit, intake: Intake, fields: Fields, scope: Scope | None
) -> tuple[Submission, Place]:
    """Return a submission, and where it has its label from.

    Parameters
    ----------
    unit : Unit
        Its files.
    intake : Intake
        What reads them.
    fields : Fields
        Of the rules.
    scope : {"gpu", "node", "wall"} or None
        What measured energies should cover; where `None` the node of an emissions.csv
        and the default scope of a record.

    Raises
    ------
    MissingExtraError
        If PyYAML is not installed.
    """
    draft = _declared(unit, intake)
    submission = assemble(draft, fields)
    found = _found(unit, intake, fields, scope)
    energies, problems = _energies(submission, found)
    references, more = _references(submission, found, fields)
    problems += more
    problems += _remarks(found)
    kept = [*energies.values(), *(r.energy for r in references)]
    if len(found.calibrations) > 1:
        text = "it is not used: the first calibration counts"
        problems += [Problem("warning", text, p) for p, _ in found.calibrations[1:]]
    submission = replace(
        submission,
        energies=energies,
        references=references,
        runs=tuple(e.run for e in found.own if e.run is not None),
        calibration=found.calibrations[0][1] if found.calibrations else None,
        problems=(*_still_open(submission, kept), *found.problems, *problems),
    )
    return _told_by_trackers(submission, found, fields), label_place(draft, fields)


def _still_open(submission: Submission, kept: Sequence[Figure]) -> Iterable[Problem]:
    """Yield what was wrong with what is declared, but for figures that files replace.

    Where the two differ is told of them together.
    """
    places = {figure.place for figure in kept}
    declared = [*submission.energies.values()]
    declared += [r.energy for r in submission.references]
    replaced = {figure.place for figure in declared} - places
    yield from (p for p in submission.problems if p.place not in replaced)


def _declared(unit: Unit, intake: Intake) -> Draft:
    """Return what the meta file says; nothing where there is none."""
    problems: list[Problem] = []
    for member in unit.metas:
        try:
            text = intake.text(member)
        except FormatError as error:
            problems.append(intake.say(error, member))
            continue
        draft, more = read_meta(text, member.path, fallback_label=unit.label)
        problems += more
        if draft is not None:
            return replace(draft, problems=tuple(problems))
    place = Place(unit.metas[0].path if unit.metas else unit.folder or unit.label)
    if not unit.metas:
        text = "there is no meta file: it has no scores and declares nothing"
        problems.append(Problem("warning", text, place))
    return Draft(
        place=place, leaves={}, fallback_label=unit.label, problems=tuple(problems)
    )


def _found(unit: Unit, intake: Intake, fields: Fields, scope: Scope | None) -> _Found:
    found = _Found()
    seen: set[str] = set()
    for member, is_shared in _members(unit):
        source = Source(member, unit.below(member), fields, scope)
        evidence, calibration, problems = evidence_in(source, intake)
        found.problems += problems
        if calibration is not None:
            found.calibrations.append((Place(member.path), calibration))
        for one in evidence:
            if one.run is not None and one.kind == "record":
                if one.run.run_id in seen:
                    continue
                seen.add(one.run.run_id)
            if one.reference is not None:
                found.references.append(one)
            elif not is_shared:
                found.own.append(one)
            else:
                text = "it lies beside several submissions and counts for none"
                found.problems.append(Problem("warning", text, Place(member.path)))
    return found


def _members(unit: Unit) -> Iterable[tuple[Member, bool]]:
    yield from ((member, False) for member in unit.files)
    yield from ((member, True) for member in unit.shared)


def _energies(
    submission: Submission, found: _Found
) -> tuple[dict[str, Figure], list[Problem]]:
    """Return the energies by phase: as declared, else as the files have them."""
    problems = []
    measured: dict[str, list[Evidence]] = {}
    for one in found.own:
        if one.phase is None:
            text = "neither its name nor its folders say of which phase it is: not used"
            problems.append(Problem("warning", text, one.figure.place))
        else:
            measured.setdefault(one.phase, []).append(one)
    energies = dict(submission.energies)
    for phase, evidence in measured.items():
        candidates = [submission.energies[phase]] if phase in energies else []
        candidates += [e.figure for e in sorted(_added_up(evidence), key=_order)]
        kept, more = chosen(candidates, what=f"phase {phase!r}")
        problems += more
        if kept is not None:
            energies[phase] = kept
            problems += _remark(kept) if kept is not candidates[0] else []
            problems += _remark(kept) if phase not in submission.energies else []
    return energies, problems


def _order(evidence: Evidence) -> tuple[object, ...]:
    return evidence.order


def _added_up(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return one energy per file, and one of all records of a version together."""
    groups: dict[str, list[Evidence]] = {}
    for one in evidence:
        is_record = one.kind == "record"
        file = str(one.version) if is_record else one.figure.place.file
        groups.setdefault(f"{one.kind} {file}", []).append(one)
    return [summed(group) for group in groups.values()]


def _remark(figure: Figure) -> list[Problem]:
    """Return what is odd about a figure out of a file."""
    if not figure.problem:
        return []
    severity: Severity = "error" if figure.value is None else "note"
    return [Problem(severity, figure.problem, figure.place)]


def _references(
    submission: Submission, found: _Found, fields: Fields
) -> tuple[tuple[ReferenceRun, ...], list[Problem]]:
    """Return the references as declared, else as the files have them.

    Every run of a reference is a repeat of its own; the files in one folder tell of the
    same runs.
    """
    declared = {(r.name, r.phase): r.energy for r in submission.references}
    unread: set[tuple[str, str]] = set()
    groups: dict[tuple[str, str, str], list[Evidence]] = {}
    problems = []
    for one in found.references:
        if one.phase is None:
            text = "neither its name nor its folders say of which phase it is: not used"
            problems.append(Problem("warning", text, one.figure.place))
        elif not one.reference:
            problems.append(_which_reference(one, fields))
        else:
            key = (one.reference, one.phase, one.folder)
            groups.setdefault(key, []).append(one)
    runs = []
    for (name, phase, _), group in groups.items():
        in_order = sorted(group, key=_order)
        repeats = [e.figure for e in in_order if e.kind == in_order[0].kind]
        others = [e.figure for e in in_order if e.kind != in_order[0].kind]
        stated = declared.get((name, phase))
        is_read = any(figure.value is not None for figure in repeats)
        if stated is not None and (stated.value is not None or not is_read):
            repeats, others = [stated], repeats + others
        elif stated is not None:  # what the files say is better than what is not read
            unread.add((name, phase))
            others, stated = [stated], None
        what = f"reference {name!r}, phase {phase!r}"
        if others and not any(agree(a, b) for a in repeats for b in others):
            problems += chosen([repeats[0], others[0]], what=what)[1]
        if stated is None:
            runs += [ReferenceRun(name, phase, figure) for figure in repeats]
            problems += [p for figure in repeats for p in _remark(figure)]
            problems.append(Problem("note", f"taken for a run of {what}", _at(group)))
    kept = [r for r in submission.references if (r.name, r.phase) not in unread]
    return (*kept, *runs), problems


def _which_reference(run: Evidence, fields: Fields) -> Problem:
    """Return that a run of a reference is not used, as it may be of several."""
    known = fields.references_of(run.phase)
    text = (
        "neither folder nor file says of which reference the run is: not used; the "
        f"rules know {', '.join(known)}: put it into a folder such as "
        f"reference_{known[0]}"
    )
    return Problem("warning", text, run.figure.place)


def _at(group: Sequence[Evidence]) -> Place:
    return group[0].figure.place


def _remarks(found: _Found) -> list[Problem]:
    """Return how names of files were understood where they could mislead."""
    named = {e.figure.place.file for e in found.own if e.is_named_baseline}
    text = (
        "taken for the system's own energy: the recipe writes this name for any "
        "system; runs of the baseline belong into a folder called baseline"
    )
    return [Problem("note", text, Place(file)) for file in sorted(named)]


def _told_by_trackers(
    submission: Submission, found: _Found, fields: Fields
) -> Submission:
    """Return `submission` with what only its trackers say: device, count, duration."""
    main = fields.phases[0] if fields.phases else "train"
    told = sorted(found.own, key=lambda e: (e.phase != main, *e.order))
    training = [e for e in told if e.phase == main and e.duration_s is not None]
    kinds = {e.kind for e in training[:1]}
    files = {e.figure.place.file for e in training[:1]}
    versions = {e.version for e in training[:1]}
    same = [e for e in training if e.kind in kinds and e.version in versions]
    same = [e for e in same if e.kind == "record" or e.figure.place.file in files]
    duration = submission.training_duration_s
    if duration is None and same:
        duration = summed(same).duration_s
    return replace(
        submission,
        training_duration_s=duration,
        n_tracked_devices=submission.n_tracked_devices
        or next((e.n_tracked_devices for e in told if e.n_tracked_devices), None),
        device=submission.device or next((e.device for e in told if e.device), None),
        tracker=submission.tracker
        or next((e.tracker for e in told if e.tracker), None),
    )
