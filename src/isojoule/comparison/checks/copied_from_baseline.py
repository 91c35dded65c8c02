"""A value that is the baseline's to the last digit."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose
from typing import Final

from isojoule.comparison.checks.figures import digits_of, in_kwh, listed, positive_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Submission

CHECK: Final = "copied-from-baseline"

_ENOUGH_DIGITS: Final = 3
"""Digits, over all phases, from which on an agreement is hardly chance: two systems
agree in two digits once in some ninety pairs."""


def find_copies_of_baseline(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where energies equal those published for the baseline.

    Parameters
    ----------
    submissions : sequence of Submission
        Their energies and references; the baselines among them are what is compared
        with, beside the rules.
    rules : Rules
        Energies of the baseline, and of the references on the organizers' hardware.

    Notes
    -----
    The team of a baseline is that of the organizers, whose other systems may rightly
    state what they published.
    """
    energies = _published_energies(submissions, rules)
    references = _published_references(rules)
    organizers = {s.team for s in submissions if _is_baseline(s, rules)}
    for submission in submissions:
        if submission.team in organizers:
            continue
        yield from _copies(submission, "energy", submission.energies, energies)
        handed = {f"{r.name}.{r.phase}": r.energy for r in submission.references}
        yield from _copies(submission, "reference", handed, references)


def _published_energies(
    submissions: Sequence[Submission], rules: Rules
) -> dict[str, list[float]]:
    """Return the energies of all baselines [J], by phase."""
    found: dict[str, list[float]] = {
        name: [phase.baseline_energy_j]
        for name, phase in rules.phases.items()
        if phase.baseline_energy_j is not None
    }
    for submission in submissions:
        if _is_baseline(submission, rules):
            for phase, energy in submission.energies.items():
                value = positive_of(energy)
                if value is not None:
                    found.setdefault(phase, []).append(value)
    return found


def _is_baseline(submission: Submission, rules: Rules) -> bool:
    return submission.is_baseline or submission.label == rules.baseline


def _published_references(rules: Rules) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for phase in rules.phases.values():
        for r in phase.references:
            found.setdefault(f"{r.name}.{r.phase}", []).append(r.energy_j)
    return found


def _copies(
    submission: Submission,
    kind: str,
    figures: Mapping[str, Figure],
    published: Mapping[str, Sequence[float]],
) -> Iterator[Finding]:
    """Yield one finding for all figures that are equal, if that cannot be chance."""
    equal = {
        name: figure
        for name, figure in figures.items()
        if _is_among(figure, published.get(name, ()))
    }
    if sum(digits_of(figure) or 0 for figure in equal.values()) < _ENOUGH_DIGITS:
        return
    values = listed([f"{in_kwh(f)} ({name})" for name, f in equal.items()])
    yield finding_about(
        submission,
        CHECK,
        "warning",
        text=(
            f"{kind} {values}: to the last digit what is published for the baseline; "
            "it seems to be copied, not measured; ask for the tracker's file"
        ),
        mail=(
            f"To the last digit, your {kind} {values} is what we published for the "
            "baseline. Did you measure it on your own hardware? Could you send the "
            "tracker's file or, if it was taken over, the measured value?"
        ),
        evidence=[(f"{kind} of {name}", figure) for name, figure in equal.items()],
    )


def _is_among(figure: Figure, values: Sequence[float]) -> bool:
    value = positive_of(figure)
    return value is not None and any(
        isclose(value, other, rel_tol=1e-9) for other in values
    )
