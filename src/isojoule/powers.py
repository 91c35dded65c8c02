"""From power readings to the energy between any two times, and how sure that is."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from isojoule.counters import EnergySpan, middle

Floats = NDArray[np.float64]

_REACH_S: Final = 1.0  # how far beyond the last reading it still holds
_N_DEVIATIONS: Final = 2.0  # of what may have happened between readings: about 95 %
_STEADY: Final = 0.05  # of the mean: two readings that differ less are of one power
_MIN_CHANGES: Final = 10  # fewer do not tell how often a reading is renewed


@dataclass(frozen=True, slots=True)
class PowerSeries:
    """The readings of one power channel, ready to be asked for energies.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        When it was read [s].
    power_w : ndarray of shape (n,)
        Readings [W].
    lag_s : float
        How old a reading may be [s]: the longest of the time between readings, the
        time between two changes of them, and the mean that they are of.

    Notes
    -----
    A reading is held to the next one, not joined to it by a straight line: a driver
    answers with the value of its last refresh, so a reading is true until the next one,
    and equal readings are readings.
    """

    time_s: Floats
    power_w: Floats
    lag_s: float

    @classmethod
    def fit(
        cls, time_s: Floats, power_w: Floats, *, averaging_s: float | None = None
    ) -> Self | None:
        """Return the series of these readings; `None` if none succeeded.

        Parameters
        ----------
        time_s : ndarray of shape (n,)
            When the power was read [s], not decreasing.
        power_w : ndarray of shape (n,)
            Readings [W]; NaN where none was taken.
        averaging_s : float or None
            Length of the running mean that a reading is [s].
        """
        known = np.isfinite(power_w)
        if not known.any():
            return None
        time_s, power_w = time_s[known], power_w[known]
        lags_s = [averaging_s or 0.0]
        if len(time_s) > 1:
            lags_s.append(middle(np.diff(time_s)))
        changes_s = time_s[1:][np.diff(power_w) != 0]
        if len(changes_s) > _MIN_CHANGES:
            # The shortest distances: power that is steady changes later than it may.
            lags_s.append(float(np.percentile(np.diff(changes_s), 10)))
        return cls(time_s, power_w, max(lags_s))

    def held_j(self, start_s: Floats, end_s: Floats) -> Floats:
        """Return the integral of the held readings over each window [J].

        Parameters
        ----------
        start_s, end_s : ndarray of shape (n_windows,)
            Edges of the windows [s]. The first reading also holds back in time.
        """
        return self._since_first_j(end_s) - self._since_first_j(start_s)

    def _since_first_j(self, time_s: Floats) -> Floats:
        steps_j = self.power_w[:-1] * np.diff(self.time_s)
        sums_j = np.concatenate([[0.0], np.cumsum(steps_j)])
        at = np.clip(np.searchsorted(self.time_s, time_s, "right") - 1, 0, None)
        held_j: Floats = sums_j[at] + self.power_w[at] * (time_s - self.time_s[at])
        return held_j

    def between(self, start_s: Floats, end_s: Floats) -> list[EnergySpan | None]:
        r"""Return the energy of each window, with bounds.

        Parameters
        ----------
        start_s, end_s : ndarray of shape (n_windows,)
            Edges of the windows [s].

        Returns
        -------
        list of EnergySpan or None
            `None` where no reading lies near the window's edges.

        Notes
        -----
        A reading may be as old as `lag_s`, so each edge is off by up to that time at
        the highest power around it. Between two readings :math:`P_k, P_{k+1}`, a time
        :math:`\Delta_k` apart, the change happened at any moment, which gives the
        integral a variance of :math:`\sum_k (P_{k+1} - P_k)^2 \Delta_k^2 / 12`; two
        standard deviations of it are added. What rises and falls between two readings
        is not seen and not in the bounds.
        """
        energies_j = self.held_j(start_s, end_s)
        edges_j = self._edge_j(start_s) + self._edge_j(end_s)
        spread_j = edges_j + _N_DEVIATIONS * self._deviation_j(start_s, end_s)
        near = end_s >= self.time_s[0]
        near &= end_s <= self.time_s[-1] + max(_REACH_S, 2 * self.lag_s)
        return [
            EnergySpan(float(e), max(0.0, float(e - d)), float(e + d)) if n else None
            for e, d, n in zip(energies_j, spread_j, near, strict=True)
        ]

    def steady_w(self, start_s: Floats, end_s: Floats) -> Floats:
        """Return the power around each window [W]; NaN where it changed.

        Parameters
        ----------
        start_s, end_s : ndarray of shape (n_windows,)
            Edges of the windows [s].
        """
        last = len(self.time_s) - 1
        before = np.clip(np.searchsorted(self.time_s, start_s, "right") - 1, 0, last)
        after = np.clip(np.searchsorted(self.time_s, end_s, "left"), 0, last)
        powers_w = np.array([self.power_w[before], self.power_w[after]])
        mean_w: Floats = powers_w.mean(axis=0)
        near = start_s - self.time_s[before] <= 2 * self.lag_s
        near &= self.time_s[after] - end_s <= 2 * self.lag_s
        steady = np.ptp(powers_w, axis=0) <= _STEADY * mean_w
        return np.where(near & steady, mean_w, np.nan)

    def _edge_j(self, time_s: Floats) -> Floats:
        """Return what a late reading may misplace at each edge [J]."""
        last = len(self.time_s) - 1
        low = np.searchsorted(self.time_s, time_s - self.lag_s, "left")
        high = np.searchsorted(self.time_s, time_s + self.lag_s, "right")
        highest_w = [
            self.power_w[min(a, last) : max(b, min(a, last) + 1)].max()
            for a, b in zip(low, high, strict=True)
        ]
        return np.array(highest_w) * self.lag_s

    def _deviation_j(self, start_s: Floats, end_s: Floats) -> Floats:
        squares = (np.diff(self.power_w) * np.diff(self.time_s)) ** 2 / 12
        sums = np.concatenate([[0.0], np.cumsum(squares)])
        first = np.searchsorted(self.time_s, start_s, "left")
        last = np.searchsorted(self.time_s, end_s, "left")
        at_most = len(sums) - 1
        within = sums[np.minimum(last, at_most)] - sums[np.minimum(first, at_most)]
        deviation_j: Floats = np.sqrt(np.maximum(within, 0.0))
        return deviation_j
