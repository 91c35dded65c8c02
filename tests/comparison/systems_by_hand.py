"""Systems with normalized energies made by hand, and the published ones."""

import csv
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, nan
from pathlib import Path

from comparison.submitted import rules, submission
from isojoule.comparison.rules import Metric, Rules
from isojoule.comparison.systems import NormalizedEnergy, System
from isojoule.records import Estimate
from isojoule.submissions import Figure, Place
from isojoule.units import kwh_to_j

PLACE = Place("entries.csv", 1)


def stated(value: float | None, low=None, high=None, *, field: str = "") -> Figure:
    """Return a figure with that value and interval."""
    place = replace(PLACE, field=field)
    return Figure(text=str(value), value=value, place=place, low=low, high=high)


def normalized(energy_j: float, declared_j: float | None = None) -> NormalizedEnergy:
    """Return an energy [J] that was declared as `declared_j`, by default the same."""
    declared_j = energy_j if declared_j is None else declared_j
    estimate = Estimate("w", "A100", energy_j, None, None, 0.9, "none")
    return NormalizedEnergy(
        estimate=estimate,
        declared=stated(declared_j),
        factor=energy_j / declared_j if declared_j else 1.0,
        doubts=(),
    )


def system(
    label: str,
    train_kwh: float | None = None,
    test_kwh: float | None = None,
    *,
    scores: Mapping[str, float | tuple[float, float, float]] | None = None,
    declared_kwh: Mapping[str, float] | None = None,
    params: float | None = None,
    macs: float | None = None,
    **changes,
) -> System:
    """Return a system; a score is a value, or a value with its bounds."""
    made = submission(label, train_kwh=None, test_kwh=None, reference_kwh=None)
    energies_kwh = {"train": train_kwh, "test": test_kwh}
    told = declared_kwh or {}
    return System(
        submission=replace(
            made,
            scores={n: _score(n, s) for n, s in (scores or {}).items()},
            n_params=None if params is None else stated(params, field="params"),
            n_macs=None if macs is None else stated(macs, field="macs"),
            **changes,
        ),
        energies={
            phase: normalized(kwh_to_j(kwh), kwh_to_j(told.get(phase, kwh)))
            for phase, kwh in energies_kwh.items()
            if kwh is not None
        },
        refusals={p: "not stated" for p, kwh in energies_kwh.items() if kwh is None},
    )


def _score(name: str, score: float | tuple[float, float, float]) -> Figure:
    value, *bounds = score if isinstance(score, tuple) else (score,)
    return stated(value, *bounds, field=name)


def scored(label: str, train_kwh: float | None, psds1: object, **more) -> System:
    """Return a system with a training energy and one score."""
    return system(label, train_kwh, scores={"psds1": psds1}, **more)


def one_metric(*, higher_is_better: bool = True, **changes) -> Rules:
    """Return rules with one phase of training and one metric."""
    metric = Metric(name="psds1", higher_is_better=higher_is_better, **changes)
    return rules(
        phases={"train": rules().phases["train"]}, metrics={metric.name: metric}
    )


def entries(folder: Path, year: int) -> list[dict[str, str]]:
    """Return the published entries of one year."""
    with (folder / f"{year}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def number(text: str) -> float:
    """Return the number of a cell; NaN where it is empty."""
    return float(text) if text.strip() else nan


def published(
    folder: Path, year: int, *, energies: str = "normalized"
) -> tuple[System, ...]:
    """Return the published systems.

    `energies` are ``declared``, ``normalized`` as the rule of 2023 says, or
    ``printed``: the normalized ones with the three decimals that were published.
    """
    return tuple(_published(row, energies) for row in entries(folder, year))


def _published(row: Mapping[str, str], energies: str) -> System:
    factor = 1.0
    if energies == "normalized":
        factor = 0.032 / number(row["energy_baseline_inference_own_hw_kwh"])
    columns = {"train": "energy_training", "test": "energy_devtest"}
    suffix = "_norm_kwh" if energies == "printed" else "_kwh"
    found = {p: factor * number(row[c + suffix]) for p, c in columns.items()}
    declared = {p: number(row[f"{c}_kwh"]) for p, c in columns.items()}
    return system(
        row["system"],
        *(kwh if isfinite(kwh) else None for kwh in found.values()),
        declared_kwh=declared,
        scores={m: _published_score(row, m) for m in ("psds1", "psds2")},
        params=number(row["params"]) if row["params"] else None,
        macs=number(row["macs_10s"]) if row.get("macs_10s") else None,
        is_baseline=row["is_baseline"] == "1",
        cells=row,
    )


def _published_score(
    row: Mapping[str, str], metric: str
) -> float | tuple[float, float, float]:
    value = number(row[f"{metric}_eval"])
    if f"{metric}_boot_lo" not in row:
        return value
    return value, *(number(row[f"{metric}_boot_{end}"]) for end in ("lo", "hi"))
