"""Figures made of several counts: bytes moved, the roofline, a sum of shares."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError, MissingExtraError

Columns: TypeAlias = Mapping[str, NDArray[np.float64]]
"""One array of shape (n_workloads,) per quantity."""

_BYTES_PER_VALUE: Final = 4  # float32
_WEIGHT_PASSES: Final = {True: 10, False: 1}
_ACTIVATION_PASSES: Final = {True: 5, False: 2}


def moved_bytes(
    *,
    n_params: float,
    n_steps: float,
    n_samples: float,
    activation_bytes_per_sample: float | None,
    is_training: bool,
) -> float:
    r"""Return the bytes that a unit of work moves to and from memory [bytes].

    Parameters
    ----------
    n_params : float
        Parameters of the network.
    n_steps : float
        Batches in the unit of work.
    n_samples : float
        Samples in the unit of work.
    activation_bytes_per_sample : float or None
        Outputs of all layers [bytes]; only the parameters count where `None`.
    is_training : bool
        Whether there is a backward pass and an optimizer.

    Notes
    -----
    A step of a test reads the weights :math:`W = 4 P` once and writes and reads the
    activations :math:`A` of its batch once: :math:`W + 2 A`. A step of training reads
    the weights in the forward and the backward pass, writes their gradients, and Adam
    reads weight, gradient and two moments and writes three of them:
    :math:`(2 + 1 + 4 + 3) W`. It writes the activations, reads them forward and again
    backward, and writes and reads their gradients: :math:`5 A`.

    Assumes float32, Adam, all weights trained, no caches, no fused layers, weights
    read once per pass: a recurrent network or a language model that generates reads
    them once per time step or token, which is not counted. The loader is not in it.
    """
    weights = _WEIGHT_PASSES[is_training] * _BYTES_PER_VALUE * n_params * n_steps
    per_sample = activation_bytes_per_sample or 0.0
    return weights + _ACTIVATION_PASSES[is_training] * per_sample * n_samples


@dataclass(frozen=True, slots=True)
class Roofline:
    """Ceilings of a machine.

    Parameters
    ----------
    flop_per_s : float
        Highest compute rate [FLOP/s].
    bytes_per_s : float
        Highest memory rate [bytes/s].

    References
    ----------
    .. [1] Williams, Waterman & Patterson (2009), CACM 52(4),
       doi:10.1145/1498765.1498785.
    """

    flop_per_s: float
    bytes_per_s: float

    @classmethod
    def measured(cls, seen: Columns) -> Self:
        """Return the highest rates that any of the workloads reached.

        Parameters
        ----------
        seen : mapping of str to ndarray
            ``flop`` [FLOP], ``moved_bytes`` [bytes], ``duration_s`` [s].
        """
        return cls(
            float(np.max(seen["flop"] / seen["duration_s"])),
            float(np.max(seen["moved_bytes"] / seen["duration_s"])),
        )

    def time_s(self, work: Columns) -> NDArray[np.float64]:
        """Return the least time that each workload takes under the ceilings [s].

        Parameters
        ----------
        work : mapping of str to ndarray
            ``flop`` [FLOP], ``moved_bytes`` [bytes].
        """
        return np.maximum(
            work["flop"] / self.flop_per_s, work["moved_bytes"] / self.bytes_per_s
        )


@dataclass(frozen=True, slots=True)
class EnergyShares:
    r"""Energy as a sum: so much per FLOP, per byte, per step, and a fixed part.

    Parameters
    ----------
    energy_j_per_flop, energy_j_per_byte, energy_j_per_step, energy_fixed_j : float
        Coefficients [J], none negative.

    Notes
    -----
    Fitted by non-negative least squares on relative errors,
    :math:`\min \sum_i (1 - \hat E_i / E_i)^2`, so that small workloads count as much
    as large ones.
    """

    energy_j_per_flop: float
    energy_j_per_byte: float
    energy_j_per_step: float
    energy_fixed_j: float

    @classmethod
    def fit(cls, seen: Columns) -> Self:
        """Return the shares that fit best.

        Parameters
        ----------
        seen : mapping of str to ndarray
            ``flop``, ``moved_bytes``, ``n_steps`` and ``energy_j`` [J].

        Raises
        ------
        InsufficientDataError
            If there are fewer workloads than coefficients.
        MissingExtraError
            If scipy is not installed.
        """
        try:
            from scipy.optimize import nnls
        except ImportError as error:
            raise MissingExtraError("study", "a study") from error
        energies_j = seen["energy_j"]
        terms = np.column_stack(
            [
                seen["flop"],
                seen["moved_bytes"],
                seen["n_steps"],
                np.ones_like(energies_j),
            ]
        )
        if len(terms) < terms.shape[1]:
            raise InsufficientDataError(
                f"{terms.shape[1]} shares need as many workloads, got {len(terms)}"
            )
        relative = terms / energies_j[:, None]
        size = np.linalg.norm(relative, axis=0)  # FLOP and steps differ by decades
        shares, _ = nnls(relative / size, np.ones(len(terms)))
        return cls(*(float(share) for share in shares / size))

    def energy_j(self, work: Columns) -> NDArray[np.float64]:
        """Return the energy of each workload [J].

        Parameters
        ----------
        work : mapping of str to ndarray
            ``flop``, ``moved_bytes``, ``n_steps``.
        """
        return (
            self.energy_j_per_flop * work["flop"]
            + self.energy_j_per_byte * work["moved_bytes"]
            + self.energy_j_per_step * work["n_steps"]
            + self.energy_fixed_j
        )
