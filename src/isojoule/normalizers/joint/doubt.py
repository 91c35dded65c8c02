"""Doubt that stays however well the ratio of two machines is known."""

from math import pi
from typing import Final

from isojoule.records import Observation
from isojoule.units import J_PER_KWH

BOARD_GAIN_SD: Final = 0.05
"""Systematic error of one board's energy, one standard deviation. Five cards against an
external meter were off by -7.9 to +12.7 %: Yang, Adamek, Armour (2023),
arXiv:2312.02741. Repeats do not lessen it, and two boards do not share it."""

OWN: Final = "repeats and rounding"
"""What a user calls the doubt that `own_variance` tells."""

_MAX_DIGITS: Final = 12


def gain_variance() -> float:
    """Return the variance of the log ratio of two boards that their gains make."""
    return 2 * BOARD_GAIN_SD**2


def own_variance(observation: Observation) -> float:
    """Return the variance of ln energy that repeats and rounding leave."""
    return repeat_variance(observation) + rounding_variance(observation.energy_j)


def repeat_variance(observation: Observation) -> float:
    r"""Return the variance of ln energy that the scatter of the repeats leaves.

    Zero for a single run: the model's noise has what one run deviates by.

    Notes
    -----
    The median of n repeats has variance :math:`\frac{\pi}{2} s^2 / n`.
    """
    spread, n = observation.repeat_std_fraction, observation.n_repeats
    if spread is None:
        return 0.0
    return pi / 2 * spread**2 / n


def rounding_variance(energy_j: float) -> float:
    """Return the variance of ln energy that rounding leaves.

    Parameters
    ----------
    energy_j : float
        As stated [J]. It was written in joules or in kilowatt-hours, and the one with
        the fewer digits counts; zeros before the point of a number of joules do too,
        because nobody rounds those.
    """
    step_j = max(
        min(_step_of(energy_j), 1.0), _step_of(energy_j / J_PER_KWH) * J_PER_KWH
    )
    # A uniform error of half a step.
    return min(1.0, (step_j / energy_j) ** 2 / 12)


def _step_of(value: float) -> float:
    """Return the value of the last digit that is not zero."""
    digits, _, exponent = f"{value:.{_MAX_DIGITS - 1}e}".partition("e")
    decimals = digits.rstrip("0").partition(".")[2]
    return float(10.0 ** (int(exponent) - len(decimals)))
