"""The page of a groups study."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.report.figures import Figure
from isojoule.report.groups_figures import GroupsFigure
from isojoule.report.groups_sentences import (
    say_cleaning,
    say_doubts,
    say_factor,
    say_scores,
    say_trade_off,
)
from isojoule.report.groups_tables import (
    cleaning_table,
    groups_table,
    overview_table,
    pairs_table,
    recurring_table,
    shortened,
    trade_table,
)
from isojoule.report.page import Fact, Page, Section
from isojoule.studies.groups.asking import FactorResult
from isojoule.studies.groups.quantities import Quantity
from isojoule.studies.groups.study import GroupsStudy
from isojoule.tables import Table

_MOST_ROWS: Final = 150
_EFFECT: Final = (
    "Eta squared is the share of the variance of the ranks that lies between the "
    "groups, (H - k + 1) / (n - k) (Tomczak & Tomczak 2014): 0.01 small, 0.06 "
    "moderate, 0.14 large (Cohen 1988). It tells how well groups separate, not how far "
    "they are apart: where runs repeat closely, 1.02 times as much is a large effect. "
    "Equal groups that do not overlap reach 1 - 1/k^2, 0.75 for two; below zero they "
    "differ less than chance makes them. Read the ratio."
)
_RATIO: Final = (
    "A ratio is the median of all ratios of a run of the one group to a run of the "
    "other (Hodges & Lehmann 1963)."
)
_INDEPENDENT: Final = (
    "Intervals and tests take the runs as independent. Runs of one configuration that "
    "follow each other share the state of their machine, so the truth is less sure."
)
_LIMITS: Final = (
    _EFFECT,
    _RATIO,
    _INDEPENDENT,
    "Ratios over several comparisons take these as independent draws of further ones.",
    "Samples are those of all epochs, with those of validation where they are known.",
    "A difference between groups is not its cause: what is confounded is named above.",
)


def describe_groups(
    study: GroupsStudy, drawn: Sequence[GroupsFigure], *, now: datetime
) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    study : GroupsStudy
        What was found.
    drawn : sequence of GroupsFigure
        Its figures; none where they were left out.
    now : datetime
        Date of the page, aware.
    """
    n_left = len(study.cleaned.runs)
    kinds = {
        c.context.kind.provenance
        for result in study.factors
        for c in result.comparisons
    }
    return Page(
        title="Groups of trainings",
        lead=f"Whether they differ in {study.quantity.label}, by how much, and what "
        "the energy is for.",
        facts=(
            Fact("runs left", f"{n_left} of {study.n_runs}"),
            Fact("runs compared", str(study.n_compared)),
            Fact("comparisons", str(sum(len(r.comparisons) for r in study.factors))),
            Fact("quantity", study.quantity.label),
            Fact("intervals", f"{study.level:.0%}"),
        ),
        sections=(
            *(s for r in study.factors for s in _by_factor(r, study, drawn)),
            *_scores(study, drawn),
            *(s for r in study.factors for s in _details(r, study.quantity)),
            Section(
                "Cleaning",
                tuple(say_cleaning(study)),
                table=cleaning_table(study.cleaned),
            ),
            Section("What this does not say", (*say_doubts(study), *_LIMITS)),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice="Some energies here are modelled, wholly or in part, not measured."
        if "modelled" in kinds
        else "",
    )


def _by_factor(
    result: FactorResult, study: GroupsStudy, drawn: Sequence[GroupsFigure]
) -> list[Section]:
    """Return what one factor does: sentences, boxes, all comparisons."""
    title = f"By {result.factor.label}"
    figures = _figures(drawn, result.factor.name)
    sections = [
        Section(
            title,
            tuple(say_factor(result, study)),
            figures[0] if figures else None,
            _short(overview_table(result)) if result.comparisons else None,
        )
    ]
    sections += [Section(f"{title}, continued", figure=f) for f in figures[1:]]
    if result.recurring and study.quantity.unit:
        sections.append(
            Section(
                f"{title}, over all comparisons",
                table=_short(recurring_table(result)),
            )
        )
    return sections


def _short(table: Table) -> Table:
    return shortened(table, _MOST_ROWS)


def _figures(drawn: Sequence[GroupsFigure], about: str) -> list[Figure]:
    return [found.figure for found in drawn if found.about == about]


def _scores(study: GroupsStudy, drawn: Sequence[GroupsFigure]) -> list[Section]:
    """Return energy against the score, and whether the score differs."""
    if study.score is None:
        told = "No run has a score: what the energy is for cannot be told."
        return [Section("Energy and score", (told,))]
    sections = []
    for number, board in enumerate(study.trade_offs, start=1):
        figures = _figures(drawn, f"trade-off-{number}")
        of = f", {board.task}" if board.task else ""
        sections.append(
            Section(
                f"Energy and {board.score}{of}",
                tuple(say_trade_off(board)),
                figures[0] if figures else None,
                _short(trade_table(board)),
            )
        )
    if study.score_factors:
        text = tuple(say_scores(study))
        sections.append(Section(f"Does {study.score} differ", text))
    for result in study.score_factors:
        figures = _figures(drawn, f"score-{result.factor.name}")
        title = f"{study.score} by {result.factor.label}"
        quantity = result.comparisons[0].quantity
        sections.append(
            Section(
                title,
                figure=figures[0] if figures else None,
                table=_short(pairs_table(result, quantity)),
            )
        )
    return sections


def _details(result: FactorResult, quantity: Quantity) -> list[Section]:
    """Return the groups and pairs of one factor."""
    if not result.comparisons:
        return []
    by = f"by {result.factor.label}"
    return [
        Section(f"Groups {by}", table=_short(groups_table(result, quantity))),
        Section(
            f"Each two groups {by}, with Dunn's test",
            table=_short(pairs_table(result, quantity)),
        ),
    ]
