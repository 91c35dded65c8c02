"""Recorded samples, played again: a sensor for tests, demos and laptops."""

import time
from collections.abc import Callable
from typing import Literal, Self

import numpy as np

from isojoule.records import Samples


class ReplaySensor:
    """Gives the readings of a record at the pace of a clock.

    Parameters
    ----------
    samples : Samples
        The record.
    clock : callable
        Returns seconds on a monotonic axis [s].

    Notes
    -----
    The time of the record runs from the first `read`. A reading holds until the next
    one and the last one for good; before the first one there is none (NaN).
    """

    name = "replay"

    def __init__(self, samples: Samples, *, clock: Callable[[], float]) -> None:
        self._samples = samples
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
        cls, samples: Samples, *, clock: Callable[[], float] = time.monotonic
    ) -> Self:
        """Return a sensor that plays `samples`.

        Parameters
        ----------
        samples : Samples
            The record.
        clock : callable, default `time.monotonic`
            Returns seconds on a monotonic axis [s].

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
        return cls(samples, clock=clock)

    def read(self) -> list[float]:
        """Return the readings that held at this time, one per channel in its unit.

        Raises
        ------
        ValueError
            If the sensor is closed.
        """
        if self._closed:
            raise ValueError("the replay sensor is closed: open another one")
        now_s = self._clock()
        if self._started_s is None:
            self._started_s = now_s
        elapsed_s = now_s - self._started_s
        n_passed = int(np.searchsorted(self._samples.time_s, elapsed_s, side="right"))
        if n_passed == 0:
            return [float("nan")] * len(self.channels)
        return [float(value) for value in self._samples.values[:, n_passed - 1]]

    def close(self) -> None:
        """End the replay; there is nothing to release."""
        self._closed = True
