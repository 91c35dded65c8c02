"""YAML as text with lines: no objects are made, no alias is followed.

Built from the events of the parser alone, so that nothing in a file can run, grow or
nest without end.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from isojoule.errors import MissingExtraError
from isojoule.formats.submissions.texts import printable
from isojoule.submissions import Place, Problem

MAX_NODES: Final = 2_000_000
MAX_DEPTH: Final = 32
MAX_PROBLEMS: Final = 100
"""Of one file; those behind are more of the same."""

_PLAIN_TAGS: Final = {
    None,
    "!",
    *(
        f"tag:yaml.org,2002:{kind}"
        for kind in ("bool", "float", "int", "map", "null", "seq", "str", "timestamp")
    ),
}
_NULLS: Final = {"", "~", "null", "Null", "NULL"}
_ITEM: Final = re.compile(r"^( *)-(?: |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A scalar as it was written.

    Parameters
    ----------
    text : str
        Without quotes; empty for null.
    line : int or None
        Where it stands, from 1.
    """

    text: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys with their nodes, in their order; of a key that comes twice the first."""

    line: int
    items: "dict[str, Node]" = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Items:
    """Nodes in their order."""

    line: int
    items: "list[Node]" = field(default_factory=list)


Node: TypeAlias = Leaf | Keys | Items


@dataclass(frozen=True, slots=True)
class Document:
    """What a file of YAML holds.

    Parameters
    ----------
    roots : tuple of node
        One per document in it; none where it is malformed.
    problems : tuple of Problem
        With lines.
    """

    roots: tuple[Node, ...]
    problems: tuple[Problem, ...]

    @property
    def is_whole(self) -> bool:
        """Whether all of it could be parsed."""
        return bool(self.roots)


def read_yaml(text: str, file: str, *, first_line: int = 1) -> Document:
    """Return the documents of `text`; none of them where one is malformed.

    Parameters
    ----------
    text : str
        YAML 1.1.
    file : str
        Its path, for places.
    first_line : int, default 1
        Number of the first line, where `text` is cut out of a file.

    Raises
    ------
    MissingExtraError
        If PyYAML is not installed.
    """
    yaml = _yaml(file)
    builder = _Builder(file, first_line)
    clean = printable(text)
    if clean != text:
        builder.say("warning", 0, "control characters in it are written as \\x00")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in yaml.parse(clean, Loader=loader):
            builder.take(event, yaml)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(
            error, "context_mark", None
        )
        what = getattr(error, "problem", None) or "it cannot be parsed"
        builder.say("error", mark.line if mark else 0, f"malformed YAML: {what}")
        return Document((), tuple(builder.problems))
    except _RefusedError:
        return Document((), tuple(builder.problems))
    return Document(tuple(builder.roots), tuple(builder.problems))


def items_of(text: str) -> Iterator[tuple[str, int]]:
    """Yield the outermost items of a block list, each with the number of its line.

    Each can be parsed alone, so that one that is malformed does not take the others
    with it.
    """
    first = _ITEM.search(text)
    if first is None:
        return
    starts = [m.start() for m in _ITEM.finditer(text) if m[1] == first[1]]
    line = 1 + text.count("\n", 0, starts[0])
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield text[start:end], line
        line += text.count("\n", start, end)


def flattened(node: Node, path: str = "") -> Iterator[tuple[str, Leaf]]:
    """Yield every scalar below `node` with its path of keys, joined by dots."""
    if isinstance(node, Leaf):
        yield path, node
        return
    pairs = node.items.items() if isinstance(node, Keys) else enumerate(node.items)
    for key, child in pairs:
        yield from flattened(child, f"{path}.{key}" if path else str(key))


def _yaml(file: str) -> Any:  # noqa: ANN401 - the module, untyped
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("compare", f"reading {file}") from error
    return yaml


class _RefusedError(Exception):
    """The rest of the file is not looked at; why is among the problems."""


class _Builder:
    """Nodes from events, one after another."""

    def __init__(self, file: str, first_line: int) -> None:
        self.roots: list[Node] = []
        self.problems: list[Problem] = []
        self._file = file
        self._first_line = first_line
        self._open: list[Keys | Items] = []
        self._keys: list[Leaf | None] = []
        self._n_nodes = 0
        self._skipping = 0

    def say(self, severity: Any, line: int, text: str) -> None:  # noqa: ANN401
        """Keep a problem with its line, counted from 0 in what is parsed."""
        if len(self.problems) >= MAX_PROBLEMS:
            return
        place = Place(self._file, line + self._first_line)
        self.problems.append(Problem(severity, text, place))

    def take(self, event: Any, yaml: Any) -> None:  # noqa: ANN401
        """Put `event` where it belongs."""
        starts = isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent)
        ends = isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent)
        if self._skipping:
            self._skipping += starts - ends
        elif isinstance(event, yaml.AliasEvent):
            self.say(
                "error",
                event.start_mark.line,
                "an alias is not followed: write the value itself",
            )
            self._put(None)
        elif starts:
            self._start(event, is_mapping=isinstance(event, yaml.MappingStartEvent))
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif ends:
            self._open.pop()
            self._keys.pop()

    def _start(self, event: Any, *, is_mapping: bool) -> None:  # noqa: ANN401
        line = event.start_mark.line
        if len(self._open) >= MAX_DEPTH:
            self._refuse(line, f"nested more than {MAX_DEPTH} deep")
        if self._is_key() or not self._may_hold(event):
            if self._is_key():
                self.say("error", line, "a key has to be text: left out with its value")
                self._keys[-1] = Leaf("", None)
            else:
                self._put(None)
            self._skipping = 1
            return
        node = (Keys if is_mapping else Items)(line + self._first_line)
        self._put(node)
        self._open.append(node)
        self._keys.append(None)

    def _scalar(self, event: Any) -> None:  # noqa: ANN401
        line = event.start_mark.line
        if not self._may_hold(event):
            self._put(None)
            return
        is_plain = event.tag is None and event.implicit[0]
        is_null = (is_plain and event.value in _NULLS) or (
            event.tag == "tag:yaml.org,2002:null"
        )
        text = "" if is_null and not self._is_key() else printable(event.value)
        self._put(Leaf(text, line + self._first_line))

    def _may_hold(self, event: Any) -> bool:  # noqa: ANN401
        if event.tag in _PLAIN_TAGS:
            return True
        tag = printable(str(event.tag)).replace("tag:yaml.org,2002:", "!!")
        self.say(
            "error",
            event.start_mark.line,
            f"the tag {tag} is refused, and what stands behind it is left out",
        )
        return False

    def _is_key(self) -> bool:
        """Return whether the next node is a key."""
        return bool(self._open) and (
            isinstance(self._open[-1], Keys) and self._keys[-1] is None
        )

    def _put(self, node: Node | None) -> None:
        """Put a node, or nothing for one that was refused, where it belongs."""
        self._n_nodes += 1
        if self._n_nodes > MAX_NODES:
            self._refuse(0, f"it has more than {MAX_NODES} nodes")
        if not self._open:
            if node is not None:
                self.roots.append(node)
            return
        parent = self._open[-1]
        if isinstance(parent, Items):
            if node is not None:
                parent.items.append(node)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = node if isinstance(node, Leaf) else Leaf("", None)
            return
        self._keys[-1] = None
        if node is None or key.line is None:
            return
        if key.text in parent.items:
            line = key.line - self._first_line
            self.say(
                "warning",
                line,
                f"the key {key.text!r} comes again: the first one counts",
            )
            return
        parent.items[key.text] = node

    def _refuse(self, line: int, why: str) -> None:
        self.say("error", line, f"{why}: not read")
        raise _RefusedError
