"""What an estimate cannot do without, and how to say so."""

from math import isfinite

from isojoule.errors import InsufficientDataError
from isojoule.records import Workload


def require_duration_s(duration_s: float | None, method: str) -> float:
    """Return the duration of the training [s].

    Parameters
    ----------
    duration_s : float or None
        As it was stated.
    method : str
        What needs it, for the message.

    Raises
    ------
    InsufficientDataError
        If it is not stated.
    ValueError
        If it is not positive and finite.
    """
    if duration_s is None:
        raise InsufficientDataError(
            f"{method} multiplies a power by a duration: state how long the training "
            "will take (duration_s)"
        )
    if not (isfinite(duration_s) and duration_s > 0):
        raise ValueError(f"the duration must be positive, got {duration_s} s")
    return duration_s


def require_n_epochs(workload: Workload, method: str) -> float:
    """Return how many epochs will be trained.

    Parameters
    ----------
    workload : Workload
        Knows it where `n_samples` and `n_samples_per_epoch` are stated.
    method : str
        What needs it, for the message.

    Raises
    ------
    InsufficientDataError
        If it is not known.
    """
    if workload.n_epochs is None:
        raise InsufficientDataError(
            f"{method} multiplies the energy of an epoch by their number: state how "
            f"many epochs {workload.name!r} has (n_samples and n_samples_per_epoch)"
        )
    return workload.n_epochs
