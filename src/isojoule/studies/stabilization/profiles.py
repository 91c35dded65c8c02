"""What stumpy computes: which stretch is most like which, and the arcs between them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import MissingExtraError

Floats: TypeAlias = NDArray[np.float64]


def corrected_arcs(
    nearest: NDArray[np.int64], ideal: Floats, n_arc: int, excl_factor: int
) -> tuple[Floats, int]:
    """Return the corrected arc curve and its lowest place.

    Parameters
    ----------
    nearest : ndarray of shape (n,)
        For each stretch where the one begins that is most like it.
    ideal : ndarray of shape (n,)
        Arcs over each place if nothing changed.
    n_arc, excl_factor : int
        Their product is how many places at either end are set to 1.

    Raises
    ------
    MissingExtraError
        If stumpy is not installed.
    """
    stumpy = _stumpy()
    # A curve of our own also keeps stumpy from seeding the global generator.
    heights, places = stumpy.fluss(
        nearest, L=n_arc, n_regimes=2, excl_factor=excl_factor, custom_iac=ideal
    )
    return np.asarray(heights, dtype=np.float64), int(places[0])


def nearest_like(
    power_w: Floats, n_subsequence: int, *, by_shape: bool
) -> NDArray[Any]:
    """Return for each stretch where the one begins that is most like it.

    Parameters
    ----------
    power_w : ndarray of shape (n,)
        In even steps [W].
    n_subsequence : int
        Length of a stretch, in steps.
    by_shape : bool
        Whether level and size are taken out of each stretch before.

    Returns
    -------
    ndarray of shape (n - n_subsequence + 1,)
        Stretches that overlap by more than three quarters are not joined.

    Raises
    ------
    MissingExtraError
        If stumpy is not installed.
    """
    stumpy = _stumpy()
    join = stumpy.stump if by_shape else stumpy.aamp
    series = np.ascontiguousarray(power_w, dtype=np.float64)
    with catch_warnings(), _one_thread():
        # It warns of distances near zero: a power that repeats exactly is welcome.
        simplefilter("ignore")
        profile = join(series, n_subsequence)
    return np.asarray(profile[:, 1], dtype=np.int64)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let numba use one thread: which of two equal stretches is taken, threads decide.

    Series of this length are also faster so, wherever something else runs.
    """
    import numba

    n_threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(n_threads)


def _stumpy() -> Any:  # noqa: ANN401 - stumpy has no types
    """Return stumpy.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import stumpy
    except ImportError as error:
        raise MissingExtraError("study", "finding changes of power") from error
    return stumpy
