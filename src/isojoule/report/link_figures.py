"""The figures of a link study, one set for each setup, its phases side by side."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.errors import InsufficientDataError
from isojoule.report.figures import BLUE, GREY, INK, ORANGE, Figure, open_drawing
from isojoule.report.link_axes import (
    Styles,
    entitle,
    fit_power_law,
    frame_log,
    frame_share,
    saved,
    scatter,
    show_families,
    styles_of,
)
from isojoule.report.link_tables import QUANTITY_NAMES, setup_title
from isojoule.studies.link import BlockLink, LinkStudy
from isojoule.studies.link_points import Block, Setup
from isojoule.studies.phases import PhaseComparison

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANEL_WIDTH_IN: Final = 4.3
_PANEL_HEIGHT_IN: Final = 3.7
_READ_SCATTER: Final = (
    "Each mark is a workload, the median of its repeats. The dashed line is the "
    "least-squares line through the logarithms of all; a slope of 1 is proportional."
)


@dataclass(frozen=True, slots=True)
class LinkFigure:
    """One figure of a setup, to be shown and to be written.

    Parameters
    ----------
    setup : Setup
        What it is about.
    name : str
        What it shows.
    stem : str
        Name for files, without an ending; no two figures of a study share one.
    figure : Figure
        For a page.
    files : mapping of str to bytes
        The drawing by the ending of a file: ``.svg``, ``.png``, ``.pdf``.
    """

    setup: Setup
    name: str
    stem: str
    figure: Figure
    files: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class LinkFigures:
    """What could be drawn, and what could not.

    Parameters
    ----------
    figures : tuple of LinkFigure
        By setup.
    not_drawn : tuple of tuple of Setup, str and str
        Setup, name of the figure, and why there is none.
    """

    figures: tuple[LinkFigure, ...]
    not_drawn: tuple[tuple[Setup, str, str], ...]


def draw_link(study: LinkStudy) -> LinkFigures:
    """Return the figures of a study.

    Parameters
    ----------
    study : LinkStudy
        What to draw.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    drawn, missing = [], []
    setups = dict.fromkeys(linked.block.setup for linked in study.blocks)
    for number, setup in enumerate(setups, start=1):
        words = re.sub(r"[^a-z0-9]+", "-", setup.hardware.casefold()).strip("-")
        blocks = [b for b in study.blocks if b.block.setup == setup]
        phases = [c for c in study.phases if c.setup == setup]
        for name, draw in _FIGURES.items():
            try:
                figure, files = draw(blocks, phases)
            except InsufficientDataError as error:
                missing.append((setup, name, str(error)))
                continue
            stem = f"{name}-{number}-{words}"
            drawn.append(LinkFigure(setup, name, stem, figure, files))
    return LinkFigures(tuple(drawn), tuple(missing))


_Drawn = tuple[Figure, dict[str, bytes]]


def _unit_of_work(block: Block) -> str:
    epochs = all(point.is_epoch for point in block.points)
    return "epoch" if epochs else "unit of work"


def _styles(blocks: Sequence[BlockLink]) -> Styles:
    return styles_of({f for linked in blocks for f in linked.block.families})


def _known(block: Block, quantity: str) -> NDArray[np.bool_]:
    """Return where a quantity can stand on a logarithmic axis."""
    return np.asarray(block.columns[quantity] > 0)


def _listed_phases(blocks: Sequence[BlockLink]) -> str:
    return " and ".join(linked.block.phase for linked in blocks)


def _draw_flop(blocks: Sequence[BlockLink], _: Sequence[PhaseComparison]) -> _Drawn:
    return _draw_counts(blocks, "FLOP", lambda block: block.flop_is)


def _draw_params(blocks: Sequence[BlockLink], _: Sequence[PhaseComparison]) -> _Drawn:
    return _draw_counts(blocks, "parameters", lambda _: "n_params")


def _draw_counts(
    blocks: Sequence[BlockLink], words: str, quantity_of: Callable[[Block], str]
) -> _Drawn:
    """Return energy against a count on logarithmic axes, a panel for each phase.

    Raises
    ------
    InsufficientDataError
        If no workload has the count.
    MissingExtraError
        If matplotlib is not installed.
    """
    shown = [b for b in blocks if _known(b.block, quantity_of(b.block)).any()]
    if not shown:
        raise InsufficientDataError(f"{words} are not known for any workload")
    setup, styles = blocks[0].block.setup, _styles(blocks)
    alt = (
        f"Scatter plot of energy against {words} on {setup.hardware}, "
        f"{_listed_phases(shown)}."
    )
    captions = [_READ_SCATTER]
    drawn: set[str] = set()
    size = (_PANEL_WIDTH_IN * len(shown), _PANEL_HEIGHT_IN)
    with open_drawing(*size, "constrained") as drawing:
        entitle(drawing, setup_title(setup), n_panels=len(shown))
        panels = drawing.subplots(1, len(shown), squeeze=False)[0]
        for axes, linked in zip(panels, shown, strict=True):
            block, quantity = linked.block, quantity_of(linked.block)
            drawn |= _draw_count(axes, block, quantity, styles)
            captions += _left_out(block, _known(block, quantity))
        show_families(drawing, styles, drawn)
        captions += _not_told_apart(styles, drawn)
        return saved(drawing, alt, " ".join(captions))


