r"""The four published regressions, as functions from a fit to predictions.

All take standardized inputs. Linear and ridge fit an intercept. Kernel ridge [1]_ has
none: with the kernel :math:`k(z, z') = e^{-\gamma |z - z'|^2}` it predicts

.. math:: \hat y(z) = \sum_i c_i \, k(z, z_i), \qquad (K + \alpha I) c = y

and falls to 0 away from its data. Rows with the same inputs are put together first:
:math:`n_i` of them with mean :math:`\bar y_i` give the same predictions through
:math:`(K + \alpha \operatorname{diag}(1 / n_i)) c = \bar y`, which is as many equations
as there are configurations.

Support vectors stop at scikit-learn's tolerance of 1e-3: inputs that differ by 1e-8
move the cross-validated errors in the fourth digit.

References
----------
.. [1] Murphy (2012), Machine Learning: A Probabilistic Perspective, section 14.4.3.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self, TypeAlias

import numpy as np

from isojoule.errors import MissingExtraError
from isojoule.estimators.inputs import Floats
from isojoule.estimators.targets import Target

Predict: TypeAlias = Callable[[Floats], Floats]
"""From standardized inputs (n, 10) to predictions (n,)."""

FitModel: TypeAlias = Callable[[Floats, Floats], Predict]
"""From standardized inputs and a target to what predicts it."""

_RANK_TOLERANCE: Final = 1e-10


@dataclass(frozen=True, slots=True)
class Linear:
    """Least squares; of all solutions the shortest.

    Notes
    -----
    The published inputs are singular: height equals width, and three boards give three
    figures of two dimensions. Predictions for rows with the same dependencies do not
    depend on which solution is taken; the published coefficients, about 1e14, are one
    that rounding chose.
    """

    def __call__(self, inputs: Floats, target: Floats) -> Predict:
        """Return what predicts `target` from standardized inputs."""
        center, mean = inputs.mean(axis=0), target.mean()
        slopes, *_ = np.linalg.lstsq(
            inputs - center, target - mean, rcond=_RANK_TOLERANCE
        )
        return _line(center, float(mean), slopes)


@dataclass(frozen=True, slots=True)
class Ridge:
    """Least squares with a penalty on the slopes, not on the intercept.

    Parameters
    ----------
    alpha : float
        Weight of the penalty.
    """

    alpha: float

    def __call__(self, inputs: Floats, target: Floats) -> Predict:
        """Return what predicts `target` from standardized inputs."""
        center, mean = inputs.mean(axis=0), target.mean()
        centered = inputs - center
        gram = centered.T @ centered + self.alpha * np.eye(inputs.shape[1])
        slopes = np.linalg.solve(gram, centered.T @ (target - mean))
        return _line(center, float(mean), slopes)


def _line(center: Floats, mean: float, slopes: Floats) -> Predict:
    return lambda inputs: np.asarray((inputs - center) @ slopes + mean)


@dataclass(frozen=True, slots=True)
class KernelRidge:
    """Ridge in the space of a radial kernel, without intercept.

    Parameters
    ----------
    alpha : float
        Weight of the penalty.
    gamma : float
        Of the kernel, per squared standard deviation.
    """

    alpha: float
    gamma: float

    def __call__(self, inputs: Floats, target: Floats) -> Predict:
        """Return what predicts `target` from standardized inputs."""
        points, which, counts = np.unique(
            inputs, axis=0, return_inverse=True, return_counts=True
        )
        means = np.bincount(which.ravel(), weights=target) / counts
        kernel = self._kernel(points, points) + np.diag(self.alpha / counts)
        weights = np.linalg.solve(kernel, means)
        return lambda asked: np.asarray(self._kernel(asked, points) @ weights)

    def _kernel(self, left: Floats, right: Floats) -> Floats:
        # Differences, not products: nearby points must not lose their digits.
        squares = ((left[:, None, :] - right[None, :, :]) ** 2).sum(axis=2)
        return np.asarray(np.exp(-self.gamma * squares))


@dataclass(frozen=True, slots=True)
class SupportVectors:
    """Support vector regression with a radial kernel.

    Parameters
    ----------
    c : float
        Largest weight of a run, in the unit of the target.
    epsilon : float
        Error that counts for nothing, in the unit of the target.
    gamma : float
        Of the kernel, per squared standard deviation.
    """

    c: float
    epsilon: float
    gamma: float

    def __call__(self, inputs: Floats, target: Floats) -> Predict:
        """Return what predicts `target` from standardized inputs.

        Raises
        ------
        MissingExtraError
            If scikit-learn is not installed.
        """
        try:
            from sklearn import svm
        except ImportError as error:
            raise MissingExtraError("study", "support vector regression") from error
        model: Any = svm.SVR(
            kernel="rbf", C=self.c, epsilon=self.epsilon, gamma=self.gamma
        )
        model.fit(inputs, target)
        return lambda asked: np.asarray(model.predict(asked), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Standardization:
    """Mean and standard deviation of each input.

    Parameters
    ----------
    mean, deviation : ndarray of shape (n_inputs,)
        An input that does not vary has a deviation of 1.
    """

    mean: Floats
    deviation: Floats

    @classmethod
    def of(cls, inputs: Floats) -> Self:
        """Return that of `inputs`, ndarray of shape (n, n_inputs)."""
        deviation = inputs.std(axis=0)
        return cls(inputs.mean(axis=0), np.where(deviation > 0, deviation, 1.0))

    def apply(self, inputs: Floats) -> Floats:
        """Return standardized inputs."""
        return np.asarray((inputs - self.mean) / self.deviation)


_KERNEL_RIDGE: Final = KernelRidge(0.0006644681546141923, 0.04418856040375013)
_SVM_ENERGY: Final = SupportVectors(
    2959.611004152264, 0.2796116956576396, 0.032878716969458946
)

PUBLISHED: Final[Mapping[str, Mapping[Target, FitModel]]] = {
    "linear": {
        "power_w": Linear(),
        "epoch_energy_j": Linear(),
        "stable_epoch_energy_j": Linear(),
    },
    "ridge": {
        "power_w": Ridge(0.4491293243054355),
        "epoch_energy_j": Ridge(0.2157683668386543),
        "stable_epoch_energy_j": Ridge(0.2051346130779257),
    },
    "kernel-ridge": {
        "power_w": _KERNEL_RIDGE,
        "epoch_energy_j": _KERNEL_RIDGE,
        "stable_epoch_energy_j": _KERNEL_RIDGE,
    },
    "svm": {
        "power_w": SupportVectors(
            473.7909777289094, 1.7575449140447217, 0.027644009846787148
        ),
        "epoch_energy_j": _SVM_ENERGY,
        "stable_epoch_energy_j": _SVM_ENERGY,
    },
}
"""The published models by name and target. Their hyperparameters are the best of 100
draws of scikit-learn's RandomizedSearchCV with seed 2022 from exponential
distributions: alpha with scale 0.1 (ridge) or 0.01 and gamma with scale 0.01 (kernel
ridge), C with scale 300, epsilon with scale 1 and gamma with scale 0.01 (SVM)."""

UNIT: Final[Mapping[Target, float]] = {
    "power_w": 1.0,
    "epoch_energy_j": 1e3,
    "stable_epoch_energy_j": 1e3,
}
"""What is learned in: watts, and kilojoules [J]."""
