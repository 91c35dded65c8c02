"""What a link study gave, row by row: one table per question."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Final

from isojoule.studies.intervals import Interval
from isojoule.studies.lengths import LengthFit
from isojoule.studies.link import BlockLink, Link, LinkStudy
from isojoule.studies.link_points import UNSTATED, Block, Setup
from isojoule.studies.phases import PhaseComparison, PhaseRatio
from isojoule.studies.predictors import Score
from isojoule.tables import Cell, Table

_ALL: Final = "all"

_SETUP: Final = {
    "hardware": "hardware",
    "scope": "scope",
    "provenance": "provenance",
    "variant": "variant",
    "phase": "phase",
}

_POINTS: Final = {
    "workload": "workload",
    "family": "family",
    "n_repeats": "repeats",
    "energy_j": "energy",
    "energy_j_per_sample": "energy per sample",
    "duration_s": "time",
    "mean_power_w": "mean power",
    "forward_flop": "forward FLOP",
    "training_flop": "training FLOP",
    "n_params": "parameters",
    "moved_bytes": "bytes moved",
    "n_samples": "samples",
    "n_steps": "steps",
    "gpu_utilization_fraction": "GPU busy",
    "gpu_memory_utilization_fraction": "GPU memory busy",
}

_LINKS: Final = {
    "family": "family",
    "quantity": "energy against",
    "n": "n",
    "scale": "scale",
    "pearson": "Pearson",
    "pearson_low": "low",
    "pearson_high": "high",
    "spearman": "Spearman",
    "spearman_low": "low",
    "spearman_high": "high",
    "pearson_log": "log-log",
    "pearson_raw": "raw",
    "reason": "not known because",
}

_SCORES: Final = {
    "predictor": "predictor",
    "needs_run": "needs a run",
    "n_workloads": "n",
    "n_families": "families",
    "male": "MALE",
    "male_low": "low",
    "male_high": "high",
    "mdape_fraction": "MdAPE",
    "r2_log": "R2 of log",
    "behind_best": "behind best",
    "behind_best_low": "low",
    "behind_best_high": "high",
    "is_tied": "tied with best",
    "beats_constant": "beats constant",
    "reason": "not known because",
}

_RATIOS: Final = {
    "family": "family",
    "n_workloads": "n",
    "energy_ratio": "energy ratio",
    "energy_ratio_low": "low",
    "energy_ratio_high": "high",
    "flop_ratio": "FLOP ratio",
    "reason": "not known because",
}

_LENGTHS_IN_SHORT: Final = (
    "workload",
    "n_lengths",
    "energy_offset_j",
    "energy_offset_low_j",
    "energy_offset_high_j",
    "energy_j_per_sample",
    "energy_j_per_epoch",
    "r2",
    "largest_residual_fraction",
    "log_slope",
    "log_slope_low",
    "log_slope_high",
    "quadratic_p",
    "verdict",
)

_LENGTHS: Final = {
    "workload": "workload",
    "n_runs": "runs",
    "n_lengths": "lengths",
    "n_samples_low": "samples from",
    "n_samples_high": "to",
    "energy_offset_j": "offset",
    "energy_offset_low_j": "low",
    "energy_offset_high_j": "high",
    "energy_j_per_sample": "slope",
    "energy_low_j_per_sample": "low",
    "energy_high_j_per_sample": "high",
    "energy_j_per_epoch": "per epoch",
    "r2": "R2",
    "largest_residual_fraction": "largest residual",
    "log_slope": "log slope",
    "log_slope_low": "low",
    "log_slope_high": "high",
    "quadratic_p": "p quadratic",
    "verdict": "energy is",
    "reason": "not known because",
}

QUANTITY_NAMES: Final = {
    "forward_flop": "forward FLOP",
    "training_flop": "training FLOP",
    "n_params": "parameters",
    "moved_bytes": "bytes moved",
    "n_samples": "samples",
    "gpu_utilization_fraction": "GPU utilization",
    "gpu_memory_utilization_fraction": "GPU memory utilization",
    "duration_s": "duration",
    "mean_power_w": "mean power",
}


def setup_title(setup: Setup) -> str:
    """Return a setup in one line for people."""
    scope = "scope not stated" if setup.scope == UNSTATED else f"scope {setup.scope}"
    variant = "" if setup.variant == UNSTATED else f", {setup.variant}"
    return f"{setup.hardware}, {scope}, {setup.provenance}{variant}"


def block_title(block: Block) -> str:
    """Return a block in one line for people."""
    return f"{block.phase} on {setup_title(block.setup)}"


def setup_labels(setup: Setup, phase: str) -> dict[str, Cell]:
    """Return what a block is about, by the keys that JSON and the files have."""
    labels = {name: None if v == UNSTATED else v for name, v in asdict(setup).items()}
    return {**labels, "phase": phase}


def workloads_table(block: Block) -> Table:
    """Return one row per workload, per unit of work."""
    rows = [
        {
            **{name: getattr(point, name) for name in _POINTS if name != "family"},
            "family": family,
        }
        for point, family in zip(block.points, block.families, strict=True)
    ]
    return Table.from_rows("Workloads, per unit of work", rows, labels=_POINTS)


def correlations_table(linked: BlockLink) -> Table:
    """Return every quantity against energy, for all families and for each."""
    title = "Energy against one quantity"
    rows = [_link_row(link) for link in linked.links]
    return Table.from_rows(title, rows, labels=_LINKS)


def predictors_table(linked: BlockLink) -> Table:
    """Return how well each predictor did on families that it had not seen."""
    title = "Predicting a family that was left out"
    rows = [_score_row(score) for score in linked.comparison.scores]
    return Table.from_rows(title, rows, labels=_SCORES)


def lengths_table(linked: BlockLink) -> Table:
    """Return how the energy of each workload grows with its samples."""
    title = "Energy against samples"
    rows = [_length_row(fit) for fit in linked.lengths]
    return Table.from_rows(title, rows, labels=_LENGTHS)


def ratios_table(comparison: PhaseComparison) -> Table:
    """Return what training takes against another phase, per sample."""
    title = f"Training over {comparison.phase}, energy per sample"
    rows = [_ratio_row(ratio) for ratio in comparison.ratios]
    return Table.from_rows(title, rows, labels=_RATIOS)


def overview_table(linked: BlockLink) -> Table:
    """Return the correlations over all families of a block, for people."""
    table = correlations_table(linked)
    rows = [
        {**row, "quantity": QUANTITY_NAMES[str(row["quantity"])]}
        for row in table.rows()
        if row["family"] == _ALL
    ]
    labels = {name: label for name, label in _LINKS.items() if name != "family"}
    return Table.from_rows(table.title, rows, labels=labels)


def fitted_lengths_table(linked: BlockLink) -> Table:
    """Return the workloads that ran at enough lengths for a fit, for people."""
    table = lengths_table(linked)
    rows = [row for row in table.rows() if row["reason"] is None]
    labels = {name: _LENGTHS[name] for name in _LENGTHS_IN_SHORT}
    return Table.from_rows(table.title, rows, labels=labels)


def link_tables(study: LinkStudy) -> dict[str, Table]:
    """Return all that was found, one table per question over all blocks, for files."""
    blocks = study.blocks
    return {
        "workloads": _stacked(
            "Workloads, per unit of work",
            _POINTS,
            ((b.block, workloads_table(b.block)) for b in blocks),
        ),
        "correlations": _stacked(
            "Energy against one quantity",
            _LINKS,
            ((b.block, correlations_table(b)) for b in blocks),
        ),
        "predictors": _stacked(
            "Predicting a family that was left out",
            _SCORES,
            ((b.block, predictors_table(b)) for b in blocks),
        ),
        "lengths": _stacked(
            "Energy against samples",
            _LENGTHS,
            ((b.block, lengths_table(b)) for b in blocks),
        ),
        "train-test": _stacked(
            "Training over another phase, energy per sample",
            _RATIOS,
            ((c, ratios_table(c)) for c in study.phases),
        ),
    }


def _stacked(
    title: str,
    labels: Mapping[str, str],
    tables: Iterable[tuple[Block | PhaseComparison, Table]],
) -> Table:
    """Return tables below each other, with what each is about in front."""
    rows = [
        {**setup_labels(about.setup, about.phase), **row}
        for about, table in tables
        for row in table.rows()
    ]
    return Table.from_rows(title, rows, labels={**_SETUP, **labels})


def _bounded(name: str, interval: Interval | None) -> dict[str, Cell]:
    """Return an interval as cells; a unit at the end of `name` stays there."""
    units = (u for u in ("_j_per_sample", "_j") if name.endswith(u))
    unit = next(units, "")
    stem = name.removesuffix(unit)
    if interval is None:
        return {}
    return {
        name: interval.value,
        f"{stem}_low{unit}": interval.low,
        f"{stem}_high{unit}": interval.high,
    }


def _reason(own: str, *intervals: Interval | None) -> str | None:
    """Return why something is not known; `None` where all is."""
    reasons = (own, *(i.reason for i in intervals if i is not None))
    return next((reason for reason in reasons if reason), None)


def _link_row(link: Link) -> dict[str, Cell]:
    found = link.correlation
    return {
        "family": link.family or _ALL,
        "quantity": link.quantity,
        "n": found.n,
        "scale": found.scale,
        **_bounded("pearson", found.pearson),
        **_bounded("spearman", found.spearman),
        "pearson_log": found.pearson_log,
        "pearson_raw": found.pearson_raw,
        "reason": _reason(found.reason, found.pearson, found.spearman),
    }


def _score_row(score: Score) -> dict[str, Cell]:
    return {
        "predictor": score.predictor,
        "needs_run": score.needs_run,
        "n_workloads": score.n_workloads,
        "n_families": score.n_families,
        **_bounded("male", score.male),
        "mdape_fraction": score.mdape_fraction,
        "r2_log": score.r2_log,
        **_bounded("behind_best", score.behind_best),
        "is_tied": score.is_tied,
        "beats_constant": score.beats_constant,
        "reason": _reason(score.reason, score.male),
    }


def _ratio_row(ratio: PhaseRatio) -> dict[str, Cell]:
    return {
        "family": ratio.family or _ALL,
        "n_workloads": ratio.n_workloads,
        **_bounded("energy_ratio", ratio.energy_ratio),
        "flop_ratio": ratio.flop_ratio,
        "reason": _reason(ratio.reason, ratio.energy_ratio),
    }


def _length_row(fit: LengthFit) -> dict[str, Cell]:
    return {
        "workload": fit.workload,
        "n_runs": fit.n_runs,
        "n_lengths": fit.n_lengths,
        "n_samples_low": fit.n_samples_low,
        "n_samples_high": fit.n_samples_high,
        **_bounded("energy_offset_j", fit.energy_offset_j),
        **_bounded("energy_j_per_sample", fit.energy_j_per_sample),
        "energy_j_per_epoch": fit.energy_j_per_epoch,
        "r2": fit.r2,
        "largest_residual_fraction": fit.largest_residual_fraction,
        **_bounded("log_slope", fit.log_slope),
        "quadratic_p": fit.quadratic_p,
        "verdict": fit.verdict,
        "reason": fit.reason or None,
    }
