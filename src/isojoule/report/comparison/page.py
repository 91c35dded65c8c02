"""The page of a comparison: one file that works offline, prints and can be used."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

from isojoule.comparison.compare import Comparison
from isojoule.errors import MissingExtraError
from isojoule.report.comparison.attention import (
    Amended,
    Noticed,
    TeamFindings,
    amended_figures,
    findings_by_team,
    waived_findings,
)
from isojoule.report.comparison.cells import PageCell, cells, ordered
from isojoule.report.comparison.figures import ComparisonFigure, draw_comparison
from isojoule.report.comparison.headings import Heading, headings
from isojoule.report.comparison.index import Index
from isojoule.report.comparison.interactive import (
    page_script,
    plotly_script,
    script_data,
    to_script_json,
)
from isojoule.report.comparison.methods import describe_energies, is_normalized
from isojoule.report.comparison.page_tables import is_of_figures
from isojoule.report.comparison.sections import parts
from isojoule.report.comparison.tables import problems_table
from isojoule.report.comparison.words import level_text, plural, shown
from isojoule.report.html import render_template
from isojoule.report.page import Fact, Page, Section

N_ROWS = 500
"""Rows that stand in the page; the script makes those of further systems."""

N_TEAMS = 60
"""Teams whose findings the page tells; the table of findings has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What needs a decision or an answer.

    Parameters
    ----------
    teams : tuple of TeamFindings
        Gravest first.
    n_more_teams : int
        Teams that are left to the files.
    waived : tuple of Noticed
        Findings that do not count, with the reason.
    amended : tuple of Amended
        Corrections with their originals.
    problems : Section or None
        What could not be read.
    """

    teams: tuple[TeamFindings, ...]
    n_more_teams: int
    waived: tuple[Noticed, ...]
    amended: tuple[Amended, ...]
    problems: Section | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The chart and the table that are one tool.

    Parameters
    ----------
    columns : tuple of Heading
        Of the table.
    rows : tuple of tuple of PageCell
        The first `N_ROWS`.
    n_systems, n_phases, n_metrics : int
        How many there are.
    phases, metrics, cohorts, teams : tuple of str
        What can be chosen.
    still : ComparisonFigure or None
        What stands in the place of the chart where nothing can move.
    is_interactive : bool
        Whether the chart is one that can be used.
    notice : str
        Why there is no figure, or none that can be used.
    empty : str
        Why there is nothing to draw of the first phase, metric and cohort.
    data : str
        JSON for the script.
    sorted_by : str
        Key of the column that the rows are ordered by.
    """

    columns: tuple[Heading, ...]
    rows: tuple[tuple[PageCell, ...], ...]
    n_systems: int
    phases: tuple[str, ...]
    metrics: tuple[str, ...]
    cohorts: tuple[str, ...]
    teams: tuple[str, ...]
    still: ComparisonFigure | None
    is_interactive: bool
    notice: str
    empty: str
    data: str
    sorted_by: str


def render_comparison(
    comparison: Comparison,
    *,
    now: datetime,
    with_figures: bool = True,
    figures: Sequence[ComparisonFigure] | None = None,
) -> str:
    """Return the page of a comparison as one HTML document.

    Parameters
    ----------
    comparison : Comparison
        What to show.
    now : datetime
        Date of the page, aware.
    with_figures : bool, default True
        Whether to draw; without figures the page is some 5 MB lighter, and needs
        neither matplotlib nor plotly.
    figures : sequence of ComparisonFigure or None
        Where they are drawn already.

    Returns
    -------
    str
        A document that loads nothing from anywhere. It says what it could not draw
        for want of a library.
    """
    drawn, notice = _drawn(comparison, figures) if with_figures else ((), _LEFT_OUT)
    library, missing = _library() if with_figures else ("", "")
    board = _board(comparison, drawn)
    board = replace(
        board, is_interactive=bool(library), notice=" ".join((notice, missing)).strip()
    )
    page = Page(
        title=shown(comparison.rules.edition),
        lead=_lead(comparison),
        facts=_facts(comparison),
        sections=(),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice=_notice(comparison),
    )
    scripts = (library, page_script()) if library else (page_script(),)
    return render_template(
        "comparison.html.j2",
        scripts=scripts,
        page=page,
        attention=_attention(comparison),
        board=board,
        parts=parts(comparison, drawn),
        is_numeric=is_of_figures,
    )


