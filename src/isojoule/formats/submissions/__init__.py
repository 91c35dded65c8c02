"""What participants of a challenge hand in, read into `isojoule.submissions.Handed`.

A table with a row per submission; YAML with an entry per submission; a folder, or a zip
archive of one, with the files of each submission: its meta file, what CodeCarbon and
the recipes of the challenge wrote, records and calibrations of ours.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from isojoule.errors import FormatError
from isojoule.formats.submissions import names
from isojoule.formats.submissions.archive import members_of_archive, open_archive
from isojoule.formats.submissions.assemble import assemble, label_place
from isojoule.formats.submissions.drafts import Draft
from isojoule.formats.submissions.entries import read_entries
from isojoule.formats.submissions.fields import Fields
from isojoule.formats.submissions.folder import members_of_folder, read_start
from isojoule.formats.submissions.gather import gather
from isojoule.formats.submissions.intake import Intake, Member
from isojoule.formats.submissions.ownership import units_of
from isojoule.formats.submissions.recipe import is_relevant
from isojoule.formats.submissions.table import column_names, read_table
from isojoule.formats.submissions.texts import one_line
from isojoule.records import Scope
from isojoule.submissions import Handed, Place, Problem, Submission

_TABLES = (".csv", ".tsv", ".txt")
_YAMLS = (".yaml", ".yml")
_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")
_UNSUITED = "give a table, a file of YAML, a folder or a zip archive"


def read_submissions(
    path: Path,
    rules_fields: Mapping[str, tuple[str, ...]],
    *,
    scope: Scope | None = None,
    reference_names: Mapping[str, Sequence[str]] | None = None,
) -> Handed:
    """Return all that was handed in, and all that is wrong with it.

    Parameters
    ----------
    path : Path
        A table (CSV, TSV, or with semicolons), a file of YAML, a folder, or a zip
        archive of a folder.
    rules_fields : mapping of str to tuple of str
        ``Rules.fields``: by quantity the columns or paths of keys that say it, the
        first that holds something counts. Beside the quantities of a submission:
        ``energy_<unit>.<phase>``, ``reference_energy_<unit>.<name>.<phase>``,
        ``scores.<metric>``, ``scores.<metric>.low`` and ``.high``.
    scope : {"gpu", "node", "wall"} or None
        What energies out of files of trackers should cover; where `None` the node of
        an emissions.csv and the default scope of a record.
    reference_names : mapping of str to sequence of str, optional
        Names of the reference models of the rules by the phase of their runs, beside
        those that have fields: what runs in folders of references are called.

    Returns
    -------
    Handed
        Without submissions, but with a problem that says why, where none was found.

    Raises
    ------
    FormatError
        If there is nothing at `path`, or it cannot be opened.
    MissingExtraError
        If there is YAML and PyYAML is not installed.
    """
    fields = Fields.from_rules(rules_fields, reference_names)
    if not path.is_file() and not path.is_dir():
        raise FormatError(f"there is no file and no folder at {path}: {_UNSUITED}")
    if path.is_dir():
        members, problems = members_of_folder(path)
        return _read_members(members, problems, _name_of(path), fields, scope)
    member = Member(one_line(path.name), partial(read_start, path))
    if path.suffix.lower() == ".zip" or member.read(4) in _ZIP_MARKS:
        with open_archive(path) as archive:
            members, problems = members_of_archive(archive)
            return _read_members(members, problems, path.stem, fields, scope)
    intake = Intake()
    return _handed(_read_file(member, intake, fields), intake, member.path)


def _name_of(path: Path) -> str:
    return one_line(path.resolve().name) or "submission"


def _read_members(
    members: Sequence[Member],
    problems: Iterable[Problem],
    name: str,
    fields: Fields,
    scope: Scope | None,
) -> Handed:
    """Return what the files of a folder or an archive hold."""
    intake = Intake()
    intake.problems += problems
    intake.problems += [
        Problem(
            "note", "a packed file is not opened: hand it in unpacked", Place(m.path)
        )
        for m in members
        if names.is_packed(m.name)
    ]
    relevant = [m for m in members if is_relevant(m)]
    units, unowned = units_of(relevant, root_name=one_line(name))
    found = [gather(unit, intake, fields, scope) for unit in units]
    text = "it lies beside several submissions, and of which it is cannot be told"
    intake.problems += [Problem("warning", text, Place(m.path)) for m in unowned]
    if not units:
        for member in members:
            if member.path.count("/") <= 1 and _is_result(member, fields):
                found += _read_file(member, intake, fields)
    return _handed(found, intake, "")


def _is_result(member: Member, fields: Fields) -> bool:
    """Return whether a file in a folder without submissions is a table of them."""
    suffix = Path(member.name).suffix.lower()
    if suffix in _YAMLS:
        return True
    if suffix not in _TABLES:
        return False
    columns = column_names(member.head())
    stated = [c for c, names in fields.columns.items() if set(names) & set(columns)]
    return "label" in stated and len(stated) > 1


def _read_file(
    member: Member, intake: Intake, fields: Fields
) -> list[tuple[Submission, Place]]:
    """Return the submissions in a table or a file of YAML."""
    try:
        text = intake.text(member)
    except FormatError as error:
        intake.problems.append(intake.say(error, member))
        return []
    if Path(member.name).suffix.lower() in _YAMLS:
        drafts, problems = read_entries(text, member.path, fields)
    else:
        drafts, problems = read_table(text, member.path)
    intake.problems += problems
    known = [d for d in drafts if fields.are_in(d.leaves)]
    strange = [d for d in drafts if not fields.are_in(d.leaves)]
    intake.problems += _strangers(strange, fields, is_all=not known)
    return [(assemble(d, fields), label_place(d, fields)) for d in known]


def _strangers(
    strange: Sequence[Draft], fields: Fields, *, is_all: bool
) -> list[Problem]:
    """Return that drafts are left out which say nothing that the rules ask for."""
    if is_all and strange:
        there = ", ".join(list(strange[0].leaves)[:8])
        asked = ", ".join(fields.of("label"))
        text = (
            f"nothing in it is what the rules ask for ([fields]); it has {there}; a "
            f"label would be {asked}"
        )
        return [Problem("error", text, strange[0].place)]
    text = "nothing in it is what the rules ask for: left out"
    return [Problem("error", text, d.place) for d in strange]


def _handed(
    found: Sequence[tuple[Submission, Place]], intake: Intake, file: str
) -> Handed:
    """Return what was found, each label once."""
    kept: dict[str, tuple[Submission, Place]] = {}
    problems = list(intake.problems)
    clashes: list[tuple[Submission, Place]] = []
    for submission, place in found:
        if submission.label in kept:
            first = kept[submission.label][1]
            text = (
                f"the label {submission.label!r} comes again here, first at {first}: "
                "this one is left out, give it a label of its own"
            )
            problems.append(Problem("error", text, place))
            clashes.append((submission, place))
        else:
            kept[submission.label] = submission, place
    for left_out, place in clashes:
        _tell_of_clash(kept, left_out, place)
    if not kept:
        text = "no submission was found: give a table with a row, YAML with an entry, "
        text += "or a folder with <label>.meta.yaml or emissions.csv, per submission"
        problems.append(Problem("error", text, Place(file) if file else None))
    submissions = tuple(submission for submission, _ in kept.values())
    return Handed(submissions, tuple(problems), tuple(intake.files))


def _tell_of_clash(
    kept: dict[str, tuple[Submission, Place]], left_out: Submission, place: Place
) -> None:
    """Put a label that comes twice down to the first one, and to the other's team."""
    first, first_place = kept[left_out.label]
    text = (
        f"the label {left_out.label!r} stands at {first_place} and again at {place}: "
        "only the first one counts, each system needs a label of its own"
    )
    told = [first.label]
    if left_out.team != first.team:
        told += [s.label for s, _ in kept.values() if s.team == left_out.team][:1]
    for label in told:
        submission, where = kept[label]
        problems = (*submission.problems, Problem("warning", text, place))
        kept[label] = replace(submission, problems=problems), where
