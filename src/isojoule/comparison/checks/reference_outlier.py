"""References that differ from those of other sites with the same device."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import log
from typing import Final

from isojoule.comparison.checks.devices import family_of
from isojoule.comparison.checks.figures import (
    counted,
    distance,
    in_kwh,
    in_times,
    log_median,
    positive_of,
)
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, ReferenceRun, Submission

CHECK: Final = "reference-outlier"

_ENOUGH_SITES: Final = 3
"""Other sites from which on it is known who is off: with one nobody can tell, of two
that differ the middle is neither."""

_EXACT: Final = 1 + 1e-9
"""So that a factor of exactly two is not beyond two by the error of a logarithm."""

_ORGANIZERS: Final = "the organizers"


@dataclass(frozen=True, slots=True)
class _Group:
    """The references of one model in one phase on one kind of device, by site."""

    device: str
    name: str
    phase: str
    by_team: dict[str, list[tuple[Submission, Figure]]] = field(default_factory=dict)


def find_reference_outliers(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where a reference is far from the median of the other sites.

    Parameters
    ----------
    submissions : sequence of Submission
        Their references and devices.
    rules : Rules
        The factor from which on it counts; the organizers' hardware and references,
        which stand for a site of their own where no baseline brings them.

    Notes
    -----
    Every site counts once, by the median of its references, however many systems it
    sent. With fewer than three other sites it is a note: the sites differ, and nobody
    knows which is off.
    """
    for group in _groups(submissions):
        sites_logs = {team: _site_log(runs) for team, runs in group.by_team.items()}
        own = _organizers_log(group, rules)
        if own is not None:
            sites_logs[_ORGANIZERS] = own
        yield from _outliers(group, sites_logs, rules.limits.reference_outlier_factor)


def _groups(submissions: Sequence[Submission]) -> list[_Group]:
    groups: dict[tuple[str, str, str], _Group] = {}
    for submission in submissions:
        if not submission.device:
            continue
        device = family_of(submission.device)
        for run in submission.references:
            if positive_of(run.energy) is not None:
                key = (device, run.name, run.phase)
                group = groups.setdefault(key, _Group(*key))
                runs = group.by_team.setdefault(submission.team, [])
                runs.append((submission, run.energy))
    return list(groups.values())


def _site_log(runs: Sequence[tuple[Submission, Figure]]) -> float:
    logs = sorted(log(energy.value) for _, energy in runs if energy.value)
    return log(log_median(logs))


def _organizers_log(group: _Group, rules: Rules) -> float | None:
    """Return the logarithm of the organizers' value, where no baseline brings it."""
    has_baseline = any(
        s.is_baseline for runs in group.by_team.values() for s, _ in runs
    )
    if has_baseline or family_of(rules.hardware) != group.device:
        return None
    energies_j = [
        r.energy_j
        for phase in rules.phases.values()
        for r in phase.references
        if (r.name, r.phase) == (group.name, group.phase)
    ]
    return log(energies_j[0]) if energies_j else None


def _outliers(
    group: _Group, sites_logs: dict[str, float], factor: float
) -> Iterator[Finding]:
    if len(sites_logs) < 2:
        return
    teams = sorted(sites_logs, key=lambda team: (sites_logs[team], team))
    ordered = [sites_logs[team] for team in teams]
    for index, team in enumerate(teams):
        usual_j = log_median(ordered, without=index)
        for submission, energy in group.by_team.get(team, ()):
            if distance(energy.value or usual_j, usual_j) > factor * _EXACT:
                run = ReferenceRun(group.name, group.phase, energy)
                yield _finding(submission, run, usual_j, len(teams) - 1)


def _finding(
    submission: Submission, run: ReferenceRun, usual_j: float, n_others: int
) -> Finding:
    value_j = run.energy.value or usual_j
    times = in_times(distance(value_j, usual_j))
    share = f"{times} times" if value_j > usual_j else f"only 1/{times} of"
    effect = "low" if value_j > usual_j else "high"
    others = f"{counted(n_others, 'other site')} with that device"
    seen = (
        f"the reference {run.name!r} ({run.phase}) takes {in_kwh(run.energy)} on "
        f"{submission.device}, {share} the {in_kwh(usual_j)} in the middle of {others}"
    )
    is_known = n_others >= _ENOUGH_SITES
    meaning = (
        f"its normalized energies come out too {effect} by about that factor"
        if is_known
        else "so few sites do not tell which of them is off"
    )
    return finding_about(
        submission,
        CHECK,
        "warning" if is_known else "note",
        text=f"{seen}; {meaning}; ask which task, data and devices it is of",
        mail=(
            f"In your figures {seen}. Is it the run of that task on the given data, "
            "once, on one device? Could you run it again and send the tracker's file?"
        ),
        evidence=(
            ("reference", run.energy),
            ("device", submission.device),
            ("middle of the others", in_kwh(usual_j)),
            ("other sites", str(n_others)),
        ),
    )
