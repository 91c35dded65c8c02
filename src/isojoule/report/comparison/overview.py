"""A comparison in a terminal: the ranking at a glance, and what needs attention."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from isojoule.comparison.checks import Finding
from isojoule.comparison.compare import ALL_SYSTEMS, Comparison
from isojoule.records import Estimate
from isojoule.report.comparison.index import SEVERITIES, Index
from isojoule.report.comparison.words import (
    kwh_text,
    level_text,
    number_text,
    plural,
    range_text,
    rank_text,
    share_text,
    shown,
)
from isojoule.report.tables import NOT_KNOWN
from isojoule.submissions import Figure, Problem
from isojoule.tables import Cell, Table

_N_TEAMS: Final = 12
_N_PROBLEMS: Final = 12
_N_DETAILED: Final = 3
_RULES: Final = "the rules"


def interval_text(estimate: Estimate) -> str:
    """Return the interval of an energy in kWh, without the unit."""
    return range_text(kwh_text(estimate.energy_low_j), kwh_text(estimate.energy_high_j))


def overview_table(comparison: Comparison, *, n_most: int) -> Table:
    """Return the best systems by the main metric with energy, ranks and front.

    Without any such score there is no row.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    n_most : int
        Rows.
    """
    rules, index = comparison.rules, Index.of(comparison)
    metric, phase = rules.main_metric, rules.main_phase
    by_label = {system.label: system for system in comparison.systems}
    ranking = comparison.rankings.get(f"score.{metric}")
    ranked = () if ranking is None else ranking.rows[:n_most]
    rows: list[dict[str, Cell]] = []
    for row in ranked:
        energy = by_label[row.label].energies.get(phase)
        by_energy = index.rank(f"energy.{phase}", row.label)
        weighted = index.rank(f"weighted.{metric}.{phase}", row.label)
        point = index.front(ALL_SYSTEMS, phase, metric, row.label)
        rows.append(
            {
                "rank": rank_text(row),
                "label": shown(row.label),
                "score": number_text(by_label[row.label].score(metric)),
                "energy": kwh_text(energy.estimate.energy_j) if energy else NOT_KNOWN,
                "interval": interval_text(energy.estimate) if energy else "",
                "by_energy": rank_text(by_energy) if by_energy else NOT_KNOWN,
                "ranks": range_text(str(by_energy.low), str(by_energy.high))
                if by_energy
                else "",
                "weighted": rank_text(weighted) if weighted else NOT_KNOWN,
                "front": share_text(point.probability) if point else NOT_KNOWN,
            }
        )
    level = level_text(rules.level)
    return Table.from_rows(
        f"{rules.edition}: by {metric}",
        rows,
        labels={
            "rank": "rank",
            "label": "system",
            "score": metric,
            "energy": f"{phase} kWh",
            "interval": level,
            "by_energy": "by energy",
            "ranks": f"{level} ",
            "weighted": "energy-weighted",
            "front": "on the front",
        },
    )


def overview_sentences(
    comparison: Comparison, *, detailed: bool | None = None
) -> list[str]:
    """Return how many were compared, and what needs attention, team by team.

    Parameters
    ----------
    comparison : Comparison
        What to tell of.
    detailed : bool or None
        Whether to tell each finding in full in place of a count by team; `None` does
        so for at most three submissions.
    """
    n = len(comparison.systems)
    is_detailed = n <= _N_DETAILED if detailed is None else detailed
    told = [_counted(comparison)]
    for phase in comparison.rules.phases:
        told += _describe_missing(comparison, phase)
    told += _describe_problems(comparison, is_detailed=is_detailed)
    found = [f for f in comparison.findings if not f.waived]
    counts = Counter(f.severity for f in found)
    told.append(
        "checks: "
        + ", ".join(plural(counts[severity], severity) for severity in SEVERITIES)
    )
    if is_detailed:
        told += [f"  {_finding_told(f)}" for f in sorted(found, key=_by_severity)]
    else:
        told += _describe_teams([f for f in found if f.severity != "note"])
    told += [
        f"no system belongs to the cohort {shown(name)!r}: look at its `where`"
        for name in comparison.empty_cohorts
    ]
    return told


def _counted(comparison: Comparison) -> str:
    systems = comparison.systems
    n_teams = len({system.team for system in systems})
    counted = ", ".join(
        f"{sum(phase in s.energies for s in systems):,} with {shown(phase)} energy"
        for phase in comparison.rules.phases
    )
    return (
        f"{plural(len(systems), 'submission')} of {plural(n_teams, 'team')}; {counted}"
    )


def _describe_missing(comparison: Comparison, phase: str) -> list[str]:
    """Return why energies of a phase are missing: the most frequent reason."""
    missing = [s for s in comparison.systems if phase not in s.energies]
    if not missing:
        return []
    n, n_missing = len(comparison.systems), len(missing)
    reasons = Counter(s.refusals.get(phase, "none was stated") for s in missing)
    ((reason, count),) = reasons.most_common(1)
    whom = f"all {n:,}" if n_missing == n else f"{n_missing:,} of {n:,}"
    if n == 1:
        whom = shown(missing[0].label)
    often = "" if count == n_missing else f", most often ({count:,} times)"
    return [f"no {shown(phase)} energy for {whom}{often}: {shown(reason)}"]


def _describe_problems(comparison: Comparison, *, is_detailed: bool) -> list[str]:
    """Return what could not be read, gravest first, with its place."""
    problems: list[tuple[str, Problem]] = [("", p) for p in comparison.problems]
    if is_detailed:
        problems += [
            (system.label, problem)
            for system in comparison.systems
            for problem in system.submission.problems
        ]
    serious = sorted(
        ((label, p) for label, p in problems if p.severity != "note"),
        key=lambda found: SEVERITIES.index(found[1].severity),
    )
    n_most = len(serious) if is_detailed else _N_PROBLEMS
    told = [_problem_told(label, problem) for label, problem in serious[:n_most]]
    more = len(serious) - n_most
    if more > 0:
        told.append(
            f"and {plural(more, 'more problem')} of files: see the page or --json"
        )
    return told


def _problem_told(label: str, problem: Problem) -> str:
    parts: list[str] = [problem.severity]
    if problem.place is not None:
        parts.append(shown(str(problem.place)))
    if label:
        parts.append(shown(label))
    return ": ".join([*parts, shown(problem.text)])


def _finding_told(finding: Finding) -> str:
    """Return one finding as a line, from its severity and first place on."""
    places = [seen.place for _, seen in finding.evidence if isinstance(seen, Figure)]
    parts: list[str] = [finding.severity]
    if places:
        parts.append(shown(str(places[0])))
    parts += [shown(finding.label) or shown(finding.team) or _RULES, finding.check]
    return ": ".join([*parts, shown(finding.text)])


def _by_severity(finding: Finding) -> tuple[int, str, str]:
    return SEVERITIES.index(finding.severity), finding.team, finding.label


def _describe_teams(findings: Sequence[Finding]) -> list[str]:
    """Return a line per team: its checks by severity; teams with errors first."""
    teams: dict[str, list[Finding]] = {}
    for finding in findings:
        teams.setdefault(finding.team, []).append(finding)

    def gravest(team: str) -> tuple[int, int, str]:
        n_errors = sum(f.severity == "error" for f in teams[team])
        return -n_errors, n_errors - len(teams[team]), team.casefold()

    order = sorted(teams, key=gravest)
    told = [
        f"  {shown(team) or _RULES}: {_checks_told(teams[team])}"
        for team in order[:_N_TEAMS]
    ]
    more = len(order) - _N_TEAMS
    if more > 0:
        told.append(f"  and {plural(more, 'more team')}: see the page or --json")
    return told


def _checks_told(findings: Sequence[Finding]) -> str:
    counts = Counter((f.severity, f.check) for f in findings)
    order = sorted(
        counts.items(), key=lambda c: (SEVERITIES.index(c[0][0]), -c[1], c[0][1])
    )
    return ", ".join(f"{severity} {check} ({n})" for (severity, check), n in order)
