"""What was tried for `joint` and lost, what won, and how far anything could get.

Run with a folder of tables of several machines, such as the published ones:

    python benchmarks/normalization_attempts.py [--data DIR] [--output FILE]

Networks are held out; whatever is learned is learned from the other tables alone. The
figure is MALE, the mean of |ln(estimate / measured)|: mean over folds, then pairs, then
tables. It is told beside that of the published dual reference on the same folds. Limits
know the test workloads: no method can. Takes about five minutes on one core.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from math import exp
from pathlib import Path

import numpy as np
from attempts_data import (
    MAX_WORKLOADS,
    N_SPLITS,
    Case,
    by_table,
    dual_error,
    mean_error,
    mean_of_tables,
    read_cases,
)
from attempts_limits import LIMITS, by_kind, correlation, spread
from attempts_models import ATTEMPTS, KS, LEVEL, Joint, Priors

from isojoule.probe import probe_hardware

RESULTS = Path(__file__).with_name("results") / "normalization_attempts.json"
DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
COLUMNS = [f"k={k or 'all'}" for k in KS]
OWN_PRIOR = Joint(
    "joint, prior of all tables",
    "learned from the judged table, too: a limit",
    is_told_of_table=True,
)


def judge(attempt, cases: Sequence[Case], priors: Priors) -> list[dict | None]:
    """Return by number of references a value for each pair: MALE and, where there are
    intervals, coverage and the mean of ln(high / estimate)."""
    found: list[dict | None] = [None] * len(KS)
    for case in cases:
        folds = [attempt.answers(case, f, priors) for f in range(len(case.held))]
        for place, k in enumerate(KS):
            if k in folds[0]:
                found[place] = found[place] or {}
                for name, value in scores(case, [fold[k] for fold in folds]).items():
                    found[place].setdefault(name, []).append(value)
    return found


def scores(case: Case, answers: Sequence) -> dict[str, float]:
    """Return means over the folds of a pair."""
    found: dict[str, list[float]] = {}
    for answer, (_, test) in zip(answers, case.folds(), strict=True):
        true, half = case.log_ratio[test], answer.half_width
        found.setdefault("male", []).append(mean_error(answer.log_ratio, true))
        if half is not None:
            is_inside = np.abs(answer.log_ratio - true) <= half
            found.setdefault("coverage", []).append(float(is_inside.mean()))
            found.setdefault("log_half_width", []).append(float(half.mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


def row_of(attempt, cases: Sequence[Case], by_k: list, dual: Sequence[float]) -> dict:
    """Return the figures of one attempt, each by number of references."""

    def of_pairs(name: str, summary) -> list:
        return [summary(v[name]) if v and name in v else None for v in by_k]

    dual_male = mean_of_tables(cases, dual)
    male = of_pairs("male", lambda v: mean_of_tables(cases, v))
    return {
        "name": attempt.name,
        "what": attempt.what,
        "male": male,
        "ratio": [None if m is None else m / dual_male for m in male],
        "better_than_dual_fraction": of_pairs(
            "male", lambda v: mean_of_tables(cases, np.less(v, dual))
        ),
        "coverage": of_pairs("coverage", lambda v: mean_of_tables(cases, v)),
        "lowest_coverage_of_a_table": of_pairs(
            "coverage", lambda v: min(by_table(cases, v).values())
        ),
        "log_half_width": of_pairs(
            "log_half_width", lambda v: mean_of_tables(cases, v)
        ),
        "male_by_table": of_pairs("male", lambda v: by_table(cases, v)),
    }


def better_tables(row: dict, joint: dict) -> list[int | None]:
    """Return on how many tables an attempt is better than the method as built."""
    both = zip(row["male_by_table"], joint["male_by_table"], strict=True)
    return [
        None if own is None else sum(own[name] < built[name] for name in own)
        for own, built in both
    ]


def limit_of(name: str, cases: Sequence[Case], values: list, dual: list) -> dict:
    """Return one limit beside the dual reference on the tables that it is known for."""
    same = np.where(np.isnan(values), np.nan, dual)
    male = mean_of_tables(cases, values)
    return {
        "name": name,
        "male": male,
        "ratio": male / mean_of_tables(cases, same),
        "n_tables": len(
            {c.table for c, v in zip(cases, values, strict=True) if v == v}
        ),
    }


def study(cases: Sequence[Case]) -> dict:
    """Return all figures."""
    priors = Priors(cases)
    dual = [dual_error(case) for case in cases]
    rows, all_references = [], {}
    for attempt in (*ATTEMPTS, OWN_PRIOR):
        say(attempt.name)
        by_k = judge(attempt, cases, priors)
        rows.append(row_of(attempt, cases, by_k, dual))
        all_references[attempt.name] = by_k[-1]["male"]
    limits = {name: [f(case, priors) for case in cases] for name, f in LIMITS.items()}
    by_pair = {
        "dual reference": dual,
        **{f"{name}, k=all": male for name, male in all_references.items()},
        **limits,
        "standard deviation of log ratios": [spread(case) for case in cases],
        "correlation of log energies": [correlation(case) for case in cases],
    }
    for row in rows:
        row["n_tables_better_than_joint"] = better_tables(row, rows[0])
    return {
        "n_pairs": {n: int(v) for n, v in count(cases).items()},
        "dual_male": mean_of_tables(cases, dual),
        "attempts": rows[:-1],
        "own_prior": rows[-1],
        "limits": [limit_of(n, cases, v, dual) for n, v in limits.items()],
        "by_kind_of_pair": {n: by_kind(cases, v) for n, v in by_pair.items()},
    }


def count(cases: Sequence[Case]) -> dict[str, float]:
    return {
        kind: sum(kind in by_kind([case], [1.0]) for case in cases)
        for kind in by_kind(cases, [1.0] * len(cases))
    }


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [heads, ["---"] * len(heads), *rows]
    return [f"| {' | '.join(line)} |" for line in lines] + [""]


def render(document: dict) -> str:
    """Return the tables as Markdown."""
    rows = [*document["attempts"], document["own_prior"]]
    head = f"MALE (ratio to dual, {document['dual_male']:.3f})"
    text = table([head, *COLUMNS], [[r["name"], *male_cells(r)] for r in rows])
    text += table(
        ["tables on which it is better than joint", *COLUMNS],
        [
            [r["name"], *("" if n is None else str(n) for n in better)]
            for r in rows[1:]
            for better in [r["n_tables_better_than_joint"]]
        ],
    )
    text += table(
        ["limit", "MALE", "ratio to dual", "tables"],
        [
            [r["name"], f"{r['male']:.3f}", f"{r['ratio']:.2f}", str(r["n_tables"])]
            for r in document["limits"]
        ],
    )
    text += table(
        ["coverage (lowest of a table), factor of half an interval", *COLUMNS],
        [[r["name"], *interval_cells(r)] for r in rows if r["coverage"][0]],
    )
    kinds = document["n_pairs"]
    text += table(
        ["MALE by kind of pair", *(f"{kind} ({n})" for kind, n in kinds.items())],
        [
            [name, *("" if v != v else f"{v:.3f}" for v in values.values())]
            for name, values in document["by_kind_of_pair"].items()
        ],
    )
    return "\n".join(text)


def male_cells(row: dict) -> list[str]:
    both = zip(row["male"], row["ratio"], strict=True)
    return ["" if m is None else f"{m:.3f} ({ratio:.2f})" for m, ratio in both]


def interval_cells(row: dict) -> list[str]:
    return [
        f"{100 * covered:.0f} % ({100 * lowest:.0f} %), {exp(half):.2f}"
        for covered, lowest, half in zip(
            row["coverage"],
            row["lowest_coverage_of_a_table"],
            row["log_half_width"],
            strict=True,
        )
    ]


def say(text: str) -> None:
    """Tell of progress on stderr; stdout is for the result."""
    print(text, file=sys.stderr, flush=True)


def without_nan(value):
    """Return plain data with `None` for what is not known."""
    if isinstance(value, dict):
        return {name: without_nan(v) for name, v in value.items()}
    if isinstance(value, list):
        return [without_nan(v) for v in value]
    return None if value != value else value


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=DATA / "cross_hardware", help="folder of tables"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for JSON")
    options = parser.parse_args()
    cases = read_cases(options.data)
    if not cases:
        sys.exit(f"no table with pairs of machines in {options.data}: give --data")
    hardware = probe_hardware()
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{hardware.n_cpus} x {hardware.cpu_name}, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("isojoule", "numpy", "scipy")},
        },
        "settings": {
            "split": "by-model",
            "n_splits": N_SPLITS,
            "max_workloads": MAX_WORKLOADS,
            "references": [k or "all" for k in KS],
            "level": LEVEL,
        },
        **study(cases),
    }
    print(render(document))
    written = json.dumps(without_nan(document), indent=1, allow_nan=False)
    options.output.write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
