r"""A Gaussian process in logarithms: :math:`\ln(E_B / E_A) = m + g(\ln E_A, ...) + e`.

:math:`m` is the mean log ratio of the references: where nothing is known, the ratio of
the machines is constant. :math:`g` tells how the ratio changes with the logarithms of
the source energy, of the mean power on the source (feature ``power``), of the forward
FLOP (``flop``) and of the number of parameters (``params``), each standardized over the
references. It is a Gaussian process [1]_ with the kernel

.. math:: a (1 + x \cdot x') + b e^{-|x - x'|^2 / (2 l^2)},

a plane, which goes on beyond the references, and a smooth curve of length :math:`l`,
which does not. :math:`e` is noise of variance :math:`s` from workload to workload.

The four hyperparameters are those of the highest posterior density, found by one
descent from the middle of the prior: their logarithms are normal with deviation 1
around :math:`a = b = 0.1`, :math:`l = 1`, :math:`s = 0.01`, which is a ratio that
changes by about a third over a standard deviation of an input, and by a tenth from
workload to workload. The likelihood alone takes the scatter of a handful of references
for a curve, or a curve for scatter.

The estimate is a median, as for ``log-linear``. A curve that is not proportional is
approached, not met: the prior holds it towards a constant ratio, the more the fewer
references there are.

The cost grows with the cube of the references. Hyperparameters are learned from at most
`N_LEARNED_FROM` of them, spread evenly over the energies; the process goes through all.
For the interval each reference is left out on its own up to 40 of them, with the
hyperparameters learned anew; above, ten groups of references are left out in turn.

References
----------
.. [1] Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, MIT Press,
   equations 2.25, 2.30 and 5.8.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from isojoule.errors import MissingExtraError
from isojoule.normalizers.lines import (
    doubts_of_slope,
    is_constant,
    least_squares,
    require_different_energies,
)
from isojoule.normalizers.pairs import FEATURE_UNITS, Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references

N_LEARNED_FROM: Final = 200
"""Most references that the hyperparameters are learned from."""

PRIOR_MODE: Final = np.log([0.1, 0.1, 1.0, 0.01])
"""Logarithms of variance of plane and curve, length of the curve, variance of noise."""

PRIOR_STD: Final = 1.0
"""Standard deviation of each of these logarithms."""

BOUNDS: Final = np.log([[1e-4, 10.0], [1e-4, 10.0], [0.1, 30.0], [1e-6, 1.0]])
"""Range of each: no meter is right to 0.1 %, and a factor of e is no noise."""

_MAX_REFITS: Final = 40
_SAME: Final = 1e-6


class Process(Protocol):
    """What is used of scikit-learn's ``GaussianProcessRegressor``."""

    def predict(self, points: Floats, /) -> Floats:
        """Return the mean of the process at points (n, p), ndarray of shape (n,)."""
        ...

    def log_marginal_likelihood(
        self, theta: Floats, *, eval_gradient: bool, clone_kernel: bool
    ) -> tuple[float, Floats]:
        """Return ln of the likelihood of hyperparameters exp(theta), and its slopes."""
        ...


