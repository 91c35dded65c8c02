"""How far a conversion by one reference is off, and what rankings with chance take.

    python benchmarks/comparison.py [--data FOLDER] [--systems 100 10000] [--parts ...]

FOLDER holds `dcase` and `cross_hardware`. Part `errors` tells from energies measured on
several GPUs what the priors of `isojoule.comparison.rules.Errors` should be, and how
often the 90 % intervals of normalized energies hold the energy that was measured; part
`speed` times 10,000 draws for simulated fields of teams of four.
"""

import argparse
import csv
import os
import platform
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import permutations
from math import log
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from isojoule.comparison.draws import Draws
from isojoule.comparison.front import find_front
from isojoule.comparison.ranking import rank_all
from isojoule.comparison.rules import Errors, Metric, PhaseRules, Reference, Rules
from isojoule.comparison.systems import normalize_submissions
from isojoule.formats import read_runs
from isojoule.observations import calibrate, select
from isojoule.submissions import Figure, Place, ReferenceRun, Submission
from isojoule.units import kwh_to_j

DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
LEVEL = 0.9
Z_90 = 1.6448536269514722
PRIORS = (0.3, 0.4, 0.5, 0.7)
TABLES = (
    ("zeus_nsdi23", "train"),
    ("wilkins_llm", "inference"),
    ("argonne_llm_power", "inference"),
    ("edge_acc", "inference"),
    ("metaqure", "train"),
)
"""The first three are of GPUs, the others of accelerators on sticks and of CPUs."""

Case = tuple[str, str, str, str]
"""Site, organizers, reference, system."""


def read_table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def figure(text: str) -> Figure:
    """Return an energy [J] that was written in kWh."""
    step = 10.0 ** -len(text.partition(".")[2])
    place = Place("runs.csv", 1)
    return Figure(
        text=text, value=kwh_to_j(float(text)), place=place, step=kwh_to_j(step)
    )


def cases_of(
    energies: Mapping[tuple[str, str], float],
    kinds: Mapping[str, str] | None = None,
) -> dict[Case, float]:
    """Return ln (converted / measured) of every system by every other reference.

    Parameters
    ----------
    energies : mapping of (machine, work) to float
        Measured energies.
    kinds : mapping of work to str, or None
        Where stated, a reference of the same kind as the system does not count.
    """
    machines = sorted({machine for machine, _ in energies})
    works = sorted({work for _, work in energies})
    found = {}
    for a, b in permutations(machines, 2):
        shared = [w for w in works if (a, w) in energies and (b, w) in energies]
        for r, w in permutations(shared, 2):
            if kinds is None or kinds[r] != kinds[w]:
                moved = energies[a, w] * energies[b, r] / energies[a, r]
                found[a, b, r, w] = log(moved / energies[b, w])
    return found


def rms(values: Iterable[float]) -> float:
    return float(np.sqrt(np.mean(np.square(list(values)))))


def share(hits: Sequence[bool]) -> str:
    return f"{sum(hits)} of {len(hits)}, {100 * np.mean(hits):.1f} %"


def likeness(pairs: Sequence[tuple[float, float]]) -> float:
    """Return the correlation of errors whose mean is zero."""
    a, b = np.array(pairs).T
    return float((a * b).mean() / np.sqrt((a**2).mean() * (b**2).mean()))


def tell_errors(name: str, errors: Iterable[float]) -> None:
    size = np.abs(list(errors))
    half, most = np.expm1(np.quantile(size, [0.5, 0.9]))
    covers = ", ".join(
        f"{100 * np.mean(size <= Z_90 * np.hypot(p, 0.05 * 3**0.5)):.0f}"
        for p in PRIORS
    )
    print(
        f"{name:34s} {len(size):6d} {100 * half:6.0f} % {100 * most:6.0f} % "
        f"{rms(size):6.2f}   {covers}"
    )


