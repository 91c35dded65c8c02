"""What a normalization study gave, row by row: one table per question."""

from collections.abc import Hashable, Mapping, Sequence
from statistics import fmean, median
from typing import Final

from isojoule.report.normalization_groups import (
    drawn_pairs,
    grouped,
    known_values,
    pair_of,
)
from isojoule.studies.normalization.results import Claim, Panel, Scored, StudyResult
from isojoule.studies.normalization.summaries import offered_fraction, summarize
from isojoule.tables import Cell, Column, Table

_NO_FEATURES: Final = "none"
_PAIR: Final = {"source": "source", "target": "target"}
_FIT: Final = {
    "split": "split",
    "method": "method",
    "features": "features",
    "sampling": "sampling",
    "reference_fraction": "share",
}
_METRICS: Final = {
    "r2": "R2",
    "mse_kwh2": "MSE [kWh²]",
    "mdape_fraction": "MdAPE",
    "male": "MALE",
    "nonpositive_fraction": "not positive",
}
_FIELDS: Final = {name: name for name in _METRICS} | {"mdape_fraction": "mdape"}
_CLAIMS: Final = {
    "id": "claim",
    "text": "in words",
    "verdict": "here it",
    "split": "split",
    "metric": "compared",
    "difference": "difference",
    "low": "low",
    "high": "high",
    "level": "level",
    "n_pairs": "pairs",
}


def summary_table(result: StudyResult) -> Table:
    """Return every method in every kind of split: medians over pairs."""
    rows = [
        {
            "split": found.split,
            "method": found.method,
            "features": _listed(found.features),
            "sampling": found.sampling,
            "reference_fraction": found.fraction,
            "n_references": found.n_references,
            "n_pairs": found.n_pairs,
            **{column: found.medians[field] for column, field in _FIELDS.items()},
        }
        for found in summarize(result)
    ]
    labels = {
        **_FIT,
        "n_references": "references",
        "n_pairs": "pairs",
        **_METRICS,
    }
    return Table.from_rows("Medians over pairs", rows, labels=labels)


def pairs_table(result: StudyResult, scores: Sequence[Scored]) -> Table:
    """Return how methods did on every pair: mean and range over splits.

    Parameters
    ----------
    result : StudyResult
        Tells which pairs are drawn.
    scores : sequence of Scored
        Some or all of its scores.
    """
    drawn = set(drawn_pairs(result))
    rows = [
        {
            **_pair_cells(own[0]),
            **_fit_cells(own[0]),
            "n_splits": len(own),
            "n_references": median(score.n_references for score in own),
            "n_tested": median(score.n_tested for score in own),
            **_spread_cells(own),
            "is_drawn": pair in drawn,
        }
        for pair, of_pair in grouped(scores, pair_of).items()
        for own in grouped(of_pair, _kind_of).values()
    ]
    labels = {
        **_PAIR,
        **_FIT,
        "n_splits": "splits",
        "n_references": "references",
        "n_tested": "tested",
        **{
            name: heading
            for column, label in _METRICS.items()
            for name, heading in _with_range(column, label).items()
        },
        "is_drawn": "drawn",
    }
    return Table.from_rows("Each pair: means over splits", rows, labels=labels)


def claims_table(claims: Sequence[Claim]) -> Table:
    """Return what the paper says, and what the data at hand say to it."""
    rows = [{name: getattr(claim, name) for name in _CLAIMS} for claim in claims]
    return Table.from_rows("Claims, tested", rows, labels=_CLAIMS)


def skipped_table(result: StudyResult) -> Table:
    """Return the pairs that could not be judged, or not in every way, and why."""
    labels = {**_PAIR, "reason": "left out because"}
    rows = [dict(zip(labels, cells, strict=True)) for cells in result.skipped]
    return Table.from_rows("Pairs left out", rows, labels=labels)


def coefficients_table(panels: Sequence[Panel]) -> Table:
    """Return what the fits that are drawn learned, one coefficient per row."""
    labels = {**_PAIR, "method": "method", "features": "features"}
    labels |= {"coefficient": "coefficient", "value": "value"}
    rows = [
        {**_panel_cells(panel), "coefficient": name, "value": value}
        for panel in panels
        for name, value in panel.coefficients.items()
    ]
    title = "Coefficients of the first random split"
    return Table.from_rows(title, rows, labels=labels)


