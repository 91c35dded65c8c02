"""The sections of a comparison's page below its chart and table."""

from collections.abc import Sequence
from dataclasses import dataclass

from isojoule.comparison.compare import Compared, Comparison
from isojoule.report.comparison.carbon import carbon_block
from isojoule.report.comparison.document import (
    describe_agreements,
    describe_front,
    describe_order,
    describe_provenance,
    describe_worth,
)
from isojoule.report.comparison.figures import ComparisonFigure
from isojoule.report.comparison.limits import describe_limits
from isojoule.report.comparison.page_tables import (
    agreements_for_page,
    break_evens_for_page,
    caps_for_page,
    describe_break_evens,
    fronts_for_page,
    proxies_for_page,
    steps_for_page,
)
from isojoule.report.comparison.tables import budget_to_print, inputs_table
from isojoule.report.comparison.words import plural, shown
from isojoule.report.page import Section
from isojoule.tables import Column, Table

_MAX_ROWS = 200
_READ_CAPS = (
    "A cap is a quantile of what the systems have; a system fits if it does not exceed "
    "it. The loss is what the best under the cap gives away against the best of all."
)
_READ_HULL = (
    "Steps go along the convex hull of the front, so that the cost of a further point "
    "only rises."
)
_READ_WEIGHTED = (
    "The exponent a is the weight of energy: 0 is the score alone, 1 as published."
)
_READ_USE = (
    "Training is paid once, test energy with each pass over the test set. Above the "
    "number of passes given here the system with the dearer training needs less. It is "
    "clear where the two differ by more than their errors both in training and in use."
)
_READ_BUDGET = (
    "Errors that all systems of a team share do not blur the order within the team; "
    "those of one system do."
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the page under a heading.

    Parameters
    ----------
    title : str
        Heading.
    sections : tuple of Section
        What stands below it; without a title where it is the only one.
    """

    title: str
    sections: tuple[Section, ...]


def parts(
    comparison: Comparison, figures: Sequence[ComparisonFigure]
) -> tuple[Part, ...]:
    """Return all below the main table, in the order of reading; empty parts left out.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    figures : sequence of ComparisonFigure
        Those that are for the page, but for the main one, are shown.
    """
    found: list[tuple[str, list[Section | None]]] = [
        ("Ranks and their intervals", _figures(figures, "ranks")),
        *((_heading(name), _cohort(comparison, name)) for name in comparison.cohorts),
        ("Empty cohorts", _empty(comparison)),
        (
            "Uncertainty: where the intervals come from",
            [_section(budget_to_print(comparison), (_READ_BUDGET,), title="")],
        ),
        ("Recorded runs", _figures(figures, "runs")),
        ("Carbon and building, not ranked", _carbon(comparison)),
        ("Limits of these data", [Section("", describe_limits(comparison))]),
        ("Inputs, rules and version", _inputs(comparison)),
    ]
    told = (
        Part(title, tuple(s for s in sections if s is not None))
        for title, sections in found
    )
    return tuple(part for part in told if part.sections)


def _heading(cohort: str) -> str:
    return f"Caps, front and cost: {shown(cohort)}"


def _figures(figures: Sequence[ComparisonFigure], kind: str) -> list[Section | None]:
    chosen = [f for f in figures if f.is_on_page and f.kind == kind]
    return [
        Section(f.heading if len(chosen) > 1 else "", figure=f.figure) for f in chosen
    ]


def _empty(comparison: Comparison) -> list[Section | None]:
    if not comparison.empty_cohorts:
        return []
    empty = ", ".join(shown(name) for name in comparison.empty_cohorts)
    return [Section("", (f"Nobody belongs to: {empty}.",))]


def _inputs(comparison: Comparison) -> list[Section | None]:
    told = describe_provenance(comparison)
    return [_section(inputs_table(comparison), told, title="") or Section("", told)]


def _cohort(comparison: Comparison, name: str) -> list[Section | None]:
    compared = comparison.cohorts[name]
    size = plural(len(compared.systems), "system")
    return [
        _section(caps_for_page(comparison, name), (f"{size}. {_READ_CAPS}",)),
        _section(fronts_for_page(comparison, name), describe_front(comparison, name)),
        _section(
            steps_for_page(comparison, name), (_READ_HULL, describe_worth(comparison))
        ),
        _section(
            agreements_for_page(compared),
            (*describe_agreements(compared), _READ_WEIGHTED),
        ),
        _section(
            break_evens_for_page(compared),
            (_READ_USE, *describe_break_evens(compared)),
        ),
        _section(proxies_for_page(compared)),
        _order(compared),
    ]


def _order(compared: Compared) -> Section | None:
    told = describe_order(compared)
    return Section("What normalization does to the order", told) if told else None


def _carbon(comparison: Comparison) -> list[Section | None]:
    block = carbon_block(comparison)
    if block is None:
        return []
    table = None if block.table is None else _first_rows(block.table)
    return [Section("", block.text, table=table)]


def _section(
    table: Table, text: Sequence[str] = (), *, title: str | None = None
) -> Section | None:
    """Return a section, under the title of its table, or nothing without rows."""
    if not table.n_rows:
        return None
    more = table.n_rows - _MAX_ROWS
    left = (f"The first {_MAX_ROWS} of {table.n_rows:,} rows.",) if more > 0 else ()
    heading = table.title if title is None else title
    return Section(heading, (*text, *left), table=_first_rows(table))


def _first_rows(table: Table) -> Table:
    return Table(
        table.title,
        tuple(Column(c.name, c.values[:_MAX_ROWS], c.label) for c in table.columns),
    )
