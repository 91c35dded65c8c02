"""In which order the workloads of a training part become references.

Every way of sampling is an order: K references are the first K in it, so that fewer
references are always among more.
"""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from isojoule.normalizers.pairs import Floats
from isojoule.studies.normalization.splits import Folds, Ints

_SAME: Final = 1e-12  # share of a sum that rounding alone can make
_BLOCK: Final = 2**18  # distances held in memory at a time


def order_all(folds: Folds) -> Ints:
    """Return places by rising source energy, shape (n_folds, width).

    Workloads outside the training part come last, in this and in every other order.
    """
    return _last_if_unusable(np.cumsum(folds.is_train, axis=1) - 1, folds)


def order_random(folds: Folds) -> Ints:
    """Return places in the order that the lots decide, shape (n_folds, width)."""
    return _ranked(np.where(folds.is_train, folds.lot, folds.lot.shape[1]))


def order_min_max(folds: Folds) -> Ints:
    """Return places lowest, highest, second lowest, ..., shape (n_folds, width)."""
    from_low = order_all(folds)
    from_high = folds.n_train[:, np.newaxis] - 1 - from_low
    places = np.minimum(2 * from_low, 2 * from_high + 1)
    return _last_if_unusable(places, folds)


def order_medoid(folds: Folds) -> Ints:
    """Return places by greedy facility location, shape (n_folds, width).

    Notes
    -----
    Each step takes the workload that most lowers the sum over the training part of the
    distances to the nearest reference; of equal ones that of the lowest energy. The
    distance is that of the logarithms of the source energies, for the target is not
    known when references are chosen.
    """
    front = np.argsort(~folds.is_train, axis=1, kind="stable")
    logs = np.take_along_axis(np.log(folds.source_energy_j), front, axis=1)
    places = np.empty_like(front)
    np.put_along_axis(places, front, _medoid_places(logs, folds.n_train), axis=1)
    return places


def _medoid_places(points: Floats, n_points: Ints) -> Ints:
    """Return in which step each of the first points of rising rows is taken.

    A point can only serve those up to the next taken one on either side: after each
    step the savings of that gap are computed anew, and all others stay.
    """
    n_rows, width = points.shape
    rows, column = np.arange(n_rows), np.arange(width)
    is_open = column < n_points[:, np.newaxis]
    places = np.full(points.shape, width, dtype=np.intp)
    nearest = np.where(is_open, np.inf, 0.0)
    savings = np.full(points.shape, -np.inf)
    taken = (n_points - 1) // 2  # the median is the first medoid
    for step in range(int(n_points.max())):
        is_new = is_open[rows, taken]
        places[rows[is_new], taken[is_new]] = step
        is_side = ~is_open  # taken before, or no point
        at = taken[:, np.newaxis]
        start = np.where(is_side & (column < at), column, -1).max(axis=1) + 1
        stop = np.where(is_side & (column > at), column, width).min(axis=1)
        is_open[rows, taken] = False
        gap = start[:, np.newaxis] + np.arange(int((stop - start).max()))
        gap = np.where(gap < stop[:, np.newaxis], gap, at)  # beyond: once more taken
        inside = np.take_along_axis(points, gap, axis=1)
        distance = np.abs(inside - points[rows, taken][:, np.newaxis])
        served = np.minimum(np.take_along_axis(nearest, gap, axis=1), distance)
        np.put_along_axis(nearest, gap, served, axis=1)
        np.put_along_axis(savings, gap, _savings(inside, served), axis=1)
        savings[~is_open] = -np.inf
        best = savings.max(axis=1) - _SAME * nearest.sum(axis=1)
        taken = (savings >= best[:, np.newaxis]).argmax(axis=1)
    return places


def _savings(points: Floats, nearest: Floats) -> Floats:
    """Return what each point would take off the sum of `nearest` if it were taken."""
    size = max(1, _BLOCK // points.shape[1] ** 2)
    parts = []
    for start in range(0, len(points), size):
        x, far = points[start : start + size], nearest[start : start + size]
        distance = np.abs(x[:, :, np.newaxis] - x[:, np.newaxis, :])
        gain = np.maximum(far[:, :, np.newaxis] - distance, 0.0)
        parts.append(gain.sum(axis=1))  # one after the other: zeros at the end are none
    return np.concatenate(parts)


SAMPLINGS: Final[Mapping[str, Callable[[Folds], Ints]]] = {
    "all": order_all,
    "random": order_random,
    "min-max": order_min_max,
    "medoid": order_medoid,
}
"""The order in which references are taken, by the name of the sampling."""


def _ranked(keys: Ints) -> Ints:
    """Return the rank of each key in its row."""
    return np.argsort(np.argsort(keys, axis=1, kind="stable"), axis=1, kind="stable")


def _last_if_unusable(places: Ints, folds: Folds) -> Ints:
    return np.where(folds.is_train, places, places.shape[1])
