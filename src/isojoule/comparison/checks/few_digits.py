"""References that are written with too few digits."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import counted, digits_of, in_kwh, rounding_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "few-digits"

_MATTERS: Final = 0.05
"""Rounding of a twentieth is as much as repeats of a run differ."""


def find_few_digits(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where references have fewer significant digits than asked.

    Parameters
    ----------
    submissions : sequence of Submission
        The texts of their references.
    rules : Rules
        How many digits.
    """
    asked = rules.limits.min_reference_digits
    for submission in submissions:
        short = {
            f"{run.name} ({run.phase})": run.energy
            for run in submission.references
            if (digits := digits_of(run.energy)) is not None and digits < asked
        }
        if not short:
            continue
        worst = max(short.values(), key=rounding_of)
        error = f"\N{PLUS-MINUS SIGN}{rounding_of(worst):.1%}"
        seen = (
            f"{in_kwh(worst)} ({counted(digits_of(worst) or 0, 'significant digit')})"
        )
        yield finding_about(
            submission,
            CHECK,
            "warning" if rounding_of(worst) > _MATTERS else "note",
            text=(
                f"a reference of {seen} may be off by {error} by its rounding alone, "
                f"and with it all that it scales; ask for {asked} digits"
            ),
            mail=(
                f"Your reference of {seen} may be off by {error} by its rounding "
                f"alone. Could you send it with {asked} digits or more, also where the "
                "last ones are 0?"
            ),
            evidence=[(f"reference {name}", e) for name, e in short.items()],
        )
