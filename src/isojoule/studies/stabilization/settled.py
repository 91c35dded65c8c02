"""From which epoch on energy and duration stay as they are: our own detector."""

from collections.abc import Sequence
from dataclasses import dataclass

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.regimes import RegimeTracker


@dataclass(frozen=True, slots=True)
class Settled:
    """What following the epochs of a run, one after the other, tells.

    Parameters
    ----------
    first_since : int or None
        The first epoch that was said to be stable, when that could first be said.
    since : int or None
        The epoch from which on the training is stable until its end; `None` where no
        three epochs agree.
    known_after : int or None
        Epochs that were over when `since` was first said, up to one epoch, and not
        taken back any more.
    regimes : tuple of int
        First epoch of each stretch of one kind.
    n_departing : int
        Last epochs that depart from the stable ones, too few to be another kind.
    """

    first_since: int | None
    since: int | None
    known_after: int | None
    regimes: tuple[int, ...]
    n_departing: int = 0


def settle(epochs: Sequence[Epoch]) -> Settled:
    """Return from which epoch on a training is stable.

    Parameters
    ----------
    epochs : sequence of Epoch
        All of a run, in order.

    Notes
    -----
    By the energy and the duration of the epochs alone, with the tracker that the
    forecasts of a running training use; it sees each epoch when it is over.
    """
    tracker = RegimeTracker()
    said = []
    for epoch in epochs:
        tracker.observe(epoch)
        said.append(tracker.stable_since)
    stated = [place for place, since in enumerate(said) if since is not None]
    since = said[stated[-1]] if stated else None
    return Settled(
        said[stated[0]] if stated else None,
        since,
        None if since is None else _known_after(said, since),
        tuple(regime.start for regime in tracker.regimes),
        tracker.n_suspects,
    )


def _known_after(said: Sequence[int | None], since: int) -> int:
    """Return how many epochs were over when the last word was first said."""
    n_over = len(said)
    for place in range(len(said) - 1, -1, -1):
        now = said[place]
        if now is None:
            continue
        if abs(now - since) > 1:
            break
        n_over = place + 1
    return n_over
