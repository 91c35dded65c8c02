"""Every fit of a study, scored: arrays over pairs, seeds and variants."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from isojoule.studies.normalization.design import Design, Variant
from isojoule.studies.normalization.methods import METHODS, Fitted, is_enough
from isojoule.studies.normalization.pairs import SharedPair
from isojoule.studies.normalization.results import Scored
from isojoule.studies.normalization.scores import METRICS, score_all
from isojoule.studies.normalization.splits import Folds, make_folds

SCORE_TYPE: Final = np.dtype(
    [
        *((name, np.int64) for name in ("pair", "split", "variant", "seed")),
        ("fraction", np.float64),
        *((name, np.int64) for name in ("n_references", "n_tested")),
        *((name, np.float64) for name in METRICS),
    ]
)
"""One row per fit; pair, split and variant are places in their lists."""

Scores = NDArray[Any]
"""A structured array of `SCORE_TYPE`."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Scores, and how many there could have been.

    Parameters
    ----------
    scores : ndarray of SCORE_TYPE
        By pair, split, variant and seed.
    n_folds : tuple of int
        Folds of each split: a variant was to be fitted to all of them.
    """

    scores: Scores
    n_folds: tuple[int, ...]


def score_pairs(
    pairs: Sequence[SharedPair],
    design: Design,
    splits: Sequence[str],
    n_seeds: int,
    first: int = 0,
) -> Tally:
    """Return the scores of every variant on every fold of `pairs`.

    Parameters
    ----------
    pairs : sequence of SharedPair
        Some pairs of a study.
    design : Design
        The study.
    splits : sequence of str
        Names of `SPLITS`.
    n_seeds : int
        Splits of each pair and kind.
    first : int, default 0
        Place of the first of the pairs among all.
    """
    parts: list[Scores] = [np.empty(0, dtype=SCORE_TYPE)]
    n_folds = [0] * len(splits)
    for split, name in enumerate(splits):
        for folds in make_folds(pairs, design.features, name, n_seeds):
            n_folds[split] += len(folds.pair)
            for scores in _score_folds(folds, design.variants):
                scores["split"] = split
                scores["pair"] += first
                parts.append(scores)
    scores = np.concatenate(parts)
    order = np.lexsort([scores[n] for n in ("seed", "variant", "split", "pair")])
    return Tally(scores[order], tuple(n_folds))


def _score_folds(folds: Folds, variants: Sequence[Variant]) -> Iterator[Scores]:
    """Yield the scores of one variant after the other."""
    for place, chosen, fitted in fit_variants(folds, variants):
        fraction = variants[place].fraction
        scores = np.zeros(len(chosen.pair), dtype=SCORE_TYPE)
        n_references = fitted.is_reference.sum(axis=1)
        scores["pair"], scores["seed"] = chosen.pair, chosen.seed
        scores["variant"] = place
        scores["n_references"] = n_references
        scores["n_tested"] = chosen.is_test.sum(axis=1)
        scores["fraction"] = (
            n_references / chosen.n_train if fraction is None else fraction
        )
        found = score_all(fitted.predicted_j, chosen.target_energy_j, chosen.is_test)
        for name, values in found.items():
            scores[name] = values
        yield scores


def fit_variants(
    folds: Folds, variants: Sequence[Variant]
) -> Iterator[tuple[int, Folds, Fitted]]:
    """Yield the place of each variant, the folds that offer enough, and its fits.

    Parameters
    ----------
    folds : Folds
        The folds.
    variants : sequence of Variant
        What to fit.
    """
    orders: dict[str, Any] = {}
    for place, variant in enumerate(variants):
        method = METHODS[variant.method]
        weights = variant.weights(folds, orders)
        is_usable = is_enough(method, folds, weights, n_features=len(variant.features))
        chosen = folds.with_features(variant.features)
        if not is_usable.all():
            chosen, weights = chosen.of(is_usable), weights[is_usable]
        if len(weights):
            yield place, chosen, method.fit(chosen, weights)


def to_scored(
    scores: Scores,
    pairs: Sequence[SharedPair],
    variants: Sequence[Variant],
    splits: Sequence[str],
) -> tuple[Scored, ...]:
    """Return one record per row of `scores`.

    Parameters
    ----------
    scores : ndarray of SCORE_TYPE
        What was scored.
    pairs, variants, splits
        What its places mean.
    """
    return tuple(
        Scored(
            pairs[pair].source,
            pairs[pair].target,
            splits[split],
            seed,
            variants[variant].method,
            variants[variant].features,
            variants[variant].sampling,
            *rest,
        )
        for pair, split, variant, seed, *rest in scores.tolist()
    )
