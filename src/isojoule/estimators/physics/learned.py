r"""What a set of cases tells of a training to come, and how sure that is.

Intervals are Student's with `FREEDOM` degrees: single configurations miss by more than
the normal law has them miss. Their width is that of the process times a factor that the
cases themselves tell: each fifth of them is predicted from the others, and the squares
of the standardized errors :math:`z` of the :math:`m` cases give the factor
:math:`\sqrt{(\nu + \sum z^2) / (\nu + m)}` with :math:`\nu` = `PRIOR_WEIGHT` cases in
which the process is right.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, sqrt
from typing import Final, Self

import numpy as np

from isojoule.errors import InsufficientDataError
from isojoule.estimators.physics.cases import Case, Target, mean_latents
from isojoule.estimators.physics.description import REFERENCE, Description
from isojoule.estimators.physics.process import (
    Evidence,
    Plane,
    Points,
    Process,
    Widths,
    condition,
    learn,
    variances_before,
)

FREEDOM: Final = 6.0
"""Degrees of freedom of the intervals."""

PRIOR_WEIGHT: Final = 5
"""Cases that the process counts as right, before any is left out."""

_N_FOLDS: Final = 5


@dataclass(frozen=True, slots=True)
class Prediction:
    """A quantity of a training to come.

    Parameters
    ----------
    value, low, high : float
        Median and bounds, in the unit of the target.
    configuration_fraction : float
        Share of the variance that is doubt about the configuration; the rest is scatter
        from run to run.
    n_cases : int
        Configurations that it was learned from.
    nearest : str or None
        The one that tells most about it, with what the two share; `None` where there
        is none.
    outside : tuple of str
        Features outside the range of the cases.
    is_machine_seen : bool
        Whether some case ran on this machine.
    """

    value: float
    low: float
    high: float
    configuration_fraction: float
    n_cases: int
    nearest: str | None
    outside: tuple[str, ...]
    is_machine_seen: bool


@dataclass(frozen=True, slots=True)
class Learned:
    """A process that has seen the cases of some features.

    Parameters
    ----------
    cases : sequence of Case
        What it has seen.
    target : Target
        What it tells of.
    features : frozenset of str
        Those that the cases and the trainings know.
    process : Process or None
        `None` where there are no cases.
    plane : Plane or None
        What was known before.
    widening : float
        Factor on the doubt about a configuration.
    scatter : float
        Standard deviation of the latent values of one configuration.
    """

    cases: Sequence[Case]
    target: Target
    features: frozenset[str]
    process: Process | None
    plane: Plane | None
    widening: float
    scatter: float

    @classmethod
    def from_cases(
        cls,
        cases: Sequence[Case],
        target: Target,
        features: frozenset[str],
        plane: Plane | None,
    ) -> Self:
        """Return what `cases` tell of a target."""
        if not cases:
            return cls((), target, features, None, plane, 1.0, target.widths.own)
        means, scatter = mean_latents(cases, target, features)
        seen = Evidence(
            Points.of([c.at for c in cases], features),
            np.array(means),
            np.array([scatter**2 / len(c.values) for c in cases]),
        )
        widths = learn(seen, target.widths, plane)
        widening = _widening(seen, widths, plane)
        process = condition(seen, widths, plane)
        return cls(cases, target, features, process, plane, widening, scatter)

    def predict(self, at: Description, half_width: float) -> Prediction:
        """Return the prediction of one training."""
        points = Points.of([at], self.features)
        if self.process is None:
            mean, variance = _before(points, self.target.widths, self.plane)
        else:
            means, variances = self.process.predict(points)
            mean, variance = float(means[0]), float(variances[0])
        configuration = variance * self.widening**2
        total = configuration + self.scatter**2
        reach = half_width * sqrt(total)
        value, low, high = (
            self.target.value(mean + off, at, self.features)
            for off in (0.0, -reach, reach)
        )
        return Prediction(
            value=value,
            low=low,
            high=high,
            configuration_fraction=configuration / total,
            n_cases=len(self.cases),
            nearest=self._nearest(points, at),
            outside=tuple(sorted(_outside(at, self.cases, self.features))),
            is_machine_seen=any(c.at.hardware == at.hardware for c in self.cases),
        )

    def _nearest(self, points: Points, at: Description) -> str | None:
        """Return the case that shares most with a training, and what it shares."""
        if self.process is None:
            return None
        place = int(np.argmax(self.process.shared(points)[0]))
        case = self.cases[place]
        same = [
            what
            for what, is_same in (
                ("the same work", case.at.work == at.work),
                (
                    "the same network",
                    case.at.work != at.work and case.at.model == at.model is not None,
                ),
                ("the same machine", case.at.hardware == at.hardware),
            )
            if is_same
        ]
        return f"{case.name} ({' on '.join(same) or 'neither network nor machine'})"


def _before(points: Points, widths: Widths, plane: Plane | None) -> tuple[float, float]:
    """Return mean and variance where no case was seen.

    Raises
    ------
    InsufficientDataError
        If nothing is known of the plane either.
    """
    if plane is None:
        raise InsufficientDataError("nothing was learned: give runs to learn from")
    mean = points.plane[0] @ plane.mean
    return float(mean), float(variances_before(points, widths, plane)[0])


def _widening(seen: Evidence, widths: Widths, plane: Plane | None) -> float:
    """Return the factor by which intervals are widened, as the module says."""
    n_cases = len(seen.latents)
    places = np.arange(n_cases)
    squares = 0.0
    for fold in range(min(_N_FOLDS, n_cases) if n_cases > 1 else 0):
        is_held = places % _N_FOLDS == fold
        held, kept = seen.take(places[is_held]), seen.take(places[~is_held])
        means, variances = condition(kept, widths, plane).predict(held.points)
        errors = held.latents - means
        squares += float((errors**2 / (variances + held.noise_variances)).sum())
    n_judged = n_cases if n_cases > 1 else 0
    return sqrt((PRIOR_WEIGHT + squares) / (PRIOR_WEIGHT + n_judged))


def _outside(
    at: Description, cases: Sequence[Case], features: frozenset[str]
) -> Iterable[str]:
    """Yield the features that lie outside the range of the cases."""
    for name in features if cases else ():
        seen = [c.at.logs[name] for c in cases]
        if not min(seen) - 1e-9 <= at.logs[name] <= max(seen) + 1e-9:
            value = REFERENCE[name] * exp(at.logs[name])
            yield f"{name} {value:.3g}"
