"""Which workloads of each pair are held out, and the folds that fits are made of.

``random`` holds out a fifth of the workloads of a pair: the first of NumPy's
permutation of their names in order, by the seed alone. Anybody can draw the same; pairs
that share the same workloads hold out the same ones, whatever others there are.

``by-model`` deals the networks of a pair, shuffled, into five hands that differ by at
most one network (into as many hands as there are networks where there are fewer), and
seeds hold out one hand after the other; after the last hand the networks are shuffled
anew. Rounds are dealt to their end, so that every network is held out as often as any
other. Pairs with the same networks hold out the same ones.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, Self
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.pairs import Floats
from isojoule.studies.normalization.pairs import SharedPair

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

TESTED_FRACTION: Final = 0.2
N_HANDS: Final = 5

_WIDTH_STEP: Final = 8


@dataclass(frozen=True, slots=True)
class Folds:
    """Splits of several pairs, side by side: one row each, padded to one width.

    What is padded is neither trained on nor tested; its energies are 1 J. The width
    depends on the pair alone, so that sums over a row do not depend on other rows.

    Parameters
    ----------
    features : tuple of str
        Names of the features.
    pair : ndarray of shape (n_folds,)
        Place of the pair in the list.
    seed : ndarray of shape (n_folds,)
        Which of its splits.
    source_energy_j, target_energy_j : ndarray of shape (n_folds, width)
        Energies [J], those of the source rising.
    feature_values : ndarray of shape (n_folds, n_features, width)
        Their values.
    is_train, is_test : ndarray of bool, shape (n_folds, width)
        The parts.
    lot : ndarray of shape (n_folds, width)
        Order in which workloads are drawn where references are taken at random.
    """

    features: tuple[str, ...]
    pair: Ints
    seed: Ints
    source_energy_j: Floats
    target_energy_j: Floats
    feature_values: Floats
    is_train: Bools
    is_test: Bools
    lot: Ints

    @property
    def n_train(self) -> Ints:
        """Workloads of the training part of each fold."""
        return np.asarray(self.is_train.sum(axis=1))

    def with_features(self, names: Sequence[str]) -> Self:
        """Return the same folds with these features alone."""
        places = [self.features.index(name) for name in names]
        values = self.feature_values[:, places]
        return replace(self, features=tuple(names), feature_values=values)

    def of(self, rows: Ints | Bools) -> Self:
        """Return the folds of these rows, in their order; a row may come again."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}
        names = arrays.pop("features")
        kept = {name: values[rows] for name, values in arrays.items()}
        return replace(self, features=names, **kept)


def hold_out_random(pair: SharedPair, n_seeds: int) -> Bools:
    """Return which workloads each seed holds out, shape (n_seeds, n)."""
    n = len(pair.workloads)
    n_tested = round(TESTED_FRACTION * n)
    by_name = np.argsort(np.array(pair.workloads))
    held = np.zeros((n_seeds, n), dtype=bool)
    for seed in range(n_seeds):
        drawn = np.random.default_rng(seed).permutation(n)[:n_tested]
        held[seed, by_name[drawn]] = True
    return held


def hold_out_models(pair: SharedPair, n_seeds: int) -> Bools:
    """Return which workloads each seed holds out, shape (at most n_seeds, n)."""
    names, model = np.unique(pair.models, return_inverse=True)
    n_hands = min(N_HANDS, len(names))
    if n_seeds > n_hands:
        n_seeds -= n_seeds % n_hands
    held = np.zeros((n_seeds, len(model)), dtype=bool)
    for seed in range(n_seeds):
        rng = np.random.default_rng([len(names), seed // n_hands])
        shuffled = rng.permutation(len(names))
        hand = np.array_split(shuffled, n_hands)[seed % n_hands]
        held[seed] = np.isin(model, hand)
    return held


def unusable_models(pair: SharedPair) -> str:
    """Return why networks of a pair cannot be held out; nothing where they can."""
    if pair.n_unstated == len(pair.workloads):
        return "no network is stated (column model) that could be held out"
    if len(set(pair.models)) == 1:
        return f"all shared workloads are of one network, {pair.models[0]}"
    return ""


SPLITS: Final[Mapping[str, Callable[[SharedPair, int], Bools]]] = {
    "random": hold_out_random,
    "by-model": hold_out_models,
}
"""What holds workloads of a pair out, by the name of the split."""


def _lots(pair: SharedPair, n_seeds: int) -> Ints:
    """Return an order of the workloads for each seed, shape (n_seeds, n).

    The rows of more seeds begin with those of fewer.
    """
    names = (crc32(name.encode()) for name in (pair.source, pair.target))
    rng = np.random.default_rng([*names])
    return rng.random((n_seeds, len(pair.workloads))).argsort(axis=1)


def make_folds(
    pairs: Sequence[SharedPair], features: Sequence[str], split: str, n_seeds: int
) -> Iterator[Folds]:
    """Yield the folds of all pairs that a split can be made of, by their width.

    Parameters
    ----------
    pairs : sequence of SharedPair
        Any number of pairs.
    features : sequence of str
        Names of their features.
    split : str
        A name of `SPLITS`.
    n_seeds : int
        Splits of each pair.
    """
    by_width: dict[int, list[int]] = {}
    for place, pair in enumerate(pairs):
        if split != "by-model" or not unusable_models(pair):
            width = -(-len(pair.workloads) // _WIDTH_STEP) * _WIDTH_STEP
            by_width.setdefault(width, []).append(place)
    for width, places in sorted(by_width.items()):
        chosen = [pairs[place] for place in places]
        held = [SPLITS[split](pair, n_seeds) for pair in chosen]
        counts = [len(h) for h in held]
        rows = _empty_folds(sum(counts), tuple(features), width)
        rows.pair[:] = np.repeat(places, counts)
        rows.seed[:] = np.concatenate([np.arange(count) for count in counts])
        _fill(rows, chosen, held)
        yield rows


def _empty_folds(n_folds: int, features: tuple[str, ...], width: int) -> Folds:
    shape = (n_folds, width)
    return Folds(
        features=features,
        pair=np.zeros(n_folds, dtype=np.intp),
        seed=np.zeros(n_folds, dtype=np.intp),
        source_energy_j=np.ones(shape),
        target_energy_j=np.ones(shape),
        feature_values=np.zeros((n_folds, len(features), width)),
        is_train=np.zeros(shape, dtype=bool),
        is_test=np.zeros(shape, dtype=bool),
        lot=np.full(shape, width, dtype=np.intp),
    )


def _fill(folds: Folds, pairs: Sequence[SharedPair], held: Sequence[Bools]) -> None:
    """Write the workloads of each pair into the rows of its splits."""
    stop = 0
    for pair, is_held in zip(pairs, held, strict=True):
        start, stop, n = stop, stop + len(is_held), len(pair.workloads)
        place = (slice(start, stop), slice(n))
        folds.source_energy_j[place] = pair.source_energy_j
        folds.target_energy_j[place] = pair.target_energy_j
        folds.feature_values[start:stop, :, :n] = pair.feature_values.T
        folds.is_train[place] = ~is_held
        folds.is_test[place] = is_held
        folds.lot[place] = _lots(pair, len(is_held))
