"""Energy over duration is a power that the stated devices cannot draw."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.devices import specification_of
from isojoule.comparison.checks.figures import counted, in_kwh, in_times, in_watts
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.power import StatedPower, said, stated_power
from isojoule.comparison.rules import CheckLimits, Rules
from isojoule.records import Run
from isojoule.submissions import Severity, Submission
from isojoule.units import format_duration

CHECK: Final = "implied-power"

_CERTAIN: Final = 2.0
"""So far beyond a bound no slip of rounding, variant or host explains it."""

_ASKED: Final = (
    "Could you check the unit, which devices the tracker counted, and whether energy "
    "and duration are of the same run?"
)


def find_implied_power(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where a mean power lies outside idle to limit.

    Parameters
    ----------
    submissions : sequence of Submission
        Their training energies, stated durations, devices, and runs.
    rules : Rules
        Idle power, host, slack.

    Notes
    -----
    It speaks only where no reading of the text explains the figures: the duration may
    be of one member of an ensemble unless it was written as a product (``7h * 20``);
    the host may be the largest that is plausible; the unknown number of devices may be
    one for the lower bound. Of an unknown device only the lower bound is used.
    """
    for submission in submissions:
        power = stated_power(submission)
        if power is not None:
            yield from _of_statement(submission, power, rules.limits)
        for run in submission.runs:
            yield from _of_run(submission, run, rules.limits)


def is_implausible(power: StatedPower, limits: CheckLimits) -> bool:
    """Return whether the stated power is outside what any reading allows."""
    bound_w = power.bound_w(limits.max_host_power_w, limits.power_slack)
    return power.most_power_w < _idle_w(power, limits) or (
        bound_w is not None and power.least_power_w > bound_w
    )


def _idle_w(power: StatedPower, limits: CheckLimits) -> float:
    return (power.n_devices or 1) * limits.idle_power_w_per_device


def _of_statement(
    submission: Submission, power: StatedPower, limits: CheckLimits
) -> Iterator[Finding]:
    if not is_implausible(power, limits):
        return
    seen, mean = said(power, submission), in_watts(power.power_w)
    idle_w = _idle_w(power, limits)
    bound_w = power.bound_w(limits.max_host_power_w, limits.power_slack)
    if bound_w is not None and power.least_power_w > bound_w:
        mean, reason = _too_much(power, mean, bound_w)
        severity = _severity(power, power.least_power_w / bound_w)
    else:
        mean += f", less than the {in_watts(idle_w)} that it draws while it computes"
        reason = "energy is missing, or it is of another run than the duration"
        severity = _severity(power, idle_w / power.most_power_w)
    yield finding_about(
        submission,
        CHECK,
        severity,
        text=f"{seen} is a mean of {mean}: {reason}; ask before it is ranked",
        mail=f"You state {seen}. That is a mean of {mean}. {_ASKED}",
        evidence=(
            ("training energy", power.energy),
            ("training duration", power.duration),
            ("device", submission.device),
            ("devices", submission.n_devices),
            ("implied mean power", in_watts(power.power_w)),
        ),
    )


def _too_much(power: StatedPower, mean: str, bound_w: float) -> tuple[str, str]:
    """Return what is said of a power above `bound_w`, and what can have caused it."""
    if power.n_members > 1:
        mean += (
            f", and of {in_watts(power.least_power_w)} if the duration is of one of "
            f"the {power.n_members} members"
        )
    devices = counted(power.n_devices or 1, "device")
    mean += (
        f", more than the {in_watts(bound_w)} of {devices} (limit "
        f"{in_watts(power.limit_w or 0.0)} each) in the largest plausible host"
    )
    return mean, (
        "other devices of the machine or other jobs were counted, or the duration is "
        "too short; the energy is too high by an unknown factor"
    )


def _severity(power: StatedPower, excess: float) -> Severity:
    if power.n_devices is None:
        return "note"
    return "error" if excess >= _CERTAIN else "warning"


def _of_run(submission: Submission, run: Run, limits: CheckLimits) -> Iterator[Finding]:
    """Yield a finding where the accelerators of a record drew what they cannot."""
    energy_j, duration_s = run.gpu_energy_j, run.duration_s
    devices = run.hardware.accelerators
    if not devices or not energy_j or not duration_s:
        return
    power_w = energy_j / duration_s
    limits_w = [_limit_w(d.name, d.power_limit_w) for d in devices]
    most_w = sum(w for w in limits_w if w is not None) * limits.power_slack
    least_w = limits.idle_power_w_per_device  # of one: the others may be idle
    is_high = None not in limits_w and power_w > most_w
    if not is_high and power_w >= least_w:
        return
    bound = (
        f"more than the {in_watts(most_w)}"
        if is_high
        else f"less than {in_watts(least_w)}"
    )
    excess = power_w / most_w if is_high else least_w / power_w
    seen = (
        f"{in_kwh(energy_j)} of the accelerators in {format_duration(duration_s)} is a "
        f"mean of {in_watts(power_w)}, {bound} that {run.hardware.name} can draw"
    )
    yield finding_about(
        submission,
        CHECK,
        "error" if excess >= _CERTAIN else "warning",
        text=f"the record {run.name!r}: {seen} by a factor of {in_times(excess)}",
        mail=f"In your record {run.name!r}, {seen}. {_ASKED}",
        evidence=(
            ("record", run.origin or run.run_id),
            ("implied mean power", in_watts(power_w)),
        ),
    )


def _limit_w(name: str, power_limit_w: float | None) -> float | None:
    if power_limit_w is not None:
        return power_limit_w
    found = specification_of(name)
    return found.power_limit_w if found else None
