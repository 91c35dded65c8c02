r"""The sum of the epochs to come, from stable ones, with the doubt about it.

For :math:`m` stable epochs of mean :math:`\bar x` and :math:`r` epochs to come the sum
is :math:`r (\bar x + \Delta)`, where `stream.wander` tells the shift :math:`\Delta` of
the mean of the epochs to come and its variance, from the scatter :math:`\sigma` of an
epoch and a slow wander of the level. To that come

.. math::
   \frac{\sum_i e_i^2}{(m + n_0)^2} r^2 + \frac{\sum_i e_i^2}{m + n_0} r
   + (r \bar x)^2 \sum_i \delta_i^2

for odd epochs that exceed the others by :math:`e_i`, whose share is taken as
:math:`k / (m + n_0)`, and for what the stable epochs cannot tell, :math:`\delta_i`: a
trend that goes on, the board that may still be warming up, a first epoch that holds the
start-up, the scatter where there are one or two of them only. The interval is Student's
with :math:`\nu_0 + m - 1` degrees of freedom, where the prior of the scatter counts as
:math:`\nu_0` epochs.

Constants marked *learned* come from half of the runs of del Rey et al. (2023) that have
raw samples: 152 runs of 5 of their 10 configurations, doi:10.5281/zenodo.7828518.

References
----------
.. [1] Abramowitz & Stegun (1964), Handbook of Mathematical Functions, 26.7.5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, floor, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

from isojoule.estimators.stream.levels import (
    ODD_PRIOR,
    PRIOR_SCATTER,
    SUSPECT,
    Floats,
    Places,
    median,
    typical,
)
from isojoule.estimators.stream.wander import mean_to_come

WANDER_SHARE: Final = 0.001
WANDER_S: Final = 400.0
LASTING_SHARE: Final = 0.0005
"""How far the level wanders at the least, how long that stays [s], and what no number
of epochs averages out. It adds to the wander that the epochs themselves show. Learned,
with the prior scatter and the odd epochs to come: about the smallest values with which
intervals of 90 % cover 90 % of the runs from two stable epochs on."""

WARMUP_SHARE: Final = 0.05
WARMUP_S: Final = 80.0
"""How far the power is off its later value at the start of a training, and how fast
that fades [s]. Learned: 2.7 % (root of mean square) 50 s after the start, 1.3 % after
105 s, 0.7 % after 160 s, 0.4 % from 250 s on."""

_FEW_SHARES: Final[Mapping[int, float]] = {1: 0.05, 2: 0.03}
"""What so few stable epochs may be off, as a share of their level, by number: they
cannot tell how much epochs scatter, and the prior of that is of steady trainings."""

_N_TREND: Final = 5
"""Epochs from which on a slope can be told from scatter."""

_ODD: Final = 4.0
"""Scatters beyond which a single epoch is odd and does not count for the level."""

_ODD_UNSEEN: Final = 0.03
_ODD_SIZE: Final = 0.15
"""Odd epochs that the assumed ones count for in the variance, and their size, as a
share: what may come though it was not seen."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The sum over epochs to come.

    Parameters
    ----------
    value : float
        The sum.
    variances : mapping of str to float
        Where the doubt comes from, in squared units of the value.
    freedom : float
        Degrees of freedom of the interval.
    """

    value: float
    variances: Mapping[str, float]
    freedom: float

    @property
    def scale(self) -> float:
        """Standard error of the value."""
        return sqrt(sum(self.variances.values()))

    def half_width(self, level: float) -> float:
        """Return how far the interval of that coverage reaches to either side."""
        return student_quantile((1 + level) / 2, self.freedom) * self.scale


def student_quantile(probability: float, freedom: float) -> float:
    r"""Return a quantile of Student's distribution.

    Parameters
    ----------
    probability : float
        In (0, 1).
    freedom : float
        Degrees of freedom, at least 3.

    Notes
    -----
    Four terms of the expansion around the normal quantile [1]_; within 0.1 % up to a
    two-sided level of 0.95, within 1 % up to 0.99.
    """
    x = NormalDist().inv_cdf(probability)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(t / freedom**power for power, t in enumerate(terms, start=1))


def warmup_share(age_s: float) -> float:
    r"""Return how far the level may be off since the board was still warming up.

    Parameters
    ----------
    age_s : float
        Mean time of the stable epochs since the training began [s].

    Notes
    -----
    :math:`w = w_0 e^{-t / \tau}` with `WARMUP_SHARE` and `WARMUP_S`.
    """
    return WARMUP_SHARE * exp(-age_s / WARMUP_S)


def drift_share(n_seen: float, n_left: float, epoch_s: float) -> float:
    r"""Return how far the level may be off in epochs to come, by what is known of time.

    Parameters
    ----------
    n_seen, n_left : float
        Stable epochs, and epochs to come.
    epoch_s : float
        Length of one [s].

    Notes
    -----
    :math:`\delta^2 = \delta_w^2 (f(m) + f(r) - 2 c(m, r)) + \delta_l^2` where
    :math:`f` is the variance of a mean of epochs that keep :math:`e^{-d / \tau}` of
    their deviation from one to the next, for epochs of length :math:`d`, and :math:`c`
    the covariance of the two means: a few short epochs cannot tell it, many long ones
    average it out.
    """
    rho = min(exp(-epoch_s / WANDER_S), 1 - 1e-6)
    apart = 1 - rho
    shared = rho * (1 - rho**n_seen) * (1 - rho**n_left) / (n_seen * n_left * apart**2)
    own = _mean_variance(n_seen, rho) + _mean_variance(n_left, rho)
    return sqrt(WANDER_SHARE**2 * max(own - 2 * shared, 0.0) + LASTING_SHARE**2)


def _mean_variance(n: float, rho: float) -> float:
    """Return the variance of a mean of `n` values, each correlated with the next."""
    shared = 2 * rho * (1 - rho**n) / (n * (1 - rho) ** 2)
    return float(max((1 + rho) / (1 - rho) - shared, 0.0) / n)


def predict_sum(
    values: Floats,
    positions: Places,
    *,
    n_left: float,
    period: int = 1,
    doubts: Mapping[str, float] | None = None,
) -> Prediction:
    """Return the sum of the epochs to come.

    Parameters
    ----------
    values : ndarray of shape (m,)
        Stable epochs, at least one.
    positions : ndarray of shape (m,)
        Where they stand in the training; the epochs to come follow the last.
    n_left : float
        Epochs to come, above 0; the last may be a part of one.
    period : int, default 1
        After how many epochs their pattern repeats.
    doubts : mapping of str to float or None
        What else may be off, by which share of the sum: see `drift_share` and
        `warmup_share`.
    """
    folded = _fold(values, positions, period)
    n_of = _counts(int(positions[-1]) + 1, n_left, period)
    mean = float(n_of @ folded.levels) / n_left
    n_known = len(values) + ODD_PRIOR
    ahead = mean_to_come(
        folded.residuals,
        n_left=n_left,
        prior2=(PRIOR_SCATTER * mean) ** 2,
        n_fitted=period + len(folded.odd),
    )
    odd2 = float(folded.odd @ folded.odd) + _ODD_UNSEEN * (_ODD_SIZE * mean) ** 2
    uneven = ahead.scatter2 * _uneven(folded, n_of, n_left)
    variances = {
        "scatter": n_left**2 * (ahead.scatter2 + uneven),
        "wander": n_left**2 * ahead.wander2,
        "odd epochs": odd2 * (n_left**2 / n_known + n_left) / n_known,
        "trend": _trend(folded.residuals, n_left) ** 2,
        "few epochs": (_FEW_SHARES.get(len(values), 0.0) * n_left * mean) ** 2,
    }
    for name, share in (doubts or {}).items():
        variances[name] = (share * n_left * mean) ** 2
    excess = float(folded.odd.sum()) / n_known
    total = n_left * (mean + ahead.shift + excess)
    return Prediction(total, variances, ahead.freedom)


@dataclass(frozen=True, slots=True)
class _Folded:
    """Stable epochs by their place in a period.

    Parameters
    ----------
    levels : ndarray of shape (period,)
        Mean of the usual epochs at each place.
    n_at : ndarray of shape (period,)
        How many of them there are.
    residuals : ndarray of shape (m,)
        What the usual ones are above their level; 0 for the odd ones.
    odd : ndarray of shape (k,)
        What the odd ones are above it.
    """

    levels: Floats
    n_at: Floats
    residuals: Floats
    odd: Floats

    @property
    def n_usual(self) -> int:
        return int(self.n_at.sum())


def _fold(values: Floats, positions: Places, period: int) -> _Folded:
    if period == 1:
        center, spread = typical(values)
        off = values - center
        usual = np.abs(off) <= max(_ODD * spread, SUSPECT[1] * abs(center))
        n_usual = float(np.count_nonzero(usual))
        shift = float(off @ usual) / n_usual
        off -= shift
        levels, n_at = np.array([center + shift]), np.array([n_usual])
        return _Folded(levels, n_at, off * usual, off[~usual])
    place = positions % period
    centers = np.array([median(values[place == k]) for k in range(period)])
    off = values - centers[place]
    center = abs(float(centers.mean()))
    usual = np.abs(off) <= max(_ODD * typical(center + off)[1], SUSPECT[1] * center)
    n_at = np.bincount(place[usual], minlength=period).astype(np.float64)
    sums = np.bincount(place[usual], weights=off[usual], minlength=period)
    above = off - (sums / np.maximum(n_at, 1))[place]
    levels = centers + sums / np.maximum(n_at, 1)
    return _Folded(levels, n_at, above * usual, above[~usual])


def _trend(residuals: Floats, n_left: float) -> float:
    """Return how far the sum to come may be off if the epochs keep rising or falling.

    What the slope exceeds twice its standard error by is carried on for twice as long
    as it was seen, at most, and counts half: a trend may go on or end.
    """
    n = len(residuals)
    if n < _N_TREND:
        return 0.0
    place = np.arange(n) - (n - 1) / 2
    spread = float(place @ place)
    slope = float(place @ residuals) / spread
    rest = residuals - slope * place
    error = sqrt(float(rest @ rest) / (n - 2) / spread)
    beyond = max(abs(slope) - 2 * error, 0.0)
    return 0.5 * beyond * (n + min(n_left, 2 * n)) / 2 * n_left


def _uneven(folded: _Folded, n_of: Floats, n_left: float) -> float:
    """Return what the mean to come is less certain by since places differ.

    The places of a period are known from fewer epochs each than the whole is.
    """
    apart = float((n_of**2 / np.maximum(folded.n_at, 1)).sum()) / n_left**2
    return max(apart - 1 / max(folded.n_usual, 1), 0.0)


def _counts(next_position: int, n_left: float, period: int) -> Floats:
    """Return how many of the epochs to come fall on each place of the period."""
    whole = floor(n_left)
    counts = np.full(period, float(whole // period))
    for number in range(whole % period):
        counts[(next_position + number) % period] += 1
    counts[(next_position + whole) % period] += n_left - whole
    return counts
