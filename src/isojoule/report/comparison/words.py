"""Words and figures that the parts of a comparison's page share."""

import unicodedata
from collections.abc import Iterable
from math import isfinite
from typing import TYPE_CHECKING, Final

from isojoule.report.tables import NOT_KNOWN
from isojoule.submissions import Figure, Place
from isojoule.units import j_to_kwh

if TYPE_CHECKING:
    from isojoule.comparison.ranking import RankInterval

TIMES: Final = "\N{MULTIPLICATION SIGN}"

_N_NAMED: Final = 5
_MAX_PLAIN: Final = 1e5
_MIN_PLAIN: Final = 1e-4
_PREFIXES: Final = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def shown(text: str) -> str:
    """Return `text` with what cannot be seen made visible.

    Marks that turn the direction of writing, and control characters, could make a name
    look like another one or break a line; they are written as their code point.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        f"⟨U+{ord(c):04X}⟩" if unicodedata.category(c) in {"Cc", "Cf", "Cs"} else c
        for c in text
    )


def number_text(value: float | None) -> str:
    """Return a number with three significant digits, in full where it is not long."""
    if value is None or not isfinite(value):
        return NOT_KNOWN
    if value == 0:
        return "0"
    size = abs(value)
    if size >= _MAX_PLAIN or size < _MIN_PLAIN:
        return f"{value:.2e}".replace("-", "\N{MINUS SIGN}")
    exponent = int(f"{size:.2e}".split("e")[1])  # of the rounded value
    n_decimals = max(0, 2 - exponent)
    return f"{value:.{n_decimals}f}".replace("-", "\N{MINUS SIGN}")


def score_text(value: float | None, n_decimals: int | None) -> str:
    """Return a score with as many decimals as its column has."""
    if value is None or n_decimals is None or not isfinite(value):
        return number_text(value)
    return f"{value:.{n_decimals}f}".replace("-", "\N{MINUS SIGN}")


def kwh_text(energy_j: float | None) -> str:
    """Return an energy [J] as a number of kWh, without the unit."""
    return NOT_KNOWN if energy_j is None else number_text(j_to_kwh(energy_j))


def count_text(count: float | None) -> str:
    """Return a count with a prefix: ``1.11 M``."""
    if count is None or not isfinite(count):
        return NOT_KNOWN
    for factor, prefix in _PREFIXES:
        if abs(count) >= factor * 0.9995:
            return f"{number_text(count / factor)} {prefix}"
    return f"{count:g}"


def level_text(level: float) -> str:
    """Return a level of coverage in percent."""
    return f"{100 * level:g} %"


def share_text(share: float | None) -> str:
    """Return a probability in percent, never rounded to certainty."""
    if share is None or not isfinite(share):
        return NOT_KNOWN
    if 0 < share < 0.005:
        return "<1 %"
    if 0.995 < share < 1:
        return ">99 %"
    return f"{100 * share:.0f} %"


def small_share_text(share: float) -> str:
    """Return a share in percent with three digits, never rounded to none or all."""
    if 0 < share < 0.001:
        return "<0.1 %"
    if 0.999 < share < 1:
        return ">99.9 %"
    return f"{100 * share:.3g} %"


def error_text(log_std: float) -> str:
    """Return a standard deviation of a logarithm in percent with two digits."""
    percent = 100 * log_std
    if 0 < percent < 0.01:
        return "<0.01 %"
    return f"{percent:.0f} %" if percent >= 9.95 else f"{percent:#.2g} %"


def tau_text(tau: float | None) -> str:
    """Return a correlation with two decimals."""
    return NOT_KNOWN if tau is None else f"{tau:.2f}".replace("-", "\N{MINUS SIGN}")


def p_text(p_value: float | None) -> str:
    """Return the p-value of a test."""
    if p_value is None:
        return NOT_KNOWN
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def range_text(low: str, high: str) -> str:
    """Return an interval from its ends in words; nothing where one is not known."""
    if NOT_KNOWN in {low, high}:
        return ""
    return f"{low}\N{EN DASH}{high}"


def rank_text(row: "RankInterval") -> str:
    """Return a rank, with an equals sign where it is tied."""
    return f"{row.rank} =" if row.tied_with else str(row.rank)


def place_text(place: Place) -> str:
    """Return file, line and field of a figure."""
    field = f", {shown(place.field)}" if place.field else ""
    return f"{shown(str(place))}{field}"


def kind_text(figure: Figure) -> str:
    """Return the provenance of an energy, and what it covers."""
    return f"{figure.provenance}, {scope_text(figure.scope)}"


def scope_text(scope: str | None) -> str:
    """Return what an energy covers, in words."""
    return "scope not stated" if scope is None else scope


def named(names: Iterable[str], n_most: int = _N_NAMED) -> str:
    """Return the first of `names` and how many more there are."""
    listed = [shown(name) for name in names]
    more = len(listed) - n_most
    told = ", ".join(listed[:n_most])
    return f"{told} and {more} more" if more > 0 else told


def plural(n: int, noun: str, nouns: str = "") -> str:
    """Return a count with its noun: ``1 system``, ``1,200 systems``."""
    return f"{n:,} {noun if n == 1 else nouns or f'{noun}s'}"


def sentence(text: str) -> str:
    """Return `text` with a capital letter at its head and a full stop at its end."""
    told = text.strip()
    if not told:
        return ""
    end = "" if told[-1] in ".?!" else "."
    return f"{told[0].upper()}{told[1:]}{end}"
