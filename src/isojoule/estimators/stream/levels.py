r"""The level of a series of epochs: typical value, scatter, warm-up, what repeats.

Constants marked *learned* come from half of the runs of del Rey et al. (2023) that have
raw samples: 152 runs of 5 of their 10 configurations, doi:10.5281/zenodo.7828518.
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]

PRIOR_FREEDOM: Final = 3.0
"""Weight of the prior scatter, as so many epochs: few, so that data soon outweigh it.
"""

PRIOR_SCATTER: Final = 0.006
"""Scatter of an epoch around its level, as a share, before any was seen. Learned: 0.2
to 1.2 % in the middle 80 % of the runs, 0.5 % in the median one."""

SUSPECT: Final = (3.0, 0.02)
"""Deviation, in scatters and as a share, from which on an epoch may be of another kind;
both have to be exceeded."""

N_REFERENCE: Final = 3
"""Epochs from which on a level is known well enough to call it stable."""

_FEW_SCATTER: Final = 0.06
"""What is added to the scatter of fewer epochs, as a share: they may be those of a
warm-up, and only a large step from them is another kind of work."""

ODD_PRIOR: Final = 10.0
"""Epochs without an odd one that are assumed beforehand. Learned: 2 % of the epochs
are odd, 1 in 50; fewer are assumed, so that a larger share is soon found."""

_CLIP: Final = 3.0
_MEAN_TO_STD: Final = 1.2533
"""Standard deviation over mean absolute deviation of a normal sample."""

_MAX_PERIOD: Final = 16
_MIN_CYCLES: Final = 3
_WORTH: Final = 0.01
"""Scatter from which on a pattern is looked for, as a share."""

_MIN_PERIODIC: Final = 8
_ALIKE: Final = 0.4
"""Share of the sum of squares that a series has in common with itself a period later,
at the least, where a pattern was seen three times."""

_FOLDED_SHARE: Final = 0.1
"""Share of the sum of squares that a period may leave unexplained. By chance 8 epochs
pass with a period of 2 in 3 of 10,000 cases (F test), longer ones less often."""


def median(values: Floats) -> float:
    """Return the median of at least one value; ten times faster than NumPy's."""
    middle = len(values) // 2
    parted = np.partition(values, middle)
    if len(values) % 2:
        return float(parted[middle])
    return float(parted[:middle].max() + parted[middle]) / 2


def typical(values: Floats) -> tuple[float, float]:
    r"""Return the median of a series and how far a value strays from it.

    Parameters
    ----------
    values : ndarray of shape (n,)
        At least one.

    Returns
    -------
    tuple of float
        Median :math:`c` and scatter, in the unit of the values.

    Notes
    -----
    The scatter is :math:`\sqrt{(\nu_0 (\sigma_0 c)^2 + n s^2) / (\nu_0 + n)}` with the
    prior `PRIOR_SCATTER` of the weight `PRIOR_FREEDOM` and :math:`s` = 1.2533 times the
    mean absolute deviation, which is the standard deviation of a normal sample, once
    values beyond three times it are left out. One in four values is never left out, so
    that what alternates counts as scatter and a single slow epoch does not.
    """
    n = len(values)
    center = median(values)
    off = np.abs(values - center)
    inside = off[off <= _CLIP * _MEAN_TO_STD * float(off.sum()) / n]
    spread = _MEAN_TO_STD * float(inside.sum()) / max(len(inside), 1)
    prior = PRIOR_FREEDOM * (PRIOR_SCATTER * center) ** 2
    return center, sqrt((prior + n * spread**2) / (PRIOR_FREEDOM + n))


