"""Speed of the normalization study, beside the loop over scikit-learn fits.

Run with the published table of four cards:

    python benchmarks/normalization.py zeus_nsdi23.parquet [--out results.json]

Times are the best of several, so that a busy machine counts little. What scikit-learn
takes is measured in the same run.
"""

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import numpy as np

from isojoule.formats import read_runs
from isojoule.records import Calibration, Observation
from isojoule.studies.normalization import references, regressions
from isojoule.studies.normalization.batched import least_squares
from isojoule.studies.normalization.features import design_features, study_features
from isojoule.studies.normalization.methods import METHODS
from isojoule.studies.normalization.pairs import Measurements, SharedPair
from isojoule.studies.normalization.running import Settings, gather
from isojoule.studies.normalization.scores import score_all
from isojoule.studies.normalization.scoring import score_pairs
from isojoule.studies.normalization.splits import make_folds

BARS_S = {
    "100,000 fits of 20 x 3": 0.3,
    "whole study, all three parts": 10.0,
    "linear methods of the whole study": 1.0,
    "1,000 bootstrap replicates": 10.0,
}
RATIO_BAR = 30
SPLITS = ("random", "by-model")
LINEAR = (
    "single-low",
    "single-high",
    "single-median",
    "dual",
    "linear",
    "poly2",
    "log-linear",
)


def best_s(work: Callable[[], object], times: int = 5) -> float:
    """Return the shortest of several times [s]."""
    found = []
    for _ in range(times):
        start_s = time.perf_counter()
        work()
        found.append(time.perf_counter() - start_s)
    return min(found)


def shared_pairs(gathered, features=()) -> list[SharedPair]:
    """Return all ordered pairs that share enough."""
    measured = Measurements(gathered.calibrations, features)
    found = (
        measured.share(a, b, min_shared=8)
        for a, b in permutations(gathered.calibrations, 2)
    )
    return [pair for pair in found if isinstance(pair, SharedPair)]


def many_fits(n_fits=100_000, n=20, p=3):
    """Return the arguments of many small fits."""
    rng = np.random.default_rng(0)
    inputs = rng.lognormal(0, 2, (n_fits, p, n))
    values = rng.lognormal(0, 2, (n_fits, n))
    return inputs, values, np.ones((n_fits, n))


def scikit_learn_fits(inputs, values, n_fits):
    """Fit the first of them as a user would."""
    from sklearn.linear_model import LinearRegression

    for row in range(n_fits):
        LinearRegression().fit(inputs[row].T, values[row])


def linear_designs():
    """Return the three studies without support vectors, which are fitted one by one."""
    curves = tuple(
        v for v in regressions.DESIGN.variants if not v.method.startswith("svr")
    )
    return (
        references.DESIGN,
        replace(regressions.DESIGN, variants=curves, questions=()),
        design_features(("params",)),
    )


def whole_study(runs) -> None:
    settings = Settings(with_panels=False)
    references.study_references(runs, settings=settings)
    regressions.study_regressions(runs, settings=settings)
    study_features(runs, settings=settings)


def linear_parts(gathered) -> Callable[[], None]:
    """Return the fits and scores of all methods but support vectors."""
    parts = [(shared_pairs(gathered, d.features), d) for d in linear_designs()]

    def work() -> None:
        for pairs, design in parts:
            score_pairs(pairs, design, SPLITS, 5)

    return work


def bootstrap(pairs, n_replicates=1000, seed=0) -> int:
    """Refit the linear methods to training parts drawn anew; return the fits.

    A replicate draws the training part of every fold of five random splits with
    replacement, fits, and scores on the workloads that the split holds out.
    """
    rng = np.random.default_rng(seed)
    n_fits = 0
    for folds in make_folds(pairs, (), "random", 5):
        shares = folds.is_train / folds.n_train[:, np.newaxis]
        for start in range(0, n_replicates, 50):
            n = min(50, n_replicates - start)
            counts = rng.multinomial(folds.n_train, shares, size=(n, len(shares)))
            counts = counts.reshape(-1, shares.shape[1]).astype(float)
            repeated = folds.of(np.tile(np.arange(len(shares)), n))
            for name in LINEAR:
                fitted = METHODS[name].fit(repeated, counts)
                score_all(
                    fitted.predicted_j, repeated.target_energy_j, repeated.is_test
                )
                n_fits += len(counts)
    return n_fits


def scikit_learn_study(pairs, n_seeds=5) -> int:
    """Study references as a user would, fit by fit; return how many there were."""
    from sklearn.linear_model import LinearRegression
    from sklearn.metrics import mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    n_fits = 0
    for pair in pairs:
        x, y = pair.source_energy_j[:, np.newaxis] / 3.6e6, pair.target_energy_j / 3.6e6
        for seed in range(n_seeds):
            x_fit, x_test, y_fit, y_test = train_test_split(
                x, y, test_size=0.2, random_state=seed
            )
            order = np.argsort(x_fit[:, 0])
            chosen = [(LinearRegression(), order), (LinearRegression(), order[[0, -1]])]
            parabola = make_pipeline(PolynomialFeatures(2), LinearRegression())
            chosen.append((parabola, order))
            for fraction in references.FRACTIONS:
                k = max(2, round(fraction * len(order)))
                low = (k + 1) // 2
                ends = np.r_[order[:low], order[len(order) - (k - low) :]]
                drawn = np.random.default_rng(seed).permutation(order)[:k]
                chosen += [(LinearRegression(), ends), (LinearRegression(), drawn)]
            for model, used in chosen:
                model.fit(x_fit[used], y_fit[used])
                predicted = model.predict(x_test)
                r2_score(y_test, predicted)
                mean_squared_error(y_test, predicted)
                np.median(np.abs(predicted / y_test - 1))
                n_fits += 1
    return n_fits


