"""Comparisons, groups and pairs as cells: one row each."""

from isojoule.report.groups_words import listed, value_text
from isojoule.studies.groups.comparison import Group, GroupComparison, Pair
from isojoule.studies.groups.quantities import Quantity
from isojoule.studies.intervals import Interval
from isojoule.tables import Cell


def comparison_row(comparison: GroupComparison) -> dict[str, Cell]:
    """Return one comparison without its groups."""
    found = comparison
    return {
        "n_groups": len(found.groups),
        "n": sum(len(g.figures) for g in found.groups),
        "n_tested": found.n_tested,
        "eta_squared": found.eta_squared,
        "band": found.band or None,
        "kruskal_h": found.kruskal.statistic,
        "kruskal_freedom": found.n_tested - 1 if found.n_tested else None,
        "kruskal_p": found.kruskal.p,
        "kruskal_method": found.kruskal.method or None,
        "kruskal_p_adjusted": found.p_adjusted,
        "levene_w": found.equal_spread.statistic,
        "levene_p": found.equal_spread.p,
        "confounded_with": listed(
            c.factor.label for c in found.context.confounders if c.is_complete
        )
        or None,
        "reason": found.kruskal.reason or None,
        "notes": "; ".join(found.notes) or None,
    }


def group_labels(quantity: Quantity) -> dict[str, str]:
    """Return the columns of groups of a quantity, its unit at the end."""
    unit = quantity.unit
    return {
        "value": "group",
        "n": "runs",
        f"median{unit}": "median",
        f"median_low{unit}": "low",
        f"median_high{unit}": "high",
        f"low_quartile{unit}": "lower quartile",
        f"high_quartile{unit}": "upper quartile",
        f"mean{unit}": "mean",
        f"std{unit}": "std",
        "shapiro_w": "Shapiro W",
        "shapiro_p": "p of normality",
        "reason": "not known because",
    }


def group_row(group: Group, comparison: GroupComparison) -> dict[str, Cell]:
    """Return one group."""
    unit = comparison.quantity.unit
    return {
        "value": value_text(comparison.factor, group.value),
        "n": len(group.figures),
        **bounded(f"median{unit}", group.median, unit),
        f"low_quartile{unit}": group.low_quartile,
        f"high_quartile{unit}": group.high_quartile,
        f"mean{unit}": group.mean,
        f"std{unit}": group.std,
        "shapiro_w": group.normality.statistic,
        "shapiro_p": group.normality.p,
        "reason": group.normality.reason or group.median.reason or None,
    }


def pair_labels(quantity: Quantity) -> dict[str, str]:
    """Return the columns of pairs of groups of a quantity, its unit at the end."""
    unit = quantity.unit
    return {
        "first": "first",
        "second": "second",
        "ratio": "second over first",
        "ratio_low": "low",
        "ratio_high": "high",
        f"difference{unit}": "second less first",
        f"difference_low{unit}": "low",
        f"difference_high{unit}": "high",
        "superiority": "P(second larger)",
        "superiority_low": "low",
        "superiority_high": "high",
        "cliffs_delta": "Cliff's delta",
        "dunn_z": "Dunn z",
        "dunn_p": "p",
        "dunn_p_adjusted": "p corrected",
    }


def pair_row(pair: Pair, comparison: GroupComparison) -> dict[str, Cell]:
    """Return two groups held against each other."""
    unit = comparison.quantity.unit
    return {
        "first": value_text(comparison.factor, pair.first),
        "second": value_text(comparison.factor, pair.second),
        **bounded("ratio", pair.ratio),
        **bounded(f"difference{unit}", pair.difference, unit),
        **bounded("superiority", pair.superiority),
        "cliffs_delta": pair.cliffs_delta,
        "dunn_z": pair.z,
        "dunn_p": pair.p,
        "dunn_p_adjusted": pair.p_adjusted,
    }


def trend_rows(comparison: GroupComparison) -> list[dict[str, Cell]]:
    """Return the rank correlations of one comparison."""
    return [
        {
            "against": trend.against,
            "n": trend.n,
            "n_values": trend.n_steps,
            **bounded("rho", trend.rho),
            "reason": trend.reason or (trend.rho.reason if trend.rho else "") or None,
        }
        for trend in comparison.trends
    ]


def inverse(ratio: Interval) -> Interval:
    """Return the ratio the other way round."""
    return Interval(
        1 / ratio.value,
        None if ratio.high is None else 1 / ratio.high,
        None if ratio.low is None else 1 / ratio.low,
        ratio.reason,
    )


def bounded(name: str, interval: Interval | None, unit: str = "") -> dict[str, Cell]:
    """Return an interval as cells; the unit stays at the end of their names."""
    if interval is None:
        return {}
    stem = name.removesuffix(unit)
    return {
        name: interval.value,
        f"{stem}_low{unit}": interval.low,
        f"{stem}_high{unit}": interval.high,
    }
