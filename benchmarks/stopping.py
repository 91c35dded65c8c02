"""Stopping by price on real trainings: energy saved, score lost, forecasts of scores.

    python benchmarks/stopping.py [--seeds 3] [--tasks held-out] [--out results.json]

It trains small networks on the CPU (about 20 s a seed), follows each log epoch by
epoch, and compares the rule with early stopping and with the best in hindsight.
Energies are those of our meter; where no sensor is, modelled from the load of the CPU.
Prices are in mean epochs of the training itself: "3" says that a point of the score is
worth the energy of three epochs. Curves and rule were chosen on the development tasks;
what counts are the held-out ones.
"""

import argparse
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median

import numpy as np
from stopping_trainings import DEVELOPMENT, HELD_OUT, Task, run_task

from isojoule.estimators.epochs import Epoch
from isojoule.estimators.stopping.curve import fit_curve
from isojoule.estimators.stopping.paths import draw_paths
from isojoule.estimators.stopping.replay import Outcome, replay
from isojoule.estimators.stopping.rule import StopRule
from isojoule.estimators.stopping.tracker import ScoreTracker

PRICES_EPOCHS = (1.0, 3.0, 10.0)
POINTS = {"val_score": 0.01, "val_loss": 0.02}
MODES = {"val_score": "max", "val_loss": "min"}
SEEN = (5, 6, 8, 11, 15, 20, 27, 36, 45)
AHEAD = (1, 5, 15)
WINDOW = 5
N_DRAWS = 600

Predictor = Callable[[np.ndarray, int, np.random.Generator], np.ndarray]
"""Draws of the scores to come, shape (n_draws, n_ahead), from those so far."""


@dataclass(frozen=True)
class Log:
    """One training by one of its scores."""

    task: Task
    seed: int
    score: str
    epochs: tuple[Epoch, ...]

    def rule(self, price_epochs: float, *, announced: bool = True) -> StopRule:
        epoch_j = fmean(e.energy_j for e in self.epochs)
        change = self.task.unfrozen_at
        return StopRule(
            price_j_per_point=price_epochs * epoch_j,
            mode=MODES[self.score],
            point=POINTS[self.score],
            window=WINDOW,
            changes_at=(change,) if announced and change else (),
        )

    @property
    def values(self) -> np.ndarray:
        sign = 1.0 if MODES[self.score] == "max" else -1.0
        return np.array([sign * (e.score or 0.0) for e in self.epochs])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--tasks", choices=["held-out", "development"], default="held-out"
    )
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    tasks = HELD_OUT if asked.tasks == "held-out" else DEVELOPMENT
    logs = train_all(tasks, range(asked.seeds))
    found = {
        "tasks": asked.tasks,
        "n_trainings": len(logs) // 2,
        "replay": judge_rule(logs),
        "unannounced": judge_unannounced(logs),
        "forecasts": judge_forecasts(logs),
        "refit": time_refits(),
    }
    if asked.out:
        asked.out.write_text(json.dumps(found, indent=1) + "\n")


def train_all(tasks: Sequence[Task], seeds: Sequence[int]) -> list[Log]:
    begin_s = time.perf_counter()
    logs = [
        Log(task, seed, score, epochs)
        for task in tasks
        for seed in seeds
        for score, epochs in run_task(task, seed).items()
    ]
    took_s = time.perf_counter() - begin_s
    print(f"{len(logs) // 2} trainings of {len(tasks)} tasks in {took_s:.0f} s")
    return logs


def judge_rule(logs: Sequence[Log]) -> list[dict[str, object]]:
    """Print and return what rules save and lose at each price."""
    print("\n| price | rule | saved | points lost, mean | median | regret | 90 % |")
    print("|---|---|---|---|---|---|---|")
    rows = []
    for price in PRICES_EPOCHS:
        replayed = [outcomes_of(log, log.rule(price)) for log in logs]
        for name in replayed[0]:
            rows.append(row_of(price, name, logs, replayed))
            print(line_of(rows[-1]))
    return rows


def judge_unannounced(logs: Sequence[Log]) -> list[dict[str, object]]:
    """Print and return the same of frozen trainings whose change nobody announced."""
    frozen = [log for log in logs if log.task.unfrozen_at]
    rows = []
    for price in PRICES_EPOCHS:
        rule = [outcomes_of(log, log.rule(price, announced=False)) for log in frozen]
        rows.append(row_of(price, "rule", frozen, rule))
    print("\nFrozen first, the change not announced:\n")
    print("\n".join(map(line_of, rows)))
    return rows


