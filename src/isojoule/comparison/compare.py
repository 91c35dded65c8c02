"""The whole comparison: one call from what was handed in to every result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from isojoule.comparison.amendments import amend
from isojoule.comparison.caps import CapRow, cap_table
from isojoule.comparison.checks import Finding, check_all
from isojoule.comparison.cohorts import cohort_of
from isojoule.comparison.draws import Draws
from isojoule.comparison.front import Front, find_front
from isojoule.comparison.marginal import Step, marginal_steps
from isojoule.comparison.organizers import mark_baselines
from isojoule.comparison.precision import state_digits
from isojoule.comparison.proxies import OrderChange, Proxy, order_changes, proxies
from isojoule.comparison.ranking import Ranking, rank_all
from isojoule.comparison.rules import Cohort, Rules
from isojoule.comparison.running import RunAll
from isojoule.comparison.scores import (
    Agreement,
    WeightedScore,
    agreements,
    weighted_scores,
)
from isojoule.comparison.systems import System, normalize_submissions
from isojoule.comparison.unanswered import find_unanswered
from isojoule.comparison.use import BreakEven, break_evens
from isojoule.errors import InsufficientDataError
from isojoule.submissions import Handed, InputFile, Problem

ALL_SYSTEMS = "all systems"
"""Name of the cohort that leaves nobody out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The results of one cohort.

    Parameters
    ----------
    cohort : Cohort
        Who belongs to it.
    systems : tuple of System
        In the order of the submissions.
    fronts : mapping of (str, str) to Front
        By phase and metric.
    steps : mapping of (str, str) to tuple of Step
        What a further point costs along the front; by phase and metric.
    caps : mapping of str to tuple of CapRow
        Best scores under caps; by metric.
    agreements : tuple of Agreement
        How far a score orders by energy alone.
    proxies : tuple of Proxy
        Correlation of energy with parameters and multiply-accumulates.
    order_changes : tuple of OrderChange
        How far normalization keeps the order of the stated energies.
    break_evens : tuple of BreakEven
        From how many uses on the dearer training pays, between systems of the front.
    """

    cohort: Cohort
    systems: tuple[System, ...]
    fronts: Mapping[tuple[str, str], Front]
    steps: Mapping[tuple[str, str], tuple[Step, ...]]
    caps: Mapping[str, tuple[CapRow, ...]]
    agreements: tuple[Agreement, ...]
    proxies: tuple[Proxy, ...]
    order_changes: tuple[OrderChange, ...]
    break_evens: tuple[BreakEven, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All results, and what they were made from.

    Parameters
    ----------
    rules : Rules
        As they were applied.
    systems : tuple of System
        Every submission with its normalized energies, amended where the rules say so.
    findings : tuple of Finding
        What the checks found, waived or not.
    problems : tuple of Problem
        Of files that belong to no submission.
    rankings : mapping of str to Ranking
        ``energy.<phase>``, ``score.<metric>``, ``score.ranking``,
        ``weighted.<metric>.<phase>``, ``weighted.ranking.<phase>``.
    weighted : mapping of str to tuple of WeightedScore
        Energy-weighted scores by phase.
    cohorts : mapping of str to Compared
        ``all systems`` first, then those of the rules that are not empty.
    empty_cohorts : tuple of str
        Cohorts of the rules that nobody belongs to.
    files : tuple of InputFile
        Everything that was read.
    """

    rules: Rules
    systems: tuple[System, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    rankings: Mapping[str, Ranking]
    weighted: Mapping[str, tuple[WeightedScore, ...]]
    cohorts: Mapping[str, Compared]
    empty_cohorts: tuple[str, ...]
    files: tuple[InputFile, ...]


def _tell_nobody(_: str) -> None:
    """Say nothing of the steps."""


def compare(
    handed: Handed,
    rules: Rules,
    *,
    tell: Callable[[str], None] = _tell_nobody,
    run_all: RunAll = map,
) -> Comparison:
    """Return the comparison of what was handed in, under `rules`.

    Parameters
    ----------
    handed : Handed
        Submissions and the files that they were read from.
    rules : Rules
        Of the edition.
    tell : callable, optional
        Called with the name of each step before it begins.
    run_all : callable, default map
        What the rankings are run by, such as the `map` of a pool of threads.

    Raises
    ------
    InsufficientDataError
        If there is no submission at all.
    UnknownNameError
        If an amendment names a submission that is not there.
    FormatError
        If an amendment cannot be applied.
    """
    if not handed.submissions:
        reasons = "; ".join(p.text for p in handed.problems[:3])
        raise InsufficientDataError(
            f"no submission could be read{f': {reasons}' if reasons else ''}"
        )
    stated = state_digits(handed.submissions, rules.stated_decimals_kwh)
    submissions = mark_baselines(amend(stated, rules.amendments), rules)
    tell("checking")
    findings = check_all(submissions, rules)
    tell("normalizing")
    systems = normalize_submissions(submissions, rules)
    tell("drawing")
    draws = Draws(systems, rules)
    tell("ranking")
    rankings = rank_all(systems, rules, draws, run_all=run_all)
    asked = {ALL_SYSTEMS: Cohort(name=ALL_SYSTEMS), **rules.cohorts}
    members = {name: cohort_of(systems, cohort) for name, cohort in asked.items()}
    cohorts = {}
    for name, found in members.items():
        tell(f"comparing {name}")
        if found:
            cohorts[name] = _compare_cohort(asked[name], found, rules, draws)
    return Comparison(
        rules=rules,
        systems=systems,
        findings=findings,
        problems=(*handed.problems, *find_unanswered(submissions, rules)),
        rankings=rankings,
        weighted={p: weighted_scores(systems, p, rules) for p in rules.phases},
        cohorts=cohorts,
        empty_cohorts=tuple(name for name in members if name not in cohorts),
        files=handed.files,
    )


def _compare_cohort(
    cohort: Cohort, systems: tuple[System, ...], rules: Rules, draws: Draws
) -> Compared:
    pairs = [(phase, metric) for phase in rules.phases for metric in rules.metrics]
    return Compared(
        cohort=cohort,
        systems=systems,
        fronts={pair: find_front(systems, *pair, rules, draws) for pair in pairs},
        steps={pair: marginal_steps(systems, *pair, rules) for pair in pairs},
        caps={metric: cap_table(systems, metric, rules) for metric in rules.metrics},
        agreements=agreements(systems, rules),
        proxies=proxies(systems, rules),
        order_changes=order_changes(systems, rules),
        break_evens=break_evens(systems, rules),
    )
