"""How far anything could get: figures that know the workloads they are judged on."""

from collections.abc import Callable, Sequence

import numpy as np
from attempts_data import Case, by_name, mean_error
from attempts_models import Priors, as_built, energy

from isojoule.normalizers.joint.learning import shrink
from isojoule.normalizers.joint.process import condition
from isojoule.normalizers.pairs import Floats

SLOW_START = "Jetson"
"""Machine whose fixed cost of a start hides what a small workload takes."""


def test_constant(case: Case, priors: Priors) -> float:
    """Return the MALE of the best constant ratio of the test workloads themselves."""
    del priors
    ratios = [case.log_ratio[test] for _, test in case.folds()]
    return float(np.mean([mean_error(np.median(r), r) for r in ratios]))


def network_constants(case: Case, priors: Priors) -> float:
    """Return the same with a constant for each network.

    NaN where every network has one workload: a constant is then the workload itself.
    """
    del priors
    if len(set(case.networks)) == len(case.networks):
        return np.nan
    errors = np.zeros(len(case.seen))
    for network in np.unique(case.networks):
        rows = case.networks == network
        errors[rows] = np.abs(case.log_ratio[rows] - np.median(case.log_ratio[rows]))
    return mean_over_folds(case, errors)


def leave_one_out(case: Case, priors: Priors) -> float:
    """Return the MALE of `joint` given all workloads but the one that it is asked for.

    With K the covariance and d the deviations of all of them, the error of one is
    :math:`[K^{-1} d]_i / [K^{-1}]_{ii}` (Rasmussen & Williams 2006, equation 5.12).
    """
    h = shrink(priors.without(case.table, as_built, energy))
    process = condition(h, case.alone, case.log_ratio, extra_variance=case.own_variance)
    pulled = process.inverse @ process.deviations
    return mean_over_folds(case, np.abs(pulled / np.diagonal(process.inverse)))


def one_of_each(case: Case, priors: Priors) -> float:
    """Return the MALE of `joint` given one workload of each network held out, too.

    That of median source energy; the others of the network are judged. NaN where
    every network has one workload.
    """
    if len(set(case.networks)) == len(case.networks):
        return np.nan
    h = shrink(priors.without(case.table, as_built, energy))
    found = []
    for train, test in case.folds():
        held = [test[case.networks[test] == n] for n in set(case.networks[test])]
        added = np.array([rows[len(rows) // 2] for rows in held])
        taken, asked = np.append(train, added), np.setdiff1d(test, added)
        if not len(asked):
            continue
        said = condition(
            h,
            case.alone.of(taken),
            case.log_ratio[taken],
            extra_variance=case.own_variance[taken],
        ).predict(case.alone.of(asked))
        found.append(mean_error(said.log_ratio, case.log_ratio[asked]))
    return float(np.mean(found))


def mean_over_folds(case: Case, errors: Floats) -> float:
    return float(np.mean([errors[test].mean() for _, test in case.folds()]))


LIMITS: dict[str, Callable[[Case, Priors], float]] = {
    "one ratio, the best for the test workloads": test_constant,
    "one ratio for each network held out, the best": network_constants,
    "joint with one workload of each network held out": one_of_each,
    "joint with all workloads but the one asked for": leave_one_out,
}


def spread(case: Case) -> float:
    """Return the standard deviation of the log ratios of a pair."""
    return float(case.log_ratio.std())


def correlation(case: Case) -> float:
    """Return the correlation of the log energies of a pair."""
    return float(np.corrcoef(np.log(case.source_j), np.log(case.target_j))[0, 1])


def kind_of(case: Case) -> str:
    """Return the table of a pair, with phase and source where they matter."""
    if not any(SLOW_START in machine for machine in (case.source, case.target)):
        return case.table
    way = "from" if SLOW_START in case.source else "to"
    return f"{case.table} {case.phase} {way} {SLOW_START}"


def by_kind(cases: Sequence[Case], values: Sequence[float]) -> dict[str, float]:
    """Return means over the pairs of each kind."""
    return by_name([kind_of(case) for case in cases], values)