def stable_from(*series: Floats) -> int:
    """Return the first position from which a stretch is like its later half.

    Parameters
    ----------
    *series : ndarray of shape (n,)
        What was measured of the same epochs, such as energy and duration.

    Returns
    -------
    int
        The first of two successive epochs that agree, in every series, with the later
        half: within three of its scatters or 2 % of its median. At most the middle.
    """
    n = len(series[0])
    agrees = np.ones(n, dtype=np.bool_)
    for values in series:
        center, scatter = typical(values[n // 2 :])
        agrees &= np.abs(values - center) <= tolerance(center, scatter)
    pairs = np.flatnonzero(agrees[:-1] & agrees[1:])
    return int(min(pairs[0], n // 2)) if len(pairs) else n // 2


def tolerance(center: float, scatter: float) -> float:
    """Return how far a value may be off the level and still be one of these."""
    scatters, share = SUSPECT
    return max(scatters * scatter, share * abs(center))


def period_of(values: Floats) -> int:
    """Return after how many epochs a pattern repeats, 1 where none does.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Successive epochs.

    Returns
    -------
    int
        The shortest period up to 16 that was seen three times and leaves less than a
        tenth of the sum of squares, as a validation after every fifth epoch does.
    """
    n = len(values)
    if n < _MIN_PERIODIC:
        return 1
    off = values - float(values.sum()) / n
    whole = float(off @ off)
    for period in range(2, min(_MAX_PERIOD, n // _MIN_CYCLES) + 1):
        # What repeats goes with itself a period before; most periods end here.
        if float(off[period:] @ off[:-period]) < _ALIKE * whole:
            continue
        cycles = off[n % period :].reshape(-1, period)
        squares = float((cycles * cycles).sum())
        means = cycles.sum(axis=0) / len(cycles)
        left = squares - len(cycles) * float(means @ means)
        common = float(means.sum()) / period
        apart = squares - len(cycles) * period * common**2
        if left < _FOLDED_SHARE * apart:
            return period
    return 1


@dataclass(frozen=True, slots=True)
class Level:
    """What an epoch of the current regime is expected to take.

    Parameters
    ----------
    values : tuple of float
        By the place in the period; one where nothing repeats.
    scatter : float
        How far an epoch strays from it.
    n_epochs : int
        From how many it is known.
    odd_share : float
        Chance that the next one is odd, after how many of these were.
    """

    values: tuple[float, ...]
    scatter: float
    n_epochs: int
    odd_share: float = 0.0

    def deviation(self, value: float, position: int) -> tuple[float, float]:
        """Return by which share a value departs, and by how many scatters."""
        expected = self.values[position % len(self.values)]
        beyond = value - expected
        share = beyond / expected if expected > 0 else (np.inf if beyond else 0.0)
        scatters = beyond / self.scatter if self.scatter > 0 else share * np.inf
        return float(share), float(scatters if beyond else 0.0)

    def holds(self, value: float) -> bool:
        """Return whether a value could be one of these, at some place."""
        return any(abs(value - v) <= tolerance(v, self.scatter) for v in self.values)


def judge_level(values: Floats, positions: Places, period: int) -> Level:
    """Return what the next epochs are expected to take.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Stable epochs.
    positions : ndarray of shape (n,)
        Where they stand in the training.
    period : int
        After how many epochs the pattern repeats.
    """
    center, scatter = typical(values)
    if len(values) < N_REFERENCE:
        scatter += _FEW_SCATTER * abs(center)
    if period == 1:
        off = values - center
        return Level((center,), scatter, len(values), _odd_share(off, center, scatter))
    place = positions % period
    levels = np.array([median(values[place == k]) for k in range(period)])
    off = values - levels[place]
    spread = typical(center + off)[1]
    return Level(
        tuple(float(v) for v in levels),
        spread,
        len(values),
        _odd_share(off, center, spread),
    )


def _odd_share(off: Floats, center: float, scatter: float) -> float:
    n_odd = int(np.count_nonzero(np.abs(off) > tolerance(center, scatter)))
    return n_odd / (len(off) + ODD_PRIOR)


def shared_period(energies_j: Floats, durations_s: Floats) -> int:
    """Return after how many epochs a pattern repeats in energy or else in time.

    Parameters
    ----------
    energies_j, durations_s : ndarray of shape (n,)
        Successive epochs.

    Returns
    -------
    int
        1 where nothing repeats, or where what repeats is below 1 %.
    """
    for values in (energies_j, durations_s):
        n = len(values)
        center = float(values.sum()) / n
        off = values - center
        if float(off @ off) > n * (_WORTH * center) ** 2:
            period = period_of(values)
            if period > 1:
                return period
    return 1
