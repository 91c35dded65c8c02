r"""How far the log ratios of two workloads go together, part by part.

The log ratio :math:`r = \ln(E_B / E_A)` of a workload is a sum of independent parts of
which each is a Gaussian process over what is known of the workload on the source [1]_:
the ratio of the two machines, lines and curves over energy, power, FLOP per joule,
parameters and batch size, what is the network's own, what other machines tell of the
workload, and a deviation of its own.

An input that is unknown for one of two workloads ties them by nothing: its curve then
counts in full as doubt, its line is left out.

References
----------
.. [1] Rasmussen & Williams (2006), Gaussian Processes for Machine Learning, chapters 2
   and 4, ISBN 026218253X.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.joint.hyperparameters import INPUTS, Hyperparameters
from isojoule.normalizers.pairs import Floats

_ENERGY: Final = INPUTS.index("energy")
_POWER: Final = INPUTS.index("power")


@dataclass(frozen=True, slots=True)
class Inputs:
    """What is known of workloads before they run on the target.

    Parameters
    ----------
    values : ndarray of shape (..., n, 5)
        Logarithms, in the order of `INPUTS`, less their mean; NaN where unknown.
    network : ndarray of int, shape (..., n)
        Equal for workloads of one network.
    elsewhere : ndarray of shape (..., n, n_machines)
        Log ratio from the source to each further machine, less its mean; 0 where
        unknown.
    """

    values: Floats
    network: NDArray[np.intp]
    elsewhere: Floats

    def of(self, rows: NDArray[np.intp] | list[int]) -> Self:
        """Return these workloads alone."""
        return type(self)(self.values[rows], self.network[rows], self.elsewhere[rows])


def mean_of(h: Hyperparameters, inputs: Inputs) -> Floats:
    """Return the prior mean of log ratios, less that of the machines: (..., n)."""
    known = np.nan_to_num(inputs.values)
    told = inputs.elsewhere
    n_told = np.maximum((told != 0).sum(axis=-1), 1)
    return np.asarray(
        h.energy_slope * known[..., _ENERGY]
        + h.power_slope * known[..., _POWER]
        + h.elsewhere_weight * told.sum(axis=-1) / n_told
    )


@dataclass(frozen=True, slots=True)
class Distances:
    """What a covariance is computed from, between the rows of two `Inputs`.

    Parameters
    ----------
    product, square : ndarray of shape (5, ..., n, m)
        Products and squared differences of each input; 0 where one is unknown.
    is_known : ndarray of shape (5, ..., n, m)
        1 where both are known, else 0.
    power_square : ndarray of shape (..., n, m)
        Squared difference of powers, unknown ones taken as the mean.
    is_network, elsewhere : ndarray of shape (..., n, m)
        1 for the same network; products over further machines.
    is_self : ndarray or float
        1 on the diagonal where both are the same rows, else 0.
    """

    product: Floats
    square: Floats
    is_known: Floats
    power_square: Floats
    is_network: Floats
    elsewhere: Floats
    is_self: Floats | float


def distances(left: Inputs, right: Inputs | None = None) -> Distances:
    """Return what lies between `left` and `right`; within `left` where `None`."""
    other = left if right is None else right
    n = left.values.shape[-2]
    a = np.moveaxis(left.values, -1, 0)[..., :, np.newaxis]
    b = np.moveaxis(other.values, -1, 0)[..., np.newaxis, :]
    is_known = ~(np.isnan(a) | np.isnan(b))
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return Distances(
        product=np.where(is_known, a * b, 0.0),
        square=np.where(is_known, (a - b) ** 2, 0.0),
        is_known=is_known.astype(float),
        power_square=(a[_POWER] - b[_POWER]) ** 2,
        is_network=(
            left.network[..., :, np.newaxis] == other.network[..., np.newaxis, :]
        ).astype(float),
        elsewhere=left.elsewhere @ np.swapaxes(other.elsewhere, -1, -2),
        is_self=np.eye(n) if right is None else 0.0,
    )


def parts_of(h: Hyperparameters, d: Distances) -> dict[str, Floats]:
    """Return the covariance of each part, without the noise: arrays (..., n, m).

    Parameters
    ----------
    h : Hyperparameters
        Widths and lengths.
    d : Distances
        From `distances`.
    """
    surface = _surface(d, h.surface_length)
    network = _surface(d, h.network_surface_length)
    parts = {
        "ratio": np.full_like(d.is_network, h.ratio_sd**2),
        "surface": h.surface_sd**2 * surface,
        "network": h.network_sd**2 * d.is_network,
        "network_surface": h.network_surface_sd**2 * d.is_network * network,
        "elsewhere": h.elsewhere_sd**2 * d.elsewhere,
    }
    for i, name in enumerate(INPUTS):
        curve = d.is_known[i] * np.exp(-d.square[i] / (2 * h.curve_length[i] ** 2))
        doubt = (1 - d.is_known[i]) * d.is_self
        parts[f"{name}_slope"] = h.slope_sd[i] ** 2 * d.product[i]
        parts[f"{name}_curve"] = h.curve_sd[i] ** 2 * (curve + doubt)
    return parts


def _surface(d: Distances, length: tuple[float, ...]) -> Floats:
    """Return a smooth covariance over energy and power, 1 where they are the same."""
    exponent = d.square[_ENERGY] / length[0] ** 2 + d.power_square / length[1] ** 2
    return np.asarray(np.exp(-exponent / 2))


def covariance_of(h: Hyperparameters, d: Distances) -> Floats:
    """Return the sum of `parts_of`."""
    return np.asarray(sum(parts_of(h, d).values()))


GROUPS: Final[Mapping[str, str]] = {
    "ratio": "ratio of the machines",
    "surface": "energy and power",
    "energy_slope": "energy and power",
    "energy_curve": "energy and power",
    "power_slope": "energy and power",
    "power_curve": "energy and power",
    "efficiency_slope": "FLOP",
    "efficiency_curve": "FLOP",
    "params_slope": "parameters",
    "params_curve": "parameters",
    "batch_slope": "batch size",
    "batch_curve": "batch size",
    "network": "network",
    "network_surface": "network",
    "elsewhere": "other machines",
}
"""What a user calls the parts that doubt is made of."""

UNKNOWN: Final[Mapping[str, str]] = {
    "power_curve": "unknown mean power",
    "efficiency_curve": "unknown FLOP",
    "params_curve": "unknown parameters",
    "batch_curve": "unknown batch size",
}
"""What they are called where the input is not known of a workload."""
