"""Energies that do not cover the same parts, or were not measured the same way."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from isojoule.comparison.checks.finding import Finding, finding_about
from isojoule.comparison.rules import Rules
from isojoule.records import Scope
from isojoule.submissions import Figure, Submission

CHECK: Final = "scope-mismatch"

_WORDS: Final[dict[Scope, str]] = {
    "gpu": "the accelerators alone",
    "node": "the whole machine as software sees it",
    "wall": "everything behind the plug",
}
_TOLD: Final = ("codecarbon_version", "tracking_mode")
"""Tags of a record that say how it was measured."""


def find_scope_mismatches(
    submissions: Sequence[Submission], rules: Rules
) -> Iterator[Finding]:
    """Yield findings where scopes or trackers differ that are put side by side.

    Parameters
    ----------
    submissions : sequence of Submission
        Scopes of their energies, references and calibrations; their trackers.
    rules : Rules
        The scope that is asked for.
    """
    usual = _usual_tracker(submissions)
    for submission in submissions:
        yield from _against_references(submission)
        yield from _against_rules(submission, rules.scope)
        yield from _among_runs(submission)
        tracker = submission.tracker
        if usual and tracker and _version(tracker) not in {"", _version(usual)}:
            yield _other_tracker(submission, tracker, usual)


def _usual_tracker(submissions: Sequence[Submission]) -> str | None:
    """Return the tracker of more than half of those whose version is known."""
    stated = [s.tracker for s in submissions if s.tracker and _version(s.tracker)]
    counts = Counter(_version(tracker) for tracker in stated)
    if not counts:
        return None
    version, n_same = counts.most_common(1)[0]
    if 2 * n_same <= len(stated):
        return None
    return min(tracker for tracker in stated if _version(tracker) == version)


def _version(tracker: str) -> str:
    """Return program and version in one spelling; empty without a version."""
    folded = " ".join(tracker.casefold().replace("==", " ").split())
    plain = re.sub(r"\bv(?=\d)", "", folded)
    return plain if re.search(r"\d", plain) else ""


def _against_references(submission: Submission) -> Iterator[Finding]:
    """Yield one finding per scope of an energy that no reference has as well."""
    references = _reference_scopes(submission)
    for phase, energy in submission.energies.items():
        scopes = [scope for scope, _ in references]
        if energy.scope is None or not scopes or energy.scope in scopes:
            continue
        scope, reference = references[0]
        pair = (
            f"the energy of {phase} covers {_WORDS[energy.scope]}, a reference "
            f"{_WORDS[scope]}"
        )
        yield finding_about(
            submission,
            CHECK,
            "error",
            text=f"{pair}: one cannot scale the other; ask for both in one scope",
            mail=(
                f"In your figures {pair}. Could you send both measured the same way?"
            ),
            evidence=((f"{phase} energy", energy), ("reference", reference)),
        )


def _reference_scopes(submission: Submission) -> list[tuple[Scope, Figure | str]]:
    seen: list[tuple[Scope, Figure | str]] = [
        (run.energy.scope, run.energy)
        for run in submission.references
        if run.energy.scope is not None
    ]
    if submission.calibration is not None:
        observations = submission.calibration.observations
        scopes = dict.fromkeys(o.scope for o in observations.values())
        name = f"calibration of {submission.calibration.hardware}"
        seen += [(scope, name) for scope in scopes if scope is not None]
    return seen


def _against_rules(submission: Submission, asked: Scope | None) -> Iterator[Finding]:
    for phase, energy in submission.energies.items():
        if asked is None or energy.scope is None or energy.scope == asked:
            continue
        covers = f"the energy of {phase} covers {_WORDS[energy.scope]}"
        yield finding_about(
            submission,
            CHECK,
            "warning",
            text=(
                f"{covers}, the rules ask for {_WORDS[asked]}: it is compared with "
                "energies that hold more or less than it does"
            ),
            mail=(
                f"In your figures {covers}. We ask for {_WORDS[asked]}. Could you send "
                "that?"
            ),
            evidence=((f"{phase} energy", energy), ("scope of the rules", asked)),
        )


def _among_runs(submission: Submission) -> Iterator[Finding]:
    for tag in _TOLD:
        told = sorted({run.tags[tag] for run in submission.runs if run.tags.get(tag)})
        if len(told) > 1:
            name, versions = tag.replace("_", " "), " and ".join(told)
            yield finding_about(
                submission,
                CHECK,
                "note",
                text=(
                    f"its records differ in {name}: {versions}; versions count CPU and "
                    "memory differently, so that phases may not be comparable"
                ),
                mail=(
                    f"Your records differ in {name}: {versions}. Could you measure all "
                    "phases and the reference with the same one?"
                ),
                evidence=((name, versions),),
            )


def _other_tracker(submission: Submission, tracker: str, usual: str) -> Finding:
    return finding_about(
        submission,
        CHECK,
        "note",
        text=(
            f"measured with {tracker}, most others with {usual}: versions count CPU "
            "and memory differently; the references of the site make up for it only if "
            "they were measured with the same one"
        ),
        mail=(
            f"You measured with {tracker}, most others with {usual}. Were your "
            f"reference runs measured with {tracker} too?"
        ),
        evidence=(("tracker", tracker), ("most used tracker", usual)),
    )
