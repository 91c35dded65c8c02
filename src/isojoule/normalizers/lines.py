"""What a fit is, and least squares through references, stated in joules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.pairs import FEATURE_UNITS, Floats

_ROUNDING: Final = 1e-12
"""Relative difference below which two values are the same: no meter sees it."""


class Line(Protocol):
    """A fitted relation of target energy to source energy and features."""

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1 + p)."""
        ...

    def describe(self, features: Sequence[str] = ()) -> Mapping[str, float]:
        """Return the coefficients by name with unit, for features of these names."""
        ...

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to trust the fit as a whole."""
        ...


@dataclass(frozen=True, slots=True)
class LinearFit:
    """Target energy as a linear function of source energy and features.

    Parameters
    ----------
    intercept_j : float
        Target energy at zero inputs [J].
    coefficients : tuple of float, length 1 + n_features
        Of the source energy [J/J], then of each feature [J per unit of the feature].
    is_unique : bool, default True
        Whether the references allow no other coefficients with the same error.
    """

    intercept_j: float
    coefficients: tuple[float, ...]
    is_unique: bool = True

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1 + p)."""
        slopes = np.array(self.coefficients)
        return np.asarray(self.intercept_j + inputs @ slopes, dtype=np.float64)

    def describe(self, features: Sequence[str] = ()) -> dict[str, float]:
        """Return the coefficients by name with unit.

        Parameters
        ----------
        features : sequence of str
            Names of the inputs after the source energy.
        """
        names = [
            "source energy [J/J]",
            *(f"{name} [J/{FEATURE_UNITS[name]}]" for name in features),
        ]
        slopes = dict(zip(names, self.coefficients, strict=True))
        return {"intercept [J]": self.intercept_j, **slopes}

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to trust the fit as a whole."""
        return doubts_of_slope(self.coefficients[0], is_unique=self.is_unique)


def doubts_of_slope(slope: float, *, is_unique: bool = True) -> tuple[str, ...]:
    """Return what speaks against a fit whose source energy has this coefficient.

    Parameters
    ----------
    slope : float
        Of the source energy, in joules or in logarithms.
    is_unique : bool, default True
        Whether the references allow no other coefficients with the same error.
    """
    doubts = []
    if slope < 0:
        doubts.append("the references contradict each other: more energy gives less")
    if not is_unique:
        doubts.append(
            "one input of the references follows from the others or never changes: "
            "the coefficients are not unique, and the smallest were taken"
        )
    return tuple(doubts)


def least_squares(inputs: Floats, target_energy_j: Floats) -> LinearFit:
    """Return the line of least squared error in joules, with an intercept.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then features.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].

    Notes
    -----
    Inputs are centered and scaled first, so that joules beside 1e15 FLOP are well
    conditioned; where inputs are collinear the smallest coefficients are taken, and a
    constant input gets none.
    """
    center = inputs.mean(axis=0)
    scaled = np.where(is_constant(inputs), 0.0, inputs - center)
    scale = np.abs(scaled).max(axis=0)
    scale[scale == 0] = 1.0
    mean_j = target_energy_j.mean()
    solution, _, rank, _ = np.linalg.lstsq(
        scaled / scale, target_energy_j - mean_j, rcond=None
    )
    coefficients = solution / scale
    return LinearFit(
        float(mean_j - center @ coefficients),
        tuple(coefficients.tolist()),
        is_unique=bool(rank == inputs.shape[1]),
    )


def is_constant(inputs: Floats) -> NDArray[np.bool_]:
    """Return for each input whether it changes by no more than rounding.

    Parameters
    ----------
    inputs : ndarray of shape (n, p)
        As measured or counted: not logarithms, whose zero means nothing.
    """
    largest = np.abs(inputs).max(axis=0)
    return np.asarray(np.ptp(inputs, axis=0) <= _ROUNDING * largest)


def require_different_energies(
    method: str, source_energy_j: Floats, n_different: int
) -> None:
    """Raise unless the references have `n_different` energies on the source.

    Parameters
    ----------
    method : str
        Which needs them.
    source_energy_j : ndarray of shape (n,)
        Energies of the references on the source [J].
    n_different : int
        Fewest different values.

    Raises
    ------
    InsufficientDataError
        If they have fewer.
    """
    rising_j = np.sort(source_energy_j)
    is_new = np.diff(rising_j, prepend=-np.inf) > _ROUNDING * rising_j
    different_j = rising_j[is_new]
    if len(different_j) < n_different:
        shown = " and ".join(f"{energy_j:g} J" for energy_j in different_j)
        raise InsufficientDataError(
            f"{method} needs references of {n_different} different energies, the "
            f"{len(source_energy_j)} at hand have only {shown}: measure another one"
        )