@dataclass(frozen=True, slots=True)
class GpFit:
    """A Gaussian process for the log ratio of target to source energy.

    Parameters
    ----------
    process : Process
        Fitted to log ratios less their mean at standardized inputs.
    theta : ndarray of shape (4,)
        Logarithms of its hyperparameters, in the order of `PRIOR_MODE`.
    mean_log_ratio : float
        Of the references.
    centers, deviations : ndarray of shape (1 + n_features,)
        Mean and standard deviation of the logarithms of the inputs; a deviation of zero
        is an input that never changes, and has no influence.
    doubts : tuple of str
        Reasons not to trust the fit as a whole.
    """

    process: Process
    theta: Floats
    mean_log_ratio: float
    centers: Floats
    deviations: Floats
    doubts: tuple[str, ...] = ()

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1 + p).

        NaN where an input is not positive, infinite beyond the largest number.
        """
        predicted_j = np.full(len(inputs), np.nan)
        is_positive = (inputs > 0).all(axis=1)
        if not is_positive.any():
            return predicted_j
        logarithms = np.log(inputs[is_positive])
        change = self.process.predict(
            _standardize(logarithms, self.centers, self.deviations)
        )
        with np.errstate(over="ignore"):
            predicted_j[is_positive] = np.exp(
                logarithms[:, 0] + (self.mean_log_ratio + change)
            )
        return predicted_j

    def describe(self, features: Sequence[str] = ()) -> dict[str, float]:
        """Return mean, hyperparameters and axes by name with unit.

        Parameters
        ----------
        features : sequence of str
            Names of the inputs after the source energy.
        """
        plane, curve, length, noise = np.exp(self.theta).tolist()
        units = {"source energy": "J"} | {
            name: FEATURE_UNITS[name] for name in features
        }
        axes = zip(units.items(), self.centers, self.deviations, strict=True)
        return {
            "mean log ratio [1]": self.mean_log_ratio,
            "std of the plane [1/std]": plane**0.5,
            "std of the curve [1]": curve**0.5,
            "length of the curve [std]": length,
            "std of the noise [1]": noise**0.5,
            **{
                f"{what} of ln {name} [ln {unit}]": float(value)
                for (name, unit), center, deviation in axes
                for what, value in (("mean", center), ("std", deviation))
            },
        }


def fit_process(inputs: Floats, target_energy_j: Floats) -> GpFit:
    """Return the Gaussian process through the log ratios of all references.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then features, all positive.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    MissingExtraError
        If scikit-learn is not installed.
    """
    require_different_energies("gp", inputs[:, 0], 2)
    logarithms, on_target = np.log(inputs), np.log(target_energy_j)
    centers = logarithms.mean(axis=0)
    deviations = np.where(is_constant(inputs), 0.0, logarithms.std(axis=0))
    points = _standardize(logarithms, centers, deviations)
    log_ratios = on_target - logarithms[:, 0]
    mean_log_ratio = float(log_ratios.mean())
    theta = _most_probable(points, log_ratios - mean_log_ratio)
    slope = least_squares(logarithms[:, :1], on_target).coefficients[0]
    return GpFit(
        process=_process(theta, points, log_ratios - mean_log_ratio),
        theta=theta,
        mean_log_ratio=mean_log_ratio,
        centers=centers,
        deviations=deviations,
        doubts=(
            *doubts_of_slope(slope),
            *_doubts_of_inputs(deviations),
            *_doubts_of_bounds(theta),
        ),
    )


def _standardize(logarithms: Floats, centers: Floats, deviations: Floats) -> Floats:
    points = np.zeros_like(logarithms)
    np.divide(logarithms - centers, deviations, out=points, where=deviations > 0)
    return points


def _most_probable(points: Floats, log_ratios: Floats) -> Floats:
    """Return logarithms of the hyperparameters that the references speak for.

    Parameters
    ----------
    points : ndarray of shape (n, p)
        Standardized inputs, the source energy first.
    log_ratios : ndarray of shape (n,)
        Less their mean.

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    try:
        from scipy import optimize
    except ImportError as error:
        raise MissingExtraError("study", "a Gaussian process") from error
    n_some = min(len(points), N_LEARNED_FROM)
    places = np.linspace(0, len(points) - 1, n_some).round().astype(np.intp)
    some = np.argsort(points[:, 0], kind="stable")[places]
    process = _process(PRIOR_MODE, points[some], log_ratios[some])

    def cost(theta: Floats) -> tuple[float, Floats]:
        likelihood, slopes = process.log_marginal_likelihood(
            theta, eval_gradient=True, clone_kernel=False
        )
        off = (theta - PRIOR_MODE) / PRIOR_STD
        return float(off @ off / 2 - likelihood), off / PRIOR_STD - slopes

    found = optimize.minimize(
        cost, PRIOR_MODE, jac=True, method="L-BFGS-B", bounds=BOUNDS
    )
    return np.asarray(found.x, dtype=np.float64)


def _process(theta: Floats, points: Floats, log_ratios: Floats) -> Process:
    """Return scikit-learn's process with hyperparameters exp(theta).

    Raises
    ------
    MissingExtraError
        If scikit-learn is not installed.
    """
    try:
        from sklearn import gaussian_process
    except ImportError as error:
        raise MissingExtraError("study", "a Gaussian process") from error
    kernels = gaussian_process.kernels
    plane = kernels.ConstantKernel() * kernels.DotProduct(1.0, "fixed")
    curve = kernels.ConstantKernel() * kernels.RBF()
    kernel = (plane + curve + kernels.WhiteKernel()).clone_with_theta(theta)
    # Its own optimizer knows no prior, and warns wherever a bound is met.
    regressor = gaussian_process.GaussianProcessRegressor(
        kernel, alpha=0.0, optimizer=None
    )
    process: Process = regressor.fit(points, log_ratios)
    return process


def _doubts_of_inputs(deviations: Floats) -> tuple[str, ...]:
    if (deviations > 0).all():
        return ()
    return ("one input of the references never changes: it has no influence",)


def _doubts_of_bounds(theta: Floats) -> tuple[str, ...]:
    """Return what it means that the references want more than a bound allows."""
    doubts = []
    if theta[2] <= BOUNDS[2, 0] + _SAME:
        doubts.append(
            "the ratio changes too abruptly for a curve: between references the "
            "estimate is little better than their mean ratio"
        )
    if theta[3] >= BOUNDS[3, 1] - _SAME:
        doubts.append("the references scatter by a factor of 2.7 around any curve")
    return tuple(doubts)


GP = PairwiseMethod(
    "gp",
    n_min=4,
    pick=all_references,
    fit_line=fit_process,
    takes_features=("power", "flop", "params"),
    needs_positive=True,
    max_refits=_MAX_REFITS,
)
