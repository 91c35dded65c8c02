"""Prints what is known of any training: what data/training_prior.json holds.

Run with the table of runs of del Rey et al.:

    python benchmarks/training_prior.py [--data runs.parquet] > training_prior.json

Beside it, on stderr: how well such planes place the trainings of a GPU that they were
not learned from, without any run on it.
"""

import argparse
import json
import os
import sys
from pathlib import Path
from statistics import median

from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.description import describe
from isojoule.estimators.physics.estimator import TARGETS
from isojoule.estimators.physics.prior import learn_planes, prior_document
from isojoule.formats import read_runs

DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
SOURCE = (
    "trainings of six image networks on GTX 750 Ti, RTX 3070 and RTX 3090 by del Rey "
    "et al. (2023, 2024), CC BY 4.0, doi:10.5281/zenodo.7828518 and "
    "doi:10.5281/zenodo.11505891"
)


def judge(runs):
    """Print how planes of all other GPUs place the trainings of one."""
    for held in sorted({r.hardware.name for r in runs}):
        planes = learn_planes([r for r in runs if r.hardware.name != held], scope="gpu")
        estimator = PhysicsEstimator.fit(scope="gpu", planes=planes)
        for name, target in TARGETS.items():
            judged = [
                (describe(r.workload, r.hardware), value)
                for r in runs
                if r.hardware.name == held and (value := target.read(r, "gpu"))
            ]
            found = estimator.predict_all([at for at, _ in judged], target)
            pairs = list(zip(found, (v for _, v in judged), strict=True))
            off = median(abs(f.value / v - 1) for f, v in pairs)
            covered = sum(f.low <= v <= f.high for f, v in pairs) / len(pairs)
            reach = median((f.high / f.low) ** 0.5 for f, _ in pairs)
            print(
                f"{held:12} {name:18} {len(pairs):4} runs: median error {off:4.0%}, "
                f"covered {covered:4.0%}, interval a factor of {reach:.2g}",
                file=sys.stderr,
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA / "delrey2024/runs.parquet")
    runs = read_runs(parser.parse_args().data)
    judge(runs)
    planes = learn_planes(runs, scope="gpu")
    print(json.dumps(prior_document(planes, source=SOURCE), indent=1))


if __name__ == "__main__":
    main()
