"""Tables of a comparison for people: rounded, units in place, only what is told."""

import re
from collections.abc import Sequence
from typing import Final

from isojoule.comparison.caps import CapRow
from isojoule.comparison.compare import Compared, Comparison
from isojoule.comparison.marginal import Step
from isojoule.comparison.quantities import COUNTS
from isojoule.comparison.scores import RANKING, Agreement
from isojoule.comparison.use import MAX_SYSTEMS
from isojoule.report.comparison.cohort_tables import quantity_name
from isojoule.report.comparison.index import score_decimals
from isojoule.report.comparison.words import (
    count_text,
    kwh_text,
    number_text,
    p_text,
    plural,
    range_text,
    score_text,
    share_text,
    shown,
    tau_text,
)
from isojoule.report.tables import NOT_KNOWN
from isojoule.tables import Cell, Column, Table

_MAX_BREAK_EVENS: Final = 40
_FIGURE: Final = re.compile(
    r"[<>\N{MINUS SIGN}]?\d[\d.,]*(e[\N{MINUS SIGN}+]?\d+)?"
    r"( ?(%|[kMGT]|kWh|of \d+))?( \(.*\))?"
)
"""A number as `words` writes it, with its unit or bounds."""


def is_of_figures(column: Column) -> bool:
    """Return whether a column holds figures, as numbers or as text."""
    known = [v for v in column.values if v not in {None, "", NOT_KNOWN}]
    return bool(known) and all(_is_figure(value) for value in known)


def _is_figure(value: Cell) -> bool:
    if isinstance(value, str):
        return _FIGURE.fullmatch(value) is not None
    return not isinstance(value, bool)


def caps_for_page(comparison: Comparison, cohort: str) -> Table:
    """Return the best score under every cap."""
    decimals = score_decimals(comparison)
    return Table.from_rows(
        "Best score under a cap",
        [
            {
                "metric": shown(row.metric),
                "quantity": shown(quantity_name(row.quantity)),
                "cap": row.cap,
                "most": _limit(row),
                "n": f"{row.n_systems} of {row.n_systems + row.n_unknown}"
                if row.n_unknown and row.cap == "All"
                else str(row.n_systems),
                "score": score_text(row.best_score, decimals.get(metric)),
                "label": NOT_KNOWN if row.best_label is None else shown(row.best_label),
                "loss": _loss(row, decimals.get(metric)),
            }
            for metric in comparison.rules.metrics
            for row in comparison.cohorts[cohort].caps.get(metric, ())
        ],
        labels={
            "metric": "score",
            "quantity": "capped",
            "cap": "cap",
            "most": "at most",
            "n": "systems",
            "score": "best score",
            "label": "system",
            "loss": "loss against All",
        },
    )


def _limit(row: CapRow) -> str:
    if row.quantity in COUNTS:
        return count_text(row.max_value)
    return NOT_KNOWN if row.max_value is None else f"{kwh_text(row.max_value)} kWh"


def _loss(row: CapRow, n_decimals: int | None) -> str:
    loss, low, high = (
        score_text(value, n_decimals)
        for value in (row.loss, row.loss_low, row.loss_high)
    )
    bounds = range_text(low, high)
    return f"{loss} ({bounds})" if bounds and row.loss else loss


def fronts_for_page(comparison: Comparison, cohort: str) -> Table:
    """Return the systems on the fronts, by rising energy."""
    systems = {system.label: system for system in comparison.systems}
    fronts = comparison.cohorts[cohort].fronts
    decimals = score_decimals(comparison)
    return Table.from_rows(
        "The front",
        [
            {
                "phase": shown(phase),
                "metric": shown(metric),
                "label": shown(label),
                "team": shown(systems[label].team),
                "energy": kwh_text(systems[label].energy_j(phase)),
                "reached": score_text(
                    systems[label].score(metric), decimals.get(metric)
                ),
                "probability": share_text(probabilities[label]),
            }
            for (phase, metric), front in fronts.items()
            for probabilities in ({p.label: p.probability for p in front.points},)
            for label in front.members
        ],
        labels={
            "phase": "energy of",
            "metric": "score",
            "label": "system",
            "team": "team",
            "energy": "energy [kWh]",
            "reached": "reached",
            "probability": "P(front)",
        },
    )


