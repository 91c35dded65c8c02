"""A comparison in words, and as JSON can hold it."""

from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from math import isfinite
from typing import Any, Final

from isojoule.comparison.checks import Finding
from isojoule.comparison.compare import Compared, Comparison
from isojoule.comparison.ranking import Ranking
from isojoule.comparison.scores import ENERGY_ALONE_TAU, RANKING, Agreement
from isojoule.comparison.systems import NormalizedEnergy, System
from isojoule.report.comparison.carbon import carbon_document
from isojoule.report.comparison.index import Index, is_baseline
from isojoule.report.comparison.methods import is_normalized
from isojoule.report.comparison.words import (
    kwh_text,
    level_text,
    number_text,
    plural,
    share_text,
    shown,
    tau_text,
)
from isojoule.submissions import Figure, InputFile, Problem

SCHEMA: Final = "isojoule-comparison-1"
"""Name of the layout of the document; it changes when a key does."""


def comparison_document(comparison: Comparison) -> dict[str, Any]:
    """Return a comparison for JSON: energies in J, no NaN, the same keys always.

    Parameters
    ----------
    comparison : Comparison
        What to write.
    """
    index = Index.of(comparison)
    document = {
        "schema": SCHEMA,
        "isojoule_version": version("isojoule"),
        "edition": comparison.rules.edition,
        "hardware": comparison.rules.hardware,
        "level": comparison.rules.level,
        "n_draws": comparison.rules.n_draws,
        "seed": comparison.rules.seed,
        "phases": list(comparison.rules.phases),
        "metrics": list(comparison.rules.metrics),
        "systems": [_system(comparison, index, s) for s in comparison.systems],
        "findings": [_finding(finding) for finding in comparison.findings],
        "problems": [_problem(problem) for problem in comparison.problems],
        "rankings": {k: _ranking(r) for k, r in comparison.rankings.items()},
        "cohorts": {n: _cohort(c) for n, c in comparison.cohorts.items()},
        "carbon": carbon_document(comparison),
        "empty_cohorts": list(comparison.empty_cohorts),
        "amendments": [asdict(a) for a in comparison.rules.amendments],
        "waivers": [asdict(w) for w in comparison.rules.waivers],
        "files": [_file(file) for file in comparison.files],
    }
    return {name: _finite(value) for name, value in document.items()}


