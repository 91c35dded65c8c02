"""All that a comparison knows of each system, one row each, for a file."""

from collections.abc import Mapping
from typing import Final

from isojoule.comparison.compare import Comparison
from isojoule.comparison.scores import RANKING
from isojoule.comparison.systems import System
from isojoule.report.comparison.index import Index, is_baseline
from isojoule.report.comparison.words import place_text, shown
from isojoule.submissions import Figure
from isojoule.tables import Cell, Table
from isojoule.units import j_to_kwh

_Row = dict[str, Cell]


def systems_table(comparison: Comparison) -> Table:
    """Return one row per system; what is stated and where, and every result.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    """
    index = Index.of(comparison)
    labels = _labels(comparison)
    rows = [_row(comparison, index, system) for system in comparison.systems]
    return Table.from_rows("Systems", rows, labels=labels)


def _row(comparison: Comparison, index: Index, system: System) -> _Row:
    submission, rules = system.submission, comparison.rules
    row: _Row = {
        "label": shown(system.label),
        "team": shown(system.team),
        "name": shown(submission.name),
        "is_baseline": is_baseline(comparison, system),
        "cohorts": "; ".join(shown(n) for n in index.cohorts.get(system.label, ())),
    }
    for metric in rules.metrics:
        figure = submission.scores.get(metric)
        row |= _score(metric, figure, system)
        row |= _rank(f"rank_{metric}", index, f"score.{metric}", system.label)
    for phase in rules.phases:
        row |= _energy(system, phase)
        row |= _rank(f"rank_{phase}", index, f"energy.{phase}", system.label)
        ranked = index.rank(f"energy.{phase}", system.label)
        row[f"{phase}_lowest_fraction"] = (
            None if ranked is None else ranked.first_probability
        )
        for metric in (*rules.metrics, RANKING):
            name = f"weighted_{metric}_{phase}"
            row[name] = index.weighted_score(phase, metric, system.label)
            row |= _rank(
                f"rank_{name}", index, f"weighted.{metric}.{phase}", system.label
            )
        for (cohort, other, metric), points in index.fronts.items():
            point = points.get(system.label)
            if other == phase and point is not None:
                row[f"front_{cohort}_{metric}_{phase}_fraction"] = point.probability
    row |= _counts(system)
    row["n_findings"] = len(index.findings.get(system.label, ()))
    return row


def _score(metric: str, figure: Figure | None, system: System) -> _Row:
    return {
        f"{metric}": system.score(metric),
        f"{metric}_low": None if figure is None else figure.low,
        f"{metric}_high": None if figure is None else figure.high,
        f"{metric}_from": _from(figure),
    }


def _energy(system: System, phase: str) -> _Row:
    row: _Row = {f"{phase}_refused": system.refusals.get(phase)}
    stated = system.submission.energies.get(phase)
    if stated is not None:
        row |= {
            f"{phase}_stated_kwh": _kwh(stated.value),
            f"{phase}_stated_from": place_text(stated.place),
            f"{phase}_provenance": stated.provenance,
            f"{phase}_scope": stated.scope,
        }
    energy = system.energies.get(phase)
    if energy is None:
        return row
    found = energy.estimate
    return row | {
        f"{phase}_energy_kwh": _kwh(found.energy_j),
        f"{phase}_energy_low_kwh": _kwh(found.energy_low_j),
        f"{phase}_energy_high_kwh": _kwh(found.energy_high_j),
        f"{phase}_method": found.method,
        f"{phase}_factor": energy.factor,
        f"{phase}_beyond_references": energy.extrapolation_factor,
    }


def _rank(name: str, index: Index, key: str, label: str) -> _Row:
    row = index.rank(key, label)
    if row is None:
        return {}
    return {
        name: row.rank,
        f"{name}_low": row.low,
        f"{name}_high": row.high,
        f"{name}_n_tied": len(row.tied_with),
    }


def _counts(system: System) -> _Row:
    submission = system.submission
    figures: Mapping[str, Figure | None] = {
        "n_params": submission.n_params,
        "n_macs": submission.n_macs,
        "n_subsystems": submission.n_subsystems,
        "training_duration_s": submission.training_duration_s,
    }
    row: _Row = {n: None if f is None else f.value for n, f in figures.items()}
    row["device"] = None if submission.device is None else shown(submission.device)
    row["references"] = "; ".join(
        f"{shown(run.name)}, {shown(run.phase)}: {shown(run.energy.text)} "
        f"({place_text(run.energy.place)})"
        for run in submission.references
    )
    return row


def _kwh(energy_j: float | None) -> float | None:
    return None if energy_j is None else j_to_kwh(energy_j)


def _from(figure: Figure | None) -> str | None:
    return None if figure is None else place_text(figure.place)


_ENERGY_COLUMNS: Final = (
    "energy_kwh",
    "energy_low_kwh",
    "energy_high_kwh",
    "stated_kwh",
    "stated_from",
    "provenance",
    "scope",
    "method",
    "factor",
    "beyond_references",
    "refused",
    "lowest_fraction",
)
_RANK_COLUMNS: Final = ("", "_low", "_high", "_n_tied")


def _labels(comparison: Comparison) -> dict[str, str]:
    """Return the names of all columns in order; they are their own headings."""
    rules = comparison.rules
    names = ["label", "team", "name", "is_baseline", "cohorts"]
    for metric in rules.metrics:
        names += [f"{metric}{end}" for end in ("", "_low", "_high", "_from")]
        names += [f"rank_{metric}{end}" for end in _RANK_COLUMNS]
    for phase in rules.phases:
        names += [f"{phase}_{end}" for end in _ENERGY_COLUMNS]
        names += [f"rank_{phase}{end}" for end in _RANK_COLUMNS]
        names += [
            f"front_{cohort}_{metric}_{phase}_fraction"
            for cohort in comparison.cohorts
            for metric in rules.metrics
        ]
        for metric in (*rules.metrics, RANKING):
            name = f"weighted_{metric}_{phase}"
            names += [name, *(f"rank_{name}{end}" for end in _RANK_COLUMNS)]
    names += ["n_params", "n_macs", "n_subsystems", "training_duration_s", "device"]
    names += ["references", "n_findings"]
    return {name: name.replace("_", " ") for name in names}
