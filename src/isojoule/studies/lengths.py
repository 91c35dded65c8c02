"""Whether energy grows in proportion to the number of samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from isojoule.studies.intervals import Interval, require_scipy, student_quantile

Verdict: TypeAlias = Literal[
    "proportional", "linear with an offset", "not linear", "cannot tell"
]

_MIN_LENGTHS: Final = 3
_MIN_SPAN: Final = 1.2
_MIN_RUNS: Final = 4
_TOLERANCE: Final = 0.1


@dataclass(frozen=True, slots=True)
class LengthFit:
    """Energy of one workload against how much of it ran.

    Parameters
    ----------
    workload : str
        Its name.
    n_runs, n_lengths : int
        Runs, and different numbers of samples among them.
    n_samples_low, n_samples_high : float
        Shortest and longest run [samples].
    energy_offset_j, energy_j_per_sample : Interval or None
        Of the line through the runs [J].
    energy_j_per_epoch : float or None
        Slope per pass over the data [J], where its size is known.
    r2 : float or None
        Share of the variance of energy that the line explains.
    largest_residual_fraction : float or None
        Largest distance of a run from the line, as a share of the line.
    log_slope : Interval or None
        Of ln E against ln n; 1 is proportional.
    quadratic_p : float or None
        Probability of a quadratic term as large as this if energy were linear.
    verdict : str
        What that says.
    reason : str
        Why there is no fit.
    """

    workload: str
    n_runs: int
    n_lengths: int
    n_samples_low: float
    n_samples_high: float
    energy_offset_j: Interval | None = None
    energy_j_per_sample: Interval | None = None
    energy_j_per_epoch: float | None = None
    r2: float | None = None
    largest_residual_fraction: float | None = None
    log_slope: Interval | None = None
    quadratic_p: float | None = None
    verdict: Verdict = "cannot tell"
    reason: str = ""


def fit_length(
    workload: str,
    n_samples: Sequence[float],
    energy_j: Sequence[float],
    *,
    n_samples_per_epoch: float | None = None,
    level: float,
) -> LengthFit:
    r"""Return how the energy of a workload grows with its samples.

    Parameters
    ----------
    workload : str
        Its name.
    n_samples : sequence of float, length n
        Samples of each run, positive.
    energy_j : sequence of float, length n
        Energy of each run, positive [J].
    n_samples_per_epoch : float or None
        Samples in one pass over the data.
    level : float
        Coverage of the intervals, in (0, 1).

    Raises
    ------
    MissingExtraError
        If scipy is not installed.

    Notes
    -----
    Least squares of :math:`E = a + b n` with Student intervals, of
    :math:`\ln E = \alpha + \beta \ln n`, and the test of :math:`c` in
    :math:`E = a + b n + c n^2`. ``not linear`` where that test rejects at `level`; else
    ``linear with an offset`` where the interval of :math:`a` excludes zero; else
    ``proportional`` where that of :math:`\beta` lies within 0.9 to 1.1.
    """
    n, energies_j = np.asarray(n_samples, float), np.asarray(energy_j, float)
    n_lengths = len(np.unique(n))
    place = (workload, len(n), n_lengths, float(n.min()), float(n.max()))
    reason = _cannot_fit(n)
    if reason:
        return LengthFit(*place, reason=reason)
    scaled = n / n.max()  # so that the powers of large counts stay well conditioned
    line = _LeastSquares.fit(np.vander(scaled, 2, increasing=True), energies_j)
    curve = _LeastSquares.fit(np.vander(scaled, 3, increasing=True), energies_j)
    log_line = _LeastSquares.fit(
        np.column_stack([np.ones_like(n), np.log(n)]), np.log(energies_j)
    )
    offset, slope = (line.interval(i, level) for i in (0, 1))
    log_slope = log_line.interval(1, level)
    quadratic_p = curve.p_value(2)
    per_sample = slope.mapped(lambda energy_j: energy_j / float(n.max()))
    return LengthFit(
        *place,
        energy_offset_j=offset,
        energy_j_per_sample=per_sample,
        energy_j_per_epoch=(
            None
            if n_samples_per_epoch is None
            else per_sample.value * n_samples_per_epoch
        ),
        r2=line.r2,
        largest_residual_fraction=line.largest_residual_fraction,
        log_slope=log_slope,
        quadratic_p=quadratic_p,
        verdict=_verdict(offset, log_slope, quadratic_p, level),
    )


def _cannot_fit(n_samples: NDArray[np.float64]) -> str:
    """Return why there are too few lengths for a fit; empty where there are enough."""
    n_runs, n_lengths = len(n_samples), len(np.unique(n_samples))
    if n_lengths < _MIN_LENGTHS or n_runs < _MIN_RUNS:
        return (
            f"{n_runs} runs of {n_lengths} lengths, needs {_MIN_RUNS} of {_MIN_LENGTHS}"
        )
    if n_samples.max() < _MIN_SPAN * n_samples.min():
        return f"the longest run is less than {_MIN_SPAN:g} times the shortest"
    return ""


def _verdict(
    offset: Interval, log_slope: Interval, quadratic_p: float | None, level: float
) -> Verdict:
    if quadratic_p is not None and quadratic_p < 1 - level:
        return "not linear"
    if (
        offset.low is not None
        and offset.high is not None
        and (offset.low > 0 or offset.high < 0)
    ):
        return "linear with an offset"
    low, high = log_slope.low, log_slope.high
    if low is None or high is None:
        return "cannot tell"
    within = low >= 1 - _TOLERANCE and high <= 1 + _TOLERANCE
    return "proportional" if within else "cannot tell"


@dataclass(frozen=True, slots=True)
class _LeastSquares:
    """A linear model, fitted."""

    terms: NDArray[np.float64]
    target: NDArray[np.float64]
    factors: NDArray[np.float64]

    @classmethod
    def fit(
        cls, terms: NDArray[np.float64], target: NDArray[np.float64]
    ) -> "_LeastSquares":
        factors, *_ = np.linalg.lstsq(terms, target, rcond=None)
        return cls(terms, target, np.asarray(factors, np.float64))

    @property
    def residuals(self) -> NDArray[np.float64]:
        return self.target - self.terms @ self.factors

    @property
    def n_free(self) -> int:
        return len(self.target) - len(self.factors)

    @property
    def r2(self) -> float | None:
        spread = float(np.sum((self.target - self.target.mean()) ** 2))
        return 1 - float(self.residuals @ self.residuals) / spread if spread else None

    @property
    def largest_residual_fraction(self) -> float | None:
        fitted = self.terms @ self.factors
        if not np.all(fitted > 0):
            return None
        return float(np.max(np.abs(self.residuals / fitted)))

    def error(self, place: int) -> float:
        """Return the standard error of one factor."""
        variance = float(self.residuals @ self.residuals) / self.n_free
        inverse = np.linalg.inv(self.terms.T @ self.terms)
        return float(np.sqrt(variance * inverse[place, place]))

    def interval(self, place: int, level: float) -> Interval:
        value = float(self.factors[place])
        half = student_quantile(level, self.n_free) * self.error(place)
        return Interval(value, value - half, value + half)

    def p_value(self, place: int) -> float | None:
        """Return the probability of so large a factor by chance, two-sided."""
        error = self.error(place)
        if error == 0:
            return None
        distance = abs(float(self.factors[place])) / error
        return float(2 * require_scipy().t.sf(distance, self.n_free))