def _finite(value: Any) -> Any:  # noqa: ANN401 - any part of a document
    """Return `value` with `None` for the numbers that JSON has no word for."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(name): _finite(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return value


def _system(comparison: Comparison, index: Index, system: System) -> dict[str, Any]:
    submission = system.submission
    return {
        "label": system.label,
        "team": system.team,
        "name": submission.name,
        "is_baseline": is_baseline(comparison, system),
        "device": submission.device,
        "tracker": submission.tracker,
        "energies": {p: _energy(e) for p, e in system.energies.items()},
        "refusals": dict(system.refusals),
        "stated_energies_j": {p: _figure(f) for p, f in submission.energies.items()},
        "references_j": [
            {"name": run.name, "phase": run.phase, **_figure(run.energy)}
            for run in submission.references
        ],
        "scores": {m: _figure(f) for m, f in submission.scores.items()},
        "weighted_scores": {
            phase: dict(by_label[system.label])
            for phase, by_label in index.weighted.items()
            if system.label in by_label
        },
        "n_params": _optional(submission.n_params),
        "n_macs": _optional(submission.n_macs),
        "n_subsystems": _optional(submission.n_subsystems),
        "training_duration_s": _optional(submission.training_duration_s),
        "n_devices": _optional(submission.n_devices),
        "n_tracked_devices": _optional(submission.n_tracked_devices),
        "problems": [_problem(problem) for problem in submission.problems],
    }


def _energy(energy: NormalizedEnergy) -> dict[str, Any]:
    found = energy.estimate
    return {
        "energy_j": found.energy_j,
        "energy_low_j": found.energy_low_j,
        "energy_high_j": found.energy_high_j,
        "level": found.level,
        "method": found.method,
        "references": list(found.references),
        "is_in_range": found.in_range,
        "provenance": found.provenance,
        "scope": found.scope,
        "factor": energy.factor,
        "extrapolation_factor": energy.extrapolation_factor,
        "notes": list(found.notes),
        "doubts": [
            {"source": d.source, "log_std": d.log_std, "shared": d.shared, "of": d.of}
            for d in energy.doubts
        ],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    return {
        "text": figure.text,
        "value": figure.value,
        "low": figure.low,
        "high": figure.high,
        "provenance": figure.provenance,
        "scope": figure.scope,
        "problem": figure.problem,
        "file": figure.place.file,
        "line": figure.place.line,
        "field": figure.place.field,
        "original": None if figure.original is None else _figure(figure.original),
        "reason": figure.reason,
    }


def _optional(figure: Figure | None) -> dict[str, Any] | None:
    return None if figure is None else _figure(figure)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "check": finding.check,
        "severity": finding.severity,
        "label": finding.label,
        "team": finding.team,
        "text": finding.text,
        "evidence": [
            {"name": name, "text": seen}
            if isinstance(seen, str)
            else {"name": name, **_figure(seen)}
            for name, seen in finding.evidence
        ],
        "mail": finding.mail,
        "waived": finding.waived,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    place = problem.place
    return {
        "severity": problem.severity,
        "text": problem.text,
        "file": place and place.file,
        "line": place and place.line,
        "field": place and place.field,
    }


def _ranking(ranking: Ranking) -> list[dict[str, Any]]:
    return [asdict(row) for row in ranking.rows]


def _cohort(compared: Compared) -> dict[str, Any]:
    return {
        "systems": [system.label for system in compared.systems],
        "fronts": [
            {
                "phase": front.phase,
                "metric": front.metric,
                "members": list(front.members),
                "probabilities": {p.label: p.probability for p in front.points},
            }
            for front in compared.fronts.values()
        ],
        "marginal_costs": [
            asdict(step) for steps in compared.steps.values() for step in steps
        ],
        "caps": [asdict(row) for rows in compared.caps.values() for row in rows],
        "agreements": [asdict(found) for found in compared.agreements],
        "proxies": [asdict(found) for found in compared.proxies],
        "order_changes": [asdict(found) for found in compared.order_changes],
        "break_evens": [asdict(found) for found in compared.break_evens],
    }


def _file(file: InputFile) -> dict[str, Any]:
    return {"path": file.path, "sha256": file.sha256, "n_bytes": len(file.content)}


def describe_front(comparison: Comparison, cohort: str) -> tuple[str, ...]:
    """Return what the front of the main phase and metric of a cohort says."""
    rules, compared = comparison.rules, comparison.cohorts[cohort]
    phase, metric = rules.main_phase, rules.main_metric
    front = compared.fronts[phase, metric]
    if not front.members:
        return (f"No system has both {shown(metric)} and energy of {shown(phase)}.",)
    probabilities = {p.label: p.probability for p in front.points}
    outside = [p for p in front.points if not p.is_on_front and p.probability >= _MAYBE]
    sure = sum(probabilities[label] >= _SURE for label in front.members)
    are = "is" if len(front.members) == 1 else "are"
    told = (
        f"By {shown(metric)} and energy of {shown(phase)}, "
        f"{plural(len(front.members), 'system')} of {len(front.points)} {are} on the "
        f"front; {sure} of them in at least {share_text(_SURE)} of the draws."
    )
    if not outside:
        return (told,)
    beside = (
        f"{plural(len(outside), 'system')} beside the front would be on it in "
        f"{share_text(_MAYBE)} of the draws or more: the data do not tell them from "
        "its members."
    )
    return told, beside


_SURE: Final = 0.9
_MAYBE: Final = 0.5


def describe_agreements(compared: Compared) -> tuple[str, ...]:
    """Return whether energy-weighted scores order by quality, the main one in full."""
    known = [found for found in compared.agreements if found.kendall_tau is not None]
    if not known:
        return ()
    alone = [found for found in known[1:] if found.is_energy_alone]
    told = [_describe_agreement(known[0])]
    if alone:
        listed = ", ".join(
            f"{_score_name(found)} with {shown(found.phase)}" for found in alone
        )
        limit = f"{ENERGY_ALONE_TAU:g}"
        told.append(f"By energy alone, a tau under {limit}, also: {listed}.")
    return tuple(told)


def _score_name(found: Agreement) -> str:
    return "the ranking score" if found.metric == RANKING else shown(found.metric)


def _describe_agreement(found: Agreement) -> str:
    told = (
        f"Weighted by the energy of {shown(found.phase)}, {_score_name(found)} orders "
        f"{plural(found.n, 'system')} with Kendall tau {tau_text(found.kendall_tau)} "
        "to its own order"
    )
    if found.tau_with_energy is not None:
        told += f" and {tau_text(found.tau_with_energy)} to that from low energy"
    return f"{told}: energy alone decides." if found.is_energy_alone else f"{told}."


def describe_worth(comparison: Comparison) -> str:
    """Return the rule by which an improvement is worthy."""
    rules = comparison.rules
    main = rules.metrics[rules.main_metric]
    point = f"A point is {main.point:g} of {shown(main.name)}."
    if rules.price_kwh_per_point is None:
        return (
            f"{point} The rules state no price per point, so no improvement is called "
            "worthy or not."
        )
    return (
        f"{point} An improvement is worthy where its gain is above noise, the stated "
        "intervals do not overlap, and a point costs at most "
        f"{number_text(rules.price_kwh_per_point)} kWh, the price of the rules."
    )


def describe_order(compared: Compared) -> tuple[str, ...]:
    """Return how far normalization keeps the order of the stated energies."""
    return tuple(
        f"Energies of {shown(found.phase)} as stated and normalized order "
        f"{plural(found.n, 'system')} with Kendall tau "
        f"{tau_text(found.kendall_tau)}; 1 is the same order."
        for found in compared.order_changes
        if found.kendall_tau is not None
    )


def describe_provenance(comparison: Comparison) -> tuple[str, ...]:
    """Return what the same page can be made from again."""
    rules = comparison.rules
    made = (
        f"isojoule {version('isojoule')}, seed {rules.seed}, {rules.n_draws:,} draws, "
        f"level {level_text(rules.level)}: the same inputs and rules give the same "
        "numbers."
    )
    return (
        made,
        *(_reference_told(comparison, phase) for phase in rules.phases),
    )


def _reference_told(comparison: Comparison, phase: str) -> str:
    rules = comparison.rules.phases[phase]
    told = "; ".join(
        f"{shown(r.name)} ({shown(r.phase)}) {kwh_text(r.energy_j)} kWh"
        for r in rules.references
    )
    base = rules.baseline_energy_j
    is_used = bool(told) and is_normalized(comparison.rules, phase)
    hardware = shown(comparison.rules.hardware)
    return (
        f"Energies of {shown(phase)}: method {shown(rules.method)}"
        f"{f', references on {hardware}: {told}' if is_used else ''}"
        f"{'' if base is None else f'; baseline {kwh_text(base)} kWh'}."
    )
