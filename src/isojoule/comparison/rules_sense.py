"""Whether the parts of a rules file fit each other; a slip is refused."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Final

from isojoule.comparison.conversion import FEATURES
from isojoule.comparison.rules import CheckLimits, PhaseRules, Rules
from isojoule.errors import FormatError, UnknownNameError
from isojoule.normalizers import NORMALIZERS

NO_METHOD: Final = "none"
"""Method that leaves energies as they were stated."""

_COUNTS: Final = ("params", "macs")
"""Quantities beside the energies of the phases; no phase can have these names."""

_COLUMNS: Final = ("ranking", "label", "team", "name", "cohorts", "is_baseline")
"""What results are called beside the metrics; no metric can have these names."""

_ALL_SYSTEMS: Final = "all systems"
"""Name of the cohort that leaves nobody out; no other can have it."""

_PLAIN_FIELDS: Final = (
    "label",
    "name",
    "team",
    "is_baseline",
    "n_params",
    "n_macs",
    "n_subsystems",
    "training_time",
    "n_devices",
    "n_tracked_devices",
    "device",
    "tracker",
)

_UNIT: Final = re.compile(r"^(reference_)?energy_[A-Za-z]+\.")


def require_sense(rules: Rules) -> None:
    """Refuse rules whose parts do not fit each other.

    Parameters
    ----------
    rules : Rules
        As a document states them.

    Raises
    ------
    FormatError
        If a name is taken, unknown or there twice, or a method has no use for a
        feature; the message has the place.
    """
    _require_names("phases", rules.phases, taken=_COUNTS)
    _require_names("metrics", rules.metrics, taken=(*_COLUMNS, *_COUNTS, *rules.phases))
    _require_one_energy_per_reference(rules)
    for phase in rules.phases.values():
        _require_method(phase, has_calibration=rules.calibration is not None)
    for name in _unknown_fields(rules):
        raise FormatError(f"[fields]: no quantity {name}")
    known = {*rules.phases, *_COUNTS}
    for cohort in rules.cohorts.values():
        if cohort.name == _ALL_SYSTEMS:
            raise FormatError(
                f"[cohorts.{cohort.name!r}]: that is everybody; choose another name"
            )
        if not known >= set(cohort.drop_duplicates):
            raise FormatError(
                f"[cohorts.{cohort.name!r}]: drop_duplicates can hold "
                f"{', '.join(sorted(known))}"
            )
    _require_limits(rules.limits)
    _require_decisions(rules)


def _require_names(
    kind: str, found: Collection[str], *, taken: tuple[str, ...]
) -> None:
    if not found:
        raise FormatError(f"the rules name no {kind}: add [{kind}.<name>]")
    for name in found:
        if name in taken or not re.fullmatch(r"[A-Za-z0-9_-]+", name):
            raise FormatError(
                f"[{kind}.{name}]: the name is taken or has other signs than letters, "
                "digits, - and _; choose another"
            )


def _require_method(phase: PhaseRules, *, has_calibration: bool) -> None:
    if phase.method == NO_METHOD:
        if phase.references:
            raise FormatError(
                f"[phases.{phase.name}]: references, but no method that uses them: add "
                'method = "single-median" or another, or take them out'
            )
        return
    known = (NO_METHOD, *NORMALIZERS)
    if phase.method not in known:
        raise FormatError(
            f"[phases.{phase.name}]: no method {phase.method!r}; there are "
            f"{', '.join(known)}"
        )
    features = [FEATURES.get(name, name) for name in phase.features]
    try:
        NORMALIZERS[phase.method]((), features=features)
    except (UnknownNameError, ValueError) as error:
        raise FormatError(f"[phases.{phase.name}]: features: {error}") from error
    if not phase.references and not has_calibration:
        raise FormatError(
            f"[phases.{phase.name}]: {phase.method} needs references: add what you "
            'measured, references = [{ name = "...", energy_kwh = ... }]'
        )


def _require_one_energy_per_reference(rules: Rules) -> None:
    for phase in rules.phases.values():
        for name, count in Counter(r.name for r in phase.references).items():
            if count > 1:
                raise FormatError(
                    f"[phases.{phase.name}]: {count} references are called {name!r}; "
                    "give the energy of each once, with energy_std_kwh"
                )


def _unknown_fields(rules: Rules) -> Iterable[str]:
    """Yield each name under [fields] that nothing asks for, with what may be meant."""
    known = set(_PLAIN_FIELDS)
    for metric in rules.metrics:
        known |= {f"scores.{metric}{end}" for end in ("", ".low", ".high")}
    known |= {f"energy_kwh.{phase}" for phase in rules.phases}
    known |= {
        f"reference_energy_kwh.{reference.name}.{reference.phase}"
        for phase in rules.phases.values()
        for reference in phase.references
    }
    for name in rules.fields:
        in_kwh = _UNIT.sub(r"\1energy_kwh.", name)
        if in_kwh not in known:
            near = get_close_matches(in_kwh, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            yield f"{name!r} of these rules{hint}"


def _require_limits(limits: CheckLimits) -> None:
    for name, low in (("power_slack", 1.0), ("reference_outlier_factor", 1.0)):
        if getattr(limits, name) < low:
            raise FormatError(f"[limits]: {name} must be {low:g} or more")


def _require_decisions(rules: Rules) -> None:
    for waiver in rules.waivers:
        if not waiver.reason.strip():
            raise FormatError(f"the waiver of {waiver.check!r} has no reason")
    counts = Counter((a.label, a.field) for a in rules.amendments)
    for amendment in rules.amendments:
        if counts[amendment.label, amendment.field] > 1:
            raise FormatError(
                f"{amendment.field!r} of {amendment.label!r} is amended twice: keep "
                "the amendment that counts"
            )
        name = amendment.field.removeprefix("scores.")
        if name != amendment.field and name not in rules.metrics:
            raise FormatError(
                f"the amendment of {amendment.label!r}: no metric {name!r}; there are "
                f"{', '.join(rules.metrics)}"
            )
        if not amendment.reason.strip():
            raise FormatError(f"the amendment of {amendment.label!r} has no reason")
