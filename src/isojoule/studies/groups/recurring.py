"""What two values of a factor differ by over all contexts in which both occur."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

from isojoule.studies.groups.comparison import GroupComparison
from isojoule.studies.groups.factors import Value
from isojoule.studies.intervals import Interval, mean_interval


@dataclass(frozen=True, slots=True)
class Recurring:
    """Two values of a factor over all contexts.

    Parameters
    ----------
    first, second : str, int or float
        Values of the factor.
    n : int
        Contexts with both.
    n_higher : int
        Contexts in which the second has typically the larger figures.
    ratio : Interval
        Geometric mean of the ratios of the second to the first, with an interval for
        further contexts.
    low_ratio, high_ratio : float
        The least and the largest of them.
    """

    first: Value
    second: Value
    n: int
    n_higher: int
    ratio: Interval
    low_ratio: float
    high_ratio: float


def recurring_pairs(
    comparisons: Sequence[GroupComparison], *, level: float
) -> tuple[Recurring, ...]:
    """Return the ratios of values that meet in two contexts or more.

    Parameters
    ----------
    comparisons : sequence of GroupComparison
        By one factor, each in its context.
    level : float
        Coverage of the intervals, in (0, 1); they hold for contexts drawn
        independently, of which there have to be three.

    Raises
    ------
    MissingExtraError
        If scipy is not installed.
    """
    found: dict[tuple[Value, Value], list[float]] = {}
    for comparison in comparisons:
        for pair in comparison.pairs:
            if pair.ratio is None:
                continue
            # Groups are in the order of their medians, which contexts may turn round.
            if (pair.second, pair.first) in found:
                found[pair.second, pair.first].append(-log(pair.ratio.value))
            else:
                key = (pair.first, pair.second)
                found.setdefault(key, []).append(log(pair.ratio.value))
    return tuple(
        Recurring(
            first,
            second,
            len(logs),
            sum(value > 0 for value in logs),
            mean_interval(logs, level=level).mapped(exp),
            exp(min(logs)),
            exp(max(logs)),
        )
        for (first, second), logs in found.items()
        if len(logs) > 1
    )