def intervals_hold(
    texts: Mapping[tuple[str, str], str], cases: Iterable[Case], prior: float
) -> list[bool]:
    """Return whether each interval, by the code itself, holds what was measured."""
    hits = []
    for a, b, r, w in cases:
        reference = Reference(
            name="r",
            phase="train",
            energy_j=figure(texts[b, r]).value or 0.0,
            step_j=figure(texts[b, r]).step,
        )
        phase = PhaseRules(name="train", method="single-low", references=(reference,))
        rules = Rules(
            edition="31 runs",
            hardware=b,
            phases={"train": phase},
            metrics={},
            errors=Errors(model_fraction=prior),
            level=LEVEL,
        )
        handed = Submission(
            label=f"{a} {w}",
            team=a,
            energies={"train": figure(texts[a, w])},
            references=(ReferenceRun("r", "train", figure(texts[a, r])),),
        )
        (system,) = normalize_submissions([handed], rules)
        estimate = system.energies["train"].estimate
        measured = figure(texts[b, w]).value or 0.0
        low_j, high_j = estimate.energy_low_j or 0.0, estimate.energy_high_j or 0.0
        hits.append(low_j <= measured <= high_j)
    return hits


def tell_sharing(cases: Mapping[Case, float]) -> None:
    """Print how alike the errors of two systems are."""
    same_site, elsewhere = [], []
    for (a, b, r, w), error in cases.items():
        for (a2, b2, r2, w2), other in cases.items():
            if (b, r) == (b2, r2) and w != w2:
                (same_site if a == a2 else elsewhere).append((error, other))
    print("\nHow alike the errors of two systems are, by the same reference:")
    print(f"  at one site            {likeness(same_site):.2f}  (model: 0.50)")
    print(f"  at two sites           {likeness(elsewhere):.2f}  (model: 0.25)")


def tell_left_out(
    texts: Mapping[tuple[str, str], str], cases: Mapping[Case, float]
) -> None:
    """Print the coverage for each GPU by a prior from pairs of the others."""
    print("\n90 % intervals with a prior learned without the GPU, by the code:")
    every = []
    for left in sorted({a for a, *_ in cases}):
        mine = [case for case in cases if left in case[:2]]
        rest = [error for case, error in cases.items() if left not in case[:2]]
        prior = float(np.sqrt(max(rms(rest) ** 2 - 3 * 0.05**2, 0.0)))
        hits = intervals_hold(texts, mine, prior)
        every += hits
        print(f"  without {left:9s} prior {prior:.2f}: {share(hits)}")
    print(f"  all: {share(every)}")


def tell_tables(folder: Path) -> None:
    """Print the errors between machines of other tables, references of other models."""
    for name, phase in TABLES:
        runs = read_runs(folder / f"{name}.parquet")
        found = select(runs, phase=phase).observations
        machines = sorted({o.hardware for o in found})
        known = {m: calibrate(m, found, allow_mixed=True) for m in machines}
        energies = {
            (m, work): o.energy_j
            for m, calibration in known.items()
            for work, o in calibration.observations.items()
        }
        kinds = {o.workload: o.model or o.workload for o in found}
        works = sorted({work for _, work in energies})
        few = set(np.random.default_rng(0).permutation(works)[:150].tolist())
        energies = {key: e for key, e in energies.items() if key[1] in few}
        tell_errors(f"{name}, {phase}", cases_of(energies, kinds).values())


def tell_repeats(path: Path) -> None:
    print("\nDeviation of the organizers' repeats, published with their baselines:")
    for phase, column in (("training", "train_kwh"), ("inference", "devtest_kwh")):
        found = sorted(
            float(row[f"{column}_sd"]) / float(row[column])
            for row in read_table(path)
            if row[f"{column}_sd"]
        )
        shown = ", ".join(f"{100 * f:.1f}" for f in found)
        print(f"  {phase}: {shown} %; median {100 * median(found):.1f} %")


