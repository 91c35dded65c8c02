"""How much the grouped score of `physics` depends on the deal of configurations.

Run with the training part of the published regressions:

    python benchmarks/grouped_draws.py [--data regression_train.parquet] [--draws 40]

Deals the 48 configurations into five hands at random, again and again, predicts each
hand from the other four, and prints the spread of R2 and of the coverage of the 90 %
intervals. The first line is the deal of scikit-learn's GroupKFold(5).
"""

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupKFold

from isojoule.estimators.physics import PhysicsEstimator
from isojoule.estimators.physics.description import describe
from isojoule.estimators.physics.estimator import TARGETS
from isojoule.formats import read_runs

DATA = Path(
    os.environ.get("ISOJOULE_DATA", Path(__file__).parents[2] / "shared" / "data")
)
JUDGED = ("mean_power_w", "epoch_energy_j")


def scores(runs, at, hands):
    """Return R2 and coverage of both targets when each hand is predicted."""
    truth = {n: np.array([TARGETS[n].read(r, "node") for r in runs]) for n in JUDGED}
    found = {n: np.empty((len(runs), 3)) for n in JUDGED}
    for held in hands:
        kept = np.setdiff1d(np.arange(len(runs)), held)
        estimator = PhysicsEstimator.fit([runs[i] for i in kept], scope="node")
        for name, rows in found.items():
            told = estimator.predict_all([at[i] for i in held], TARGETS[name])
            rows[held] = [[p.value, p.low, p.high] for p in told]
    row = []
    for name in JUDGED:
        value, low, high = found[name].T
        left = ((truth[name] - value) ** 2).sum()
        total = ((truth[name] - truth[name].mean()) ** 2).sum()
        row += [1 - left / total, ((low <= truth[name]) & (truth[name] <= high)).mean()]
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    default = DATA / "delrey2024" / "regression_train.parquet"
    parser.add_argument("--data", type=Path, default=default)
    parser.add_argument("--draws", type=int, default=40)
    asked = parser.parse_args()
    runs = read_runs(asked.data)
    at = [describe(r.workload, r.hardware) for r in runs]
    _, group = np.unique([r.tags["config_id"] for r in runs], return_inverse=True)
    heads = ["power R2", "coverage", "epoch energy R2", "coverage"]
    fixed = [held for _, held in GroupKFold(5).split(group, groups=group)]
    print("GroupKFold(5):", *map("{} {:.3f}".format, heads, scores(runs, at, fixed)))
    drawn = []
    for seed in range(asked.draws):
        deal = np.random.default_rng(seed).permutation(group.max() + 1) % 5
        drawn.append(
            scores(runs, at, [np.flatnonzero(deal[group] == h) for h in range(5)])
        )
    for share in (0.05, 0.25, 0.5, 0.75, 0.95):
        told = map("{} {:.3f}".format, heads, np.quantile(drawn, share, axis=0))
        print(f"{share:4.0%} of {asked.draws} deals lie below:", *told)


if __name__ == "__main__":
    main()
