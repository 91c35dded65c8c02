"""How far predictions are from what was measured."""

from dataclasses import dataclass
from math import nan
from typing import Final

import numpy as np

from isojoule.estimators.inputs import Floats

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of predictions on runs of known truth.

    Parameters
    ----------
    n : int
        Runs.
    r2 : float
        One minus the squared errors over the squared deviations from the mean; NaN
        where the truth does not vary.
    rmse, mae, bias : float
        In the unit of the target; the bias is predicted minus true.
    mape, mdape : float
        Mean and median of |predicted / true - 1|, as a share.
    """

    n: int
    r2: float
    rmse: float
    mae: float
    bias: float
    mape: float
    mdape: float

    @classmethod
    def of(cls, predicted: Floats, true: Floats) -> "Errors":
        """Return the errors of `predicted`, both ndarray of shape (n,), true positive.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not len(true):
            raise ValueError("there is nothing to score")
        error = predicted - true
        relative = np.abs(error / true)
        spread = float(((true - true.mean()) ** 2).sum())
        varies = float(true.std()) > _ROUNDING * float(np.abs(true).max())
        return cls(
            n=len(true),
            r2=1 - float((error**2).sum()) / spread if varies else nan,
            rmse=float((error**2).mean() ** 0.5),
            mae=float(np.abs(error).mean()),
            bias=float(error.mean()),
            mape=float(relative.mean()),
            mdape=float(np.median(relative)),
        )


@dataclass(frozen=True, slots=True)
class Coverage:
    """What intervals hold.

    Parameters
    ----------
    n : int
        Predictions that came with an interval.
    fraction : float
        Share of them whose truth lies in it; NaN where there are none.
    width_fraction : float
        Median of its width over the truth; NaN where there are none.
    """

    n: int
    fraction: float
    width_fraction: float

    @classmethod
    def of(cls, low: Floats, high: Floats, true: Floats) -> "Coverage":
        """Return what intervals hold, NaN where there is none, all of shape (n,)."""
        known = np.isfinite(low) & np.isfinite(high)
        if not known.any():
            return cls(0, nan, nan)
        low, high, true = low[known], high[known], true[known]
        return cls(
            n=int(known.sum()),
            fraction=float(((low <= true) & (true <= high)).mean()),
            width_fraction=float(np.median((high - low) / true)),
        )
