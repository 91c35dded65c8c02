"""From scores of folds to those of pairs, files and all: a mean of means.

Folds of a pair are averaged, then all pairs of a file (its phases together), then the
files: a file with thirty pairs says no more than one with six. A contender that refuses
one fold of a pair has no score there, with one such pair none on the file, and with one
such file none on all: a mean over what is easy to answer cannot be compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from isojoule.normalizers.pairs import Floats
from isojoule.studies.benchmark.judging import METRICS, Scores

Ints = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class SplitMeans:
    """Means of one split.

    Parameters
    ----------
    files : tuple of str
        Those with a pair that could be split, in order.
    file_of_pair : ndarray of shape (n_pairs,)
        Place in `files`; -1 for pairs that could not be split.
    pairs : mapping of str to ndarray of shape (n_pairs, n_contenders)
        Means over folds, by metric of `METRICS`; NaN where a fold was refused.
    sources : mapping of str to ndarray of shape (n_files, n_contenders)
        Means over pairs; NaN where a pair is.
    headline : mapping of str to ndarray of shape (n_contenders,)
        Means over files; NaN where a file is.

    Notes
    -----
    ``coverage`` and ``log_width`` are means over those folds, pairs and files that have
    an interval; ``interval_fraction`` tells how much that is.
    """

    files: tuple[str, ...]
    file_of_pair: Ints
    pairs: Mapping[str, Floats]
    sources: Mapping[str, Floats]
    headline: Mapping[str, Floats]


def split_means(
    scores: Scores,
    n_folds: Ints,
    n_contenders: int,
    file_of_pair: Sequence[str],
) -> SplitMeans:
    """Return the means of one split.

    Parameters
    ----------
    scores : ndarray of SCORE_TYPE
        Of that split alone.
    n_folds : ndarray of shape (n_pairs,)
        Folds of each pair.
    n_contenders : int
        Number of contenders.
    file_of_pair : sequence of str, length n_pairs
        The file of each.
    """
    is_split = n_folds > 0
    names = dict.fromkeys(
        f for f, own in zip(file_of_pair, is_split, strict=True) if own
    )
    places = {name: place for place, name in enumerate(names)}
    place = np.array(
        [
            places[file] if own else -1
            for file, own in zip(file_of_pair, is_split, strict=True)
        ],
        dtype=np.intp,
    )
    pairs = _pair_means(scores, n_folds, n_contenders)
    sources = {
        name: np.array(
            [_mean(name, values[place == file]) for file in places.values()]
        ).reshape(len(places), n_contenders)
        for name, values in pairs.items()
    }
    headline = {name: _mean(name, values) for name, values in sources.items()}
    return SplitMeans(tuple(names), place, pairs, sources, headline)


def _pair_means(scores: Scores, n_folds: Ints, n_contenders: int) -> dict[str, Floats]:
    shape = len(n_folds), n_contenders
    at = scores["pair"], scores["contender"]
    n_answered = np.zeros(shape, dtype=np.intp)
    np.add.at(n_answered, at, 1)
    is_whole = (n_answered == n_folds[:, np.newaxis]) & (n_answered > 0)
    means = {}
    for name in METRICS:
        known = ~np.isnan(scores[name])
        sums, counts = np.zeros(shape), np.zeros(shape)
        np.add.at(sums, at, np.where(known, scores[name], 0.0))
        np.add.at(counts, at, known)
        usable = is_whole & (counts > 0)
        means[name] = np.where(usable, sums / np.maximum(counts, 1), np.nan)
    return means


_WHERE_KNOWN = frozenset({"coverage", "log_width"})


def _mean(metric: str, values: Floats) -> Floats:
    """Return means of columns; of what is known where that may be less than all."""
    if not len(values):
        return np.full(values.shape[1], np.nan)
    if metric not in _WHERE_KNOWN:
        return np.asarray(values.mean(axis=0))
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=0)
    counts = known.sum(axis=0)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def used_references(scores: Scores, offered: Sequence[int | None]) -> list[int | None]:
    """Return how many references each contender counts as having: what it uses.

    Parameters
    ----------
    scores : ndarray of SCORE_TYPE
        Of all splits.
    offered : sequence of int or None, length n_contenders
        What each was offered.

    Returns
    -------
    list of int or None
        The most that it used in a fold, if it left some of the offered ones everywhere;
        else what it was offered.
    """
    found = []
    for place, k in enumerate(offered):
        own = scores[scores["contender"] == place]
        is_less = len(own) > 0 and bool((own["n_used"] < own["n_offered"]).all())
        found.append(int(own["n_used"].max()) if is_less else k)
    return found


def first_alike(scores: Scores, counted: Sequence[int | None]) -> list[int]:
    """Return for each contender the first one with the very same scores.

    Parameters
    ----------
    scores : ndarray of SCORE_TYPE
        Of all splits, every contender in the same order of folds.
    counted : sequence of int or None, length n_contenders
        References that each counts as having: those of another number are not alike.

    Returns
    -------
    list of int
        Its own place where nobody before is like it, or it has no scores.
    """
    seen: dict[tuple[int | None, bytes], int] = {}
    places = []
    for place, k in enumerate(counted):
        own = scores[scores["contender"] == place]
        if not len(own):
            places.append(place)
            continue
        where = np.column_stack([own[name] for name in ("pair", "split", "seed")])
        values = np.column_stack([own[name] for name in METRICS])
        # Equal but for rounding: two ways to compute the same line.
        rounded = np.round(values, 9) + 0.0  # no minus zero
        key = k, where.tobytes() + rounded.tobytes()
        places.append(seen.setdefault(key, place))
    return places
