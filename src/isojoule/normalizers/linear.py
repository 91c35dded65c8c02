r"""All references: least squares of :math:`E_B = a + b E_A [+ c F] [+ d P]` [1]_.

:math:`F` is the forward FLOP of the unit of work, :math:`P` the number of parameters.
The error is squared in joules, as published; over several decades of energy the largest
references decide and small workloads may be off by factors. The coefficients are in J,
J/J, J/FLOP and J per parameter.

References
----------
.. [1] Douwes & Serizel, Normalizing Energy Consumption for Hardware-Independent
   Evaluation, linear regression without and with FLOPs and parameters.
"""

from isojoule.normalizers.lines import (
    LinearFit,
    least_squares,
    require_different_energies,
)
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references


def fit_linear(inputs: Floats, target_energy_j: Floats) -> LinearFit:
    """Return the line of least squares through all references.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then features.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    """
    require_different_energies("linear", inputs[:, 0], 2)
    return least_squares(inputs, target_energy_j)


LINEAR = PairwiseMethod(
    "linear",
    n_min=2,
    pick=all_references,
    fit_line=fit_linear,
    takes_features=("flop", "params"),
)
