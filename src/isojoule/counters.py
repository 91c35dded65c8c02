"""From the readings of an energy counter to the energy between any two times.

A counter refreshes in ticks, about ten a second for NVML: between two ticks it stands
still. The energy at a time that is no tick lies between the ticks around it, whatever
the power did there; where within, its power before and after tells.
"""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

NARROW_S: Final = 0.006
"""A tick that two readings this close enclose counts as seen [s]."""

_MARGIN: Final = (
    0.06  # share of a refresh around a tick in which a reading may be of both
)
_MAX_REFRESHES: Final = 3  # how far from an edge its power is still that of the edge
_STEADY: Final = 0.15  # ticks are not quite regular: a mean power is off by as much
_MIN_STEP: Final = 0.05  # relative change of power below which it counts as steady
_REACH_S: Final = 1.0  # how far beyond the readings an edge may lie


@dataclass(frozen=True, slots=True)
class EnergySpan:
    """Energy between two times.

    Parameters
    ----------
    energy_j : float
        Best estimate [J].
    low_j, high_j : float
        Bounds that hold whatever the power did within the refreshes at the edges [J].
    """

    energy_j: float
    low_j: float
    high_j: float


@dataclass(frozen=True, slots=True)
class _Edges:
    """Energy on the axis of the counter at several times [J]; NaN where unknown.

    Beside it the ticks around each time [s], whether the later one was seen closely,
    and the mean power in the refreshes before and after them [W].
    """

    energy_j: Floats
    low_j: Floats
    high_j: Floats
    segment: Indices
    previous_s: Floats
    tick_s: Floats
    before_w: Floats
    after_w: Floats
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class CounterSeries:
    """The readings of one counter, ready to be asked for energies.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        When it was read [s].
    energy_j : ndarray of shape (n,)
        Readings without wrap-around, never falling within a segment [J].
    segment : ndarray of shape (n,)
        Numbers the stretches between resets.
    group : ndarray of shape (n,)
        Numbers the ticks: readings of one group are of the same tick.
    first : ndarray of shape (n_groups,)
        Index of the first reading of each group.
    refresh_s : float or None
        Time between two ticks [s]; `None` where the readings do not tell.
    """

    time_s: Floats
    energy_j: Floats
    segment: Indices
    group: Indices
    first: Indices
    refresh_s: float | None

    @classmethod
    def fit(
        cls,
        time_s: Floats,
        readings_j: Floats,
        *,
        counter_range_j: float | None = None,
    ) -> Self | None:
        """Return the series of these readings; `None` if fewer than two succeeded.

        Parameters
        ----------
        time_s : ndarray of shape (n,)
            When the counter was read [s], not decreasing.
        readings_j : ndarray of shape (n,)
            Its values [J]; NaN where none was read.
        counter_range_j : float or None
            Where the counter starts again from zero [J]. With a known range every fall
            is one wrap-around; without, it is a reset, as by a driver reload.
        """
        known = np.isfinite(readings_j)
        time_s, energy_j = time_s[known], readings_j[known]
        if len(energy_j) < 2:
            return None
        falls = np.flatnonzero(np.diff(energy_j) < 0) + 1
        segment = np.zeros(len(energy_j), dtype=np.intp)
        if counter_range_j is None:
            segment[falls] = 1
            segment = np.cumsum(segment)
        else:
            laps = np.zeros(len(energy_j))
            laps[falls] = counter_range_j
            energy_j = energy_j + np.cumsum(laps)
        changed = np.append(True, np.diff(energy_j) != 0)
        first = np.flatnonzero(changed)
        return cls(
            time_s,
            energy_j,
            segment,
            np.cumsum(changed) - 1,
            first,
            _refresh_s(time_s, first),
        )

    def between(
        self, start_s: Floats, end_s: Floats, *, steady_w: Floats | None = None
    ) -> list[EnergySpan | None]:
        r"""Return the energy of each window.

        Parameters
        ----------
        start_s, end_s : ndarray of shape (n_windows,)
            Edges of the windows on the axis of the readings [s].
        steady_w : ndarray of shape (n_windows,) or None
            Power that was read before and after a window and did not change [W]; NaN
            where it did.

        Returns
        -------
        list of EnergySpan or None
            `None` where the counter was reset within the window, was not read near its
            edges, or never moved: that is not 0 J.

        Notes
        -----
        Let a counter show :math:`C_k` from its tick :math:`u_k` on. Energy only grows,
        so at :math:`u_k \le t < u_{k+1}` it is at least :math:`C_k` and at most
        :math:`C_{k+1}`: these are the bounds of an edge. The estimate takes the power
        before, :math:`P_b = (C_k - C_{k-n}) / n T`, and after,
        :math:`P_a = (C_{k+1+n} - C_{k+1}) / n T`, and one step from the one to the
        other where it must lie for the energy :math:`C_{k+1} - C_k` of the refresh;
        where no such step exists, a constant power. In a window of up to three
        refreshes that times are not exact weighs more: there a steady power, if the
        counter agrees with it, times the length of the window is the estimate.
        """
        if len(self.first) < 2:
            return [None] * len(start_s)
        opens, closes = self._at(start_s), self._at(end_s)
        unsteady = np.full(len(start_s), np.nan)
        steady_j = self._steady_j(
            opens, closes, end_s - start_s, unsteady if steady_w is None else steady_w
        )
        spans: list[EnergySpan | None] = []
        for i, (start, end) in enumerate(zip(start_s, end_s, strict=True)):
            known = np.isfinite(opens.energy_j[i]) and np.isfinite(closes.energy_j[i])
            if not known or opens.segment[i] != closes.segment[i]:
                spans.append(None)
                continue
            low_j = max(0.0, float(closes.low_j[i] - opens.high_j[i]))
            high_j = float(closes.high_j[i] - opens.low_j[i])
            energy_j = float(closes.energy_j[i] - opens.energy_j[i])
            if np.isfinite(steady_j[i]):
                energy_j = float(steady_j[i])
            if energy_j <= 0 < high_j:  # both edges on the same side of a tick
                energy_j = high_j * min(1.0, float(end - start) / self._typical_s)
            spans.append(
                EnergySpan(min(max(energy_j, low_j), high_j), low_j, high_j)
                if high_j > 0
                else None
            )
        return spans

    def _steady_j(
        self, opens: _Edges, closes: _Edges, length_s: Floats, steady_w: Floats
    ) -> Floats:
        """Return the energies of short windows amid steady power; NaN elsewhere."""
        enclosing_s = np.maximum(closes.tick_s - opens.previous_s, self._typical_s / 2)
        enclosing_w = (closes.high_j - opens.low_j) / enclosing_s
        agrees = np.abs(enclosing_w - steady_w) <= _STEADY * steady_w
        agrees &= (length_s < _MAX_REFRESHES * self._typical_s) & closes.seen
        steady_j: Floats = np.where(agrees, steady_w * length_s, np.nan)
        return steady_j

    @property
    def _typical_s(self) -> float:
        """Refresh [s], or what stands for it where it was not seen."""
        if self.refresh_s is not None:
            return self.refresh_s
        return middle(np.diff(self.time_s[self.first]))

    def _at(self, time_s: Floats) -> _Edges:
        """Return the energy on the axis of the counter at each time."""
        times, n_groups = self.time_s, len(self.first)
        typical_s = self._typical_s
        before = np.clip(np.searchsorted(times, time_s, "right") - 1, 0, None)
        after = np.clip(np.searchsorted(times, time_s, "left"), None, len(times) - 1)
        group = self.group[before]
        following = np.minimum(self.group[after] + 1, n_groups - 1)
        # A tick after a reset belongs to another count.
        same = self.segment[self.first[following]] == self.segment[after]
        has_next = (self.group[after] + 1 < n_groups) & same
        low_j = self.energy_j[before].copy()
        next_j = self.energy_j[self.first[following]]

        tick_s, width_s = self._ticks(following)
        seen = has_next & (group == self.group[after])
        seen &= width_s <= min(NARROW_S, typical_s / 2)
        previous_s = np.where(seen, tick_s - typical_s, self._ticks(group)[0])
        previous_s = np.minimum(previous_s, time_s)
        before_w = self._power_w(group, previous_s, sign=-1)
        after_w = self._power_w(following, tick_s, sign=1)

        # Without a tick afterwards the bound is the highest power that was seen.
        top_w = self._top_w()
        beyond_s = np.abs(time_s - np.clip(time_s, times[0], times[-1]))
        unseen_j = top_w * (typical_s + beyond_s)
        high_j = np.where(has_next, next_j, self.energy_j[after] + unseen_j)
        span_s = np.where(has_next, tick_s - previous_s, typical_s + beyond_s)
        inside_s = np.clip(time_s - previous_s, 0.0, span_s)
        steady_j = low_j + (high_j - low_j) * inside_s / np.maximum(span_s, 1e-9)
        recent_w = np.where(np.isfinite(before_w), before_w, top_w)
        energy_j = np.where(has_next, steady_j, low_j + recent_w * inside_s)
        stepped_j = low_j + _stepped_j(
            inside_s, typical_s, high_j - low_j, before_w, after_w
        )
        energy_j = np.where(seen & np.isfinite(stepped_j), stepped_j, energy_j)

        if self.refresh_s is None:  # nothing better than to take readings for current
            energy_j = np.interp(time_s, times, self.energy_j)
        early = time_s < times[0]
        low_j = np.where(early, low_j - unseen_j, low_j)
        energy_j = np.where(early, self.energy_j[0], energy_j)
        energy_j = np.clip(energy_j, low_j, high_j)
        energy_j[beyond_s > _REACH_S] = np.nan
        return _Edges(
            energy_j=energy_j,
            low_j=low_j,
            high_j=high_j,
            segment=self.segment[after],
            previous_s=previous_s,
            tick_s=tick_s,
            before_w=before_w,
            after_w=after_w,
            seen=seen,
        )

    def _ticks(self, group: Indices) -> tuple[Floats, Floats]:
        """Return when each group began: the middle of two readings, and their gap."""
        at = self.first[group]
        last_s = self.time_s[np.maximum(at - 1, 0)]
        first_s = self.time_s[at]
        return (last_s + first_s) / 2, first_s - last_s

    def _top_w(self) -> float:
        """Return the highest mean power between two ticks [W]."""
        # Of ticks whose distance is a refresh or more: nearer ones are not resolved.
        times, energies = self.time_s[self.first], self.energy_j[self.first]
        span_s = np.maximum(np.diff(times), self._typical_s * 0.5)
        return float(np.max(np.diff(energies) / span_s, initial=0.0))

    def _power_w(self, group: Indices, tick_s: Floats, *, sign: int) -> Floats:
        """Return the mean power in the refreshes around ticks [W]; NaN if not seen.

        Parameters
        ----------
        group : ndarray of int
            The tick as a group of readings.
        tick_s : ndarray
            When it was [s].
        sign : {-1, 1}
            In the refreshes before or after it.
        """
        power_w = np.full(len(tick_s), np.nan)
        if self.refresh_s is None:
            return power_w
        refresh_s, last = self.refresh_s, len(self.time_s) - 1
        tick_j = self.energy_j[self.first[group]]
        tick_segment = self.segment[self.first[group]]
        # The nearest reading beyond the tick of which it is clear how many ticks away
        # the value is that it shows.
        start = (
            np.searchsorted(self.time_s, tick_s + refresh_s, "left")
            if sign > 0
            else np.searchsorted(self.time_s, tick_s, "right") - 1
        )
        for further in range(4):
            row = np.clip(start + sign * further, 0, last)
            distance = np.abs(self.time_s[row] - tick_s) / refresh_s
            n_ticks = np.floor(distance) if sign > 0 else np.ceil(distance)
            clear = np.abs(distance - np.round(distance)) > _MARGIN
            beyond = sign * (self.time_s[row] - tick_s) > 0
            usable = clear & beyond & (n_ticks >= 1) & (n_ticks <= _MAX_REFRESHES)
            usable &= (self.segment[row] == tick_segment) & np.isnan(power_w)
            energy_j = sign * (self.energy_j[row] - tick_j)
            found_w = energy_j / (np.maximum(n_ticks, 1) * refresh_s)
            power_w = np.where(usable, found_w, power_w)
        return power_w


