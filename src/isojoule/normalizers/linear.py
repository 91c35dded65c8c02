r"""All references: least squares of :math:`E_B = a + b E_A [+ c F] [+ d P]` [1]_.

:math:`F` is the forward FLOP of the unit of work, :math:`P` the number of parameters.
The error is squared in joules, as published; over several decades of energy the largest
references decide and small workloads may be off by factors.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, linear regression without and with FLOPs and parameters.
"""

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.lines import least_squares
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod


def _all(source_energy_j: Floats) -> NDArray[np.intp]:
    return np.arange(len(source_energy_j))


LINEAR = PairwiseMethod(
    "linear", n_min=2, pick=_all, fit_line=least_squares, takes_features=True
)
