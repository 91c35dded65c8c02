"""Which file belongs to which submission, by where it lies."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

from isojoule.formats.submissions import names
from isojoule.formats.submissions.assemble import is_label, team_of
from isojoule.formats.submissions.intake import Member


@dataclass(slots=True)
class Unit:
    """The files of one submission.

    Parameters
    ----------
    folder : str
        Its folder; empty for what was handed in itself.
    label : str
        What to call it where its meta file does not say it.
    metas : list of Member
        Its meta files.
    files : list of Member
        Its other files.
    shared : list of Member
        Files beside it that it shares with the other systems of its team.
    """

    folder: str
    label: str
    metas: list[Member] = field(default_factory=list)
    files: list[Member] = field(default_factory=list)
    shared: list[Member] = field(default_factory=list)

    def below(self, member: Member) -> tuple[str, ...]:
        """Return the names of the folders between the submission and a file.

        For a file beside the submission: those below the folder that holds both.
        """
        own = [part for part in self.folder.split("/") if part]
        parts = [part for part in member.folder.split("/") if part]
        pairs = zip(own, parts, strict=False)
        n_common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        return tuple(parts[n_common:])


@dataclass(slots=True)
class _Folder:
    """A folder with the files that matter in it and below it."""

    path: str
    name: str
    files: list[Member] = field(default_factory=list)
    folders: "dict[str, _Folder]" = field(default_factory=dict)

    def metas(self) -> list[Member]:
        return [f for f in self.files if names.meta_label(f.name) is not None]

    def everything(self) -> Iterator[Member]:
        yield from self.files
        for folder in self.folders.values():
            yield from folder.everything()

    def n_seats(self) -> int:
        """Return how many submissions lie in it: meta files, and labels of folders."""
        n_below = sum(f.n_seats() for f in self.folders.values())
        n_seats = len(self.metas()) + n_below
        return n_seats or int(is_label(self.name))


def units_of(
    members: Sequence[Member], *, root_name: str
) -> tuple[list[Unit], list[Member]]:
    """Return the submissions in a folder, and the files that belong to none.

    Parameters
    ----------
    members : sequence of Member
        Files that matter, in order.
    root_name : str
        Name of what was handed in.

    Notes
    -----
    A submission is the outermost folder with one meta file in it, or with a label for
    its name; several meta files in one folder share it by the beginnings of names.
    Without either each outermost folder is a submission, or what was handed in itself
    where files lie in it or in folders that the recipes make. Files in the folder of a
    team beside its submissions are shared by these.
    """
    root = _Folder("", root_name)
    for member in members:
        folder = root
        for part in [p for p in member.folder.split("/") if p]:
            path = f"{folder.path}/{part}" if folder.path else part
            folder = folder.folders.setdefault(part, _Folder(path, part))
        folder.files.append(member)
    units: list[Unit] = []
    unowned: list[Member] = []
    if members:
        _settle_root(root, units, unowned)
    return units, unowned


def _settle_root(root: _Folder, units: list[Unit], unowned: list[Member]) -> None:
    """Share out what was handed in, or the only folder in it."""
    is_wrapper = not root.files and len(root.folders) == 1
    if is_wrapper:
        (inner,) = root.folders.values()
        if inner.n_seats() > 1 or (not inner.n_seats() and len(_plain(inner)) > 1):
            _settle_root(inner, units, unowned)
            return
    if not is_wrapper and _is_one(root):
        units.append(_unit(root))
        return
    is_team = root.n_seats() > 1 and not root.metas() and _is_one_team(root)
    _share_out(root, units, unowned, is_root=True, is_team=is_team)


def _plain(folder: _Folder) -> list[_Folder]:
    """Return the folders in a folder that no recipe makes and no reference is in."""
    return [
        inner
        for inner in folder.folders.values()
        if not names.is_technical(inner.name)
        and (inner.n_seats() or not names.is_reference(inner.name))
    ]


def _is_one(folder: _Folder) -> bool:
    """Return whether all that was handed in is of one submission."""
    n_seats, n_plain = folder.n_seats(), len(_plain(folder))
    if n_seats > 1:
        return False
    if len(folder.metas()) == 1 or not n_plain:
        return True
    return n_seats == 0 and n_plain == 1 and bool(folder.files)


def _is_one_team(folder: _Folder) -> bool:
    seated = [m for m in folder.everything() if names.meta_label(m.name)]
    teams = {team_of(names.meta_label(m.name) or "") for m in seated}
    teams |= {team_of(name) for name in folder.folders if is_label(name)}
    return len(teams) == 1


def _unit(folder: _Folder) -> Unit:
    metas = [m for m in folder.everything() if names.meta_label(m.name) is not None]
    label = next((names.meta_label(m.name) for m in metas), "") or folder.name
    files = [m for m in folder.everything() if m not in metas]
    return Unit(folder.path, label, metas, files)


def _share_out(
    folder: _Folder,
    units: list[Unit],
    unowned: list[Member],
    *,
    is_root: bool,
    is_team: bool,
) -> None:
    """Give every file in a folder with several submissions to one of them."""
    metas, first = folder.metas(), len(units)
    own = [
        Unit(folder.path, names.meta_label(m.name) or folder.name, [m]) for m in metas
    ]
    units += own
    left = [f for f in folder.files if f not in metas]
    for inner in folder.folders.values():
        n_seats = inner.n_seats()
        is_own = is_root and not own and not (is_team and _is_of_team(inner.name))
        if n_seats > 1:
            is_one = _is_one_team(inner)
            _share_out(inner, units, unowned, is_root=False, is_team=is_one)
        elif n_seats or is_own:
            units.append(_unit(inner))
        else:
            left += inner.everything()
    for member in left:
        owner = _owner(member, own)
        if owner is not None:
            owner.files.append(member)
        elif is_team:
            for unit in units[first:]:
                unit.shared.append(member)
        else:
            unowned.append(member)


def _is_of_team(name: str) -> bool:
    """Return whether a folder beside submissions can hold what they share."""
    return names.is_technical(name) or names.is_reference(name)


def _owner(member: Member, own: Sequence[Unit]) -> Unit | None:
    """Return the one of the submissions in one folder that a file is called after."""
    if len(own) == 1:
        return own[0]
    parts = member.path.split("/")
    fitting = [
        unit
        for unit in own
        if any(
            part == unit.label or part.startswith((f"{unit.label}.", f"{unit.label}_"))
            for part in parts
        )
    ]
    return max(fitting, key=lambda unit: len(unit.label), default=None)
