"""What a groups study gave, as plain data for JSON; its sentences are beside it."""

from dataclasses import asdict

from isojoule.report.groups_rows import bounded, comparison_row, trend_rows
from isojoule.studies.cleaning import Cleaned
from isojoule.studies.groups.asking import FactorResult
from isojoule.studies.groups.comparison import Group, GroupComparison, Pair
from isojoule.studies.groups.contexts import Kind
from isojoule.studies.groups.study import GroupsStudy
from isojoule.studies.groups.tradeoff import TradeOff
from isojoule.tables import Cell


def groups_document(study: GroupsStudy) -> dict[str, object]:
    """Return a study as plain data, with the keys that ``--json`` documents.

    Notes
    -----
    Figures of groups are in the unit that ends the name in ``quantity``; those under
    ``score_factors`` are of the score.
    """
    compared = study.comparisons
    return {
        "n_runs": study.n_runs,
        "n_clean": len(study.cleaned.runs),
        "n_without_quantity": study.n_without,
        "n_compared": study.n_compared,
        "level": study.level,
        "quantity": study.quantity.field,
        "scope": study.question.scope,
        "whole_batches": study.question.whole_batches,
        "correction": study.question.correction,
        "n_tests": {
            "kruskal_wallis": sum(c.kruskal.p is not None for c in compared),
            "dunn": sum(p.p is not None for c in compared for p in c.pairs),
        },
        "cleaning": _cleaning(study.cleaned),
        "factors": [_factor(result) for result in study.factors],
        "score": study.score,
        "score_factors": [_factor(result) for result in study.score_factors],
        "trade_offs": [_trade_off(board) for board in study.trade_offs],
        "notes": list(study.notes),
    }


def _cleaning(cleaned: Cleaned) -> dict[str, object]:
    spread = cleaned.seed_spread
    return {
        "steps": [
            {
                "name": step.name,
                "parameters": dict(step.parameters),
                "n_before": step.n_before,
                "n_after": step.n_after,
                "removed": list(step.removed),
                "notes": list(step.notes),
            }
            for step in cleaned.steps
        ],
        "seed_spread": None
        if spread is None
        else {
            "seeds": list(spread.seeds),
            "mean_fraction": spread.mean_fraction,
            "max_fraction": spread.max_fraction,
            "n_wavering": spread.n_wavering,
            "n_always": spread.n_always,
        },
    }


def _factor(result: FactorResult) -> dict[str, object]:
    return {
        "factor": result.factor.name,
        "held": [factor.name for factor in result.held],
        "n_alone": result.n_alone,
        "uncompared": [
            {
                "values": list(found.values),
                "confounded_with": [factor.name for factor in found.own],
            }
            for found in result.uncompared
        ],
        "comparisons": [_comparison(c) for c in result.comparisons],
        "recurring": [
            {
                "first": found.first,
                "second": found.second,
                "n": found.n,
                "n_higher": found.n_higher,
                **bounded("ratio", found.ratio),
                "least_ratio": found.low_ratio,
                "largest_ratio": found.high_ratio,
                "reason": found.ratio.reason or None,
            }
            for found in result.recurring
        ],
    }


def _comparison(comparison: GroupComparison) -> dict[str, object]:
    context = comparison.context
    return {
        **_kind(context.kind),
        "held": {factor.name: value for factor, value in context.held},
        **comparison_row(comparison),
        "confounded_with": [
            {
                "factor": c.factor.name,
                "is_complete": c.is_complete,
                "n_values": c.n_values,
                "pairs": [list(pair) for pair in c.pairs],
            }
            for c in context.confounders
        ],
        "notes": list(comparison.notes),
        "groups": [_group(group) for group in comparison.groups],
        "pairs": [_pair(pair) for pair in comparison.pairs],
        "trends": trend_rows(comparison),
    }


def _kind(kind: Kind) -> dict[str, Cell]:
    return asdict(kind)


def _group(group: Group) -> dict[str, object]:
    return {
        "value": group.value,
        "n": len(group.figures),
        **bounded("median", group.median),
        "low_quartile": group.low_quartile,
        "high_quartile": group.high_quartile,
        "mean": group.mean,
        "std": group.std,
        "shapiro_w": group.normality.statistic,
        "shapiro_p": group.normality.p,
        "reason": group.normality.reason or group.median.reason or None,
        "run_ids": list(group.run_ids),
    }


def _pair(pair: Pair) -> dict[str, object]:
    ratio = {"ratio": None, "ratio_low": None, "ratio_high": None}
    return {
        "first": pair.first,
        "second": pair.second,
        **ratio,
        **bounded("ratio", pair.ratio),
        **bounded("difference", pair.difference),
        **bounded("superiority", pair.superiority),
        "cliffs_delta": pair.cliffs_delta,
        "dunn_z": pair.z,
        "dunn_p": pair.p,
        "dunn_p_adjusted": pair.p_adjusted,
        "reason": pair.difference.reason or None,
    }


def _trade_off(board: TradeOff) -> dict[str, object]:
    return {
        **_kind(board.kind),
        "task": board.task,
        "score": board.score,
        "lower_is_better": board.lower_is_better,
        "point": board.point,
        "configurations": [
            {
                "hardware": point.hardware,
                "values": {factor.name: value for factor, value in point.values},
                "n": point.n,
                **bounded("energy_j", point.energy_j, "_j"),
                **bounded("score", point.score),
                "on_front": point.on_front,
                "on_hardware_front": point.on_hardware_front,
                "energy_j_per_point": point.energy_j_per_point,
                "next_energy_j_per_point": point.next_energy_j_per_point,
                "better_than_previous": None
                if point.better_than_previous is None
                else point.better_than_previous.value,
            }
            for point in board.points
        ],
    }
