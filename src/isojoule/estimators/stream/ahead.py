"""What the epochs to come will take, also if a change may be going on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from isojoule.estimators.forecast import Prediction, predict_sum
from isojoule.estimators.regimes import Stable
from isojoule.estimators.stream.levels import Floats

_LEAST_OF_NEW: Final = 0.5
_MOST_OF_NEW: Final = 1.1
"""What a typical epoch of a new kind takes, as a share of its first: that one holds the
start-up. In the runs of del Rey et al. (2023) the share is 0.6 to 1.0."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the epochs to come will take together, in joules or in seconds.

    Parameters
    ----------
    value, low, high : float
        The estimate and the bounds of its interval.
    uncertainty : tuple of str
        What the interval is made of.
    sources : mapping of str to float
        Share of the variance behind it that each source of doubt has.
    """

    value: float
    low: float
    high: float
    uncertainty: tuple[str, ...]
    sources: Mapping[str, float]


OVER: Final = Ahead(0.0, 0.0, 0.0, ("all of these epochs are over",), {})
"""Where none are to come."""


def look_ahead(
    values: Floats,
    stable: Stable,
    *,
    n_left: float,
    doubts: Mapping[str, float],
    suspects: Floats,
    level: float,
) -> Ahead:
    """Return what the epochs to come will take.

    Parameters
    ----------
    values : ndarray of shape (n,)
        What the stable epochs took; the result is in their unit.
    stable : Stable
        Those epochs.
    n_left : float
        Epochs to come, above 0.
    doubts : mapping of str to float
        What they cannot tell, as shares of the sum.
    suspects : ndarray of shape (k,)
        What the epochs since then took, which depart from the stable ones. Where there
        are any, the interval also holds the case that all that follow are like them.
    level : float
        Coverage of the interval, in (0, 1).
    """
    found = predict_sum(
        values, stable.positions, n_left=n_left, period=stable.period, doubts=doubts
    )
    half = found.half_width(level)
    low, high = max(found.value - half, 0.0), found.value + half
    made_of = [
        f"{len(values)} stable epochs and their scatter",
        "slow wander of the level, as learned from finished runs and seen here",
        f"Student's distribution of {found.freedom:.0f} degrees of freedom",
    ]
    if len(suspects):
        least, most = _if_they_stay(found.value / n_left, suspects)
        low, high = min(low, least * n_left), max(high, most * n_left)
        made_of.append("whether the last epochs are a passing trouble")
    reach = (high - low) / 2 * (found.scale / half) if half else 0.0
    return Ahead(found.value, low, high, tuple(made_of), _shares(found, reach))


def _if_they_stay(expected: float, suspects: Floats) -> tuple[float, float]:
    """Return what an epoch takes, at least and at most, if all are like the last ones.

    One that departs by more than a tenth may be the first of another kind, which holds
    a start-up: what follows it may take a good deal less.
    """
    last = float(suspects[-1])
    if len(suspects) == 1 and abs(last - expected) > 0.1 * expected:
        return _LEAST_OF_NEW * last, _MOST_OF_NEW * last
    beyond = float(suspects.mean()) - expected
    return expected + min(1.2 * beyond, 0.0), expected + max(1.2 * beyond, 0.0)


def _shares(found: Prediction, reach: float) -> dict[str, float]:
    """Return the share of each source in the variance behind the interval.

    What the interval reaches beyond the prediction is that of a change going on.
    """
    variances = dict(found.variances)
    rest = reach**2 - sum(variances.values())
    if rest > 1e-9 * reach**2:
        variances["a change going on"] = rest
    whole = sum(variances.values())
    return {name: v / whole for name, v in variances.items() if v > 0 and whole > 0}
