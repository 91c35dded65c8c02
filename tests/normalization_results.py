"""Results of normalization studies, worked out the slow and obvious way."""

from itertools import permutations, product

import numpy as np

from isojoule.studies.normalization.results import Claim, Panel, Scored, StudyResult

FITS = {
    "references": [("none", ()), ("single-low", ()), ("single-high", ()), ("dual", ())],
    "regressions": [("linear", ()), ("poly2", ()), ("svr", ())],
    "features": [
        ("linear", ()),
        ("linear", ("flop",)),
        ("linear", ("params",)),
        ("linear", ("flop", "params")),
    ],
}
FRACTIONS = (0.1, 0.5, 1.0)
SAMPLINGS = ("random", "min-max", "medoid")


def make_energies(n_machines=3, n_workloads=30, seed=0):
    """Energies over five decades on machines whose ratio depends on the workload."""
    rng = np.random.default_rng(seed)
    base_j = np.sort(10 ** rng.uniform(1, 6, n_workloads))
    return {
        f"GPU {chr(65 + machine)}": {
            f"net{i % 6}/{i}": (1 + 0.4 * machine) * energy_j * ratio + 30 * machine
            for i, (energy_j, ratio) in enumerate(
                zip(base_j, np.exp(rng.normal(0, 0.35, n_workloads)), strict=True)
            )
        }
        for machine in range(n_machines)
    }


def make_features(energies_j, seed=1):
    """FLOP that go with energy, parameters that hardly do."""
    rng = np.random.default_rng(seed)
    first = next(iter(energies_j.values()))
    return {
        "flop": {w: e * 1e9 * np.exp(rng.normal(0, 0.2)) for w, e in first.items()},
        "params": {w: float(10 ** rng.uniform(4, 7)) for w in first},
    }


def make_result(study="references", energies_j=None, *, seeds=2):
    """A study of all pairs of `energies_j`, both splits."""
    energies_j = energies_j or make_energies()
    features = make_features(energies_j)
    scores, panels = [], []
    for source, target in permutations(energies_j, 2):
        names = sorted(energies_j[source].keys() & energies_j[target].keys())
        columns = [energies_j[source], *features.values()]
        inputs = np.array([[column[name] for column in columns] for name in names])
        true_j = np.array([energies_j[target][name] for name in names])
        for split, seed in product(("random", "by-model"), range(seeds)):
            about = {"source": source, "target": target, "split": split, "seed": seed}
            train, test = _split(names, split, seed)
            for method, used in FITS[study]:
                x = inputs[:, [0, *(1 + [*features].index(f) for f in used)]]
                chosen = _references(method, x[:, 0], train)
                predicted_j = _predict(method, x[chosen], true_j[chosen], x)
                fit = {"method": method, "features": used}
                judged = _judge(true_j[test], predicted_j[test])
                counts = {"n_references": len(chosen), "n_tested": len(test)}
                scores.append(make_scored(**about, **fit, **counts, **judged))
                if split == "random" and seed == 0:
                    shown = np.array(sorted({*chosen, *test}, key=lambda i: x[i, 0]))
                    panel = make_panel(
                        source=source,
                        target=target,
                        **fit,
                        workloads=tuple(names[i] for i in shown),
                        source_energy_j=tuple(x[shown, 0].tolist()),
                        true_energy_j=tuple(true_j[shown].tolist()),
                        predicted_energy_j=tuple(predicted_j[shown].tolist()),
                        is_reference=tuple(bool(i in chosen) for i in shown),
                        feature_values={
                            name: tuple(x[shown, 1 + place].tolist())
                            for place, name in enumerate(used)
                        },
                        **{m: judged[m] for m in ("r2", "mse_kwh2", "mdape")},
                    )
                    panels.append(panel)
            for sampling, fraction in product(SAMPLINGS, FRACTIONS):
                if study != "references":
                    break
                energy_j = inputs[:, :1]
                n = max(2, round(fraction * len(train)))
                chosen = _sample(sampling, energy_j[:, 0], train, n, seed)
                predicted_j = _predict(
                    "linear", energy_j[chosen], true_j[chosen], energy_j
                )
                counts = {"n_references": n, "n_tested": len(test)}
                offered = {"sampling": sampling, "fraction": fraction}
                judged = _judge(true_j[test], predicted_j[test])
                scores.append(make_scored(**about, **offered, **counts, **judged))
    return make_study(
        scores,
        panels,
        study=study,
        claims=CLAIMS,
        skipped=(("GPU A", "GPU Z", "4 shared workloads, 8 are needed"),),
        notes=("repeats reduced to their median: 12 runs to 4 energies",),
    )


