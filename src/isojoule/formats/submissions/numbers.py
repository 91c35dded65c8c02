"""Numbers as people write them: what they say, and to which digit."""

import re
from dataclasses import dataclass
from math import isfinite
from typing import Final

_MAX_CHARACTERS: Final = 64

_BINARY_DIGITS: Final = 12
"""From so many significant digits on a decimal is the print of a binary float, and its
last digit says nothing about rounding."""

_PLAIN: Final = re.compile(r"(\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d{1,3}))?", re.ASCII)
_GROUP: Final = "[1-9]\\d{0,2}"
_GROUPED: Final = (
    (re.compile(rf"{_GROUP}(,\d{{3}}){{2,}}(\.\d+)?", re.ASCII), ","),
    (re.compile(rf"{_GROUP}(,\d{{3}})+\.\d+", re.ASCII), ","),
    (re.compile(rf"{_GROUP}(\.\d{{3}}){{2,}}(,\d+)?", re.ASCII), "."),
    (re.compile(rf"{_GROUP}(\.\d{{3}})+,\d+", re.ASCII), "."),
    (re.compile(rf"{_GROUP}(['_\u00a0\u2009\u202f]\d{{3}})+", re.ASCII), ""),
    (re.compile(rf"{_GROUP}( \d{{3}}){{2,}}", re.ASCII), ""),
)
"""Thousands that can only be thousands, and the sign between them."""

_COMMA: Final = re.compile(r"(\d+),(\d+)", re.ASCII)
_NOT_FINITE: Final = {"nan", "inf", "infinity"}

NUMBER: Final = r"[+\-\u2212]?[\d.,'_\u00a0\u2009\u202f ]*\d\.?(?:[eE][+-]?\d{1,3})?"
"""What to cut out of a text and give to `parse_number`."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number that was written.

    Parameters
    ----------
    value : float
        What it says.
    step : float or None
        One unit of its last digit; `None` where it is the print of a binary float.
    """

    value: float
    step: float | None


def parse_number(text: str, *, has_decimal_comma: bool = False) -> Number:
    """Return the number that `text` can only mean.

    Parameters
    ----------
    text : str
        Digits with a decimal point, exponent, or thousands set apart. A comma is a
        decimal comma where it cannot stand between thousands: one of them, behind a
        zero, or not followed by three digits.
    has_decimal_comma : bool, default False
        Whether what it stands in is known to have decimal commas.

    Raises
    ------
    ValueError
        If it is no finite number, or may be two; the message says why.
    """
    bare = text.strip().replace("\N{MINUS SIGN}", "-")
    if len(bare) > _MAX_CHARACTERS:
        raise ValueError(f"{len(bare)} characters are no number")
    negative = bare.startswith("-")
    digits = bare[1:] if bare[:1] in {"-", "+"} else bare
    if digits.casefold() in _NOT_FINITE:
        raise ValueError("it is no finite number")
    found = _PLAIN.fullmatch(_with_point(digits, has_decimal_comma))
    if found is None:
        raise ValueError("it is no number")
    value = float(found[0])
    if not isfinite(value):
        raise ValueError("it is no finite number")
    return Number(-value if negative else value, _step(found[1], int(found[2] or 0)))


def _with_point(digits: str, has_decimal_comma: bool) -> str:
    """Return `digits` with a decimal point and without signs between thousands.

    Raises
    ------
    ValueError
        If a sign in it may be either.
    """
    for pattern, sign in _GROUPED:
        if pattern.fullmatch(digits):
            bare = digits.replace(sign, "") if sign else re.sub(r"\D", "", digits)
            return bare.replace(",", ".")
    comma = _COMMA.fullmatch(digits)
    if comma is None:
        if has_decimal_comma and "." in digits:
            raise ValueError("it has a point among numbers with decimal commas")
        return digits
    whole, rest = comma[1], comma[2]
    is_decimal = has_decimal_comma or len(rest) != 3 or whole == "0" or len(whole) > 3
    if not is_decimal:
        raise ValueError("its comma may stand before decimals or between thousands")
    return f"{whole}.{rest}"


def _step(mantissa: str, exponent: int) -> float | None:
    """Return one unit of the last digit of `mantissa` x 10^`exponent`."""
    digits = mantissa.replace(".", "").lstrip("0")
    if len(digits) >= _BINARY_DIGITS:
        return None
    n_decimals = len(mantissa.partition(".")[2])
    step = float(f"1e{exponent - n_decimals}")
    return step if step > 0 and isfinite(step) else None
