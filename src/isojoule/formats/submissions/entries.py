"""Submissions in YAML: the list of published entries, or the meta file of one."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePosixPath

from isojoule.formats.submissions.drafts import Draft
from isojoule.formats.submissions.fields import Fields
from isojoule.formats.submissions.texts import one_line
from isojoule.formats.submissions.yaml_nodes import (
    Items,
    Keys,
    Leaf,
    Node,
    flattened,
    items_of,
    read_yaml,
)
from isojoule.submissions import Place, Problem


def read_entries(
    text: str, file: str, fields: Fields
) -> tuple[list[Draft], list[Problem]]:
    """Return a draft per entry of a YAML file.

    Parameters
    ----------
    text : str
        A list of entries, a mapping with such a list in it, a mapping of labels to
        entries, or one entry.
    file : str
        Its path, for places.
    fields : Fields
        What tells an entry from other mappings.

    Raises
    ------
    MissingExtraError
        If PyYAML is not installed.

    Notes
    -----
    Of a list that is malformed somewhere, the entries that can be parsed alone are
    kept.
    """
    document = read_yaml(text, file)
    problems = list(document.problems)
    if document.is_whole:
        roots = document.roots
        root = roots[0] if len(roots) == 1 else Items(1, list(roots))
        drafts, more = _drafts(root, file, fields)
        return drafts, problems + more
    drafts, rest = _saved(text, file, fields)
    if drafts:
        return drafts, rest
    nothing = Problem("error", "the file holds nothing", Place(file))
    return [], problems or [nothing]


def _saved(text: str, file: str, fields: Fields) -> tuple[list[Draft], list[Problem]]:
    """Return the entries of a malformed list that can be parsed alone."""
    drafts: list[Draft] = []
    problems: list[Problem] = []
    for item, line in items_of(text):
        part = read_yaml(item, file, first_line=line)
        if not part.is_whole:
            start = f"the entry from line {line} on is left out: "
            problems += [
                Problem(p.severity, start + p.text, p.place) for p in part.problems
            ]
        for root in part.roots:
            found, more = _drafts(root, file, fields)
            drafts += [replace(d, problems=part.problems) for d in found]
            problems += more
    return drafts, problems


def read_meta(
    text: str, file: str, *, fallback_label: str
) -> tuple[Draft | None, tuple[Problem, ...]]:
    """Return what the meta file of a submission says; `None` where it cannot be read.

    Parameters
    ----------
    text : str
        One mapping.
    file : str
        Its path, for places.
    fallback_label : str
        What to call the submission where the file does not.

    Raises
    ------
    MissingExtraError
        If PyYAML is not installed.
    """
    document = read_yaml(text, file)
    root = document.roots[0] if document.roots else None
    if isinstance(root, Keys):
        return _draft(root, file, fallback_label), document.problems
    if document.problems:
        return None, document.problems
    why = "it is no meta file: expected keys such as submission, system, results"
    return None, (Problem("error", why, Place(file, 1)),)


def _drafts(root: Node, file: str, fields: Fields) -> tuple[list[Draft], list[Problem]]:
    drafts, problems = [], []
    stem = PurePosixPath(file).name.split(".")[0]
    for name, node in _entries(root, fields):
        if isinstance(node, Keys):
            fallback = one_line(name) or f"{stem} line {node.line}"
            drafts.append(_draft(node, file, fallback))
        else:
            text = "the item is no mapping and is left out"
            problems.append(Problem("error", text, Place(file, node.line)))
    return drafts, problems


def _draft(node: Keys, file: str, fallback_label: str) -> Draft:
    return Draft(
        place=Place(file, node.line),
        leaves=dict(flattened(node)),
        fallback_label=fallback_label,
    )


def _entries(root: Node, fields: Fields) -> Iterator[tuple[str, Node]]:
    """Yield the entries of a document, with their names where they have some."""
    if isinstance(root, Items):
        yield from (("", node) for node in root.items)
        return
    if isinstance(root, Leaf):
        yield "", root
        return
    lists = [n for n in root.items.values() if isinstance(n, Items) and _is_list(n)]
    known = [n for n in lists if any(_is_known(item, fields) for item in n.items)]
    if fields.are_in(path for path, _ in flattened(root)) or not root.items:
        yield "", root
    elif known or lists:
        yield from (("", node) for node in (known or lists)[0].items)
    elif all(_is_known(node, fields) for node in root.items.values()):
        yield from root.items.items()
    else:
        yield "", root


def _is_list(node: Items) -> bool:
    return any(isinstance(item, Keys) for item in node.items)


def _is_known(node: Node, fields: Fields) -> bool:
    """Return whether a node is a mapping that says a quantity."""
    return isinstance(node, Keys) and fields.are_in(p for p, _ in flattened(node))
