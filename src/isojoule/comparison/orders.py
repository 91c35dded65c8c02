"""The order of many systems in many draws, by radix sort."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.draws import Places, Singles

Ranks: TypeAlias = NDArray[np.unsignedinteger]

_COARSE_FROM: Final = 4_000
"""Systems from which on 16 bits are enough to rank them in a draw."""


def ranks_of(costs: Singles, *, has_equals: bool = True) -> Ranks:
    """Return the rank in every draw, ndarray of shape (n, n_draws).

    Parameters
    ----------
    costs : ndarray of shape (n, n_draws)
        Lower is better.
    has_equals : bool, default True
        Whether exact figures may be equal, which then have the same rank. Otherwise
        those that are not told apart keep their order.
    """
    n, n_draws = costs.shape
    order = radix_order(costs)
    ranks = np.empty((n_draws, n), kind_of_ranks(n))
    rising = np.arange(1, n + 1, dtype=ranks.dtype)
    for draw, places in enumerate(order):
        if has_equals:
            values = costs[places, draw]
            rising[:] = np.searchsorted(values, values, side="left") + 1
        ranks[draw, places] = rising
    return ranks.T


def radix_order(costs: Singles) -> Places:
    """Return the stable order of each draw, ndarray of shape (n_draws, n).

    Parameters
    ----------
    costs : ndarray of shape (n, n_draws)
        No NaN.

    Notes
    -----
    The bits of a floating-point number are in its order once those of negative ones are
    turned around. NumPy sorts 16 bits by radix: low halves first, then high halves, is
    three times as fast as comparing thousands of them. Of very many systems the 16
    highest bits that differ are enough, as long as more than half of the systems have
    a value of these bits to themselves: the others are off by a rank or two among
    thousands.
    """
    bits = (costs + np.float32(0)).view(np.int32)  # -0 becomes 0
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = bits.view(np.uint32) ^ np.uint32(0x80000000)
    keys -= keys.min()
    if len(keys) >= _COARSE_FROM:
        shift = max(int(keys.max()).bit_length() - 16, 0)
        cells = (keys >> np.uint32(shift)).astype(np.uint16).T.copy()
        if 2 * len(np.unique(cells[0])) > len(keys):
            return np.argsort(cells, axis=1, kind="stable")
    low = keys.astype(np.uint16).T.copy()
    high = (keys >> np.uint32(16)).astype(np.uint16).T.copy()
    order = np.argsort(low, axis=1, kind="stable")
    for draw, by_low in enumerate(order):
        by_low[:] = by_low[np.argsort(high[draw, by_low], kind="stable")]
    return order


def kind_of_ranks(n: int) -> type[np.uint16] | type[np.uint32]:
    """Return the smallest type that holds `n` ranks."""
    return np.uint16 if n < 2**16 else np.uint32
