"""The page of a link study."""

from datetime import datetime
from importlib.metadata import version
from typing import Any, Final

from isojoule.report.link import describe_left_out, summarize_block
from isojoule.report.link_figures import LinkFigures
from isojoule.report.link_tables import (
    fitted_lengths_table,
    overview_table,
    predictors_table,
    ratios_table,
    setup_title,
)
from isojoule.report.page import Fact, Page, Section
from isojoule.studies.link import LinkStudy
from isojoule.studies.link_points import Setup

_FAMILIES: Final = (
    "Intervals of correlations take the workloads as independent. Networks of one "
    "family are not, so the true intervals are wider."
)
_FOLDS: Final = (
    "Intervals of MALE count families. With four families a 95 % interval covered "
    "82 to 93 % in simulation, because the folds share their training data."
)
_LIMITS: Final = (
    "Each block is one machine, scope, provenance, variant and phase.",
    "Nothing is pooled across blocks unless --allow-mixed asked for it.",
    "Repeats of a workload are reduced to their median before anything else.",
    _FAMILIES,
    _FOLDS,
    "Of many figures at 95 %, one in twenty misses by chance alone.",
    "Bytes moved is a formula: float32, Adam, no caches, no fused layers.",
    "An association is not a cause: counts and families go together in any list.",
)


def describe_link(study: LinkStudy, drawn: LinkFigures, *, now: datetime) -> Page:
    """Return the page that shows a study.

    Parameters
    ----------
    study : LinkStudy
        What was found.
    drawn : LinkFigures
        Its figures; those that are missing are told of.
    now : datetime
        Date of the page, aware.
    """
    n_used = sum(len(linked.block.runs) for linked in study.blocks)
    workloads = {p.workload for linked in study.blocks for p in linked.block.points}
    setups = list(dict.fromkeys(linked.block.setup for linked in study.blocks))
    kinds = {setup.provenance for setup in setups}
    modelled = any("modelled" in kind for kind in kinds)
    return Page(
        title="Computation and energy",
        lead="How the energy of training and testing goes with operations, parameters, "
        f"memory, utilization and time. {_about(setups)}",
        facts=(
            Fact("runs used", f"{n_used} of {study.n_runs}"),
            Fact("workloads", str(len(workloads))),
            Fact("machines", str(len({setup.hardware for setup in setups}))),
            Fact("provenance", ", ".join(sorted(kinds))),
            Fact("intervals", f"{study.level:.0%}"),
        ),
        sections=(
            *(
                section
                for setup in setups
                for section in _sections_of(
                    setup, study, drawn, is_only=len(setups) == 1
                )
            ),
            Section("What this does not say", (describe_left_out(study), *_LIMITS)),
        ),
        generated_by=f"isojoule {version('isojoule')}",
        created_at=now,
        notice="Some energies here are modelled, not measured." if modelled else "",
    )


def _about(setups: list[Setup]) -> str:
    if len(setups) > 1:
        return f"{len(setups)} kinds of energies, each by itself."
    return f"{setup_title(setups[0])}."


def _sections_of(
    setup: Setup, study: LinkStudy, drawn: LinkFigures, *, is_only: bool
) -> list[Section]:
    """Return the sections about one setup; titles name it where there are several."""
    figures = {f.name: f.figure for f in drawn.figures if f.setup == setup}
    missing = {name: reason for s, name, reason in drawn.not_drawn if s == setup}
    blocks = [b for b in study.blocks if b.block.setup == setup]
    comparisons = [c for c in study.phases if c.setup == setup]
    named = "" if is_only else f": {setup_title(setup)}"

    def of(name: str) -> dict[str, Any]:
        text = (f"Not drawn: {missing[name]}.",) if name in missing else ()
        return {"text": text, "figure": figures.get(name)}

    sections = [
        Section(f"Energy and FLOP{named}", **of("energy-flop")),
        Section(f"Energy and parameters{named}", **of("energy-parameters")),
        Section(f"Energy and utilization{named}", **of("energy-utilization")),
        Section(f"Errors of prediction{named}", **of("prediction-error")),
    ]
    if comparisons:
        sections.append(Section(f"Training and testing{named}", **of("test-train")))
    else:
        reason = (
            "Cannot tell: there are no runs of training and of a test of this kind."
        )
        sections.append(Section(f"Training and testing{named}", (reason,)))
    sections += [
        Section(f"Training over {c.phase}{named}", table=ratios_table(c))
        for c in comparisons
    ]
    for linked in blocks:
        what = f"{linked.block.phase}{named}"
        sections += [
            Section(f"Correlations, {what}", table=overview_table(linked)),
            Section(
                f"Prediction, {what}",
                tuple(summarize_block(linked)),
                table=predictors_table(linked)
                if linked.comparison.has_scores
                else None,
            ),
        ]
        lengths = fitted_lengths_table(linked)
        if lengths.n_rows:
            sections.append(Section(f"Length, {what}", table=lengths))
    return [s for s in sections if s.figure or s.table or s.text]
