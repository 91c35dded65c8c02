"""The page of a normalization study."""

from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Final

from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.normalization_figures import tell_undrawn
from isojoule.report.normalization_groups import (
    drawn_pairs,
    is_by_fraction,
    pairs_of,
)
from isojoule.report.normalization_tables import (
    claims_table,
    coefficients_table,
    for_people,
    pairs_table,
    skipped_table,
    summary_table,
)
from isojoule.report.page import Fact, Page, Section
from isojoule.report.plane import turning_script, turns
from isojoule.studies.normalization.results import StudyResult
from isojoule.tables import Table

_TITLES: Final = {
    "references": "Reference workloads carry energy to other hardware",
    "regressions": "Regressions carry energy to other hardware",
    "features": "FLOP and parameters beside energy on other hardware",
}
_WEIGHTS: Final = (
    "R² and MSE weigh every joule alike: they tell of the largest workloads. MdAPE and "
    "MALE weigh every workload alike. A fit can have an R² of 0.9 and miss the small "
    "ones by factors: judge by MdAPE and MALE."
)
_FORMULAS: Final = (
    "MdAPE is the median of |predicted / measured - 1|, MALE the mean of "
    "|ln(predicted / measured)|: 0.1 is off by about 10 %, 0.7 by a factor of 2; it is "
    "∞ where a prediction is not positive."
)
_SPLITS: Final = (
    "A random split holds out workloads whose network the fit may have seen at another "
    "batch size or on other data. The by-model split holds out whole networks: what to "
    "expect of a new one."
)
_MEANS: Final = "Of the splits of a pair the mean is taken, then the median over pairs."
_READ_CLAIMS: Final = (
    "A positive difference speaks for the claim. It holds where the whole interval is "
    "above zero, and does not hold where nothing of it is."
)


def describe_study(
    result: StudyResult, figures: Sequence[StudyFigure], *, now: datetime
) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    result : StudyResult
        What was found.
    figures : sequence of StudyFigure
        Those that are for a page are shown; without any the page says so.
    now : datetime
        Date of the page, aware.
    """
    return Page(
        title=_TITLES.get(result.study, result.study),
        lead="How well the energy of a workload on one machine tells that on another: "
        f"the published protocol on {result.source_name}, judged on workloads that the "
        "fits had not seen.",
        facts=_facts(result),
        sections=tuple(_sections(result, figures)),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice=_notice(result),
        script=turning_script() if any(turns(f.figure) for f in figures) else "",
    )


def _facts(result: StudyResult) -> tuple[Fact, ...]:
    pairs = pairs_of(result)
    n_pairs = len({*pairs, *((source, target) for source, target, _ in result.skipped)})
    machines = {machine for pair in pairs for machine in pair}
    splits = dict.fromkeys(score.split for score in result.scores)
    return (
        Fact("pairs", f"{len(pairs)} of {n_pairs}"),
        Fact("machines", str(len(machines))),
        Fact("splits", ", ".join(splits) or "none"),
        Fact("seeds", str(len({score.seed for score in result.scores}))),
        Fact("fits judged", f"{len(result.scores):,}"),
    )


def _notice(result: StudyResult) -> str:
    if not result.scores:
        return "No pair of machines could be judged: see below why."
    if any(score.split == "by-model" for score in result.scores):
        return ""
    return (
        "There is no by-model split here: expect larger errors on a network that the "
        "fit has not seen."
    )


def _sections(result: StudyResult, figures: Sequence[StudyFigure]) -> list[Section]:
    shown = [figure for figure in figures if figure.is_on_page]
    overview = [figure for figure in shown if figure.stem.endswith("-overview")]
    details = [figure for figure in shown if figure not in overview]
    pairs = drawn_pairs(result)
    drawn = [p for p in result.panels if (p.source, p.target) in pairs]
    sections = [
        _section(
            "Claims, on these data",
            claims_table(result.claims),
            (_READ_CLAIMS,),
        ),
        *(_figure_section(figure) for figure in overview),
        _section(
            "Medians over pairs",
            summary_table(result),
            (_WEIGHTS, _FORMULAS, _SPLITS, _MEANS),
        ),
        *(_figure_section(figure) for figure in details),
        _section(
            "Each pair",
            pairs_table(result, [s for s in result.scores if not is_by_fraction(s)]),
            _left_to_files(result, figures),
        ),
        _section("Coefficients of what is drawn", coefficients_table(drawn)),
        _section("Pairs left out", skipped_table(result)),
        _notes_section(result.notes),
    ]
    return [section for section in sections if section is not None]


def _section(title: str, table: Table, text: Sequence[str] = ()) -> Section | None:
    """Return a section, or nothing where there is nothing to tell."""
    shown = for_people(table)
    return Section(title, tuple(text), table=shown) if table.n_rows else None


def _notes_section(notes: Sequence[str]) -> Section | None:
    sentences = tuple(f"{note[0].upper()}{note[1:].rstrip('.')}." for note in notes)
    return Section("What was done to the data", sentences) if sentences else None


def _figure_section(figure: StudyFigure) -> Section:
    return Section(figure.heading, figure=figure.figure)


def _left_to_files(
    result: StudyResult, figures: Sequence[StudyFigure]
) -> tuple[str, ...]:
    """Return what of a study only its files hold."""
    told = [tell_undrawn(result)]
    if any(is_by_fraction(score) for score in result.scores):
        told.append(
            f"Each pair by number of references is in tables/{result.study}-pairs.csv."
        )
    if any(not figure.is_on_page for figure in figures):
        told.append("On linear axes, as published, the scatter plots are in figures/.")
    if not figures:
        told.append("The figures were left out.")
    return tuple(sentence for sentence in told if sentence)