def _refresh_s(time_s: Floats, first: Indices) -> float | None:
    """Return the time between ticks [s], from ticks that readings enclose closely."""
    inner = first[first > 0]
    if len(inner) < 2:
        return None
    middle_s = (time_s[inner] + time_s[inner - 1]) / 2
    width_s = time_s[inner] - time_s[inner - 1]
    apart_s = np.diff(middle_s)
    both_s = width_s[1:] + width_s[:-1]
    enclosed = (both_s <= 0.25 * apart_s) | (both_s <= 2 * NARROW_S)
    # Where the readings follow closely no tick is missed between two of them.
    return middle(apart_s[enclosed]) if enclosed.any() else None


def _stepped_j(
    inside_s: Floats,
    refresh_s: float,
    refresh_j: Floats,
    before_w: Floats,
    after_w: Floats,
) -> Floats:
    """Return the energy since the tick, with the power of its surroundings.

    Parameters
    ----------
    inside_s : ndarray
        Time since the tick [s].
    refresh_s : float
        Time between two ticks [s].
    refresh_j : ndarray
        Energy between them [J].
    before_w, after_w : ndarray
        Power in the refreshes before and after [W]; NaN where not known.

    Returns
    -------
    ndarray
        NaN where no step from the one power to the other gives that energy.
    """
    from_after = refresh_j - after_w * (refresh_s - inside_s)
    one_sided = np.where(np.isnan(before_w), from_after, before_w * inside_s)
    change_w = after_w - before_w
    steady = np.abs(change_w) <= _MIN_STEP * np.maximum(after_w, before_w)
    safe_w = np.where(steady | np.isnan(change_w), 1.0, change_w)
    step_s = (after_w * refresh_s - refresh_j) / safe_w
    tolerance_s = 0.05 * refresh_s
    fits = (step_s >= -tolerance_s) & (step_s <= refresh_s + tolerance_s) & ~steady
    step_s = np.clip(step_s, 0.0, refresh_s)
    stepped = before_w * np.minimum(inside_s, step_s)
    stepped = stepped + after_w * np.maximum(0.0, inside_s - step_s)
    # Ticks are not quite regular: the mean over three refreshes is that of all.
    mean_w = (before_w + refresh_j / refresh_s + after_w) / 3
    level = steady & (np.abs(refresh_j / refresh_s - mean_w) <= _STEADY * mean_w)
    even = refresh_j - mean_w * (refresh_s - inside_s)
    both = np.where(fits, stepped, np.where(level, even, np.nan))
    return np.where(np.isnan(change_w), one_sided, both)


def middle(values: Floats) -> float:
    """Return the median, the higher of two; np.median would load numpy.ma."""
    half = len(values) // 2
    return float(np.partition(values, half)[half])
