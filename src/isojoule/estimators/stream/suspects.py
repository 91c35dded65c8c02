"""Epochs that depart from the stable ones: how many it takes to call that a change."""

from dataclasses import dataclass
from typing import Final

from isojoule.estimators.stream.levels import SUSPECT

_PROOFS: Final = ((2, 6.0, 0.10), (3, 5.0, 0.06), (5, 4.0, 0.03))
"""How many epochs in a row have to deviate to one side, by how many scatters and which
share, to be another regime: the smaller the step, the longer the proof."""

_CHANCE: Final = 1e-3
"""Chance below which odd epochs in a row are no chance."""


@dataclass(slots=True)
class Suspects:
    """The epochs just seen that all depart to one side, in one series.

    Parameters
    ----------
    n : int
        How many.
    share, scatters : float
        The least that one of them departs by, as a share of what was expected and in
        scatters; negative where it is below.
    """

    n: int = 0
    share: float = 0.0
    scatters: float = 0.0

    def take(self, share: float, scatters: float) -> None:
        """Follow one further epoch; keep the least deviation of those in a row."""
        least_scatters, least_share = SUSPECT
        if not (abs(share) > least_share and abs(scatters) > least_scatters):
            self.n = 0
        elif self.n and share * self.share > 0:
            self.n += 1
            self.share = min(self.share, share, key=abs)
            self.scatters = min(self.scatters, scatters, key=abs)
        else:
            self.n, self.share, self.scatters = 1, share, scatters

    def are_a_change(self, odd_share: float) -> bool:
        """Return whether they are enough, and far enough off, for another regime.

        Parameters
        ----------
        odd_share : float
            Chance that a single epoch is odd: where odd ones are common, several in a
            row may be chance.
        """
        return odd_share**self.n < _CHANCE and any(
            self.n >= n and abs(self.scatters) > scatters and abs(self.share) > share
            for n, scatters, share in _PROOFS
        )
