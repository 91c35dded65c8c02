"""How a score goes from its first epoch to its limit: the shapes that a fit weighs."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vector: TypeAlias = NDArray[np.float64]
Kind: TypeAlias = Literal["power", "exponential"]

KINDS: Final[tuple[tuple[Kind, float], ...]] = (
    ("power", 1.0),
    ("power", 2.0),
    ("power", 4.0),
    ("exponential", 1.0),
    ("exponential", 2.0),
)
"""Family and exponent of each shape. Exponents above 1 begin with a plateau."""

_N_CONSTANTS: Final = 20
_SHORTEST: Final = 0.5
_LONGEST_AT_LEAST: Final = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Shapes:
    r"""Curves that rise from 0 at the first epoch to 1 after infinitely many.

    Parameters
    ----------
    is_power : ndarray of bool, shape (n_shapes,)
        Whether it is a power law rather than an exponential.
    exponents : ndarray of shape (n_shapes,)
        How sharp the rise is.
    constants : ndarray of shape (n_shapes,)
        Where it happens [epochs].

    Notes
    -----
    What is left after epoch :math:`t` is :math:`g(t) = 1 / (1 + (t/\tau)^k)`, the
    Morgan-Mercer-Flodin curve, which is a power law for :math:`t \gg \tau`; or
    :math:`g(t) = \exp(-(t/\tau)^k)`, the Weibull curve, an exponential where
    :math:`k = 1`. The rise is :math:`1 - g(t) / g(1)`.

    References
    ----------
    .. [1] Domhan, Springenberg & Hutter (2015), IJCAI, "Speeding up automatic
       hyperparameter optimization of deep neural networks by extrapolation of learning
       curves", Table 1.
    .. [2] Viering & Loog (2023), IEEE TPAMI 45(6), doi:10.1109/TPAMI.2022.3220744.
    """

    is_power: NDArray[np.bool_]
    exponents: Vector
    constants: Vector

    def rise(self, epochs: Vector) -> Vector:
        """Return the share that is done after some epochs.

        Parameters
        ----------
        epochs : ndarray of shape (n,)
            Counted from 1.

        Returns
        -------
        ndarray of shape (n_shapes, n)
            0 at epoch 1, towards 1.
        """
        return 1.0 - self._left(epochs) / self._left(np.ones(1))

    def _left(self, epochs: Vector) -> Vector:
        powers = (epochs / self.constants[:, None]) ** self.exponents[:, None]
        left = np.exp(-np.minimum(powers, 700.0))
        left[self.is_power] = 1.0 / (1.0 + powers[self.is_power])
        return np.asarray(left)

    def pick(self, places: NDArray[np.intp]) -> "Shapes":
        """Return the shapes at `places`, which may come several times."""
        return Shapes(
            self.is_power[places], self.exponents[places], self.constants[places]
        )


def shapes_for(n_epochs: int) -> Shapes:
    """Return the shapes to weigh after `n_epochs` epochs.

    Parameters
    ----------
    n_epochs : int
        Epochs since the curve began. A rise that has hardly begun by then cannot be
        told from none, so the constants end there.
    """
    longest = max(float(n_epochs), _LONGEST_AT_LEAST)
    constants = np.geomspace(_SHORTEST, longest, _N_CONSTANTS)
    exponents = np.array([exponent for _, exponent in KINDS])
    is_power = np.array([kind == "power" for kind, _ in KINDS])
    return Shapes(
        np.repeat(is_power, _N_CONSTANTS),
        np.repeat(exponents, _N_CONSTANTS),
        np.tile(constants, len(KINDS)),
    )
