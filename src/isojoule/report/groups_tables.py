"""What a groups study gave, row by row: one table per question."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from isojoule.report.groups_rows import (
    bounded,
    comparison_row,
    group_labels,
    group_row,
    inverse,
    pair_labels,
    pair_row,
    trend_rows,
)
from isojoule.report.groups_words import (
    comparison_label,
    context_texts,
    kind_text,
    labelled,
    value_text,
)
from isojoule.studies.cleaning import Cleaned
from isojoule.studies.groups.asking import FactorResult
from isojoule.studies.groups.comparison import GroupComparison
from isojoule.studies.groups.quantities import Quantity
from isojoule.studies.groups.study import GroupsStudy
from isojoule.studies.groups.tradeoff import TradeOff
from isojoule.tables import Cell, Column, Table

_WHERE: Final = {"quantity": "quantity", "factor": "by", "context": "within"}

_OVERVIEW: Final = {
    "context": "within",
    "n_groups": "groups",
    "n": "runs",
    "eta_squared": "eta squared",
    "band": "effect",
    "second": "highest",
    "first": "over lowest",
    "ratio": "ratio",
    "ratio_low": "low",
    "ratio_high": "high",
    "kruskal_h": "H",
    "kruskal_p_adjusted": "p corrected",
    "confounded_with": "confounded with",
}

_COMPARISONS: Final = {
    "n_groups": "groups",
    "n": "runs",
    "n_tested": "tested",
    "eta_squared": "eta squared",
    "band": "effect",
    "kruskal_h": "H",
    "kruskal_freedom": "degrees of freedom",
    "kruskal_p": "p",
    "kruskal_method": "p from",
    "kruskal_p_adjusted": "p corrected",
    "levene_w": "Levene W",
    "levene_p": "p of equal spread",
    "confounded_with": "confounded with",
    "reason": "not tested because",
    "notes": "notes",
}

_TRENDS: Final = {
    "against": "against",
    "n": "runs",
    "n_values": "values",
    "rho": "Spearman",
    "rho_low": "low",
    "rho_high": "high",
    "reason": "not known because",
}

_RECURRING: Final = {
    "first": "first",
    "second": "second",
    "n": "comparisons",
    "n_higher": "second higher in",
    "ratio": "second over first",
    "ratio_low": "low",
    "ratio_high": "high",
    "least_ratio": "least",
    "largest_ratio": "largest",
}

_CLEANING: Final = {
    "step": "left out",
    "parameters": "with",
    "n_before": "before",
    "n_removed": "removed",
    "n_after": "after",
    "notes": "to know",
}

_TRADE: Final = {
    "configuration": "configuration",
    "n": "runs",
    "energy_j": "energy",
    "energy_low_j": "low",
    "energy_high_j": "high",
    "score": "score",
    "score_low": "low",
    "score_high": "high",
    "on_front": "on front",
    "on_hardware_front": "on front of machine",
    "energy_j_per_point": "per point",
    "next_energy_j_per_point": "one more point",
    "better_than_previous": "P(better than before)",
}


def cleaning_table(cleaned: Cleaned) -> Table:
    """Return what each step of the cleaning did."""
    rows = [
        {
            "step": step.name,
            "parameters": "; ".join(
                f"{name} {'as stated' if value is None else value}"
                for name, value in step.parameters.items()
            )
            or None,
            "n_before": step.n_before,
            "n_removed": len(step.removed),
            "n_after": step.n_after,
            "notes": "; ".join(step.notes) or None,
        }
        for step in cleaned.steps
    ]
    return Table.from_rows("Cleaning, step by step", rows, labels=_CLEANING)


def removed_table(cleaned: Cleaned) -> Table:
    """Return the ids of the runs that were left out."""
    rows = [
        {"step": step.name, "run_id": run_id}
        for step in cleaned.steps
        for run_id in step.removed
    ]
    labels = {"step": "left out", "run_id": "run"}
    return Table.from_rows("Runs left out", rows, labels=labels)


def overview_table(result: FactorResult) -> Table:
    """Return the comparisons by one factor, a row each, for people."""
    labels, _ = context_texts([c.context for c in result.comparisons])
    rows = [
        {**comparison_row(c), **_widest(c), "context": label}
        for c, label in zip(result.comparisons, labels, strict=True)
    ]
    shown = _used(_OVERVIEW, rows, "confounded_with")
    return Table.from_rows(f"Groups by {result.factor.label}", rows, labels=shown)


def _widest(comparison: GroupComparison) -> dict[str, Cell]:
    """Return the pair of the widest ratio, turned so that it is above one."""
    pair = comparison.widest
    if pair is None or pair.ratio is None:
        return {}
    factor, ratio = comparison.factor, pair.ratio
    first, second = pair.first, pair.second
    cells = bounded("ratio", ratio)
    if ratio.value < 1:
        first, second = second, first
        cells = bounded("ratio", inverse(ratio))
    return {
        "first": value_text(factor, first),
        "second": value_text(factor, second),
        **cells,
    }


def groups_table(result: FactorResult, quantity: Quantity) -> Table:
    """Return the groups by one factor, for people."""
    labels = {"context": "within", **group_labels(quantity)}
    rows = [
        {"context": label, **group_row(group, c)}
        for c, label in _with_labels(result)
        for group in c.groups
    ]
    shown = _used(labels, rows, "reason")
    return Table.from_rows(f"{quantity.label} by group", rows, labels=shown)


def pairs_table(result: FactorResult, quantity: Quantity) -> Table:
    """Return each two groups by one factor, for people."""
    rows = [
        {"context": label, **pair_row(pair, c)}
        for c, label in _with_labels(result)
        for pair in c.pairs
    ]
    labels = {"context": "within", **pair_labels(quantity)}
    beside = "ratio" if quantity.unit == "" else "difference"
    shown = {n: label for n, label in labels.items() if not n.startswith(beside)}
    return Table.from_rows("Each two groups", rows, labels=shown)


def _with_labels(result: FactorResult) -> Iterable[tuple[GroupComparison, str]]:
    labels, _ = context_texts([c.context for c in result.comparisons])
    return zip(result.comparisons, labels, strict=True)


def recurring_table(result: FactorResult) -> Table:
    """Return pairs of values over several contexts."""
    rows: list[dict[str, Cell]] = [
        {
            "first": value_text(result.factor, found.first),
            "second": value_text(result.factor, found.second),
            "n": found.n,
            "n_higher": found.n_higher,
            **bounded("ratio", found.ratio),
            "least_ratio": found.low_ratio,
            "largest_ratio": found.high_ratio,
        }
        for found in result.recurring
    ]
    return Table.from_rows("Over all comparisons", rows, labels=_RECURRING)


def trade_table(board: TradeOff) -> Table:
    """Return the configurations of a task, the cheapest first."""
    title = f"Energy and {board.score}"
    rows: list[dict[str, Cell]] = [
        {
            "configuration": label,
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
        for point, label in zip(board.points, trade_labels(board), strict=True)
    ]
    return Table.from_rows(title, rows, labels={**_TRADE, "score": board.score})


def trade_labels(board: TradeOff) -> list[str]:
    """Return what tells each configuration of a task from the others, in few words."""
    told: list[tuple[str, ...]] = [() for _ in board.points]
    factors = [factor for factor, _ in board.points[0].values]
    order = sorted(
        range(len(factors)),
        key=lambda i: (factors[i].side != "work", factors[i].name != "hardware"),
    )
    for place in order:
        texts = [labelled(*point.values[place]) for point in board.points]
        longer = [(*old, new) for old, new in zip(told, texts, strict=True)]
        if len(set(longer)) > len(set(told)):
            told = longer
    return [", ".join(parts) or "all" for parts in told]


def groups_tables(study: GroupsStudy) -> dict[str, Table]:
    """Return all that was found, one table per question over all factors, for files."""
    tables = {
        "cleaning": cleaning_table(study.cleaned),
        "removed": removed_table(study.cleaned),
        **_comparison_tables(study.factors),
        "recurring": _recurring(study.factors),
    }
    if study.score_factors:
        of_score = _comparison_tables(study.score_factors)
        tables |= {f"score-{name}": table for name, table in of_score.items()}
    if study.trade_offs:
        tables["trade-off"] = _trade_offs(study.trade_offs)
    return tables


def _comparison_tables(results: Sequence[FactorResult]) -> dict[str, Table]:
    compared = [c for result in results for c in result.comparisons]
    if not compared:
        return {}
    quantity = compared[0].quantity
    return {
        "comparisons": _stacked(
            "Groups", _COMPARISONS, ((c, comparison_row(c)) for c in compared)
        ),
        "groups": _stacked(
            "Each group",
            group_labels(quantity),
            ((c, group_row(group, c)) for c in compared for group in c.groups),
        ),
        "pairs": _stacked(
            "Each two groups",
            pair_labels(quantity),
            ((c, pair_row(pair, c)) for c in compared for pair in c.pairs),
        ),
        "trends": _stacked(
            "Rank correlations",
            _TRENDS,
            ((c, row) for c in compared for row in trend_rows(c)),
        ),
    }


def _recurring(results: Iterable[FactorResult]) -> Table:
    rows = [
        {"factor": result.factor.name, **row}
        for result in results
        for row in recurring_table(result).rows()
    ]
    labels = {"factor": "by", **_RECURRING}
    return Table.from_rows("Over all comparisons", rows, labels=labels)


def _trade_offs(boards: Iterable[TradeOff]) -> Table:
    rows = [
        {"task": board.task, "kind": kind_text(board.kind), **row}
        for board in boards
        for row in trade_table(board).rows()
    ]
    labels = {"task": "data", "kind": "energies", **_TRADE}
    return Table.from_rows("Energy and score", rows, labels=labels)


def _stacked(
    title: str,
    labels: Mapping[str, str],
    rows: Iterable[tuple[GroupComparison, Mapping[str, Cell]]],
) -> Table:
    """Return rows of many comparisons, with what each is about in front."""
    cells = [
        {
            "quantity": c.quantity.field,
            "factor": c.factor.name,
            "context": comparison_label(c),
            **row,
        }
        for c, row in rows
    ]
    return Table.from_rows(title, cells, labels={**_WHERE, **labels})


def shortened(table: Table, n_rows: int) -> Table:
    """Return the first rows of a table, its title telling how many there are."""
    if table.n_rows <= n_rows:
        return table
    title = f"{table.title}: the first {n_rows} of {table.n_rows}, all are in the files"
    columns = (Column(c.name, c.values[:n_rows], c.label) for c in table.columns)
    return Table(title, tuple(columns))


def _used(
    labels: Mapping[str, str], rows: Iterable[Mapping[str, Cell]], *optional: str
) -> dict[str, str]:
    """Return the columns without the optional ones that are empty."""
    filled = {name for row in rows for name, v in row.items() if v is not None}
    return {n: label for n, label in labels.items() if n in filled or n not in optional}
