"""Figures that people declare, out of their text: energies, counts, scores.

What a text does not say for certain is not read: the figure keeps the text, has no
value and says why.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from typing import Final

from isojoule.formats.submissions.numbers import NUMBER, Number, parse_number
from isojoule.submissions import Figure, Place
from isojoule.units import kwh_to_j

_MAX_CHARACTERS: Final = 200

_KILO: Final = 1e3
_MEGA: Final = 1e6
_GIGA: Final = 1e9
_TERA: Final = 1e12

_ENERGY: Final = re.compile(rf"({NUMBER})\s*([A-Za-z]*)", re.ASCII)

J_BY_UNIT: Final[Mapping[str, float]] = {
    "kWh": kwh_to_j(1.0),
    "Wh": kwh_to_j(1.0) / _KILO,
    "MWh": kwh_to_j(1.0) * _KILO,
    "J": 1.0,
    "kJ": _KILO,
    "MJ": _MEGA,
    "GJ": _GIGA,
}
"""Joules in one of each unit that is understood behind an energy."""

_UNIT_BY_FOLDED: Final[Mapping[str, str]] = {
    "kwh": "kWh",
    "wh": "Wh",
    "j": "J",
    "kj": "kJ",
}
"""Units that are certain in any case; ``mj`` and ``mwh`` are not."""

_COUNT: Final = re.compile(rf"({NUMBER})\s*([A-Za-z][A-Za-z\- ]*)?", re.ASCII)
_PREFIXES: Final[Mapping[str, float]] = {
    "": 1.0,
    "k": _KILO,
    "m": _MEGA,
    "g": _GIGA,
    "t": _TERA,
    "thousand": _KILO,
    "million": _MEGA,
    "millions": _MEGA,
    "billion": _GIGA,
    "billions": _GIGA,
    "trillion": _TERA,
}
_PARAMETERS: Final = r"(?:params?|parameters?|weights)"
_MACS: Final = r"(?:macs?|maccs?|mult(?:iply)?-?(?:adds?|accumulates?)|madds?)"
_BYTES: Final = re.compile(r"[kmgt]?i?(?:b|bytes?)")
_FLOP: Final = re.compile(r"[kmgt]? ?flops?")

_MEMBERS: Final = re.compile(r"(\d{1,6})\s*(?:\([^()]*\))?", re.ASCII)

_DASH: Final = "[-\u2010-\u2015\u2212]"
_SHORT: Final = r"[+\-\u2212]?\d*[.,]?\d+(?:[eE][+-]?\d{1,3})?"
"""A number without thousands, so that a comma can stand between two."""

_INTERVAL: Final = re.compile(
    rf"(.+?)\s*[(\[]\s*({_SHORT})\s*(?:{_DASH}|,|;|\.\.|to)\s*({_SHORT})\s*[)\]]",
    re.ASCII,
)
_PLUS_MINUS: Final = re.compile(r"(.+?)\s*(?:\u00b1|\+/-|\+-)\s*(.+)")


def read_energy(
    text: str, place: Place, *, unit: str = "kWh", has_decimal_comma: bool = False
) -> Figure:
    """Return an energy [J].

    Parameters
    ----------
    text : str
        A number, alone or with one of `J_BY_UNIT`.
    place : Place
        Where it stands.
    unit : str, default "kWh"
        Of a number without one.
    has_decimal_comma : bool, default False
        Whether the numbers around it have decimal commas.
    """
    try:
        number, stated = _energy(text, has_decimal_comma)
    except ValueError as error:
        return _unread(text, place, error)
    problem = "" if number.value else "an energy of 0: not measured, or rounded away"
    return _figure(text, place, number, J_BY_UNIT[stated or unit], problem=problem)


def _energy(text: str, has_decimal_comma: bool) -> tuple[Number, str]:
    """Return the number and the unit of an energy.

    Raises
    ------
    ValueError
        If it is none for certain.
    """
    found = _ENERGY.fullmatch(_bounded(text))
    number = parse_number(
        found[1] if found else text, has_decimal_comma=has_decimal_comma
    )
    stated = found[2] if found else ""
    known = stated if stated in J_BY_UNIT else _UNIT_BY_FOLDED.get(stated.casefold())
    if stated and known is None:
        raise ValueError(f"{stated!r} is no unit of energy that is known for certain")
    if number.value < 0:
        raise ValueError("an energy cannot be negative")
    return number, known or ""


def read_count(text: str, place: Place, *, has_decimal_comma: bool = False) -> Figure:
    """Return a number of things, such as parameters: ``625K``, ``5.3M``, ``1112420``.

    Parameters
    ----------
    text : str
        A number with a prefix, and the word parameters or none.
    place : Place
        Where it stands.
    has_decimal_comma : bool, default False
        Whether the numbers around it have decimal commas.
    """
    return _read_count(text, place, _PARAMETERS, has_decimal_comma)


def read_macs(text: str, place: Place, *, has_decimal_comma: bool = False) -> Figure:
    """Return multiply-accumulates: ``930.902M``, ``1.2 GMACs``.

    Parameters
    ----------
    text : str
        A number with a prefix, and the word MACs or none. FLOP are not read: they are
        another quantity, and whether two make one multiply-accumulate is not said.
    place : Place
        Where it stands.
    has_decimal_comma : bool, default False
        Whether the numbers around it have decimal commas.
    """
    return _read_count(text, place, _MACS, has_decimal_comma)


def _read_count(
    text: str, place: Place, things: str, has_decimal_comma: bool
) -> Figure:
    try:
        found = _COUNT.fullmatch(_bounded(text))
        if found is None:
            raise ValueError(_why_no_count(text))
        factor = _factor(found[2] or "", things)
        number = parse_number(found[1], has_decimal_comma=has_decimal_comma)
        value = number.value * factor
        if abs(value - round(value)) > 1e-6 * max(1.0, abs(value)):
            raise ValueError("it is no whole number; in thousands or millions?")
        if value < 1:
            raise ValueError("a count starts at 1")
    except ValueError as error:
        return _unread(text, place, error)
    step = None if number.step is None else max(1.0, number.step * factor)
    return Figure(text=text, value=float(round(value)), place=place, step=step)


def _why_no_count(text: str) -> str:
    if len(re.findall(r"\d[\d.,]*", text)) > 1:
        return "it holds several numbers, and which of them or of their sum is not said"
    return "it is no number"


def _factor(words: str, things: str) -> float:
    """Return what the words behind a number multiply it by.

    Raises
    ------
    ValueError
        If they are of another quantity or not known.
    """
    folded = " ".join(words.casefold().split())
    if _BYTES.fullmatch(folded):
        raise ValueError(f"{words.strip()!r} is a size in bytes, or it is billions")
    if _FLOP.fullmatch(folded):
        raise ValueError("FLOP are not multiply-accumulates")
    prefix = re.sub(rf" ?{things}$", "", folded)
    if prefix not in _PREFIXES:
        raise ValueError(f"{words.strip()!r} behind the number is not known")
    return _PREFIXES[prefix]


def read_members(text: str, place: Place) -> Figure:
    """Return a small number of things, with a remark in parentheses or none.

    Parameters
    ----------
    text : str
        ``5``, ``10 (5 SEDT, 5 frame-wise model)``, ``4.0``.
    place : Place
        Where it stands.
    """
    found = _MEMBERS.fullmatch(re.sub(r"\.0+$", "", text[:_MAX_CHARACTERS].strip()))
    if found is None:
        return _unread(text, place, ValueError("it is no whole number"))
    if int(found[1]) < 1:
        return _unread(text, place, ValueError("a count starts at 1"))
    return Figure(text=text, value=float(found[1]), place=place, step=1.0)


def read_score(text: str, place: Place, *, has_decimal_comma: bool = False) -> Figure:
    """Return a score, with its interval where it has one.

    Parameters
    ----------
    text : str
        ``0.326``, ``0.326 (0.325 - 0.327)``, ``0.326 +/- 0.001``.
    place : Place
        Where it stands.
    has_decimal_comma : bool, default False
        Whether the numbers around it have decimal commas.
    """
    try:
        number, bounds = _score(text, has_decimal_comma)
    except ValueError as error:
        return _unread(text, place, error)
    figure = _figure(text, place, number, 1.0)
    return with_interval(figure, *bounds) if bounds else figure


def _score(
    text: str, has_decimal_comma: bool
) -> tuple[Number, tuple[float, float] | None]:
    """Return the number and the interval of a score.

    Raises
    ------
    ValueError
        If it is none for certain.
    """
    bare = _bounded(text)
    if bare.endswith("%"):
        raise ValueError("a percentage; write it in the unit of the other scores")
    found = _INTERVAL.fullmatch(bare) or _PLUS_MINUS.fullmatch(bare)
    numbers = [
        parse_number(part, has_decimal_comma=has_decimal_comma)
        for part in (found.groups() if found else (bare,))
    ]
    value, *rest = (number.value for number in numbers)
    if len(rest) == 1:
        return numbers[0], (value - rest[0], value + rest[0])
    return numbers[0], (rest[0], rest[1]) if rest else None


def with_interval(figure: Figure, low: float, high: float) -> Figure:
    """Return `figure` with the interval that was stated for it.

    Parameters
    ----------
    figure : Figure
        A score that was read.
    low, high : float
        Bounds in its unit. Those that do not hold its value are left out, and the
        figure says so.
    """
    if figure.value is not None and low <= figure.value <= high:
        return replace(figure, low=low, high=high)
    problem = f"its interval {low:g} to {high:g} does not hold it and is left out"
    return replace(figure, problem=figure.problem or problem)


def read_flag(text: str) -> bool:
    """Return whether `text` says yes."""
    return text.strip().casefold() in {"1", "1.0", "true", "yes", "y", "x"}


def _figure(
    text: str, place: Place, number: Number, factor: float, *, problem: str = ""
) -> Figure:
    step = None if number.step is None else number.step * factor
    value = number.value * factor
    if not isfinite(value):
        return _unread(text, place, ValueError("it is no finite number"))
    return Figure(text=text, value=value, place=place, step=step, problem=problem)


def _bounded(text: str) -> str:
    """Return `text` without blanks around it, if it is short enough for a figure.

    Raises
    ------
    ValueError
        If it is longer than anybody writes a figure.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"{len(text)} characters are no figure")
    return text.strip()


def _unread(text: str, place: Place, error: ValueError) -> Figure:
    problem = f"{shortened(text)!r} is not read: {error}"
    return Figure(text=text, value=None, place=place, problem=problem)


def shortened(text: str) -> str:
    """Return `text` for a message."""
    return text if len(text) <= 60 else f"{text[:57]}..."
