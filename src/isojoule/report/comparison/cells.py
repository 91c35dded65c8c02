"""The main table of a comparison, cell by cell, each with where it comes from."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import floor, log10
from typing import Final

from isojoule.comparison.compare import Comparison
from isojoule.comparison.front import FrontPoint
from isojoule.comparison.ranking import RankInterval
from isojoule.comparison.scores import RANKING
from isojoule.comparison.systems import System
from isojoule.report.comparison.index import SEVERITIES, Index, is_baseline
from isojoule.report.comparison.words import (
    TIMES,
    count_text,
    kind_text,
    kwh_text,
    named,
    number_text,
    place_text,
    plural,
    range_text,
    rank_text,
    score_text,
    share_text,
    shown,
)
from isojoule.report.tables import NOT_KNOWN
from isojoule.submissions import Figure, ReferenceRun
from isojoule.units import j_to_kwh

_MAX_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class PageCell:
    """One cell of the table.

    Parameters
    ----------
    text : str
        Main figure.
    small : str, default ""
        Interval, or kind of figure, in small letters.
    key : float, str or None
        What it sorts by; `None` comes last.
    source : str, default ""
        Where it comes from.
    original : str, default ""
        What stood there before an amendment.
    """

    text: str
    small: str = ""
    key: float | str | None = None
    source: str = ""
    original: str = ""


_UNKNOWN = PageCell(NOT_KNOWN)


def ordered(comparison: Comparison, index: Index) -> tuple[System, ...]:
    """Return the systems by rank in the main energy; those without one come last."""
    key = f"energy.{comparison.rules.main_phase}"
    n = len(comparison.systems)
    ranks = {label: row.rank for label, row in index.ranks.get(key, {}).items()}
    return tuple(
        sorted(comparison.systems, key=lambda s: (ranks.get(s.label, n + 1), s.label))
    )


def cells(comparison: Comparison, index: Index, system: System) -> tuple[PageCell, ...]:
    """Return the cells of one system, in the order of `headings`."""
    rules, submission = comparison.rules, system.submission
    return (
        _name_cell(comparison, system),
        *(
            cell
            for metric in rules.metrics
            for cell in (
                _score_cell(submission.scores.get(metric), index.decimals.get(metric)),
                _rank_cell(index.rank(f"score.{metric}", system.label)),
            )
        ),
        *(
            cell
            for phase in rules.phases
            for cell in _phase_cells(comparison, index, system, phase)
        ),
        _reference_cell(submission.references),
        _count_cell(submission.n_params),
        _count_cell(submission.n_macs),
        _findings_cell(index, system.label),
    )


def _name_cell(comparison: Comparison, system: System) -> PageCell:
    submission = system.submission
    told = [shown(submission.team)]
    if is_baseline(comparison, system):
        told.append("baseline")
    name = shown(submission.name)
    return PageCell(
        shown(system.label),
        " · ".join(told),
        shown(system.label).casefold(),
        source=name,
    )


def _phase_cells(
    comparison: Comparison, index: Index, system: System, phase: str
) -> Iterator[PageCell]:
    label, metrics = system.label, comparison.rules.metrics
    rank = index.rank(f"energy.{phase}", label)
    yield _energy_cell(system, phase)
    yield _rank_cell(rank)
    yield (
        _UNKNOWN
        if rank is None
        else PageCell(share_text(rank.first_probability), key=rank.first_probability)
    )
    for cohort in comparison.cohorts:
        for metric in metrics:
            yield _front_cell(index.front(cohort, phase, metric, label))
    yield _stated_cell(system.submission.energies.get(phase))
    for metric in (*metrics, RANKING):
        yield _weighted_cell(index, phase, metric, label)


def _energy_cell(system: System, phase: str) -> PageCell:
    energy = system.energies.get(phase)
    if energy is None:
        reason = system.refusals.get(phase, "no energy was stated")
        return PageCell(NOT_KNOWN, source=f"No number: {shown(reason)}")
    found = energy.estimate
    return PageCell(
        kwh_text(found.energy_j),
        range_text(kwh_text(found.energy_low_j), kwh_text(found.energy_high_j)),
        j_to_kwh(found.energy_j),
        source=normalized_source(system, phase),
    )


def normalized_source(system: System, phase: str) -> str:
    """Return how the normalized energy of a system came about; it has one."""
    energy = system.energies[phase]
    found, declared = energy.estimate, energy.declared
    references = f" by {named(found.references, 3)}" if found.references else ""
    parts = [
        f"{kwh_text(declared.value)} kWh {TIMES} {number_text(energy.factor)}",
        f"method {shown(found.method)}{references}",
        kind_text(declared),
        place_text(declared.place),
    ]
    if energy.extrapolation_factor > 1 and not found.notes:
        beyond = number_text(energy.extrapolation_factor)
        parts.append(f"beyond the references by a factor of {beyond}")
    amended = [
        f"reference {shown(run.name)} amended from "
        f"{_original_text(run.energy.original)} to {kwh_text(run.energy.value)} kWh: "
        f"{shown(run.energy.reason)}"
        for run in system.submission.references
        if run.energy.original is not None
    ]
    return "; ".join([*parts, *amended, *(shown(note) for note in found.notes)])


def _original_text(figure: Figure) -> str:
    """Return an energy as it was understood, and as it was written."""
    written = f"“{shown(figure.text)}”"
    if figure.value is None:
        return written
    return f"{kwh_text(figure.value)} kWh ({written})"


def _stated_cell(figure: Figure | None) -> PageCell:
    if figure is None:
        return _UNKNOWN
    cell = _figure_cell(figure, kwh_text, j_to_kwh(1.0))
    key = None if figure.value is None else j_to_kwh(figure.value)
    before = figure.original
    original = "" if before is None else _before_text(before, kwh_text(before.value))
    kind = f"{figure.provenance}\n{figure.scope or 'no scope'}"  # a line each: narrow
    return PageCell(cell.text, kind, key, cell.source, original)


def _reference_cell(references: Sequence[ReferenceRun]) -> PageCell:
    if not references:
        return _UNKNOWN
    if len(references) == 1:
        (run,) = references
        cell = _stated_cell(run.energy)
        source = f"{shown(run.name)}, {shown(run.phase)}; {cell.source}"
        return replace(cell, source=source)
    told = [
        f"{shown(run.name)}, {shown(run.phase)}: {kwh_text(run.energy.value)} kWh "
        f"({place_text(run.energy.place)})"
        for run in references
    ]
    amended = any(run.energy.original is not None for run in references)
    return PageCell(
        str(len(references)),
        "references, amended" if amended else "references",
        len(references),
        "; ".join(told),
    )


def _figure_cell(
    figure: Figure | None,
    told: Callable[[float | None], str],
    scale: float = 1.0,
) -> PageCell:
    """Return a cell for a figure, with the digits that were written.

    Parameters
    ----------
    figure : Figure or None
        As stated.
    told : callable
        How a value is told whose digits are not known.
    scale : float, default 1
        From the unit of the figure to that of the column.
    """
    if figure is None:
        return _UNKNOWN
    source = f"{place_text(figure.place)}: “{shown(figure.text)}”"
    if figure.reason:
        source += f"; amended: {shown(figure.reason)}"
    if figure.problem:
        source += f"; {shown(figure.problem)}"
    before = figure.original
    return PageCell(
        _as_written(figure, scale) or told(figure.value),
        range_text(told(figure.low), told(figure.high)),
        figure.value,
        source,
        "" if before is None else _before_text(before, told(before.value)),
    )


def _count_cell(figure: Figure | None) -> PageCell:
    told = _figure_cell(figure, count_text)
    return told if figure is None else replace(told, text=count_text(figure.value))


def _score_cell(figure: Figure | None, n_decimals: int | None) -> PageCell:
    cell = _figure_cell(figure, number_text)
    if figure is None or figure.value is None:
        return cell
    value, low, high = (
        score_text(v, n_decimals) for v in (figure.value, figure.low, figure.high)
    )
    return replace(cell, text=value, small=range_text(low, high))


def _as_written(figure: Figure, scale: float) -> str:
    """Return a value with the decimals that were written, at most four digits."""
    if figure.value is None or not figure.step or not figure.value > 0:
        return ""
    value = figure.value * scale
    n_decimals = -floor(log10(figure.step * scale) + 1e-9)
    n_most = _MAX_DIGITS - 1 - floor(log10(value) + 1e-9)
    return "" if n_decimals < 0 else f"{value:.{max(0, min(n_decimals, n_most))}f}"


def _before_text(before: Figure, told: str) -> str:
    return shown(before.text) if before.value is None else told


def _rank_cell(row: RankInterval | None) -> PageCell:
    if row is None:
        return _UNKNOWN
    tied = f"tied with {named(row.tied_with)}" if row.tied_with else ""
    return PageCell(
        rank_text(row), range_text(str(row.low), str(row.high)), row.rank, tied
    )


def _front_cell(point: FrontPoint | None) -> PageCell:
    if point is None:
        return _UNKNOWN
    mark = "● " if point.is_on_front else ""
    return PageCell(f"{mark}{share_text(point.probability)}", key=point.probability)


def _weighted_cell(index: Index, phase: str, metric: str, label: str) -> PageCell:
    value = index.weighted_score(phase, metric, label)
    if value is None:
        return _UNKNOWN
    rank = index.rank(f"weighted.{metric}.{phase}", label)
    small = "" if rank is None else f"rank {rank_text(rank)}"
    bounds = "" if rank is None else f"rank {rank.low} to {rank.high}"
    return PageCell(number_text(value), small, value, bounds)


def _findings_cell(index: Index, label: str) -> PageCell:
    found = index.findings.get(label, ())
    if not found:
        return PageCell("0", key=0)
    counts = {s: sum(f.severity == s for f in found) for s in SEVERITIES}
    gravest = next(s for s in SEVERITIES if counts[s])
    # One error outweighs all warnings, one warning all notes.
    weight = sum(counts[s] * 1000.0**k for k, s in enumerate(reversed(SEVERITIES)))
    source = "; ".join(f"{f.check}: {shown(f.text)}" for f in found)
    told = plural(counts[gravest], gravest)
    if counts[gravest] == len(found):
        told = told.split(" ")[1]  # the number stands above it already
    return PageCell(str(len(found)), told, weight, source)
