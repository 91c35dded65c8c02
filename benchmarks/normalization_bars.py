"""What `joint` reaches of what it was asked to, and what one estimate takes.

Run with a folder of tables of several machines, such as the published ones:

    python benchmarks/normalization_bars.py [--data DIR] [--output FILE]

Judges `joint` with planned references on networks held out, in three settings: nothing
is shown of further machines of a table, all but what is held out, everything. What it
knows beforehand is from the other tables. Takes about five minutes on one core.
"""

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np

from isojoule.formats import read_runs
from isojoule.normalizers.joint import JointNormalizer
from isojoule.probe import probe_hardware
from isojoule.records import Calibration, Observation
from isojoule.studies.benchmark.contenders import word_of
from isojoule.studies.benchmark.folds import THIRD_MACHINES
from isojoule.studies.benchmark.running import study_benchmark
from isojoule.studies.benchmark.settings import Settings

RESULTS = Path(__file__).with_name("results") / "normalization_bars.json"
DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)


def judge(folder: Path, third_machines: str, n_jobs: int) -> list[dict]:
    """Return every bar with what was found."""
    runs = {path.stem: read_runs(path) for path in sorted(folder.glob("*.parquet"))}
    settings = Settings(
        methods=("joint",),
        selectors=("plan",),
        splits=("by-model",),
        third_machines=third_machines,
        judged="joint/plan",
        n_jobs=n_jobs,
    )
    return [
        {
            "bar": judged.bar.text,
            "k": word_of(judged.k),
            "at_most": None if judged.bar.high == float("inf") else judged.bar.high,
            "at_least": None if judged.bar.low == -float("inf") else judged.bar.low,
            "found": judged.value,
            "is_met": judged.is_met,
        }
        for judged in study_benchmark(runs, settings).bars
    ]


def time_converts(n_references: int) -> dict[str, float]:
    """Return the time of a first estimate, which fits, and of the next [ms]."""
    rng = np.random.default_rng(0)
    energies = np.exp(rng.normal(8, 2, n_references + 1))
    machines = [
        Calibration(
            name,
            {
                f"w{i}": Observation(
                    *(f"w{i}", name, factor * energy * np.exp(rng.normal(0, 0.1))),
                    duration_s=energy / rng.uniform(100, 300),
                    n_params=1e6 * rng.uniform(1, 50),
                    work_flop=1e10 * energy,
                    batch_size=int(2 ** rng.integers(0, 9)),
                    model=f"net{i % 7}",
                )
                for i, energy in enumerate(energies[: n_references + (name == "A")])
            },
        )
        for name, factor in (("A", 1.0), ("B", 0.7))
    ]
    asked = machines[0].observations[f"w{n_references}"]
    first, later = [], []
    for _ in range(9):
        normalizer = JointNormalizer.fit(machines)
        for times in (first, later):
            start = perf_counter()
            normalizer.convert(asked, target="B")
            times.append(1e3 * (perf_counter() - start))
    return {
        "n_references": n_references,
        "first_ms": float(np.median(first)),
        "later_ms": float(np.median(later)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=DATA / "cross_hardware", help="folder of tables"
    )
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--output", type=Path, default=RESULTS, help="file for JSON")
    options = parser.parse_args()
    hardware = probe_hardware()
    document = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{hardware.n_cpus} x {hardware.cpu_name}, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            **{name: version(name) for name in ("isojoule", "numpy")},
        },
        "estimates": [time_converts(n) for n in (1, 4, 20, 100, 200, 1000)],
        "bars": {
            third: judge(options.data, third, options.jobs) for third in THIRD_MACHINES
        },
    }
    for times in document["estimates"]:
        print(
            "{n_references:5} references: {first_ms:6.2f} ms with the fit, "
            "{later_ms:.2f} ms after it".format(**times)
        )
    for third, bars in document["bars"].items():
        print(f"\nfurther machines: {third}")
        for bar in bars:
            met = {True: "met", False: "NOT met", None: "not known"}[bar["is_met"]]
            print(f"  {bar['bar']:38} k={bar['k']:4} {bar['found']:.3f}  {met}")
    written = json.dumps(document, indent=1, allow_nan=False)
    options.output.write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
