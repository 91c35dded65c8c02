"""How well the energy of a training is told while it runs, and what telling it costs.

Run with the published runs of del Rey et al. (2023):

    python benchmarks/online_estimates.py [--data DIR] [--output FILE]

The truth is the energy of all epochs of a run, GPU and memory. Constants of the
forecast were learned on half of the runs (5 of 10 configurations): both halves are
shown. Simulated trainings are of kinds that the published ones are not. Takes about
two minutes on one core.
"""

import argparse
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter, thread_time

import numpy as np

from isojoule.estimators.epochs import Epoch, epochs_of
from isojoule.estimators.online import epoch_based_energy_j, power_based_energy_j
from isojoule.estimators.streaming import Forecaster
from isojoule.formats import read_runs
from isojoule.probe import probe_hardware
from isojoule.records import Run

RESULTS = Path(__file__).with_name("results") / "online_estimates.json"
DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
SEEN = (5, 10, 11, 12, 13, 14, 15, 16, 20, 30, 40)
WINDOWS = ((10, 5), (11, 5), (20, 5), (5, 5), (10, 1))
SIMULATED_SEEN = (3, 6, 10, 15, 25, 40, 70)
N_SIMULATED, N_EPOCHS = 100, 100


def errors(pairs: Iterable[tuple[float, float]]) -> dict[str, float]:
    """Errors of estimates [J] against the truth [J]."""
    found, true = np.array(list(pairs)).T
    share = 100 * np.abs(found / true - 1)
    return {
        "n": len(found),
        "rmse_kj": float(np.sqrt(np.mean((found - true) ** 2)) / 1e3),
        "mape": float(share.mean()),
        "median": float(np.median(share)),
        "p95": float(np.percentile(share, 95)),
    }


def published(runs: Sequence[Run]) -> list[dict]:
    """The published methods, against the epochs and against the whole recording."""
    rows = []
    for start, window in WINDOWS:
        found = {(m, t): [] for m in ("power", "epoch") for t in ("epochs", "whole")}
        for run in runs:
            epochs = epochs_of(run, scope="node")
            at = {"start": start, "window": window}
            energy_j = epoch_based_energy_j(epochs, **at, n_epochs=len(epochs))
            spans = {
                "epochs": (
                    epochs[-1].end_s - epochs[0].start_s,
                    sum(e.energy_j for e in epochs),
                ),
                "whole": (
                    run.duration_s,
                    sum(e.energy_j or 0.0 for e in run.energies),
                ),
            }
            for truth, (duration_s, true_j) in spans.items():
                power_j = power_based_energy_j(epochs, **at, duration_s=duration_s)
                found["power", truth].append((power_j, true_j))
                found["epoch", truth].append((energy_j, true_j))
        rows += [
            {"method": m, "truth": t, "start": start, "window": window, **errors(pairs)}
            for (m, t), pairs in found.items()
        ]
    return rows


def told(epochs: Sequence[Epoch], seen: Sequence[int]) -> dict[int, dict | None]:
    """What the forecast says after some of the epochs; nothing where it refuses."""
    forecaster, found = Forecaster(len(epochs)), {}
    true_j = sum(e.energy_j for e in epochs)
    true_s = epochs[-1].end_s - epochs[0].start_s
    for number, epoch in enumerate(epochs[: max(seen)], start=1):
        forecaster.follow(epoch)
        if number not in seen:
            continue
        last = forecaster.forecast()
        energy, time = last.total, last.total_duration
        found[number] = (
            None
            if energy is None or time is None
            else {
                "energy": (energy.energy_j, true_j),
                "covered": energy.energy_low_j <= true_j <= energy.energy_high_j,
                "half": (energy.energy_high_j - energy.energy_low_j) / 2 / true_j,
                "time": 100 * abs(time.duration_s / true_s - 1),
                "time_covered": time.duration_low_s <= true_s <= time.duration_high_s,
            }
        )
    return found


