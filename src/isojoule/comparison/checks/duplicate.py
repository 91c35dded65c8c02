"""The same energies and parameters as another submission."""

from collections.abc import Hashable, Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import in_kwh, listed, positive_of
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "duplicate"


def find_duplicates(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding for every submission that repeats an earlier one.

    Parameters
    ----------
    submissions : sequence of Submission
        Their energies of all phases, as handed in, and their parameters.
    rules : Rules
        Which phases there are.

    Notes
    -----
    The first of each group stands for it and is not named. Two of the figures must be
    there: one energy alone can agree by chance.
    """
    first: dict[Hashable, Submission] = {}
    for submission in submissions:
        key = _key(submission, rules)
        if key is None:
            continue
        earlier = first.setdefault(key, submission)
        if earlier is not submission:
            yield _finding(submission, earlier, rules)


def _key(submission: Submission, rules: Rules) -> Hashable | None:
    """Return what duplicates share; `None` where too little of it is known."""
    energies = tuple(positive_of(submission.energies.get(p)) for p in rules.phases)
    params = submission.n_params
    # A count that could not be read is still the same text or another.
    stated = None if params is None else positive_of(params) or params.text
    n_known = sum(value is not None for value in (*energies, stated))
    if n_known < 2 or all(value is None for value in energies):
        return None
    return (*energies, stated)


def _finding(submission: Submission, earlier: Submission, rules: Rules) -> Finding:
    energies = {
        phase: energy
        for phase in rules.phases
        if (energy := submission.energies.get(phase)) is not None
    }
    values = listed([f"{in_kwh(e)} ({phase})" for phase, e in energies.items()])
    is_own = submission.team == earlier.team
    whose = "its team" if is_own else f"the team {earlier.team}"
    meaning = (
        "right if one model was trained and only what follows it differs; then it is "
        "one system in counts and caps, and one energy in the statistics"
        if is_own
        else "two sites cannot measure the same energies; one is copied or mixed up"
    )
    other = f"your system {earlier.label}" if is_own else "a system of another team"
    return finding_about(
        submission,
        CHECK,
        "note" if is_own else "warning",
        text=(
            f"the same energies, {values}, and parameters as {earlier.label} of "
            f"{whose}: {meaning}"
        ),
        mail=(
            f"The energies, {values}, and the parameters are those of {other}. Was the "
            "model trained once and only what follows it differs, or was the energy "
            "taken over?"
        ),
        evidence=(
            *((f"{phase} energy", energy) for phase, energy in energies.items()),
            ("parameters", submission.n_params),
            ("repeats", earlier.label),
        ),
    )
