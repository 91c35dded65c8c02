"""References that were multiplied by the size of the ensemble."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import in_kwh
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.site_references import (
    StatedReference,
    following,
    sites_of,
)
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "reference-follows-ensemble"


def find_references_that_follow(
    submissions: Sequence[Submission],
    rules: Rules,  # noqa: ARG001 - of the contract
) -> Iterator[Finding]:
    """Yield a finding where a reference is proportional to the size of the ensemble.

    Parameters
    ----------
    submissions : sequence of Submission
        Their references, devices and members.
    rules : Rules
        Not used.

    Notes
    -----
    An ensemble of n is compared with the single systems of the same team on the same
    device; where there are none, with its smallest and its largest ensemble.
    """
    for site in sites_of(submissions):
        for stated, base in following(site):
            yield _follows(stated, base)


def _follows(stated: StatedReference, base: StatedReference) -> Finding:
    ratio = stated.value_j / base.value_j
    members = f"{stated.n_members} members"
    against = f"{in_kwh(base.energy)} of {base.submission.label}"
    if base.n_members > 1:
        against += f" with {base.n_members}"
    seen = (
        f"the reference {stated.name!r} ({stated.phase}) is {in_kwh(stated.energy)} "
        f"with {members}, {ratio:.3g} times the {against}"
    )
    return finding_about(
        stated.submission,
        CHECK,
        "error",
        text=(
            f"{seen}: it was multiplied by the size of the ensemble. A reference is "
            "one run of the reference model, whatever the system; the normalized "
            "energies come out too low by that factor. Amend it"
        ),
        mail=(
            f"In your figures {seen}. The reference should be one run of the reference "
            "model, whatever the size of the ensemble. May we use "
            f"{in_kwh(stated.value_j / stated.n_members)} instead, or would you send "
            "the measured value?"
        ),
        evidence=(
            ("reference", stated.energy),
            ("members of the ensemble", stated.submission.n_subsystems),
            (f"reference of {base.submission.label}", base.energy),
        ),
    )
