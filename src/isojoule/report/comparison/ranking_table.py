"""The systems of a comparison in the few columns that a paper has room for."""

from math import inf

from isojoule.comparison.compare import ALL_SYSTEMS, Comparison
from isojoule.comparison.ranking import RankInterval
from isojoule.comparison.systems import System
from isojoule.report.comparison.index import Index, is_baseline
from isojoule.report.comparison.methods import describe_energies
from isojoule.report.comparison.words import (
    kwh_text,
    level_text,
    range_text,
    rank_text,
    score_text,
    share_text,
    shown,
)
from isojoule.report.tables import NOT_KNOWN
from isojoule.tables import Cell, Table


def ranking_table(comparison: Comparison) -> Table:
    """Return one row per system by rank in the main score, intervals in brackets.

    Parameters
    ----------
    comparison : Comparison
        What to show. Systems without that score come last, by rank in energy.
    """
    rules, index = comparison.rules, Index.of(comparison)
    level = level_text(rules.level)
    phases = {
        f"energy_{phase}": f"{shown(phase)} energy [kWh] ({level})"
        for phase in rules.phases
    }
    return Table.from_rows(
        f"{shown(rules.edition)}: by {shown(rules.main_metric)}, "
        f"{describe_energies(rules)}",
        [_row(comparison, index, system) for system in _ordered(comparison, index)],
        labels={
            "rank": "rank",
            "label": "system",
            "team": "team",
            "score": f"{shown(rules.main_metric)} (as stated)",
            **phases,
            "by_energy": f"rank by {shown(rules.main_phase)} energy ({level})",
            "front": "on the front",
            "weighted": "energy-weighted rank",
        },
    )


def _ordered(comparison: Comparison, index: Index) -> list[System]:
    keys = (
        f"score.{comparison.rules.main_metric}",
        f"energy.{comparison.rules.main_phase}",
    )

    def place(system: System) -> tuple[float, float, str]:
        score, energy = (index.rank(key, system.label) for key in keys)
        return (
            inf if score is None else score.rank,
            inf if energy is None else energy.rank,
            system.label,
        )

    return sorted(comparison.systems, key=place)


def _row(comparison: Comparison, index: Index, system: System) -> dict[str, Cell]:
    rules, label = comparison.rules, system.label
    metric, phase = rules.main_metric, rules.main_phase
    by_energy = index.rank(f"energy.{phase}", label)
    mark = " (baseline)" if is_baseline(comparison, system) else ""
    return {
        "rank": _rank(index.rank(f"score.{metric}", label)),
        "label": f"{shown(label)}{mark}",
        "team": shown(system.team),
        "score": _score(index, system, metric),
        **{f"energy_{p}": _energy(system, p) for p in rules.phases},
        "by_energy": _with_bounds(
            _rank(by_energy),
            "" if by_energy is None else range_text(*_bounds(by_energy)),
        ),
        "front": _front(index, system, phase, metric),
        "weighted": _rank(index.rank(f"weighted.{metric}.{phase}", label)),
    }


def _rank(row: RankInterval | None) -> str:
    return NOT_KNOWN if row is None else rank_text(row)


def _bounds(row: RankInterval) -> tuple[str, str]:
    return str(row.low), str(row.high)


def _score(index: Index, system: System, metric: str) -> str:
    figure = system.submission.scores.get(metric)
    if figure is None:
        return NOT_KNOWN
    value, low, high = (
        score_text(v, index.decimals.get(metric))
        for v in (figure.value, figure.low, figure.high)
    )
    return _with_bounds(value, range_text(low, high))


def _energy(system: System, phase: str) -> str:
    energy = system.energies.get(phase)
    if energy is None:
        return NOT_KNOWN
    found = energy.estimate
    bounds = range_text(kwh_text(found.energy_low_j), kwh_text(found.energy_high_j))
    return _with_bounds(kwh_text(found.energy_j), bounds)


def _with_bounds(text: str, bounds: str) -> str:
    return f"{text} ({bounds})" if bounds else text


def _front(index: Index, system: System, phase: str, metric: str) -> str:
    point = index.front(ALL_SYSTEMS, phase, metric, system.label)
    if point is None:
        return NOT_KNOWN
    return f"{'yes' if point.is_on_front else 'no'} ({share_text(point.probability)})"