def scored(cases: Sequence[dict | None]) -> dict:
    """Errors and coverage of what was told of several trainings."""
    known = [c for c in cases if c is not None]
    if not known:
        return {"n": 0, "refused": len(cases)}
    return {
        **errors(c["energy"] for c in known),
        "coverage": float(np.mean([c["covered"] for c in known])),
        "half_width": 100 * float(np.median([c["half"] for c in known])),
        "time_mape": float(np.mean([c["time"] for c in known])),
        "time_coverage": float(np.mean([c["time_covered"] for c in known])),
        "refused": len(cases) - len(known),
    }


def streaming(runs: Sequence[Run]) -> list[dict]:
    """The streaming forecast after each number of epochs, by part of the runs."""
    kinds = sorted({(r.tags["environment"], r.workload.model) for r in runs})
    learned = {*kinds[::2]}
    cases = []
    for run in runs:
        epochs = epochs_of(run, scope="node")
        kind = (run.tags["environment"], run.workload.model)
        # At least five epochs have to be left to say anything about.
        seen = [k for k in SEEN if k <= len(epochs) - 5]
        cases.append((kind, told(epochs, seen)))
    parts: dict[str, Callable] = {
        "all": lambda _: True,
        "learned on": lambda kind: kind in learned,
        "judged on": lambda kind: kind not in learned,
    }
    rows = [
        {
            "part": name,
            "seen": k,
            **scored([c[k] for kind, c in cases if belongs(kind) and k in c]),
        }
        for name, belongs in parts.items()
        for k in SEEN
    ]
    rows += [
        {
            "part": f"{kind[0]}, {kind[1]}",
            "seen": 15,
            **scored([c[15] for of, c in cases if of == kind]),
        }
        for kind in kinds
    ]
    return rows


def correlated(
    random: np.random.Generator, n: int, rho: float, sd: float
) -> np.ndarray:
    """Values of one standard deviation, each correlated with the one before."""
    values = sd * random.standard_normal(n)
    for i in range(1, n):
        values[i] = rho * values[i - 1] + np.sqrt(1 - rho**2) * values[i]
    return values


