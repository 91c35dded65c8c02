"""The epochs of many runs as sums that grow, so that any window is a difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.estimators.epochs import Epoch

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]

METHODS = ("power", "epoch")
"""The two online estimators: mean power times duration, energy per epoch times epochs.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Panel:
    r"""The epochs of several runs.

    Parameters
    ----------
    n_epochs : ndarray of shape (n_runs,)
        Epochs of each.
    grown_j, grown_s : ndarray of shape (n_runs, n_most + 1)
        Energy [J] and duration [s] of the first 0, 1, 2, ... epochs; after the last it
        stays as it is.
    duration_s, energy_j : ndarray of shape (n_runs,)
        What is estimated from, and what is true: of the whole training [s], [J].

    Notes
    -----
    With :math:`S_k` the energy and :math:`D_k` the duration of the first :math:`k`
    epochs, a window of :math:`w` from :math:`s` on gives :math:`(S_{s+w} - S_s) /
    (D_{s+w} - D_s) \cdot T` and :math:`(S_{s+w} - S_s) (n - s) / w + S_s`: what
    `power_based_energy_j` and `epoch_based_energy_j` say.
    """

    n_epochs: Places
    grown_j: Floats
    grown_s: Floats
    duration_s: Floats
    energy_j: Floats

    @classmethod
    def of(
        cls,
        runs: Sequence[Sequence[Epoch]],
        wholes: Sequence[tuple[float, float] | None] | None = None,
    ) -> Self:
        """Return the panel of these runs.

        Parameters
        ----------
        runs : sequence of sequence of Epoch
            The epochs of each run, in order.
        wholes : sequence of (float, float) or None, optional
            Duration [s] and energy [J] of the whole of each; the sum of its epochs
            where there is none.
        """
        n_epochs = np.array([len(epochs) for epochs in runs], dtype=np.intp)
        n_most = int(n_epochs.max(initial=0))
        grown_j = _grown([[e.energy_j for e in epochs] for epochs in runs], n_most)
        grown_s = _grown([[e.duration_s for e in epochs] for epochs in runs], n_most)
        summed = list(zip(grown_s[:, -1], grown_j[:, -1], strict=True))
        known = summed if wholes is None else wholes
        true = np.array(
            [w or s for w, s in zip(known, summed, strict=True)], dtype=np.float64
        ).reshape(-1, 2)
        return cls(n_epochs, grown_j, grown_s, true[:, 0], true[:, 1])

    @property
    def n_runs(self) -> int:
        """Number of runs."""
        return len(self.n_epochs)

    def chosen(self, runs: Sequence[int]) -> "Panel":
        """Return the panel of the runs at these places."""
        at = np.asarray(runs, dtype=np.intp)
        return Panel(
            self.n_epochs[at],
            self.grown_j[at],
            self.grown_s[at],
            self.duration_s[at],
            self.energy_j[at],
        )

    def estimated_j(
        self, start: Places | int, window: int, *, counted: Places | int | None = None
    ) -> tuple[Floats, Floats]:
        """Return what the two estimators say [J]; NaN where the window does not fit.

        Parameters
        ----------
        start : int or ndarray of shape (..., n_runs)
            First epoch of the window; negative is *not known*.
        window : int
            Epochs in it.
        counted : int or ndarray, optional
            Epochs that count with what they took, for the epoch-energy-based
            estimator; all before the window where it is not given.

        Returns
        -------
        tuple of ndarray of shape (..., n_runs)
            Power-based and epoch-energy-based.
        """
        start = np.broadcast_to(start, np.broadcast_shapes(np.shape(start), (1,)))
        start = start * np.ones(self.n_runs, dtype=np.intp)
        fits = (start >= 0) & (start + window <= self.n_epochs)
        begin = np.where(fits, start, 0)
        end = np.minimum(begin + window, self.grown_j.shape[1] - 1)
        row = np.arange(self.n_runs)
        window_j = self.grown_j[row, end] - self.grown_j[row, begin]
        window_s = self.grown_s[row, end] - self.grown_s[row, begin]
        as_it_was = begin if counted is None else np.where(fits, counted, 0)
        rest = self.n_epochs - as_it_was
        by_power_j = window_j / np.where(fits, window_s, 1.0) * self.duration_s
        by_epoch_j = window_j / window * rest + self.grown_j[row, as_it_was]
        return (
            np.where(fits, by_power_j, np.nan),
            np.where(fits, by_epoch_j, np.nan),
        )


def _grown(rows: Sequence[Sequence[float]], n_most: int) -> Floats:
    grown = np.zeros((len(rows), n_most + 1))
    for place, row in enumerate(rows):
        grown[place, 1 : len(row) + 1] = np.cumsum(row)
        grown[place, len(row) + 1 :] = grown[place, len(row)]
    return grown
