"""Which references to run, so that the doubt about other workloads falls most.

How wide an interval will be does not depend on the energies that will be measured, only
on what is known of the workloads before [1]_: what a reference is worth can be told
before it is run.

References
----------
.. [1] Krause, Singh & Guestrin (2008), Near-Optimal Sensor Placements in Gaussian
   Processes, JMLR 9, section 2.
"""

from dataclasses import dataclass, replace

import numpy as np

from isojoule.normalizers.joint.covariance import (
    Inputs,
    covariance_of,
    distances,
)
from isojoule.normalizers.joint.hyperparameters import Hyperparameters
from isojoule.normalizers.joint.process import JITTER
from isojoule.normalizers.pairs import Floats


@dataclass(frozen=True, slots=True)
class Step:
    """One reference of a plan.

    Parameters
    ----------
    place : int
        Of the candidate.
    mean_sd : float
        Mean standard deviation of the log ratios that are asked for, once it has run.
    """

    place: int
    mean_sd: float


def as_new_networks(inputs: Inputs) -> Inputs:
    """Return the same workloads as if each were of a network never seen."""
    return replace(inputs, network=-1 - np.arange(len(inputs.network)))


class Planner:
    """What is still in doubt, given the references so far.

    Parameters
    ----------
    h : Hyperparameters
        The prior.
    candidates : Inputs
        Workloads that could be run on the target, n of them.
    wanted : Inputs
        Workloads whose energy there is asked for, m of them.
    """

    def __init__(self, h: Hyperparameters, candidates: Inputs, wanted: Inputs) -> None:
        self._noise = h.noise_sd**2 + JITTER
        self._among = covariance_of(h, distances(candidates))
        self._across = covariance_of(h, distances(wanted, candidates))
        self._variance = np.diagonal(covariance_of(h, distances(wanted))).copy()
        self.taken: list[int] = []

    @property
    def mean_sd(self) -> float:
        """Mean standard deviation of what is asked for, its own noise in it."""
        return float(np.sqrt(self._variance + self._noise).mean())

    def mean_sd_after(self) -> Floats:
        """Return `mean_sd` after each candidate, shape (n,), as if it ran next."""
        own = np.diagonal(self._among) + self._noise
        after = np.maximum(self._variance[:, np.newaxis] - self._across**2 / own, 0.0)
        return np.asarray(np.sqrt(after + self._noise).mean(axis=0))

    def take(self, place: int) -> Step:
        """Count a candidate as run, and return what is left."""
        own = self._among[place, place] + self._noise
        gain = self._among[place] / own
        self._variance = np.maximum(
            self._variance - self._across[:, place] ** 2 / own, 0.0
        )
        self._across = self._across - np.outer(self._across[:, place], gain)
        self._among = self._among - np.outer(self._among[place], gain)
        self.taken.append(place)
        return Step(place, self.mean_sd)

    def best(self) -> int | None:
        """Return the candidate to run next; `None` where all have run."""
        left = self.mean_sd_after()
        left[self.taken] = np.inf
        place = int(left.argmin())
        return place if np.isfinite(left[place]) else None


def plan_order(
    h: Hyperparameters, candidates: Inputs, wanted: Inputs, *, k: int
) -> list[Step]:
    """Return `k` references, each the best after those before.

    Parameters
    ----------
    h : Hyperparameters
        The prior.
    candidates, wanted : Inputs
        As for `Planner`.
    k : int
        How many; fewer where there are fewer candidates.
    """
    planner = Planner(h, candidates, wanted)
    return [
        planner.take(best)
        for _ in range(min(k, len(candidates.network)))
        if (best := planner.best()) is not None
    ]
