"""What a comparison does not say, written from the data that it used."""

from collections import Counter
from collections.abc import Iterable
from statistics import median

from isojoule.comparison.budget import STATED_LEVEL
from isojoule.comparison.compare import Comparison
from isojoule.comparison.scores import RANKING
from isojoule.comparison.systems import NormalizedEnergy
from isojoule.report.comparison.attention import amended_figures
from isojoule.report.comparison.methods import is_normalized
from isojoule.report.comparison.words import (
    level_text,
    named,
    number_text,
    plural,
    share_text,
    shown,
)

_FEW_DIGITS = 3
_NO_AUDIT = (
    "Figures are what teams state of themselves and nobody audited a run: a check can "
    "show that a figure is impossible, not that it is right."
)
_NOT_COUNTED = (
    "Search over settings, failed runs, preparing data and training of pretrained "
    "parts count only where a team counted them."
)
_ALWAYS = (_NO_AUDIT, _NOT_COUNTED)


def describe_limits(comparison: Comparison) -> tuple[str, ...]:
    """Return what the results do not say, as far as the data show it.

    Parameters
    ----------
    comparison : Comparison
        Results, and what they were made from.

    Returns
    -------
    tuple of str
        Sentences, those on the energies first.
    """
    phases = comparison.rules.phases
    return (
        *(told for phase in phases for told in _of_references(comparison, phase)),
        *(told for phase in phases for told in _of_other_phase(comparison, phase)),
        *(told for phase in phases for told in _of_kinds(comparison, phase)),
        *(told for phase in phases for told in _of_missing(comparison, phase)),
        *_of_rounding(comparison),
        *_of_scores(comparison),
        *_of_weighting(comparison),
        *_of_findings(comparison),
        *_of_priors(comparison),
        *_ALWAYS,
    )


def _energies(comparison: Comparison, phase: str) -> list[NormalizedEnergy]:
    return [s.energies[phase] for s in comparison.systems if phase in s.energies]


def _which(n: int, n_all: int, noun: str) -> str:
    """Return how many of all, as the subject of a sentence in the plural."""
    return f"All {n_all:,} {noun}" if n == n_all else f"{n:,} of {n_all:,} {noun}"


def _of_references(comparison: Comparison, phase: str) -> list[str]:
    """Return how few references the energies of a phase rest on."""
    rules, found = comparison.rules, _energies(comparison, phase)
    if not found:
        return []
    if not is_normalized(rules, phase):
        stated = (
            f"Energies of {shown(phase)} stand as stated: nothing brings them to "
            "common hardware, so machines are compared along with systems."
        )
        return [stated]
    told = []
    counts = Counter(len(set(energy.estimate.references)) for energy in found)
    if n_one := counts[1]:
        which = _which(n_one, len(found), f"energies of {shown(phase)}")
        spread = share_text(rules.errors.model_fraction)
        told.append(
            f"{which} rest on one reference, which fits models like it. For others an "
            f"error of {spread} is assumed, not measured."
        )
    beyond = [e.extrapolation_factor for e in found if e.extrapolation_factor > 1]
    if beyond:
        which = _which(len(beyond), len(found), f"energies of {shown(phase)}")
        told.append(
            f"{which} lie outside the references: by a factor of "
            f"{number_text(median(beyond))} in the median, {number_text(max(beyond))} "
            "at most."
        )
    return told


def _of_other_phase(comparison: Comparison, phase: str) -> list[str]:
    """Return whether runs of another phase scale the energies of this one."""
    others = {r.phase for r in comparison.rules.phases[phase].references} - {phase}
    if not others:
        return []
    told = (
        f"References of {named(sorted(others))} scale energies of {shown(phase)}: a "
        "machine that is better at one need not be as much better at the other."
    )
    return [told]


def _of_kinds(comparison: Comparison, phase: str) -> list[str]:
    """Return how the energies came about and what they cover."""
    found = _energies(comparison, phase)
    noun, told = f"energies of {shown(phase)}", []
    kinds = Counter(energy.declared.provenance for energy in found)
    if n := kinds["declared"]:
        told.append(
            f"{_which(n, len(found), noun)} are declared: no readings came with them "
            "from which they could be made again."
        )
    if n := kinds["modelled"]:
        told.append(
            f"{_which(n, len(found), noun)} are modelled from assumed watts, not "
            "measured."
        )
    scopes = Counter(energy.declared.scope for energy in found)
    if n := scopes[None]:
        told.append(
            f"{_which(n, len(found), noun)} do not say whether they cover the "
            "accelerators, the node or what is behind the plug."
        )
    if len(stated := sorted(scope for scope in scopes if scope)) > 1:
        counts = ", ".join(f"{scope}: {scopes[scope]}" for scope in stated)
        told.append(
            f"Energies of {shown(phase)} cover different parts of the machines "
            f"({counts}); they are ranked together all the same."
        )
    return told


