"""References that differ between the systems of one site."""

from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.figures import distance, in_kwh, in_times
from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.checks.site_references import (
    StatedReference,
    following,
    sites_of,
)
from isojoule.comparison.rules import Rules
from isojoule.submissions import Submission

CHECK: Final = "reference-inconsistent"


def find_inconsistent_references(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield a finding where one reference differs between systems of one site.

    Parameters
    ----------
    submissions : sequence of Submission
        Their references and devices.
    rules : Rules
        The factor from which on it counts.

    Notes
    -----
    Compared with the lower median of the site. What follows the size of the ensemble
    is left to the check of that name.
    """
    factor = rules.limits.reference_outlier_factor
    for site in sites_of(submissions):
        values = sorted(stated.value_j for stated in site)
        usual_j = values[(len(values) - 1) // 2]
        explained = {stated.submission.label for stated, _ in following(site)}
        for stated in site:
            is_far = distance(stated.value_j, usual_j) > factor
            if is_far and stated.submission.label not in explained:
                yield _differs(stated, usual_j)


def _differs(stated: StatedReference, usual_j: float) -> Finding:
    seen = (
        f"the reference {stated.name!r} ({stated.phase}) is {in_kwh(stated.energy)}, "
        f"and {in_kwh(usual_j)} for other systems of the team on the same device: a "
        f"factor of {in_times(distance(stated.value_j, usual_j))}"
    )
    return finding_about(
        stated.submission,
        CHECK,
        "warning",
        text=f"{seen}. It is the same work; one of the two is wrong",
        mail=f"In your figures {seen}. It is the same work: which of the two is right?",
        evidence=(("reference", stated.energy), ("usual at the site", in_kwh(usual_j))),
    )
