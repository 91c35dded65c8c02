"""What to know about a calibration, of our own or of somebody else, before using it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, Literal, TypeAlias

from isojoule.formats.calibration import CalibrationFile
from isojoule.observations import energy_in_scope, observe
from isojoule.records import Run, Workload
from isojoule.suite.calibration import by_workload, spread_fraction
from isojoule.suite.plan import is_too_large
from isojoule.suite.rules import STANDARD
from isojoule.workloads import SUBSETS, SUITE, to_workload

Severity: TypeAlias = Literal["error", "warning", "note"]

MAX_SPREAD: Final = 0.1
"""Half the range of repeats over their median that is taken without a warning."""

MAX_IDLE_SHARE: Final = 0.8
"""Idle power over that of the run that is taken without a warning."""

_POWER_MARGIN: Final = 1.1  # boards exceed their limit for moments
_COUNTS: Final = ("n_params", "forward_flop_per_sample", "training_flop_per_sample")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know about a calibration before relying on it.

    Parameters
    ----------
    id : str
        Stable name of the check.
    severity : {"error", "warning", "note"}
        An error makes the calibration unusable.
    text : str
        What was found, and what to do.
    subject : str
        Run or model that it is about; empty where it is about all.
    """

    id: str
    severity: Severity
    text: str
    subject: str = ""


def check_calibration(calibration: CalibrationFile) -> list[Problem]:
    """Return what is wrong or doubtful with a calibration, errors first.

    Parameters
    ----------
    calibration : CalibrationFile
        As read; a file that was changed is refused before that.
    """
    found = [problem for check in _CHECKS for problem in check(calibration)]
    order: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda problem: order[problem.severity])


def is_accepted(problems: Iterable[Problem]) -> bool:
    """Return whether a calibration with these problems may be used."""
    return all(problem.severity != "error" for problem in problems)


def _measured(calibration: CalibrationFile) -> list[Run]:
    return [run for run in calibration.runs if run.status == "complete"]


def _check_content(calibration: CalibrationFile) -> Iterator[Problem]:
    runs = _measured(calibration)
    unknown = {r.workload.name for r in runs} - SUITE.keys()
    if unknown:
        names = ", ".join(sorted(unknown))
        yield Problem("unknown-model", "error", f"no reference models: {names}")
    if not runs:
        yield Problem("empty", "error", "no run of a reference model ended by itself")
    ids = [run.run_id for run in runs]
    if len(set(ids)) < len(ids):
        yield Problem("duplicate", "error", "a run is in the file more than once")
    wrong = {r.workload.name for r in runs if not _has_right_counts(r.workload)}
    if wrong:
        names = ", ".join(sorted(wrong))
        text = f"other parameters or FLOP than the reference models have: {names}"
        yield Problem("counts", "error", text)
    unmeasured = sorted({r.workload.name for r in runs if observe(r) is None})
    if unmeasured:
        names = ", ".join(unmeasured)
        yield Problem("no-energy", "error", f"no energy is known of {names}")


def _has_right_counts(workload: Workload) -> bool:
    model = SUITE.get(workload.name)
    if model is None:
        return True  # told as unknown
    true = to_workload(model)
    return all(getattr(workload, name) == getattr(true, name) for name in _COUNTS)


def _check_mixture(calibration: CalibrationFile) -> Iterator[Problem]:
    runs = _measured(calibration)
    for what, found in (
        ("modes or settings", {r.workload.variant or "unstated" for r in runs}),
        ("scopes", {r.default_scope or "unstated" for r in runs}),
        ("provenances", {o.provenance for r in runs if (o := observe(r))}),
    ):
        if len(found) > 1:
            text = f"several {what} are mixed: {'; '.join(sorted(found))}"
            yield Problem("mixture", "error", text)


