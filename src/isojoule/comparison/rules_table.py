"""One table of a rules file: every value is taken once, and checked as it is taken."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from difflib import get_close_matches
from math import inf, isfinite

from isojoule.errors import FormatError


class RulesTable:
    """One table of the document: every value is taken once, the rest is refused."""

    def __init__(self, entries: Mapping[str, object], where: str) -> None:
        self.where = where
        self._entries = dict(entries)
        self._asked: list[str] = []

    def __enter__(self) -> "RulesTable":
        return self

    def __exit__(self, kind: type | None, *_: object) -> None:
        unknown = [name for name in self._entries if name not in self._asked]
        if kind is None and unknown:
            near = get_close_matches(unknown[0], self._asked, n=1)
            hint = near[0] if near else ", ".join(sorted(self._asked))
            raise FormatError(f"{self.where}: no {unknown[0]!r}; did you mean {hint}?")

    def skip(self, name: str) -> None:
        """Accept `name`, which somebody else reads."""
        self._asked.append(name)

    def _take(self, name: str) -> object:
        self._asked.append(name)
        return self._entries.get(name)

    def _fail(self, name: str, expected: str, found: object) -> FormatError:
        asked = f"{self.where}: {name} must be {expected}"
        shown = "missing" if found is None else _shown(found)
        return FormatError(f"{asked}; it is {shown}")

    def text(self, name: str) -> str:
        """Return a text that has to be there."""
        found = self.text_or_none(name)
        if not found:
            raise self._fail(name, "a text", found)
        return found

    def text_or_none(self, name: str) -> str | None:
        """Return a text, where there is one."""
        found = self._take(name)
        if found is not None and not isinstance(found, str):
            raise self._fail(name, "a text", found)
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return one text or a list of texts; none where it is not there."""
        found = self._take(name)
        if isinstance(found, str):
            return (found,)
        if not isinstance(found, list | tuple | None):
            raise self._fail(name, "a list of texts", found)
        if not all(isinstance(text, str) for text in found or ()):
            raise self._fail(name, "a list of texts", found)
        return tuple(found or ())

    def one_of(self, name: str, known: tuple[str, ...]) -> str | None:
        """Return one of the texts in `known`, where there is one."""
        found = self.text_or_none(name)
        if found is not None and found not in known:
            raise self._fail(name, f"one of {', '.join(known)}", found)
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        found = self._take(name)
        if found is None:
            return default
        if not isinstance(found, bool):
            raise self._fail(name, "true or false", found)
        return found

    def written(self, name: str) -> int | float | Decimal | None:
        """Return a number as it was written, with its digits."""
        found = self._take(name)
        if found is None:
            return None
        if (
            isinstance(found, bool)
            or not isinstance(found, int | float | Decimal)
            or not isfinite(found)
        ):
            raise self._fail(name, "a number", found)
        return found

    def number_or_none(self, name: str) -> float | None:
        """Return a number above 0, or `None` where there is none."""
        found = self.written(name)
        if found is not None and found <= 0:
            raise self._fail(name, "above 0", float(found))
        return None if found is None else float(found)

    def number(
        self, name: str, default: float | None, *, low: float = 0.0, high: float = inf
    ) -> float:
        """Return a number in [low, high]; one must be there without a default."""
        found = self.written(name)
        if found is None and default is not None:
            return default
        if found is None or not low <= found <= high:
            limits = f"from {low:g} on" if high == inf else f"from {low:g} to {high:g}"
            raise self._fail(name, f"a number {limits}", found)
        return float(found)

    def level(self, name: str, default: float) -> float:
        """Return a coverage in (0, 1)."""
        found = self.number(name, default)
        if not 0 < found < 1:
            raise self._fail(name, "a coverage between 0 and 1, such as 0.9", found)
        return found

    def whole(
        self, name: str, default: int, *, at_least: int, at_most: int | None = None
    ) -> int:
        """Return a whole number."""
        found = self.whole_or_none(name, at_least=at_least)
        if found is not None and at_most is not None and found > at_most:
            raise self._fail(name, f"at most {at_most}", found)
        return default if found is None else found

    def whole_or_none(self, name: str, *, at_least: int) -> int | None:
        """Return a whole number, where there is one."""
        found = self.written(name)
        if found is None:
            return None
        if not isinstance(found, int) or found < at_least:
            raise self._fail(name, f"a whole number from {at_least} on", found)
        return found

    def table(self, name: str) -> Mapping[str, object]:
        """Return a table; an empty one where there is none."""
        return self.table_or_none(name) or {}

    def table_or_none(self, name: str) -> Mapping[str, object] | None:
        """Return a table, where there is one."""
        found = self._take(name)
        if found is not None and not isinstance(found, Mapping):
            raise self._fail(name, "a table", found)
        return found

    def tables(self, name: str) -> "Iterator[tuple[str, RulesTable]]":
        """Yield the tables in a table, with their names."""
        for key, entries in self.table(name).items():
            if not isinstance(entries, Mapping):
                raise self._fail(f"{name}.{key}", "a table", entries)
            yield key, RulesTable(entries, f"[{name}.{key}]")

    def list_of_tables(self, name: str) -> "Iterator[RulesTable]":
        """Yield the tables of a list."""
        found = self._take(name)
        if found is not None and not isinstance(found, list | tuple):
            raise self._fail(name, f"written as [[{name}]]", found)
        for number, entries in enumerate(found or (), start=1):
            if not isinstance(entries, Mapping):
                raise self._fail(name, f"written as [[{name}]]", entries)
            yield RulesTable(entries, f"[[{name}]] number {number}")


def _shown(found: object) -> str:
    return f"{found:g}" if isinstance(found, Decimal) else repr(found)
