"""The results of all cohorts of a comparison as tables, energies in kWh."""

from typing import Any, Final

from isojoule.comparison.compare import Comparison
from isojoule.comparison.quantities import COUNTS
from isojoule.comparison.scores import Agreement
from isojoule.report.comparison.words import shown
from isojoule.tables import Cell, Table
from isojoule.units import j_to_kwh

_Row = dict[str, Any]
_QUANTITIES: Final = {"params": "parameters", "macs": "MACs"}


def _kwh(energy_j: float | None) -> float | None:
    return None if energy_j is None else j_to_kwh(energy_j)


def quantity_name(quantity: str) -> str:
    """Return what a cap or a correlation is about, in words."""
    return _QUANTITIES.get(quantity, f"{quantity} energy")


def caps_table(comparison: Comparison) -> Table:
    """Return the best score under every cap."""
    rows = [
        {
            "cohort": shown(name),
            "metric": shown(row.metric),
            "quantity": shown(quantity_name(row.quantity)),
            "cap": row.cap,
            "max_kwh": None if row.quantity in COUNTS else _kwh(row.max_value),
            "max_count": row.max_value if row.quantity in COUNTS else None,
            "n_systems": row.n_systems,
            "n_unknown": row.n_unknown,
            "best_score": row.best_score,
            "best_label": None if row.best_label is None else shown(row.best_label),
            "loss": row.loss,
            "loss_low": row.loss_low,
            "loss_high": row.loss_high,
        }
        for name, compared in comparison.cohorts.items()
        for metric in comparison.rules.metrics
        for row in compared.caps.get(metric, ())
    ]
    return _of_cohorts(
        "Best score under a cap",
        rows,
        metric="score",
        quantity="capped",
        cap="cap",
        max_kwh="at most [kWh]",
        max_count="at most",
        n_systems="systems",
        n_unknown="not known",
        best_score="best",
        best_label="system",
        loss="loss against All",
        loss_low="from",
        loss_high="to",
    )


def fronts_table(comparison: Comparison) -> Table:
    """Return the systems that are on a front, by rising energy."""
    systems = {system.label: system for system in comparison.systems}
    rows = [
        {
            "cohort": shown(name),
            "phase": shown(phase),
            "metric": shown(metric),
            "label": shown(label),
            "team": shown(systems[label].team),
            "energy_kwh": _kwh(systems[label].energy_j(phase)),
            "score": systems[label].score(metric),
            "probability_fraction": probabilities[label],
        }
        for name, compared in comparison.cohorts.items()
        for (phase, metric), front in compared.fronts.items()
        for probabilities in ({p.label: p.probability for p in front.points},)
        for label in front.members
    ]
    return _of_cohorts(
        "The front: no other system is as good for less energy",
        rows,
        phase="phase",
        metric="metric",
        label="system",
        team="team",
        energy_kwh="energy [kWh]",
        score="score",
        probability_fraction="P(front)",
    )


def steps_table(comparison: Comparison) -> Table:
    """Return what a further point costs along the front."""
    rows = [
        {
            "cohort": shown(name),
            "phase": shown(step.phase),
            "metric": shown(step.metric),
            "from_label": shown(step.from_label),
            "to_label": shown(step.to_label),
            "energy_kwh": _kwh(step.energy_j),
            "gain": step.gain,
            "kwh_per_point": _kwh(step.energy_j_per_point),
            "gain_above_noise": step.gain_above_noise,
            "is_worthy": step.is_worthy,
            "reason": step.reason,
        }
        for name, compared in comparison.cohorts.items()
        for steps in compared.steps.values()
        for step in steps
    ]
    return _of_cohorts(
        "What a further point costs along the front",
        rows,
        phase="phase",
        metric="metric",
        from_label="from",
        to_label="to",
        energy_kwh="added [kWh]",
        gain="gain",
        kwh_per_point="kWh per point",
        gain_above_noise="gain above noise",
        is_worthy="worthy",
        reason="why",
    )


