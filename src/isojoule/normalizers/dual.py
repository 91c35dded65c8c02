r"""Two references: the line through the lowest and the highest [1]_.

.. math:: E_B = h_B + \frac{h_B - l_B}{h_A - l_A} (E_A - h_A)

for a lowest reference :math:`l` and a highest :math:`h` on the source. Two points and
two coefficients leave no degree of freedom: the interval comes from further workloads
that both machines measured, or is not known.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, dual-reference normalization.
"""

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.normalizers.lines import LinearFit
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod


def fit_two_points(inputs: Floats, target_energy_j: Floats) -> LinearFit:
    """Return the line through two references.

    Parameters
    ----------
    inputs : ndarray of shape (2, 1)
        Source energies [J].
    target_energy_j : ndarray of shape (2,)
        Target energies [J].

    Raises
    ------
    InsufficientDataError
        If both references have the same source energy.
    """
    (low_j, high_j), (target_low_j, target_high_j) = inputs[:, 0], target_energy_j
    if low_j == high_j:
        raise InsufficientDataError(
            f"dual needs two references of different energy, both have {low_j:g} J: "
            "measure another one"
        )
    slope = (target_high_j - target_low_j) / (high_j - low_j)
    return LinearFit(float(target_high_j - slope * high_j), (float(slope),))


def _lowest_and_highest(source_energy_j: Floats) -> NDArray[np.intp]:
    return np.argsort(source_energy_j, kind="stable")[[0, -1]]


DUAL = PairwiseMethod(
    "dual", n_min=2, pick=_lowest_and_highest, fit_line=fit_two_points
)