def _of_missing(comparison: Comparison, phase: str) -> list[str]:
    missing = [s for s in comparison.systems if phase not in s.energies]
    if not missing:
        return []
    n = len(missing)
    which = plural(n, "system has", "systems have")
    who = named((s.label for s in missing), 3)
    ranked = "is not ranked by it" if n == 1 else "are not ranked by it"
    return [f"{which} no energy of {shown(phase)} and {ranked}: {who}."]


def _of_rounding(comparison: Comparison) -> list[str]:
    """Return how coarse the figures are that all systems of a team rest on."""
    runs = [run for s in comparison.systems for run in s.submission.references]
    figures = [r.energy for r in runs if r.energy.n_significant_digits is not None]
    coarse = [f for f in figures if (f.n_significant_digits or 0) < _FEW_DIGITS]
    if not coarse:
        return []
    errors = [f.step / 2 / f.value for f in coarse if f.step and f.value]
    told = (
        f"{_which(len(coarse), len(figures), 'references')} have fewer than "
        f"{_FEW_DIGITS} significant digits: rounding alone moves all that they scale "
        f"by up to {100 * max(errors):.2g} %."
    )
    return [told]


def _of_scores(comparison: Comparison) -> list[str]:
    told = []
    for name, metric in comparison.rules.metrics.items():
        figures = [s.submission.scores.get(name) for s in comparison.systems]
        known = [f for f in figures if f is not None and f.value is not None]
        lacking = sum(f.low is None or f.high is None for f in known)
        if known and lacking:
            which = _which(lacking, len(known), f"scores in {shown(name)}")
            told.append(f"{which} come without an interval: ranks in it look sharper.")
        if lacking < len(known) and metric.interval_level is None:
            told.append(
                f"Nobody states the level of the intervals of {shown(name)}; they are "
                f"taken for {level_text(STATED_LEVEL)}."
            )
    return told


def _of_weighting(comparison: Comparison) -> Iterable[str]:
    exponent = comparison.rules.exponent
    if not any(comparison.weighted.values()) or exponent == 0:
        return
    yield (
        f"Energy-weighted scores use an exponent of {exponent:g}"
        f"{', as published' if exponent == 1 else ''}. They have no floor: halving a "
        f"tiny energy counts as much as {_halving(comparison)}."
    )
    systems = next(iter(comparison.cohorts.values()), None)
    alone = [a for a in systems.agreements if a.is_energy_alone] if systems else []
    if alone:
        told = named(
            f"{'the ranking score' if a.metric == RANKING else a.metric} with {a.phase}"
            for a in alone
        )
        yield f"The energy-weighted order is an order of energy alone for {told}."


def _halving(comparison: Comparison) -> str:
    """Return what half the energy does to a weighted score, by direction of scores."""
    exponent = comparison.rules.exponent
    higher, lower = f"{2**exponent:.3g} times", f"{0.5**exponent:.3g} times"
    directions = {m.higher_is_better for m in comparison.rules.metrics.values()}
    if directions == {True}:
        return f"{higher} the score"
    if directions == {False}:
        return f"{lower} the score, of which lower is better"
    return f"{higher} the score, or {lower} one of which lower is better"


def _of_findings(comparison: Comparison) -> list[str]:
    counting = [f for f in comparison.findings if not f.waived]
    doubtful = {f.label for f in counting if f.severity == "error" and f.label}
    told = []
    if doubtful:
        n = len(doubtful)
        team = "the team has" if n == 1 else "the teams have"
        told.append(
            f"{plural(n, 'system has', 'systems have')} a figure that a check calls an "
            f"error: until {team} answered, fronts and ranks may change."
        )
    n_waived = sum(bool(f.waived) for f in comparison.findings)
    if n_waived:
        told.append(f"The organizers waived {plural(n_waived, 'finding')}; see why.")
    if n := len(amended_figures(comparison)):
        told.append(
            f"The organizers amended {plural(n, 'figure')}; the originals are shown."
        )
    return told


def _of_priors(comparison: Comparison) -> list[str]:
    errors = comparison.rules.errors
    told = (
        "Where nobody stated an error, the rules assume one: "
        f"{share_text(errors.repeat_fraction)} from run to run, "
        f"{share_text(errors.meter_fraction)} of a software meter, which cancels where "
        "a site's references scale its systems."
    )
    return [told]