_LEFT_OUT = "Figures were left out of this page."


def _drawn(
    comparison: Comparison, figures: Sequence[ComparisonFigure] | None
) -> tuple[Sequence[ComparisonFigure], str]:
    """Return the drawings, or why there are none."""
    if figures is not None:
        return figures, ""
    try:
        return draw_comparison(comparison), ""
    except MissingExtraError as error:
        return (), f"No still figures: {error}."


def _library() -> tuple[str, str]:
    """Return plotly.js, or why there is no chart that can be used."""
    try:
        return plotly_script(), ""
    except MissingExtraError as error:
        return "", f"No interactive chart: {error}."


def _lead(comparison: Comparison) -> str:
    rules = comparison.rules
    teams = {system.team for system in comparison.systems}
    return (
        f"{plural(len(comparison.systems), 'system')} of {plural(len(teams), 'team')}, "
        f"{describe_energies(rules)}. Ranks, ties and the front are those of "
        f"{rules.n_draws:,} draws from the errors of all figures."
    )


def _facts(comparison: Comparison) -> tuple[Fact, ...]:
    rules = comparison.rules
    n_teams = len({system.team for system in comparison.systems})
    methods = dict.fromkeys(p.method for p in rules.phases.values())
    is_used = any(is_normalized(rules, phase) for phase in rules.phases)
    hardware = [Fact("reference hardware", shown(rules.hardware))] if is_used else []
    return (
        Fact("systems, teams", f"{len(comparison.systems):,}, {n_teams:,}"),
        Fact("phases", ", ".join(shown(phase) for phase in rules.phases)),
        Fact("scores", ", ".join(shown(metric) for metric in rules.metrics)),
        *hardware,
        Fact("method", ", ".join(shown(method) for method in methods)),
        Fact("intervals", level_text(rules.level)),
        Fact("draws, seed", f"{rules.n_draws:,}, {rules.seed}"),
    )


def _notice(comparison: Comparison) -> str:
    errors = {
        f.label
        for f in comparison.findings
        if f.label and _counts(f.severity, f.waived)
    }
    if not errors:
        return ""
    n = plural(len(errors), "system has", "systems have")
    return f"{n} a figure that cannot be right as it stands; see what needs attention."


def _counts(severity: str, waived: str) -> bool:
    return severity == "error" and not waived


def _attention(comparison: Comparison) -> Attention:
    teams = findings_by_team(comparison)
    problems = problems_table(comparison)
    return Attention(
        teams=teams[:N_TEAMS],
        n_more_teams=max(0, len(teams) - N_TEAMS),
        waived=waived_findings(comparison),
        amended=amended_figures(comparison),
        problems=Section("What could not be read", table=problems)
        if problems.n_rows
        else None,
    )


def _board(comparison: Comparison, figures: Sequence[ComparisonFigure]) -> Board:
    rules, index = comparison.rules, Index.of(comparison)
    columns = headings(comparison)
    rows = [(s, cells(comparison, index, s)) for s in ordered(comparison, index)]
    data = script_data(comparison, index, columns, rows)
    teams = sorted({shown(s.team) for s in comparison.systems}, key=str.casefold)
    return Board(
        columns=columns,
        rows=tuple(row for _, row in rows[:N_ROWS]),
        n_systems=len(rows),
        phases=tuple(shown(phase) for phase in rules.phases),
        metrics=tuple(shown(metric) for metric in rules.metrics),
        cohorts=tuple(shown(cohort) for cohort in comparison.cohorts),
        teams=tuple(teams),
        still=next((f for f in figures if f.is_main), None),
        is_interactive=False,
        notice="",
        empty=data["empty"].get("0.0.0", ""),
        data=to_script_json(data),
        sorted_by=f"rank.energy.{rules.main_phase}",
    )
