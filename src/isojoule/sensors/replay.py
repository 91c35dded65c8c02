"""Recorded samples, played again: a sensor for tests, demos and laptops."""

import time
from collections.abc import Callable, Collection
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from isojoule.records import Quantity, Samples


class ReplaySensor:
    """Gives the readings of a record at the pace of a clock.

    Parameters
    ----------
    samples : Samples
        The record.
    clock : callable
        Returns seconds on a monotonic axis [s].
    doubts : tuple of str
        What is doubtful about the record.

    Notes
    -----
    The time of the record runs from the first `read`. The reading of a channel holds
    until its next one and the last one for good; before its first there is none (NaN).
    """

    name = "replay"

    def __init__(
        self,
        samples: Samples,
        *,
        clock: Callable[[], float],
        doubts: tuple[str, ...] = (),
    ) -> None:
        self.doubts = doubts
        self._time_s = samples.time_s
        self._values = _held(samples.values)
        self._clock = clock
        self._started_s: float | None = None
        self._closed = False
        self.channels = samples.channels
        has_counter = any(c.quantity == "energy_j" for c in samples.channels)
        self.quantity: Literal["energy_j", "power_w"] = (
            "energy_j" if has_counter else "power_w"
        )

    @classmethod
    def open(
        cls,
        samples: Samples,
        *,
        clock: Callable[[], float] = time.monotonic,
        doubts: tuple[str, ...] = (),
    ) -> Self:
        """Return a sensor that plays `samples`.

        Parameters
        ----------
        samples : Samples
            The record.
        clock : callable, default `time.monotonic`
            Returns seconds on a monotonic axis [s].
        doubts : tuple of str
            What is doubtful about the record; it goes into the warnings of runs.

        Returns
        -------
        ReplaySensor
            Open, with the channels of the record.

        Raises
        ------
        ValueError
            If the record has no readings.
        """
        if samples.values.size == 0:
            raise ValueError("the record to replay has no readings: choose another one")
        return cls(samples, clock=clock, doubts=doubts)

    def read(self, quantities: Collection[Quantity] | None = None) -> list[float]:
        """Return the readings that held at this time, one per channel in its unit.

        Parameters
        ----------
        quantities : collection of str or None
            Not heeded: all readings are there at once.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the replay sensor is closed: open another one")
        del quantities
        now_s = self._clock()
        if self._started_s is None:
            self._started_s = now_s
        elapsed_s = now_s - self._started_s
        n_passed = int(np.searchsorted(self._time_s, elapsed_s, side="right"))
        if n_passed == 0:
            return [float("nan")] * len(self.channels)
        return [float(value) for value in self._values[:, n_passed - 1]]

    def close(self) -> None:
        """End the replay; there is nothing to release."""
        self._closed = True


def _held(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the readings with each gap filled by the reading before it."""
    taken = np.where(np.isfinite(values), np.arange(values.shape[1]), 0)
    held: NDArray[np.float64] = np.take_along_axis(
        values, np.maximum.accumulate(taken, axis=1), axis=1
    )
    return held
