"""References that are written with too few digits."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import counted, digits_of, in_kwh, rounding_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Figure, Submission
from isojoule.units import kwh_to_j

CHECK: Final = "few-digits"

_FLOAT_NOISE: Final = 1e-9
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
        How many digits, and with how many decimals they asked for energies.

    Notes
    -----
    A reference with all decimals that the rules asked for is the matter of the rules:
    one finding about them, and a note without a question for each system.
    """
    asked = rules.limits.min_reference_digits
    as_asked: list[Figure] = []
    for submission in submissions:
        short = [
            (f"reference {run.name} ({run.phase})", run.energy)
            for run in submission.references
            if (digits := digits_of(run.energy)) is not None and digits < asked
        ]
        short.sort(key=lambda named: -rounding_of(named[1]))
        own = [one for one in short if not _is_as_asked(one[1], rules)]
        kept = [one for one in short if _is_as_asked(one[1], rules)]
        if own:
            yield _of_submission(submission, own, asked)
        if kept:
            yield _kept_to_rules(submission, kept, rules.stated_decimals_kwh or 0)
        as_asked += [figure for _, figure in kept]
    if as_asked:
        yield _of_rules(max(as_asked, key=rounding_of), len(as_asked), rules)


def _is_as_asked(energy: Figure, rules: Rules) -> bool:
    """Return whether a reference has the decimals that the rules asked for."""
    if rules.stated_decimals_kwh is None or energy.step is None:
        return False
    asked_j = kwh_to_j(10.0**-rules.stated_decimals_kwh)
    return energy.step <= asked_j * (1 + _FLOAT_NOISE)


def _error(energy: Figure) -> str:
    return f"\N{PLUS-MINUS SIGN}{rounding_of(energy):.1%}"


def _seen(energy: Figure) -> str:
    return f"{in_kwh(energy)} ({counted(digits_of(energy) or 0, 'significant digit')})"


def _of_submission(
    submission: Submission, short: Sequence[tuple[str, Figure]], asked: int
) -> Finding:
    worst = short[0][1]
    seen, error = _seen(worst), _error(worst)
    return finding_about(
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
        evidence=short,
    )


def _kept_to_rules(
    submission: Submission, short: Sequence[tuple[str, Figure]], n_decimals: int
) -> Finding:
    worst = short[0][1]
    return finding_about(
        submission,
        CHECK,
        "note",
        text=(
            f"a reference of {_seen(worst)} may be off by {_error(worst)} by its "
            f"rounding alone, with the {counted(n_decimals, 'decimal')} that the rules "
            "ask for"
        ),
        mail="",
        evidence=short,
    )


def _of_rules(worst: Figure, n_short: int, rules: Rules) -> Finding:
    decimals = counted(rules.stated_decimals_kwh or 0, "decimal")
    digits = counted(rules.limits.min_reference_digits, "significant digit")
    seen = (
        f"with {decimals} of kWh, as the rules ask for, {counted(n_short, 'reference')}"
        f" may be off by their rounding, at most {in_kwh(worst)} by {_error(worst)}"
    )
    return Finding(
        check=CHECK,
        severity="warning" if rounding_of(worst) > _MATTERS else "note",
        label="",
        team="",
        text=f"{seen}: ask for {digits}",
        mail=f"In the rules: {seen}. Could they ask for {digits}?",
        evidence=(("worst reference", worst), ("decimals of kWh", decimals)),
    )