def points_table(panels: Sequence[Panel]) -> Table:
    """Return every mark of the scatter plots."""
    rows: list[dict[str, Cell]] = [
        {
            **_panel_cells(panel),
            "workload": workload,
            "source_energy_j": panel.source_energy_j[i],
            "target_energy_j": panel.true_energy_j[i],
            "predicted_energy_j": panel.predicted_energy_j[i],
            "is_reference": panel.is_reference[i],
            **{name: values[i] for name, values in panel.feature_values.items()},
        }
        for panel in panels
        for i, workload in enumerate(panel.workloads)
    ]
    features = dict.fromkeys(name for panel in panels for name in panel.feature_values)
    labels = {
        **_PAIR,
        "method": "method",
        "features": "features",
        "workload": "workload",
        "source_energy_j": "on source",
        "target_energy_j": "on target",
        "predicted_energy_j": "predicted",
        "is_reference": "reference",
        **{name: name for name in features},
    }
    return Table.from_rows("Marks of the scatter plots", rows, labels=labels)


def scores_table(result: StudyResult) -> Table:
    """Return every fit of every split."""
    labels = {**_PAIR, **_FIT, "seed": "seed", "n_references": "references"}
    labels |= {"n_tested": "tested", **_METRICS}
    rows: list[dict[str, Cell]] = [
        {
            **_pair_cells(score),
            **_fit_cells(score),
            "seed": score.seed,
            "n_references": score.n_references,
            "n_tested": score.n_tested,
            **{column: getattr(score, field) for column, field in _FIELDS.items()},
        }
        for score in result.scores
    ]
    return Table.from_rows("Every fit", rows, labels=labels)


def for_people(table: Table) -> Table:
    """Return one of these tables with fewer columns, for a page or a paper.

    What was fitted to what is put into one column; ranges and short names of claims
    are left to the files for machines.
    """
    columns = []
    for column in table.columns:
        if column.name == "method":
            fits = tuple(_fit_text(row) for row in table.rows())
            columns.append(Column("fit", fits, "fit"))
        elif column.name not in _MERGED and not _is_range(column.name):
            columns.append(column)
    return Table(table.title, tuple(columns))


_MERGED: Final = {"method", "features", "sampling", "reference_fraction", "id"}


def _is_range(column: str) -> bool:
    """Return whether a column is the lowest or highest of one of the metrics."""
    return any(
        column in [*_with_range(metric, "")][1:]  # the first is the metric itself
        for metric in _METRICS
    )


def _fit_text(row: Mapping[str, Cell]) -> str:
    features = "" if row["features"] == _NO_FEATURES else f" + {row['features']}"
    sampling = row.get("sampling", "all")
    if sampling == "all":
        return f"{row['method']}{features}"
    fraction = row["reference_fraction"]
    share = f", {100 * fraction:.3g} %" if isinstance(fraction, float) else ""
    return f"{row['method']}{features} by {sampling}{share}"


def file_tables(result: StudyResult) -> dict[str, Table]:
    """Return the tables of a study by name."""
    return {
        "summary": summary_table(result),
        "pairs": pairs_table(result, result.scores),
        "claims": claims_table(result.claims),
        "coefficients": coefficients_table(result.panels),
        "skipped": skipped_table(result),
    }


def data_tables(result: StudyResult) -> dict[str, Table]:
    """Return the tables that are for machines alone, by name: long, and in full."""
    return {"scores": scores_table(result), "points": points_table(result.panels)}


def _kind_of(score: Scored) -> tuple[Hashable, ...]:
    """Return what the splits of one pair have in common."""
    fraction = offered_fraction(score)
    return score.split, score.method, score.features, score.sampling, fraction


def _pair_cells(score: Scored) -> dict[str, Cell]:
    return {"source": score.source, "target": score.target}


def _fit_cells(score: Scored) -> dict[str, Cell]:
    return {
        "split": score.split,
        "method": score.method,
        "features": _listed(score.features),
        "sampling": score.sampling,
        "reference_fraction": offered_fraction(score),
    }


def _panel_cells(panel: Panel) -> dict[str, Cell]:
    return {
        "source": panel.source,
        "target": panel.target,
        "method": panel.method,
        "features": _listed(panel.features),
    }


def _listed(features: Sequence[str]) -> str:
    return " + ".join(features) or _NO_FEATURES


def _with_range(column: str, label: str) -> dict[str, str]:
    """Return a column with its lowest and highest; a unit at its end stays there."""
    units = (u for u in ("_kwh2", "_fraction") if column.endswith(u))
    unit = next(units, "")
    stem = column.removesuffix(unit)
    return {column: label, f"{stem}_low{unit}": "low", f"{stem}_high{unit}": "high"}


def _spread_cells(scores: Sequence[Scored]) -> dict[str, Cell]:
    """Return mean, lowest and highest of each metric, as far as it is defined."""
    cells: dict[str, Cell] = {}
    for column, field in _FIELDS.items():
        known = known_values(scores, field)
        if known:
            spread = (fmean(known), min(known), max(known))
            cells.update(zip(_with_range(column, ""), spread, strict=True))
    return cells
