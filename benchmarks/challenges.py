"""What the comparison finds in two published challenges, against what was published.

    python benchmarks/challenges.py [--data DIR] [--output FILE]

DIR holds the tables of DCASE Task 4 of 2022 and 2023. Nothing is looked up: every
figure is computed from the submissions with the rules that come with the package, and
then held against the published one. Takes about ten seconds.
"""

import argparse
import csv
import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from isojoule.comparison.compare import ALL_SYSTEMS, Comparison, compare
from isojoule.comparison.marginal import marginal_steps
from isojoule.comparison.rules import Amendment, Rules
from isojoule.comparison.rules_document import rules_from
from isojoule.formats.rules import packaged_rules, parse_rules
from isojoule.formats.run_table import read_run_table
from isojoule.formats.submissions import read_submissions
from isojoule.studies.convergence import Trained, study_convergence
from isojoule.units import j_to_kwh

RESULTS = Path(__file__).with_name("results") / "challenges.json"
DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
PHASES = {"train": "train", "test": "devtest"}
SLIDE_QUANTITIES = {
    "system_complexity": "params",
    "macs": "macs",
    "energy_train_norm": "train",
}
SLIDE_CAPS = {"All": "All", "25%": "25 %", "Median": "Median"}
SCALED = ("Chen_CHT_task4a_3", "Chen_CHT_task4a_4")


def packaged(name: str) -> Rules:
    return rules_from(parse_rules(packaged_rules(name), name))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def weighted_errors(
    compared: Comparison, rows: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """Relative errors of the energy-weighted scores against the published ones."""
    found: dict[str, list[float]] = {}
    for phase, theirs in PHASES.items():
        ours = {w.label: w.values for w in compared.weighted[phase]}
        for row in rows:
            for metric in ("psds1", "psds2", "ranking"):
                name = "ranking_score" if metric == "ranking" else metric
                published = row[f"ew_{name}_{theirs}"]
                if published:
                    error = ours[row["system"]][metric] / float(published) - 1
                    found.setdefault(f"{metric} {phase}", []).append(abs(error))
    return {k: {"n": len(v), "worst": max(v)} for k, v in found.items()}


def normalized_rows(
    compared: Comparison, rows: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """How many exact normalized energies round to the published three decimals."""
    by_label = {s.label: s for s in compared.systems}
    found = {}
    for phase, theirs in PHASES.items():
        column = "energy_training_norm_kwh" if phase == "train" else None
        column = column or f"energy_{theirs}_norm_kwh"
        errors = [
            abs(j_to_kwh(by_label[row["system"]].energy_j(phase)) - float(row[column]))
            for row in rows
        ]
        within = sum(error <= 0.0005 + 1e-12 for error in errors)
        found[phase] = {"n": len(errors), "within_half_a_unit": within}
    return found


def cap_cells(compared: Comparison, folder: Path) -> list[dict[str, Any]]:
    """Return every cell of the slide of 2023 beside ours, and whether they agree."""
    rows = compared.cohorts["single systems"].caps["psds1"]
    ours = {(row.quantity, row.cap): row for row in rows}
    cells = []
    for row in rows_of(folder / "slides_cap_table.csv"):
        if row["year"] != "2023":
            continue
        quantity = SLIDE_QUANTITIES[row["metric"]]
        found = ours[quantity, SLIDE_CAPS[row["cap"]]]
        value = found.max_value
        value = j_to_kwh(value) if quantity == "train" else value
        for name, printed, mine in (
            ("cap", row["max_value_in_set"], value),
            ("best PSDS1", row["best_psds1"], found.best_score),
        ):
            cells.append(
                {
                    "quantity": quantity,
                    "cap": found.cap,
                    "cell": name,
                    "slide": float(printed),
                    "ours": mine,
                    "agrees": agrees(float(printed), mine),
                }
            )
    return cells


def agrees(printed: float, value: float) -> bool:
    """Return whether `value` rounds to `printed`, with its significant digits."""
    text = f"{printed:e}".split("e")[0].rstrip("0").rstrip(".")
    n_digits = max(1, len(text.replace(".", "")))
    if printed < 100 and "." in f"{printed:g}":  # scores and kWh: two decimals
        return abs(value - printed) <= 0.005 + 1e-9
    return float(f"{value:.{n_digits - 1}e}") == printed


def front_of(compared: Comparison) -> list[dict[str, Any]]:
    front = compared.cohorts[ALL_SYSTEMS].fronts["train", "psds1"]
    by_label = {s.label: s for s in compared.systems}
    chance = {p.label: p.probability for p in front.points}
    return [
        {
            "label": label,
            "kwh": round(j_to_kwh(by_label[label].energy_j("train")), 4),
            "psds1": by_label[label].score("psds1"),
            "probability": chance[label],
        }
        for label in front.members
    ]


def amended(rules: Rules) -> Rules:
    reason = "the reference was multiplied by the size of the ensemble"
    return replace(
        rules,
        amendments=tuple(
            Amendment(
                label=label, field="reference_energy_kwh", value=0.156, reason=reason
            )
            for label in SCALED
        ),
    )


def exact(rules: Rules) -> Rules:
    """Return the rules without the rounding of normalized energies."""
    phases = {n: replace(p, decimals_kwh=None) for n, p in rules.phases.items()}
    return replace(rules, phases=phases)


def run_table(folder: Path) -> dict[str, Any]:
    rows = read_run_table(folder / "baseline2022_gpu_batch_runs.csv")
    found = study_convergence([Trained(*row) for row in rows])
    return {
        "n": found.at_best.n,
        "at_best": [found.at_best.median, found.at_best.low, found.at_best.high],
        "total": [found.total.median, found.total.low, found.total.high],
    }


def fired(compared: Comparison) -> dict[str, list[str]]:
    labels: dict[str, list[str]] = {}
    for finding in compared.findings:
        labels.setdefault(f"{finding.severity} {finding.check}", []).append(
            finding.label
        )
    return labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA / "dcase")
    parser.add_argument("--output", type=Path, default=RESULTS)
    asked = parser.parse_args()
    found = measure(asked.data)
    asked.output.parent.mkdir(parents=True, exist_ok=True)
    asked.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    show(found)


def measure(folder: Path) -> dict[str, Any]:
    results = {}
    for year in (2022, 2023):
        rules = packaged(f"dcase{year}")
        handed = read_submissions(folder / f"{year}.csv", rules.fields)
        rows = rows_of(folder / f"{year}.csv")
        compared = compare(handed, rules)
        results[year] = {
            "n": len(compared.systems),
            "weighted": weighted_errors(compared, rows),
            "checks": fired(compared),
            "agreements": [
                {
                    "phase": a.phase,
                    "score": a.metric,
                    "tau": a.kendall_tau,
                    "tau_with_energy": a.tau_with_energy,
                }
                for a in compared.cohorts[ALL_SYSTEMS].agreements
            ],
        }
    corrected = compare(handed, amended(rules))
    without_rounding = compare(handed, exact(rules))
    results[2023] |= {
        "normalized": normalized_rows(without_rounding, rows),
        "caps": cap_cells(compared, folder),
        "n_single": len(compared.cohorts["single systems"].systems),
        "front": front_of(compared),
        "front_amended": front_of(corrected),
        "front_exact": front_of(without_rounding),
        "front_exact_amended": front_of(compare(handed, exact(amended(rules)))),
        "steps_kwh_per_point": [
            j_to_kwh(step.energy_j_per_point)
            for step in marginal_steps(compared.systems, "train", "psds1", rules)
        ],
        "order_changes": {
            o.phase: o.kendall_tau for o in compared.cohorts[ALL_SYSTEMS].order_changes
        },
        "proxies": [
            {"phase": p.phase, "quantity": p.quantity, "spearman": p.spearman, "n": p.n}
            for p in compared.cohorts[ALL_SYSTEMS].proxies
        ],
    }
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "python": platform.python_version(),
        "versions": {p: version(p) for p in ("isojoule", "numpy", "scipy")},
        "run_table": run_table(folder),
        **{str(year): result for year, result in results.items()},
    }