def outcomes_of(log: Log, rule: StopRule) -> dict[str, Outcome]:
    return {o.name: o for o in replay(log.epochs, rule).outcomes}


def row_of(
    price: float,
    name: str,
    logs: Sequence[Log],
    replayed: Sequence[dict[str, Outcome]],
) -> dict[str, object]:
    """Return means over logs; regret is what hindsight nets more, in epochs."""
    regrets, saved, lost = [], [], []
    for log, outcomes in zip(logs, replayed, strict=True):
        epoch_j = fmean(e.energy_j for e in log.epochs)
        behind_j = outcomes["hindsight"].net_j - outcomes[name].net_j
        regrets.append(behind_j / epoch_j)
        saved.append(outcomes[name].saved_fraction)
        lost.append(outcomes[name].lost_points)
    # Score and loss of one training go together, so trainings are drawn, not logs.
    trainings = np.reshape(regrets, (-1, len(POINTS))).mean(axis=1)
    rng = np.random.default_rng(0)
    draws = rng.choice(trainings, (2000, len(trainings))).mean(axis=1)
    return {
        "price_epochs_per_point": price,
        "rule": name,
        "saved_fraction": fmean(saved),
        "lost_points": fmean(lost),
        "lost_points_median": median(lost),
        "regret_epochs": fmean(regrets),
        "regret_low_epochs": float(np.quantile(draws, 0.05)),
        "regret_high_epochs": float(np.quantile(draws, 0.95)),
    }


def line_of(row: dict[str, object]) -> str:
    return (
        f"| {row['price_epochs_per_point']:g} | {row['rule']} "
        f"| {100 * row['saved_fraction']:.0f} % | {row['lost_points']:.2f} "
        f"| {row['lost_points_median']:.2f} | {row['regret_epochs']:.1f} "
        f"| {row['regret_low_epochs']:.1f} to {row['regret_high_epochs']:.1f} |"
    )


def ours(seen: np.ndarray, n_ahead: int, rng: np.random.Generator) -> np.ndarray:
    return draw_paths(fit_curve(seen), n_ahead, rng=rng, n_draws=N_DRAWS).scores


def last_level(seen: np.ndarray, n_ahead: int, rng: np.random.Generator) -> np.ndarray:
    """Scores stay where the last five are, scattered as they change."""
    spread = np.sqrt(np.mean(np.diff(seen[-15:]) ** 2)) + 1e-9
    return seen[-5:].mean() + spread * rng.standard_normal((N_DRAWS, n_ahead))


def least_squares_mixture(
    seen: np.ndarray, n_ahead: int, rng: np.random.Generator
) -> np.ndarray:
    """Three curves by bounded robust least squares, weighed by BIC, normal errors."""
    from scipy.optimize import least_squares

    n, scale = len(seen), max(float(np.ptp(seen)), 1e-9)
    at, ahead = np.arange(1.0, n + 1), np.arange(n + 1.0, n + n_ahead + 1)
    scaled = (seen - seen[0]) / scale
    forms = [
        (lambda p, t: p[0] - p[1] * t ** -p[2], [1, 1, 0.7], [0.02], [4.0]),
        (
            lambda p, t: p[0] - p[1] * np.exp(-t / p[2]),
            [1, 1, max(n / 4, 1)],
            [0.2],
            [10.0 * n],
        ),
        (
            lambda p, t: p[0] - p[1] / (1 + (t / p[2]) ** p[3]),
            [1, 1, max(n / 4, 1), 2.0],
            [0.2, 0.3],
            [10.0 * n, 6.0],
        ),
    ]
    fits = []
    for form, begin, low, high in forms:
        bounds = ([-3, -3, *low], [5, 10, *high])
        fit = least_squares(
            lambda p, form=form: form(p, at) - scaled,
            begin,
            bounds=bounds,
            loss="soft_l1",
            f_scale=0.1,
            max_nfev=60,
        )
        rest = float(np.sum((form(fit.x, at) - scaled) ** 2))
        variance = rest / max(n - len(begin), 1) + 1e-8
        gram = fit.jac.T @ fit.jac + 1e-6 * np.eye(len(begin))
        bic = n * np.log(rest / n + 1e-8) + len(begin) * np.log(n)
        fits.append(
            (form, fit.x, variance * np.linalg.inv(gram), variance, bounds, bic)
        )
    bics = np.array([fit[-1] for fit in fits])
    shares = np.exp(-0.5 * (bics - bics.min()))
    drawn = np.empty((N_DRAWS, n_ahead))
    for draw, which in enumerate(rng.choice(3, N_DRAWS, p=shares / shares.sum())):
        form, best, covariance, variance, bounds, _ = fits[which]
        root = np.linalg.cholesky(covariance + 1e-12 * np.eye(len(best)))
        parameters = np.clip(best + root @ rng.standard_normal(len(best)), *bounds)
        noise = np.sqrt(variance) * rng.standard_normal(n_ahead)
        drawn[draw] = form(parameters, ahead) + noise
    return seen[0] + scale * drawn


