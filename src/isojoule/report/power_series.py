"""The readings of a run as mean power per component and interval of time."""

from dataclasses import dataclass
from math import floor
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.records import Channel, Component, Run, Samples

_Array: TypeAlias = NDArray[np.float64]

_MAX_BINS: Final = 240
_MIN_BIN_S: Final = 0.5  # narrower bins would show the refresh of the sensor


@dataclass(frozen=True, slots=True, eq=False)
class PowerSeries:
    """Mean power of one component over the time of a run.

    Parameters
    ----------
    component : Component
        All of its devices added up.
    modelled : bool
        Whether the power of any device is not measured.
    edges_s : ndarray of shape (n_bins + 1,)
        Edges of the intervals, on the time axis of the samples [s].
    power_w : ndarray of shape (n_bins,)
        Mean power of each interval [W], NaN where it cannot be known.
    """

    component: Component
    modelled: bool
    edges_s: _Array
    power_w: _Array


def peak_powers_w(run: Run) -> dict[Component, float]:
    """Return the highest mean power of each component over a second [W].

    Parameters
    ----------
    run : Run
        Its samples hold power [W] or energy counters [J]; shorter ones than two seconds
        have no peak.
    """
    n_seconds = floor(run.duration_s or 0.0)
    if n_seconds < 2:
        return {}
    seconds = run.start_s + np.arange(n_seconds + 1, dtype=np.float64)
    return {
        series.component: float(np.nanmax(series.power_w))
        for series in power_series(run, edges_s=seconds)
    }


def power_series(run: Run, *, edges_s: _Array | None = None) -> list[PowerSeries]:
    """Return the power of each component of `run` that has readings.

    Parameters
    ----------
    run : Run
        Its samples hold power [W] or energy counters [J].
    edges_s : ndarray of shape (n_bins + 1,) or None
        Edges of the intervals [s]; those of `bin_edges_s` where `None`.

    Returns
    -------
    list of PowerSeries
        Power [W], the devices of a component added up; empty without readings.
    """
    samples = run.samples
    if samples is None or len(samples.time_s) < 2:
        return []
    edges_s = bin_edges_s(samples.time_s) if edges_s is None else edges_s
    by_component: dict[Component, list[tuple[Channel, _Array]]] = {}
    for channel, row in _one_channel_per_device(samples):
        power_w = mean_power_w(channel, samples.time_s, row, edges_s)
        by_component.setdefault(channel.component, []).append((channel, power_w))
    traces = [
        PowerSeries(
            component,
            any(channel.provenance != "measured" for channel, _ in devices),
            edges_s,
            # NaN spreads: a sum that leaves a device out is not the component's power.
            np.sum([power_w for _, power_w in devices], axis=0),
        )
        for component, devices in by_component.items()
    ]
    return [t for t in traces if np.isfinite(t.power_w).any()]


def bin_edges_s(time_s: _Array) -> _Array:
    """Return equal intervals over all readings, at most as many as the readings give.

    Parameters
    ----------
    time_s : ndarray of shape (n_samples,)
        Times of the readings, rising [s].

    Returns
    -------
    ndarray of shape (n_bins + 1,)
        Edges [s].
    """
    start_s, end_s = float(time_s[0]), float(time_s[-1])
    fitting = floor((end_s - start_s) / _MIN_BIN_S)
    n_bins = max(1, min(_MAX_BINS, len(time_s) - 1, fitting))
    return np.linspace(start_s, end_s, n_bins + 1)


def _one_channel_per_device(
    samples: Samples,
) -> list[tuple[Channel, _Array]]:
    """Return the power readings of each device, or its counter where it has none."""
    chosen: dict[tuple[str, str], tuple[Channel, _Array]] = {}
    for quantity in ("power_w", "energy_j"):
        for channel, row in zip(samples.channels, samples.values, strict=True):
            if channel.quantity == quantity and np.isfinite(row).sum() >= 2:
                chosen.setdefault((channel.component, channel.device), (channel, row))
    return list(chosen.values())


def mean_power_w(
    channel: Channel,
    time_s: _Array,
    row: _Array,
    edges_s: _Array,
) -> _Array:
    """Return the mean power of one device between the edges.

    Parameters
    ----------
    channel : Channel
        Whether `row` holds power or a counter, and where the counter starts again.
    time_s : ndarray of shape (n_samples,)
        Times of the readings, rising [s].
    row : ndarray of shape (n_samples,)
        Readings [W] or [J]; NaN is a reading that failed.
    edges_s : ndarray of shape (n_bins + 1,)
        Edges of the intervals [s].

    Returns
    -------
    ndarray of shape (n_bins,)
        Mean power [W], NaN where it cannot be known: before the first reading, after
        the last, and where a counter without a range was reset.

    Notes
    -----
    A power reading is held until the next one that did not fail; the energy between
    two readings of a counter is taken as used at a steady rate.
    """
    known = np.isfinite(row)
    times_s, readings = time_s[known], row[known]
    lengths_s = np.diff(times_s)
    if channel.quantity == "power_w":
        steps_j = readings[:-1] * lengths_s
    else:
        steps_j = np.diff(readings)
        # Without a range a fall is a reset, and what was used meanwhile is lost.
        wrap_j = np.nan if channel.counter_range_j is None else channel.counter_range_j
        steps_j[steps_j < 0] += wrap_j
    lost_s = np.where(np.isnan(steps_j), lengths_s, 0.0)
    energy_j = _between(edges_s, times_s, np.nan_to_num(steps_j, nan=0.0))
    power_w: _Array = energy_j / np.diff(edges_s)
    power_w[_between(edges_s, times_s, lost_s) > 0] = np.nan
    return power_w


def _between(
    edges_s: _Array,
    times_s: _Array,
    steps: _Array,
) -> _Array:
    """Return how much of what grew by `steps` falls between the edges."""
    grown = np.concatenate(([0.0], np.cumsum(steps)))
    return np.diff(np.interp(edges_s, times_s, grown, left=np.nan, right=np.nan))
