"""Rules by which runs of one phase scale another."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import in_kwh, positive_of
from isojoule.comparison.checks.finding import Finding
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "reference-of-other-phase"


def find_references_of_other_phases(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding about the rules where a phase is scaled by runs of another.

    Parameters
    ----------
    submissions : sequence of Submission
        To say how far their energies are from the reference.
    rules : Rules
        Phases with their methods and references.
    """
    for phase in rules.phases.values():
        phases = sorted({r.phase for r in phase.references})
        if phase.method == "none" or not phases or phase.name in phases:
            continue
        energies_j = [
            value
            for s in submissions
            if (value := positive_of(s.energies.get(phase.name))) is not None
        ]
        scaled = (
            f" {in_kwh(min(energies_j))} to {in_kwh(max(energies_j))}"
            if energies_j
            else ""
        )
        names = ", ".join(f"{r.name} {in_kwh(r.energy_j)}" for r in phase.references)
        yield Finding(
            check=CHECK,
            severity="warning",
            label="",
            team="",
            text=(
                f"the rules scale energies of {phase.name}{scaled} by runs of "
                f"{', '.join(phases)} ({names}): the ratio of two machines differs "
                f"between the two; ask for a reference of {phase.name}"
            ),
            mail=(
                f"The rules scale energies of {phase.name} by runs of "
                f"{', '.join(phases)}. Could they ask for a reference of {phase.name}?"
            ),
            evidence=tuple(
                (f"reference {r.name} of {r.phase}", in_kwh(r.energy_j))
                for r in phase.references
            ),
        )
