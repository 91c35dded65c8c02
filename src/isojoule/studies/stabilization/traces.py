"""The power of a run over time: one series, in even steps where that is wanted."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.powers import PowerSeries
from isojoule.records import Channel, Component, Run, Samples

Floats: TypeAlias = NDArray[np.float64]

_PREFERRED: Final[tuple[frozenset[Component], ...]] = (
    frozenset({"gpu"}),
    frozenset({"node"}),
    frozenset({"cpu", "dram"}),
    frozenset({"wall"}),
    frozenset({"unstated"}),
)
"""Of which parts the power is taken; the first that was read. The accelerators come
first, for theirs is what the published analysis looks at."""

_QUANTITIES: Final = ("power_w", "average_power_w", "energy_j")


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """Power over time.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        When it was read [s], not decreasing.
    power_w : ndarray of shape (n,)
        Sum over the devices that were read [W].
    channels : tuple of str
        What was read.
    """

    time_s: Floats
    power_w: Floats
    channels: tuple[str, ...] = ()

    @property
    def period_s(self) -> float:
        """Median time between two readings [s]."""
        return float(np.median(np.diff(self.time_s)))

    @property
    def duration_s(self) -> float:
        """From the first reading to the last [s]."""
        return float(self.time_s[-1] - self.time_s[0])

    def since(self, start_s: float) -> "Trace":
        """Return the part from a time on [s]; it may be empty."""
        chosen = self.time_s >= start_s
        return Trace(self.time_s[chosen], self.power_w[chosen], self.channels)

    def averaged(self, step_s: float) -> "Trace":
        """Return the mean power of even steps, at the time where each begins.

        Parameters
        ----------
        step_s : float
            Length of a step [s]; what is left at the end is dropped.

        Notes
        -----
        A reading holds until the next, however far that is away.
        """
        n_steps = int(self.duration_s / step_s * (1 + 1e-12))
        edges_s = self.time_s[0] + step_s * np.arange(n_steps + 1)
        held_j = PowerSeries(self.time_s, self.power_w, 0.0).held_j(
            edges_s[:-1], edges_s[1:]
        )
        return Trace(edges_s[:-1], held_j / step_s, self.channels)


def trace_of(run: Run) -> Trace:
    """Return the power of a run, from where the run proper begins.

    Parameters
    ----------
    run : Run
        With samples: power readings, or counters, whose differences are taken.

    Raises
    ------
    InsufficientDataError
        If it has no readings of power or energy.
    """
    if run.samples is None:
        raise InsufficientDataError("has no samples")
    chosen = _chosen(run.samples.channels)
    inside = run.samples.time_s >= run.start_s
    time_s = run.samples.time_s[inside]
    rows = [_power_w(c, time_s, run.samples.values[i][inside]) for i, c in chosen]
    known = [row for row in rows if row is not None]
    if len(time_s) < 2 or not known or len(known) < len(rows):
        raise InsufficientDataError("has no readings of power in its samples")
    names = tuple(channel.name for _, channel in chosen)
    return Trace(time_s, np.sum(known, axis=0), names)


def has_trace(samples: Samples | None) -> bool:
    """Return whether samples hold a channel of power or energy."""
    return samples is not None and bool(_chosen(samples.channels))


def _chosen(channels: Iterable[Channel]) -> list[tuple[int, Channel]]:
    """Return one channel per device of the parts that are looked at."""
    useful = [(i, c) for i, c in enumerate(channels) if c.quantity in _QUANTITIES]
    useful.sort(key=lambda pair: _QUANTITIES.index(pair[1].quantity))
    for components in _PREFERRED:
        found: dict[tuple[str, str], tuple[int, Channel]] = {}
        for place, channel in useful:
            if channel.component in components:
                found.setdefault((channel.component, channel.device), (place, channel))
        if found:
            return list(found.values())
    return []


def _power_w(channel: Channel, time_s: Floats, row: Floats) -> Floats | None:
    """Return power at each time [W], the last known one held; `None` if none is."""
    if channel.quantity == "energy_j":
        time_known_s, row = _slopes_w(channel, time_s, row)
    else:
        time_known_s = time_s[np.isfinite(row)]
        row = row[np.isfinite(row)]
    if not len(row):
        return None
    at = np.clip(np.searchsorted(time_known_s, time_s, "right") - 1, 0, None)
    return np.asarray(row[at], dtype=np.float64)


def _slopes_w(channel: Channel, time_s: Floats, row: Floats) -> tuple[Floats, Floats]:
    """Return when a counter was read and its mean power until the next reading [W]."""
    known = np.isfinite(row)
    times_s, steps_s = time_s[known][:-1], np.diff(time_s[known])
    steps_j = np.diff(row[known])
    if channel.counter_range_j is not None:
        steps_j = np.where(steps_j < 0, steps_j + channel.counter_range_j, steps_j)
    usable = (steps_s > 0) & (steps_j >= 0)  # what falls without a range was reset
    return times_s[usable], steps_j[usable] / steps_s[usable]
