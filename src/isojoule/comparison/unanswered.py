"""What the rules ask for and no submission says: a slip in the rules, most likely."""

from collections.abc import Iterable, Sequence

from isojoule.comparison.rules import Rules
from isojoule.comparison.rules_sense import NO_METHOD
from isojoule.submissions import Problem, Submission


def find_unanswered(
    submissions: Sequence[Submission], rules: Rules
) -> tuple[Problem, ...]:
    """Return a problem for each quantity that the rules need and nobody stated.

    Parameters
    ----------
    submissions : sequence of Submission
        All of them.
    rules : Rules
        Phases, metrics and fields.
    """
    stated = {f"scores.{metric}" for s in submissions for metric in s.scores}
    stated |= {f"energy_kwh.{phase}" for s in submissions for phase in s.energies}
    stated |= {
        f"reference_energy_kwh.{run.name}.{run.phase}"
        for s in submissions
        for run in s.references
    }
    if any(s.calibration is not None for s in submissions):
        stated |= set(_asked_references(rules))
    asked = [
        *(f"scores.{metric}" for metric in rules.metrics),
        *(f"energy_kwh.{phase}" for phase in rules.phases),
        *_asked_references(rules),
    ]
    return tuple(
        Problem("warning", _told(name, rules)) for name in asked if name not in stated
    )


def _asked_references(rules: Rules) -> Iterable[str]:
    return dict.fromkeys(
        f"reference_energy_kwh.{reference.name}.{reference.phase}"
        for phase in rules.phases.values()
        if phase.method != NO_METHOD
        for reference in phase.references
    )


def _told(name: str, rules: Rules) -> str:
    columns = rules.fields.get(name, ())
    where = (
        f"[fields] looks for {', '.join(columns)}"
        if columns
        else f"[fields] does not say where: add {name} = [...]"
    )
    return f"no submission states {name}: {where}"