def make_scored(**fields):
    """One fit; what is not given is that of an ordinary one."""
    ordinary = {
        "source": "A",
        "target": "B",
        "split": "random",
        "seed": 0,
        "method": "linear",
        "features": (),
        "sampling": "all",
        "fraction": 1.0,
        "n_references": 8,
        "n_tested": 2,
        "r2": 0.5,
        "mse_kwh2": 0.01,
        "mdape": 0.2,
        "male": 0.25,
        "nonpositive_fraction": 0.0,
    }
    return Scored(**{**ordinary, **fields})


def make_panel(**fields):
    """Three workloads on two machines, predicted by twice the source energy [J]."""
    ordinary = {
        "source": "A",
        "target": "B",
        "method": "linear",
        "features": (),
        "workloads": ("small", "middle", "large"),
        "source_energy_j": (3.6e6, 3.6e7, 3.6e8),
        "true_energy_j": (3.6e6, 7.2e7, 7.2e8),
        "predicted_energy_j": (7.2e6, 7.2e7, 7.2e8),
        "is_reference": (False, True, True),
        "feature_values": {},
        "coefficients": {"source energy [J/J]": 2.0},
        "r2": 0.75,
        "mse_kwh2": 0.5,
        "mdape": 1.0,
    }
    return Panel(**{**ordinary, **fields})


def make_study(scores=(), panels=(), **fields):
    """A study of what is given and nothing else."""
    ordinary = {
        "study": "regressions",
        "source_name": "made-up.parquet",
        "scores": tuple(scores),
        "panels": tuple(panels),
        "claims": (),
        "skipped": (),
        "notes": (),
    }
    return StudyResult(**{**ordinary, **fields})


CLAIMS = (
    Claim(
        id="dual-beats-single-low",
        text="Two references beat the lowest alone",
        verdict="holds",
        metric="MdAPE of single-low minus MdAPE of dual [fraction]",
        split="random",
        difference=0.21,
        low=0.08,
        high=0.35,
        level=0.95,
        n_pairs=6,
    ),
    Claim(
        id="params-hurt",
        text="Parameters alone make it worse",
        verdict="cannot tell",
        metric="R2 of linear minus R2 of linear with params [1]",
        split="by-model",
        difference=0.02,
        low=float("nan"),
        high=float("nan"),
        level=0.95,
        n_pairs=2,
    ),
)


def _predict(method, x, y, new):
    """Energies on the target for inputs `new`; column 0 is the source energy."""
    energy_j = new[:, 0]
    if method == "none":
        return energy_j
    if method.startswith("single"):
        return energy_j * y[0] / x[0, 0]
    if method == "dual":
        slope = (y[1] - y[0]) / (x[1, 0] - x[0, 0])
        return y[0] + slope * (energy_j - x[0, 0])
    if method == "svr":  # stands for it: a curve that levels off
        return np.median(y) + (y.max() - np.median(y)) * np.tanh(energy_j / x.max())
    scale = np.abs(x).max(axis=0)
    seen, asked = x / scale, new[:, : x.shape[1]] / scale
    if method == "poly2":
        seen, asked = np.c_[seen, seen**2], np.c_[asked, asked**2]
    solution = np.linalg.lstsq(np.c_[np.ones(len(seen)), seen], y, rcond=None)[0]
    return solution[0] + asked @ solution[1:]


def _references(method, energy_j, train):
    order = train[np.argsort(energy_j[train])]
    few = {"none": [], "single-low": [0], "single-high": [-1], "dual": [0, -1]}
    return order[few[method]] if method in few else order


def _judge(true_j, predicted_j):
    error_kwh = (predicted_j - true_j) / 3.6e6
    squared_spread = (((true_j - true_j.mean()) / 3.6e6) ** 2).sum()
    is_positive = predicted_j > 0
    ratio = np.where(is_positive, predicted_j / true_j, 1.0)
    return {
        "r2": float(1 - (error_kwh**2).sum() / (squared_spread or np.nan)),
        "mse_kwh2": float((error_kwh**2).mean()),
        "mdape": float(np.median(np.abs(predicted_j / true_j - 1))),
        "male": float(np.abs(np.log(ratio)).mean()) if is_positive.all() else np.inf,
        "nonpositive_fraction": float((~is_positive).mean()),
    }


def _split(names, split, seed):
    """Positions of the training and of the test part."""
    rng = np.random.default_rng(seed)
    if split == "random":
        order = rng.permutation(len(names))
        n_test = max(2, len(names) // 5)
        return np.sort(order[n_test:]), np.sort(order[:n_test])
    held_out = rng.choice(sorted({name.split("/")[0] for name in names}))
    is_test = np.array([name.split("/")[0] == held_out for name in names])
    return np.flatnonzero(~is_test), np.flatnonzero(is_test)


def _sample(sampling, energy_j, train, n, seed):
    order = train[np.argsort(energy_j[train])]
    if sampling == "random":
        return np.random.default_rng(seed).choice(train, size=n, replace=False)
    if sampling == "min-max":
        return np.r_[order[: (n + 1) // 2], order[len(order) - n // 2 :]]
    return order[np.linspace(0, len(order) - 1, n).astype(int)]