def agreements_table(comparison: Comparison) -> Table:
    """Return whether the energy-weighted scores still order by quality."""
    rows = [
        {
            "cohort": shown(name),
            "phase": shown(found.phase),
            "metric": shown(found.metric),
            "n": found.n,
            "exponent": found.exponent,
            "kendall_tau": found.kendall_tau,
            "p_value": found.p_value,
            "tau_with_energy": found.tau_with_energy,
            "is_energy_alone": found.is_energy_alone,
            "reason": found.reason,
        }
        for name, compared in comparison.cohorts.items()
        for found in compared.agreements
    ]
    return _of_cohorts(
        "Order by the score and order by the energy-weighted score",
        rows,
        phase="phase",
        metric="score",
        n="systems",
        exponent="exponent",
        kendall_tau="tau with the score",
        p_value="p",
        tau_with_energy="tau with low energy",
        is_energy_alone="energy decides",
        reason="why not known",
    )


def exponents_table(comparison: Comparison) -> Table:
    """Return what another weight of energy would do."""
    rows = [
        {"cohort": shown(name), **row}
        for name, compared in comparison.cohorts.items()
        for found in compared.agreements
        for row in _exponents(found)
    ]
    return _of_cohorts(
        "Other weights of energy",
        rows,
        phase="phase",
        metric="score",
        exponent="exponent",
        kendall_tau="tau with the score",
        tau_with_energy="tau with low energy",
    )


def _exponents(found: Agreement) -> list[dict[str, Cell]]:
    return [
        {
            "phase": shown(found.phase),
            "metric": shown(found.metric),
            "exponent": trial.exponent,
            "kendall_tau": trial.kendall_tau,
            "tau_with_energy": trial.tau_with_energy,
        }
        for trial in found.sensitivity
    ]


def break_even_table(comparison: Comparison) -> Table:
    """Return from how many uses on the dearer training pays."""
    rows = [
        {
            "cohort": shown(name),
            "a": shown(found.a),
            "b": shown(found.b),
            "n_inferences": found.n_inferences,
            "cheaper_below": found.cheaper_below and shown(found.cheaper_below),
            "cheaper_above": found.cheaper_above and shown(found.cheaper_above),
            "is_clear": found.is_clear,
            "reason": found.reason,
        }
        for name, compared in comparison.cohorts.items()
        for found in compared.break_evens
    ]
    return _of_cohorts(
        "Training and use together",
        rows,
        a="system",
        b="against",
        n_inferences="passes over the test set",
        cheaper_below="cheaper below",
        cheaper_above="cheaper above",
        is_clear="clear",
        reason="why none",
    )


def proxies_table(comparison: Comparison) -> Table:
    """Return how parameters and multiply-accumulates go with energy."""
    rows = [
        {
            "cohort": shown(name),
            "phase": shown(found.phase),
            "quantity": quantity_name(found.quantity),
            "n": found.n,
            "spearman": found.spearman,
            "p_value": found.p_value,
            "reason": found.reason,
        }
        for name, compared in comparison.cohorts.items()
        for found in compared.proxies
    ]
    return _of_cohorts(
        "Do counts stand for energy?",
        rows,
        phase="energy of",
        quantity="count",
        n="systems",
        spearman="Spearman",
        p_value="p",
        reason="why not known",
    )


def orders_table(comparison: Comparison) -> Table:
    """Return how far normalization keeps the order of the energies as stated."""
    rows = [
        {
            "cohort": shown(name),
            "phase": shown(found.phase),
            "n": found.n,
            "kendall_tau": found.kendall_tau,
            "p_value": found.p_value,
            "reason": found.reason,
        }
        for name, compared in comparison.cohorts.items()
        for found in compared.order_changes
    ]
    return _of_cohorts(
        "Order before and after normalization",
        rows,
        phase="energy of",
        n="systems",
        kendall_tau="Kendall tau",
        p_value="p",
        reason="why not known",
    )


def _of_cohorts(title: str, rows: list[_Row], **labels: str) -> Table:
    """Return a table whose first column names the cohort."""
    labels = {"cohort": "cohort", **labels}
    # What is known of no row would be an empty column.
    kept = {
        name: label
        for name, label in labels.items()
        if name not in _OPTIONAL or any(row.get(name) not in {None, ""} for row in rows)
    }
    return Table.from_rows(title, rows, labels=kept)


_OPTIONAL: Final = {"reason", "n_unknown", "loss_low", "loss_high"}
