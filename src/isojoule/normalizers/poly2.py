r"""All references: least squares of :math:`E_B = a + b E_A + c E_A^2` [1]_.

The error is squared in joules, as published. The parabola turns somewhere: beyond its
vertex more energy on the source gives less on the target, and a negative :math:`c`
makes large extrapolated estimates negative. Where it turns between the references a
note says so.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, polynomial regression of degree 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.normalizers.lines import require_different_energies
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references


@dataclass(frozen=True, slots=True)
class ParabolaFit:
    r"""Target energy as a parabola of the source energy.

    Parameters
    ----------
    center_j, scale_j : float
        Of the source energy [J]: the parabola is one of
        :math:`t = (E_A - center) / scale`, in [-1, 1] over the references, so that
        squares of 1e9 J beside 1e-3 J lose nothing.
    terms_j : tuple of float, length 3
        Factors of 1, t and t^2 [J].
    low_j, high_j : float
        Range of the references on the source [J].
    """

    center_j: float
    scale_j: float
    terms_j: tuple[float, float, float]
    low_j: float
    high_j: float

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1)."""
        t = (inputs[:, 0] - self.center_j) / self.scale_j
        constant_j, slope_j, square_j = self.terms_j
        return np.asarray(constant_j + t * (slope_j + t * square_j), dtype=np.float64)

    def describe(self, features: Sequence[str] = ()) -> dict[str, float]:
        """Return the coefficients by name with unit.

        Parameters
        ----------
        features : sequence of str
            None: the parabola has no other input.
        """
        del features
        constant_j, slope_j, square_j = self.terms_j
        shift = self.center_j / self.scale_j
        return {
            "intercept [J]": constant_j - shift * (slope_j - shift * square_j),
            "source energy [J/J]": (slope_j - 2 * shift * square_j) / self.scale_j,
            "source energy squared [J/J^2]": square_j / self.scale_j**2,
        }

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to trust the fit as a whole."""
        _, slope_j, square_j = self.terms_j
        ends = [(e - self.center_j) / self.scale_j for e in (self.low_j, self.high_j)]
        if min(slope_j + 2 * square_j * t for t in ends) < 0:
            return ("the parabola falls between references: more energy gives less",)
        return ()


def fit_parabola(inputs: Floats, target_energy_j: Floats) -> ParabolaFit:
    """Return the parabola of least squared error in joules.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1)
        Source energies [J].
    target_energy_j : ndarray of shape (n,)
        Target energies [J].

    Raises
    ------
    InsufficientDataError
        If the references have fewer than three different source energies.
    """
    source_energy_j = inputs[:, 0]
    require_different_energies("poly2", source_energy_j, 3)
    low_j, high_j = float(source_energy_j.min()), float(source_energy_j.max())
    center_j, scale_j = (low_j + high_j) / 2, (high_j - low_j) / 2
    t = (source_energy_j - center_j) / scale_j
    mean_j = target_energy_j.mean()
    (rest_j, slope_j, square_j), *_ = np.linalg.lstsq(
        np.vander(t, 3, increasing=True), target_energy_j - mean_j, rcond=None
    )
    return ParabolaFit(
        center_j=center_j,
        scale_j=scale_j,
        terms_j=(float(mean_j + rest_j), float(slope_j), float(square_j)),
        low_j=low_j,
        high_j=high_j,
    )


POLY2 = PairwiseMethod("poly2", n_min=3, pick=all_references, fit_line=fit_parabola)
