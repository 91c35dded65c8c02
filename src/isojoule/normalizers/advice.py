r"""What one more reference would be worth, in factors of an interval.

An interval of the method ``joint`` reaches from the estimate divided by a factor to the
estimate times it. Between workloads with standard deviation :math:`\sigma` of the log
ratio the factor is

.. math::

   \exp\sqrt{(c\,t\,s)^2 + z^2 v}, \qquad
   s^2 = \frac{\nu - 2 + q}{\nu + n}\,\sigma^2

with the factor c of `Prior.widening`, the quantile t of Student's t with
:math:`\nu + n` degrees of freedom, the normal quantile z and the variance v that the
gains of two boards make [1]_. :math:`q = (r - m)^T K^{-1} (r - m)` is known once the n
references have run; before, its expectation is n, for K is the covariance of r.

References
----------
.. [1] Shah, Wilson & Ghahramani (2014), Student-t Processes as Alternatives to Gaussian
   Processes, AISTATS, PMLR 33, equation 6.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, inf, sqrt
from statistics import NormalDist, geometric_mean
from typing import Final

import numpy as np

from isojoule.normalizers.joint import JointNormalizer
from isojoule.normalizers.joint.doubt import gain_variance
from isojoule.normalizers.joint.frame import make_frame
from isojoule.normalizers.joint.paths import combine
from isojoule.normalizers.joint.planning import Planner
from isojoule.normalizers.joint.prior import Prior
from isojoule.records import Calibration, Estimate, Observation
from isojoule.stats import student_half_width

LEAST_GAIN: Final = 0.05
"""Share by which a factor has to fall for a reference to be worth a word."""

_MOST: Final = 300
"""Workloads that are looked at; above, an even choice by source energy."""


@dataclass(frozen=True, slots=True)
class NextReference:
    """The workload to run next on the target.

    Parameters
    ----------
    workload : str
        Known on the source, not yet on the target.
    factor_before, factor_after : float
        Geometric mean of the factors of the other workloads' intervals, without and
        with it. In the median a reference for those that no other one resembles would
        not show.
    n_workloads : int
        How many these are.
    """

    workload: str
    factor_before: float
    factor_after: float
    n_workloads: int


def expected_factor(
    prior: Prior, n_references: int, sd: float, *, level: float = 0.9
) -> float:
    """Return the factor of an interval that is to be expected.

    Parameters
    ----------
    prior : Prior
        What was learned from other machines.
    n_references : int
        References that will have run; at 0 the factor is that of two machines of which
        nothing is known, not even a specification.
    sd : float
        Standard deviation of the log ratio given them, its own noise in it.
    level : float, default 0.9
        Coverage of the interval, in (0, 1).

    Raises
    ------
    ValueError
        If the level is outside (0, 1).
    """
    freedom = prior.alone.freedom + n_references
    scale = sd * sqrt((freedom - 2) / freedom)
    student = student_half_width(level, freedom)
    widening = prior.widening(n_references, is_elsewhere=False)
    normal = NormalDist().inv_cdf((1 + level) / 2)
    return exp(
        sqrt((widening * student * scale) ** 2 + normal**2 * gain_variance()),
    )


def factor_of(estimate: Estimate) -> float:
    """Return the factor of the interval of `estimate`; infinite where there is none."""
    low_j, high_j = estimate.energy_low_j, estimate.energy_high_j
    if not low_j or high_j is None:
        return inf
    return sqrt(high_j / low_j)


def next_reference(
    normalizer: JointNormalizer,
    estimates: Sequence[Estimate],
    *,
    source: str,
    target: str,
) -> NextReference | None:
    """Return the reference that would narrow the intervals most.

    Parameters
    ----------
    normalizer : JointNormalizer
        That made the estimates.
    estimates : sequence of Estimate
        For `target`; those of references are passed over.
    source, target : str
        Machines.

    Returns
    -------
    NextReference or None
        `None` where every workload of the source has run on the target, or none of them
        would lower the mean factor by `LEAST_GAIN`.

    Notes
    -----
    The candidate is the one after which the mean standard deviation is smallest, from
    references of the two machines alone. The factors are those that the normalizer
    gives, with further machines, without and with the candidate, whose ratio is taken
    to lie one standard deviation off what is expected: so far, in the mean, new
    references did.
    """
    known = normalizer.ways.calibrations[source].observations
    after = normalizer.ways.calibrations.get(target, Calibration(target, {}))
    taken = normalizer.ways.references_of(source, target)
    wanted = _thinned([e for e in estimates if e.workload not in taken], known)
    offered = _thinned(
        [e for e in estimates if e.workload not in after.observations], known
    )
    others = [known[e.workload] for e in wanted]
    candidates = [known[e.workload] for e in offered]
    if not candidates or not others:
        return None
    references = [known[name] for name in taken]
    best = _best(normalizer, known, references, candidates=candidates, wanted=others)
    before = [e for e in wanted if e.workload != best.workload]
    if not before:
        return None
    richer = _with_run(normalizer, best, target=target)
    after_it = [
        richer.convert(known[e.workload], target=target, level=e.level) for e in before
    ]
    factor_before, factor_after = (
        geometric_mean(factor_of(e) for e in estimates)
        for estimates in (before, after_it)
    )
    if not factor_after <= (1 - LEAST_GAIN) * factor_before:
        return None
    return NextReference(best.workload, factor_before, factor_after, len(before))


def _thinned(
    estimates: Sequence[Estimate], known: Mapping[str, Observation]
) -> list[Estimate]:
    """Return at most `_MOST` of them, evenly by source energy."""
    rising = sorted(estimates, key=lambda e: known[e.workload].energy_j)
    if len(rising) <= _MOST:
        return rising
    return [rising[int(i)] for i in np.linspace(0, len(rising) - 1, _MOST).round()]


def _best(
    normalizer: JointNormalizer,
    known: Mapping[str, Observation],
    references: Sequence[Observation],
    *,
    candidates: Sequence[Observation],
    wanted: Sequence[Observation],
) -> Observation:
    """Return the candidate that leaves the smallest mean standard deviation."""
    frame = make_frame(Calibration(candidates[0].hardware, known))
    planner = Planner(
        normalizer.ways.prior.planning,
        frame.inputs([*references, *candidates]),
        frame.inputs(wanted),
    )
    for place in range(len(references)):
        planner.take(place)
    left = planner.mean_sd_after()[len(references) :]
    return candidates[int(left.argmin())]


def _with_run(
    normalizer: JointNormalizer, candidate: Observation, *, target: str
) -> JointNormalizer:
    """Return the normalizer as it would be after a run of `candidate` on `target`."""
    way = combine(normalizer.ways.all(candidate, target))
    deviation = way.scale * sqrt(way.freedom / (way.freedom - 2))
    run = replace(
        candidate,
        hardware=target,
        energy_j=candidate.energy_j * exp(way.log_ratio + deviation),
        duration_s=None,
        n_repeats=1,
        repeat_std_fraction=None,
    )
    calibrations = dict(normalizer.ways.calibrations)
    seen = calibrations[target].observations if target in calibrations else {}
    calibrations[target] = Calibration(target, {**seen, candidate.workload: run})
    chosen = normalizer.ways.references
    return JointNormalizer.fit(
        list(calibrations.values()),
        references=None if chosen is None else (*chosen, candidate.workload),
        allow_mixed=normalizer.ways.allow_mixed,
        prior=normalizer.ways.prior,
    )
