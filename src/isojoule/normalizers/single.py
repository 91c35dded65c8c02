r"""One reference: :math:`E_B = E_A \, r_B / r_A` [1]_.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, single-reference normalization.
"""

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.lines import LinearFit
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod


def fit_ratio(inputs: Floats, target_energy_j: Floats) -> LinearFit:
    """Return the proportion through one reference.

    Parameters
    ----------
    inputs : ndarray of shape (1, 1)
        Source energy of the reference [J].
    target_energy_j : ndarray of shape (1,)
        Its energy on the target [J].
    """
    return LinearFit(0.0, (float(target_energy_j[0] / inputs[0, 0]),))


def _lowest(source_energy_j: Floats) -> NDArray[np.intp]:
    return np.argsort(source_energy_j, kind="stable")[:1]


def _highest(source_energy_j: Floats) -> NDArray[np.intp]:
    return np.argsort(source_energy_j, kind="stable")[-1:]


def _middle(source_energy_j: Floats) -> NDArray[np.intp]:
    """Return the median; of an even number the lower of the two in the middle."""
    position = (len(source_energy_j) - 1) // 2
    return np.argsort(source_energy_j, kind="stable")[position : position + 1]


SINGLE_LOW = PairwiseMethod("single-low", n_min=1, pick=_lowest, fit_line=fit_ratio)
SINGLE_HIGH = PairwiseMethod("single-high", n_min=1, pick=_highest, fit_line=fit_ratio)
SINGLE_MEDIAN = PairwiseMethod(
    "single-median", n_min=1, pick=_middle, fit_line=fit_ratio
)
