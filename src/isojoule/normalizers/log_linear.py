r"""A line in logarithms: :math:`\ln E_B = a + b \ln E_A [+ c \ln P] [+ d \ln F]`.

Least squares of the logarithms through all references. :math:`P` is the mean power on
the source (feature ``power``), :math:`F` the forward FLOP of the unit of work
(``flop``); the number of parameters (``params``) enters alike. Every reference counts
by its ratio, the smallest as much as the largest, and no estimate is negative.

The estimate is :math:`\exp` of the line: the median of the target energy where errors
are symmetric in logarithms. It is not corrected to a mean by smearing [1]_: sums of
many estimates come out low by about half the variance of the log errors.

References
----------
.. [1] Duan (1983), Smearing estimate: a nonparametric retransformation method,
   JASA 78(383), doi:10.1080/01621459.1983.10478017.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from isojoule.normalizers.lines import (
    LinearFit,
    doubts_of_slope,
    is_constant,
    least_squares,
    require_different_energies,
)
from isojoule.normalizers.pairs import Floats
from isojoule.normalizers.pairwise import PairwiseMethod, all_references


@dataclass(frozen=True, slots=True)
class LogLinearFit:
    """Target energy as a product of powers of source energy and features.

    Parameters
    ----------
    logarithms : LinearFit
        Of ln target energy [ln J] on the logarithms of the inputs.
    """

    logarithms: LinearFit

    def predict(self, inputs: Floats) -> Floats:
        """Return target energies [J], ndarray of shape (n,), of inputs (n, 1 + p).

        NaN where an input is not positive, infinite beyond the largest number.
        """
        is_positive = (inputs > 0).all(axis=1)
        predicted_j = np.full(len(inputs), np.nan)
        with np.errstate(over="ignore"):
            predicted_j[is_positive] = np.exp(
                self.logarithms.predict(np.log(inputs[is_positive]))
            )
        return predicted_j

    def describe(self, features: Sequence[str] = ()) -> dict[str, float]:
        """Return the coefficients by name with unit.

        Parameters
        ----------
        features : sequence of str
            Names of the inputs after the source energy.
        """
        names = [f"exponent of {name} [1]" for name in ("source energy", *features)]
        exponents = dict(zip(names, self.logarithms.coefficients, strict=True))
        return {"intercept [ln J]": self.logarithms.intercept_j, **exponents}

    @property
    def doubts(self) -> tuple[str, ...]:
        """Reasons not to trust the fit as a whole."""
        return doubts_of_slope(
            self.logarithms.coefficients[0], is_unique=self.logarithms.is_unique
        )


def fit_logarithms(inputs: Floats, target_energy_j: Floats) -> LogLinearFit:
    """Return the line of least squares through the logarithms of all references.

    Parameters
    ----------
    inputs : ndarray of shape (n, 1 + n_features)
        Source energy [J], then features, all positive.
    target_energy_j : ndarray of shape (n,)
        Energy on the target [J].

    Raises
    ------
    InsufficientDataError
        If all references have the same source energy.
    """
    require_different_energies("log-linear", inputs[:, 0], 2)
    logarithms = np.log(inputs)
    logarithms[:, is_constant(inputs)] = 0.0
    return LogLinearFit(least_squares(logarithms, np.log(target_energy_j)))


LOG_LINEAR = PairwiseMethod(
    "log-linear",
    n_min=2,
    pick=all_references,
    fit_line=fit_logarithms,
    takes_features=("power", "flop", "params"),
    needs_positive=True,
)
