"""The page of the study of the estimators."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.report.estimators_figures import STEMS
from isojoule.report.estimators_sentences import (
    ODD_ROW,
    SINGULAR,
    describe_recall,
    summarize_estimators,
)
from isojoule.report.estimators_tables import boards_table
from isojoule.report.estimators_text import (
    calculators_text,
    coverage_text,
    grouped_text,
    held_out_text,
    printed_tables,
    table10_parts,
    table10_text,
)
from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.page import Fact, Page, Section
from isojoule.studies.estimators.contenders import TARGETS
from isojoule.studies.estimators.running import EstimatorStudy

_POOLED: Final = (
    "An R² below 0 is worse than the mean of all runs. The first column holds out "
    "single runs while their repeats are learned; all others hold out every repeat too."
)
_STANDARDIZED: Final = (
    "Here the regressions standardize their inputs by what they learn from, so the "
    "first column is not exactly that of Tables 8 and 9."
)
_INTERVALS: Final = (
    "Intervals of the regressions come from errors on configurations that they did not "
    "see. There are none where an input is out of the range that was learned or the "
    "prediction is not positive."
)
_HELD: Final = (
    "Time and number of epochs of the finished run are given to every estimate, as "
    "published. Early stopping makes both unknown in practice. The reports multiply by "
    "the highest index of an epoch, which is one less than their number."
)
_FIGURE_POINTS: Final = (
    "The rows are the points of the published figure, which belongs to another, "
    "unseeded draw of the cleaning than the table: 2 % is what they can differ by. The "
    "figure has Green Algorithms with the memory that was in use, the table with the "
    "memory that was there; the print is compared with the latter."
)
_CONFOUNDED: Final = (
    "In the published data network, data set and frozen layers go together, and none "
    "of the ten inputs says which layers are trained."
)
_COVERED: Final = (
    "Energies of the published data are of GPU and memory; that of the memory is a "
    "formula, and there is no CPU."
)
_WEIGHTS: Final = (
    "RMSE weighs every joule alike: it tells of the long runs. MAPE weighs runs alike."
)
_GIVEN: Final = (
    "Duration and number of epochs are not estimated here: a total energy is no better "
    "than what is stated of them."
)
_OF_PUBLISHED: Final = (
    "The published data have three GPUs: leave one out is three numbers.",
    _CONFOUNDED,
    _COVERED,
)


def describe_estimators(
    study: EstimatorStudy, figures: Sequence[StudyFigure], *, now: datetime
) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    study : EstimatorStudy
        What was found.
    figures : sequence of StudyFigure
        Those of `draw_estimators`; without any the page says so.
    now : datetime
        Date of the page, aware.
    """
    return Page(
        title="Estimates before a training",
        lead="How well regressions, calculators and a plain table tell the power and "
        "the energy of a training before it begins: as published, and on what they had "
        "not seen.",
        facts=_facts(study),
        sections=tuple(_sections(study, {f.stem: f for f in figures})),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
    )


def _facts(study: EstimatorStudy) -> tuple[Fact, ...]:
    counted = {name: n for name, n in study.n_of.items() if n}
    names = {
        "train": "training rows",
        "test": "test rows",
        "table10": "rows of Table 10",
        "own": "other runs",
    }
    return (
        *(Fact(names[name], f"{n:,}") for name, n in counted.items()),
        Fact("configurations judged", str(study.n_configurations)),
        Fact("intervals", f"{study.level:.0%}"),
    )


def _sections(
    study: EstimatorStudy, drawn: dict[str, StudyFigure]
) -> Iterator[Section]:
    yield Section("In short", summarize_estimators(study))
    recall = describe_recall(study)
    if recall:
        yield Section("What the published test measures", (recall,))
    yield from _figure_section(drawn, "estimators-rmse")
    for target in TARGETS:
        scores = grouped_text(study, target)
        if scores.n_rows:
            title, _, told = scores.title.partition(": ")
            text = (f"{told}. {_POOLED}", *([_STANDARDIZED] if recall else []))
            yield Section(f"Held out whole: {title}", text, table=scores)
        yield from _figure_section(drawn, STEMS[target])
        coverage = coverage_text(study, target)
        if coverage.n_rows:
            title, _, told = coverage.title.partition(": ")
            text = (f"{told[0].upper()}{told[1:]}.", _INTERVALS)
            yield Section(f"Intervals: {title}", text, table=coverage)
    yield from _published_sections(study, drawn)
    yield from _calculator_sections(study)
    if not drawn:
        yield Section("Figures", ("The figures were left out.",))
    limits = (*(_OF_PUBLISHED if recall else ()), _WEIGHTS, _GIVEN)
    yield Section("What this does not say", limits)


def _published_sections(
    study: EstimatorStudy, drawn: dict[str, StudyFigure]
) -> Iterator[Section]:
    for target, table in printed_tables(study).items():
        text = (SINGULAR, ODD_ROW) if target == "power_w" and study.held_out else ()
        yield Section(table.title, text, table=table)
    held_out = held_out_text(study)
    if held_out.n_rows:
        yield Section(held_out.title, (_HELD,), table=held_out)
    if study.table10 is not None:
        also = (
            f"{study.table10.n_also_trained} of the rows are among those that the "
            "regressions learned from."
        )
        yield Section(
            "Table 10: total energy", (_FIGURE_POINTS, also), table=table10_text(study)
        )
        yield from _figure_section(drawn, "estimators-table-10")
        parts = table10_parts(study)
        yield Section(parts.title, table=parts)


def _calculator_sections(study: EstimatorStudy) -> Iterator[Section]:
    if study.calculators:
        table = calculators_text(study)
        yield Section(table.title, _of_truth(study), table=table)
    if study.boards:
        yield Section("Power of the boards", table=boards_table(study))


def _of_truth(study: EstimatorStudy) -> tuple[str, ...]:
    n_gpu_only = max(score.n_gpu_only for score in study.calculators)
    if not n_gpu_only:
        return ()
    return (f"Of {n_gpu_only} runs the energy of the GPU alone is known.",)


def _figure_section(drawn: dict[str, StudyFigure], stem: str) -> Iterator[Section]:
    if stem in drawn:
        yield Section(drawn[stem].heading, figure=drawn[stem].figure)