def errors_part(data: Path) -> None:
    rows = read_table(data / "dcase" / "baseline2022_gpu_batch_runs.csv")
    texts = {(r["gpu"], r["batch_size"]): r["total_kwh"] for r in rows}
    cases = cases_of({key: float(text) for key, text in texts.items()})
    shown = ", ".join(f"{p:g}" for p in PRIORS)
    print(
        "Errors of a conversion by one reference, as factors above 1; coverage of 90 % "
        f"intervals with a prior\nof {shown} and repeats of 5 % [%]:\n"
        f"{'':34s} {'cases':>6s} {'median':>8s} {'90 %':>8s} {'rms ln':>6s}   covered"
    )
    tell_errors(f"{len(rows)} runs: GPUs x batch sizes", cases.values())
    tell_tables(data / "cross_hardware")
    for prior in (0.3, 0.4):
        hits = intervals_hold(texts, cases, prior)
        held = share(hits)
        print(f"\n90 % intervals of the runs with prior {prior:g}, by the code: {held}")
    tell_left_out(texts, cases)
    tell_sharing(cases)
    tell_repeats(data / "dcase" / "baseline_reference.csv")


def field(n: int) -> tuple[list[Submission], Rules]:
    """Return a simulated field: teams of four, two phases, two scores."""
    rng = np.random.default_rng(n)
    reference = Reference(
        name="baseline", phase="test", energy_j=kwh_to_j(0.032), step_j=kwh_to_j(0.001)
    )
    phases = {
        name: PhaseRules(
            name=name,
            method="single-median",
            references=(reference,),
            baseline_energy_j=kwh_to_j(base_kwh),
            accepts_other_phase=True,
        )
        for name, base_kwh in (("train", 1.39), ("test", 0.019))
    }
    metrics = {name: Metric(name=name) for name in ("psds1", "psds2")}
    rules = Rules(
        edition="simulated",
        hardware="A100",
        phases=phases,
        metrics=metrics,
        baseline="s0",
    )
    sites = rng.normal(log(0.032), 0.8, n // 4 + 1)
    handed = [
        Submission(
            label=f"s{k}",
            team=f"t{k // 4}",
            energies={
                "train": figure(f"{np.exp(rng.normal(1, 1.5)):.3f}"),
                "test": figure(f"{np.exp(rng.normal(-3, 1)):.4f}"),
            },
            references=(
                ReferenceRun(
                    "baseline", "test", figure(f"{np.exp(sites[k // 4]):.4f}")
                ),
            ),
            scores={name: score(rng) for name in metrics},
        )
        for k in range(n)
    ]
    return handed, rules


def score(rng: np.random.Generator) -> Figure:
    value = round(float(np.clip(rng.normal(0.45, 0.12), 0.02, 0.95)), 3)
    place = Place("field.csv", 1)
    return Figure(
        text=f"{value:.3f}",
        value=value,
        place=place,
        low=value - 0.01,
        high=value + 0.01,
        step=0.001,
    )


def timed(name: str, work: Callable[[], Any]) -> Any:
    start_s, cpu_s = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"  {name:34s} {time.perf_counter() - start_s:6.2f} s "
        f"({time.process_time() - cpu_s:.2f} s of CPU)"
    )
    return result


def tell_speed(n: int) -> None:
    handed, rules = field(n)
    load = os.getloadavg()[0]
    print(f"\n{n} systems, {rules.n_draws} draws; load before {load:.1f}")
    start_s = time.perf_counter()
    systems = timed("normalized", lambda: normalize_submissions(handed, rules))
    draws = Draws(systems, rules)
    with ThreadPoolExecutor(2) as pool:  # as the command does
        timed("drawn", lambda: draws.make_all(pool.map))
        ranked = timed(
            "ranked", lambda: rank_all(systems, rules, draws, run_all=pool.map)
        )
    pairs = [(p, m) for p in rules.phases for m in rules.metrics]
    timed(
        f"{len(pairs)} fronts",
        lambda: [find_front(systems, *pair, rules, draws) for pair in pairs],
    )
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  all, {len(ranked)} rankings: {time.perf_counter() - start_s:.1f} s, "
        f"memory at most {peak_mb:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--systems", type=int, nargs="*", default=[100, 10_000])
    parser.add_argument(
        "--parts", nargs="*", choices=("errors", "speed"), default=("errors", "speed")
    )
    args = parser.parse_args()
    print(
        f"{datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} CPUs, {platform.system()}, "
        f"Python {platform.python_version()}, NumPy {np.__version__}\n"
    )
    if "errors" in args.parts:
        errors_part(args.data)
    if "speed" in args.parts:
        for n in args.systems:
            tell_speed(n)


if __name__ == "__main__":
    main()
