"""A comparison in a terminal: the ranking at a glance, and what needs attention."""

from collections import Counter
from typing import Final

from isojoule.comparison.compare import ALL_SYSTEMS, Comparison
from isojoule.records import Estimate
from isojoule.report.comparison_index import SEVERITIES, Index
from isojoule.report.comparison_words import (
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
from isojoule.tables import Cell, Table

_N_TEAMS: Final = 12


def interval_text(estimate: Estimate) -> str:
    """Return the interval of an energy in kWh, without the unit."""
    return range_text(kwh_text(estimate.energy_low_j), kwh_text(estimate.energy_high_j))


def overview_table(comparison: Comparison, *, n_most: int) -> Table:
    """Return the best systems by the main metric with energy, ranks and front.

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
    ranked = comparison.rankings[f"score.{metric}"].rows[:n_most]
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


def overview_sentences(comparison: Comparison) -> list[str]:
    """Return how many were compared, and what needs attention, team by team.

    Parameters
    ----------
    comparison : Comparison
        What to tell of.
    """
    systems = comparison.systems
    n_teams = len({system.team for system in systems})
    counted = [
        f"{sum(phase in s.energies for s in systems):,} with {phase} energy"
        for phase in comparison.rules.phases
    ]
    told = [
        f"{plural(len(systems), 'submission')} of {plural(n_teams, 'team')}; "
        + ", ".join(counted)
    ]
    told += [
        f"{problem.severity}: {shown(problem.text)}"
        for problem in comparison.problems
        if problem.severity != "note"
    ]
    open_findings = [f for f in comparison.findings if not f.waived]
    counts = Counter(f.severity for f in open_findings)
    told.append(
        "checks: "
        + ", ".join(plural(counts[severity], severity) for severity in SEVERITIES)
    )
    serious = [f for f in open_findings if f.severity != "note"]
    teams: dict[str, Counter[str]] = {}
    for finding in serious:
        teams.setdefault(finding.team, Counter())[finding.check] += 1
    for team, checks in list(teams.items())[:_N_TEAMS]:
        listed = ", ".join(f"{n} {check}" for check, n in checks.most_common())
        told.append(f"  {shown(team) or 'the rules'}: {listed}")
    if len(teams) > _N_TEAMS:
        told.append(f"  and {plural(len(teams) - _N_TEAMS, 'more team')}")
    told += [
        f"no system belongs to the cohort {shown(name)!r}: look at its `where`"
        for name in comparison.empty_cohorts
    ]
    return told
