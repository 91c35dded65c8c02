"""Which pairs and fits of a normalization study go together, and their names."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from math import isnan
from typing import Final, TypeVar

from isojoule.studies.normalization.results import Scored, StudyResult
from isojoule.studies.normalization.summaries import offered_fraction, pair_means

MAX_PAIRS_DRAWN: Final = 12
"""Pairs that figures show at most."""

FEATURE_NAMES: Final[Mapping[str, str]] = {"flop": "FLOP", "params": "parameters"}
"""What features are called in a figure."""

Pair = tuple[str, str]
"""Source and target."""

_Key = TypeVar("_Key", bound=Hashable)
_Item = TypeVar("_Item")


def grouped(
    items: Iterable[_Item], key: Callable[[_Item], _Key]
) -> dict[_Key, list[_Item]]:
    """Return `items` by their key, both in the order of their first appearance."""
    groups: dict[_Key, list[_Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def pair_of(score: Scored) -> Pair:
    """Return source and target."""
    return score.source, score.target


def split_of(score: Scored) -> str:
    """Return how workloads were held out."""
    return score.split


def pairs_of(result: StudyResult) -> tuple[Pair, ...]:
    """Return the pairs that were judged, in the order of their scores."""
    return tuple(grouped(result.scores, pair_of))


def drawn_pairs(result: StudyResult) -> tuple[Pair, ...]:
    """Return the pairs that figures show.

    Returns
    -------
    tuple of pairs
        All where they are few, else the `MAX_PAIRS_DRAWN` with the most workloads; in
        their order.
    """
    pairs = pairs_of(result)
    n_workloads: dict[Pair, int] = defaultdict(int)
    for score in result.scores:
        n_seen = score.n_references + score.n_tested
        n_workloads[pair_of(score)] = max(n_workloads[pair_of(score)], n_seen)
    by_size = sorted(pairs, key=lambda pair: -n_workloads[pair])
    chosen = set(by_size[:MAX_PAIRS_DRAWN])
    return tuple(pair for pair in pairs if pair in chosen)


def is_by_fraction(score: Scored) -> bool:
    """Return whether a fit is one of a series over the number of references."""
    return score.sampling != "all" and offered_fraction(score) is not None


def fit_label(method: str, features: Sequence[str], sampling: str = "all") -> str:
    """Return what a fit is called in a figure."""
    inputs = " + ".join((method, *(FEATURE_NAMES.get(f, f) for f in features)))
    return inputs if sampling == "all" else f"{inputs} by {sampling}"


def known_means(scores: Iterable[Scored], metric: str) -> list[float]:
    """Return the mean over its splits of each pair, as far as it is defined."""
    means = pair_means(scores, metric).values()
    return [value for value in means if not isnan(value)]


def known_values(scores: Iterable[Scored], metric: str) -> list[float]:
    """Return one metric of each fit, as far as it is defined."""
    values = (getattr(score, metric) for score in scores)
    return [value for value in values if not isnan(value)]