def _check_rules(calibration: CalibrationFile) -> Iterator[Problem]:
    runs, rules = _measured(calibration), calibration.rules
    name = str(rules.get("name", "unstated"))
    is_standard = name == STANDARD.name
    if not is_standard:
        yield Problem(
            "short-form",
            "warning",
            f"made under the rules {name!r}, not the standard ones: its energies are "
            "of short runs; leave --fast away for figures that others rely on",
        )
    else:
        short = [r for r in runs if (r.duration_s or 0.0) < STANDARD.min_duration_s]
        if short:
            names = ", ".join(sorted({r.workload.name for r in short}))
            text = f"shorter than {STANDARD.min_duration_s:g} s: {names}"
            yield Problem("too-short", "error", text)
        few = [
            r for r in runs if r.measures.get("n_readings", inf) < STANDARD.min_readings
        ]
        if few:
            names = ", ".join(sorted({r.workload.name for r in few}))
            text = f"fewer than {STANDARD.min_readings} readings: {names}"
            yield Problem("few-readings", "error", text)
    for run in runs:
        for warning in run.warnings:
            yield Problem("record", "warning", warning, run.name)


def _check_power(calibration: CalibrationFile) -> Iterator[Problem]:
    accelerators = calibration.hardware.accelerators
    limits_w = [a.power_limit_w for a in accelerators if a.power_limit_w]
    for run in _measured(calibration):
        found = energy_in_scope(run.energies, run.default_scope)
        if found is None or not run.duration_s:
            continue
        power_w = found[0] / run.duration_s
        idle_w = run.measures.get("idle_power_w")
        if run.default_scope == "gpu" and len(limits_w) == len(accelerators) > 0:
            limit_w = sum(limits_w)
            if power_w > _POWER_MARGIN * limit_w:
                yield Problem(
                    "power",
                    "error",
                    f"drew {power_w:.0f} W on average, more than the limit of "
                    f"{limit_w:.0f} W allows",
                    run.name,
                )
        if idle_w is not None and idle_w > MAX_IDLE_SHARE * power_w:
            yield Problem(
                "idle-power",
                "warning",
                f"drew {idle_w:.3g} W before and after the run and {power_w:.3g} W "
                "during it: was something else running?",
                run.name,
            )


def _check_repeats(calibration: CalibrationFile) -> Iterator[Problem]:
    groups = by_workload(r for r in _measured(calibration) if observe(r))
    for (name, phase), runs in groups.items():
        spread = spread_fraction(runs)
        if spread is not None and spread > MAX_SPREAD:
            yield Problem(
                "spread",
                "warning",
                f"{len(runs)} repeats differ by {spread:.0%} of their median to either "
                "side: was something else running?",
                f"{name} {phase}",
            )
    if groups and all(len(runs) == 1 for runs in groups.values()):
        yield Problem(
            "one-repeat",
            "note",
            "every model ran once: how repeats differ is not known; --repeats 3 tells",
        )


def _check_provenance(calibration: CalibrationFile) -> Iterator[Problem]:
    found = {o.provenance for r in _measured(calibration) if (o := observe(r))}
    if "modelled" in found:
        yield Problem(
            "modelled",
            "warning",
            "energies are modelled from watts that were assumed, not measured: they "
            "tell time rather than energy",
        )


def _check_completeness(calibration: CalibrationFile) -> Iterator[Problem]:
    too_large = sorted({r.workload.name for r in calibration.runs if is_too_large(r)})
    if too_large:
        text = f"did not fit into memory: {', '.join(too_large)}"
        yield Problem("out-of-memory", "note", text)
    for phase in sorted({r.workload.phase for r in _measured(calibration)}):
        names = {n for n, p in by_workload(_measured(calibration)) if p == phase}
        complete = [s for s, members in SUBSETS.items() if names >= set(members)]
        plural = "" if len(names) == 1 else "s"
        whole = _listed(complete)
        text = f"{phase}: {len(names)} model{plural}; whole subsets: {whole}"
        yield Problem("coverage", "note", text)
        if len(names) == 1:
            text = f"{phase}: one model allows the single-reference method only"
            yield Problem("coverage", "warning", text)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


_CHECKS: Final[tuple[Callable[[CalibrationFile], Iterator[Problem]], ...]] = (
    _check_content,
    _check_mixture,
    _check_rules,
    _check_power,
    _check_repeats,
    _check_provenance,
    _check_completeness,
)