def _draw_count(axes: "Axes", block: Block, quantity: str, styles: Styles) -> set[str]:
    """Draw one panel; return the families in it."""
    known = _known(block, quantity)
    x, energies_j = block.columns[quantity][known], block.columns["energy_j"][known]
    families = np.asarray(block.families)[known]
    scatter(axes, x, energies_j, families, styles)
    slope = fit_power_law(axes, x, energies_j)
    unit = _unit_of_work(block)
    label = QUANTITY_NAMES[quantity]
    frame_log(axes, "x", label if quantity == "n_params" else f"{label} per {unit}")
    frame_log(axes, "y", f"energy per {unit}", unit="J")
    fitted = "" if slope is None else f", slope {slope:.2f}"
    axes.set_title(f"{block.phase}: n = {len(x)}{fitted}")
    return set(families.tolist())


def _left_out(block: Block, known: NDArray[np.bool_]) -> list[str]:
    n_unknown = int((~known).sum())
    if not n_unknown:
        return []
    return [f"{block.phase}: {n_unknown} of {len(known)} left out, it is not known."]


def _not_told_apart(styles: Styles, drawn: set[str]) -> list[str]:
    if styles or len(drawn) < 2:
        return []
    return [f"There are {len(drawn)} families, too many to tell apart by marks."]


_SHARES: Final = {
    "gpu_utilization_fraction": "GPU utilization",
    "gpu_memory_utilization_fraction": "GPU memory utilization",
}


def _draw_utilization(
    blocks: Sequence[BlockLink], _: Sequence[PhaseComparison]
) -> _Drawn:
    """Return energy against the two utilizations, a row of panels for each phase.

    Raises
    ------
    InsufficientDataError
        If no workload has one.
    MissingExtraError
        If matplotlib is not installed.
    """

    def known(linked: BlockLink, share: str) -> NDArray[np.bool_]:
        return np.isfinite(linked.block.columns[share])

    shown = [b for b in blocks if any(known(b, share).any() for share in _SHARES)]
    if not shown:
        raise InsufficientDataError("utilizations are not known for any workload")
    setup, styles = blocks[0].block.setup, _styles(blocks)
    alt = (
        f"Scatter plots of energy against GPU and memory utilization on "
        f"{setup.hardware}, {_listed_phases(shown)}."
    )
    size = (_PANEL_WIDTH_IN * 2, _PANEL_HEIGHT_IN * 0.9 * len(shown))
    with open_drawing(*size, "constrained") as drawing:
        entitle(drawing, setup_title(setup), n_panels=2)
        rows = drawing.subplots(len(shown), 2, squeeze=False, sharey="row")
        for panels, linked in zip(rows, shown, strict=True):
            for axes, (share, words) in zip(panels, _SHARES.items(), strict=True):
                _draw_share(axes, linked, share, words, styles)
            panels[1].set_ylabel("")
        drawn = {f for linked in shown for f in linked.block.families}
        show_families(drawing, styles, drawn)
        captions = ["Each mark is a workload, the median of its repeats."]
        captions += _not_told_apart(styles, drawn)
        return saved(drawing, alt, " ".join(captions))


def _draw_share(
    axes: "Axes", linked: BlockLink, share: str, words: str, styles: Styles
) -> None:
    columns = linked.block.columns
    known = np.isfinite(columns[share])
    families = np.asarray(linked.block.families)[known]
    scatter(axes, columns[share][known], columns["energy_j"][known], families, styles)
    frame_share(axes, words)
    frame_log(axes, "y", f"energy per {_unit_of_work(linked.block)}", unit="J")
    axes.set_title(f"{linked.block.phase}: n = {int(known.sum())}")
    if not known.any():
        axes.text(
            0.5, 0.5, "not known", transform=axes.transAxes, ha="center", color=GREY
        )


