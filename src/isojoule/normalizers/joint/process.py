r"""Log ratios of workloads, given those of the references: a Student-t process.

With references :math:`X`, log ratios :math:`r`, covariance :math:`K` and mean
:math:`m`, a further workload has

.. math::

   \mu = m_* + k_*^T K^{-1} (r - m), \qquad
   \sigma^2 = \frac{\nu - 2 + q}{\nu + n} \left(k_{**} - k_*^T K^{-1} k_*\right),
   \qquad q = (r - m)^T K^{-1} (r - m)

and follows Student's t with :math:`\nu + n` degrees of freedom [1]_: references that
scatter more than other pairs of machines did widen the interval.

References
----------
.. [1] Shah, Wilson & Ghahramani (2014), Student-t Processes as Alternatives to Gaussian
   Processes, AISTATS, PMLR 33, equation 6.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from isojoule.normalizers.joint.covariance import (
    Inputs,
    covariance_of,
    distances,
    mean_of,
    parts_of,
)
from isojoule.normalizers.joint.hyperparameters import Hyperparameters
from isojoule.normalizers.pairs import Floats

JITTER: Final = 1e-8
"""Added to the diagonal: equal rows of a covariance cannot be inverted."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Log ratios of workloads, each with Student's t around it.

    Parameters
    ----------
    log_ratio, scale : ndarray of shape (n,)
        Center and scale.
    freedom : float
        Degrees of freedom.
    shares : mapping of str to ndarray of shape (n,)
        Covariance of each part of the model with the whole, over the variance of the
        whole: they add up to 1, and one that another makes up for may be negative.
    """

    log_ratio: Floats
    scale: Floats
    freedom: float
    shares: dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Process:
    """The model, given references.

    Parameters
    ----------
    h : Hyperparameters
        The prior.
    inputs : Inputs
        Of the references, n of them.
    center : float
        Prior mean of the ratio of the two machines.
    deviations : ndarray of shape (n,)
        Log ratios of the references less their prior mean.
    inverse : ndarray of shape (n, n)
        Of their covariance, noise in it.
    """

    h: Hyperparameters
    inputs: Inputs
    center: float
    deviations: Floats
    inverse: Floats

    def predict(self, inputs: Inputs) -> Prediction:
        """Return the log ratios of further workloads.

        Parameters
        ----------
        inputs : Inputs
            Of the workloads, m of them.
        """
        across = parts_of(self.h, distances(inputs, self.inputs))
        own = {
            name: np.diagonal(part)
            for name, part in parts_of(self.h, distances(inputs)).items()
        }
        total = np.asarray(sum(across.values()))
        weights = total @ self.inverse
        left = {
            name: own[name] - (weights * part).sum(axis=1)
            for name, part in across.items()
        }
        left["noise"] = np.full(len(weights), self.h.noise_sd**2)
        variance = np.maximum(np.asarray(sum(left.values())), JITTER)
        n = len(self.deviations)
        spread = self.deviations @ self.inverse @ self.deviations
        widening = (self.h.freedom - 2 + spread) / (self.h.freedom + n)
        return Prediction(
            log_ratio=self.center + mean_of(self.h, inputs) + weights @ self.deviations,
            scale=np.sqrt(widening * variance),
            freedom=self.h.freedom + n,
            shares={name: part / variance for name, part in left.items()},
        )


def condition(
    h: Hyperparameters,
    inputs: Inputs,
    log_ratios: Floats,
    *,
    center: float = 0.0,
    extra_variance: Floats | float = 0.0,
) -> Process:
    """Return the model given references.

    Parameters
    ----------
    h : Hyperparameters
        The prior.
    inputs : Inputs
        Of the references; there may be none.
    log_ratios : ndarray of shape (n,)
        Of their energies, target over source.
    center : float, default 0.0
        Prior mean of the ratio of the two machines.
    extra_variance : ndarray of shape (n,) or float
        Of each log ratio beside the noise: repeats that scatter, rounding.
    """
    covariance = covariance_of(h, distances(inputs))
    noise = np.eye(len(log_ratios)) * (h.noise_sd**2 + JITTER + extra_variance)
    return Process(
        h=h,
        inputs=inputs,
        center=center,
        deviations=log_ratios - center - mean_of(h, inputs),
        inverse=np.asarray(np.linalg.inv(covariance + noise), dtype=np.float64),
    )
