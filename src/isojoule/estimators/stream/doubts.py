"""What the stable epochs of a training cannot tell of those to come."""

from math import log, sqrt
from typing import Final, Literal

from isojoule.estimators.forecast import drift_share, warmup_share
from isojoule.estimators.regimes import STARTUP_S, Regime, RegimeTracker, Stable
from isojoule.estimators.stream.levels import median

_SETTLING: Final = 0.6
"""Share of its way that a regime which is settling has left after each epoch."""

_OTHER_WORK: Final = log(1.35)
"""Step from which on a change that was not announced is one of the work, not a machine
that got slower or faster and may do the reverse. In the runs of del Rey et al. (2023)
the fine-tuning takes 1.4 to 4 times the energy of an epoch before it."""

_MAY_CHANGE_BACK: Final = 0.5
"""Belief that a machine which changed its speed is one that goes to and fro."""


def doubts_of(
    tracker: RegimeTracker,
    stable: Stable,
    kind: Literal["energy", "duration"],
    n_left: float,
    age_s: float,
) -> dict[str, float]:
    """Return what else may be off, by which share of the sum to come.

    Parameters
    ----------
    tracker : RegimeTracker
        What was seen.
    stable : Stable
        The stable epochs of it.
    kind : {"energy", "duration"}
        Of what the sum is. The power rises while the board warms up, the time does not.
    n_left : float
        Epochs to come.
    age_s : float
        Mean time of the stable epochs since the training began [s].
    """
    n = len(stable.positions)
    is_energy = kind == "energy"
    doubts = {
        "drift": drift_share(n, n_left, float(stable.durations_s.mean())),
        "settling": _settling(stable, is_energy=is_energy),
        "changing back": _changing_back(tracker, stable, n_left, is_energy=is_energy),
    }
    if is_energy:
        doubts["warm-up"] = warmup_share(age_s)
    if stable.has_startup:
        doubts["start-up"] = STARTUP_S / float(stable.durations_s[0]) / n
    return doubts


def _settling(stable: Stable, *, is_energy: bool) -> float:
    """Return how far the level may still go where it was going before."""
    if stable.before is None:
        return 0.0
    values = stable.energies_j if is_energy else stable.durations_s
    level = median(values)
    step = abs(stable.before[0 if is_energy else 1] - level)
    return step / level * _SETTLING ** (len(values) - 1) if level > 0 else 0.0


def _changing_back(
    tracker: RegimeTracker, stable: Stable, n_left: float, *, is_energy: bool
) -> float:
    r"""Return what it would matter if the machine changed back.

    After :math:`n` epochs of the new speed, a machine that goes to and fro at an
    unknown rate changes back within :math:`r` more with the probability
    :math:`r / (n + r)`, at any time in them: a step :math:`s` is then missed by
    :math:`s^2 / 3` in the mean square.
    """
    regimes = tracker.regimes
    if len(regimes) < 2 or regimes[-1].is_planned or stable.is_switching:
        return 0.0
    before, now = regimes[-2], regimes[-1]
    steps = (_step(before, now, is_energy=e) for e in (True, False))
    if max(abs(step) for step in steps) > _OTHER_WORK:
        return 0.0
    back = _MAY_CHANGE_BACK * n_left / (now.n_epochs + n_left)
    return abs(_step(before, now, is_energy=is_energy)) * sqrt(back / 3)


def _step(before: Regime, now: Regime, *, is_energy: bool) -> float:
    """Return the logarithm of the ratio of two regimes; 0 where one is zero."""
    old, new = (r.energy_j if is_energy else r.duration_s for r in (before, now))
    return log(new / old) if old > 0 and new > 0 else 0.0