def show(found: Mapping[str, Any]) -> None:
    for year in ("2022", "2023"):
        result = found[year]
        print(f"{year}: {result['n']} systems")
        for name, errors in result["weighted"].items():
            print(f"  energy-weighted {name}: {errors['n']} rows, ", end="")
            print(f"worst relative error {errors['worst']:.2g}")
        for a in result["agreements"]:
            print(
                f"  {a['score']} by {a['phase']} energy: tau {a['tau']:.2f}, ", end=""
            )
            print(f"with energy {a['tau_with_energy']:.2f}")
    result = found["2023"]
    for phase, rows in result["normalized"].items():
        print(f"normalized, {phase}: {rows['within_half_a_unit']} of {rows['n']} rows")
    cells = result["caps"]
    print(f"cap table, n = {result['n_single']}: ", end="")
    print(f"{sum(c['agrees'] for c in cells)} of {len(cells)} cells of the slide")
    for cell in cells:
        mark = " " if cell["agrees"] else "differs"
        print(f"  {cell['quantity']:8}{cell['cap']:8}{cell['cell']:12}", end="")
        print(f"{cell['slide']:<12.6g}{cell['ours']:<14.6g}{mark}")
    for name in ("front", "front_amended", "front_exact", "front_exact_amended"):
        energies = ", ".join(f"{p['kwh']:g}" for p in result[name])
        print(f"{name}: {len(result[name])} systems at {energies} kWh")
    steps = ", ".join(f"{s:.2g}" for s in result["steps_kwh_per_point"])
    print(f"along the front: {steps} kWh per 0.01")
    for phase, tau in result["order_changes"].items():
        print(f"{phase}: tau of the raw and the normalized order {tau:.2f}")
    for p in result["proxies"]:
        print(f"{p['phase']} energy and {p['quantity']}: ", end="")
        print(f"Spearman {p['spearman']:.2f}, n = {p['n']}")
    table = found["run_table"]
    print(f"31 runs: at best / at 95 % {table['at_best'][0]:.3g}, ", end="")
    print(f"total / at 95 % {table['total'][0]:.3g}")
    for year in ("2022", "2023"):
        print(f"checks of {year}")
        for check, labels in found[year]["checks"].items():
            told = ", ".join(labels) if len(labels) < 8 else "..."
            print(f"  {len(labels):3} {check}: {told}")


if __name__ == "__main__":
    main()