def _draw_phases(
    blocks: Sequence[BlockLink], comparisons: Sequence[PhaseComparison]
) -> _Drawn:
    """Return the energy of a test against that of training.

    Raises
    ------
    InsufficientDataError
        If no workload has both.
    MissingExtraError
        If matplotlib is not installed.
    """
    shown = [c for c in comparisons if c.pairs]
    if not shown:
        raise InsufficientDataError("no workload has runs of training and of a test")
    setup = blocks[0].block.setup
    styles = styles_of({pair.family for c in shown for pair in c.pairs})
    alt = f"Scatter plot of test against training energy on {setup.hardware}."
    with open_drawing(
        _PANEL_WIDTH_IN * len(shown), _PANEL_HEIGHT_IN * 1.1, "constrained"
    ) as drawing:
        entitle(drawing, setup_title(setup), n_panels=len(shown))
        panels = drawing.subplots(1, len(shown), squeeze=False)[0]
        for axes, comparison in zip(panels, shown, strict=True):
            _draw_pairs(axes, comparison, styles)
        show_families(drawing, styles, styles)
        caption = (
            "Each mark is a workload. On the thin line both cost the same; the dashed "
            "line is the geometric mean of the ratios, where it is known."
        )
        return saved(drawing, alt, caption)


def _draw_pairs(axes: "Axes", comparison: PhaseComparison, styles: Styles) -> None:
    pairs = comparison.pairs
    per_sample = all(
        p.train.energy_j_per_sample and p.test.energy_j_per_sample for p in pairs
    )
    of = "sample" if per_sample else "unit of work"
    x, y = (
        np.array(
            [
                (point.energy_j_per_sample or 0.0) if per_sample else point.energy_j
                for point in points
            ]
        )
        for points in ([p.train for p in pairs], [p.test for p in pairs])
    )
    scatter(axes, x, y, np.array([p.family for p in pairs]), styles)
    edges = np.array([x.min(), x.max()])
    ratio = comparison.ratios[0].energy_ratio
    title = f"n = {len(pairs)}"
    if per_sample:
        axes.plot(edges, edges, color=GREY, lw=0.7, zorder=1)
    if per_sample and ratio is not None:
        axes.plot(edges, edges / ratio.value, "--", color=INK, lw=1.0, zorder=1)
        title += f", training takes {ratio.value:.3g} times as much"
    frame_log(axes, "x", f"train, energy per {of}", unit="J")
    frame_log(axes, "y", f"{comparison.phase}, energy per {of}", unit="J")
    axes.set_title(title)


def _draw_errors(blocks: Sequence[BlockLink], _: Sequence[PhaseComparison]) -> _Drawn:
    """Return the errors of the predictors as bars, a panel for each phase.

    Raises
    ------
    InsufficientDataError
        If nothing could be predicted.
    MissingExtraError
        If matplotlib is not installed.
    """
    shown = [b for b in blocks if b.comparison.has_scores]
    if not shown:
        raise InsufficientDataError("no predictor could be tried on a family left out")
    setup = blocks[0].block.setup
    alt = (
        f"Bars of the error of each predictor on {setup.hardware}, "
        f"{_listed_phases(shown)}."
    )
    n_bars = max(sum(s.male is not None for s in b.comparison.scores) for b in shown)
    size = (_PANEL_WIDTH_IN * 1.2 * len(shown), 1.3 + 0.27 * n_bars)
    with open_drawing(*size, "constrained") as drawing:
        entitle(drawing, setup_title(setup), n_panels=len(shown))
        panels = drawing.subplots(1, len(shown), squeeze=False)[0]
        for axes, linked in zip(panels, shown, strict=True):
            _draw_bars(axes, linked)
        caption = (
            "Mean absolute log error on families that the fit had not seen: 0.1 is off "
            "by about 10 %, 0.7 by a factor of 2. Lines are intervals over families, "
            "where there are enough of them; an arrow goes on. Hatched bars need a run "
            "of the workload on this machine; constant is the geometric mean of all "
            "other families."
        )
        return saved(drawing, alt, caption)


def _draw_bars(axes: "Axes", linked: BlockLink) -> None:
    scores = [s for s in linked.comparison.scores if s.male is not None]
    largest = max(s.male.value for s in scores if s.male)
    limit = 1.6 * largest
    for place, score in enumerate(reversed(scores)):
        male = score.male
        if male is None:
            continue
        axes.barh(
            place,
            male.value,
            height=0.62,
            color="white" if score.needs_run else BLUE,
            edgecolor=ORANGE if score.needs_run else BLUE,
            hatch="////" if score.needs_run else None,
        )
        if male.low is not None and male.high is not None:
            axes.plot([male.low, min(male.high, limit)], [place] * 2, color=INK, lw=1.2)
            if male.high > limit:
                axes.plot(limit, place, ">", color=INK, ms=4, clip_on=False)
    axes.set_yticks(range(len(scores)), [s.predictor for s in reversed(scores)])
    axes.set_xlim(0, limit)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("MALE on the family left out")
    n_families = scores[0].n_families
    axes.set_title(
        f"{linked.block.phase}: n = {scores[0].n_workloads}, {n_families} families"
    )


_FIGURES: Final = {
    "energy-flop": _draw_flop,
    "energy-parameters": _draw_params,
    "energy-utilization": _draw_utilization,
    "test-train": _draw_phases,
    "prediction-error": _draw_errors,
}