def made_up_machines(n_machines: int, n_workloads=40):
    """Return calibrations of many machines with five networks."""
    rng = np.random.default_rng(0)
    base_j = 10 ** rng.uniform(2, 6, n_workloads)
    found = {}
    for m in range(n_machines):
        energy_j = base_j * rng.lognormal(0, 0.5) * rng.lognormal(0, 0.3, n_workloads)
        found[f"m{m}"] = Calibration(
            f"m{m}",
            {
                f"w{w}": Observation(f"w{w}", f"m{m}", float(e), model=f"net{w % 5}")
                for w, e in enumerate(energy_j)
            },
        )
    return found


def growth(n_pairs: int) -> dict[str, float]:
    """Return what the references study costs for so many pairs."""
    from isojoule.studies.normalization.running import Gathered, run_study

    n_machines = int(np.ceil((1 + np.sqrt(1 + 4 * n_pairs)) / 2))
    gathered = Gathered(made_up_machines(n_machines), ())
    wanted = list(permutations(gathered.calibrations, 2))[:n_pairs]
    settings = Settings(pairs=tuple(f"{a}:{b}" for a, b in wanted), with_panels=False)
    pairs = shared_pairs(gathered)[:n_pairs]
    start_s = time.perf_counter()
    for first in range(0, n_pairs, 256):
        score_pairs(pairs[first : first + 256], references.DESIGN, SPLITS, 5, first)
    fitted_s = time.perf_counter() - start_s
    start_s = time.perf_counter()
    result = run_study(gathered, references.DESIGN, settings, level=0.95)
    return {
        "n_pairs": n_pairs,
        "n_fits": len(result.scores),
        "fits_and_scores_s": fitted_s,
        "whole_s": time.perf_counter() - start_s,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--most-pairs", type=int, default=10_000)
    options = parser.parse_args()
    runs = read_runs(options.table)
    gathered = gather(runs, Settings())
    pairs = shared_pairs(gathered)
    whole_study(runs)  # imports scipy and scikit-learn

    fits = many_fits()
    times_s = {
        "100,000 fits of 20 x 3": best_s(lambda: least_squares(*fits)),
        "whole study, all three parts": best_s(lambda: whole_study(runs)),
        "linear methods of the whole study": best_s(linear_parts(gathered)),
        "1,000 bootstrap replicates": best_s(lambda: bootstrap(pairs), times=1),
    }
    n_bootstrap_fits = 1000 * 5 * len(pairs) * len(LINEAR)

    n_slow = 2000
    slow_s = best_s(lambda: scikit_learn_fits(*fits[:2], n_slow), times=3)
    ratio_of_fits = slow_s / n_slow * 100_000 / times_s["100,000 fits of 20 x 3"]
    user_s = best_s(lambda: scikit_learn_study(pairs), times=3)
    n_user = scikit_learn_study(pairs)
    ours_s = best_s(lambda: score_pairs(pairs, references.DESIGN, ("random",), 5))
    n_ours = len(score_pairs(pairs, references.DESIGN, ("random",), 5).scores)
    ratio_of_study = (user_s / n_user) / (ours_s / n_ours)

    print(f"{'':36} {'best':>9} {'bar':>7}")
    for name, bar_s in BARS_S.items():
        print(f"{name:36} {times_s[name]:7.3f} s {bar_s:5.1f} s")
    print(f"{'ratio to scikit-learn, 20 x 3':36} {ratio_of_fits:7.0f}   {RATIO_BAR:5}")
    print(f"{'ratio to scikit-learn, with scores':36} {ratio_of_study:7.0f}")
    grown = []
    sizes = [n for n in (10, 100, 1000, 10_000) if n <= options.most_pairs]
    for n in sizes:
        grown.append(growth(n))
        print({k: round(v, 3) for k, v in grown[-1].items()})
    if options.out:
        document = {
            "machine": f"{platform.machine()}, Python {platform.python_version()}, "
            f"NumPy {np.__version__}",
            "times_s": times_s,
            "bars_s": BARS_S,
            "n_bootstrap_fits": n_bootstrap_fits,
            "scikit_learn": {
                "s_per_fit_20x3": slow_s / n_slow,
                "ratio_20x3": ratio_of_fits,
                "s_per_fit_and_scores": user_s / n_user,
                "ratio_with_scores": ratio_of_study,
            },
            "growth": grown,
        }
        options.out.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
