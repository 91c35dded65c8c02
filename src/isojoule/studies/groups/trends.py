"""Whether a figure rises with a number that differs between groups."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

from isojoule.studies.groups.factors import Factor
from isojoule.studies.groups.quantities import Case
from isojoule.studies.intervals import Interval, correlation_interval, require_scipy

MIN_POINTS: Final = 4
"""The error of a rank correlation has n - 3 below the line."""

_MIN_STEPS: Final = 3


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether the figures rise with a number that differs between the groups.

    Parameters
    ----------
    against : str
        Name of the factor.
    label : str
        For people.
    n, n_steps : int
        Runs that state it, and its different values.
    rho : Interval or None
        Rank correlation of Spearman.
    reason : str
        Why there is none.
    """

    against: str
    label: str
    n: int
    n_steps: int
    rho: Interval | None = None
    reason: str = ""


def rank_trend(cases: Sequence[Case], against: Factor, *, level: float) -> Trend:
    r"""Return the rank correlation of the figures with an ordered factor.

    Parameters
    ----------
    cases : sequence of Case
        Runs with their figures; those that do not state the factor are left out.
    against : Factor
        An ordered one.
    level : float
        Coverage of the interval, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    The error of :math:`\operatorname{artanh} \rho` is
    :math:`\sqrt{(1 + \rho^2 / 2) / (n - 3)}` [1]_ for runs that are drawn
    independently.

    References
    ----------
    .. [1] Bonett & Wright (2000), Psychometrika 65(1), doi:10.1007/BF02294183, eq. 6.
    """
    seen = [
        (against.number(value), case.figure)
        for case in cases
        if (value := against.of(case.run)) is not None
    ]
    x, y = np.array([a for a, _ in seen]), np.array([b for _, b in seen])
    n, n_steps = len(seen), len(set(x.tolist()))
    reason = ""
    if n_steps < _MIN_STEPS:
        values = "1 value" if n_steps == 1 else f"{n_steps} values"
        reason = f"{values} of it, needs {_MIN_STEPS}"
    elif n < MIN_POINTS:
        reason = f"{n} runs, needs {MIN_POINTS}"
    elif np.ptp(y) == 0:
        reason = "all runs have the same figure"
    if reason:
        return Trend(against.name, against.label, n, n_steps, reason=reason)
    rho = float(np.clip(require_scipy().spearmanr(x, y).statistic, -1, 1))
    error = sqrt((1 + rho**2 / 2) / (n - 3))
    interval = correlation_interval(rho, error=error, level=level)
    return Trend(against.name, against.label, n, n_steps, rho=interval)
