"""Energy of a training not yet, or half, done, one method per file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.estimators.epochs import Epoch
from isojoule.records import Estimate, Hardware, Run, Workload


class Estimator(Protocol):
    """Tells the energy of a training from what is known before it ends."""

    def estimate(
        self,
        workload: Workload,
        hardware: Hardware,
        *,
        observed: Sequence[Epoch] = (),
        duration_s: float | None = None,
        level: float = 0.9,
    ) -> Estimate:
        """Return the energy of all epochs of `workload` on `hardware`.

        Parameters
        ----------
        workload : Workload
            What will be trained; its `n_epochs` is how long.
        hardware : Hardware
            On what.
        observed : sequence of Epoch
            Epochs that are over already, in order.
        duration_s : float or None
            Time of the whole training [s], where it is known.
        level : float, default 0.9
            Coverage of the interval, in (0, 1).
        """
        ...


class FitEstimator(Protocol):
    """Makes an estimator from finished runs; those that learn nothing ignore them."""

    def __call__(self, runs: Sequence[Run] = ()) -> Estimator:
        """Return an estimator that has learned from `runs`."""
        ...


ESTIMATORS: Mapping[str, FitEstimator] = {}
"""The estimators by name."""