def steps_for_page(comparison: Comparison, cohort: str) -> Table:
    """Return what a further point costs, and whether it is worth it where told."""
    decimals = score_decimals(comparison)
    steps = [s for of in comparison.cohorts[cohort].steps.values() for s in of]
    labels = {
        "phase": "energy of",
        "metric": "score",
        "from": "from",
        "to": "to",
        "energy": "added [kWh]",
        "gain": "gain",
        "cost": "kWh per point",
    }
    if any(step.gain_above_noise is not None for step in steps):
        labels["noise"] = "gain above noise"
    if comparison.rules.price_kwh_per_point is not None:
        labels["worthy"] = "worthy"
    return Table.from_rows(
        "What a further point costs",
        [
            {
                "phase": shown(step.phase),
                "metric": shown(step.metric),
                "from": shown(step.from_label),
                "to": shown(step.to_label),
                "energy": kwh_text(step.energy_j),
                "gain": score_text(step.gain, decimals.get(step.metric)),
                "cost": kwh_text(step.energy_j_per_point),
                "noise": step.gain_above_noise,
                "worthy": _worth(comparison, step),
            }
            for step in steps
        ],
        labels=labels,
    )


def _worth(comparison: Comparison, step: Step) -> str:
    rules = comparison.rules
    if (step.phase, step.metric) != (rules.main_phase, rules.main_metric):
        return NOT_KNOWN
    if step.is_worthy:
        return "yes"
    verdict = "cannot tell" if step.is_worthy is None else "no"
    return f"{verdict}: {shown(step.reason)}"


def agreements_for_page(compared: Compared) -> Table:
    """Return the agreement of scores and weighted scores, exponents side by side."""
    exponents = sorted(
        {trial.exponent for a in compared.agreements for trial in a.sensitivity} - {0.0}
    )
    return Table.from_rows(
        "Energy-weighted scores",
        [
            {
                "phase": shown(found.phase),
                "metric": "ranking score"
                if found.metric == RANKING
                else shown(found.metric),
                "n": str(found.n),
                **_taus(found),
                "energy": tau_text(found.tau_with_energy),
                "alone": found.is_energy_alone,
                "reason": found.reason,
            }
            for found in compared.agreements
        ],
        labels={"phase": "energy of", "metric": "score", "n": "systems"}
        | {f"tau {a:g}": f"tau with the score, a = {a:g}" for a in exponents}
        | {"energy": "tau with low energy", "alone": "energy alone"}
        | _reasons([found.reason for found in compared.agreements]),
    )


def _taus(found: Agreement) -> dict[str, str]:
    return {f"tau {t.exponent:g}": tau_text(t.kendall_tau) for t in found.sensitivity}


def _reasons(reasons: Sequence[str]) -> dict[str, str]:
    return {"reason": "why not known"} if any(reasons) else {}


def break_evens_for_page(compared: Compared) -> Table:
    """Return the pairs that have a break-even, from the fewest uses on."""
    known = [b for b in compared.break_evens if b.n_inferences is not None]
    known.sort(key=lambda b: (b.n_inferences or 0.0, b.a, b.b))
    return Table.from_rows(
        "Training and use together",
        [
            {
                "below": shown(found.cheaper_below or ""),
                "above": shown(found.cheaper_above or ""),
                "n": number_text(found.n_inferences),
                "clear": found.is_clear,
            }
            for found in known[:_MAX_BREAK_EVENS]
        ],
        labels={
            "below": "needs less for little use",
            "above": "needs less for much use",
            "n": "passes over the test set",
            "clear": "clear",
        },
    )


def describe_break_evens(compared: Compared) -> tuple[str, ...]:
    """Return how many pairs have a break-even, and how many of them are shown."""
    pairs = compared.break_evens
    if not pairs:
        return ()
    n_known = sum(b.n_inferences is not None for b in pairs)
    n_alike = sum(b.cheaper_below is None for b in pairs)
    n_apart = len(pairs) - n_known - n_alike
    parts = [f"{n_known} have such a number" if n_known != 1 else "1 has such a number"]
    if n_apart:
        parts.append(
            f"in {n_apart} one system never needs more however much it is used"
        )
    if n_alike:
        parts.append(f"in {n_alike} both need the same")
    n_pairs = plural(len(pairs), "pair")
    told = (
        f"Of {n_pairs} of systems on the fronts, {'; '.join(parts)}. At most "
        f"{MAX_SYSTEMS} systems are paired, those with the best scores."
    )
    if n_known <= _MAX_BREAK_EVENS:
        return (told,)
    return (told, f"The {_MAX_BREAK_EVENS} smallest are shown.")


def proxies_for_page(compared: Compared) -> Table:
    """Return how counts go with energy."""
    return Table.from_rows(
        "Do parameters or MACs stand for energy?",
        [
            {
                "phase": shown(found.phase),
                "quantity": quantity_name(found.quantity),
                "n": str(found.n),
                "spearman": tau_text(found.spearman),
                "p": p_text(found.p_value),
                "reason": found.reason,
            }
            for found in compared.proxies
        ],
        labels={
            "phase": "energy of",
            "quantity": "count",
            "n": "systems",
            "spearman": "Spearman",
            "p": "p",
        }
        | _reasons([found.reason for found in compared.proxies]),
    )
