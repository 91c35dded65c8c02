r"""The uncertainty budget of a normalized energy: one line for each source.

Errors are relative, so they are stated for the logarithm of the energy. The bounds of a
normalized energy are those of a lognormal, :math:`E e^{\pm z s}`, with the square root
:math:`s` of the sum of all variances. That is an approximation where rounding is the
largest part, whose error is even and not normal; `isojoule.comparison.draws` draws it
as it is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, fsum, inf, isfinite, log, sqrt
from statistics import NormalDist, fmean
from typing import Final, Literal, TypeAlias

from isojoule.comparison.rules import Errors, Reference
from isojoule.observations import observe
from isojoule.records import Observation, Run
from isojoule.submissions import Figure

Shared: TypeAlias = Literal["system", "site", "all"]
"""Who shares an error: only this system, all systems of its team, or everybody."""

STATED_LEVEL: Final = 0.95
"""Level of an interval that somebody states without its level."""

_MAX_EXPONENT: Final = 700.0
"""Near the largest of which exp is a number."""

_SAME: Final = 1e-6
"""Part of a sum that is lost where it was written with a few digits less."""

_MAX_STEPS: Final = 1.0
"""A number that is written is at least one unit of its last digit."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One line of the uncertainty budget.

    Parameters
    ----------
    source : str
        Where the error comes from, such as ``repeats of the system``.
    log_std : float
        Standard deviation that it gives to the logarithm of the normalized energy.
    shared : {"system", "site", "all"}
        Who shares the error.
    of : str, default ""
        What it is an error of, where a site has several: a reference and its phase.
    sensitivity : float, default 1
        d ln (normalized energy) / d ln (erroneous quantity): -1 for the reference of a
        site, by which is divided.
    is_uniform : bool, default False
        Whether it is the error of rounding, even over one step, instead of normal.
    """

    source: str
    log_std: float
    shared: Shared
    of: str = ""
    sensitivity: float = 1.0
    is_uniform: bool = False


def total_log_std(doubts: Iterable[Doubt]) -> float:
    """Return the standard deviation of ln energy that all `doubts` make together."""
    return sqrt(sum(d.log_std**2 for d in doubts))


def bounds_of(
    energy_j: float, doubts: Iterable[Doubt], level: float
) -> tuple[float, float]:
    """Return the bounds of an energy with these doubts [J].

    Parameters
    ----------
    energy_j : float
        Its estimate [J].
    doubts : iterable of Doubt
        Its budget.
    level : float
        Coverage, in (0, 1).

    Returns
    -------
    tuple of two floats
        0 and infinite where no number holds them.
    """
    width = normal_quantile(level) * total_log_std(doubts)
    factor = exp(width) if width < _MAX_EXPONENT else inf
    return energy_j / factor, energy_j * factor


def normal_quantile(level: float) -> float:
    """Return how many standard deviations up and down hold `level` of a normal."""
    return NormalDist().inv_cdf((1 + level) / 2)


def shares_of(doubts: Sequence[Doubt]) -> dict[str, float]:
    """Return the share of the variance that each source has, the largest first."""
    total = sum(d.log_std**2 for d in doubts)
    shares: dict[str, float] = {}
    for doubt in doubts if total else ():
        part = doubt.log_std**2 / total
        shares[doubt.source] = shares.get(doubt.source, 0.0) + part
    return dict(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def system_doubts(
    figure: Figure,
    runs: Iterable[Run],
    *,
    phase: str,
    errors: Errors,
    sensitivity: float = 1.0,
) -> list[Doubt]:
    """Return what repeats and rounding of a system's own energy leave open.

    Parameters
    ----------
    figure : Figure
        The energy as it was stated [J].
    runs : iterable of Run
        Records that came with it; several of the phase tell its scatter, unless they
        are parts whose sum the energy is.
    phase : str
        Of the energy.
    errors : Errors
        Priors.
    sensitivity : float, default 1
        d ln (normalized energy) / d ln (stated energy).
    """
    observed = [o for r in runs if r.workload.phase == phase and (o := observe(r))]
    energies_j = [o.energy_j for o in observed]
    repeats = (
        repeats_log_std(energies_j, errors)
        if len(observed) > 1 and not are_parts(figure, energies_j)
        else figure_log_std(figure, errors)
    )
    return _both(
        "the system", repeats, rounding_of(figure), "system", sensitivity=sensitivity
    )


def are_parts(figure: Figure, energies_j: Sequence[float]) -> bool:
    """Return whether a figure is the sum of runs, as of a training that was resumed.

    Parameters
    ----------
    figure : Figure
        With a positive value [J].
    energies_j : sequence of float
        One per run [J].

    Notes
    -----
    A figure of repeats is one of them or lies among them; a sum lies above all. What is
    above all and not quite the sum, because a part has another scope or was left out,
    is a sum where it is nearer to that than to the mean.
    """
    value, total = figure.value, fsum(energies_j)
    if not value or not total > 0:
        return False
    if abs(total - value) <= (figure.step or 0.0) / 2 + _SAME * total:
        return True
    off_sum, off_mean = log(value / total), log(value / total * len(energies_j))
    return value > max(energies_j) and abs(off_sum) < abs(off_mean)


def site_doubts(
    figure: Figure, *, of: str, errors: Errors, sensitivity: float = -1.0
) -> list[Doubt]:
    """Return what repeats and rounding of the reference at a site leave open.

    Parameters
    ----------
    figure : Figure
        Its energy as it was stated [J].
    of : str
        The reference and its phase.
    errors : Errors
        Priors.
    sensitivity : float, default -1
        d ln (normalized energy) / d ln (reference energy).
    """
    return _both(
        "the site's reference",
        figure_log_std(figure, errors),
        rounding_of(figure),
        "site",
        of=of,
        sensitivity=sensitivity,
    )


def organizer_doubts(
    reference: Reference, *, of: str, errors: Errors, sensitivity: float = 1.0
) -> list[Doubt]:
    """Return what repeats and rounding of the organizers' reference leave open.

    Parameters
    ----------
    reference : Reference
        As the organizers measured it. The number of its repeats is not stated: the
        deviation of one run stands for that of their mean, which is too careful.
    of : str
        The reference and its phase.
    errors : Errors
        Priors.
    sensitivity : float, default 1
        d ln (normalized energy) / d ln (reference energy).
    """
    repeats = errors.repeat_fraction
    if reference.energy_std_j is not None:
        repeats = reference.energy_std_j / reference.energy_j
    steps = (reference.step_j or 0.0) / reference.energy_j
    return _both(
        "the organizers' reference",
        repeats,
        min(steps, _MAX_STEPS) / sqrt(12),
        "all",
        of=of,
        sensitivity=sensitivity,
    )


def suite_doubts(
    observation: Observation,
    *,
    of: str,
    errors: Errors,
    is_site: bool,
    sensitivity: float,
) -> list[Doubt]:
    """Return what the repeats of a measured reference leave open.

    Parameters
    ----------
    observation : Observation
        Of the reference suite.
    of : str
        The reference and its phase.
    errors : Errors
        Priors.
    is_site : bool
        Whether it was measured at the site of the team, not by the organizers.
    sensitivity : float
        d ln (normalized energy) / d ln (reference energy).
    """
    n, spread = observation.n_repeats, observation.repeat_std_fraction or 0.0
    squares = (n - 1) * spread**2
    return _both(
        "the site's reference" if is_site else "the organizers' reference",
        _pooled(squares, n, errors.repeat_fraction),
        0.0,
        "site" if is_site else "all",
        of=of,
        sensitivity=sensitivity,
    )


def model_doubts(log_std: float, n_references: int, *, of: str, at: str) -> list[Doubt]:
    r"""Return the error of the conversion itself, split by who shares it.

    Parameters
    ----------
    log_std : float
        Of the error of a conversion.
    n_references : int
        That the conversion uses.
    of : str
        The references and their phases: systems that use the same share their part.
    at : str
        The machine of the site: systems of a team that ran on it share its part.

    Notes
    -----
    ln energy is taken for the work plus the speed of the machine plus an interaction
    :math:`\epsilon` of both with one variance. The error of a conversion by one
    reference r from A to B is
    :math:`\epsilon_{wB} - \epsilon_{wA} - \epsilon_{rB} + \epsilon_{rA}`: half of its
    variance belongs to the system w, a quarter to the reference at the site and is
    shared by the team, a quarter to the reference at the organizers' and is shared by
    all. With k references in a mean the parts are as k : 1/2 : 1/2.
    """
    whole = n_references + 1.0
    own, rest = sqrt(n_references / whole), sqrt(0.5 / whole)
    return [
        Doubt("conversion of the system", log_std * own, "system"),
        Doubt(
            "conversion, by the site's reference",
            log_std * rest,
            "site",
            f"{of} on {at}",
        ),
        Doubt("conversion, by the organizers' reference", log_std * rest, "all", of),
    ]


def _both(
    whose: str,
    repeats_log_std: float,
    rounding_log_std: float,
    shared: Shared,
    *,
    of: str = "",
    sensitivity: float = 1.0,
) -> list[Doubt]:
    """Return a line for repeats and one for rounding, where there are such errors."""
    size = abs(sensitivity)
    lines = [
        Doubt(f"repeats of {whose}", repeats_log_std * size, shared, of, sensitivity),
        Doubt(
            f"rounding of {whose}",
            rounding_log_std * size,
            shared,
            of,
            sensitivity,
            is_uniform=True,
        ),
    ]
    return [line for line in lines if line.log_std > 0]


def repeats_log_std(energies_j: Sequence[float], errors: Errors) -> float:
    r"""Return the standard deviation of the mean of repeats, of their logarithms.

    Parameters
    ----------
    energies_j : sequence of float
        One per run [J].
    errors : Errors
        The prior of one run counts as one more degree of freedom, so that two runs that
        happen to be equal do not make a figure exact.

    Notes
    -----
    :math:`\sqrt{(s_0^2 + \sum (x_i - \bar x)^2) / n^2}` over n logarithms :math:`x_i`
    with the prior :math:`s_0`.
    """
    logs = [log(e) for e in energies_j]
    center = fmean(logs)
    squares = sum((x - center) ** 2 for x in logs)
    return _pooled(squares, len(logs), errors.repeat_fraction)


def _pooled(squares: float, n: int, prior: float) -> float:
    return sqrt((prior**2 + squares) / n / n)


def figure_log_std(figure: Figure, errors: Errors) -> float:
    """Return the standard deviation of ln energy from run to run.

    Parameters
    ----------
    figure : Figure
        With a positive value [J]. An interval that was stated with it is taken for 95 %
        and counts instead of the prior.
    errors : Errors
        Priors.
    """
    if figure.low is None or figure.high is None or not figure.value:
        return errors.repeat_fraction
    half = abs(figure.high - figure.low) / 2
    stated = half / normal_quantile(STATED_LEVEL) / figure.value
    return stated if isfinite(stated) else errors.repeat_fraction


def rounding_of(figure: Figure) -> float:
    r"""Return the standard deviation of ln value that rounding leaves.

    Parameters
    ----------
    figure : Figure
        With a positive value.

    Notes
    -----
    :math:`\Delta / (\sqrt{12} x)` for a step :math:`\Delta`: even over one step.
    """
    if not figure.step or not figure.value:
        return 0.0
    return min(abs(figure.step / figure.value), _MAX_STEPS) / sqrt(12)
