"""The still figures of a comparison, for its page and for a paper."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Final, Literal

from isojoule.comparison.compare import Comparison
from isojoule.report.comparison.rank_figure import draw_ranks
from isojoule.report.comparison.runs_figures import draw_power, draw_stack
from isojoule.report.comparison.scatter import draw_scatter
from isojoule.report.comparison.words import shown
from isojoule.report.figures import Figure

Kind = Literal["scatter", "ranks", "runs"]

_MAX_SCATTERS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFigure:
    """One figure of a comparison.

    Parameters
    ----------
    kind : {"scatter", "ranks", "runs"}
        What is drawn.
    stem : str
        Name for files, without an ending; no two figures of a comparison share one.
    heading : str
        What it shows, in a few words.
    figure : Figure
        For a page.
    files : mapping of str to bytes
        The drawing by the ending of a file: ``.svg``, ``.png``, ``.pdf``.
    is_main : bool, default False
        Whether it is that of main phase and metric, which the chart replaces.
    is_on_page : bool, default True
        Whether a page shows it; the others are files alone.
    """

    kind: Kind
    stem: str
    heading: str
    figure: Figure
    files: Mapping[str, bytes]
    is_main: bool = False
    is_on_page: bool = True


def draw_comparison(comparison: Comparison) -> tuple[ComparisonFigure, ...]:
    """Return the figures of a comparison, the main one first.

    Parameters
    ----------
    comparison : Comparison
        What to draw.

    Raises
    ------
    MissingExtraError
        If matplotlib or textalloc is not installed.
    """
    return (
        *_scatters(comparison),
        *_ranks(comparison),
        *_runs(comparison),
    )


def _stem(number: int, *words: str) -> str:
    """Return a name for a file that no name of a submission can make unsafe."""
    parts = (
        re.sub(r"[^a-z0-9]+", "-", word.casefold()).strip("-")[:24] for word in words
    )
    return "-".join([*(part for part in parts if part), str(number)])


def _scatters(comparison: Comparison) -> Iterator[ComparisonFigure]:
    rules = comparison.rules
    # All pairs for everybody, the main pair for the other cohorts.
    everyone = list(comparison.cohorts)[:1]
    others = list(comparison.cohorts)[1:]
    choices = [
        *product(everyone, rules.phases, rules.metrics),
        *((cohort, rules.main_phase, rules.main_metric) for cohort in others),
    ]
    for number, (cohort, phase, metric) in enumerate(choices[:_MAX_SCATTERS], start=1):
        drawn = draw_scatter(comparison, cohort, phase, metric)
        if drawn is None:
            continue
        figure, files = drawn
        yield ComparisonFigure(
            kind="scatter",
            stem=_stem(number, "energy", phase, metric, cohort),
            heading=f"{shown(metric)} and energy of {shown(phase)}",
            figure=figure,
            files=files,
            is_main=number == 1,
            is_on_page=number == 1,
        )


def _ranks(comparison: Comparison) -> Iterator[ComparisonFigure]:
    rules = comparison.rules
    pairs = zip_longest(rules.phases, rules.metrics)
    for number, (phase, metric) in enumerate(pairs, start=1):
        keys = [f"energy.{phase}"] if phase is not None else []
        keys += [f"score.{metric}"] if metric is not None else []
        drawn = draw_ranks(comparison, keys)
        if drawn is None:
            continue
        figure, files = drawn
        names = [shown(name) for name in (phase, metric) if name is not None]
        yield ComparisonFigure(
            kind="ranks",
            stem=_stem(number, "ranks", *names),
            heading=f"By {' and '.join(names)}",
            figure=figure,
            files=files,
        )


def _runs(comparison: Comparison) -> Iterator[ComparisonFigure]:
    runs = [run for s in comparison.systems for run in s.submission.runs]
    drawings: Sequence[tuple[str, str, tuple[Figure, Mapping[str, bytes]] | None]] = (
        ("components", "Energy by component, as recorded", draw_stack(comparison)),
        ("power", "Power over time, as recorded", draw_power(runs)),
    )
    for stem, heading, drawn in drawings:
        if drawn is not None:
            figure, files = drawn
            yield ComparisonFigure(
                kind="runs", stem=stem, heading=heading, figure=figure, files=files
            )