def to_and_fro(random: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """0 or 1, changing with some probability after each epoch."""
    return np.cumsum(random.random(n) < rate) % 2


EPOCH = np.arange(N_EPOCHS)
KINDS: dict[str, Callable[[np.random.Generator], np.ndarray]] = {
    "constant": lambda _: np.ones(N_EPOCHS),
    "scatter of 3 %": lambda r: 1 + 0.03 * r.standard_normal(N_EPOCHS),
    "AR(1), 0.8, 2 %": lambda r: 1 + correlated(r, N_EPOCHS, 0.8, 0.02),
    "AR(1), 0.95, 3 %": lambda r: 1 + correlated(r, N_EPOCHS, 0.95, 0.03),
    "random walk, 0.3 % a step": lambda r: np.exp(
        np.cumsum(0.003 * r.standard_normal(N_EPOCHS))
    ),
    "5 % slower by the end": lambda _: 1 + 0.05 * EPOCH / N_EPOCHS,
    "two speeds, changing 1 in 17": lambda r: 1 + 0.25 * to_and_fro(r, N_EPOCHS, 0.06),
    "two speeds, changing 1 in 2": lambda r: 1 + 0.25 * to_and_fro(r, N_EPOCHS, 0.5),
    "3 % odd epochs": lambda r: (
        1 + (r.random(N_EPOCHS) < 0.03) * r.exponential(0.4, N_EPOCHS)
    ),
    "10 % odd epochs": lambda r: 1 + 0.5 * (r.random(N_EPOCHS) < 0.1),
    "every 2nd takes 20 % more": lambda _: 1 + 0.2 * (EPOCH % 2),
    "every 5th takes 40 % more": lambda _: 1 + 0.4 * (EPOCH % 5 == 4),
    "every 10th takes 40 % more": lambda _: 1 + 0.4 * (EPOCH % 10 == 9),
    "warm-up over 5 epochs": lambda _: 1 + 0.8 * np.exp(-EPOCH / 2),
    "regimes at 7": lambda _: np.where(EPOCH < 7, 1.0, 2.0) + 0.5 * (EPOCH == 7),
    "regimes at 20, downwards": lambda _: np.where(EPOCH < 20, 1.0, 0.6),
    "regimes at 8 and 20": lambda _: np.select([EPOCH < 8, EPOCH < 20], [1, 1.5], 2.2),
    "a step of 4 % at 12": lambda _: np.where(EPOCH < 12, 1.0, 1.04),
}


def simulate(kind: str, random: np.random.Generator, epoch_s: float) -> list[Epoch]:
    """A training of some kind: epochs of 200 W, a start-up, scatter of 0.6 %."""
    durations_s = epoch_s * KINDS[kind](random)
    durations_s *= 1 + 0.006 * random.standard_normal(N_EPOCHS)
    durations_s[0] += random.uniform(5, 25)
    powers_w = 200 * (1 + 0.004 * random.standard_normal(N_EPOCHS))
    ends_s = np.cumsum(durations_s)
    return [
        Epoch(i, float(ends_s[i] - durations_s[i]), float(ends_s[i]), float(energy_j))
        for i, energy_j in enumerate(durations_s * powers_w)
    ]


def simulated() -> list[dict]:
    """The streaming forecast of simulated trainings."""
    rows = []
    for kind, epoch_s in [*((k, 30.0) for k in KINDS), ("constant", 1.0)]:
        random = np.random.default_rng(1)
        cases = [
            told(simulate(kind, random, epoch_s), SIMULATED_SEEN)
            for _ in range(N_SIMULATED)
        ]
        rows += [
            {
                "kind": kind,
                "epoch_s": epoch_s,
                "seen": k,
                **scored([c[k] for c in cases]),
            }
            for k in SIMULATED_SEEN
        ]
    return rows


def cost() -> list[dict]:
    """What a forecast takes, for trainings of several lengths [ms]."""
    rows = []
    for n_epochs in (10, 100, 10_000):
        random = np.random.default_rng(0)
        times_s, own_s = [], []
        for _ in range(max(1000 // n_epochs, 1)):
            energies_j = 6000 * (1 + 0.01 * random.standard_normal(n_epochs))
            forecaster = Forecaster(n_epochs)
            for i, energy_j in enumerate(energies_j):
                epoch = Epoch(i, 30.0 * i, 30.0 * (i + 1), float(energy_j))
                begin_s, own_begin_s = perf_counter(), thread_time()
                forecaster.observe(epoch)
                times_s.append(perf_counter() - begin_s)
                own_s.append(thread_time() - own_begin_s)
        last_s = times_s[-len(times_s) // 10 :]
        rows.append(
            {
                "n_epochs": n_epochs,
                "median_ms": 1e3 * float(np.median(times_s)),
                "p99_ms": 1e3 * float(np.percentile(times_s, 99)),
                # Without what other programs took of the core meanwhile.
                "p99_own_ms": 1e3 * float(np.percentile(own_s, 99)),
                "median_of_last_tenth_ms": 1e3 * float(np.median(last_s)),
            }
        )
    return rows


def show(title: str, rows: Sequence[dict]) -> None:
    """Print rows as a Markdown table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    print(f"\n{title}\n\n| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for row in rows:
        cells = (row.get(name, "") for name in names)
        told_cells = (f"{c:.3g}" if isinstance(c, float) else str(c) for c in cells)
        print(f"| {' | '.join(told_cells)} |")


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "delrey2024")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    runs = [r for r in read_runs(options.data / "runs.parquet") if r.windows]
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "isojoule": version("isojoule"),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "machine": probe_hardware().name,
        "n_runs": len(runs),
        "published": published(runs),
        "streaming": streaming(runs),
        "simulated": simulated(),
        "cost": cost(),
    }
    for title in ("published", "streaming", "simulated", "cost"):
        show(title, document[title])
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
