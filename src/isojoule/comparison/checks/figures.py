"""Numbers out of figures, and numbers into sentences: what the checks share."""

from collections.abc import Sequence
from math import exp, isfinite
from typing import Final

from isojoule.submissions import Figure
from isojoule.units import j_to_kwh

_MOST: Final = 1_000_000
"""Devices or members that can be; what is more is no count."""

_MOST_LOG: Final = 709.0
"""Whose exponential is still a number."""


def number_of(figure: Figure | None) -> float | None:
    """Return the value of a figure; `None` where there is none or it is not finite."""
    if figure is None or figure.value is None or not isfinite(figure.value):
        return None
    return figure.value


def positive_of(figure: Figure | None) -> float | None:
    """Return the value of a figure where it is above 0."""
    value = number_of(figure)
    return value if value is not None and value > 0 else None


def count_of(figure: Figure | None) -> int | None:
    """Return the value of a figure where it is a count of one or more that can be."""
    value = positive_of(figure)
    if value is None or value > _MOST or value != round(value):
        return None
    return int(value)


def digits_of(figure: Figure | None) -> int | None:
    """Return the significant digits that were written, where they are known."""
    value = positive_of(figure)
    if figure is None or value is None or not figure.step:
        return None
    return figure.n_significant_digits if isfinite(value / figure.step) else None


def rounding_of(figure: Figure | None) -> float:
    """Return the most that rounding can be off, as a share of the value.

    Returns
    -------
    float
        Half a unit of the last digit over the value; 0 where the text is not a rounded
        decimal.
    """
    value = positive_of(figure)
    if figure is None or value is None or figure.step is None:
        return 0.0
    return figure.step / 2 / value


def log_median(ordered_logs: Sequence[float], *, without: int | None = None) -> float:
    """Return what lies in the middle of `ordered_logs`, not as a logarithm.

    Parameters
    ----------
    ordered_logs : sequence of float
        Logarithms, rising.
    without : int or None
        Index of one that is left out; at least one must remain.

    Notes
    -----
    Of an even number the geometric mean of the two in the middle: half and twice as
    much are equally far away. Nothing is copied, so that each of many may be left out
    in turn.
    """
    n_kept = len(ordered_logs) - (without is not None)

    def kept(index: int) -> float:
        return ordered_logs[index + (without is not None and index >= without)]

    middle = (kept((n_kept - 1) // 2) + kept(n_kept // 2)) / 2
    return exp(min(middle, _MOST_LOG))


def distance(value: float, other: float) -> float:
    """Return how far two values above 0 are apart, as a factor from 1 on."""
    return max(value, other) / min(value, other)


def in_kwh(energy: Figure | float | None) -> str:
    """Return an energy [J] as people write it, in kWh."""
    value = number_of(energy) if isinstance(energy, Figure) else energy
    return "no energy" if value is None else f"{j_to_kwh(value):.5g} kWh"


def in_watts(power_w: float) -> str:
    """Return a power [W] as people write it: 6.0 W, 33.6 W, 2000 W."""
    return f"{power_w:.1f} W" if power_w < 100 else f"{power_w:.0f} W"


def in_times(factor: float) -> str:
    """Return a factor as people write it: 1.7, 33, 2000."""
    return f"{factor:.2g}" if factor < 10 else f"{factor:.0f}"


def counted(n: int, thing: str) -> str:
    """Return a count with its thing: 1 device, 4 devices."""
    return f"{n} {thing}{'' if n == 1 else 's'}"


def listed(things: Sequence[str]) -> str:
    """Return several things in a sentence: a; a and b; a, b and c."""
    if len(things) < 2:
        return "".join(things)
    return f"{', '.join(things[:-1])} and {things[-1]}"
