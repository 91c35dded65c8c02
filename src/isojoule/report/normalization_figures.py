"""All figures of a normalization study, in the order of reading."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

from isojoule.report.normalization_axes import StudyFigure
from isojoule.report.normalization_groups import (
    drawn_pairs,
    fit_label,
    grouped,
    is_by_fraction,
    pair_of,
    pairs_of,
    split_of,
)
from isojoule.report.normalization_scatter import (
    draw_fits,
    draw_predictions,
    spans_decades_of,
)
from isojoule.report.normalization_scores import draw_fractions, draw_overview
from isojoule.report.plane import draw_planes
from isojoule.studies.normalization.results import Panel, Scored, StudyResult

_MAX_ROWS: Final = 4
_MAX_COLUMNS: Final = 4
_Item = TypeVar("_Item", Panel, Scored)


def draw_study(result: StudyResult) -> tuple[StudyFigure, ...]:
    """Return the figures of a study, those of many pairs for `drawn_pairs` alone.

    Parameters
    ----------
    result : StudyResult
        What to draw; without scores there are no figures.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    pairs = set(drawn_pairs(result))
    panels = [p for p in result.panels if (p.source, p.target) in pairs]
    series = [s for s in result.scores if is_by_fraction(s)]
    single = [s for s in result.scores if not is_by_fraction(s)]
    of_pairs = [s for s in series if pair_of(s) in pairs]
    return (
        *_draw_overviews(result.study, single, series),
        *_draw_fits(result.study, panels),
        *_draw_planes(result.study, panels),
        *_draw_predictions(result.study, panels),
        *_draw_fractions(result.study, of_pairs),
    )


def tell_undrawn(result: StudyResult) -> str:
    """Return which pairs figures do not show; nothing where they show all."""
    drawn, pairs = drawn_pairs(result), pairs_of(result)
    if len(drawn) == len(pairs):
        return ""
    named = "; ".join(f"{source} → {target}" for source, target in drawn)
    return (
        f"Figures of single pairs show {len(drawn)} of {len(pairs)} pairs, those with "
        f"the most workloads: {named}. The tables hold all."
    )


def _draw_overviews(
    study: str, single: Sequence[Scored], series: Sequence[Scored]
) -> Iterator[StudyFigure]:
    if single:
        yield draw_overview(single, f"{study}-overview")
    if series:
        yield draw_fractions(
            {f"{split} split": s for split, s in grouped(series, split_of).items()},
            f"{study}-fractions-overview",
            title="Number of references, all pairs",
            is_spread_over_pairs=True,
        )


def _draw_fits(study: str, panels: Sequence[Panel]) -> Iterator[StudyFigure]:
    fits = [p for p in panels if not p.features and p.method != "none"]
    if study == "regressions" and fits:
        yield draw_fits(fits, f"{study}-fits")


def _draw_planes(study: str, panels: Sequence[Panel]) -> Iterator[StudyFigure]:
    flat = [p for p in panels if p.method == "linear" and len(p.features) == 1]
    for (feature,), own in grouped(flat, lambda panel: panel.features).items():
        yield draw_planes(own, f"{study}-plane-{feature}")


def _draw_predictions(study: str, panels: Sequence[Panel]) -> Iterator[StudyFigure]:
    """Yield the scatter plots; on logarithmic axes, and on linear ones as published."""
    for stem, own in _by_source(panels, f"{study}-predicted"):
        for name, chosen in _by_methods(own, stem):
            is_wide = spans_decades_of(chosen)
            if is_wide:
                yield draw_predictions(chosen, name, is_log=True)
            linear = f"{name}-linear-axes"
            yield draw_predictions(chosen, linear, is_log=False, is_on_page=not is_wide)


def _by_methods(
    panels: Sequence[Panel], stem: str
) -> Iterator[tuple[str, list[Panel]]]:
    """Yield the panels of a few methods at a time, with a file name."""
    by_fit = list(grouped(panels, lambda p: fit_label(p.method, p.features)).values())
    n_figures = -(-len(by_fit) // _MAX_COLUMNS)
    size = -(-len(by_fit) // n_figures)
    for start in range(0, len(by_fit), size):
        part = by_fit[start : start + size]
        methods = "-".join(own[0].method for own in part)
        name = stem if n_figures == 1 else f"{stem}-{methods}"
        yield name, [panel for own in part for panel in own]


def _draw_fractions(study: str, scores: Sequence[Scored]) -> Iterator[StudyFigure]:
    for split, of_split in grouped(scores, split_of).items():
        for stem, own in _by_source(of_split, f"{study}-fractions-{split}"):
            yield draw_fractions(
                grouped(own, lambda score: f"to {score.target}"),
                stem,
                title=f"Number of references, from {own[0].source}, {split} split",
                is_spread_over_pairs=False,
            )


def _by_source(items: Sequence[_Item], stem: str) -> Iterator[tuple[str, list[_Item]]]:
    """Yield the items of each source, of a few targets at a time, with a file name."""
    sources = grouped(items, lambda item: item.source)
    for number, (source, own) in enumerate(sources.items(), start=1):
        words = re.sub(r"[^a-z0-9]+", "-", source.casefold()).strip("-")
        targets = list(grouped(own, lambda item: item.target).values())
        for start in range(0, len(targets), _MAX_ROWS):
            chosen = [
                item for part in targets[start : start + _MAX_ROWS] for item in part
            ]
            more = f"-{start // _MAX_ROWS + 1}" if len(targets) > _MAX_ROWS else ""
            yield f"{stem}-{number}-{words}{more}", chosen
