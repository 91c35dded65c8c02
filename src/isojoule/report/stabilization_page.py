"""The page of a stabilization study."""

from collections.abc import Collection, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.report.page import Fact, Page, Section
from isojoule.report.stabilization import (
    say_design,
    say_detectors,
    say_epochs,
    say_random,
    say_start,
    say_used,
)
from isojoule.report.stabilization_error_tables import (
    best_table,
    choices_table,
    draws_table,
    groups_table,
    rules_table,
)
from isojoule.report.stabilization_sweep_figures import StabilizationFigure
from isojoule.report.stabilization_tables import (
    agreement_table,
    left_out_table,
    scores_table,
    shares_table,
)
from isojoule.studies.stabilization.results import StabilizationStudy
from isojoule.tables import Column, Table

_SHOWN_STARTS: Final = (0, 1, 5, 8, 9, 10, 11, 12, 15, 20, 30)
_SHOWN_WINDOWS: Final = (1, 2, 3, 5, 7, 10, 15, 20)
_LATE: Final = ("by_15_fraction", "by_30_fraction")
_OF_CHANGES: Final = (
    "n_runs",
    "found_fraction",
    "first_fraction",
    "last_fraction",
    "n_known",
    "near_fraction",
    "within_epoch_fraction",
)
_OF_CONTROLS: Final = (
    "n_controls",
    "false_fraction",
    "false_edge_fraction",
    "false_near_edge_fraction",
)

_AS_PUBLISHED: Final = (
    "FLUSS as published: every 10 readings are joined with the 10 that are most like "
    "them in shape, level and size taken out, the last 3 readings left out, power cut "
    "to whole watts (or not). The lowest place of the corrected arc curve is the "
    "change, unless it lies within 30 readings of either end. It always answers."
)
_WITH_CARE: Final = (
    "FLUSS with care: stretches of half an epoch in steps of a sixteenth of one, "
    "compared as they are, so that the level of power counts. A change is a true "
    "minimum of the curve below a tenth of what it would be if nothing changed, not an "
    "edge; else none was found. Its settings were chosen on every second run of del "
    "Rey et al.'s table."
)
_AGREE: Final = (
    "The epochs agree where energy and time of two in a row stay within three scatters "
    "or 2 % of the later ones of their kind: the detector of the forecasts of a "
    "running training."
)
_CONTROL: Final = (
    "Nothing changes: from two epochs after the known change to the end of the run, "
    "searched again by itself. What is found there is an artefact or a disturbance."
)
_TWO_TRUTHS: Final = (
    "Against epochs: energy and time of all epochs. Against recording: of the whole "
    "run, with what came before the first epoch and after the last."
)
_SMALL: Final = (
    "RMSE is ruled by the longest runs, MAPE weighs all alike. Duration and number of "
    "epochs of the finished training are given to the estimators."
)
_AHEAD: Final = (
    "A rule that needs the end of the run cannot be followed while it trains; it tells "
    "what knowing the change would be worth. Runs without an answer, or that end "
    "before the window does, are not in its errors: fewer runs are other runs."
)
_DEPENDENT: Final = (
    "Runs of one model on one machine are not independent: these are shares of the "
    "runs that are here, not of trainings in general."
)
_AVERAGED: Final = (
    "The published settings are stated in readings at 1 Hz; faster readings are "
    "averaged to one a second before."
)
_LIMITS: Final = (
    _DEPENDENT,
    _AVERAGED,
    "One change is looked for. A run that changes twice has one of the two found.",
)


def describe_stabilization(
    study: StabilizationStudy,
    drawn: Sequence[StabilizationFigure],
    *,
    now: datetime,
) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    study : StabilizationStudy
        What was found.
    drawn : sequence of StabilizationFigure
        Its figures; none where they were left out.
    now : datetime
        Date of the page, aware.
    """
    asked = study.question
    scopes = sorted({f.case.scope or "unstated" for f in study.findings})
    return Page(
        title="When a training becomes stable",
        lead="Where the power and the epochs of trainings stop changing, and what that "
        "means for estimating their energy from a few epochs.",
        facts=(
            Fact("runs studied", f"{len(study.findings)} of {study.n_runs}"),
            Fact("environments", str(len(study.environments))),
            Fact("energy of", ", ".join(scopes)),
            Fact("start, window", f"{asked.start}, {asked.window}"),
            Fact("against", asked.truth),
        ),
        sections=tuple(_sections(study, drawn)),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
    )


def _sections(
    study: StabilizationStudy, drawn: Sequence[StabilizationFigure]
) -> list[Section]:
    asked = study.question
    figures = {figure.stem: figure for figure in drawn}

    def shown(stem: str) -> list[Section]:
        if stem not in figures:
            return []
        return [Section(figures[stem].heading, figure=figures[stem].figure)]

    at_window = choices_table(
        study,
        (*_SHOWN_STARTS, asked.start, asked.start + 1),
        (asked.window,),
        f"By start, window {asked.window}",
    )
    at_start = choices_table(
        study, (asked.start,), _SHOWN_WINDOWS, f"By window, start {asked.start}"
    )
    scores = scores_table(study)
    sections = [
        Section("What was found", (say_used(study), *say_detectors(study))),
        Section("What it is made of", (*say_epochs(study), *say_design(study))),
        *shown("examples"),
        Section("The detectors", (_AS_PUBLISHED, _WITH_CARE, _AGREE)),
        *shown("stable-by-epoch"),
        Section("Share of runs, by epoch", table=_without(shares_table(study), _LATE)),
        Section("Where the work changes", table=_without(scores, _OF_CONTROLS)),
        Section(
            "Where nothing changes", (_CONTROL,), table=_without(scores, _OF_CHANGES)
        ),
        Section("Agreement of the detectors", table=agreement_table(study)),
        Section(
            "What follows for the online estimators",
            (*say_start(study), *say_random(study)),
        ),
        *shown("start-rules"),
        Section("Start by rule", (_AHEAD, _SMALL), table=rules_table(study)),
        *shown("sweep-mape"),
        Section("Errors by start", table=at_window),
        Section("Errors by window", table=at_start),
        *shown("sweep-rmse"),
        *shown("sweep-map"),
        *shown("random-windows"),
        Section("Random places", table=_short_draws(study)),
        Section("By environment and model", (_TWO_TRUTHS,), table=groups_table(study)),
        Section("No start is best for all", table=best_table(study)),
        Section("Runs left out", table=left_out_table(study)),
        Section("What this does not say", _LIMITS),
    ]
    return [section for section in sections if _has_content(section)]


def _has_content(section: Section) -> bool:
    if section.table is not None:
        return section.table.n_rows > 0
    return bool(section.text or section.figure)


def _without(table: Table, names: Collection[str]) -> Table:
    """Return a table without some columns; all are in the files."""
    kept = tuple(column for column in table.columns if column.name not in names)
    return Table(table.title, kept)


def _short_draws(study: StabilizationStudy) -> Table:
    """Return means and spreads at some windows; the bounds are in the files."""
    table = draws_table(study)
    windows = {*_SHOWN_WINDOWS, study.question.window}
    rows = [n for n, row in enumerate(table.rows()) if row["window"] in windows]
    columns = tuple(
        Column(c.name, tuple(c.values[n] for n in rows), c.label)
        for c in table.columns
        if "_low_" not in c.name and "_high_" not in c.name
    )
    return Table(table.title, columns)
