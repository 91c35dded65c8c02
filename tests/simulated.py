"""A counter of known energy and the readings that a meter takes of it, without time."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Trajectory:
    """Power that is constant from each time on; true energy in closed form."""

    time_s: np.ndarray
    power_w: np.ndarray

    def energy_j(self, time_s):
        """Energy since time 0 [J]."""
        edges = np.append(self.time_s, np.inf)
        total = np.zeros_like(np.asarray(time_s, dtype=float))
        sums = np.concatenate(
            [[0.0], np.cumsum(self.power_w[:-1] * np.diff(self.time_s))]
        )
        at = np.clip(
            np.searchsorted(edges, time_s, "right") - 1, 0, len(self.power_w) - 1
        )
        return total + sums[at] + self.power_w[at] * (time_s - self.time_s[at])


def steady(power_w=300.0):
    return Trajectory(np.array([0.0]), np.array([power_w]))


def square(low_w, high_w, half_period_s, length_s, phase_s=0.0):
    times = np.arange(0.0, length_s, half_period_s) - phase_s
    return Trajectory(
        np.append(-1.0, times),
        np.append(low_w, np.where(np.arange(len(times)) % 2, low_w, high_w)),
    )


def counter_j(trajectory, time_s, *, refresh_s=0.1, phase_s=0.0, jitter_s=0.0):
    """What a counter shows: millijoules at its last tick; ticks are late at random."""

    def tick_s(number):
        late = np.abs(np.sin(number * 12.9898) * 43758.5453) % 1.0
        return phase_s + number * refresh_s + jitter_s * late

    number = np.floor((np.asarray(time_s) - phase_s) / refresh_s)
    number = np.where(tick_s(number) > time_s, number - 1, number)
    tick_s = tick_s(number)
    return np.floor(trajectory.energy_j(tick_s) * 1e3) / 1e3 + 5000.0


def metered(
    trajectory,
    windows,
    *,
    length_s,
    refresh_s=0.1,
    phase_s=0.0,
    period_s=0.1,
    poll_s=0.003,
    trace=True,
    jitter_s=0.0,
):
    """Times and readings of a meter: regular, at edges, and to the next tick."""

    def shown(t):
        return counter_j(
            trajectory, t, refresh_s=refresh_s, phase_s=phase_s, jitter_s=jitter_s
        )

    times = set(np.arange(0.0, length_s, period_s)) | {length_s}
    edges = [0.0, length_s, *(t for w in windows for t in w)]
    times |= set(edges)
    if trace:
        for edge in edges:
            n_ticks = 4 if edge == 0.0 else 2 if edge == length_s else 1
            t, seen = edge, 0
            while seen < n_ticks and t < edge + 1.0:
                if shown(t + poll_s) != shown(t):
                    times |= {t, t + poll_s}
                    seen += 1
                t += poll_s
    time_s = np.array(sorted(times))
    return time_s, shown(time_s)
