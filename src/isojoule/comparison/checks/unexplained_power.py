"""Energy over duration is more than the devices draw, but there are explanations."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import in_watts
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.implied_power import is_implausible
from isojoule.comparison.checks.power import StatedPower, said, stated_power
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "unexplained-power"


def find_unexplained_power(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a note where only a large host or another reading explains a mean power.

    Parameters
    ----------
    submissions : sequence of Submission
        Their training energies, stated durations and devices.
    rules : Rules
        Host, slack.
    """
    limits = rules.limits
    for submission in submissions:
        power = stated_power(submission)
        if power is None or power.n_devices is None or is_implausible(power, limits):
            continue
        bound_w = power.bound_w(limits.host_power_w, limits.power_slack)
        if bound_w is not None and power.power_w > bound_w:
            yield _finding(submission, power, bound_w)


def _finding(submission: Submission, power: StatedPower, bound_w: float) -> Finding:
    seen = said(power, submission)
    mean = (
        f"a mean of {in_watts(power.power_w)}, more than the {in_watts(bound_w)} of "
        "these devices and an ordinary host"
    )
    ways = "a large host, or other devices of the machine that were counted"
    if power.n_members > 1:
        ways += (
            f", or a duration of one of the {power.n_members} members "
            f"({in_watts(power.least_power_w)})"
        )
    return finding_about(
        submission,
        CHECK,
        "note",
        text=f"{seen} is {mean}; what can explain it: {ways}; ask which",
        mail=(
            f"You state {seen}. That is {mean}. Possible reasons are {ways}. Which one "
            "is it?"
        ),
        evidence=(
            ("training energy", power.energy),
            ("training duration", power.duration),
            ("device", submission.device),
            ("devices", submission.n_devices),
            ("members of the ensemble", submission.n_subsystems),
            ("implied mean power", in_watts(power.power_w)),
        ),
    )
