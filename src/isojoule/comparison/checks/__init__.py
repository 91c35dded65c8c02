"""Is what was handed in plausible? Every check has an id, and says what to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from isojoule.comparison.checks.above_training import find_tests_above_training
from isojoule.comparison.checks.asked import without_idle_questions
from isojoule.comparison.checks.copied_from_baseline import find_copies_of_baseline
from isojoule.comparison.checks.duplicate import find_duplicates
from isojoule.comparison.checks.few_digits import find_few_digits
from isojoule.comparison.checks.finding import Check, Evidence, Finding
from isojoule.comparison.checks.identity import find_broken_identities
from isojoule.comparison.checks.implied_power import find_implied_power
from isojoule.comparison.checks.impossible_value import find_impossible_values
from isojoule.comparison.checks.interpreted import find_interpretations
from isojoule.comparison.checks.missing_baseline import find_missing_baseline
from isojoule.comparison.checks.missing_figure import find_missing_figures
from isojoule.comparison.checks.more_devices_tracked import find_more_devices_tracked
from isojoule.comparison.checks.reference_follows_ensemble import (
    find_references_that_follow,
)
from isojoule.comparison.checks.reference_inconsistent import (
    find_inconsistent_references,
)
from isojoule.comparison.checks.reference_of_other_phase import (
    find_references_of_other_phases,
)
from isojoule.comparison.checks.reference_outlier import find_reference_outliers
from isojoule.comparison.checks.scope_mismatch import find_scope_mismatches
from isojoule.comparison.checks.too_short import find_short_runs
from isojoule.comparison.checks.unexplained_power import find_unexplained_power
from isojoule.comparison.checks.unreadable import find_unreadable
from isojoule.comparison.checks.unused_waiver import find_unused_waivers
from isojoule.comparison.checks.zero_gpu_energy import find_zero_gpu_energy
from isojoule.comparison.rules import Rules
from isojoule.submissions import Severity, Submission

__all__ = ["CHECKS", "Check", "Evidence", "Finding", "check_all"]

CHECKS: Mapping[str, Check] = {
    "unreadable": find_unreadable,
    "interpreted": find_interpretations,
    "impossible-value": find_impossible_values,
    "missing-baseline": find_missing_baseline,
    "missing-figure": find_missing_figures,
    "implied-power": find_implied_power,
    "unexplained-power": find_unexplained_power,
    "zero-gpu-energy": find_zero_gpu_energy,
    "more-devices-tracked": find_more_devices_tracked,
    "scope-mismatch": find_scope_mismatches,
    "copied-from-baseline": find_copies_of_baseline,
    "duplicate": find_duplicates,
    "reference-outlier": find_reference_outliers,
    "reference-follows-ensemble": find_references_that_follow,
    "reference-inconsistent": find_inconsistent_references,
    "few-digits": find_few_digits,
    "too-short": find_short_runs,
    "test-above-training": find_tests_above_training,
    "identity": find_broken_identities,
    "reference-of-other-phase": find_references_of_other_phases,
}
"""What is looked for, by the id that findings carry and waivers name."""

_ORDER: Final[Mapping[Severity, int]] = {"error": 0, "warning": 1, "note": 2}


def check_all(submissions: Sequence[Submission], rules: Rules) -> tuple[Finding, ...]:
    """Return what all checks find, the worst first.

    Parameters
    ----------
    submissions : sequence of Submission
        As they were handed in, or amended.
    rules : Rules
        From where on a check speaks, and what is waived.

    Returns
    -------
    tuple of Finding
        By severity, team, label and check; what is waived carries the reason and stays
        in its place.
    """
    waivers = {(w.check, w.label): w.reason for w in rules.waivers}
    found = [f for check in CHECKS.values() for f in check(submissions, rules)]
    found += find_unused_waivers(submissions, rules, checks=CHECKS)
    decided = [_waived(finding, waivers) for finding in found]
    return tuple(
        sorted(
            without_idle_questions(decided, submissions),
            key=lambda f: (_ORDER[f.severity], f.team, f.label, f.check),
        )
    )


def _waived(finding: Finding, waivers: Mapping[tuple[str, str], str]) -> Finding:
    for label in (finding.label, "*"):
        reason = waivers.get((finding.check, label))
        if reason is not None:
            return replace(finding, waived=reason or "waived by the rules")
    return finding
