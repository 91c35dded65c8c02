"""Epochs that are over: when, how much energy, what score. What every estimate sees."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import isfinite

from isojoule.errors import InsufficientDataError
from isojoule.observations import energy_in_scope
from isojoule.records import Run, Scope, Window


@dataclass(frozen=True, slots=True)
class Epoch:
    """One pass over the data with its validation, and what it took.

    Parameters
    ----------
    index : int
        Counted from 0.
    start_s, end_s : float
        Edges on one monotonic axis [s].
    energy_j : float
        Energy between the edges [J].
    score : float or None
        What it reached; `None` where nothing was reported.

    Raises
    ------
    ValueError
        If the index is negative, the epoch has no length, or the energy is negative or
        not finite.
    """

    index: int
    start_s: float
    end_s: float
    energy_j: float
    score: float | None = None

    def __post_init__(self) -> None:
        if self.index < 0:
            raise ValueError(f"epochs are counted from 0, got epoch {self.index}")
        if not (isfinite(self.start_s) and self.start_s < self.end_s < float("inf")):
            raise ValueError(
                f"epoch {self.index} has no length: it goes from {self.start_s} s to "
                f"{self.end_s} s"
            )
        if not (isfinite(self.energy_j) and self.energy_j >= 0):
            raise ValueError(
                f"energy of epoch {self.index} must be finite and not negative, got "
                f"{self.energy_j} J"
            )

    @property
    def duration_s(self) -> float:
        """Length [s]."""
        return self.end_s - self.start_s

    @property
    def mean_power_w(self) -> float:
        """Energy over length [W]."""
        return self.energy_j / self.duration_s


def require_consecutive(epochs: Sequence[Epoch]) -> None:
    """Raise unless each epoch follows the one before, none missing, none overlapping.

    Parameters
    ----------
    epochs : sequence of Epoch
        In the order in which they were trained; the first may have any index.

    Raises
    ------
    ValueError
        If one is missing or comes twice, or begins before the one before has ended.
    """
    for before, after in pairwise(epochs):
        if after.index != before.index + 1:
            raise ValueError(
                f"epoch {before.index} is followed by epoch {after.index}: each epoch "
                "has to be there once, in order"
            )
        if after.start_s < before.end_s - 1e-6:
            raise ValueError(
                f"epoch {after.index} begins at {after.start_s:.6g} s, before epoch "
                f"{before.index} has ended at {before.end_s:.6g} s"
            )


def epochs_of(
    run: Run, *, scope: Scope | None = None, score: str | None = None
) -> tuple[Epoch, ...]:
    """Return the epochs of a run; its training and validation windows put together.

    Parameters
    ----------
    run : Run
        With windows that name their epoch.
    scope : {"gpu", "node", "wall"} or None
        Part of the machine; `Run.default_scope` where `None`.
    score : str or None
        Name of the score to take from the windows; none where `None`.

    Returns
    -------
    tuple of Epoch
        In order. What lies between two windows belongs to none of them; a window
        within another one counts once.

    Raises
    ------
    InsufficientDataError
        If the run has no windows of epochs, or one has no energy in that scope.
    ValueError
        If epochs are missing or overlap.
    """
    scope = scope or run.default_scope
    windows = sorted(
        (w for w in run.windows if w.epoch is not None and w.duration_s > 0),
        key=lambda w: (w.epoch or 0, w.start_s),
    )
    if not windows:
        raise InsufficientDataError(
            f"run {run.run_id} has no windows of epochs: measure it by a callback, or "
            "open one window per epoch"
        )
    epochs = tuple(
        _joined(run, index or 0, list(parts), scope, score)
        for index, parts in groupby(windows, key=lambda w: w.epoch)
    )
    require_consecutive(epochs)
    return epochs


def _joined(
    run: Run, index: int, parts: list[Window], scope: Scope | None, score: str | None
) -> Epoch:
    energies_j = []
    for window in _outermost(parts):
        found = energy_in_scope(window.energies, scope)
        if found is None:
            raise InsufficientDataError(
                f"epoch {index} of run {run.run_id} has no energy of scope "
                f"{scope or 'unstated'}: choose another scope"
            )
        energies_j.append(found[0])
    scores = [w.scores[score] for w in parts if score in w.scores] if score else []
    return Epoch(
        index,
        min(w.start_s for w in parts),
        max(w.end_s for w in parts),
        sum(energies_j),
        scores[-1] if scores else None,
    )


def _outermost(windows: list[Window]) -> list[Window]:
    """Return the windows that lie within no other: their energies add up."""
    outer: list[Window] = []
    for window in sorted(windows, key=lambda w: (w.start_s, -w.end_s)):
        if not outer or window.end_s > outer[-1].end_s:
            outer.append(window)
    return outer