PREDICTORS: dict[str, Predictor] = {
    "ours": ours,
    "least squares": least_squares_mixture,
    "last level": last_level,
}


def judge_forecasts(logs: Sequence[Log]) -> list[dict[str, object]]:
    """Print and return error and coverage of forecasts; frozen trainings left out."""
    plain = [log for log in logs if not log.task.unfrozen_at]
    heads = "".join(f" CRPS {n} ahead | coverage |" for n in AHEAD)
    print(f"\nIn 1/1000 of the range of the scores; intervals of 90 %:\n\n| |{heads}")
    print("|---|" + "---|---|" * len(AHEAD))
    rows = []
    for name, predict in PREDICTORS.items():
        errors, inside = np.array(
            [case for log in plain for case in cases(log, predict)]
        ).T
        row: dict[str, object] = {"predictor": name}
        cells = []
        for place, n_ahead in enumerate(AHEAD):
            error = float(errors[place].mean())
            covered = float(inside[place].mean())
            row |= {f"crps_{n_ahead}": error, f"coverage_{n_ahead}": covered}
            cells.append(f" {1000 * error:.1f} | {100 * covered:.0f} % |")
        rows.append(row)
        print(f"| {name} |{''.join(cells)}")
    return rows


def cases(log: Log, predict: Predictor) -> list[np.ndarray]:
    """Return error and coverage, shape (n_ahead, 2), after some numbers of epochs."""
    values, found = log.values, []
    for n_seen in SEEN:
        rng = np.random.default_rng(0)
        drawn = predict(values[:n_seen], max(AHEAD), rng)
        case = []
        for n_ahead in AHEAD:
            true = values[n_seen + n_ahead - 1]
            low, high = np.quantile(drawn[:, n_ahead - 1], (0.05, 0.95))
            error = crps(drawn[:, n_ahead - 1], true) / np.ptp(values)
            case.append((error, float(low <= true <= high)))
        found.append(np.array(case))
    return found


def crps(drawn: np.ndarray, true: float) -> float:
    """Return the continuous ranked probability score of draws [1].

    [1] Gneiting & Raftery (2007), JASA 102(477), doi:10.1198/016214506000001437,
    equation 20.
    """
    ranked = np.sort(drawn)
    n = len(ranked)
    spread = np.sum((2 * np.arange(1, n + 1) - n - 1) * ranked) / n**2
    return float(np.mean(np.abs(ranked - true)) - spread)


def time_refits() -> list[dict[str, object]]:
    """Print and return what a decision costs a callback, the fastest of seven."""
    print("\n| epochs so far | fit, draws and level |\n|---|---|")
    rows = []
    for n_seen in (10, 30, 100, 300, 1000):
        rng = np.random.default_rng(0)
        curve = 0.9 - 0.5 * np.exp(-np.arange(n_seen) * 6 / n_seen)
        tracker = ScoreTracker(0.01, (None, None), 0)
        for n, score in enumerate(curve + 0.01 * rng.standard_normal(n_seen)):
            tracker.observe(n, float(score))
        took_s = []
        for _ in range(7):
            begin_s = time.perf_counter()
            tracker.look_ahead(WINDOW).curve.level()
            took_s.append(time.perf_counter() - begin_s)
        rows.append({"n_seen": n_seen, "duration_s": min(took_s)})
        print(f"| {n_seen} | {1000 * min(took_s):.1f} ms |")
    return rows


if __name__ == "__main__":
    main()
