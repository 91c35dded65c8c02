"""Readings joined by straight lines, with the gaps that the lines bridge."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_GAP_PERIODS: Final = 3.0


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without readings that a straight line bridges.

    Parameters
    ----------
    start_s, end_s : float
        Readings around it [s].
    area : float
        What the line adds to the integral: of power [W] an energy [J].
    """

    start_s: float
    end_s: float
    area: float


@dataclass(frozen=True, slots=True)
class Joined:
    """The integral of readings, and what of it is guessed.

    Parameters
    ----------
    start_s, end_s : float
        First and last reading [s].
    area : float
        The integral between them: of power [W] an energy [J].
    gaps : tuple of Gap
        Stretches longer than three times the median spacing of the readings.
    period_s : float
        That median [s].
    """

    start_s: float
    end_s: float
    area: float
    gaps: tuple[Gap, ...]
    period_s: float

    def covers(self, start_s: float, end_s: float) -> bool:
        """Return whether no gap lies between the readings and the edges of a window.

        Parameters
        ----------
        start_s, end_s : float
            The window [s].
        """
        longest_s = _GAP_PERIODS * self.period_s
        return self.start_s - start_s <= longest_s and end_s - self.end_s <= longest_s


def join_readings(
    time_s: NDArray[np.float64], values: NDArray[np.float64]
) -> Joined | None:
    """Return the integral of readings by the trapezoidal rule.

    Parameters
    ----------
    time_s : ndarray of shape (n,)
        Times [s], not decreasing.
    values : ndarray of shape (n,)
        Readings; NaN where one failed, which is a part of the stretch between its
        neighbors.

    Returns
    -------
    Joined or None
        `None` where fewer than two readings at different times succeeded.
    """
    usable = np.isfinite(values)
    times, known = time_s[usable], values[usable]
    if len(times) < 2 or times[-1] <= times[0]:
        return None
    steps_s = np.diff(times)
    areas = steps_s * (known[1:] + known[:-1]) / 2
    period_s = float(np.median(steps_s))
    wide = np.flatnonzero(steps_s > _GAP_PERIODS * period_s)
    return Joined(
        start_s=float(times[0]),
        end_s=float(times[-1]),
        area=float(areas.sum()),
        gaps=tuple(
            Gap(float(times[i]), float(times[i + 1]), float(areas[i])) for i in wide
        ),
        period_s=period_s,
    )
