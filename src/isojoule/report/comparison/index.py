"""The results of a comparison, by the label of the system that they are about."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import floor, log10
from typing import Self

from isojoule.comparison.checks import Finding
from isojoule.comparison.compare import Comparison
from isojoule.comparison.front import FrontPoint
from isojoule.comparison.ranking import RankInterval
from isojoule.comparison.systems import System
from isojoule.submissions import Severity

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
"""Gravest first."""

_MAX_DECIMALS = 4


def is_baseline(comparison: Comparison, system: System) -> bool:
    """Return whether a system is the organizers' own: as stated, or by the rules."""
    return system.is_baseline or system.label == comparison.rules.baseline


@dataclass(frozen=True, slots=True)
class Index:
    """What a row about one system needs.

    Parameters
    ----------
    ranks : mapping of str to mapping of str to RankInterval
        By key of the ranking and label.
    fronts : mapping of (str, str, str) to mapping of str to FrontPoint
        By cohort, phase and metric, then label.
    weighted : mapping of str to mapping of str to mapping of str to float
        Energy-weighted scores by phase, label and metric.
    findings : mapping of str to tuple of Finding
        By label, without those that are waived.
    cohorts : mapping of str to tuple of str
        Cohorts that a system belongs to, by label.
    decimals : mapping of str to int
        Most decimals that scores were written with, up to four, by metric.
    """

    ranks: Mapping[str, Mapping[str, RankInterval]]
    fronts: Mapping[tuple[str, str, str], Mapping[str, FrontPoint]]
    weighted: Mapping[str, Mapping[str, Mapping[str, float]]]
    findings: Mapping[str, tuple[Finding, ...]]
    cohorts: Mapping[str, tuple[str, ...]]
    decimals: Mapping[str, int]

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        """Return the results of `comparison` by label."""
        findings: dict[str, list[Finding]] = {}
        for finding in comparison.findings:
            if not finding.waived:
                findings.setdefault(finding.label, []).append(finding)
        cohorts: dict[str, list[str]] = {}
        for name, compared in comparison.cohorts.items():
            for system in compared.systems:
                cohorts.setdefault(system.label, []).append(name)
        return cls(
            ranks={
                key: {row.label: row for row in ranking.rows}
                for key, ranking in comparison.rankings.items()
            },
            fronts={
                (name, *pair): {point.label: point for point in front.points}
                for name, compared in comparison.cohorts.items()
                for pair, front in compared.fronts.items()
            },
            weighted={
                phase: {row.label: row.values for row in rows}
                for phase, rows in comparison.weighted.items()
            },
            findings={label: tuple(found) for label, found in findings.items()},
            cohorts={label: tuple(names) for label, names in cohorts.items()},
            decimals=score_decimals(comparison),
        )

    def rank(self, key: str, label: str) -> RankInterval | None:
        """Return the rank of a system in one ranking, where it has one."""
        return self.ranks.get(key, {}).get(label)

    def front(
        self, cohort: str, phase: str, metric: str, label: str
    ) -> FrontPoint | None:
        """Return how a system stands to a front, where it can stand on it."""
        return self.fronts.get((cohort, phase, metric), {}).get(label)

    def weighted_score(self, phase: str, metric: str, label: str) -> float | None:
        """Return an energy-weighted score, where there is one."""
        return self.weighted.get(phase, {}).get(label, {}).get(metric)


def score_decimals(comparison: Comparison) -> dict[str, int]:
    """Return the most decimals that scores were written with, up to four, by metric."""
    return {
        metric: _decimals(min(steps))
        for metric in comparison.rules.metrics
        if (steps := _score_steps(comparison, metric))
    }


def _score_steps(comparison: Comparison, metric: str) -> list[float]:
    figures = (s.submission.scores.get(metric) for s in comparison.systems)
    return [f.step for f in figures if f is not None and f.step]


def _decimals(step: float) -> int:
    return min(_MAX_DECIMALS, max(0, -floor(log10(step) + 1e-9)))
