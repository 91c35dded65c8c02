"""The whole batched path against a loop over fits that anybody would write."""

import numpy as np
import pytest

from isojoule.studies.normalization import references, regressions
from isojoule.studies.normalization.features import design_features
from isojoule.studies.normalization.sampling import SAMPLINGS
from isojoule.studies.normalization.scores import METRICS
from isojoule.studies.normalization.scoring import SCORE_TYPE, score_pairs, to_scored
from isojoule.studies.normalization.splits import SPLITS, make_folds
from many_machines import make_pair

SPLIT_NAMES = tuple(SPLITS)
MODELS = [f"net{i % 4}" for i in range(33)]


def made_up_pairs(n_features=0):
    return [
        make_pair(n, models=MODELS[:n], source=source, n_features=n_features)
        for n in (9, 16, 33)
        for source in "AC"
    ]


def naive_predictions(method, x, y, features, new, new_features):
    """Target energies by loops and NumPy's own solver."""
    low, high = x.argmin(), x.argmax()
    if method == "none":
        return new
    if method.startswith("single"):
        middle = np.argsort(x, kind="stable")[(len(x) - 1) // 2]
        i = {"low": low, "high": high, "median": middle}[method.split("-")[1]]
        return new * y[i] / x[i]
    if method == "dual":
        return y[high] + (y[high] - y[low]) / (x[high] - x[low]) * (new - x[high])
    if method == "theil-sen":
        slopes = [
            (y[j] - y[i]) / (x[j] - x[i])
            for i in range(len(x))
            for j in range(i + 1, len(x))
            if x[i] != x[j]
        ]
        slope = np.median(slopes)
        return np.median(y) + slope * (new - np.median(x))
    if method == "log-linear":
        slope, intercept = np.polyfit(np.log(x), np.log(y), 1)
        return np.exp(intercept + slope * np.log(new))
    if method.startswith("svr"):
        from sklearn.svm import SVR

        zero, unit = (0.0, 0.0), (3.6e6, 3.6e6)
        if method == "svr-standardized":
            zero, unit = (x.mean(), y.mean()), (x.std(), y.std())
        model = SVR(C=0.1, epsilon=1e-4)
        model.fit(((x - zero[0]) / unit[0])[:, None], (y - zero[1]) / unit[1])
        counts = model.predict(((new - zero[0]) / unit[0])[:, None])
        return zero[1] + unit[1] * counts
    columns, new_columns = [x, *features.T], [new, *new_features.T]
    if method == "poly2":
        columns, new_columns = [x, x**2], [new, new**2]
    scale = [np.abs(c).max() for c in columns]
    table = np.column_stack([np.ones(len(x)), *np.divide(columns, np.c_[scale])])
    found, *_ = np.linalg.lstsq(table, y, rcond=None)
    wide = [np.ones(len(new)), *np.divide(new_columns, np.c_[scale])]
    return np.column_stack(wide) @ found


def naive_scores(predicted_j, true_j):
    error_kwh = (predicted_j - true_j) / 3.6e6
    spread = ((true_j - true_j.mean()) / 3.6e6) ** 2
    positive = predicted_j > 0
    return {
        "r2": 1 - (error_kwh**2).sum() / spread.sum() if len(true_j) > 1 else np.nan,
        "mse_kwh2": np.mean(error_kwh**2),
        "mdape": np.median(np.abs(predicted_j / true_j - 1)),
        "male": np.mean(np.abs(np.log(predicted_j / true_j)))
        if positive.all()
        else np.inf,
        "nonpositive_fraction": 1 - positive.mean(),
    }


def naive_study(pairs, design):
    """Scores of every fit by pair, split, variant and seed, one fit after the other."""
    found = {}
    for split in SPLIT_NAMES:
        for folds in make_folds(pairs, design.features, split, 5):
            orders = {name: order(folds) for name, order in SAMPLINGS.items()}
            for row, place in enumerate(folds.pair):
                pair = pairs[place]
                train = np.flatnonzero(folds.is_train[row])
                test = np.flatnonzero(folds.is_test[row])
                for variant in design.variants:
                    n_min = variant.n_min
                    k = n_min
                    if variant.fraction is not None:
                        k = max(int(variant.fraction * len(train) + 0.5), n_min)
                    order = orders[variant.sampling][row][train]
                    used = train[order < k]
                    x, y = pair.source_energy_j, pair.target_energy_j
                    columns = [design.features.index(f) for f in variant.features]
                    values = pair.feature_values[:, columns]
                    predicted_j = naive_predictions(
                        *(variant.method, x[used], y[used], values[used]),
                        *(x[test], values[test]),
                    )
                    key = (place, split, variant, folds.seed[row])
                    found[key] = naive_scores(predicted_j, y[test])
    return found


@pytest.mark.parametrize(
    "design",
    [references.DESIGN, regressions.DESIGN, design_features(("flop", "params"))],
    ids=lambda design: design.study,
)
def test_every_score_of_a_study_is_that_of_a_loop_over_fits(design):
    pytest.importorskip("sklearn")
    pairs = made_up_pairs(len(design.features))
    scores = score_pairs(pairs, design, SPLIT_NAMES, 5).scores
    expected = naive_study(pairs, design)
    assert len(scores) == len(expected)
    for row in scores:
        variant = design.variants[row["variant"]]
        split = SPLIT_NAMES[row["split"]]
        slow = expected[row["pair"], split, variant, row["seed"]]
        for name in METRICS:
            near = pytest.approx(slow[name], rel=1e-9, abs=1e-12, nan_ok=True)
            assert row[name] == near, (variant.label, split, name)


def test_scores_come_by_pair_split_variant_and_seed():
    scores = score_pairs(made_up_pairs(), regressions.DESIGN, SPLIT_NAMES, 3).scores
    keys = [
        tuple(row[n] for n in ("pair", "split", "variant", "seed")) for row in scores
    ]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert scores.dtype == SCORE_TYPE


def test_pairs_do_not_depend_on_the_others_to_the_last_bit():
    pairs = made_up_pairs()
    together = score_pairs(pairs, references.DESIGN, SPLIT_NAMES, 5)
    parts = [
        score_pairs(pairs[i : i + size], references.DESIGN, SPLIT_NAMES, 5, i)
        for i, size in ((0, 1), (1, 3), (4, 2))
    ]
    alone = np.concatenate([part.scores for part in parts])
    assert alone.tobytes() == together.scores.tobytes()
    assert np.sum([p.n_folds for p in parts], axis=0).tolist() == [*together.n_folds]


def test_a_method_below_its_minimum_is_left_out_and_counted():
    pair = make_pair(8, models=["a"] * 6 + ["b"] * 2)
    tally = score_pairs([pair], regressions.DESIGN, ("by-model",), 2)
    fitted = {
        regressions.DESIGN.variants[v].method
        for v in tally.scores["variant"][tally.scores["n_references"] == 2]
    }
    assert fitted == {"linear", "log-linear", "theil-sen"}  # the others need three
    assert tally.n_folds == (2,)


def test_records_have_the_names_of_what_was_scored():
    pairs = made_up_pairs()
    design = references.DESIGN
    scores = score_pairs(pairs, design, SPLIT_NAMES, 2).scores
    records = to_scored(scores, pairs, design.variants, SPLIT_NAMES)
    assert len(records) == len(scores)
    for record, row in zip(records, scores, strict=True):
        assert record.source == pairs[row["pair"]].source
        assert record.split == SPLIT_NAMES[row["split"]]
        assert record.method == design.variants[row["variant"]].method
        assert record.n_references == row["n_references"]
        assert isinstance(record.seed, int)
    two = [r for r in records if r.method == "dual" and r.sampling == "random"]
    assert {r.n_references for r in two} == {2}
    assert two[0].fraction == pytest.approx(2 / 7)  # of a training part of seven
