"""Energy of a training not yet, or half, done, one method per file."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from isojoule.estimators.baselines import GreenAlgorithmsEstimator, MlCo2Estimator
from isojoule.estimators.epochs import Epoch
from isojoule.estimators.online import OnlineEpochEstimator, OnlinePowerEstimator
from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.regressions import (
    KERNEL_RIDGE_EPOCH,
    KERNEL_RIDGE_POWER,
    LINEAR_EPOCH,
    LINEAR_POWER,
    RIDGE_EPOCH,
    RIDGE_POWER,
    SVM_EPOCH,
    SVM_POWER,
)
from isojoule.estimators.streaming import StreamingEstimator
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


ESTIMATORS: Mapping[str, FitEstimator] = {
    "streaming": StreamingEstimator.fit,
    "online-power": OnlinePowerEstimator.fit,
    "online-epoch": OnlineEpochEstimator.fit,
    "physics": PhysicsEstimator.fit,
    "linear-power": LINEAR_POWER.fit,
    "ridge-power": RIDGE_POWER.fit,
    "kernel-ridge-power": KERNEL_RIDGE_POWER.fit,
    "svm-power": SVM_POWER.fit,
    "linear-epoch": LINEAR_EPOCH.fit,
    "ridge-epoch": RIDGE_EPOCH.fit,
    "kernel-ridge-epoch": KERNEL_RIDGE_EPOCH.fit,
    "svm-epoch": SVM_EPOCH.fit,
    "ml-co2": MlCo2Estimator.fit,
    "green-algorithms": GreenAlgorithmsEstimator.fit,
    "green-algorithms-delrey": GreenAlgorithmsEstimator.fit_delrey,
}
"""The estimators by name."""
