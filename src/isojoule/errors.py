"""Everything isojoule raises on purpose, one class per reaction of the caller."""

from collections.abc import Iterable
from difflib import get_close_matches


class IsojouleError(Exception):
    """Base of all errors that isojoule raises on purpose; the message is one line."""


class UnknownNameError(IsojouleError, KeyError):
    """A hardware, workload, run or method of that name is not there: pick another.

    Parameters
    ----------
    kind : str
        What was looked for, such as ``"hardware"``.
    name : str
        The name that was asked for.
    known : iterable of str
        The names there are; the message tells the nearest.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(set(known))
        super().__init__(f"no {kind} {name!r}: {_hint(name, names)}")

    def __str__(self) -> str:
        return str(self.args[0])  # KeyError would show the quoted repr


def _hint(name: str, names: list[str]) -> str:
    """Return what to try instead of `name`."""
    folded = {n.casefold(): n for n in names}
    wanted = name.casefold()
    near = [folded[m] for m in get_close_matches(wanted, folded, n=5, cutoff=0.5)]
    near += [n for n in names if wanted in n.casefold() and n not in near]
    if near:
        return f"did you mean {', '.join(near[:5])}?"
    if not names:
        return "there are none"
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return f"there are {', '.join(names[:8])}{more}"


class IncomparableError(IsojouleError, ValueError):
    """Scopes, provenances or phases differ: narrow the choice or allow the mixture."""


class InsufficientDataError(IsojouleError, ValueError):
    """The method needs more measurements than there are: measure more."""


class FormatError(IsojouleError, ValueError):
    """A file is not what it is taken for, or holds impossible values: mend the file."""


class SensorUnavailableError(IsojouleError):
    """A sensor cannot be used on this machine.

    Parameters
    ----------
    reason : str
        What was tried and what came back.
    remedy : str, default ""
        What makes the sensor usable, where anything does.
    is_present : bool, default False
        Whether the hardware is there, so that its energy is missing from a run.
    """

    def __init__(
        self, reason: str, remedy: str = "", *, is_present: bool = False
    ) -> None:
        super().__init__(f"{reason}; {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy
        self.is_present = is_present


class StoreError(IsojouleError):
    """A folder or file cannot be read or written: choose another place."""


class MissingExtraError(IsojouleError, ImportError):
    """An optional package is not installed: install the extra that is named.

    Parameters
    ----------
    extra : str
        Name of the extra, such as ``"suite"``.
    purpose : str
        What needs it.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the {extra!r} extra: pip install 'isojoule[{extra}]'"
        )
        self.extra = extra
