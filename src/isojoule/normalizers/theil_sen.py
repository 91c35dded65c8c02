r"""The median slope: :math:`E_B = a + b E_A`, robust against a few odd references [1]_.

:math:`b` is the median of the slopes between all pairs of references, and
:math:`a = \mathrm{median}(E_B) - b \, \mathrm{median}(E_A)`, in joules: what
`scipy.stats.theilslopes` calls ``method="separate"``, its default. Up to 29 % of the
references may be wrong by any amount. The median weighs all pairs of references alike,
so that where most of them are small the line serves those, and the largest may be off.

For the interval each reference is left out on its own up to 200 of them; above, ten
groups of references are left out in turn.

References
----------
.. [1] Sen (1968), Estimates of the regression coefficient based on Kendall's tau,
   JASA 63(324), doi:10.1080/01621459.1968.10480934.
"""

from isojoule.errors import MissingExtraError
from isojoule.normalizers.lines import LinearFit, require_different_energies
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references


def fit_median_slope(inputs: Floats, target_energy_j: Floats) -> LinearFit:
    """Return the Theil-Sen line through references.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1)
        Source energies [J].
    target_energy_j : ndarray of shape (n,)
        Target energies [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    MissingExtraError
        If scipy is not installed.
    """
    require_different_energies("theil-sen", inputs[:, 0], 2)
    try:
        from scipy.stats import theilslopes
    except ImportError as error:
        raise MissingExtraError("study", "the method theil-sen") from error
    found = theilslopes(target_energy_j, inputs[:, 0], method="separate")
    return LinearFit(float(found.intercept), (float(found.slope),))


THEIL_SEN = PairwiseMethod(
    "theil-sen",
    n_min=2,
    pick=all_references,
    fit_line=fit_median_slope,
    max_refits=200,
)
