"""The order of many systems in many draws, by radix sort."""

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.comparison.draws import Places, Singles

Ranks: TypeAlias = NDArray[np.unsignedinteger]
Halves: TypeAlias = NDArray[np.uint16]

_COARSE_FROM: Final = 4_000
"""Systems from which on 16 bits are enough to rank them in a draw."""

_MAX_OFF: Final = 8
"""Ranks among thousands that a system may be off by there."""


_LARGEST: Final = np.float32(1e38)
"""Costs beyond, and those that are no number, count like this."""


def cut_off(costs: Singles) -> Singles:
    """Return costs, the caller's own, without what single precision cannot hold.

    Parameters
    ----------
    costs : ndarray of shape (n, n_draws)
        Lower is better; what is no number counts as the worst.
    """
    low, high = costs.min(), costs.max()  # no numbers where one is none
    if low >= -_LARGEST and high <= _LARGEST:
        return costs
    costs[np.isnan(costs)] = _LARGEST
    return np.clip(costs, -_LARGEST, _LARGEST, out=costs)


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
    ranks = np.empty((n_draws, n), kind_of_ranks(n))
    rising = np.arange(1, n + 1, dtype=ranks.dtype)
    for draw, places in enumerate(radix_orders(costs)):
        if has_equals:
            values = costs[places, draw]
            rising[:] = np.searchsorted(values, values, side="left") + 1
        ranks[draw, places] = rising
    return ranks.T


def radix_orders(costs: Singles) -> Iterator[Places]:
    """Yield the stable order of each draw, ndarrays of shape (n,).

    Parameters
    ----------
    costs : ndarray of shape (n, n_draws)
        No NaN.

    Notes
    -----
    NumPy sorts 16 bits by radix: low halves first, then high halves, is three times as
    fast as comparing thousands of numbers, and in the caches draw by draw. Of very many
    systems 16 bits are enough where they put nobody further off than a few ranks, which
    the first and the last of these draws show; a crowd of near-equals is sorted whole.
    """
    cells = _cells(costs) if len(costs) >= _COARSE_FROM else None
    if cells is not None and all(_is_near(costs[:, n], cells[n]) for n in (0, -1)):
        for cell in cells:
            yield np.argsort(cell, kind="stable")
        return
    keys = _keys(costs)
    lows, highs = (k.astype(np.uint16).T.copy() for k in (keys, keys >> np.uint32(16)))
    for low, high in zip(lows, highs, strict=True):
        by_low = np.argsort(low, kind="stable")
        yield by_low[np.argsort(high[by_low], kind="stable")]


def _is_near(costs: NDArray[np.float32], cells: NDArray[np.uint16]) -> bool:
    """Return whether ranks by cells are at most `_MAX_OFF` from those by costs."""
    places = np.empty(len(costs), np.intp)
    places[np.argsort(costs, kind="stable")] = np.arange(len(costs))
    off = places[np.argsort(cells, kind="stable")] - np.arange(len(costs))
    return bool(np.abs(off).max() <= _MAX_OFF)


def _keys(costs: Singles) -> NDArray[np.uint32]:
    """Return integers in the order of the costs, from 0 on.

    The bits of a floating-point number are in its order once those of negative ones are
    turned around.
    """
    bits = (costs + np.float32(0)).view(np.int32)  # -0 becomes 0
    if bits.min() < 0:
        bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)
    keys = bits.view(np.uint32)
    keys -= bits.min().view(np.uint32)  # modulo 2^32: also right below 0
    return keys


def _cells(costs: Singles) -> Halves | None:
    """Return 16 bits of the costs by draw, ndarray of shape (n_draws, n).

    Cells of one width or as wide as a part of the value, whichever tell more systems
    apart in the first draw; `None` where neither is enough.
    """
    low, high = costs.min(), costs.max()
    with np.errstate(over="ignore", divide="ignore"):
        scale = np.float32(65535) / (high - low)
    even = _even_cells(costs[:, :1], low, scale)
    if np.isfinite(scale) and 2 * len(np.unique(even)) > len(costs):
        return _even_cells(costs, low, scale)
    keys = _keys(costs)
    keys >>= np.uint32(max(int(keys.max()).bit_length() - 16, 0))
    if 2 * len(np.unique(keys[:, 0])) > len(costs):
        return keys.astype(np.uint16).T.copy()
    return None


def _even_cells(costs: Singles, low: np.float32, scale: np.float32) -> Halves:
    with np.errstate(invalid="ignore", over="ignore"):
        cells = costs - low
        cells *= scale
        return cells.astype(np.uint16).T.copy()


def kind_of_ranks(n: int) -> type[np.uint16] | type[np.uint32]:
    """Return the smallest type that holds `n` ranks."""
    return np.uint16 if n < 2**16 else np.uint32
