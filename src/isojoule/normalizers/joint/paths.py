"""Estimates along several ways from one machine to another, put together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

SHARED_DOUBT: Final = 0.5
"""Correlation of the errors of two ways: both start from the same workload's deviation
on the source and end at its deviation on the target."""


@dataclass(frozen=True, slots=True)
class Way:
    """A log ratio along one way.

    Parameters
    ----------
    machines : tuple of str
        From the source to the target.
    log_ratio, scale : float
        Center and scale of Student's t.
    freedom : float
        Its degrees of freedom.
    shares : mapping of str to float
        What the variance is made of.
    """

    machines: tuple[str, ...]
    log_ratio: float
    scale: float
    freedom: float
    shares: dict[str, float]

    @property
    def label(self) -> str:
        """The machines in their order."""
        return " -> ".join(self.machines)


def join(first: Way, second: Way, slope: float) -> Way:
    """Return the way along `first` and then `second`.

    Parameters
    ----------
    first, second : Way
        Of which the second starts where the first ends.
    slope : float
        How much the second log ratio changes with that of the first: an energy that is
        wrong by the first is where the second starts.
    """
    carried = (1 + slope) ** 2 * first.scale**2
    variance = carried + second.scale**2
    names = first.shares.keys() | second.shares.keys()
    return Way(
        machines=first.machines + second.machines[1:],
        log_ratio=first.log_ratio + second.log_ratio,
        scale=float(np.sqrt(variance)),
        freedom=min(first.freedom, second.freedom),
        shares={
            name: (
                first.shares.get(name, 0.0) * carried
                + second.shares.get(name, 0.0) * second.scale**2
            )
            / variance
            for name in sorted(names)
        },
    )


def combine(ways: Sequence[Way]) -> Way:
    r"""Return one estimate from several ways.

    Parameters
    ----------
    ways : sequence of Way
        At least one, all from the same source to the same target.

    Notes
    -----
    Weights :math:`w_i \propto 1 / s_i^2`; the variance is
    :math:`\sum_{ij} w_i w_j \rho_{ij} s_i s_j` with :math:`\rho_{ij}` =
    `SHARED_DOUBT` for two different ways, and at most that of the best way. Where ways
    disagree by more than their scales allow, it is widened by
    :math:`\chi^2 / ((n - 1)(1 - \rho))`, as the Birge ratio does [1]_ for errors that
    are not shared.

    References
    ----------
    .. [1] Birge (1932), The Calculation of Errors by the Method of Least Squares,
       Physical Review 40, doi:10.1103/PhysRev.40.207.
    """
    if len(ways) == 1:
        return ways[0]
    scales = np.array([way.scale for way in ways])
    centers = np.array([way.log_ratio for way in ways])
    weights = scales**-2 / (scales**-2).sum()
    center = float(weights @ centers)
    correlation = np.full((len(ways), len(ways)), SHARED_DOUBT)
    np.fill_diagonal(correlation, 1.0)
    part = weights * scales
    variance = min(float(part @ correlation @ part), float(scales.min() ** 2))
    # Errors that ways share do not make them disagree.
    expected = (len(ways) - 1) * (1 - SHARED_DOUBT)
    birge = float((((centers - center) / scales) ** 2).sum()) / expected
    best = ways[int(scales.argmin())]
    names = sorted({name for way in ways for name in way.shares})
    return Way(
        machines=best.machines,
        log_ratio=center,
        scale=float(np.sqrt(variance * max(1.0, birge))),
        freedom=min(way.freedom for way in ways),
        shares={
            name: float(
                sum(
                    weight * way.shares.get(name, 0.0)
                    for weight, way in zip(weights, ways, strict=True)
                )
            )
            for name in names
        },
    )
