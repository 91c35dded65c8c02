"""What the organizers' baseline says: the system, its energy, its scores."""

from collections.abc import Sequence
from math import inf

from isojoule.comparison.rules import Rules
from isojoule.comparison.systems import System


def baseline_system(systems: Sequence[System], rules: Rules) -> System | None:
    """Return the system that ranking scores are relative to; `None` where it is not.

    Parameters
    ----------
    systems : sequence of System
        Among them the baseline.
    rules : Rules
        Whose `baseline` names it; without a name it is the only one that says it is a
        baseline.
    """
    if rules.baseline is not None:
        return next((s for s in systems if s.label == rules.baseline), None)
    declared = [s for s in systems if s.is_baseline]
    return declared[0] if len(declared) == 1 else None


def baseline_energy_j(
    systems: Sequence[System], phase: str, rules: Rules
) -> float | None:
    """Return E_base of a phase [J]: of the rules, else of the baseline system.

    Parameters
    ----------
    systems : sequence of System
        Among them the baseline.
    phase : str
        Name of the phase.
    rules : Rules
        Of the edition.
    """
    stated = rules.phases[phase].baseline_energy_j if phase in rules.phases else None
    if stated is not None:
        return stated
    baseline = baseline_system(systems, rules)
    return None if baseline is None else baseline.energy_j(phase)


def baseline_scores(systems: Sequence[System], rules: Rules) -> dict[str, float | None]:
    """Return the score of the baseline by metric; `None` where it cannot divide.

    Parameters
    ----------
    systems : sequence of System
        Among them the baseline, unless the rules state its scores.
    rules : Rules
        Whose metrics are asked for.
    """
    baseline = baseline_system(systems, rules)
    found: dict[str, float | None] = {}
    for name, metric in rules.metrics.items():
        score = metric.baseline_score
        if score is None and baseline is not None:
            score = baseline.score(name)
        found[name] = score if score is not None and 0 < score < inf else None
    return found
